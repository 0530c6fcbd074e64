"""Neighbours that the config merges into their caller: one service is assessed, and its cost is that of all its parts.

What the cluster costs and which nodes go is worked out of the cluster as it is; each neighbour's part of it is then put
to its caller's, once. What becomes of the pods on Cloud Run is worked out of the merged pod.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from k2cr_analysis.assessment.findings import notices
from k2cr_analysis.config import Config
from k2cr_analysis.fit import assess_cluster
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.findings.grading import graded
from k2cr_analysis.model.objects.merge import Merges, check_merges, container_names, merged_objects, refuse
from k2cr_analysis.model.observed import ContainerUsage, WorkloadUsage
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.snapshot import SnapshotObject

Callers = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Merging:
    """``cluster``: as the analyses of Cloud Run see it. ``into``: neighbour's id -> its caller's; empty as a rule."""

    cluster: Cluster
    fits: Mapping[str, Fit]
    into: Mapping[str, str]
    neighbours: Mapping[str, tuple[Workload, Fit]]
    usage: Mapping[str, WorkloadUsage]
    assumptions: tuple[str, ...] = ()


def merge_neighbours(
    found: Iterable[SnapshotObject],
    cluster: Cluster,
    config: Config,
    callers: Callers,
    usage: Mapping[str, WorkloadUsage],
    parse: Callable[[Iterable[SnapshotObject]], Cluster],
) -> Merging:
    """Fit of every workload, with the merges that the config asks for; ConfigError for one that cannot be."""
    merges = _merges_here(cluster, config)
    check_merges(cluster, merges)
    fits = assess_cluster(cluster, config, callers)
    if not merges:
        return Merging(cluster, fits, {}, {}, usage)
    into = {one: caller for caller, ids in merges.items() for one in ids}
    for one, caller in into.items():
        _check_neighbour(cluster.by_id[one], caller, fits, {caller, *merges[caller]})
    merged = parse(merged_objects(found, cluster, merges))
    merged_fits = dict(assess_cluster(merged, config, _of_merged(callers, into)))
    for caller, ids in merges.items():
        merged_fits[caller] = _without_calls_inside(merged_fits[caller], caller, [cluster.by_id[one] for one in ids])
    neighbours = {}
    for one, caller in sorted(into.items()):
        part = _part_of(cluster.by_id[one], fits[one], cluster.by_id[caller], merged_fits[caller], config)
        neighbours[one] = (cluster.by_id[one], part)
    return Merging(
        cluster=merged,
        fits=merged_fits,
        into=into,
        neighbours=neighbours,
        usage=_joined_usage(cluster, merges, usage),
        assumptions=tuple(
            f"{caller} with {', '.join(ids)} in one service: as many instances as {caller} needs, and the CPU that its "
            "neighbours use is spread over them"
            for caller, ids in merges.items()
        ),
    )


def _merges_here(cluster: Cluster, config: Config) -> dict[str, tuple[str, ...]]:
    """The config's merges; one of which this cluster has nothing at all is for another cluster of the fleet."""
    asked = {name: settings.merge for name, settings in sorted(config.workloads.items()) if settings.merge}
    return {name: ids for name, ids in asked.items() if any(one in cluster.by_id for one in (name, *ids))}


def _check_neighbour(neighbour: Workload, caller: str, fits: Mapping[str, Fit], members: set[str]) -> None:
    fit = fits[neighbour.id]
    if not fit.moves:
        rules = ", ".join(dict.fromkeys(f.rule for f in fit.findings if f.severity == "blocker")) or "it stays"
        refuse(caller, f"{neighbour.id}, which is {fit.verdict} ({rules})", "neighbours that can move")
    if any(e.routes or e.type == "LoadBalancer" for e in neighbour.exposures):
        refuse(caller, f"{neighbour.id}, which has a way in of its own", "neighbours that only the caller calls")
    others = sorted(o for o, f in fits.items() if o not in members for d in f.dependencies if d.target == neighbour.id)
    if others:
        refuse(caller, f"{neighbour.id}, which {others[0]} calls too", "neighbours that only the caller calls")


def _without_calls_inside(fit: Fit, caller: str, neighbours: Iterable[Workload]) -> Fit:
    """A NetworkPolicy may go on naming a neighbour; anything else that does could not be changed."""
    inside = {(w.namespace, e.service) for w in neighbours for e in w.exposures}
    calls = [d for d in fit.dependencies if (d.namespace, d.service) in inside]
    for call in calls:
        if not call.path.startswith("NetworkPolicy/"):
            refuse(caller, f"{call.service}, still named in {call.evidence}", "its address in env or args alone")
    return replace(fit, dependencies=tuple(d for d in fit.dependencies if d not in calls))


def _of_merged(callers: Callers, into: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Calls of a neighbour are its caller's; calls to it stay inside."""
    named = {**into, **{f"{one.split('/')[0]}/{one.split('/')[2]}": caller for one, caller in into.items()}}
    found: dict[str, dict[str, int]] = {}
    for target, counted in callers.items():
        if target not in into:
            by_name = found.setdefault(target, {})
            for name, requests in counted.items():
                by_name[named.get(name, name)] = by_name.get(named.get(name, name), 0) + requests
    return found


def _part_of(neighbour: Workload, fit: Fit, caller: Workload, merged: Fit, config: Config) -> Fit:
    """What is still said of a neighbour: whose part it is, and the changes that nothing in the merged pod shows."""
    said = {f.rule for f in merged.findings}
    own = tuple(f for f in fit.findings if f.severity == "change" and f.rule not in said)
    other_identity = neighbour.pod.service_account_name != caller.pod.service_account_name
    note = graded([notices.merged_into(caller.id, other_identity)], config, neighbour.id)
    return replace(
        fit, verdict="keep", target="none", ingress_container=None, ingress_port=None, h2c=False, findings=(*own, *note)
    )


def _joined_usage(cluster: Cluster, merges: Merges, usage: Mapping[str, WorkloadUsage]) -> dict[str, WorkloadUsage]:
    """The neighbours' containers beside the caller's own, under their names in the merged pod."""
    joined = {name: used for name, used in usage.items() if not any(name in ids for ids in merges.values())}
    for caller, ids in merges.items():
        own = usage.get(caller)
        if own is None:
            continue
        names = container_names([cluster.by_id[one] for one in (caller, *ids)])
        containers = dict(own.containers)
        for one in ids:
            used = usage.get(one)
            for name, container in used.containers.items() if used else ():
                if (one, name) in names:
                    containers[names[one, name]] = _in_instance(container, used, own)
        joined[caller] = replace(own, containers=containers)
    return joined


def _in_instance(container: ContainerUsage, used: WorkloadUsage | None, caller: WorkloadUsage) -> ContainerUsage:
    """A neighbour's container in one of the caller's pods: all its CPU over those pods; its memory as it is."""
    if used is None or not used.mean_pods or not caller.mean_pods:
        return container
    spread = used.mean_pods / caller.mean_pods
    quantiles = {q: cores * spread for q, cores in container.cpu_quantiles_cores.items()}
    return replace(container, cpu_quantiles_cores=quantiles)
