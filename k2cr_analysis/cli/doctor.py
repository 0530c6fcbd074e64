"""``k2cr doctor``: whether collect can read what it needs, and the line that mends what it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from k2cr_analysis.cli.terminal.output import as_table
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption
from k2cr_analysis.errors import PartialError


def register(app: typer.Typer) -> None:
    app.command("doctor", help="Check permissions, APIs and tables, and print the line that mends each.")(doctor)


def doctor(
    context: Annotated[
        str | None,
        typer.Option(
            "--context", metavar="NAME", help="A kubeconfig context, or in-cluster; default: the current one."
        ),
    ] = None,
    kubeconfig: Annotated[Path | None, typer.Option("--kubeconfig", help="Where the context is.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="Google Cloud project of the cluster.")] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="Name of the cluster.")] = None,
    location: Annotated[str | None, typer.Option("--location", help="Region or zone of the cluster.")] = None,
    billing_table: Annotated[
        str | None, typer.Option("--billing-table", metavar="P.D.T", help="Billing export in BigQuery.")
    ] = None,
    catalog: Annotated[bool, typer.Option("--catalog", help="Ask for the catalogue's prices too.")] = False,
    impersonate: Annotated[
        str | None, typer.Option("--impersonate-service-account", metavar="EMAIL", help="Ask as this account.")
    ] = None,
    quota_project: Annotated[str | None, typer.Option("--quota-project", help="Project whose quota is used.")] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.remote.credentials import Caller
    from k2cr_analysis.sources.cluster_api.connection import current_context
    from k2cr_analysis.sources.doctor import examine
    from k2cr_analysis.sources.live import LiveCluster

    caller = Caller(impersonate, quota_project)
    config_file = str(kubeconfig) if kubeconfig else None
    named = context or current_context(config_file) or ""
    live = LiveCluster.of_context(named, config_file, project, cluster, location, caller)
    checks = list(examine(live, billing_table, with_catalog=catalog))
    rows = [["well" if check.is_well else "not well", check.what, check.found] for check in checks]
    print(as_table(("state", "what", "found"), rows), end="")
    ill = [check for check in checks if not check.is_well]
    for mend, changes in dict.fromkeys((check.mend, check.changes) for check in ill):
        print(f"  this changes {changes}: {mend}" if changes else f"  {mend}")
    if ill:
        raise PartialError(
            ref="not-all-readable",
            found=f"{len(ill)} of {len(checks)} checks are not well",
            do="run the lines above; collect reads what is well, and lists the rest as gaps",
        )
