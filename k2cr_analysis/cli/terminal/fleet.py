"""``k2cr collect --fleet`` and ``--all-clusters``: one picture of several clusters' reading, and one end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from k2cr_analysis.cli.terminal.progress import Progress
from k2cr_analysis.cli.terminal.verbosity import say
from k2cr_analysis.errors import K2crError, RemoteError
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.sources.fleet.clusters import Found, clusters_of
from k2cr_analysis.sources.fleet.collect import Outcome, collect_fleet, options_of
from k2cr_analysis.sources.fleet.members import Member, members_of, members_of_project
from k2cr_analysis.sources.live import LiveOptions, plan_of

_TOLD = 8  # of several failures


def run_fleet(
    file: Path | None,
    out: Path,
    options: LiveOptions,
    asked: Mapping[str, str | None],
    end: datetime,
    *,
    dry_run: bool = False,
) -> None:
    """Collect the clusters of ``file``, else all of ``asked``'s project, each into a folder of ``out``.

    ``asked``: the verb's options by their names in the file. ``RemoteError`` after all have been tried, where one of
    them is not whole.
    """
    list_clusters = partial(_clusters, end=end)
    if file is not None:
        members, said = members_of(file, list_clusters, asked)
    else:
        members, said = members_of_project({k: v for k, v in asked.items() if v}, list_clusters)
    for one in said:
        say(one)
    if dry_run:
        for member in members:
            print(f"{member.name}:", *(f"  {line}" for line in _plan(member, options)), sep="\n")
        return
    progress = Progress()
    try:
        outcomes = collect_fleet(members, out, options, progress)
    finally:
        progress.end()
    for outcome in outcomes:
        print(_line(outcome))
    _end(outcomes)
    print(f"then: k2cr assess {' '.join(shlex.quote(str(outcome.place)) for outcome in outcomes)}")


def _clusters(project: str, contexts: Sequence[str], caller: Caller, *, end: datetime) -> Found:
    return clusters_of(project, contexts, end, caller)


def _plan(member: Member, options: LiveOptions) -> list[str]:
    if member.trouble is not None:
        return [member.trouble.found]
    try:
        return plan_of(member.live, options_of(member, options))
    except K2crError as error:
        return [error.found]


def _line(outcome: Outcome) -> str:
    name = f"{outcome.member.name}: {outcome.place}"
    if outcome.error is not None:
        return f"{outcome.member.name}: not collected: {outcome.error.found}"
    if outcome.collected is None:
        return f"{name}: whole since an earlier run"
    rows = ", ".join(f"{count:,} {table}" for table, count in outcome.collected.provenance.rows.items())
    gaps = len(outcome.collected.failures)
    return f"{name}: {rows}" + (f"; {gaps} kinds or tables were not got" if gaps else "")


def _end(outcomes: Sequence[Outcome]) -> None:
    """``RemoteError`` that says all of it where a member is not whole."""
    found, mends = [], []
    for outcome in outcomes:
        failures = [outcome.error] if outcome.error else list(outcome.collected.failures) if outcome.collected else []
        found += [f"{outcome.member.name}: {error.found}" for error in failures]
        mends += [f"{outcome.member.name}: {error.do}" for error in failures if error.do]
    if not found:
        return
    more = [f"and {len(found) - _TOLD} more: each snapshot.json lists its own"] if len(found) > _TOLD else []
    whole = sum(outcome.is_whole for outcome in outcomes)
    raise RemoteError(
        ref="fleet-not-whole",
        found="; ".join([*found[:_TOLD], *more]),
        expected=f"all {len(outcomes)} clusters; {whole} are whole, and are not read again",
        do="\n".join(
            [
                *dict.fromkeys(mends[:_TOLD]),
                f"then the same command, which goes on: {shlex.join(['k2cr', *sys.argv[1:]])}",
            ]
        ),
    )
