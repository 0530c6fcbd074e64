"""``k2cr simulate``: the latency model for one service, without a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say
from k2cr_analysis.platforms.cloud_run.limits import BOOST_AFTER_START_S, DEFAULT_CONCURRENCY, DEFAULT_MEMORY_BYTES
from k2cr_analysis.platforms.cloud_run.scaling import DEFAULT_MAX_INSTANCES, DEFAULT_TARGET, IDLE_S, MIN_PENDING_S

if TYPE_CHECKING:
    from k2cr_analysis.latency.simulator.simulate import Run


def register(app: typer.Typer) -> None:
    app.command("simulate", help="Latency, cold starts and instances of one service under a load, without a snapshot.")(
        _simulate
    )


def _simulate(
    rate: Annotated[float | None, typer.Option(help="Requests a second, Poisson.")] = None,
    arrivals: Annotated[
        Path | None, typer.Option(help="CSV: first column offset_s or timestamp*; optionally a column count.")
    ] = None,
    service_time: Annotated[str, typer.Option(help="Mean time of a request alone on an instance.")] = "200ms",
    service_dist: Annotated[
        Literal["exponential", "constant", "lognormal"], typer.Option(help="Distribution of that time.")
    ] = "exponential",
    service_cv: Annotated[float, typer.Option(help="Its coefficient of variation, if lognormal.")] = 1.0,
    cpu_time: Annotated[
        str | None,
        typer.Option(help="Mean part of it that needs a vCPU.", show_default="50ms, or the service time if less"),
    ] = None,
    cpu: Annotated[float, typer.Option(help="vCPUs of an instance.")] = 1.0,
    concurrency: Annotated[int, typer.Option(help="Requests that an instance holds at a time.")] = DEFAULT_CONCURRENCY,
    min_instances: Annotated[int, typer.Option(help="Ready at time 0, and never fewer.")] = 0,
    max_instances: Annotated[int, typer.Option(help="Instances at a time, at most.")] = DEFAULT_MAX_INSTANCES,
    startup: Annotated[str, typer.Option(help="From the start of an instance until it is ready.")] = "2s",
    startup_dist: Annotated[
        Literal["constant", "exponential"], typer.Option(help="Distribution of that time.")
    ] = "constant",
    idle: Annotated[str, typer.Option(help="An instance ends after so long without a request.")] = f"{IDLE_S // 60}m",
    pending_timeout: Annotated[
        str, typer.Option(help="How long a request waits for a place; 0: none waits; inf: for ever.")
    ] = f"{MIN_PENDING_S}s",
    scaling: Annotated[
        Literal["cloud-run", "per-request"],
        typer.Option(help="per-request: each request that finds no free place starts an instance of its own."),
    ] = "cloud-run",
    cpu_boost: Annotated[
        bool,
        typer.Option(
            "--cpu-boost/--no-cpu-boost",
            help=f"More vCPUs until {BOOST_AFTER_START_S} s after the start of an instance.",
        ),
    ] = False,
    recycle: Annotated[str, typer.Option(help="An instance ends after so long.")] = "inf",
    target_cpu: Annotated[
        float, typer.Option(help="Share of the vCPUs that scaling aims at, over a minute; 0: off.")
    ] = DEFAULT_TARGET,
    target_concurrency: Annotated[
        float, typer.Option(help="Share of the concurrency that scaling aims at; 0: off.")
    ] = DEFAULT_TARGET,
    burst: Annotated[
        str | None,
        typer.Option(help="With --rate: another rate, how long it holds, how long until it comes: 50,30s,10m."),
    ] = None,
    requests: Annotated[
        str | None,
        typer.Option(help="Stop after so many requests.", show_default="1e6; with --arrivals the whole file"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal results.")] = 1,
    output_format: Annotated[Literal["table", "json"], typer.Option("--format", help="Form of the result.")] = "table",
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.cli.terminal.output import as_json, give
    from k2cr_analysis.latency.simulator.one_service import simulate

    run = simulate(
        rate,
        arrivals,
        service_time=service_time,
        service_dist=service_dist,
        service_cv=service_cv,
        cpu_time=cpu_time,
        cpu=cpu,
        concurrency=concurrency,
        min_instances=min_instances,
        max_instances=max_instances,
        startup=startup,
        startup_dist=startup_dist,
        idle=idle,
        pending_timeout=pending_timeout,
        scaling=scaling,
        cpu_boost=cpu_boost,
        recycle=recycle,
        target_cpu=target_cpu,
        target_concurrency=target_concurrency,
        burst=burst,
        requests=requests,
        seed=seed,
    )
    refused = refused_by_cloud_run(cpu, concurrency, min_instances, max_instances)
    for what in refused:
        say(f"Cloud Run would refuse this: {what}")
    as_asked = {**run.as_contract(), "refused": refused}
    give(as_json(as_asked) if output_format == "json" else _as_text(run), None)


def refused_by_cloud_run(cpu: float, concurrency: int, min_instances: int, max_instances: int) -> list[str]:
    """What no Cloud Run service may have of what is simulated: a sentence each. The simulation may be run all the same.

    The memory is taken as the least that the CPU asks for, and the environment as the one that it allows.
    """
    from decimal import Decimal

    from k2cr_analysis.model.cloud_run import ContainerShape, ServiceShape
    from k2cr_analysis.model.instance_limits import legal, memory_range

    cores = Decimal(repr(cpu))
    least_bytes, _ = memory_range(cores)
    container = ContainerShape(cores, max(least_bytes, DEFAULT_MEMORY_BYTES))
    generation: Literal["gen1", "gen2"] = "gen2" if cores >= 1 else "gen1"
    shape = ServiceShape(
        "service", {"container": container}, concurrency, min_instances, max_instances, "request", generation
    )
    return legal(shape)


def _as_text(run: Run) -> str:
    """One line a figure, under the names of the JSON form."""
    return "".join(f"{name:<22} {_shown(value)}\n" for name, value in run.as_contract().items())


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " to ".join(_shown(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(part)}" for name, part in value.items())
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
