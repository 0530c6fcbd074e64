"""Assessments made of small clusters, with prices set by the test, for tests of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from k2cr_analysis.assessment.result import Assessment, Cost, WorkloadAssessment
from k2cr_analysis.config import Config, Rates, WorkloadSettings
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.model.cloud_run import StartupOrder
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.model.toil import Operability
from k2cr_analysis.pricing.gke.today import attribute
from k2cr_analysis.pricing.packing.avoidable import Avoidable
from tests.pricing.clusters import REGION, cluster

BOOK = PriceBook.embedded()


@dataclass(frozen=True)
class Move:
    """What the test says of one workload. ``cloud_run``: US$ a month; None: not known."""

    cloud_run: float | None = 1.0
    verdict: str = "ready"
    days: float = 1.0
    calls: tuple[str, ...] = ()


def assessment(
    objects: Iterable[Mapping[str, Any]], moves: Mapping[str, Move], *, engineer_hour: str | None = None
) -> Assessment:
    """``moves``: name of a Deployment in ``shop`` -> what is said of it; the others are kept."""
    found = cluster(objects)
    bill = attribute(found, None, {}, BOOK, REGION, 30.0)
    config = Config(rates=Rates(engineer_hour=Decimal(engineer_hour) if engineer_hour else None))
    avoidable = Avoidable(found, bill)
    workloads = tuple(_assessed(w, moves.get(w.name, Move(None, "keep")), bill, avoidable) for w in found.workloads)
    return Assessment({}, found, config, REGION, BOOK, bill, avoidable, workloads, ())


def kept(assessed: Assessment, workload_id: str) -> Assessment:
    """The same, where the config keeps one workload."""
    return replace(assessed, config=replace(assessed.config, workloads={workload_id: WorkloadSettings(keep=True)}))


def _assessed(workload, move, bill, avoidable):
    amount = None if move.cloud_run is None else Decimal(str(move.cloud_run))
    items = () if amount is None else (LineItem("Services CPU", amount, "vcpu_s", Decimal(1), "USD"),)
    moves = move.verdict in ("ready", "changes")
    edges = tuple(
        Dependency(workload.id, f"shop/Deployment/{name}", "http", True, name, "shop", 80, "env", "$")
        for name in move.calls
    )
    rule = {"blocked": "durable-volume", "keep": "belongs-to-cluster"}.get(move.verdict)
    findings = (Finding(rule, "blocker" if move.verdict == "blocked" else "note", "$", "because"),) if rule else ()
    return WorkloadAssessment(
        workload=workload,
        fit=Fit(
            move.verdict,
            "service" if moves else "none",
            None,
            None,
            False,
            (),
            {},
            StartupOrder({}, {}, ()),
            {},
            edges,
            findings,
            (),
        ),
        shape=None,
        timeline=None,
        cost=Cost(
            currency="USD",
            gke_items=bill.by_workload.get(workload.id, ()),
            cloud_run_items=items,
            gke_attributed_month=bill.attributed_month(workload.id),
            gke_avoidable_month=avoidable.alone(workload.id),
            cloud_run_month=amount,
            interval=None,
        ),
        latency=None,
        operability=Operability((), ()),
        effort_days=move.days if moves else None,
        findings=findings,
    )
