"""Which work goes away when a workload leaves, and which comes, in hours a month, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from k2cr_analysis.config import Rates, ToilRates
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.findings.finding import Finding, Target
from k2cr_analysis.model.toil import Operability, ToilItem
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.operability.evidence import addons, deprecated_apis, placement_fields, pools
from k2cr_analysis.operability.rates import rates_of_rule

_LISTED = 5


def toil(
    workload: Workload,
    cluster: Cluster,
    target: Target,
    findings: Sequence[Finding],
    dependencies: Sequence[Dependency] = (),
    rates: Rates | None = None,
) -> Operability:
    """The two lists for one workload; both empty where it stays.

    ``shared`` items are the cluster's: they stand in the list of every workload, in the same words, and leave (or come)
    once, with the last one (the first one). Hours are counts from the snapshot times ``rates``, the config's.
    """
    if target == "none":
        return Operability((), ())
    rates = rates or Rates()
    return Operability(
        leaves=(*own_leaves(workload, rates.toil), *shared_leaves(cluster, rates.toil)),
        comes=(*_own_comes(workload, target, findings, dependencies, rates), *shared_comes(cluster, rates.toil)),
    )


def shared_leaves(cluster: Cluster, rates: ToilRates) -> Iterator[ToilItem]:
    """Work on the cluster itself, which ends when nothing is left on it."""
    if cluster.is_autopilot:
        hours, evidence = rates.cluster_upgrade_autopilot, "an Autopilot cluster: the nodes are Google's"
        yield ToilItem("cluster upgrades", hours, evidence, shared=True)
    else:
        seen = f"{len(cluster.nodes)} nodes" if cluster.nodes else "no Node objects in the snapshot"
        yield ToilItem("cluster upgrades", rates.cluster_upgrade, f"one cluster ({seen})", shared=True)
        if found := pools(cluster):
            yield ToilItem("node pools", rates.node_pool * len(found), _listed("node pools", found), shared=True)
        if cluster.nodes:
            yield ToilItem(
                "on-call for nodes",
                round(rates.node * len(cluster.nodes), 2),
                f"{len(cluster.nodes)} nodes",
                shared=True,
            )
    if found := addons(cluster):
        yield ToilItem("add-ons", rates.addon * len(found), _listed("DaemonSets and operators", found), shared=True)


def shared_comes(cluster: Cluster, rates: ToilRates) -> Iterator[ToilItem]:
    evidence = f"{len(cluster.workloads)} workloads on the cluster: for as long as one of them stays"
    yield ToilItem("two platforms beside each other", rates.two_platforms, evidence, shared=True)


def own_leaves(workload: Workload, rates: ToilRates) -> Iterator[ToilItem]:
    """Work on the cluster that one workload makes, whether it can move or not."""
    if workload.autoscaler is not None:
        evidence = f"{workload.autoscaler.kind}/{workload.autoscaler.name}"
        yield ToilItem("tuning of the autoscaler", rates.autoscaler, evidence)
    budgets = workload.related.get("PodDisruptionBudget", ())
    if budgets:
        names = [str((raw.get("metadata") or {}).get("name")) for raw in budgets]
        hours = rates.disruption_budget * len(budgets)
        yield ToilItem("drains that wait for a disruption budget", hours, f"PodDisruptionBudget/{', '.join(names)}")
    if found := deprecated_apis(workload):
        yield ToilItem("deprecated API versions", rates.deprecated_api * len(found), "; ".join(found))
    if found := placement_fields(workload):
        yield ToilItem("placement rules that follow the node pools", rates.placement, ", ".join(found))


def _own_comes(
    workload: Workload, target: Target, findings: Sequence[Finding], dependencies: Sequence[Dependency], rates: Rates
) -> Iterator[ToilItem]:
    if target == "service":
        evidence = "a service on Cloud Run scales by requests"
        yield ToilItem("concurrency, instances and cold starts", rates.toil.service_tuning, evidence)
    if target == "worker-pool":
        yield ToilItem(
            "instance count of the worker pool",
            rates.toil.worker_pool_scaling,
            "its number is set by hand, or its CPU autoscaling watched",
        )
    if workload.batch is not None and workload.batch.schedule is not None:
        yield ToilItem(
            "Cloud Scheduler beside the job", rates.toil.scheduler_job, f"schedule {workload.batch.schedule}"
        )
    staying = sorted({d.target for d in dependencies if d.in_cluster})
    if staying:
        hours = rates.toil.path_between_platforms * len(staying)
        yield ToilItem("path between the two platforms", hours, _listed("targets in the cluster", staying))
    for rule in sorted({f.rule for f in findings if f.severity == "change"}):
        hours = rates_of_rule(rule, rates).hours_month
        if hours:
            evidence = next(f.path or f.message for f in findings if f.rule == rule)
            yield ToilItem(f"what changes by {rule}", hours, evidence)


def _listed(what: str, names: Sequence[str]) -> str:
    """What, how many, and the first few names."""
    shown = ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
    return f"{what}: {len(names)} ({shown})"
