"""Services that bring no requests: their ports are all there for metrics, health checks or administration.

A port's role is told by its name; a number alone is only a habit. A word that the workload or its image bears too
(``prometheus`` on the port of Prometheus itself) tells what the application is, not what the port is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from k2cr_analysis.fit.evidence.protocols import CalledPort, purpose_of, words_of
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.images import parse_image

# Ports that exporters, collectors and proxies use for what no caller wants: the OpenTelemetry SDK's Prometheus exporter
# (9464), Go's client by habit (2112), JMX exporter (9404), Istio's and Envoy's own (15020, 15021, 15090, 9901, 15000),
# controller-runtime's health (10254) and the collector's (13133), pprof (6060).
_BY_HABIT: Mapping[int, str] = {
    2112: "metrics", 9404: "metrics", 9464: "metrics", 15020: "metrics", 15090: "metrics",
    10254: "health", 13133: "health", 15021: "health",
    6060: "admin", 9901: "admin", 15000: "admin",
}  # fmt: skip
# What calls for the sake of watching: its calls are no requests.
_WATCHERS = frozenset({
    "prometheus", "prom", "vmagent", "victoria", "victoriametrics", "grafana", "alloy", "otel", "otelcol",
    "opentelemetry", "collector", "datadog", "telegraf", "blackbox", "gatus", "uptime", "kuma",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Monitored:
    """Nobody but monitoring calls the workload. ``certain``: the ports' names say so, not their numbers alone."""

    at: str
    what: str  # port metrics of Service subscriber-metrics
    certain: bool


def monitored_only(workload: Workload, called: Sequence[CalledPort], callers: Iterable[Workload]) -> Monitored | None:
    """The evidence that all Services of a workload are for monitoring; None where one may bring requests."""
    exposures = workload.exposures
    if not called or any(e.routes or e.type in ("LoadBalancer", "NodePort", "Knative") for e in exposures):
        return None
    own = _words_of_its_own(workload)
    found = [(c, *_purpose(c, own)) for c in called if c.port.protocol == "TCP"]
    if not found or not all(purpose for _, purpose, _ in found) or any(not _watches(c) for c in callers):
        return None
    first = found[0][0]
    listed = ", ".join(f"{c.port.name or c.port.port} ({purpose})" for c, purpose, _ in found)
    by_name = all(named and purpose != "admin" for _, purpose, named in found)
    return Monitored(first.at, f"port {listed} of Service {first.exposure.service}", by_name)


def _purpose(called: CalledPort, own: frozenset[str]) -> tuple[str | None, bool]:
    """(metrics, health, admin or None for callers; whether a name says so)."""
    named = purpose_of(called.port.name, called.declared_name, without=own)
    if named:
        return named, True
    if called.port.name is None and (of_service := purpose_of(called.exposure.service, without=own)):
        return of_service, True
    numbers = [n for n in (called.target, called.port.port) if n is not None]
    return next((_BY_HABIT[n] for n in numbers if n in _BY_HABIT), None), False


def _words_of_its_own(workload: Workload) -> frozenset[str]:
    names = [workload.name, *(parse_image(c.image).name for c in workload.pod.containers if c.image)]
    return frozenset(w for name in names for w in words_of(name))


def _watches(caller: Workload) -> bool:
    return bool(_WATCHERS & _words_of_its_own(caller))
