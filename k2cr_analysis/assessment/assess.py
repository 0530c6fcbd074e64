"""The five analyses, in order, for every workload of a snapshot: values are handed across here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from k2cr_analysis.assessment.config_names import check_object_names, check_rule_names
from k2cr_analysis.assessment.findings import notices
from k2cr_analysis.assessment.findings.said_once import marked_once
from k2cr_analysis.assessment.measured import Measured, measured_of
from k2cr_analysis.assessment.merging import Merging, merge_neighbours
from k2cr_analysis.assessment.recommending.interval import MIN_DAYS, day_changes, interval_of, range_of_weeks
from k2cr_analysis.assessment.recommending.other_ways import other_ways
from k2cr_analysis.assessment.recommending.predicting import basis_of_workload, corrections_of, predict_shape
from k2cr_analysis.assessment.recommending.question import Question
from k2cr_analysis.assessment.recommending.recommend import cost_of, findings_of, ranges_around, search
from k2cr_analysis.assessment.recommending.steady_instances import mean_instances, running_timeline
from k2cr_analysis.assessment.result import Assessment, Cost, Latency, Ranges, WorkloadAssessment
from k2cr_analysis.config import AssumedTraffic, Config
from k2cr_analysis.errors import InputError
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.latency.learning.calibration import Calibration
from k2cr_analysis.latency.predict import Effort, Prediction, predict
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.cluster import Cluster, OtherObject
from k2cr_analysis.model.findings.finding import SEVERITIES, Finding
from k2cr_analysis.model.findings.grading import graded
from k2cr_analysis.model.money import LineItem, plain_amount, total
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.model.prices import PriceBook, Tariff
from k2cr_analysis.model.routing.answered import with_answers
from k2cr_analysis.model.schedule import runs_per_month
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.operability import effort_days, toil
from k2cr_analysis.platforms.cloud_run.limits import MAX_DELAYED_RUN_S
from k2cr_analysis.pricing.cloud_run.beside import NOT_COMPARED, beside_items
from k2cr_analysis.pricing.cloud_run.charges import cheaper_billing, price_both, price_delayed, price_timeline
from k2cr_analysis.pricing.gke.bill import GkeBill
from k2cr_analysis.pricing.gke.currency import in_currency_of_bill, no_rate
from k2cr_analysis.pricing.gke.today import attribute
from k2cr_analysis.pricing.negotiated import negotiated
from k2cr_analysis.pricing.packing.avoidable import ASSUMPTIONS as AVOIDABLE_ASSUMPTIONS
from k2cr_analysis.pricing.packing.avoidable import Avoidable
from k2cr_analysis.queries import Daily, billing, daily, tables_at, traffic, usage
from k2cr_analysis.queries.in_place.tables import Scope
from k2cr_analysis.sizing import Sizing, size
from k2cr_analysis.sizing.instance_counts import most_instances, most_pods
from k2cr_analysis.snapshot import KUSTOMIZATION, Snapshot, SnapshotObject, open_snapshot
from k2cr_analysis.snapshot.provenance import Provenance
from k2cr_analysis.telling import steps

if TYPE_CHECKING:
    from k2cr_analysis.latency.search.search import Recommendation

DEFAULT_REGION = "us-central1"
UNSEARCHED_REQUESTS = 600_000.0


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is known of the whole snapshot before any workload is looked at."""

    cluster: Cluster
    config: Config
    region: str
    prices: PriceBook
    usage: Mapping[str, WorkloadUsage]  # of the pods as they are on GKE
    traffic: Mapping[str, TrafficProfile]
    bill: GkeBill
    avoidable: Avoidable
    calibration: Calibration
    effort: Effort


def analyse(
    snapshot: Snapshot | Path | str,
    config: Config | None = None,
    calibration: Calibration | None = None,
    *,
    effort: Effort = "coarse",
    alone: bool = True,
) -> Assessment:
    """Every workload of a snapshot, before its spec is looked at (``verdicts.assess`` does both).

    ``calibration``: what services that have moved taught.

    Each service gets the cheapest configuration that meets its objectives. ``effort``: "coarse" searches, "full"
    simulates five times as many requests for it; "quick" does not search: its size alone, with closed forms.
    ``alone``: what the config names must be in this snapshot; one of a fleet may lack what another has, and
    ``assess_all`` looks at all of them.
    Raises SnapshotError where ``snapshot`` is not a whole snapshot, ConfigError where the config names what is not
    there. The same snapshot and config give the same result.
    """
    opened = snapshot if isinstance(snapshot, Snapshot) else open_snapshot(snapshot)
    whole = config or Config()
    check_rule_names(whole)
    settings = whole.of_cluster(opened.provenance.cluster)
    evidence, merging, measured, assumptions = _gather(opened, settings, calibration or Calibration(), effort)
    if alone:
        check_object_names(whole, [evidence.cluster])
    assessed = [
        _assess_workload(w, merging.fits[w.id], measured[w.id], evidence)
        for w in steps("assessing workloads", merging.cluster.workloads)
    ]
    assessed += [(_assess_part(workload, fit, evidence), []) for workload, fit in merging.neighbours.values()]
    assessed.sort(key=lambda found: found[0].id)
    assumptions += [text for _, texts in assessed for text in texts]
    workloads = marked_once([w for w, _ in assessed], _missing(evidence))
    return Assessment(
        snapshot=_provenance(opened),
        cluster=evidence.cluster,
        config=settings,
        region=evidence.region,
        prices=evidence.prices,
        bill=evidence.bill,
        avoidable=evidence.avoidable,
        workloads=tuple(workloads),
        assumptions=tuple(sorted(set(assumptions))),
        usage=evidence.usage,
        traffic=evidence.traffic,
        calibration=evidence.calibration,
        others=(*evidence.cluster.others, *_kustomizations(opened)),
    )


def _missing(evidence: _Evidence) -> Iterator[str]:
    """The rules that are said of the whole snapshot: it lacks a source altogether, or they hold of most workloads."""
    yield "one-pod-today"
    if not evidence.traffic:
        yield "no-traffic-data"
    if not evidence.usage:
        yield from ("no-usage-data", "no-running-time", "no-resources-given")
    if not evidence.bill.by_workload:
        yield "no-gke-cost"


def _kustomizations(snapshot: Snapshot) -> tuple[OtherObject, ...]:
    """The kustomizations that were read as files: what they make is not in the snapshot as it runs."""
    return tuple(
        OtherObject(str(n.file), "Kustomization", n.found, n.do)
        for n in snapshot.provenance.skipped
        if n.ref == KUSTOMIZATION
    )


def _scope(origin: Provenance, cluster: Cluster, config: Config) -> Scope:
    """What a table of many clusters and months is cut to, where ``[engine.tables]`` names one."""
    return Scope(
        origin.window_start,
        origin.window_end,
        origin.project,
        origin.cluster,
        origin.location,
        tuple(workload.id for workload in cluster.workloads),
        config.engine.memory_aligner,
    )


def _gather(
    snapshot: Snapshot, config: Config, calibration: Calibration, effort: Effort
) -> tuple[_Evidence, Merging, Mapping[str, Measured], list[str]]:
    origin = snapshot.provenance
    objects = list(snapshot.objects())
    parsed = partial(
        parse_cluster,
        problems=origin.problems,
        project=origin.project,
        name=origin.cluster,
        location=origin.location,
        entrances=config.entrances,
        unread=[one.what for one in origin.unread if not one.is_table],
    )

    def parse(objects: Iterable[SnapshotObject]) -> Cluster:
        return with_answers(parsed(objects), config)

    cluster = parse(objects)
    region, assumptions = _region(cluster, config)
    table = snapshot.table("prices")
    book = PriceBook.from_table(table) if table is not None else PriceBook.embedded()
    rolled_up = tables_at(
        config.engine,
        snapshot,
        snapshot.sha256,
        config.project.id or origin.project,
        _scope(origin, cluster, config),
    )
    billed = billing(rolled_up)
    account = negotiated(in_currency_of_bill(book, billed, config.rates), billed, config.rates)
    prices = account.prices
    measured, profiles = usage(rolled_up), traffic(rolled_up, _services(cluster))
    bill = attribute(
        cluster,
        billing=billed,
        usage=measured,
        prices=prices,
        region=region,
        window_days=origin.window_days,
        cud=config.rates.cud,
    )
    callers = {name: profile.callers for name, profile in profiles.items()}
    merging = merge_neighbours(objects, cluster, config, callers, measured, parse)
    bill = bill.joined(merging.into)
    # What belongs to the cluster by nature does not keep it alive: it goes with the last of the others.
    holds = [name for name, fit in merging.fits.items() if fit.verdict != "keep"]
    minimums = {name: pool.min_nodes for name, pool in config.pools.items()}
    avoidable = Avoidable(cluster, bill, measured, holds, merging.into, minimums)
    by_day = daily(measured, profiles)
    evidence = _Evidence(
        cluster=cluster,
        config=config,
        region=region,
        prices=prices,
        usage=measured,
        traffic=profiles,
        bill=bill,
        avoidable=avoidable,
        calibration=calibration,
        effort=effort,
    )
    said = [
        *assumptions,
        *(f"asked for when the snapshot was made, and not got: {one}" for one in origin.unread),
        NOT_COMPARED,
        *account.said,
        *_short_window(by_day),
        *bill.reasons,
        *merging.assumptions,
        *(AVOIDABLE_ASSUMPTIONS if cluster.nodes else ()),
    ]
    if config.assumed_traffic is not None:
        without = [w.id for w in merging.cluster.workloads if w.id not in profiles]
        said.append(
            f"traffic is assumed where none was measured: {assumed_words(config.assumed_traffic)} ([traffic.assumed])"
            f" for {len(without)} of {len(merging.cluster.workloads)} workloads"
        )
    of_each = measured_of(merging.usage, profiles, by_day, config.assumed_traffic, merging.cluster)
    return evidence, merging, of_each, said


def _short_window(by_day: Mapping[str, Daily]) -> list[str]:
    """Said where days were measured, but too few of them for an interval."""
    days = max((len(d.days) for d in by_day.values()), default=0)
    if not 0 < days < MIN_DAYS:
        return []
    said = f"no interval of the saving: {days} days were measured, and it takes {MIN_DAYS}"
    ranges = [found for d in by_day.values() if (found := range_of_weeks(d)) is not None]
    if not ranges:
        return [said]
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    return [f"{said}; a range alone: a week's requests of a workload were {low:.0%} to {high:.0%} of its mean"]


def _services(cluster: Cluster) -> dict[tuple[str, str], str]:
    """(namespace, Service) -> the workload behind it; a Service in front of several is nobody's alone."""
    return {key: found[0].id for key, found in cluster.by_service.items() if len(found) == 1}


def _region(cluster: Cluster, config: Config) -> tuple[str, list[str]]:
    """The config's region, else the cluster's (a zone's region), else a default that is said."""
    if config.project.region:
        return config.project.region, []
    if cluster.location:
        parts = cluster.location.split("-")
        return "-".join(parts[:2]), []
    return DEFAULT_REGION, [f"prices of {DEFAULT_REGION}: neither the snapshot nor [project] region names a region"]


def _assess_workload(
    workload: Workload, fit: Fit, measured: Measured, evidence: _Evidence
) -> tuple[WorkloadAssessment, list[str]]:
    sizing = _sized(workload, fit, measured, evidence)
    choice = _chosen(workload, fit, sizing.shape if sizing else None, measured, evidence)
    shape, prediction = choice.shape, choice.prediction
    timeline = prediction.timeline if prediction else _running(workload, shape, measured)
    notes = [*(f for f in (sizing.findings if sizing else ()) if f.rule not in choice.says), *choice.findings]
    shape, items, price_findings = _priced(shape, timeline, evidence)
    if items is not None and timeline is not None:
        items = (*items, *beside_items(workload, timeline, Tariff(evidence.prices, evidence.region)))
    cost = _cost(workload, shape, timeline, items, measured, choice.ranges, evidence)
    assumed = _assumed_of(fit, timeline, measured, evidence.config)
    notes += _might_wait(workload, shape, timeline, evidence)
    notes += _capped_blindly(workload, choice, evidence.config)
    notes += [*price_findings, *_gaps(workload, fit, shape, timeline, assumed, evidence), *_doubts(cost)]
    notes += other_ways(fit, cost, lambda other: _month_of(workload, other, measured, evidence))
    of_analyses = list(graded(notes, evidence.config, workload.id))
    found = [*fit.findings, *of_analyses]
    if fit.verdict == "ready" and any(f.severity == "change" for f in of_analyses):
        fit = replace(fit, verdict="changes")
    # Fit's findings are graded already, since its verdict rests on them.
    found = sorted(found, key=lambda f: SEVERITIES.index(f.severity))
    assessed = WorkloadAssessment(
        workload=workload,
        fit=fit,
        shape=shape,
        timeline=timeline,
        cost=cost,
        latency=_latency(prediction, choice.ranges),
        choice=choice.found,
        measured=measured,
        assumed_traffic=assumed,
        operability=toil(workload, evidence.cluster, fit.target, found, fit.dependencies, evidence.config.rates),
        effort_days=effort_days(workload, found, evidence.config) if fit.moves else None,
        findings=tuple(found),
    )
    return assessed, [*(sizing.assumptions if sizing else ()), *(prediction.assumptions if prediction else ())]


@dataclass(frozen=True, slots=True)
class _Choice:
    """The configuration that goes on, and what is predicted for it. ``says``: rules that it says in sizing's place."""

    shape: ServiceShape | None
    prediction: Prediction | None
    found: Recommendation | None = None
    findings: tuple[Finding, ...] = ()
    says: tuple[str, ...] = ()
    ranges: Ranges | None = None


def _month_of(workload: Workload, fit: Fit, measured: Measured, evidence: _Evidence) -> Decimal | None:
    """What a workload would cost a month on Cloud Run if it moved as ``fit`` says; None where that is not known."""
    sizing = _sized(workload, fit, measured, evidence)
    choice = _chosen(workload, fit, sizing.shape if sizing else None, measured, evidence)
    shape, prediction = choice.shape, choice.prediction
    timeline = prediction.timeline if prediction else _running(workload, shape, measured)
    _, items, _ = _priced(shape, timeline, evidence)
    return None if items is None else total(items)


def _assess_part(workload: Workload, fit: Fit, evidence: _Evidence) -> WorkloadAssessment:
    """A neighbour that is a part of its caller's service: listed, and counted there."""
    return WorkloadAssessment(
        workload=workload,
        fit=fit,
        shape=None,
        timeline=None,
        cost=Cost(evidence.bill.currency, (), (), None, None, None, None),
        latency=None,
        operability=toil(workload, evidence.cluster, fit.target, fit.findings, rates=evidence.config.rates),
        effort_days=None,
        findings=fit.findings,
    )


def _sized(workload: Workload, fit: Fit, measured: Measured, evidence: _Evidence) -> Sizing | None:
    if not fit.moves or not workload.complete:
        return None
    sizing = size(
        workload,
        target=fit.target,
        containers=fit.containers,
        ingress=fit.ingress_container,
        usage=measured.usage,
        traffic=measured.traffic,
        config=evidence.config,
    )
    if sizing.shape is None or fit.between_requests == "nothing":
        return sizing
    # How many are kept is said by fit's finding then, with why.
    said = tuple(f for f in sizing.findings if f.rule != "minimum-not-carried")
    return replace(sizing, shape=_kept_up(sizing.shape, fit), findings=said)


def _kept_up(shape: ServiceShape, fit: Fit) -> ServiceShape:
    """The shape with what its containers need while no request runs: CPU, and an instance."""
    least = max(shape.min_instances, 1 if fit.between_requests == "instance" else 0)
    return replace(shape, between_requests=fit.between_requests, billing="instance", min_instances=least)


def _chosen(
    workload: Workload, fit: Fit, sized: ServiceShape | None, measured: Measured, evidence: _Evidence
) -> _Choice:
    """The cheapest configuration that meets the objectives; as it was sized where none can be searched."""
    if sized is None or sized.target != "service":
        return _Choice(sized, None)
    basis = basis_of_workload(workload, fit, measured, corrections_of(workload, fit, evidence.calibration))
    question = Question(
        workload=workload,
        basis=basis,
        cost=cost_of(workload, Tariff(evidence.prices, evidence.region, evidence.config.rates.cud)),
        config=evidence.config,
        objectives=evidence.config.objectives_of(workload.id),
    )
    found = None
    if evidence.prices.currency == evidence.bill.currency:
        with _without_price():
            found = search(sized, question, evidence.effort)
    if found is None:  # without prices nothing is the cheapest
        requests = None if evidence.effort == "quick" else UNSEARCHED_REQUESTS
        return _Choice(sized, predict_shape(basis, sized, requests))
    findings = tuple(findings_of(found, question, evidence.bill.currency))
    prediction = predict(found.best.shape, basis, found.best.month)
    ranges = ranges_around(found, question)
    return _Choice(found.best.shape, prediction, found, findings, ("minimum-not-carried",), ranges)


@contextmanager
def _without_price() -> Iterator[None]:
    """A price that the book lacks is said where the lines of the month are made."""
    try:
        yield
    except InputError as error:
        if error.ref != "no-price":
            raise


def _running(workload: Workload, shape: ServiceShape | None, measured: Measured) -> InstanceTimeline | None:
    if shape is None:
        return None
    instances = mean_instances(workload, measured.usage)
    return None if instances is None else running_timeline(instances)


def _priced(
    shape: ServiceShape | None, timeline: InstanceTimeline | None, evidence: _Evidence
) -> tuple[ServiceShape | None, tuple[LineItem, ...] | None, list[Finding]]:
    """The lines of a month, in the cheaper billing mode where there is a choice."""
    if shape is None or timeline is None:
        return shape, None, []
    if evidence.prices.currency != evidence.bill.currency:
        return shape, None, [notices.no_price(no_rate(evidence.prices, evidence.bill.currency))]
    cud = evidence.config.rates.cud
    try:
        if shape.target != "service":
            return shape, price_timeline(shape, timeline, evidence.prices, evidence.region, cud), []
        priced = price_both(shape, timeline, evidence.prices, evidence.region, cud)
    except InputError as error:
        if error.ref != "no-price":
            raise
        return shape, None, [notices.no_price(error.found)]
    mode = cheaper_billing(priced)
    return replace(shape, billing=mode), priced[mode], []


# A job that runs seldom may wait hours for its start; one that runs more often may not.
_SELDOM = 31


def _capped_blindly(workload: Workload, choice: _Choice, config: Config) -> list[Finding]:
    """A cap below today's pods where no requests are known: what serves them is asked, not supposed."""
    shape, most = choice.shape, most_instances(workload, config)
    blind = choice.found is None and shape is not None and shape.target == "service"
    if not blind or most is None or most >= most_pods(workload):
        return []
    return [notices.overloaded(None, most, most_pods(workload))]


def _might_wait(
    workload: Workload, shape: ServiceShape | None, timeline: InstanceTimeline | None, evidence: _Evidence
) -> list[Finding]:
    """Delayed execution, with its price, for a job that starts once a day or less and ends within 12 hours."""
    batch = workload.batch
    runs = runs_per_month(batch.schedule) if batch and batch.schedule else None
    if shape is None or shape.target != "job" or shape.gpu or not runs or runs > _SELDOM:
        return []
    if batch is None or batch.suspend or batch.starting_deadline_s is not None:
        return []
    if timeline is None:
        return [notices.job_can_wait("its price is not known, since the running time is not")]
    if timeline.running_instance_s / runs > MAX_DELAYED_RUN_S:
        return []
    try:
        delayed = total(price_delayed(shape, timeline, evidence.prices, evidence.region))
        ordinary = total(price_timeline(shape, timeline, evidence.prices, evidence.region))
    except InputError as error:
        if error.ref != "no-price":
            raise
        return [notices.job_can_wait(f"null, since {error.found}")]
    currency = evidence.prices.currency
    amounts = [plain_amount(month, currency) for month in (delayed, ordinary)]
    return [notices.job_can_wait(f"{amounts[0]} {currency} a month in place of {amounts[1]}, at list price")]


def _assumed_of(fit: Fit, timeline: InstanceTimeline | None, measured: Measured, config: Config) -> str:
    """``[traffic.assumed]`` in words, of a service that is priced with it."""
    assumed = measured.traffic is not None and measured.traffic.source == "assumed"
    if not assumed or config.assumed_traffic is None or fit.target != "service" or timeline is None:
        return ""
    return assumed_words(config.assumed_traffic)


def assumed_words(assumed: AssumedTraffic) -> str:
    """``[traffic.assumed]`` in words."""
    when = " ".join(w for w in (assumed.days, assumed.hours, assumed.timezone) if w)
    rate = f"{assumed.requests_per_s:g} requests/s at {assumed.latency_ms:g} ms"
    return rate + (f" ({when}, none outside)" if when else "")


def _gaps(
    workload: Workload,
    fit: Fit,
    shape: ServiceShape | None,
    timeline: InstanceTimeline | None,
    assumed: str,
    evidence: _Evidence,
) -> list[Finding]:
    found = []
    if shape is not None and timeline is None:
        found.append(
            notices.no_traffic_data(workload.id) if fit.target == "service" else notices.no_running_time(workload.id)
        )
    if assumed:
        found.append(notices.traffic_assumed(workload.id, assumed))
    reason = evidence.bill.unpriced.get(workload.id)
    if reason:
        found.append(notices.no_gke_cost(reason))
    left_out = evidence.bill.left_out.get(workload.id)
    if left_out and not reason:
        found.append(notices.no_price(left_out))
    return found


def _doubts(cost: Cost) -> list[Finding]:
    """Whether the move gains or loses may hang on the days that were looked at."""
    if cost.interval is None or not cost.interval[0] < 0 < cost.interval[1]:
        return []
    return [notices.saving_may_be_a_loss(*cost.interval, cost.currency)]


def _cost(
    workload: Workload,
    shape: ServiceShape | None,
    timeline: InstanceTimeline | None,
    items: tuple[LineItem, ...] | None,
    measured: Measured,
    ranges: Ranges | None,
    evidence: _Evidence,
) -> Cost:
    gke = evidence.bill.by_workload.get(workload.id)
    attributed = None if gke is None else total(gke)
    cost = Cost(
        currency=evidence.bill.currency,
        gke_items=gke or (),
        cloud_run_items=items or (),
        gke_attributed_month=attributed,
        gke_avoidable_month=evidence.avoidable.alone(workload.id),
        cloud_run_month=None if items is None else total(items),
        interval=None,
    )
    draws = day_changes(cost, shape, timeline, measured.daily, ranges)
    if cost.saving_month is None or draws is None:
        return cost
    return replace(cost, interval=interval_of(cost.saving_month, [draws]))


def _latency(prediction: Prediction | None, ranges: Ranges | None) -> Latency | None:
    if prediction is None:
        return None
    return Latency(
        prediction.gke,
        prediction.cloud_run,
        prediction.cold_start_ratio,
        prediction.startup_ms,
        prediction.method,
        ranges,
    )


def _provenance(snapshot: Snapshot) -> dict[str, object]:
    """What is printed of the snapshot: its content, never the folder that it lies in."""
    origin = snapshot.provenance
    return {
        "sha256": snapshot.sha256,
        "source": origin.source,
        "window_start": origin.window_start.isoformat(),
        "window_end": origin.window_end.isoformat(),
        "project": origin.project,
        "cluster": origin.cluster,
        "location": origin.location,
        "made_up": origin.made_up,
        "rows": dict(origin.rows),
        "gaps": list(origin.gaps),
        "unread": [{"what": one.what, "why": one.why} for one in origin.unread],
        "skipped": len(origin.skipped),
        "problems": len(origin.problems),
        "superseded": [{"id": s.id, "kept": s.kept, "dropped": s.dropped} for s in origin.superseded],
    }
