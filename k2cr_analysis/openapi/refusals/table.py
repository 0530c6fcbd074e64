"""The table of refusals, and the view of a Cloud Run v1 object that its rows look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from k2cr_analysis.platforms.cloud_run.probes import MAX_STARTUP_S
from k2cr_analysis.platforms.source import Source

Tree = Mapping[str, Any]
Place = tuple[str, str]  # path in the pod template, what was found there
KINDS = ("Service", "Job", "WorkerPool")

V1 = Source("https://run.googleapis.com/$discovery/rest?version=v1", "2026-11-30", "revision 20261031")
_RUN = "https://docs.cloud.google.com/run/docs/"
CONTRACT = Source(f"{_RUN}container-contract", "2026-11-30")
GPU = Source(f"{_RUN}configuring/services/gpu", "2026-11-30")


@dataclass(frozen=True)
class Spec:
    """``fields`` is what holds the containers: RevisionSpec or TaskSpec; ``execution`` a job's ExecutionSpec.

    For the assessment a part of one is made, with what would be carried over.
    """

    kind: str
    name: str = ""
    own: Mapping[str, str] = field(default_factory=dict)  # annotations of the resource
    annotations: Mapping[str, str] = field(default_factory=dict)  # of the template
    labels: Mapping[str, str] = field(default_factory=dict)
    fields: Tree = field(default_factory=dict)
    execution: Tree = field(default_factory=dict)

    @property
    def is_service(self) -> bool:
        return self.kind == "Service"

    @property
    def containers(self) -> Sequence[Tree]:
        return self.fields.get("containers") or ()

    @property
    def volumes(self) -> Sequence[Tree]:
        return self.fields.get("volumes") or ()

    @classmethod
    def of(cls, tree: Tree) -> Spec:
        """A whole object, whose types are those of the schema."""
        kind, metadata = str(tree.get("kind")), tree.get("metadata") or {}
        template = tree["spec"]["template"]
        inner = template.get("spec") or {}
        is_job = kind == "Job"
        return cls(
            kind=kind,
            name=str(metadata.get("name", "")),
            own=metadata.get("annotations") or {},
            annotations=(template.get("metadata") or {}).get("annotations") or {},
            labels=metadata.get("labels") or {},
            fields=(inner.get("template") or {}).get("spec") or {} if is_job else inner,
            execution=inner if is_job else {},
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row. ``takes``: what the API takes; ``carried``: asked of the source too, before anything is rendered."""

    id: str
    takes: str
    source: Source
    carried: bool
    find: Callable[[Spec], Iterable[Place]]


@dataclass(frozen=True, slots=True)
class Refused:
    """A value that the API refuses: where, what it is, and the row that knows."""

    path: str
    found: str
    row: Refusal

    def __str__(self) -> str:
        return f"{self.path}: {self.found}; {self.row.takes}"


REFUSALS: dict[str, Refusal] = {}

# What no source says, so that nobody takes the table's silence for a yes.
NOT_KNOWN: tuple[str, ...] = (
    "whether an image exists, is public, and holds linux/amd64",
    "whether networks, subnets, service accounts, secrets and their versions exist, and what quotas are left",
    "the most instances that a region allows for a CPU and memory (the API says so at deployment)",
    "whether ports that Knative keeps (8008, 8012, 8013, 8022, 9090, 9091) are refused",
    "whether fractions of a CPU that make a whole only together may have a concurrency above 1; here they may not",
    "which regions have which GPU, and in which of them with zonal redundancy",
    "which numbers of vCPU between the least and the most an RTX PRO 6000 takes",
    f"whether {MAX_STARTUP_S} s of start-up are for each probe or for a chain; here for a chain",
    "which annotations worker pools take for CPU autoscaling",
)


def refuses(
    id: str,  # noqa: A002 (the row's id)
    takes: str,
    source: Source,
    *,
    carried: bool = False,
) -> Callable[[Callable[[Spec], Iterator[Place]]], Callable[[Spec], Iterator[Place]]]:
    """Put a row into the table."""

    def add(find: Callable[[Spec], Iterator[Place]]) -> Callable[[Spec], Iterator[Place]]:
        if id in REFUSALS:
            raise ValueError(f"two rows are called {id}")
        REFUSALS[id] = Refusal(id, takes, source, carried, find)
        return find

    return add


def refused(spec: Spec, *, carried: bool = False) -> list[Refused]:
    """Everything in a spec that the table knows to be refused. ``carried``: by the rows for the source alone."""
    rows = [row for row in REFUSALS.values() if row.carried or not carried]
    return [Refused(path, found, row) for row in rows for path, found in row.find(spec)]
