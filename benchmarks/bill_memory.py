"""Peak memory of reading a large bill: k2cr's `collect` beside pandas, on the same made-up export.

    python benchmarks/bill_memory.py --rows 5000000 --form csv      # some 3 GB
    python benchmarks/bill_memory.py --rows 5000000 --form parquet

The rows are those of a detailed billing export (labels, credits, SKUs, prices) of 400 workloads by the hour. pandas
reads a sample of a tenth (or the whole, where that is smaller than 300,000 rows), and its memory is scaled by its rows,
since it holds all of them. Printed: file size, seconds of CPU, peak memory, and the ratio.

Measured on two cores that others used too: see the last lines of docs/collect.md, "Large files".
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 2, 1, tzinfo=UTC)
ROWS_AT_ONCE = 20_000
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def rows(first: int, count: int) -> list[dict[str, object]]:
    """Rows as BigQuery exports them to JSON: nested, times as text."""
    found = []
    for number in range(first, first + count):
        hour, workload = divmod(number, 400)
        start = START + timedelta(hours=hour % 720)
        found.append(
            {
                "billing_account_id": "01338E-BE3FD6-363B4C",
                "service": {"id": "6F81-5844-456A", "description": "Compute Engine"},
                "sku": {"id": f"{number % 9973:04X}-0000-0000", "description": f"N2 Instance Core {number % 37}"},
                "usage_start_time": start.isoformat(),
                "usage_end_time": (start + timedelta(hours=1)).isoformat(),
                "project": {"id": "shop-prod", "number": "123456789012", "name": "shop"},
                "labels": [
                    {"key": "goog-k8s-cluster-name", "value": "shop"},
                    {"key": "goog-k8s-cluster-location", "value": "europe-west1"},
                    {"key": "k8s-namespace", "value": f"team-{workload % 20}"},
                    {"key": "k8s-workload-name", "value": f"service-{workload}"},
                    {"key": "k8s-workload-type", "value": "apps/v1-Deployment"},
                ],
                "system_labels": [{"key": "compute.googleapis.com/machine_spec", "value": "n2-standard-8"}],
                "location": {
                    "location": "europe-west1", "country": "BE", "region": "europe-west1", "zone": "europe-west1-b",
                },
                "resource": {"name": f"gke-shop-{number % 61}", "global_name": None},
                "cost": round(0.001 * (number % 89 + 1), 6),
                "currency": "USD",
                "currency_conversion_rate": 1.0,
                "usage": {
                    "amount": 3600.0, "unit": "seconds", "amount_in_pricing_units": 1.0, "pricing_unit": "hour",
                },
                "credits": [],
                "invoice": {"month": "202602"},
                "cost_type": "regular",
            }
        )  # fmt: skip
    return found


def write_csv(path: Path, total: int) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = None
        for first in range(0, total, ROWS_AT_ONCE):
            for row in rows(first, min(ROWS_AT_ONCE, total - first)):
                flat = {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in row.items()}
                if writer is None:
                    writer = csv.DictWriter(stream, list(flat))
                    writer.writeheader()
                writer.writerow(flat)


def write_parquet(path: Path, total: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from k2cr_analysis.snapshot.tables import BILLING

    names = list(rows(0, 1)[0])
    schema = pa.schema([BILLING.schema.field(name) for name in names])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, total, ROWS_AT_ONCE):
            some = rows(first, min(ROWS_AT_ONCE, total - first))
            for row in some:
                for name in ("usage_start_time", "usage_end_time"):
                    row[name] = datetime.fromisoformat(str(row[name]))
            writer.write_table(pa.Table.from_pylist(some, schema))


def measured(command: list[str]) -> tuple[float, float]:
    """(seconds of CPU, peak MiB) of a command."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


PANDAS = """
import sys, pandas
path, rows = sys.argv[1], int(sys.argv[2])
if path.endswith(".csv"):
    frame = pandas.read_csv(path, nrows=rows)
else:
    import pyarrow.parquet as pq
    file = pq.ParquetFile(path)
    import pyarrow as pa
    taken, parts = 0, []
    for batch in file.iter_batches():
        parts.append(batch)
        taken += batch.num_rows
        if taken >= rows:
            break
    frame = pa.Table.from_batches(parts).to_pandas()
print(len(frame))
"""


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=500_000)
    asked.add_argument("--form", choices=("csv", "parquet"), default="csv")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        bill = Path(folder) / f"bill.{options.form}"
        (write_csv if options.form == "csv" else write_parquet)(bill, options.rows)
        manifest = Path(folder) / "a.yaml"
        manifest.write_text(MANIFEST)
        k2cr = [sys.executable, "-c", "from k2cr_analysis.cli import main; main()"]
        k2cr += ["collect", "--manifests", str(manifest), "--out", str(Path(folder) / "s"), "--billing", str(bill)]
        cpu_s, peak_mib = measured([*k2cr, "--window", "30d", "--end", "2026-03-03"])
        sample = options.rows if options.rows < 300_000 else options.rows // 10
        pandas_s, pandas_mib = measured([sys.executable, "-c", PANDAS, str(bill), str(sample)])
        start_s, start_mib = measured([sys.executable, "-c", "import pandas"])
        whole_mib = start_mib + (pandas_mib - start_mib) * options.rows / sample
        print(f"{options.form}: {options.rows:,} rows, {bill.stat().st_size / 2**20:,.0f} MiB")
        print(f"k2cr    {cpu_s:8.1f} CPU s  {peak_mib:8,.0f} MiB")
        print(
            f"pandas  {(pandas_s - start_s) * options.rows / sample:8.1f} CPU s  {whole_mib:8,.0f} MiB"
            f"  (of {sample:,} rows, scaled)  {whole_mib / peak_mib:.1f}x the memory"
        )


if __name__ == "__main__":
    main()
