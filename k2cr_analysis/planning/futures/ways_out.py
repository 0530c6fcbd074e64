"""Where a workload goes that Cloud Run does not take, and what that costs a month where a price is known.

The server's protocol decides (by its image), else what blocks it. Sizes are those of use where that was measured, with
the headroom of a right-sized request, else those requested; where the two differ the price is a range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.fit.evidence.known_images import raw_server, sidecar_kind
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Volume
from k2cr_analysis.openapi.quantity import bytes_of, is_quantity
from k2cr_analysis.planning.futures.way_prices import month_of, why_unpriced
from k2cr_analysis.platforms.billing import GIB
from k2cr_analysis.platforms.managed import (
    BATCH,
    BUILD,
    FILESTORE,
    GONE,
    IAP,
    MACHINE,
    OF_PROTOCOL,
    WORKER_POOL,
)
from k2cr_analysis.pricing.gke.pod_demand import PodDemand, pod_demands
from k2cr_analysis.pricing.stay.rightsize import rightsized_demands

_ZERO, _CENT = Decimal(0), Decimal("0.01")
_OF_RULE: Mapping[str, str] = {
    "kubernetes-api-used": f"{GONE}: it works on the cluster's own API; what it did for others is a decision",
    "processor-or-system-not-offered": BUILD,
    "udp-or-sctp-port": MACHINE,
    "raw-tcp-server": WORKER_POOL,
    "route-not-http": WORKER_POOL,
    "requests-over-instance": MACHINE,
    "durable-block-storage": MACHINE,
    "stateful-set-identity": MACHINE,
    "headless-peer-discovery": MACHINE,
    "host-path-volume": MACHINE,
    "accelerator-not-offered": MACHINE,
    "task-over-limit": BATCH,
    "network-file-system": FILESTORE,
}
_JOBS = ("Job", "CronJob")


@dataclass(frozen=True, slots=True)
class WayOut:
    """``month``: None where a price is not known, and ``reason`` says which; ``at_least_month``: the known part of it.

    ``size``: in words. ``high_month``: where the size is a guess, at what is requested rather than used.
    """

    id: str
    to: str
    size: str
    month: Decimal | None
    at_least_month: Decimal
    high_month: Decimal | None
    reason: str
    lines: tuple[LineItem, ...] = ()
    cluster: str = ""


def ways_out(assessment: Assessment, holds: frozenset[str]) -> Iterator[WayOut]:
    """Of each workload that holds the cluster and does not move."""
    demands = pod_demands(assessment.cluster, assessment.usage)
    sized = rightsized_demands(demands, assessment.usage, assessment.config.objectives.headroom)
    tariff = Tariff(assessment.prices, assessment.region)
    for assessed in assessment.workloads:
        if assessed.fit.moves or assessed.id not in holds:
            continue
        to = _way_of(assessed)
        used, asked = sized[assessed.id], demands[assessed.id]
        yield _priced(assessed, to, (used, asked), tariff)


def _way_of(assessed: WorkloadAssessment) -> str:
    protocols = [server[1] for c in assessed.workload.pod.containers if (server := raw_server(c.image)) is not None]
    managed = next((OF_PROTOCOL[p] for p in protocols if p in OF_PROTOCOL), None)
    if managed is not None:
        return managed
    if {sidecar_kind(c.name, c.image) for c in assessed.workload.pod.containers} == {"auth-proxy"}:
        return IAP
    if assessed.fit.verdict == "keep":
        return "somebody keeps it (k2cr.toml): a decision"
    return MACHINE if protocols else _of_blockers(assessed)


def _of_blockers(assessed: WorkloadAssessment) -> str:
    """What no managed service takes goes by the hardest of its blockers."""
    blockers = [f.rule for f in assessed.findings if f.severity == "blocker"]
    if "kubernetes-api-used" in blockers:
        return _OF_RULE["kubernetes-api-used"]
    if assessed.workload.kind in _JOBS:
        return BATCH
    found = {_OF_RULE.get(rule, MACHINE) for rule in blockers}
    return MACHINE if MACHINE in found or not found else sorted(found)[0]


def _priced(assessed: WorkloadAssessment, to: str, sizes: tuple[PodDemand, PodDemand], tariff: Tariff) -> WayOut:
    used, asked = sizes
    if to.startswith(GONE):
        return WayOut(assessed.id, to, "", None, _ZERO, None, "what takes over its work is a decision")
    disk = [_claimed_bytes(v) for v in assessed.workload.pod.volumes if v.kind == "persistentVolumeClaim"]
    unpriced = why_unpriced(to)
    if unpriced or used.pods is None:
        return WayOut(assessed.id, to, _words(used, disk), None, _ZERO, None, unpriced or used.how)
    (low, missing), (high, _) = (month_of(to, d, disk, tariff) for d in (used, asked))
    month = total(low)
    other = total(high)
    return WayOut(
        id=assessed.id,
        to=to,
        size=_words(used, disk),
        month=None if missing else month,
        at_least_month=month,
        high_month=other if abs(other - month) > _CENT else None,
        reason="; ".join(missing),
        lines=low,
    )


def _claimed_bytes(volume: Volume) -> int | None:
    """How much a persistent volume claims of a disk; None of any other, and where the claim is not in the snapshot."""
    asked = mapping(volume.claim, "spec", "resources", "requests").get("storage") if volume.claim else None
    return bytes_of(asked) if isinstance(asked, str | int | float) and is_quantity(asked) else None


def _words(demand: PodDemand, disks: Sequence[int | None]) -> str:
    size = f"{demand.cpu_cores.normalize():f} vCPU, {demand.memory_bytes / GIB:.2f} GiB"
    disk = sum((Decimal(d) for d in disks if d), _ZERO) / GIB
    pods = f"{demand.pods:.3g} pods of " if demand.pods is not None else ""
    return f"{pods}{size}" + (f", {disk:.0f} GiB of disk" if disk else "")
