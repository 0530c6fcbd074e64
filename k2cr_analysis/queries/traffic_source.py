"""Which of several counts of the same requests holds: none is counted twice.

A load balancer, a mesh sidecar and an application's own Prometheus counter may all see one request. Load balancers of
different kinds (external, regional, internal) are different ways in, and add up; a load balancer's own count and its
count at the backend are the same requests, and the backend's stands, since a cached answer reaches no pod.
"""

from __future__ import annotations

from collections.abc import Mapping

# Cloud Monitoring names; see "Google Cloud metrics", loadbalancing and istio.
_LOAD_BALANCER = "loadbalancing.googleapis.com/"
_BACKEND_COUNT = "backend_request_count"


def family(metric_type: str) -> str:
    """``load-balancer``, or the domain of the metric: ``istio.io``, ``prometheus.googleapis.com``, ..."""
    return "load-balancer" if metric_type.startswith(_LOAD_BALANCER) else metric_type.split("/", 1)[0]


def chosen_metrics(requests: Mapping[str, int]) -> tuple[str, ...]:
    """The metric types whose counts hold for one target, of those that count it: metric type -> requests in the window.

    The mesh (or the application's own counter) where it saw at least as many requests as the load balancers: then it
    saw theirs, and callers inside the cluster too. Else the load balancers: the mesh did not see all.
    """
    totals: dict[str, int] = {}
    kept = _without_double_counts(requests)
    for metric in kept:
        totals[family(metric)] = totals.get(family(metric), 0) + requests[metric]
    best = min(totals, key=lambda name: (-totals[name], name == "load-balancer", name))
    return tuple(metric for metric in kept if family(metric) == best)


def _without_double_counts(requests: Mapping[str, int]) -> list[str]:
    """Of two metrics of one load balancer, mesh or application: the one that counts at the backend, or more."""
    best: dict[str, str] = {}
    for metric in sorted(requests):
        way_in = metric.rsplit("/", 1)[0] if family(metric) == "load-balancer" else family(metric)
        rival = best.get(way_in)
        if rival is None or _rank(metric, requests) > _rank(rival, requests):
            best[way_in] = metric
    return sorted(best.values())


def _rank(metric: str, requests: Mapping[str, int]) -> tuple[bool, int]:
    return metric.endswith(_BACKEND_COUNT), requests[metric]
