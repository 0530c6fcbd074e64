"""The commands with which a person who has access makes the files that k2cr reads, for one who has none.

``gcloud`` cannot list time series, so metrics are read from the REST API with ``curl``, and ``jq`` makes CSV of them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime

from k2cr_analysis.snapshot.tables import BILLING
from k2cr_analysis.sources.billing_export.query import checked_table, parameters, rows_sql
from k2cr_analysis.sources.cluster_api.resources import RESOURCES
from k2cr_analysis.sources.monitoring.client import PAGE_POINTS
from k2cr_analysis.sources.monitoring.queries import NON_EVICTABLE, USAGE_QUERIES, MetricQuery

_USAGE_COLUMNS = (
    "metric_type,memory_type,aligner,reducer,namespace_name,top_level_controller_type,top_level_controller_name,"
    "container_name,end_time,period_s,value"
)
# One page after another of one query on one day; the labels come out in the order of the columns above.
_SERIES_FUNCTION = r"""series() {  # metric memory_type aligner reducer period_s filter start end
  local token="" page
  while :; do
    page=$(curl -sSf -G "https://monitoring.googleapis.com/v3/projects/$PROJECT/timeSeries" \
      -H "Authorization: Bearer $(gcloud auth print-access-token)" \
      --data-urlencode "filter=$6" --data-urlencode "interval.startTime=$7" --data-urlencode "interval.endTime=$8" \
      --data-urlencode "aggregation.alignmentPeriod=$5s" --data-urlencode "aggregation.perSeriesAligner=$3" \
      --data-urlencode "aggregation.crossSeriesReducer=$4" GROUP_BY \
      --data-urlencode "pageSize=PAGE_POINTS" --data-urlencode "pageToken=$token") || return
    jq -r --arg m "$1" --arg t "$2" --arg a "$3" --arg r "$4" --argjson p "$5" --arg start "$7" '
      .timeSeries[]? as $s | $s.points[] | select(.interval.endTime > $start)
      | [$m, $t, $a, $r, $s.resource.labels.namespace_name,
         $s.metadata.systemLabels.top_level_controller_type // "",
         $s.metadata.systemLabels.top_level_controller_name // "",
         $s.resource.labels.container_name, .interval.endTime, $p,
         (.value.doubleValue // (.value.int64Value | tonumber))]
      | @csv' <<<"$page" >> usage.csv
    token=$(jq -r '.nextPageToken // ""' <<<"$page")
    [ -n "$token" ] || return 0
  done
}"""


def commands(
    start: datetime,
    end: datetime,
    *,
    context: str | None = None,
    project: str | None = None,
    cluster: str | None = None,
    location: str | None = None,
    billing_table: str | None = None,
) -> str:
    """A script for ``bash``: ``kubectl``, ``curl`` with ``gcloud`` and ``jq``, ``bq``; at its end the ``k2cr`` line."""
    lines = [
        "#!/bin/bash",
        "# Makes the files that `k2cr collect --manifests` reads. Nothing in the cluster is changed.",
        "set -euo pipefail",
        *_kubectl(context),
    ]
    options = ["--manifests", "cluster", "--end", f"{end:%Y-%m-%dT%H:%M:%SZ}", "--window", _length(start, end)]
    if project and cluster and location:
        lines += ["", *_metrics(start, end, project, cluster, location)]
        options += ["--project", project, "--cluster", cluster, "--location", location, "--usage", "usage.csv"]
    if billing_table:
        lines += ["", *_bill(start, end, project, checked_table(billing_table))]
        options += ["--billing", "billing.parquet"]
    lines += ["", "# Then, where k2cr is:", f"#   {shlex.join(['k2cr', 'collect', *options, '--out', 'SNAP'])}"]
    return "\n".join(lines) + "\n"


def _kubectl(context: str | None) -> Iterator[str]:
    named = f" --context {shlex.quote(context)}" if context else ""
    yield "mkdir -p cluster"
    yield f"for kind in {' '.join(map(str, RESOURCES))}; do"
    yield "  # A kind that this cluster does not have, or that you may not read, is left out."
    yield f'  kubectl{named} get "$kind" --all-namespaces -o yaml > "cluster/$kind.yaml" || rm "cluster/$kind.yaml"'
    yield "done"


def _metrics(start: datetime, end: datetime, project: str, cluster: str, location: str) -> Iterator[str]:
    yield f"PROJECT={shlex.quote(project)}"
    group_by = " ".join(
        f"--data-urlencode {shlex.quote(f'aggregation.groupByFields={path}')}" for _, path in USAGE_QUERIES[0].group_by
    )
    yield _SERIES_FUNCTION.replace("GROUP_BY", group_by).replace("PAGE_POINTS", str(PAGE_POINTS))
    yield f"echo {_USAGE_COLUMNS} > usage.csv"
    seconds = range(int(start.timestamp()), int(end.timestamp()), 86400)
    yield f"for day in $(seq {seconds[0]} 86400 {seconds[-1]}); do"
    yield f"  last=$((day + 86400 < {int(end.timestamp())} ? day + 86400 : {int(end.timestamp())}))"
    yield '  from=$(date -u -d "@$day" +%Y-%m-%dT%H:%M:%SZ) to=$(date -u -d "@$last" +%Y-%m-%dT%H:%M:%SZ)'
    for query in (query for query in USAGE_QUERIES if query.resource_type == "k8s_container"):
        yield f'  series {" ".join(map(shlex.quote, _words(query, cluster, location)))} "$from" "$to"'
    yield "done"


def _words(query: MetricQuery, cluster: str, location: str) -> list[str]:
    memory_type = NON_EVICTABLE if query.condition else ""
    condition = query.filter(cluster, location)
    return [query.metric_type, memory_type, query.aligner, query.reducer, str(query.period_s), condition]


def _bill(start: datetime, end: datetime, project: str | None, table: str) -> Iterator[str]:
    given = []
    for name, value in parameters(start, end, project).items():
        kind = "STRING" if name == "project" else "TIMESTAMP"
        text = "NULL" if value is None else f"{value:%Y-%m-%d %H:%M:%S+00:00}" if isinstance(value, datetime) else value
        given.append(f"--parameter={shlex.quote(f'{name}:{kind}:{text}')}")
    sql = rows_sql(table, BILLING.schema.names, is_partitioned=True)
    dataset = ".".join(table.rsplit(".", 2)[:2]).replace(".", ":")
    yield "# The bill: what it would read (--dry_run), the rows as a table that lives for an hour, and a file of them."
    yield "read -r -d '' SQL <<'SQL' || true"
    yield sql.rstrip()
    yield "SQL"
    yield f'bq query --nouse_legacy_sql --dry_run {" ".join(given)} "$SQL"'
    yield f'bq query --nouse_legacy_sql --max_rows=0 --destination_table={dataset}.k2cr_rows {" ".join(given)} "$SQL"'
    yield f"bq update --expiration=3600 {dataset}.k2cr_rows"
    yield f"bq extract --destination_format=PARQUET {dataset}.k2cr_rows gs://BUCKET/billing.parquet"
    yield "gcloud storage cp gs://BUCKET/billing.parquet billing.parquet"


def _length(start: datetime, end: datetime) -> str:
    hours = int((end - start).total_seconds()) // 3600
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"
