"""The neutral value that every form is printed from: what Cloud Run is to have, in no form's own words.

``why`` beside a value says, for the reader of the files, what made the tool choose it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from k2cr_analysis.model.cloud_run import BillingMode, CloudRunProbe, ExecutionEnvironment
from k2cr_analysis.rendering.spec.run_settings import Set

Ingress = Literal["all", "internal", "internal-and-cloud-load-balancing"]
EgressRanges = Literal["private-ranges-only", "all-traffic"]
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """A version of a Secret Manager secret: a number, or ``latest``."""

    secret: str
    version: str = LATEST


@dataclass(frozen=True, slots=True)
class RunEnv:
    """Exactly one of ``value`` and ``secret`` is set."""

    name: str
    value: str | None = None
    secret: SecretVersion | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class MemoryVolume:
    size: str  # Ki, Mi, Gi


@dataclass(frozen=True, slots=True)
class DiskVolume:
    """An ephemeral disk of each instance."""

    size: str  # Gi


@dataclass(frozen=True, slots=True)
class SecretVolume:
    """Files of one directory: the versions of one secret, each under a path."""

    secret: str
    files: tuple[tuple[str, str], ...]  # version, path
    default_mode: int | None = None


@dataclass(frozen=True, slots=True)
class NfsVolume:
    server: str
    directory: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class BucketVolume:
    bucket: str
    read_only: bool
    mount_options: str | None = None


@dataclass(frozen=True, slots=True)
class RunVolume:
    name: str
    source: MemoryVolume | DiskVolume | SecretVolume | NfsVolume | BucketVolume
    why: str | None = None


@dataclass(frozen=True, slots=True)
class RunMount:
    volume: str
    mount_path: str
    sub_path: str | None = None


@dataclass(frozen=True, slots=True)
class RunContainer:
    """A container. ``port`` is set on the ingress container of a service, and nowhere else."""

    name: str
    image: str
    cpu: str  # "1", "500m"
    memory: str  # "512Mi"
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str | None = None
    env: tuple[RunEnv, ...] = ()
    port: int | None = None
    h2c: bool = False
    gpu: str | None = None
    startup_probe: CloudRunProbe | None = None
    liveness_probe: CloudRunProbe | None = None
    readiness_probe: CloudRunProbe | None = None
    mounts: tuple[RunMount, ...] = ()
    depends_on: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)  # name of a field here -> reason


@dataclass(frozen=True, slots=True)
class Egress:
    """Direct VPC egress."""

    network: str
    subnet: str
    tags: tuple[str, ...] = ()
    ranges: EgressRanges = "private-ranges-only"
    addresses: tuple[str, ...] = ()  # names of the static addresses that calls to the internet leave by
    why: str | None = None


@dataclass(frozen=True, slots=True)
class RunTemplate:
    """What an instance is, whatever the kind of resource."""

    containers: tuple[RunContainer, ...]
    volumes: tuple[RunVolume, ...]
    service_account: str
    egress: Egress | None
    execution_environment: ExecutionEnvironment
    accelerator: str | None = None  # nvidia-l4
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def depends_on(self) -> dict[str, list[str]]:
        return {c.name: list(c.depends_on) for c in self.containers if c.depends_on}

    @property
    def secrets(self) -> frozenset[str]:
        """The secrets of Secret Manager that it reads."""
        variables = {e.secret.secret for c in self.containers for e in c.env if e.secret}
        return frozenset(variables | {v.source.secret for v in self.volumes if isinstance(v.source, SecretVolume)})


@dataclass(frozen=True, slots=True)
class RunService:
    name: str
    labels: Mapping[str, str]
    template: RunTemplate
    ingress: Ingress
    iap: bool  # directly on the service
    concurrency: int
    timeout_s: int
    min_instances: int
    max_instances: int
    billing: BillingMode
    cpu_boost: bool
    session_affinity: bool = False
    settings: tuple[Set, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Cloud Scheduler's part of a CronJob."""

    cron: str
    time_zone: str
    paused: bool


@dataclass(frozen=True, slots=True)
class RunJob:
    name: str
    labels: Mapping[str, str]
    template: RunTemplate
    tasks: int
    parallelism: int
    max_retries: int
    timeout_s: int
    schedule: Schedule | None = None
    settings: tuple[Set, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunWorkerPool:
    name: str
    labels: Mapping[str, str]
    template: RunTemplate
    instances: int
    settings: tuple[Set, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)


Run = RunService | RunJob | RunWorkerPool
