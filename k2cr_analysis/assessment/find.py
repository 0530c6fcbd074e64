"""One workload of an assessment by its id or a short form of it, or a sentence that names the nearest ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Protocol, TypeVar

from k2cr_analysis.errors import UsageError
from k2cr_analysis.listing import first_of

_LISTED = 5


class _Assessed(Protocol):
    @property
    def id(self) -> str: ...


_W = TypeVar("_W", bound=_Assessed, covariant=True)


class _Assessment(Protocol[_W]):
    @property
    def workloads(self) -> Sequence[_W]: ...


def find_workload(assessments: Iterable[_Assessment[_W]], workload_id: str) -> _W:
    """The workload with this id, ``namespace/Kind/name``, or the only one with this short name.

    Short are ``name``, ``namespace/name`` and ``Kind/name`` (the kind in any case). UsageError where none or several
    answer to it.
    """
    by_id = {w.id: w for a in assessments for w in a.workloads}
    if workload_id in by_id:
        return by_id[workload_id]
    by_short = _short_names(by_id)
    meant = by_short.get(workload_id.lower(), [])
    if len(meant) == 1:
        return by_id[meant[0]]
    if meant:
        listed = first_of(meant, _LISTED)
        raise UsageError(
            ref="several-workloads",
            found=f"{workload_id}, which {len(meant)} workloads are called",
            expected=f"one of {listed}",
        )
    raise UsageError(
        ref="no-such-workload",
        found=f"{workload_id}, which is not among the {len(by_id)} workloads of the snapshot",
        expected="namespace/Kind/name" + _nearest(workload_id, by_id, by_short),
        do="`k2cr assess SNAP` lists all of them",
    )


def _short_names(ids: Iterable[str]) -> dict[str, list[str]]:
    """Short name in lower case -> the ids that answer to it."""
    found: dict[str, list[str]] = {}
    for one in sorted(ids):
        namespace, kind, name = one.split("/", 2)
        for short in {name, f"{namespace}/{name}", f"{kind}/{name}"}:
            found.setdefault(short.lower(), []).append(one)
    return found


def _nearest(asked: str, ids: Iterable[str], by_short: dict[str, list[str]]) -> str:
    """``, such as a/Deployment/b``: by the whole id, else by a short name that reads much the same."""
    short = get_close_matches(asked.lower(), by_short, n=3, cutoff=0.6)
    near = get_close_matches(asked, list(ids), n=3, cutoff=0.4 if "/" in asked else 0.7)
    both = list(dict.fromkeys([*(one for name in short for one in by_short[name]), *near]))[:3]
    return f", such as {', '.join(both)}" if both else ""
