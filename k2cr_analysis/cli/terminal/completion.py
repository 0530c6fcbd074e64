"""Names of workloads and rules on a command line: what a shell completes, and what is told from a path."""

from __future__ import annotations

from pathlib import Path

import typer


def workload_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of the first snapshot on the line; nothing where there is none, or it cannot be read."""
    given = ctx.params.get("snapshots") or ctx.params.get("snapshot") or ()
    places = [Path(str(one)) for one in (given if isinstance(given, list | tuple) else [given])]
    snapshot = next((one for one in places if one.is_dir()), None)
    if snapshot is None:
        return []
    from k2cr_analysis.errors import K2crError
    from k2cr_analysis.model.parse.cluster import parse_cluster
    from k2cr_analysis.snapshot import open_snapshot

    try:
        ids = sorted(w.id for w in parse_cluster(list(open_snapshot(snapshot).objects())).workloads)
    except K2crError:
        return []
    return [one for one in ids if incomplete in one] + (_short_names(ids, incomplete) if incomplete else [])


def rule_names(incomplete: str) -> list[str]:
    """Ids of the rules that begin so."""
    from k2cr_analysis.assessment.findings.rule_pages import rule_pages

    return [name for name in rule_pages() if name.startswith(incomplete)]


def _short_names(ids: list[str], incomplete: str) -> list[str]:
    """``frontend`` and ``portal/frontend``: what a shell can complete of a word that no id begins with."""
    parts = [one.split("/") for one in ids]
    short = {name for namespace, _, *rest in parts for name in ("/".join(rest), f"{namespace}/{'/'.join(rest)}")}
    return sorted(name for name in short if name.startswith(incomplete) and name not in ids)


def names_a_workload(argument: str) -> bool:
    """An id or a short name: what is no path, no bucket, and nothing that is there as a file or a folder."""
    is_path = argument.startswith(("/", ".", "~")) or "://" in argument or argument.count("/") > 2
    return not is_path and not Path(argument).exists()
