"""Exact quantiles of CPU per container, 30 days by the minute: pandas, DuckDB and k2cr's way, in one run.

    python benchmarks/rollups.py --containers 2000

Each way runs in a process of its own on the same Parquet file, laid out as a snapshot's (sorted labels, row groups of
131,072, zstd). Printed: seconds, seconds of CPU (which others on the machine do not stretch), peak memory, and seconds
and memory as ratios to pandas. "decode" only decodes the column of values.
The file takes about 9 bytes a point. The ways must give the same numbers, else the run fails.

Measured on two cores with little else running, 2,000 containers (86.4 million points), pandas 3.1: pandas 24.7 s (32.1 of
CPU) and 8.8 GiB; DuckDB 4.7 s and 0.85 GiB (5.3x faster); k2cr 1.5 s (2.5 of CPU) and 59 MiB (16.4x faster, 152x less
memory), 1.1x the decoding, which varies from run to run between 1.0 and 1.4 s. k2cr uses both cores, so the load of
others costs it more than pandas.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MINUTES = 30 * 24 * 60
ROWS_PER_GROUP = 131_072
CPU = "kubernetes.io/container/cpu/core_usage_time"
KEYS = ["namespace_name", "top_level_controller_type", "top_level_controller_name", "container_name"]


@dataclass(frozen=True)
class OneFile:
    path: Path

    def table_files(self, name: str) -> list[Path]:
        return [self.path] if name == "usage" else []


def write(path: Path, containers: int) -> None:
    """A usage table with one series a container, written a row group at a time. The random numbers are seeded."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from k2cr_analysis.snapshot.tables import USAGE

    rng = np.random.default_rng(20260101)
    names = pa.array([f"workload-{number:05d}" for number in range(containers)])
    total = containers * MINUTES
    with pq.ParquetWriter(path, USAGE.schema, compression="zstd", compression_level=3) as writer:
        for first in range(0, total, ROWS_PER_GROUP):
            row = np.arange(first, min(first + ROWS_PER_GROUP, total))
            constant = {
                "metric_type": CPU, "memory_type": None, "aligner": "ALIGN_RATE", "reducer": "REDUCE_MAX",
                "namespace_name": "bench", "top_level_controller_type": "Deployment", "pod_name": None, "container_name": "app",
            }  # fmt: skip
            columns = {name: _label(value, len(row)) for name, value in constant.items()}
            columns["top_level_controller_name"] = pa.DictionaryArray.from_arrays(
                pa.array(row // MINUTES, pa.int32()), names
            )
            end_us = 1767225600_000_000 + (row % MINUTES + 1) * 60_000_000
            columns["end_time"] = pa.array(end_us, pa.int64()).cast(USAGE.schema.field("end_time").type)
            columns["period_s"] = pa.array(np.full(len(row), 60), pa.int32())
            columns["value"] = pa.array(rng.gamma(2.0, 0.1, len(row)))
            writer.write_table(pa.table(columns, schema=USAGE.schema), row_group_size=ROWS_PER_GROUP)


def _label(value: str | None, rows: int):
    import numpy as np
    import pyarrow as pa

    mask = np.full(rows, value is None)
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32), mask=mask), pa.array([value or ""]))


def by_pandas(path: Path) -> dict[str, list[float]]:
    import pandas as pd

    frame = pd.read_parquet(path, columns=[*KEYS, "value"])
    groups = frame.groupby(KEYS, observed=True, sort=True)["value"]
    table = groups.quantile([0.5, 0.95, 0.99], interpolation="higher").unstack()
    table[1.0] = groups.max()
    return {key[2]: [float(v) for v in row] for key, row in zip(table.index, table.to_numpy(), strict=True)}


def by_duckdb(path: Path) -> dict[str, list[float]]:
    from k2cr_analysis.queries.container_usage import sql_quantiles
    from k2cr_analysis.queries.engine import engine

    with engine(OneFile(path), "usage") as sql:
        return _listed(sql_quantiles(sql))


def by_k2cr(path: Path) -> dict[str, list[float]]:
    from k2cr_analysis.queries.block_quantiles import block_quantiles
    from k2cr_analysis.queries.container_usage import by_container

    blocks = block_quantiles([path])
    if blocks is None:
        raise SystemExit("the fast way does not take this table")
    return _listed(by_container(blocks))


def decode(path: Path) -> dict[str, list[float]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as source:
        for group in range(source.metadata.num_row_groups):
            source.read_row_group(group, columns=["value"])
    return {}


def _listed(measured) -> dict[str, list[float]]:
    return {workload.split("/")[2]: list(metrics["cpu"].at.values()) for (workload, _), metrics in measured.items()}


WAYS: dict[str, Callable[[Path], dict[str, list[float]]]] = {
    "pandas groupby": by_pandas, "duckdb sql": by_duckdb, "k2cr": by_k2cr, "decode": decode,
}  # fmt: skip


def run_one(way: str, path: Path) -> None:
    """In a process of its own: seconds, peak memory and the numbers, as JSON."""
    # Loading libraries is not part of any way's time.
    import duckdb  # noqa: F401
    import pandas as pd  # noqa: F401
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401

    import k2cr_analysis.queries.container_usage  # noqa: F401

    before = _peak_mib()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    found = WAYS[way](path)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    json.dump({"seconds": seconds, "cpu": cpu, "mib": _peak_mib() - before, "found": found}, sys.stdout)


def _peak_mib() -> float:
    """Most memory that this process has had resident; unlike ru_maxrss it begins anew with the process. [MiB]"""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--containers", type=int, default=200)
    parser.add_argument("--skip-pandas", action="store_true", help="where the memory does not hold the table")
    parser.add_argument("--one", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        run_one(given.one[0], Path(given.one[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part-0.parquet"
        write(path, given.containers)
        ways = [way for way in WAYS if not (given.skip_pandas and way == "pandas groupby")]
        results = {way: _run(way, path) for way in ways}
    _check(results)
    _print(results, given.containers)


def _run(way: str, path: Path) -> dict:
    done = subprocess.run(
        [sys.executable, __file__, "--one", way, str(path)], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def _check(results: dict[str, dict]) -> None:
    """DuckDB and k2cr to the bit; pandas has no such definition of a quantile, so to the next value."""
    if results["duckdb sql"]["found"] != results["k2cr"]["found"]:
        raise SystemExit("the ways differ")
    for name, values in results.get("pandas groupby", {"found": {}})["found"].items():
        ours = results["k2cr"]["found"][name]
        if any(abs(a - b) > 0.01 * b for a, b in zip(ours, values, strict=True)):
            raise SystemExit(f"pandas differs at {name}: {ours} and {values}")


def _print(results: dict[str, dict], containers: int) -> None:
    print(f"{containers} containers x {MINUTES} minutes = {containers * MINUTES / 1e6:.1f} million points")
    base = results.get("pandas groupby")
    for way, result in results.items():
        line = f"{way:<15} {result['seconds']:8.2f} s {result['cpu']:8.2f} CPU s {result['mib']:8.0f} MiB"
        if base and way not in ("pandas groupby", "decode"):
            line += f"   {base['seconds'] / result['seconds']:5.1f}x faster, {base['mib'] / result['mib']:5.1f}x less memory"
        print(line)
    print(f"k2cr takes {results['k2cr']['seconds'] / results['decode']['seconds']:.1f}x the decoding of the column")


if __name__ == "__main__":
    main()
