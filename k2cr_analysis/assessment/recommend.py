"""Which configuration: the cheapest of a grid that meets the objectives, and what meeting them costs.

Two grids. The coarse one, for `assess`, lies around the size that the usage asks for, and is looked at only where that
size misses an objective. The full one, for a workload's page, shows the frontier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from k2cr_analysis.assessment import notices
from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.predicting import corrections_of
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config import Objectives
from k2cr_analysis.errors import InputError
from k2cr_analysis.latency.learning.calibration import Corrections
from k2cr_analysis.latency.load.service_time import ServiceTime, scaled, service_time
from k2cr_analysis.latency.predict import Effort, Prediction
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.finding import Finding
from k2cr_analysis.model.money import total
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.cloud_run import WHOLE_CORES
from k2cr_analysis.pricing.cloud_run.charges import price_timeline
from k2cr_analysis.sizing import legal
from k2cr_analysis.sizing.limits import memory_range

if TYPE_CHECKING:
    from k2cr_analysis.latency.recommend import CostOfMonth, Point, Recommendation

# More CPU than this buys nothing that more instances do not: one request uses at most one vCPU at a time.
_MOST_CORES = 4
_MIN_INSTANCES = (0, 1, 2, 3)
_ROUNDS = 3
_RECORD_WIDTH = 0.98  # a simulated quantile is known to 2 %


@dataclass(frozen=True, slots=True)
class Question:
    """What a search for one workload rests on. ``cost``: money a month of a shape with an instance timeline."""

    workload: Workload
    traffic: TrafficProfile | None
    usage: WorkloadUsage | None
    corrections: Corrections
    cost: CostOfMonth
    objectives: Objectives


def recommend(
    assessment: Assessment,
    workload_id: str,
    objectives: Objectives | None = None,
    *,
    rounds: int = _ROUNDS,
    seed: int = 1,
) -> Recommendation:
    """Search CPU x concurrency x min instances x billing for the cheapest that meets ``objectives``.

    ``objectives``: default those of the config. ``rounds``: of the search, 1 to 3; each simulates four times as many
    requests as the one before. Memory is what sizing gave, or the least that the CPU asks for: more of
    it costs, and makes nothing faster. Raises UsageError for an unknown id, InputError where the workload does not
    become a service or the snapshot has no traffic of it.
    """
    one = find_workload([assessment], workload_id)
    shape, startup_ms = service_of(one)

    def cost_month(point: ServiceShape, month: InstanceTimeline) -> Decimal:
        cud = assessment.config.rates.cud
        return total(price_timeline(point, month, assessment.prices, assessment.region, cud))

    question = Question(
        workload=one.workload,
        traffic=assessment.traffic.get(workload_id),
        usage=assessment.merged_usage.get(workload_id) or assessment.usage.get(workload_id),
        corrections=corrections_of(one.workload, one.fit, assessment.calibration),
        cost=cost_month,
        objectives=objectives or assessment.config.objectives_of(workload_id),
    )
    found = _full(shape, startup_ms, question, rounds, seed)
    if found is None:
        raise InputError(
            ref="no-traffic-data",
            found=f"the snapshot has no requests of {workload_id}",
            expected="requests and their latency: the grid is searched with them",
            do="collect with --traffic FILE",
        )
    return found


def to_objectives(
    shape: ServiceShape, predicted: Prediction, question: Question, effort: Effort
) -> tuple[ServiceShape, list[Finding]]:
    """The shape that `assess` goes on with, and what it says of it.

    "coarse": as it was sized where that meets the objectives, else the cheapest of the coarse grid that does. "full":
    the cheapest of the full grid. Where nothing meets them, as it was sized.
    """
    if effort == "quick" or predicted.startup_ms is None or predicted.cloud_run is None:
        return shape, []
    objectives = question.objectives
    if effort == "coarse" and _meets(predicted, objectives):
        return shape, []
    if effort == "coarse":
        best = _coarse(shape, predicted.startup_ms, question)
    else:
        found = _full(shape, predicted.startup_ms, question, _ROUNDS, 1)
        best = found.best if found else None
    if best is None:
        return shape, [notices.objectives_not_met(_asked(objectives), _reached(predicted))]
    if best.shape == replace(shape, billing=best.shape.billing) or _meets(predicted, objectives):
        return best.shape, []
    return best.shape, [notices.sized_for_objectives(_asked(objectives), _differs(shape, best.shape))]


def service_of(one: WorkloadAssessment) -> tuple[ServiceShape, float]:
    """The shape, and the start-up time [ms], of a workload that becomes a service; InputError for another."""
    shape = one.shape
    if shape is None or shape.target != "service" or one.latency is None or one.latency.startup_ms is None:
        raise InputError(
            ref="not-a-service",
            found=f"{one.id} is {one.fit.verdict}, and its target is {one.fit.target}",
            expected="a workload that can become a service",
        )
    return shape, one.latency.startup_ms


def _full(shape: ServiceShape, startup_ms: float, question: Question, rounds: int, seed: int) -> Recommendation | None:
    from k2cr_analysis.latency.recommend import EFFORTS, concurrencies_near, grid
    from k2cr_analysis.latency.recommend import recommend as search
    from k2cr_analysis.latency.sampled_month import load_of

    traffic, service = question.traffic, _service(question)
    if traffic is None or service is None:
        return None
    concurrencies = {shape.concurrency or 1, *concurrencies_near(traffic, question.usage, service.mean_s)}
    return search(
        _legal(grid(list(_sizes(shape)), sorted(concurrencies), _minimums(shape, _MIN_INSTANCES))),
        load_of(traffic),
        service,
        startup_s=startup_ms / 1000.0,
        cost=question.cost,
        objectives=question.objectives,
        efforts=EFFORTS[:rounds],
        seed=seed,
    )


def _coarse(shape: ServiceShape, startup_ms: float, question: Question) -> Point | None:
    """Fewer requests at a time, more instances kept, the next size of CPU."""
    from k2cr_analysis.latency.recommend import cheapest_that_meets, grid
    from k2cr_analysis.latency.sampled_month import load_of

    traffic, service = question.traffic, _service(question)
    if traffic is None or service is None or _is_out_of_reach(service, question.objectives):
        return None
    sized = shape.concurrency or 1
    concurrencies = sorted({sized, -(-sized // 2), -(-sized // 4)}, reverse=True)
    minimums = _minimums(shape, [shape.min_instances + more for more in (0, 1, 2)])
    return cheapest_that_meets(
        _legal(grid(list(_sizes(shape))[:2], concurrencies, minimums)),
        load_of(traffic),
        service,
        startup_s=startup_ms / 1000.0,
        cost=question.cost,
        objectives=question.objectives,
    )


def _service(question: Question) -> ServiceTime | None:
    traffic = question.traffic
    if traffic is None or traffic.requests[traffic.known].sum() == 0:
        return None
    service = service_time(traffic, question.usage, question.workload.pod.usable_cores)
    return None if service is None else scaled(service, question.corrections.service_time)


def _is_out_of_reach(service: ServiceTime, objectives: Objectives) -> bool:
    """Whether the requests alone, on an idle instance, are slower than asked: no configuration makes them faster."""
    alone_ms = float(service.sample_ms[round(0.99 * (len(service.sample_ms) - 1))])
    return objectives.p99_ms is not None and alone_ms * _RECORD_WIDTH > objectives.p99_ms


def _legal(shapes: Iterator[ServiceShape]) -> Iterator[ServiceShape]:
    return (one for one in shapes if not legal(one))


def _minimums(shape: ServiceShape, wanted: list[int] | tuple[int, ...]) -> list[int]:
    return [n for n in wanted if n <= shape.max_instances]


def _sizes(shape: ServiceShape) -> Iterator[ServiceShape]:
    """The shape with its largest container at each whole number of vCPUs from what it has, up to ``_MOST_CORES``.

    Where more CPU asks for more memory, that container gets it. Less than a vCPU in all is not among them: it forces
    gen1, another operating system than the pod has now.
    """
    main = max(shape.containers, key=lambda name: shape.containers[name].cpu_cores)
    has = shape.containers[main]
    yield shape
    for cores in WHOLE_CORES:
        if has.cpu_cores < cores <= _MOST_CORES:
            least_bytes, _ = memory_range(shape.cpu_cores - has.cpu_cores + cores, shape.gpu)
            more_bytes = max(0, least_bytes - shape.memory_bytes)
            larger = replace(has, cpu_cores=Decimal(cores), memory_bytes=has.memory_bytes + more_bytes)
            yield replace(shape, containers={**shape.containers, main: larger})


def _meets(predicted: Prediction, objectives: Objectives) -> bool:
    """A figure that the traffic cannot support misses nothing."""
    p99_ms = predicted.cloud_run.p99_ms if predicted.cloud_run else None
    cold = predicted.cold_start_ratio
    return (objectives.p99_ms is None or p99_ms is None or p99_ms <= objectives.p99_ms) and (
        objectives.cold_start_ratio is None or cold is None or cold <= objectives.cold_start_ratio
    )


def _asked(objectives: Objectives) -> str:
    parts = []
    if objectives.p99_ms is not None:
        parts.append(f"p99 of at most {objectives.p99_ms:g} ms")
    if objectives.cold_start_ratio is not None:
        parts.append(f"cold starts of at most {objectives.cold_start_ratio:.3%} of the requests")
    return ", ".join(parts)


def _reached(predicted: Prediction) -> str:
    p99_ms = predicted.cloud_run.p99_ms if predicted.cloud_run else None
    parts = [] if p99_ms is None else [f"p99 {p99_ms:.0f} ms"]
    if predicted.cold_start_ratio is not None:
        parts.append(f"cold starts {predicted.cold_start_ratio:.3%}")
    return ", ".join(parts)


def _differs(sized: ServiceShape, chosen: ServiceShape) -> str:
    pairs = (
        ("concurrency", sized.concurrency, chosen.concurrency),
        ("min instances", sized.min_instances, chosen.min_instances),
        ("vCPU", sized.cpu_cores, chosen.cpu_cores),
    )
    return ", ".join(f"{name} {to} for {was}" for name, was, to in pairs if was != to)
