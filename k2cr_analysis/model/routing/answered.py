"""Who comes in where no object shows it: a person's word on one workload, ``[workload."ID".decided] entrance``.

What the objects show stands: the word fills in what is unknown, and opens nothing that is known to be internal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from k2cr_analysis.config.settings import Config
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.workload import Exposure, Reach, Route, Workload

_REACH: Mapping[Literal["internal", "public"], Reach] = {"internal": "internal", "public": "external"}


def with_answers(cluster: Cluster, config: Config) -> Cluster:
    """The cluster with the entrances that the config's answers name."""
    said = {name: settings.decided.entrance for name, settings in config.workloads.items()}
    if not any(said.values()):
        return cluster
    return replace(cluster, workloads=tuple(_answered(w, said.get(w.id)) for w in cluster.workloads))


def _answered(workload: Workload, said: Literal["internal", "public"] | None) -> Workload:
    if said is None:
        return workload
    return replace(workload, exposures=tuple(_exposure(e, _REACH[said]) for e in workload.exposures))


def _exposure(exposure: Exposure, reach: Reach) -> Exposure:
    routes = tuple(_route(r, reach) for r in exposure.routes)
    if exposure.is_open_on_nodes:
        why = f"Service {exposure.service} is open on a port of every node"
        return replace(exposure, load_balancer=(reach, why), answered=True)
    known = exposure.load_balancer
    if known is None or known[0] != "unknown":
        return replace(exposure, routes=routes)
    return replace(exposure, routes=routes, load_balancer=(reach, known[1]), answered=True)


def _route(route: Route, reach: Reach) -> Route:
    if route.reach != "unknown":
        return route
    return replace(route, entrance=replace(route.entrance, reach=reach, answered=True))
