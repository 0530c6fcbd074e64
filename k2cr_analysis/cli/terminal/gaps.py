"""The end of a verb over a snapshot that lacks what its sources were asked for: done, and exit 5 says so."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from k2cr_analysis.errors import PartialError

_SHOWN = 6


def end_with_gaps(snapshots: Iterable[str | Path]) -> None:
    """``PartialError`` where a kind or a table was asked of an API when a snapshot was made, and not got."""
    from k2cr_analysis.snapshot.keeping import unread_of

    found = [(path, one) for path in snapshots for one in unread_of(path)]
    if not found:
        return
    lines = [f"{path}: {one}" for path, one in found[:_SHOWN]]
    more = [f"and {len(found) - _SHOWN} more: snapshot.json has all"] if len(found) > _SHOWN else []
    raise PartialError(
        ref="snapshot-has-gaps",
        found="; ".join([*lines, *more]),
        expected="every kind and table that was asked for; what hangs on these is unknown, and said so",
        do="mend what refused it (see `k2cr doctor`), and run the same `k2cr collect` again: it asks for these alone",
    )
