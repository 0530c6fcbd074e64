"""Findings of the assessment itself: a figure that the snapshot cannot support, and which source is missing."""

from __future__ import annotations

from k2cr_analysis.model.finding import Finding

DOCS = "docs/rules/{}.md"


def no_traffic(workload_id: str) -> Finding:
    """No requests of this service are in the snapshot: what Cloud Run would charge, and its latency, is open."""
    return Finding(
        rule="no-traffic-data",
        severity="note",
        path=None,
        message=f"the snapshot has no traffic of {workload_id}: Cloud Run's cost and latency are not known",
        remediation="collect with --traffic FILE, or set [traffic.assumed] requests_per_s and latency_ms in k2cr.toml",
        docs=DOCS.format("no-traffic-data"),
    )


def no_running_time(workload_id: str) -> Finding:
    """How long a job runs is not in its manifest: without usage its cost stays unknown."""
    return Finding(
        rule="no-running-time",
        severity="note",
        path=None,
        message=f"the snapshot does not show how long {workload_id} runs: its cost on Cloud Run is not known",
        remediation="collect with --usage FILE (container/uptime), or price it by `k2cr cost --kind job --hours H`",
        docs=DOCS.format("no-running-time"),
    )


def no_price(reason: str) -> Finding:
    """The price book has no confirmed price for something that this workload needs."""
    return Finding(
        rule="no-price",
        severity="note",
        path=None,
        message=f"a figure is missing: {reason}",
        remediation="name another region in [project] region, or collect with a price book that has the price",
        docs=DOCS.format("no-price"),
    )


def no_gke_cost(reason: str) -> Finding:
    """What the workload costs on GKE today cannot be told from the snapshot."""
    return Finding(
        rule="no-gke-cost",
        severity="note",
        path=None,
        message=f"what it costs on GKE is not known: {reason}",
        remediation="collect with --billing FILE (the detailed billing export), or with the cluster's nodes and pods",
        docs=DOCS.format("no-gke-cost"),
    )
