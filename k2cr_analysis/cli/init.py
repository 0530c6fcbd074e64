"""``k2cr init``: a commented config and the notebooks, in the user's repository."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption

# The name that `gcloud container clusters get-credentials` gives to a context.
_GKE = re.compile(r"gke_(?P<project>[^_]+)_(?P<location>[^_]+)_(?P<cluster>[^_]+)")


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    out: Annotated[Path, typer.Option(help="A folder, or the config file itself (ends in .toml).")] = Path(),
    context: Annotated[
        str | None,
        typer.Option("--context", help="The kubeconfig context of the cluster; default: the current one."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that differ.")] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Write a commented k2cr.toml, the notebooks, a .gitignore and a weekly workflow; what is there already is kept."""
    from k2cr_analysis.config.starter import Place, write_starter
    from k2cr_analysis.errors import PartialError

    found = _cluster(context)
    done = write_starter(out, overwrite=force, place=found and Place(*found))
    for path in done.written:
        typer.echo(str(path))
    if not done.written and not done.kept:
        typer.echo("nothing to do: every file is there already", err=True)
    if done.kept:
        listed = ", ".join(str(path) for path in done.kept)
        raise PartialError(
            ref="files-kept",
            found=f"already there, with other content: {listed}",
            do="k2cr init --force overwrites them",
        )


def _cluster(context: str | None) -> tuple[str, str, str] | None:
    """(context, project, region), where the context is one that gcloud made; nothing is asked of the cluster."""
    name = context or _current_context()
    found = _GKE.fullmatch(name or "")
    if name is None or found is None:
        return None
    return name, found["project"], "-".join(found["location"].split("-")[:2])


def _current_context() -> str | None:
    """Of the kubeconfig; None where there is none, or it cannot be read."""
    import yaml

    files = os.environ.get("KUBECONFIG", "").split(os.pathsep)
    for path in [*(Path(f) for f in files if f), Path.home() / ".kube" / "config"]:
        try:
            read = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, yaml.YAMLError):
            continue
        if isinstance(read, dict) and isinstance(read.get("current-context"), str):
            return str(read["current-context"]) or None
    return None
