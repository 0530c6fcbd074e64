"""Small tables of points, written as a snapshot has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k2cr_analysis.snapshot.tables import TABLES

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
CPU = "kubernetes.io/container/cpu/core_usage_time"
MEMORY = "kubernetes.io/container/memory/used_bytes"
RESTARTS = "kubernetes.io/container/restart_count"
UPTIME = "kubernetes.io/container/uptime"
EXTERNAL = "loadbalancing.googleapis.com/https/request_count"
INTERNAL = "loadbalancing.googleapis.com/https/internal/request_count"
BACKEND = "loadbalancing.googleapis.com/https/backend_request_count"
MESH = "istio.io/service/server/request_count"


def at(minute):
    return START + timedelta(minutes=minute)


def usage_row(minute, value, metric=CPU, **labels):
    """A point of web's container app that ends at ``minute``; REDUCE_MAX unless the labels say otherwise."""
    aligner = {CPU: "ALIGN_RATE", RESTARTS: "ALIGN_DELTA"}.get(metric, "ALIGN_MAX")
    row = {
        "metric_type": metric,
        "memory_type": "non-evictable" if metric == MEMORY else None,
        "aligner": aligner,
        "reducer": None if "pod_name" in labels else "REDUCE_MAX",
        "namespace_name": "shop",
        "top_level_controller_type": "Deployment",
        "top_level_controller_name": "web",
        "pod_name": None,
        "container_name": "app",
        "end_time": at(minute),
        "period_s": 60,
        "value": float(value),
    }
    return row | labels


def traffic_row(minute, requests, metric=EXTERNAL, **labels):
    """Requests to Service web of namespace shop in the minute that ends at ``minute``."""
    row = dict.fromkeys(TABLES["traffic"].schema.names)
    row |= {"metric_type": metric, "namespace_name": "shop", "service_name": "web", "response_code_class": "2xx"}
    return row | {"end_time": at(minute), "period_s": 60, "request_count": requests} | labels


@dataclass(frozen=True)
class Tables:
    folder: Path

    def table_files(self, name):
        return sorted((self.folder / name).glob("*.parquet"))


@pytest.fixture
def tables(tmp_path):
    """tables(usage=rows, traffic=rows): a source of tables; several files, and rows in any order."""

    def write(**rows_of):
        for name, rows in rows_of.items():
            (tmp_path / name).mkdir(exist_ok=True)
            half = len(rows) // 2
            for part, some in enumerate((rows[:half], rows[half:])):
                pq.write_table(
                    pa.Table.from_pylist(some, TABLES[name].schema), tmp_path / name / f"part-{part}.parquet"
                )
        return Tables(tmp_path)

    return write
