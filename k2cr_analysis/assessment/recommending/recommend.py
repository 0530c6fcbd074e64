"""Which configuration: the cheapest that meets the objectives, searched once and shown everywhere.

`assess` searches for every service whose requests are known and keeps what it found: plan, render, report, figures and
notebooks read it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.findings import notices
from k2cr_analysis.assessment.recommending.predicting import basis_of_workload, corrections_of
from k2cr_analysis.assessment.recommending.question import Question
from k2cr_analysis.assessment.result import Assessment, Ranges, WorkloadAssessment
from k2cr_analysis.config import Objectives
from k2cr_analysis.errors import InputError
from k2cr_analysis.latency.predict import Effort
from k2cr_analysis.latency.search.limits import ALIKE, COLD_START_RATIO, Limits, limits_of
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.instance_limits import memory_range
from k2cr_analysis.model.money import plain_amount, total
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.cloud_run.limits import WHOLE_CORES
from k2cr_analysis.pricing.cloud_run.beside import beside_items
from k2cr_analysis.pricing.cloud_run.charges import price_timeline
from k2cr_analysis.sizing import legal
from k2cr_analysis.sizing.instance_counts import least_instances, minimum_asked, most_instances, most_pods
from k2cr_analysis.sizing.notices import minimum_not_carried

if TYPE_CHECKING:
    from k2cr_analysis.latency.search.search import CostOfMonth, Point, Recommendation

# More CPU than this buys nothing that more instances do not: one request uses at most one vCPU at a time.
_MOST_CORES = 4
_MORE_INSTANCES = (0, 1, 2, 3)


def recommend(
    assessment: Assessment, workload_id: str, objectives: Objectives | None = None, *, seed: int = 1
) -> Recommendation:
    """What `assess` found for a service; with ``objectives``, what it would find for those.

    Raises UsageError for an unknown id, InputError where the workload does not become a service or the snapshot has no
    traffic of it.
    """
    one = find_workload([assessment], workload_id)
    shape = service_of(one)
    if objectives is None and one.choice is not None and seed == 1:
        return one.choice
    tariff = Tariff(assessment.prices, assessment.region, assessment.config.rates.cud)

    question = Question(
        workload=one.workload,
        basis=basis_of_workload(
            one.workload, one.fit, one.measured, corrections_of(one.workload, one.fit, assessment.calibration)
        ),
        cost=cost_of(one.workload, tariff),
        config=assessment.config,
        objectives=objectives or assessment.config.objectives_of(workload_id),
    )
    found = search(shape, question, "full", seed)
    if found is None:
        raise InputError(
            ref="no-traffic-data",
            found=f"the snapshot has no requests of {workload_id}",
            expected="requests and their latency: the grid is searched with them",
            do="collect with --traffic FILE",
        )
    return found


def cost_of(workload: Workload, tariff: Tariff) -> CostOfMonth:
    """Money a month of a shape with an instance timeline, with what stands beside it on the bill."""

    def cost(shape: ServiceShape, month: InstanceTimeline) -> Decimal:
        items = price_timeline(shape, month, tariff.prices, tariff.region, tariff.cud)
        return total((*items, *beside_items(workload, month, tariff)))

    return cost


def search(sized: ServiceShape, question: Question, effort: Effort, seed: int = 1) -> Recommendation | None:
    """The cheapest that meets the objectives around ``sized``; None where no request, or its time, is known."""
    basis = question.basis
    if effort == "quick" or sized.target != "service" or basis.service is None or basis.traffic is None:
        return None
    from k2cr_analysis.latency.month.requests import load_of
    from k2cr_analysis.latency.search.grid import concurrencies_for, grid

    load, service = load_of(basis.traffic), basis.service
    least = least_instances(question.workload, sized, question.config)
    most = most_instances(question.workload, question.config)
    shapes: list[ServiceShape] = []
    for one in _sizes(replace(sized, min_instances=least)):
        places = concurrencies_for(sized.concurrency or 1, load, service, float(one.cpu_cores))
        shapes += grid([one], places, [least + more for more in _MORE_INSTANCES], load, service, most)
    allowed = [shape for shape in shapes if any(not legal(replace(shape, billing=m)) for m in shape.billing_modes)]
    limits = limits_of(question.objectives, basis.gke, service)
    return _looked_at(allowed or [sized], question, limits, effort, seed)


def _looked_at(
    shapes: list[ServiceShape], question: Question, limits: Limits, effort: Effort, seed: int
) -> Recommendation:
    from k2cr_analysis.latency.month.requests import load_of
    from k2cr_analysis.latency.month.store import MonthStore
    from k2cr_analysis.latency.search import search as searching

    basis = question.basis
    if basis.traffic is None or basis.service is None:
        raise ValueError("nothing to search with: no requests are known")
    return searching.recommend(
        shapes,
        searching.Demand(load_of(basis.traffic), basis.service, basis.startup_s),
        cost=question.cost,
        limits=limits,
        depth=searching.Depth() if effort == "full" else searching.QUICKER,
        seed=seed,
        store=MonthStore.of_user(),
    )


def ranges_around(found: Recommendation, question: Question) -> Ranges | None:
    """What the best configuration's figures are within; None where nothing is known to simulate."""
    from k2cr_analysis.assessment.recommending.ranges import ranges_of
    from k2cr_analysis.latency.month.requests import load_of
    from k2cr_analysis.latency.month.store import MonthStore

    if question.basis.traffic is None:
        return None
    return ranges_of(found.best, question, load_of(question.basis.traffic), MonthStore.of_user())


def findings_of(found: Recommendation, question: Question, currency: str) -> list[Finding]:
    """What is said of the choice: overload, a limit that nothing meets, cold starts, instances kept or asked for."""
    best, workload = found.best, question.workload
    said: list[Finding] = []
    if best.rejected_ratio > 0.0:
        said.append(rejected(best.rejected_ratio, best.shape.max_instances, workload))
    elif not found.met:
        said.append(notices.objectives_not_met(str(found.limits), _reached(best), _would_meet(found)))
    if best.cold_start_ratio > COLD_START_RATIO * (1.0 + ALIKE):
        said.append(_cold_starts(found, question, currency))
    kept = best.shape.min_instances
    least = least_instances(workload, best.shape, question.config)
    if kept > least:
        said.append(_kept_warm(found, least, question, currency))
    path, asked = minimum_asked(workload)
    if asked is not None and asked > max(kept, 1):
        why = f"with these, {best.cold_start_ratio:.2%} of the requests wait for a start"
        said.append(minimum_not_carried(path, asked, kept, why))
    scaler = workload.autoscaler
    if scaler is not None and best.shape.max_instances > scaler.max_replicas:
        said.append(notices.more_instances_than_pods(scaler.max_replicas, best.shape.max_instances))
    return said


def rejected(share: float, most: int, workload: Workload) -> Finding:
    """A decision only where fewer instances are allowed than there are pods: that shows without any traffic too, and
    a verdict must not get better for want of a table.
    """
    pods = most_pods(workload)
    return notices.overloaded(share, most, pods) if most < pods else notices.short_of_instances(share, most)


def service_of(one: WorkloadAssessment) -> ServiceShape:
    """The shape of a workload that becomes a service; InputError for another."""
    shape = one.shape
    if shape is None or shape.target != "service" or one.latency is None or one.latency.startup_ms is None:
        raise InputError(
            ref="not-a-service",
            found=f"{one.id} is {one.fit.verdict}, and its target is {one.fit.target}",
            expected="a workload that can become a service",
        )
    return shape


def _kept_warm(found: Recommendation, least: int, question: Question, currency: str) -> Finding:
    """What the kept instances are for, and what they cost."""
    best = found.best
    without = next((p for p in found.min_instance_ladder() if p.shape.min_instances == least), None)
    waits = "" if without is None else f"{without.cold_start_ratio:.1%} of the requests"
    more = None if without is None else best.cost_month - without.cost_month
    price = "" if more is None else f"{plain_amount(more, currency)} {currency} a month"
    return notices.instances_kept(best.shape.min_instances, least, waits, question.basis.startup_s, price)


def _cold_starts(found: Recommendation, question: Question, currency: str) -> Finding:
    """How many requests wait for a start, and what one more instance kept would make of it, and cost."""
    best = found.best
    warmer = next((p for p in found.min_instance_ladder() if p.shape.min_instances > best.shape.min_instances), None)
    if warmer is None:
        least = best.shape.min_instances + 1
        kept = replace(best.shape, min_instances=least, max_instances=max(best.shape.max_instances, least))
        warmer = _looked_at([kept], question, found.limits, "coarse", 1).best
    price = f"{plain_amount(warmer.cost_month - best.cost_month, currency)} {currency} a month more"
    return notices.cold_starts(
        best.cold_start_ratio, question.basis.startup_s, warmer.shape.min_instances, price, warmer.cold_start_ratio
    )


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


def _reached(point: Point) -> str:
    return f"p95 {point.p95_ms:.0f} ms, p99 {point.p99_ms:.0f} ms, cold starts {point.cold_start_ratio:.3%}"


def _would_meet(found: Recommendation) -> str:
    """The lines of ``[objectives]`` that this configuration meets."""
    values = {"p95": found.best.p95_ms, "p99": found.best.p99_ms, "cold starts": found.best.cold_start_ratio}
    keys = {"p95": "p95_ms", "p99": "p99_ms", "cold starts": "cold_start_ratio"}
    lines = []
    for name, _, over in found.limits.misses(found.best):
        if over > 0.0:
            shown = f"{values[name]:.4f}" if name == "cold starts" else f"{values[name] * 1.01:.0f}"
            lines.append(f"{keys[name]} = {shown}")
    return ", ".join(lines)
