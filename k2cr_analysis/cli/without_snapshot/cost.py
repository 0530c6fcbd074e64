"""``k2cr cost``: the price of one shape, no snapshot."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k2cr_analysis.cli.terminal.output import Format, FormatOption, OutOption, as_document, as_rows, as_table, give
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
from k2cr_analysis.platforms.cloud_run.billing import BILLED_STEP_S
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_CONCURRENCY, MAX_CONCURRENCY

if TYPE_CHECKING:
    from k2cr_analysis.pricing.cloud_run.one_shape import NearestShape, ShapeCost

_HEADER = ("sku", "quantity", "unit", "rate", "amount")


def register(app: typer.Typer) -> None:
    app.command("cost", help="The price of one Cloud Run shape a month, line by line, without a snapshot.")(_cost)


def _cost(
    region: Annotated[str, typer.Option(help="Region, such as asia-northeast1.")],
    cpu: Annotated[list[str], typer.Option(help="vCPU of a container; repeat once a container: 1, 500m, 0.167.")],
    memory: Annotated[list[str], typer.Option(help="Memory of a container; repeat once a container: 512Mi.")],
    kind: Annotated[
        Literal["service", "job", "delayed-job", "worker-pool"], typer.Option(help="What runs.")
    ] = "service",
    requests: Annotated[str, typer.Option(help="Requests a month: 10e6.")] = "0",
    latency: Annotated[
        str, typer.Option(help=f"Mean time of a request, rounded up to {BILLED_STEP_S * 1000:.0f} ms.")
    ] = "100ms",
    concurrency: Annotated[
        int, typer.Option(min=1, max=MAX_CONCURRENCY, help="Requests at once on an instance.")
    ] = DEFAULT_CONCURRENCY,
    billing: Annotated[Literal["request", "instance"], typer.Option(help="Billing mode of a service.")] = "request",
    min_instances: Annotated[int, typer.Option(min=0, help="Instances that are always kept.")] = 0,
    hours: Annotated[
        str | None,
        typer.Option(
            help="Running hours a month of a job or worker pool, all instances together; "
            f"{HOURS_PER_MONTH} for a worker pool."
        ),
    ] = None,
    cud: Annotated[
        Literal["none", "run-1y", "run-3y", "flex-1y", "flex-3y"], typer.Option(help="Committed use discount.")
    ] = "none",
    gpu: Annotated[
        Literal["nvidia-l4", "nvidia-rtx-pro-6000"] | None, typer.Option(help="The one GPU of each instance.")
    ] = None,
    disk: Annotated[str | None, typer.Option(help="Ephemeral disk of each instance: 10Gi.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="What each quantity is made of, in counts to multiply.")
    ] = False,
    no_free_tier: Annotated[bool, typer.Option("--no-free-tier", help="Leave the account's free tier out.")] = False,
    format: FormatOption = Format.TABLE,  # noqa: A002 (the option's name is in the contract)
    out: OutOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.pricing import cost

    priced = cost(
        cpu,
        memory,
        region=region,
        kind=kind,
        requests=requests,
        latency=latency,
        concurrency=concurrency,
        billing=billing,
        min_instances=min_instances,
        hours=hours,
        cud=cud,
        free_tier=not no_free_tier,
        gpu=gpu,
        disk=disk,
    )
    _warn(priced)
    if format.is_document:
        from k2cr_analysis.report.json.price_documents import shape_cost_document

        give(as_document(shape_cost_document(priced), format), out)
    elif format.is_rows:
        give(as_rows(_HEADER, [(i.sku, i.quantity, i.unit, i.rate, i.amount) for i in priced.line_items], format), out)
    else:
        header = (*_HEADER, "made of") if explain else _HEADER
        give(as_table(header, _rows(priced, explain), right=(1, 3, 4)), out)


def _warn(priced: ShapeCost) -> None:
    """What Cloud Run would refuse is priced all the same, and said, with the nearest that it takes."""
    for what in priced.refused:
        say(f"Cloud Run would refuse this: {what}")
    if priced.nearest is not None:
        say(_taken(priced.nearest, priced.currency))
    elif priced.refused:
        say("it takes nothing near this: an instance has at most 8 CPU and 32Gi, more beside a large GPU")
    for what in priced.unpriced:
        say(f"not in the sum: {what}")
    for what in priced.notices:
        say(f"note: {what}")


def _taken(near: NearestShape, currency: str) -> str:
    from k2cr_analysis.model.cloud_run import cpu_text, memory_text

    asked = near.asked
    shape = " + ".join(f"{cpu_text(c.cpu_cores)} CPU, {memory_text(c.memory_bytes)}" for c in near.containers)
    how = (
        f" at concurrency {near.concurrency}, billed by {asked.billing}" if asked.is_service else f" as a {asked.kind}"
    )
    more = f", {asked.gpu}" if asked.gpu else ""
    disk = f", {memory_text(asked.disk_bytes)} of disk" if asked.disk_bytes else ""
    net, gross = _amount(near.net_month, currency), _amount(near.gross_month, currency)
    money = f"{net} {currency} a month ({gross} before what is free)"
    return f"it takes {shape}{more}{disk}{how}: {money}"


def _rows(priced: ShapeCost, explain: bool) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [
        (
            i.sku,
            f"{i.quantity:,.2f}",
            i.unit,
            f"{i.rate:f}",
            _amount(i.amount, i.currency),
            *((counts,) if explain else ()),
        )
        for i, counts in zip(priced.line_items, priced.counts, strict=True)
    ]
    sums = (("gross", priced.gross_month), ("free tier", -priced.free_tier_month), ("net", priced.net_month))
    last = ("",) if explain else ()
    lines += [
        (f"{name}, {priced.currency} a month", "", "", "", _amount(found, priced.currency), *last)
        for name, found in sums
    ]
    if priced.unpriced:
        lines.append(
            (f"at least, {priced.currency} a month", "", "", "", _amount(priced.at_least_month, priced.currency), *last)
        )
    return lines


def _amount(amount: Decimal | None, currency: str) -> str:
    from k2cr_analysis.model.money import plain_amount

    return "not known" if amount is None else plain_amount(amount, currency, groups=True)
