"""The traffic table: request counts with latency histograms, from the load balancer and from the mesh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import erf, log, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from demo.behaviour import Series, generator
from demo.rhythm import Array, Clock, quantised
from k2cr_analysis.snapshot.tables import TRAFFIC

LOAD_BALANCER = (
    "loadbalancing.googleapis.com/https/request_count",
    "loadbalancing.googleapis.com/https/backend_latencies",
)
MESH = ("istio.io/service/server/request_count", "istio.io/service/server/response_latencies")
# Exponential buckets as google.api.Distribution has them: bound i = scale x growth^i. 35 finite ones reach 130 s.
BOUNDS_MS = np.round(1.4 ** np.arange(36), 6)
_KIB = 1024


@dataclass(frozen=True)
class _Source:
    metrics: tuple[str, str]
    share: float
    caller: tuple[str, str] | None  # namespace, workload
    by_mesh: bool


@dataclass(frozen=True)
class _Answers:
    """The requests of one response class: how many in each period, and how long the median one took."""

    code: str
    count: npt.NDArray[np.int64]
    median_ms: Array
    clock: Clock
    random: np.random.Generator


def traffic_table(workloads: Iterable[Series], company: dict[str, Any], clock: Clock) -> pa.Table:
    parts = [part for series in workloads for part in _rows(series, company, clock)]
    return pa.concat_tables(parts)


def _sources(spec: dict[str, Any]) -> list[_Source]:
    counted = spec.get("from")
    if counted is None:
        return []
    if counted == "load-balancer":
        return [_Source(LOAD_BALANCER, 1.0, None, False)]
    return [_Source(MESH, share, tuple(caller.split("/")), True) for caller, share in counted.items()]


def _rows(series: Series, company: dict[str, Any], clock: Clock) -> Iterator[pa.Table]:
    spec = company["workloads"][series.id]
    incident = clock.between(company["incident"])
    slower = np.where(incident, float(company["incident"]["slower"].get(series.id, 1.0)), 1.0)
    failing = np.where(incident, float(company["incident"]["failing"].get(series.id, 0.0)), 0.0) + float(
        spec.get("errors", 0.0)
    )
    for source in _sources(spec):
        random = generator(company["seed"], f"{series.id} from {source.caller}")
        requests = random.poisson(series.requests_per_s * source.share * clock.period_s)
        failed = random.binomial(requests, np.clip(failing, 0, 1))
        refused = random.binomial(requests - failed, 0.006 if not source.by_mesh else 0.002)
        by_class = {"2xx": requests - failed - refused, "4xx": refused, "5xx": failed}
        for code, count in by_class.items():
            speed = {"2xx": 1.0, "4xx": 0.25, "5xx": 1.6}[code]
            answers = _Answers(code, count, float(spec["latency_ms"]) * speed * slower, clock, random)
            yield _points(series, spec, source, answers)


def _points(series: Series, spec: dict[str, Any], source: _Source, answers: _Answers) -> pa.Table:
    seen = answers.count > 0  # a class without a request has no point
    timed = answers.code != "4xx"  # a refusal is answered before the backend works on it, and has no backend latency
    random, count = answers.random, answers.count[seen]
    buckets = _histograms(count, answers.median_ms[seen], float(spec["spread"]), random)
    mean, deviation = _moments(buckets)
    namespace, kind, name = series.id.split("/")
    n = len(count)
    response_bytes = quantised(
        count * float(spec["response_kib"]) * _KIB * random.normal(1.0, 0.03, n).clip(0.8, 1.2)
    ).astype(np.int64)
    metric, latency_metric = source.metrics
    columns = {
        "metric_type": [metric] * n,
        "namespace_name": [namespace] * n,
        "service_name": [spec["service"]] * n,
        "workload_type": [kind if source.by_mesh else None] * n,
        "workload_name": [name if source.by_mesh else None] * n,
        "source_namespace_name": [source.caller[0] if source.caller else None] * n,
        "source_workload_name": [source.caller[1] if source.caller else None] * n,
        "protocol": [spec.get("protocol", "http" if source.by_mesh else "HTTP/2")] * n,
        "response_code_class": [answers.code] * n,
        "end_time": answers.clock.end_us[seen],
        "period_s": np.full(n, answers.clock.period_s, dtype=np.int32),
        "request_count": count,
        "request_bytes": count * 900,
        "response_bytes": response_bytes,
        "latency_metric_type": [latency_metric if timed else None] * n,
        "latency_mean_ms": mean if timed else [None] * n,
        "latency_sum_of_squared_deviation_ms2": deviation if timed else [None] * n,
        "latency_bucket_bounds_ms": [BOUNDS_MS if timed else None] * n,
        "latency_bucket_counts": list(buckets) if timed else [None] * n,
    }
    arrays = [_array(columns[field.name], field.type) for field in TRAFFIC.schema]
    return pa.Table.from_arrays(arrays, schema=TRAFFIC.schema)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)


def _histograms(
    count: npt.NDArray[np.int64], median_ms: Array, sigma: float, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Counts per bucket, underflow first: draws of a log-normal service time whose median wanders a little."""
    wander = np.exp(random.normal(0.0, 0.08, len(count)))
    out = np.zeros((len(count), len(BOUNDS_MS) + 1), dtype=np.int64)
    # A period's median is one of a few steps, so that one set of probabilities serves many periods.
    steps = np.round(np.log(median_ms * wander) * 20).astype(np.int64)
    for step in np.unique(steps):
        mine = steps == step
        out[mine] = random.multinomial(count[mine], _probabilities(step / 20.0, sigma))
    return out


def _probabilities(log_median: float, sigma: float) -> Array:
    cumulative = [0.5 * (1 + erf((log(bound) - log_median) / (sigma * sqrt(2)))) for bound in BOUNDS_MS]
    shares = np.diff([0.0, *np.round(cumulative, 9), 1.0])
    return shares / shares.sum()


def _moments(buckets: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Mean and sum of squared deviation, each request taken at the middle of its bucket."""
    middles = np.concatenate([[0.7], np.sqrt(BOUNDS_MS[:-1] * BOUNDS_MS[1:]), [BOUNDS_MS[-1] * 1.2]])
    total = buckets.sum(axis=1)
    mean = buckets @ middles / total
    return quantised(mean, 4), quantised(buckets @ middles**2 - total * mean**2, 3)
