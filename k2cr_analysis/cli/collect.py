"""``k2cr collect``: a running cluster, or manifests and table files, into a snapshot."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k2cr_analysis.cli.terminal.progress import Progress
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say, say_all
from k2cr_analysis.errors import RemoteError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import pyarrow as pa

    from k2cr_analysis.remote.credentials import Caller
    from k2cr_analysis.snapshot.provenance import Notice, Provenance
    from k2cr_analysis.snapshot.writer import Rows
    from k2cr_analysis.sources.collection import Collected
    from k2cr_analysis.sources.live import LiveCluster, LiveOptions
    from k2cr_analysis.sources.reshaping.reshape import Reshape


_TOLD = 4  # of several failures


class RedactMode(StrEnum):
    SECRETS = "secrets"
    ALL = "all"


class TableName(StrEnum):
    USAGE = "usage"
    TRAFFIC = "traffic"
    BILLING = "billing"


class MetricsTable(StrEnum):
    USAGE = "usage"
    TRAFFIC = "traffic"


class PriceSource(StrEnum):
    EMBEDDED = "embedded"
    CATALOG = "catalog"


def register(app: typer.Typer) -> None:
    app.command("collect", help="Read a running cluster, or manifests and tables, into a snapshot.")(collect)


def collect(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="SNAP", help="Folder to write; an older snapshot is replaced.")
    ] = None,
    manifests: Annotated[
        list[str] | None,
        typer.Option(
            "--manifests", metavar="PATH...", help="Files, folders or -: YAML or JSON, several after each other."
        ),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[PATH...]", hidden=True)] = None,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="A kubeconfig context; in-cluster: the pod's service account."),
    ] = None,
    kubeconfig: Annotated[
        Path | None, typer.Option("--kubeconfig", help="Where the context is; default: KUBECONFIG, ~/.kube/config.")
    ] = None,
    fleet: Annotated[
        Path | None,
        typer.Option("--fleet", metavar="FILE", help="Several clusters, as a TOML file lists them (docs/collect.md)."),
    ] = None,
    all_clusters: Annotated[
        bool, typer.Option("--all-clusters", help="Every cluster of --project that the kubeconfig has a context of.")
    ] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="List bad files and values, and go on.")] = False,
    redact: Annotated[
        RedactMode, typer.Option("--redact", help="secrets: what looks like one; all: keep names and references alone.")
    ] = RedactMode.SECRETS,
    window: Annotated[str, typer.Option("--window", help="Length of the window: 30d, 12h, 4w.")] = "30d",
    end: Annotated[
        str | None,
        typer.Option("--end", metavar="TIME", help="End of the window, UTC; default: three days ago, 00:00."),
    ] = None,
    project: Annotated[str | None, typer.Option("--project", help="Google Cloud project of the cluster.")] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="Name of the cluster.")] = None,
    location: Annotated[str | None, typer.Option("--location", help="Region or zone of the cluster.")] = None,
    billing_table: Annotated[
        str | None,
        typer.Option(
            "--billing-table", metavar="P.D.T", help="Billing export in BigQuery, the detailed one if there is."
        ),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(
            "--prometheus",
            metavar="URL",
            help="Usage and traffic from this HTTP API, or a folder of its answers.",
        ),
    ] = None,
    prometheus_header: Annotated[
        list[str] | None,
        typer.Option(
            "--prometheus-header",
            metavar="TEXT",
            help='A header for it, "Name: value"; a bearer token may stand in K2CR_PROMETHEUS_TOKEN.',
        ),
    ] = None,
    prometheus_cert: Annotated[
        Path | None, typer.Option("--prometheus-cert", help="A client's certificate for it, PEM.")
    ] = None,
    prometheus_key: Annotated[
        Path | None, typer.Option("--prometheus-key", help="The certificate's key, where it is a file of its own.")
    ] = None,
    prometheus_ca: Annotated[
        Path | None, typer.Option("--prometheus-ca", help="The authorities that vouch for it, PEM.")
    ] = None,
    usage: Annotated[Path | None, typer.Option("--usage", help="Usage table, Parquet or CSV.")] = None,
    usage_columns: Annotated[
        Path | None,
        typer.Option(
            "--usage-columns", metavar="MAP.toml", help="Which columns of another program's --usage are ours."
        ),
    ] = None,
    columns: Annotated[
        TableName | None, typer.Option("--columns", help="Print this table's columns, with an example, and end.")
    ] = None,
    traffic: Annotated[Path | None, typer.Option("--traffic", help="Traffic table, Parquet or CSV.")] = None,
    billing: Annotated[Path | None, typer.Option("--billing", help="Billing table, Parquet or CSV.")] = None,
    without: Annotated[
        list[MetricsTable] | None,
        typer.Option(
            "--without", help="A table that is not read from metrics: it stands in BigQuery (docs/configuration.md)."
        ),
    ] = None,
    metrics_project: Annotated[
        str | None,
        typer.Option("--metrics-project", help="Scoping project whose metrics are asked; default: the cluster's own."),
    ] = None,
    billing_project: Annotated[
        str | None,
        typer.Option("--billing-project", help="Project in which the bill's query runs; default: the cluster's own."),
    ] = None,
    prices: Annotated[
        PriceSource | None,
        typer.Option("--prices", help="Put a price book into the snapshot: this version's, or the catalogue's."),
    ] = None,
    impersonate: Annotated[
        str | None,
        typer.Option("--impersonate-service-account", metavar="EMAIL", help="Ask Google's APIs as this account."),
    ] = None,
    quota_project: Annotated[
        str | None, typer.Option("--quota-project", help="Project whose quota Google's APIs use.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Put it in the place of another cluster's snapshot, or of one that has more."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what reading would take and cost, and write nothing.")
    ] = False,
    print_commands: Annotated[
        bool,
        typer.Option("--print-commands", help="Print the kubectl, curl and bq lines for a person who has access."),
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.cli.terminal.fleet import run_fleet
    from k2cr_analysis.remote.credentials import Caller
    from k2cr_analysis.sources.live import LiveCluster, LiveOptions
    from k2cr_analysis.sources.prometheus.access import access_of
    from k2cr_analysis.sources.window import window as window_of

    if columns is not None:
        from k2cr_analysis.cli.terminal.columns import columns_text

        print(columns_text(columns.value), end="")
        return
    start, last = window_of(window, end)
    if print_commands:
        from k2cr_analysis.sources.commands import commands

        # A context that gcloud named says all of it.
        known = LiveCluster.of_context(context or "", None, project, cluster, location, Caller())
        asked = {"project": known.project, "cluster": known.cluster, "location": known.location}
        print(
            commands(start, last, context=context, **asked, billing_table=billing_table, prometheus=prometheus), end=""
        )
        return
    is_fleet = bool(fleet or all_clusters)
    out = _place_asked(out, manifests, context, project if all_clusters else None, fleet, all_clusters=all_clusters)
    files = {"usage": usage, "traffic": traffic, "billing": billing}
    caller = Caller(impersonate, quota_project)
    pem = {"certificate": prometheus_cert, "key": prometheus_key, "authority": prometheus_ca}
    options = LiveOptions(
        window,
        end,
        redact.value,
        {name: path for name, path in files.items() if path is not None},
        billing_table,
        prices.value if prices else None,
        None if prices is None else partial(_price_table, prices, caller),
        replace=replace,
        reshapes=_reshapes(usage_columns, usage),
        without=frozenset(table.value for table in without or ()),
        prometheus=access_of(prometheus, headers=prometheus_header or (), caller=caller, **pem) if prometheus else None,
    )
    config_file = str(kubeconfig) if kubeconfig else None
    if is_fleet:
        asked = {"project": project, "kubeconfig": config_file, "metrics_project": metrics_project}
        asked |= {"billing_project": billing_project, "quota_project": quota_project, "billing_table": billing_table}
        asked |= {"impersonate_service_account": impersonate, "prometheus": prometheus}
        run_fleet(fleet, out, options, asked, last, dry_run=dry_run)
        return
    live = LiveCluster.of_context(context or "", config_file, project, cluster, location, caller)
    live = dataclasses.replace(live, metrics_project=metrics_project, billing_project=billing_project)
    if dry_run:
        print(*_plan(live, options, (start, last)), sep="\n")
        return
    paths = [*(manifests or []), *(more or [])]
    collected = _collect_live(live, out, options) if context else _collect_files(paths, out, live, options, keep_going)
    provenance, place = collected.provenance, collected.place
    _tell_notes(provenance)
    is_beside = place.name != out.resolve().name
    print(summary(provenance, place if is_beside else out))
    if is_beside:
        say(f"{out} has more, and is as it was; --replace puts this one in its place")
    if collected.failures:
        raise to_resume(collected.failures)


def _place_asked(
    out: Path | None,
    manifests: list[str] | None,
    context: str | None,
    project: str | None,
    fleet: Path | None,
    *,
    all_clusters: bool,
) -> Path:
    if out is None:
        raise UsageError(
            ref="no-out",
            found="no --out",
            expected="--out SNAP, the folder to write",
            do="k2cr collect ... --out SNAP",
        )
    if all_clusters and project is None:
        raise UsageError(
            ref="no-project",
            found="--all-clusters without --project",
            expected="the project whose clusters are to be read",
            do="k2cr collect --all-clusters --project P --out DIR",
        )
    given = [name for name, is_given in (("--manifests", manifests), ("--context", context), ("--fleet", fleet),
                                         ("--all-clusters", project)) if is_given]  # fmt: skip
    if len(given) != 1:
        raise UsageError(
            ref="nothing-to-collect",
            found=" and ".join(given) or "neither --manifests nor --context",
            expected="--manifests with files, folders or -; or --context with a kubeconfig context; or, for several"
            " clusters, --fleet FILE or --all-clusters --project P",
            do="k2cr collect --manifests FOLDER --out SNAP, or k2cr collect --context NAME --out SNAP",
        )
    return out


def _collect_live(live: LiveCluster, out: Path, options: LiveOptions) -> Collected:
    from k2cr_analysis.sources.live import collect_live

    progress = Progress()
    try:
        return collect_live(live, out, options, progress)
    except RemoteError as error:
        raise to_resume([error]) from None
    finally:
        progress.end()


def _collect_files(paths: list[str], out: Path, live: LiveCluster, options: LiveOptions, keep_going: bool) -> Collected:
    from k2cr_analysis.sources.collection import collect_manifests, remote_tables
    from k2cr_analysis.sources.window import window as window_of

    window = window_of(options.window, options.end)
    tables, failed = remote_tables(_readers(options, window, live))
    progress = Progress()
    try:
        return collect_manifests(
            paths,
            out,
            keep_going=keep_going,
            redact_mode=options.redaction,
            window=options.window,
            end=options.end,
            project=live.project,
            cluster=live.cluster,
            location=live.location,
            table_files=options.table_files,
            reshapes=options.reshapes,
            tables=tables,
            failed=failed,
            prometheus=options.prometheus,
            tell=progress,
            replace=options.replace,
        )
    finally:
        progress.end()


def _reshapes(columns: Path | None, usage: Path | None) -> dict[str, Reshape]:
    from k2cr_analysis.sources.reshaping.column_map import read_column_map

    if columns is None:
        return {}
    if usage is None:
        raise UsageError(
            ref="columns-of-no-file",
            found="--usage-columns without --usage",
            expected="the file whose columns it names",
            do="k2cr collect ... --usage FILE --usage-columns MAP.toml",
        )
    return {"usage": read_column_map(columns)}


def _plan(live: LiveCluster, options: LiveOptions, window: tuple[datetime, datetime]) -> list[str]:
    if live.context:
        from k2cr_analysis.sources.live import plan_of

        return plan_of(live, options, Progress())
    plan = []
    if options.prometheus is not None:
        from k2cr_analysis.sources.prometheus.read import plan_of_prometheus

        plan.append(plan_of_prometheus(options.prometheus, window))
    if options.billing_table:
        from k2cr_analysis.sources.billing_export.client import BillingExport

        export = BillingExport(options.billing_table, *window, live.project, live.caller, live.billing_project)
        plan.append(str(export.plan()))
    return plan or ["no remote end would be asked for anything that costs"]


def _readers(
    options: LiveOptions, window: tuple[datetime, datetime], live: LiveCluster
) -> dict[str, Callable[[], Rows]]:
    """What reads the tables that come from elsewhere than the manifests."""
    readers: dict[str, Callable[[], Rows]] = {}
    if options.prices is not None:
        readers["prices"] = options.prices
    if options.billing_table:
        readers["billing"] = partial(_bill, options.billing_table, window, live)
    return readers


def _bill(table: str, window: tuple[datetime, datetime], live: LiveCluster) -> Iterator[pa.Table]:
    from k2cr_analysis.sources.billing_export.client import BillingExport
    from k2cr_analysis.sources.spool import spooled

    export = BillingExport(table, *window, live.project, live.caller, live.billing_project)
    plan = export.plan()
    say(str(plan))
    return spooled(export.parts(plan))


def _price_table(source: PriceSource, caller: Caller) -> pa.Table:
    from k2cr_analysis.model.prices import PriceBook

    if source is PriceSource.EMBEDDED:
        return PriceBook.embedded().to_table()
    from k2cr_analysis.sources.catalog.book import refreshed
    from k2cr_analysis.sources.catalog.client import read_skus
    from k2cr_analysis.sources.catalog.meters import SERVICES

    skus = read_skus(SERVICES, "USD", caller)
    return refreshed(skus, "USD").book.to_table()


def to_resume(failures: Sequence[RemoteError]) -> RemoteError:
    """The errors as one, with the command that goes on where this run stopped."""
    first = failures[0]
    more = [f"and {len(failures) - _TOLD} more: snapshot.json lists them"] if len(failures) > _TOLD else []
    return RemoteError(
        ref=first.ref,
        where=first.where,
        found="; ".join([*dict.fromkeys(error.found for error in failures[:_TOLD]), *more]),
        expected=first.expected,
        do=f"{first.do}; what was read is kept, and this goes on from there: {shlex.join(['k2cr', *sys.argv[1:]])}",
    )


def _tell_notes(provenance: Provenance) -> None:
    """Bad files and values are somebody's mistake and are all told; of the rest the first few."""
    from k2cr_analysis.snapshot import KUSTOMIZATION

    expected = [n for n in provenance.skipped if n.ref in ("not-a-cluster-object", "empty-file")]
    unbuilt = [n for n in provenance.skipped if n.ref == KUSTOMIZATION]
    for notice in provenance.skipped:
        if notice not in expected and notice not in unbuilt:
            say(_one_line("skipped", notice))
    say_all([f"{_one_line('not built', n)}; do {n.do}" for n in unbuilt], where=", or snapshot.json")
    for notice in provenance.problems:
        say(_one_line("refused value", notice))
    rest = [f"twice: {s.id}: {s.kept} stands, {s.dropped} does not" for s in provenance.superseded]
    say_all([*rest, *(_one_line("skipped", notice) for notice in expected)], where=", or snapshot.json")


def _one_line(what: str, notice: Notice) -> str:
    return f"{what}: {notice.as_error().where}: {notice.ref}: {notice.found}"


def summary(provenance: Provenance, out: Path) -> str:
    kinds = sorted(provenance.object_kinds.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{count} {kind}" for kind, count in kinds[:8])
    more = f" and {len(kinds) - 8} more kinds" if len(kinds) > 8 else ""
    tables = [f"{name} {count:,} rows" for name, count in provenance.rows.items() if name != "objects"]
    lines = [
        f"{out}: {provenance.rows['objects']} objects ({shown}{more})",
        *([f"tables: {', '.join(tables)}"] if tables else []),
        f"left out: {len(provenance.skipped)} files and documents; refused values: {len(provenance.problems)}; "
        f"objects given twice: {len(provenance.superseded)}; secrets taken out: {provenance.redacted_values}",
    ]
    return "\n".join(lines)
