"""A verdict never gets better for want of a table: what hung on it is asked, or was no decision.

The demo has all tables; public manifests get made-up ones here. Without a table a workload may be as ready as before or
less, and never more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from k2cr_analysis.config import Config, Policy
from k2cr_analysis.errors import Location
from k2cr_analysis.model.findings.finding import VERDICTS
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import Provenance, Snapshot, SnapshotObject, open_snapshot, write_snapshot
from k2cr_analysis.snapshot.tables import TRAFFIC, USAGE
from k2cr_analysis.verdicts import assess
from tests.fit.test_laws import FEW, documents_in

DEMO = open_snapshot(Path(str(bundled("data/demo"))))
CAPPED = replace(Config(), policy=Policy(max_instances=1))
TABLES = ("usage", "traffic", "billing", "prices")


def without(snapshot: Snapshot, gone: tuple[str, ...], path: Path) -> Path:
    left = {name: table for name, table in snapshot.tables.items() if name not in gone}
    write_snapshot(path, list(snapshot.objects()), left, snapshot.provenance)
    return path


def verdicts(snapshot: Snapshot | Path, config: Config) -> dict[str, str]:
    return {w.id: w.fit.verdict for w in assess(snapshot, config).workloads}


def readier(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str, str]]:
    """The workloads whose verdict moved towards ``ready``."""
    rank = VERDICTS.index
    return {k: (before[k], after[k]) for k in before if rank(after[k]) < rank(before[k])}


def test_verdicts_stand_in_the_order_that_the_law_means():
    assert VERDICTS == ("ready", "changes", "blocked", "keep")


def test_capped_below_its_pods_is_asked_where_no_traffic_is_known(tmp_path):
    found = assess(without(DEMO, TABLES, tmp_path / "bare"), CAPPED)
    asked = [w for w in found.workloads if any(f.rule == "overloaded" for f in w.findings)]
    assert asked and all(w.fit.verdict != "ready" for w in asked)
    assert all("not known" in f.message for w in asked for f in w.findings if f.rule == "overloaded")


@pytest.mark.soak
@pytest.mark.parametrize("config", [Config(), CAPPED], ids=["plain", "capped"])
def test_no_table_of_the_demo_taken_away_makes_a_workload_readier(config, tmp_path):
    before = verdicts(DEMO, config)
    for many in range(1, len(TABLES) + 1):
        for gone in combinations(TABLES, many):
            after = verdicts(without(DEMO, gone, tmp_path / "-".join(gone)), config)
            assert readier(before, after) == {}, gone


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("where", FEW, ids=lambda w: w.rpartition("/")[2])
def test_no_table_taken_away_makes_a_public_workload_readier(where, seed, tmp_path):
    documents = documents_in(where)
    rng = np.random.default_rng(seed)
    tables = {"usage": usage_of(documents, rng), "traffic": traffic_of(documents, rng)}
    objects = [SnapshotObject(d, Location("made.yaml", i)) for i, d in enumerate(documents)]
    write_snapshot(tmp_path / "whole", objects, tables, PROVENANCE)
    whole = open_snapshot(tmp_path / "whole")
    config = [Config(), CAPPED, replace(Config(), policy=Policy(max_instances=3))][seed % 3]
    before = verdicts(whole, config)
    for gone in (("usage",), ("traffic",), ("usage", "traffic")):
        assert readier(before, verdicts(without(whole, gone, tmp_path / "-".join(gone)), config)) == {}, gone


END = datetime(2026, 11, 20, tzinfo=UTC)
PROVENANCE = Provenance("manifests", END - timedelta(days=2), END, project="p", cluster="c", location="us-central1")
_BOUNDS = [10.0, 100.0, 1000.0, 10000.0]


def usage_of(documents: tuple[dict[str, Any], ...], rng: np.random.Generator) -> pa.Table:
    """CPU and memory of every container of a Deployment, from idle to far above an instance."""
    rows = []
    for kind, name, namespace, containers in _workloads(documents):
        for container in containers:
            cores, memory = 10 ** rng.uniform(-3, 1.2), 10 ** rng.uniform(7, 10.6)
            for hour in range(48):
                for metric, value, aligner in (
                    ("kubernetes.io/container/cpu/core_usage_time", cores * rng.uniform(0.5, 1), "ALIGN_RATE"),
                    ("kubernetes.io/container/memory/used_bytes", memory, "ALIGN_MAX"),
                ):
                    rows.append({
                        "metric_type": metric, "memory_type": "non-evictable" if "memory" in metric else None,
                        "aligner": aligner, "reducer": None, "namespace_name": namespace,
                        "top_level_controller_type": kind, "top_level_controller_name": name,
                        "pod_name": f"{name}-0", "container_name": container,
                        "end_time": END - timedelta(hours=48 - hour), "period_s": 3600, "value": float(value),
                    })  # fmt: skip
    return pa.Table.from_pylist(rows, USAGE.schema)


def traffic_of(documents: tuple[dict[str, Any], ...], rng: np.random.Generator) -> pa.Table:
    """Requests to every Service, from a few a day to hundreds a second, some of them counted by the mesh."""
    callers = [(n, ns) for _, n, ns, _ in _workloads(documents)]
    rows = []
    for document in (d for d in documents if d.get("kind") == "Service"):
        metadata, rate = document["metadata"], 10 ** rng.uniform(-4, 2.5)
        caller = callers[rng.integers(len(callers))] if callers else ("x", "default")
        for hour in range(48):
            count = int(rng.poisson(rate * 3600))
            rows.append({
                **dict.fromkeys(TRAFFIC.schema.names),
                "metric_type": "istio.io/service/server/request_count",
                "namespace_name": metadata.get("namespace") or "default", "service_name": metadata["name"],
                "source_namespace_name": caller[1], "source_workload_name": caller[0],
                "response_code_class": "2xx", "end_time": END - timedelta(hours=48 - hour), "period_s": 3600,
                "request_count": count, "latency_metric_type": "istio.io/service/server/response_latencies",
                "latency_mean_ms": 80.0, "latency_sum_of_squared_deviation_ms2": 100.0 * count,
                "latency_bucket_bounds_ms": _BOUNDS, "latency_bucket_counts": [0, count, 0, 0, 0],
            })  # fmt: skip
    return pa.Table.from_pylist(rows, TRAFFIC.schema)


def _workloads(documents: tuple[dict[str, Any], ...]):
    for document in documents:
        if document.get("kind") in ("Deployment", "StatefulSet"):
            metadata = document["metadata"]
            containers = [c["name"] for c in document["spec"]["template"]["spec"]["containers"]]
            yield document["kind"], metadata["name"], metadata.get("namespace") or "default", containers
