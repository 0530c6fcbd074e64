"""The other way to run a worker, priced beside the recommended one: apart from its service, or by push.

Both go through the same sizing, prediction and prices as the recommended configuration, with another answer of fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.assessment.findings import notices
from k2cr_analysis.assessment.result import Cost
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.model.cloud_run import StartupOrder
from k2cr_analysis.model.findings.finding import Finding, Target
from k2cr_analysis.model.money import plain_amount
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_PORT

Price = Callable[[Fit], Decimal | None]


def other_ways(fit: Fit, cost: Cost, price: Price) -> list[Finding]:
    """Notes with both prices; none where nothing works without requests, or the workload does not move."""
    if not fit.moves or not fit.background:
        return []
    if fit.target == "service" and fit.between_requests == "instance":
        return [_beside_or_apart(fit, cost, price)]
    of_pubsub = [b for b in fit.background if b.of_pubsub]
    if fit.target == "worker-pool" and of_pubsub:
        pushed = replace(fit, target="service", ingress_container=of_pubsub[0].container, ingress_port=DEFAULT_PORT)
        names = ", ".join(b.container for b in of_pubsub)
        here, there = _said(cost.cloud_run_month, cost), _said(price(pushed), cost)
        return [notices.pull_or_push(of_pubsub[0].at, names, here, there)]
    return []


def _beside_or_apart(fit: Fit, cost: Cost, price: Price) -> Finding:
    workers = tuple(b.container for b in fit.background if b.kind != "shipping")
    # A web container that pulls too is in both: what answers requests, and what pulls.
    web = tuple(n for n in fit.containers if n not in workers or n == fit.ingress_container)
    service = replace(_of(fit, web, "service"), between_requests="nothing")
    pool = replace(_of(fit, workers, "worker-pool"), ingress_container=None, ingress_port=None)
    months = (cost.cloud_run_month, price(service), price(pool))
    names = "container " + ", ".join(workers) if len(workers) == 1 else "containers " + ", ".join(workers)
    at = next(b.at for b in fit.background if b.container == workers[0])
    return notices.worker_beside_or_apart(at, names, *(_said(month, cost) for month in months))


def _of(fit: Fit, names: tuple[str, ...], target: Target) -> Fit:
    """The move of some containers alone."""
    order = fit.startup
    kept = StartupOrder(
        {n: tuple(o for o in others if o in names) for n, others in order.depends_on.items() if n in names},
        {pair: why for pair, why in order.evidence.items() if set(pair) <= set(names)},
        tuple(n for n in order.order if n in names),
    )
    return replace(fit, containers=names, target=target, startup=kept, background=())


def _said(month: Decimal | None, cost: Cost) -> str:
    if month is None:
        return "a price that the snapshot cannot tell"
    return f"{plain_amount(month, cost.currency)} {cost.currency} a month"
