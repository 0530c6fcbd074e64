"""How the workload is watched: metrics that somebody scrapes from its pods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.platforms.billing import PROMETHEUS_USD_PER_MILLION_SAMPLES, SECONDS_PER_MONTH

_SIDECAR = "https://docs.cloud.google.com/stackdriver/docs/managed-prometheus/cloudrun-sidecar"
_EVERY_S = 30
_SCRAPE = ("prometheus.io/scrape", "prometheus.io/should_be_scraped")
# What tells an agent on the node which checks to run against a pod: Datadog's, Elastic's.
_OF_AGENTS = re.compile(
    r"ad\.datadoghq\.com/(?:[\w.-]+\.)?(?:checks|check_names|instances)|co\.elastic\.metrics(?:\.[\w-]+)?/module"
)
_MONITORS = ("PodMonitoring", "ClusterPodMonitoring", "PodMonitor", "ServiceMonitor")


@rule(
    id="metrics-not-scraped",
    severity="note",
    reads=("PodTemplateSpec.metadata.annotations", "Service.metadata.annotations", *_MONITORS),
    docs=_SIDECAR,
)
def metrics_not_scraped(candidate: Candidate) -> Iterator[Found]:
    """Prometheus scrapes the pods, and nobody scrapes an instance of Cloud Run.

    Why: An instance has no address that a scraper could ask. Dashboards, alerts and autoscalers that live on these
    metrics go silent after the move.
    Remedy: Add the Managed Service for Prometheus sidecar (the collector reads the metrics port on localhost), or let
    the application push OTLP to a collector. Google bills the samples that come in (as it does on GKE, where they go to
    Managed Service for Prometheus), and the sidecar's CPU and memory; what that is in all is not known to k2cr: no
    manifest says how many series there are.
    Example: metadata: {annotations: {prometheus.io/scrape: "true", prometheus.io/port: "9090"}}
    """
    if candidate.target == "none":
        return
    seen = next(_scrapers(candidate), None)
    if seen is not None:
        at, who = seen
        yield Found(
            at,
            f"{who} scrapes the pods' metrics; nobody scrapes an instance of Cloud Run. By a Managed Prometheus "
            f"sidecar a series that is read every {_EVERY_S} s costs {_series_month():.4f} USD a month and instance; "
            "how many series there are is not known",
        )


def _series_month() -> Decimal:
    """What the samples of one series cost a month. [USD]"""
    return SECONDS_PER_MONTH / _EVERY_S * PROMETHEUS_USD_PER_MILLION_SAMPLES / 10**6


def _scrapers(candidate: Candidate) -> Iterator[tuple[str, str]]:
    for key in candidate.pod.annotations:
        if _OF_AGENTS.fullmatch(key):
            yield bracketed(f"{candidate.metadata_path()}.annotations", key), f"the agent of each node ({key})"
    for key in _SCRAPE:
        if candidate.pod.annotations.get(key, "").lower() == "true":
            yield bracketed(f"{candidate.metadata_path()}.annotations", key), f"Prometheus ({key})"
        for exposure in candidate.workload.exposures:
            annotations = exposure.annotations
            if annotations.get(key, "").lower() == "true":
                at = bracketed(f"{exposure.kind}/{exposure.service} $.metadata.annotations", key)
                yield at, f"Prometheus ({key} of {exposure.kind} {exposure.service})"
    for kind in _MONITORS:
        for raw in candidate.workload.related.get(kind, ()):
            name = mapping(raw, "metadata").get("name")
            yield f"{kind}/{name} $.spec", f"{kind} {name}"
