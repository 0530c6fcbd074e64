"""A value that a container is given, with its name and the letters where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.model.addresses.address import Place


@dataclass(frozen=True, slots=True)
class Value:
    """``text`` begins at ``offset`` of the whole text at ``place``; None where it is written another way there.

    ``name`` is what says whether it holds an address: a variable, a flag, a path of keys; empty for a free text.
    Values with one ``group`` are siblings: the port of one may stand in another. ``free``: a line of a script or of a
    file without keys.
    """

    place: Place
    name: str
    group: str
    text: str
    whole: str
    offset: int | None
    free: bool = False
