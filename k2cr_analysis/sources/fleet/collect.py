"""The members of a fleet one after the other, each into its own snapshot; a run goes on where the last one stopped.

What is done is remembered in the fleet's folder until all of it is: a member that was read whole is not read again by
the run that mends another's trouble.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from k2cr_analysis.atomic import cannot_write
from k2cr_analysis.errors import K2crError
from k2cr_analysis.snapshot.keeping import provenance_at
from k2cr_analysis.sources.collection import Collected
from k2cr_analysis.sources.fleet.members import Member
from k2cr_analysis.sources.live import LiveOptions, collect_live
from k2cr_analysis.sources.window import window as window_of

_STATE: Final = ".fleet.unfinished.json"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a member: collected now, whole since an earlier run (neither), or an error."""

    member: Member
    place: Path
    collected: Collected | None = None
    error: K2crError | None = None

    @property
    def is_whole(self) -> bool:
        return self.error is None and (self.collected is None or not self.collected.failures)


def collect_fleet(
    members: Sequence[Member], out: Path, options: LiveOptions, tell: Tell = lambda _: None
) -> list[Outcome]:
    """A snapshot for each member in ``out``; each fails by itself."""
    state = _State.of(out, members, options)
    options = replace(options, end=state.end)
    outcomes = []
    for number, member in enumerate(members, start=1):
        outcome = _one(member, out, options, state, _telling(tell, f"{member.name} ({number} of {len(members)})"))
        outcomes.append(outcome)
        if outcome.is_whole:
            state.keep(member.name)
    if all(outcome.is_whole for outcome in outcomes):
        state.remove()
    return outcomes


def _telling(tell: Tell, who: str) -> Tell:
    return lambda text: tell(f"{who}: {text}")


def _one(member: Member, out: Path, options: LiveOptions, state: _State, tell: Tell) -> Outcome:
    place = out / member.name
    if member.name in state.done and provenance_at(place) is not None:
        tell("whole since an earlier run")
        return Outcome(member, place)
    if member.trouble is not None:
        return Outcome(member, place, error=member.trouble)
    try:
        found = collect_live(member.live, place, options_of(member, options), tell)
    except K2crError as error:
        return Outcome(member, place, error=error)
    return Outcome(member, found.place, found)


def options_of(member: Member, options: LiveOptions) -> LiveOptions:
    """The fleet's options with what is the member's own."""
    return replace(options, billing_table=member.billing_table, prometheus=member.prometheus or options.prometheus)


@dataclass(slots=True)
class _State:
    """``end``: of the window of all members, whatever the day on which the run goes on."""

    file: Path
    asked: str
    end: str
    done: list[str]

    @classmethod
    def of(cls, out: Path, members: Sequence[Member], options: LiveOptions) -> _State:
        asked = hashlib.sha256(repr([_asked(m) for m in members] + [_plain(options)]).encode()).hexdigest()
        end = window_of(options.window, options.end)[1].isoformat()
        file = out / _STATE
        try:
            kept = json.loads(file.read_bytes())
            if kept["asked"] == asked:
                return cls(file, asked, str(kept["end"]), [str(name) for name in kept["done"]])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return cls(file, asked, end, [])

    def keep(self, name: str) -> None:
        if name not in self.done:
            self.done.append(name)
        text = json.dumps({"asked": self.asked, "end": self.end, "done": self.done}, sort_keys=True)
        partial = self.file.with_suffix(".partial")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(text, encoding="utf-8")
            partial.replace(self.file)
        except OSError as error:
            raise cannot_write(self.file, error) from None

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)


def _asked(member: Member) -> tuple[object, ...]:
    return member.name, member.live, member.billing_table, member.prometheus and member.prometheus.url


def _plain(options: LiveOptions) -> tuple[object, ...]:
    files = sorted((name, str(path)) for name, path in options.table_files.items())
    return options.window, options.end, options.redaction, options.price_source, files, sorted(options.without)
