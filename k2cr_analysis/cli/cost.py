"""``k2cr cost``: the price of one shape, no snapshot."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def register(app: typer.Typer) -> None:
    app.command("cost", help="The price of one Cloud Run shape a month, line by line, without a snapshot.")(_cost)


def _cost(
    region: Annotated[str, typer.Option(help="Region, such as asia-northeast1.")],
    cpu: Annotated[list[str], typer.Option(help="vCPU of a container; repeat once a container: 1, 500m, 0.167.")],
    memory: Annotated[list[str], typer.Option(help="Memory of a container; repeat once a container: 512Mi.")],
    kind: Annotated[Literal["service", "job", "worker-pool"], typer.Option(help="What runs.")] = "service",
    requests: Annotated[str, typer.Option(help="Requests a month: 10e6.")] = "0",
    latency: Annotated[str, typer.Option(help="Mean time of a request, rounded up to 100 ms.")] = "100ms",
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Requests at once on an instance.")] = 80,
    billing: Annotated[Literal["request", "instance"], typer.Option(help="Billing mode of a service.")] = "request",
    min_instances: Annotated[int, typer.Option(min=0, help="Instances that are always kept.")] = 0,
    hours: Annotated[
        str | None, typer.Option(help="Running hours a month of a job or a worker pool, all instances together.")
    ] = None,
    cud: Annotated[
        Literal["none", "run-1y", "run-3y", "flex-1y", "flex-3y"], typer.Option(help="Committed use discount.")
    ] = "none",
    no_free_tier: Annotated[bool, typer.Option("--no-free-tier", help="Leave the account's free tier out.")] = False,
    output_format: Annotated[Literal["table", "json"], typer.Option("--format", help="Form of the result.")] = "table",
) -> None:
    from k2cr_analysis.cost.one_shape import Demand, containers_of, cost_of_shape, hours_of, number_of
    from k2cr_analysis.cost.present import shape_cost_as_json, shape_cost_as_text
    from k2cr_analysis.model.duration import duration_s

    demand = Demand(
        requests=number_of(requests, "--requests"),
        latency_s=duration_s(latency, "--latency"),
        concurrency=concurrency,
        min_instances=min_instances,
        hours=hours_of(kind, hours),
    )
    priced = cost_of_shape(
        containers_of(cpu, memory), demand, region, kind=kind, billing=billing, cud=cud, with_free_tier=not no_free_tier
    )
    print(shape_cost_as_json(priced) if output_format == "json" else shape_cost_as_text(priced))
