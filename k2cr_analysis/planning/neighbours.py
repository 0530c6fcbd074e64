"""Charges beside pods and instances: what comes, goes or stays the same when the plan's set moves, each with evidence.

What is in the plan's sums already says so. What has a price and a count that nobody measured is a range; what has no
count is a said unknown. Nothing is taken to be equal on both sides because it is hard to tell apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.money import decimal_text, plain_amount
from k2cr_analysis.model.prices import GLOBAL
from k2cr_analysis.planning.worth import Candidate, Fleet, Worth
from k2cr_analysis.platforms.billing import GIB
from k2cr_analysis.platforms.images import PUBLIC_REGISTRIES, parse_image
from k2cr_analysis.pricing.cloud_run.beside import UNITS_BESIDE

Change = Literal["comes", "goes", "may go", "stays", "none"]

_ZERO = Decimal(0)
_SHOWN = 4
# An assumption of ours: nobody publishes the size of an entry; it has some 30 fields, and the URL and the agent vary.
REQUEST_LOG_BYTES = (512, 2048)
_BALANCERS, _NAT, _NETWORK, _ADDRESSES = "load balancers", "Cloud NAT", "network", "IP addresses"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """``month``: where it is known; else ``low`` to ``high``, or neither, and ``why`` says what is missing.

    ``counted``: it is in the plan's sums; the others stand beside them. ``evidence``: what in the snapshot shows it.
    """

    item: str
    change: Change
    month: Decimal | None
    evidence: str
    low: Decimal | None = None
    high: Decimal | None = None
    counted: bool = False
    why: str = ""


def neighbours_of(fleet: Fleet, chosen: Sequence[Candidate], worth: Worth) -> tuple[Neighbour, ...]:
    """Of a plan's set, over all its clusters; empty where nothing moves."""
    if not chosen:
        return ()
    return (
        *_secrets_and_schedules(chosen),
        *_paths(worth),
        *_request_logs(fleet, chosen),
        *_balancers(fleet, chosen),
        *_nat(fleet, chosen),
        *_between_zones(fleet),
        *_between_regions(fleet, chosen),
        *_registries(chosen),
        _connectors(chosen),
    )


def _secrets_and_schedules(chosen: Sequence[Candidate]) -> Iterator[Neighbour]:
    items = [i for c in chosen if c.assessed.cost for i in c.assessed.cost.cloud_run_items if i.unit in UNITS_BESIDE]
    names = {"secret_version_month": "secrets in Secret Manager", "secret_access": "their reads at starts"}
    for unit in UNITS_BESIDE:
        found = [item for item in items if item.unit == unit]
        if found:
            count = sum((item.quantity for item in found), _ZERO)
            month = sum((item.amount for item in found), _ZERO)
            evidence = f"{count.normalize():f} a month over {len(chosen)} workloads, before what the account has free"
            yield Neighbour(names.get(unit, "jobs of Cloud Scheduler"), "comes", month, evidence, counted=True)


def _paths(worth: Worth) -> Iterator[Neighbour]:
    if worth.hops:
        evidence = (
            f"{len(worth.hops)} workloads that stay, or moved ones called by name: {_ids(h[1] for h in worth.hops)}"
        )
        why = "what these balancers forward is not measured"
        yield Neighbour("paths to what stays", "comes", worth.hops_month, evidence, counted=True, why=why)


def _request_logs(fleet: Fleet, chosen: Sequence[Candidate]) -> Iterator[Neighbour]:
    """Cloud Run writes an entry for each request of a service; inside a cluster nobody does."""
    asked = [c.assessed.timeline.requests for c in chosen if c.assessed.timeline and c.assessed.fit.target == "service"]
    requests = sum(asked, _ZERO)
    if not requests:
        return
    low_gib, high_gib = (requests * size / GIB for size in REQUEST_LOG_BYTES)
    evidence = (
        f"{requests:,.0f} requests a month, {low_gib:.3g} to {high_gib:.3g} GiB at {REQUEST_LOG_BYTES[0]} to"
        f" {REQUEST_LOG_BYTES[1]} bytes an entry (assumed: no size is published)"
    )
    book, currency = fleet.assessments[0].prices, fleet.assessments[0].bill.currency
    price = book.price("logging.storage", GLOBAL)
    if price is None or book.currency != currency:
        yield Neighbour("request logs", "comes", None, evidence, why=book.why_missing("logging.storage", GLOBAL))
        return
    free = book.free_quantity(price.unit)
    pays_now = any(amount > 0 for a in fleet.assessments for name, amount in a.bill.lines if "Logging" in name)
    used = (
        "the bill pays for logs already: nothing is free any more"
        if pays_now
        else f"{decimal_text(free)} GiB a project are free"
    )
    low, high = ((max(gib - (_ZERO if pays_now else free), _ZERO)) * price.rate for gib in (low_gib, high_gib))
    why = f"{used}; {decimal_text(price.rate)} a GiB; an exclusion filter takes entries out"
    if low == high:
        yield Neighbour("request logs", "comes", low, evidence, why=why)
    else:
        yield Neighbour("request logs", "comes", None, evidence, low, high, why=why)


def _balancers(fleet: Fleet, chosen: Sequence[Candidate]) -> Iterator[Neighbour]:
    """An entrance of what moves gets a load balancer of its own; the cluster's goes once nothing is behind it."""
    moved = {c.key for c in chosen}
    behind: dict[tuple[int, str], set[str]] = {}
    for number, assessment in enumerate(fleet.assessments):
        for assessed in assessment.workloads:
            for entrance in _entrances(assessment, assessed.id):
                behind.setdefault((number, entrance), set()).add(assessed.id)
    touched = {key: ids for key, ids in behind.items() if any((key[0], i) in moved for i in ids)}
    if not touched:
        return
    gone = [key for key, ids in touched.items() if all((key[0], i) in moved for i in ids)]
    names = _ids(name for _, name in touched)
    rule = fleet.assessments[0].prices.price("network.alb.rule", fleet.assessments[0].region)
    rate = (
        f"{decimal_text(rule.rate)} an hour for up to five forwarding rules together"
        if rule
        else "no price of a rule is known"
    )
    yield Neighbour(
        "load balancers in front of Cloud Run",
        "comes",
        None,
        f"{len(touched)} entrances lead to what moves: {names}",
        why=f"{rate}, in a project that may have rules already; data as today's balancer has it",
    )
    evidence = (
        f"{len(gone)} of these {len(touched)} entrances have nothing behind them any more: {_ids(n for _, n in gone)}"
    )
    yield _of_bill(fleet, _BALANCERS, "may go" if gone else "stays", evidence)


def _entrances(assessment: Assessment, workload: str) -> Iterator[str]:
    for exposure in assessment.cluster.by_id[workload].exposures if workload in assessment.cluster.by_id else ():
        yield from (f"{route.kind}/{route.name}" for route in exposure.routes)
        if exposure.type == "LoadBalancer":
            yield f"Service/{exposure.service}"


def _nat(fleet: Fleet, chosen: Sequence[Candidate]) -> Iterator[Neighbour]:
    through = [c.id for c in chosen if fleet.assessments[c.cluster].config.workload(c.id).egress_addresses]
    data = fleet.assessments[0].prices.price("nat.data", GLOBAL)
    rate = f"{decimal_text(data.rate)} a GiB in and out" if data else "no price is known"
    name = "Cloud NAT of what moves"
    if through:
        evidence = f"calls leave by addresses of their own, through NAT: {_ids(through)}"
        yield Neighbour(name, "comes", None, evidence, why=f"{rate}; their traffic is not measured")
    else:
        evidence = "no workload has egress_addresses: its calls to the internet leave Cloud Run without NAT"
        yield Neighbour(name, "none", _ZERO, evidence)
    evidence = "nodes that go, and the traffic of what moves, no longer pass the cluster's NAT"
    yield _of_bill(fleet, _NAT, "may go", evidence)


def _between_zones(fleet: Fleet) -> Iterator[Neighbour]:
    evidence = "pods call each other across zones; services on Cloud Run of one region do not pay for it"
    yield _of_bill(fleet, _NETWORK, "may go", evidence)


def _between_regions(fleet: Fleet, chosen: Sequence[Candidate]) -> Iterator[Neighbour]:
    for assessment, name in zip(fleet.assessments, fleet.names, strict=True):
        where = assessment.cluster.location
        if where is None:
            continue
        home = "-".join(where.split("-")[:2])
        if home == assessment.region:
            evidence = f"{name} and the services are both in {home}"
            yield Neighbour("traffic between regions", "none", _ZERO, evidence)
        else:
            evidence = f"{name} is in {home}, and the services go to {assessment.region}"
            why = "the bytes between them are not measured"
            yield Neighbour("traffic between regions", "comes", None, evidence, why=why)


def _registries(chosen: Sequence[Candidate]) -> Iterator[Neighbour]:
    pods = (one.assessed.workload.pod for one in chosen)
    images = {c.image for pod in pods for c in pod.running if c.image and not _is_pulled_as_it_is(c.image)}
    if not images:
        yield Neighbour("Artifact Registry", "none", _ZERO, "Cloud Run pulls every image from where it is")
        return
    evidence = f"{len(images)} images come from registries that Cloud Run does not pull from: {_ids(images)}"
    why = "0.10 a GB and month above half a GB of the account, in a remote repository; their sizes are in no manifest"
    yield Neighbour("Artifact Registry", "comes", None, evidence, why=why)


def _is_pulled_as_it_is(image: str) -> bool:
    host = parse_image(image).host
    return host in PUBLIC_REGISTRIES or host.endswith(("gcr.io", "pkg.dev"))


def _connectors(chosen: Sequence[Candidate]) -> Neighbour:
    evidence = f"{len(chosen)} workloads reach the network by Direct VPC egress, which has no instances of its own"
    return Neighbour("Serverless VPC Access connectors", "none", _ZERO, evidence)


def _of_bill(fleet: Fleet, line: str, change: Change, evidence: str) -> Neighbour:
    """What a line of today's bill becomes: its month is known, and the part of it that changes is not."""
    item = f"{line} of the cluster"
    bills = [a.bill for a in fleet.assessments]
    if any(b.basis != "billing-export" or b.month is None for b in bills):
        return Neighbour(item, change, None, evidence, why="without a billing export today's charge is not known")
    currency = bills[0].currency
    today = sum((dict(b.lines).get(line, _ZERO) for b in bills), _ZERO)
    if not today:
        return Neighbour(item, "none", _ZERO, "no row of the bill is of it")
    if change == "stays":
        return Neighbour(
            item, change, _ZERO, evidence, why=f"{plain_amount(today, currency)} a month today, and after the plan"
        )
    why = f"{plain_amount(today, currency)} a month today; which part goes is not in the rows"
    return Neighbour(item, change, None, evidence, -today, _ZERO, why=why)


def _ids(names: Iterable[str]) -> str:
    found = sorted(set(names))
    return first_of(found, _SHOWN) or "none"
