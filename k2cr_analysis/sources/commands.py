"""The commands with which a person who has access makes the files that k2cr reads, for one who has none.

``gcloud`` cannot list time series, so metrics are read from the REST API with ``curl``, and ``jq`` makes CSV of them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime

from k2cr_analysis.queries.in_place.billing_export import checked_table, parameters, rows_sql
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot.tables import BILLING
from k2cr_analysis.sources.cluster_api.listed_kinds import RESOURCES
from k2cr_analysis.sources.monitoring.client import PAGE_POINTS
from k2cr_analysis.sources.monitoring.queries import LOAD_BALANCERS, MESH, NON_EVICTABLE, USAGE_QUERIES, MetricQuery
from k2cr_analysis.sources.prometheus.listening import asked_of_prometheus
from k2cr_analysis.sources.prometheus.recorded import file_name, moment_of, query_name

# One page after another of one query on one day, each given to the jq program of its table.
_PAGES_FUNCTION = r"""pages() {  # table metric memory_type_or_column aligner reducer period_s filter start end label...
  local table=$1 metric=$2 word=$3 aligner=$4 reducer=$5 period=$6 filter=$7 start=$8 end=$9 token="" page label
  shift 9
  local -a labels=()
  for label in "$@"; do labels+=(--data-urlencode "aggregation.groupByFields=$label"); done
  while :; do
    page=$(curl -sSf -G "https://monitoring.googleapis.com/v3/projects/$PROJECT/timeSeries" \
      -H "Authorization: Bearer $(gcloud auth print-access-token)" \
      --data-urlencode "filter=$filter" --data-urlencode "interval.startTime=$start" \
      --data-urlencode "interval.endTime=$end" --data-urlencode "aggregation.alignmentPeriod=${period}s" \
      --data-urlencode "aggregation.perSeriesAligner=$aligner" \
      --data-urlencode "aggregation.crossSeriesReducer=$reducer" "${labels[@]}" \
      --data-urlencode "pageSize=PAGE_POINTS" --data-urlencode "pageToken=$token") || {
        echo "left out: $metric from $start" >&2; return 0; }
    jq -r --arg m "$metric" --arg w "$word" --arg a "$aligner" --arg r "$reducer" --argjson p "$period" \
      --arg start "$start" --slurpfile backends backends.json "${JQ[$table]}" <<<"$page" >> "$table.csv"
    token=$(jq -r '.nextPageToken // ""' <<<"$page")
    [ -n "$token" ] || return 0
  done
}"""
_USAGE_COLUMNS = (
    "metric_type,memory_type,aligner,reducer,namespace_name,top_level_controller_type,top_level_controller_name,"
    "container_name,end_time,period_s,value"
)
_USAGE_JQ = r"""
  .timeSeries[]? as $s | $s.points[] | select(.interval.endTime > $start)
  | [$m, $w, $a, $r, $s.resource.labels.namespace_name,
     $s.metadata.systemLabels.top_level_controller_type // "", $s.metadata.systemLabels.top_level_controller_name // "",
     $s.resource.labels.container_name, .interval.endTime, $p,
     (.value.doubleValue // (.value.int64Value | tonumber))]
  | @csv"""
_TRAFFIC_COLUMNS = (
    "metric_type,namespace_name,service_name,workload_name,source_namespace_name,source_workload_name,protocol,"
    "response_code_class,end_time,period_s,request_count,request_bytes,response_bytes,latency_metric_type,"
    "latency_mean_ms,latency_sum_of_squared_deviation_ms2,latency_bucket_bounds_ms,latency_bucket_counts"
)
# Count, bytes and histogram of a target are rows of their own: what adds them up does not mind.
_TRAFFIC_JQ = r"""
  def known: if . == null or . == "" or . == "unknown" then "" else . end;
  def target: .resource.labels as $r | .metric.labels as $l
    | if $l.destination_service_namespace then
        [$l.destination_service_namespace, $l.destination_service_name, $l.destination_workload_name // "",
         ($l.source_workload_namespace | known), ($l.source_workload_name | known), $l.request_protocol // ""]
      else
        (($r.backend_name, $r.backend_target_name) | select(. != null)
         | $backends[0][.] // $backends[0][(capture("^(?<be>k8s-be-[0-9]+)--") // {be: ""}).be]
         | select(. != null) | . + ["", "", "", ""]) end;
  def bounds: if .exponentialBuckets then .exponentialBuckets as $e
      | [range(0; $e.numFiniteBuckets + 1) | $e.scale * pow($e.growthFactor; .)]
    elif .linearBuckets then .linearBuckets as $e
      | [range(0; $e.numFiniteBuckets + 1) | ($e.offset // 0) + $e.width * .]
    else .explicitBuckets.bounds // [] end;
  def number: .int64Value // .doubleValue // (.distributionValue | ((.count // 0) | tonumber) * (.mean // 0))
    | tonumber | round;
  .timeSeries[]? as $s | first($s | target) as $t | $s.metric.labels as $l
  | (($l.response_code_class // $l.response_code // "0") | tostring | .[0:1] + "xx") as $class
  | $s.points[] | select(.interval.endTime > $start) | .interval.endTime as $time | .value
  | [$w, $t[], $class, $time, $p]
    + if $m == $w then [number, "", ""]
      elif $m | test("request_bytes") then [0, number, ""]
      elif $m | test("response_bytes") then [0, "", number] else [0, "", ""] end
    + if $m | test("latencies") then (.distributionValue | (.bucketOptions | bounds) as $bounds
        | [(.bucketCounts // [])[] | tonumber] as $counts
        | [$m, .mean // 0, .sumOfSquaredDeviation // 0, ($bounds | tojson),
           ([range(0; ($bounds | length) + 1) | $counts[.] // 0] | tojson)])
      else ["", "", "", "", ""] end
  | @csv"""


def commands(  # noqa: PLR0913 (the options of the verb, by name)
    start: datetime,
    end: datetime,
    *,
    context: str | None = None,
    project: str | None = None,
    cluster: str | None = None,
    location: str | None = None,
    billing_table: str | None = None,
    prometheus: str | None = None,
) -> str:
    """A script for ``bash``: ``kubectl``, ``curl`` with ``gcloud`` and ``jq``, ``bq``; at its end the ``k2cr`` line."""
    lines = [
        "#!/bin/bash",
        "# Makes the files that `k2cr collect --manifests` reads. Nothing in the cluster is changed.",
        "set -euo pipefail",
        *_kubectl(context),
    ]
    if project:
        lines += ["", *_cloud_run(project)]
    options = ["--manifests", "cluster", "--end", f"{end:%Y-%m-%dT%H:%M:%SZ}", "--window", _length(start, end)]
    if project and cluster and location:
        lines += ["", *_metrics(start, end, context, project, cluster, location)]
        options += ["--project", project, "--cluster", cluster, "--location", location]
        options += ["--usage", "usage.csv", "--traffic", "traffic.csv"]
    if prometheus:
        lines += ["", *_prometheus(start, end, prometheus)]
        options += ["--prometheus", "prometheus"]
    if billing_table:
        lines += ["", *_bill(start, end, project, checked_table(billing_table))]
        options += ["--billing", "billing.parquet"]
    lines += ["", "# Then, where k2cr is:", f"#   {shlex.join(['k2cr', 'collect', *options, '--out', 'SNAP'])}"]
    return "\n".join(lines) + "\n"


def _kubectl(context: str | None) -> Iterator[str]:
    named = f" --context {shlex.quote(context)}" if context else ""
    yield "mkdir -p cluster"
    yield "# What announces itself as a secret is taken out before anything is written; Secrets are not read at all."
    yield f"REDACT={shlex.quote((bundled('data') / 'redact.jq').read_text(encoding='utf-8'))}"
    yield f"for kind in {' '.join(map(str, RESOURCES))}; do"
    yield "  # A kind that this cluster does not have, or that you may not read, is left out."
    yield (
        f'  kubectl{named} get "$kind" --all-namespaces -o json | jq -c "$REDACT" > "cluster/$kind.json" '
        '|| rm "cluster/$kind.json"'
    )
    yield "done"


# As a snapshot keeps them: what a person wrote, with the region in the namespace's place, where the name is unique.
_CLOUD_RUN_JQ = (
    '{apiVersion: "v1", kind: "List", items: [.[] | del(.status)'
    ' | .metadata.namespace = .metadata.labels["cloud.googleapis.com/location"]]}'
)


def _cloud_run(project: str) -> Iterator[str]:
    yield "# What runs on Cloud Run already; left out where you may not list it."
    yield (
        f"gcloud run services list --project={shlex.quote(project)} --format=json | jq {shlex.quote(_CLOUD_RUN_JQ)} "
        '| jq -c "$REDACT" > cluster/cloud-run.json || rm cluster/cloud-run.json'
    )


def _metrics(
    start: datetime, end: datetime, context: str | None, project: str, cluster: str, location: str
) -> Iterator[str]:
    yield f"PROJECT={shlex.quote(project)}"
    yield "# Which Service stands behind which backend of a load balancer: by endpoint group, and by node port."
    named = f" --context {shlex.quote(context)}" if context else ""
    yield f"kubectl{named} get services --all-namespaces -o json | jq {shlex.quote(_BACKENDS_JQ)} > backends.json"
    yield "declare -A JQ"
    yield f"JQ[usage]={shlex.quote(_USAGE_JQ)}"
    yield f"JQ[traffic]={shlex.quote(_TRAFFIC_JQ)}"
    yield _PAGES_FUNCTION.replace("PAGE_POINTS", str(PAGE_POINTS))
    yield f"echo {_USAGE_COLUMNS} > usage.csv"
    yield f"echo {_TRAFFIC_COLUMNS} > traffic.csv"
    seconds = range(int(start.timestamp()), int(end.timestamp()), 86400)
    yield f"for day in $(seq {seconds[0]} 86400 {seconds[-1]}); do"
    yield f"  last=$((day + 86400 < {int(end.timestamp())} ? day + 86400 : {int(end.timestamp())}))"
    yield '  from=$(date -u -d "@$day" +%Y-%m-%dT%H:%M:%SZ) to=$(date -u -d "@$last" +%Y-%m-%dT%H:%M:%SZ)'
    for query in (query for query in USAGE_QUERIES if query.resource_type == "k8s_container"):
        yield _call("usage", query, NON_EVICTABLE if query.condition else "", cluster, location)
    for source in (*LOAD_BALANCERS, MESH):
        for query in source.queries:
            yield _call("traffic", query, source.count, cluster, location)
    yield "done"


_BACKENDS_JQ = r"""[.items[] | [.metadata.namespace, .metadata.name] as $service
  | (((.metadata.annotations["cloud.google.com/neg-status"] // "{}" | fromjson).network_endpoint_groups // {})[]),
    (.spec.ports[]?.nodePort // empty | "k8s-be-\(.)")
  | {key: ., value: $service}] | from_entries"""


def _call(table: str, query: MetricQuery, word: str, cluster: str, location: str) -> str:
    given = [table, query.metric_type, word, query.aligner, query.reducer, str(query.period_s)]
    words = [*given, query.filter(cluster, location)]
    labels = [path for _, path in query.group_by]
    return f'  pages {" ".join(map(shlex.quote, words))} "$from" "$to" {" ".join(map(shlex.quote, labels))}'


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


# One answer in a file of its own; what is there already is not asked for again.
_ASK_FUNCTION = r"""ask() {  # file path parameter...
  local file="prometheus/$1" path=$2 parameter
  shift 2
  local -a given=()
  for parameter in "$@"; do given+=(--data-urlencode "$parameter"); done
  [ -s "$file" ] && return 0
  curl -sSf -G "$PROMETHEUS/api/v1/$path" ${K2CR_PROMETHEUS_TOKEN:+-H "Authorization: Bearer $K2CR_PROMETHEUS_TOKEN"} \
    "${given[@]}" -o "$file.partial" && mv "$file.partial" "$file"
}
has() { jq -e --arg name "$1" '.data | index($name)' prometheus/label-__name__-values.json > /dev/null; }
none() { echo '{"status": "success", "data": {"result": []}}' > "prometheus/$1"; }"""


def _prometheus(start: datetime, end: datetime, url: str) -> Iterator[str]:
    """Each query once, in a loop over the moments at which it is asked."""
    yield "# PromQL, by the HTTP API; a bearer token may stand in K2CR_PROMETHEUS_TOKEN."
    yield f"PROMETHEUS={shlex.quote(url)}"
    yield "mkdir -p prometheus"
    yield _ASK_FUNCTION
    moments: dict[tuple[str, str, str], list[Mapping[str, str]]] = {}
    for what, given in asked_of_prometheus(start, end):
        if what.startswith("label/"):
            yield f"ask {file_name(what, given)} {what} start={given['start']} end={given['end']}"
        else:
            moments.setdefault((what, given["query"], given.get("step", "")), []).append(given)
    for (what, query, step), asked in moments.items():
        name, metric = (
            query_name(what, asked[0]),
            re.split(r"[({]", _FUNCTION.sub("", query))[0],
        )
        times = " ".join(_times(given) for given in asked)
        yield f"for times in {times}; do"
        yield '  IFS=, read -r first last <<<"$times"'
        at = f"step={step} start=$first end=$last" if step else "time=$last"
        whole = " ".join(f"{key}={value}" for key, value in asked[0].items() if key not in _MOVING)
        yield f"  if has {metric}; then ask {name}-$last.json {what} {shlex.quote(f'query={query}')} {at} {whole}"
        yield f"  else none {name}-$last.json; fi"
        yield "done"


_FUNCTION = re.compile(r"^[a-z_]+_over_time\(")
_MOVING = ("query", "step", "start", "end", "time")


def _times(given: Mapping[str, str]) -> str:
    return f"{int(float(given.get('start') or given['time']))},{moment_of(given)}"


def _length(start: datetime, end: datetime) -> str:
    hours = int((end - start).total_seconds()) // 3600
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"
