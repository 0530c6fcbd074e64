"""Every column of every public DataFrame: its name, the heading it has on a page, its unit and what it means.

``docs/glossary.md`` is written from here and from ``snapshot.tables``, and a test holds both to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.platforms.billing import HOURS_PER_MONTH

Form = Literal["text", "money", "exact", "number", "share", "ms", "hours", "flag", "list", "count", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    heading: str
    unit: str
    doc: str
    form: Form = "text"


def _column(name: str, heading: str, unit: str, doc: str, form: Form = "text") -> Column:
    return Column(name, heading, unit, doc, form)


_ALL = (
    # identity and verdict
    _column("workload_id", "workload", "", "namespace/Kind/name"),
    _column("verdict", "verdict", "", "ready, changes, blocked or keep"),
    _column("target", "becomes", "", "service, worker-pool, job or none"),
    _column("effort_days", "effort", "days", "work that the move takes", "number"),
    _column("blockers", "blockers", "", "number of findings of severity blocker", "count"),
    _column("changes", "changes", "", "number of findings of severity change", "count"),
    # money
    _column("currency", "currency", "ISO 4217", "currency of the amounts in the row"),
    _column("gke_attributed_month", "GKE share", "currency/month", "the workload's share of today's bill", "money"),
    _column(
        "gke_avoidable_month", "GKE avoidable", "currency/month", "what the bill loses when it alone leaves", "money"
    ),
    _column(
        "cloud_run_month", "Cloud Run", "currency/month", "what Cloud Run would charge, before the free tier", "money"
    ),
    _column(
        "saving_month",
        "saving on paper",
        "currency/month",
        "GKE share less Cloud Run; negative where it costs more",
        "money",
    ),
    _column(
        "saving_low_month", "saving, low", "currency/month", "lower end of the 95 % interval of the saving", "money"
    ),
    _column(
        "saving_high_month", "saving, high", "currency/month", "upper end of the 95 % interval of the saving", "money"
    ),
    _column("sign_may_flip", "sign may flip", "", "the 95 % interval holds gains and losses", "flag"),
    _column("assumed_traffic", "on assumed traffic", "", "what cost and latency rest on where none was measured"),
    _column("line", "line", "", "line of the bill"),
    _column("amount_month", "amount", "currency/month", "amount of a line of the bill", "money"),
    # line items
    _column("side", "side", "", "Cloud Run, or GKE today"),
    _column("sku", "SKU", "", "what is charged, as the Cloud Billing Catalog words it"),
    _column("quantity", "quantity", "by unit", f"amount used in a month of {HOURS_PER_MONTH} h", "exact"),
    _column("unit", "unit", "", "unit of quantity, and what the rate is for: vcpu_s, gib_s, request, ..."),
    _column("rate", "rate", "currency/unit", "price of one unit", "exact"),
    _column("amount", "amount", "currency/month", "quantity x rate, never rounded before it is summed", "exact"),
    _column("made_of", "quantity is made of", "", "counts that multiply to the quantity"),
    _column("price_date", "price of", "YYYY-MM-DD", "day on which the price was read, or from which it holds"),
    _column("price_source", "read where", "", "where the price was read; the bill, where it is the bill's own"),
    # findings
    _column("severity", "severity", "", "blocker, change or note"),
    _column("rule", "rule", "", "id of the rule; `k2cr explain RULE` has its page"),
    _column("path", "where", "JSON path", "place in the object; the first, where there are several"),
    _column("places", "places", "JSON paths", "all places of what the rule found", "list"),
    _column("message", "finding", "", "what was found"),
    _column("remediation", "what to do", "", "the way out"),
    _column("workloads", "how many", "", "number of workloads", "count"),
    _column("workload_ids", "workloads", "", "the workloads, by id", "list"),
    # shape
    _column("container", "container", "", "name of the container"),
    _column("role", "role", "", "ingress (gets the requests) or sidecar"),
    _column("request_cpu_cores", "CPU request today", "cores", "resources.requests.cpu in the pod", "number"),
    _column("request_memory_mib", "memory request today", "MiB", "resources.requests.memory in the pod", "number"),
    _column("cpu_cores", "CPU", "cores", "CPU limit on Cloud Run, which is what is allocated and billed", "number"),
    _column("memory_mib", "memory", "MiB", "memory limit on Cloud Run", "number"),
    _column("waits_for", "starts after", "", "containers that must be ready before this one starts", "list"),
    _column("startup_probe", "start-up probe", "", "how Cloud Run sees that the container is ready"),
    # usage
    _column("cpu_p50_cores", "CPU p50", "cores", "median over the window, of the busiest pod of a period", "number"),
    _column("cpu_p99_cores", "CPU p99", "cores", "99 % quantile over the window, of the busiest pod", "number"),
    _column("cpu_max_cores", "CPU max", "cores", "largest value of the window, of the busiest pod", "number"),
    _column("memory_p50_mib", "memory p50", "MiB", "median over the window, of the busiest pod of a period", "number"),
    _column("memory_max_mib", "memory max", "MiB", "largest value of the window, of the busiest pod", "number"),
    _column("restarts", "restarts", "", "restarts of all pods in the window", "count"),
    # traffic
    _column("start_utc", "hour", "UTC", "start of the hour", "time"),
    _column("day", "day", "UTC", "day of the window", "time"),
    _column("group", "group", "", "namespace, value of a label, or node pool, as asked for"),
    _column("namespace", "namespace", "", "Kubernetes namespace; of the bill, what GKE's cost allocation says"),
    _column("service", "service", "", "Google Cloud service that was charged for"),
    _column("paid", "paid", "currency", "cost less credits, of the day", "money"),
    _column("requests_day", "requests", "1/day", "requests of the day, at the mean rate of what is known", "number"),
    _column("cpu_mean_cores", "CPU", "cores", "mean of all pods together", "number"),
    _column("memory_peak_mib", "memory, peak", "MiB", "most that one pod used on the day", "number"),
    _column("latency_mean_ms", "mean latency", "ms", "mean of the day's successful requests", "ms"),
    _column("asked_cores", "CPU asked for", "cores", "requests of all pods that the manifest asks for", "number"),
    _column("used_share", "used", "share", "CPU that is used, of what is asked for", "share"),
    _column("idle_month", "asked for and idle", "currency/month", "GKE share times the CPU that is not used", "money"),
    _column(
        "requests_per_s", "requests", "1/s", "requests that ended in the period, per second; null in a gap", "number"
    ),
    # latency
    _column("where", "where", "", "GKE today (measured) or Cloud Run (predicted)"),
    _column("p50_ms", "p50", "ms", "median latency of a request", "ms"),
    _column("p95_ms", "p95", "ms", "95 % quantile of the latency", "ms"),
    _column("p99_ms", "p99", "ms", "99 % quantile of the latency", "ms"),
    _column("p99_gke_ms", "p99 today", "ms", "99 % quantile of the latency on GKE, measured", "ms"),
    _column("p99_cloud_run_ms", "p99 on Cloud Run", "ms", "99 % quantile of the latency on Cloud Run, predicted", "ms"),
    _column(
        "cold_start_ratio", "cold starts", "share of requests", "requests that wait for an instance to start", "share"
    ),
    # recommendation
    _column("choice", "choice", "", "cheapest that meets the objectives, second best, or a point of the frontier"),
    _column("concurrency", "concurrency", "requests", "requests that one instance takes at a time", "count"),
    _column("min_instances", "min instances", "", "instances that are kept without requests", "count"),
    _column("billing", "billing", "", "request or instance: what Cloud Run bills CPU by"),
    _column(
        "extra_month", "more than the cheapest", "currency/month", "cloud_run_month less that of the cheapest", "money"
    ),
    _column("gain_ms", "p99 gained", "ms", "p99 of the row with no min instance less that of this one", "ms"),
    # validation
    _column("model", "model", "", "queue, or published run, that was simulated"),
    _column("compared", "compared", "", "what was compared"),
    _column("expected", "expected", "by unit", "value of the formula, or of the other simulator", "number"),
    _column("simulated", "simulated", "by unit", "value of k2cr's simulator", "number"),
    _column("difference", "difference", "by unit", "simulated less expected", "number"),
    _column("allowed", "allowed", "by unit", "how large the difference may be", "number"),
    _column("agrees", "agrees", "", "the difference is not larger than allowed", "flag"),
    _column("known_from", "known from", "", "formula, or simulator with its number of seeds"),
    # backtests
    _column("what", "what", "", "what was predicted, of which service"),
    _column("given", "given", "", "what the prediction rests on"),
    _column("predicted_low", "predicted from", "by unit", "lower end of what was predicted", "number"),
    _column("predicted_high", "to", "by unit", "upper end; infinite where the load cannot be served", "number"),
    _column("measured_in_public", "measured", "by unit", "what was measured in public", "number"),
    _column("hit", "hit", "", "measured lies in the predicted range", "flag"),
    _column("source", "source", "", "where it was measured"),
    # toil and dependencies
    _column("direction", "toil", "", "leaves (with the cluster) or comes (with Cloud Run)"),
    _column("item", "work", "", "what is done"),
    _column("hours_month", "time", "hours/month", "time that it takes", "hours"),
    _column("evidence", "evidence", "", "what in the cluster shows it"),
    _column("shared", "shared", "", "leaves only with the last workload that needs it", "flag"),
    _column("depends_on", "calls", "", "workload or name that is called"),
    _column("kind", "kind", "", "http, grpc, database, cache, queue, ..."),
    _column("port", "port", "", "port that is called"),
    _column("in_cluster", "in the cluster", "", "the target is a Service of this cluster", "flag"),
    # plan
    _column("wave", "wave", "", "number of the wave, from 1", "count"),
    _column("attributed_month", "on paper", "currency/month", "GKE share less Cloud Run, of the wave", "money"),
    _column(
        "realised_month",
        "realised",
        "currency/month",
        "what the bill really loses with the wave, less Cloud Run",
        "money",
    ),
    _column(
        "cumulative_realised_month",
        "realised so far",
        "currency/month",
        "realised_month of this and all waves before",
        "money",
    ),
    _column("realised_low_month", "from", "currency/month", "lower end of the 95 % of realised so far", "money"),
    _column("realised_high_month", "to", "currency/month", "upper end of the 95 % of realised so far", "money"),
    _column(
        "cumulative_saving_over_stay_month",
        "over staying so far",
        "currency/month",
        "saving_over_stay_month of this and all waves before",
        "money",
    ),
    _column("nodes_removed", "nodes removed", "", "nodes that the remaining pods no longer need", "count"),
    _column("why", "why it stays", "", "reason that a workload is not in the plan"),
    _column(
        "holds_back_month",
        "holds back",
        "currency/month",
        "what the bill would lose more without it, less what would come in its place",
        "money",
    ),
    _column("cluster", "cluster", "", "name of the cluster"),
    _column("clusters", "clusters", "", "clusters that the workloads are of", "list"),
    _column("after_wave", "can be deleted after wave", "", "wave after which nothing is left on it", "count"),
    _column(
        "last_pod_month",
        "goes with the last workload",
        "currency/month",
        "what leaves the bill only when the last workload that holds the cluster has left",
        "money",
    ),
    _column("kept_by", "kept by", "", "workloads that hold the cluster and do not move", "list"),
    _column(
        "requests_month",
        "requests today",
        "1/month",
        f"requests of a month of {HOURS_PER_MONTH} h, as counted",
        "number",
    ),
    _column(
        "break_even_requests",
        "break even at",
        "1/month",
        "requests a month at which Cloud Run costs what the workload's share of the GKE bill is today",
        "number",
    ),
    _column("share_of_break_even", "today's part of it", "", "below 100 %, Cloud Run is cheaper on paper", "share"),
    # as billed
    _column("invoice_month", "invoice", "YYYY-MM", "month of the invoice, Pacific time"),
    _column("from_utc", "from", "UTC", "first hour of usage in the rows", "time"),
    _column("to_utc", "to", "UTC", "last hour of usage in the rows", "time"),
    _column("is_whole", "whole", "", "the rows reach over all of the invoice month", "flag"),
    _column("cost_amount", "cost", "currency", "before credits", "money"),
    _column("credits_amount", "credits", "currency", "negative", "money"),
    _column("not_usage", "of it tax, adjustments", "currency", "tax, adjustments and rounding in paid", "money"),
    _column("other_clusters", "other clusters", "currency", "same invoice, not in paid", "money"),
    _column("commitment", "commitment", "", "its SKU on the bill, or what could be committed"),
    _column("fee_month", "paid", "currency/month", "the commitment's fee, whatever becomes of the nodes", "money"),
    _column("unused_month", "of it unused", "currency/month", "the part of the fee that no usage takes", "money"),
    _column("years", "years", "", "term, where its name says it", "count"),
    _column("ends", "ends", "YYYY-MM-DD", "[plan] commitment_ends; the export does not say it"),
    _column("hour_at_list", "an hour at list", "currency/hour", "Cloud Run of what runs in every hour", "exact"),
    _column("hour_committed", "an hour committed", "currency/hour", "the same under the commitment", "exact"),
    _column("commitment_saving_month", "saves", "currency/month", "on all of the floor, all month", "money"),
    # futures
    _column("future", "future", "", "today, stay, move or leave"),
    _column("headroom", "headroom", "", "of the nodes: as much as today, or packed to [plan] headroom"),
    _column("variant", "on", "", "way to stay, or what stays when the plan has moved"),
    _column("gke_month", "GKE", "currency/month", "what stays of the GKE bill", "money"),
    _column("managed_month", "managed", "currency/month", "managed services in place of what Cloud Run lacks", "money"),
    _column("month", "in sum", "currency/month", "the whole month; missing where a part is not known", "money"),
    _column("at_least_month", "at least", "currency/month", "what is known of the month", "money"),
    _column("at_most_month", "at most", "currency/month", "at what is requested, where use says less", "money"),
    _column("charge", "charge", "", "what stands beside pods and instances"),
    _column(
        "saving_over_stay_month",
        "over staying",
        "currency/month",
        "the month of stay less that of the future; negative where staying is cheaper",
        "money",
    ),
    _column("missing", "what is missing", "", "what keeps it from being reached, or a figure from being known", "list"),
    _column("change", "change", "", "comes, goes, may go, stays or none"),
    _column("low_amount", "from", "currency/month", "least; negative where it goes", "money"),
    _column("high_amount", "to", "currency/month", "most; negative where it goes", "money"),
    _column("counted", "in the sums", "", "in the plan's figures; the others stand beside them", "flag"),
    _column("why_range", "what is not known", "", "what keeps it from being one amount, and its rate"),
    _column("how", "how", "", "with the numbers that make it"),
    _column("why_not", "does not count, since", "", "why it is told and is no way to stay"),
    _column("to", "goes to", "", "what takes its place without a cluster"),
    _column("size", "size", "", "of what takes its place"),
    _column("reason", "why not known", "", "which price is missing"),
    _column("month_number", "month", "", "month from the first wave on, from 1", "count"),
    _column("saving", "saving", "currency", "over staying, of the waves that are done", "money"),
    _column("paid_twice", "paid twice", "currency", "Cloud Run beside GKE while a wave moves", "money"),
    _column("effort_amount", "effort", "currency", "days of work of the waves, at the engineer's rate", "money"),
    _column("labour_amount", "hours", "currency", "hours that go less those that come, at the rate", "money"),
    _column("so_far", "so far", "currency", "sum of all months up to this one", "money"),
    _column("without_share", "without a share", "", "workloads of the group whose GKE share is not known", "count"),
    _column("moving", "moving", "", "workloads of the group that are in the plan", "count"),
    _column("moving_gke_month", "their GKE share", "currency/month", "GKE share of those that move", "money"),
    # diff
    _column("figure", "figure", "", "figure of the portfolio or of the plan"),
    _column("before_month", "before", "currency/month", "in the earlier snapshot", "money"),
    _column("after_month", "after", "currency/month", "in the later snapshot", "money"),
    _column("change_month", "change", "currency/month", "after less before; of a workload, of its saving", "money"),
    _column("in_plan", "in the plan", "", "it moves", "flag"),
    _column("margin_month", "adds", "currency/month", "saving over staying lost without it, or gained", "money"),
    _column("low", "from", "by unit", "least that was expected", "number"),
    _column("high", "to", "by unit", "most that was expected", "number"),
    _column("measured", "measured", "by unit", "what the service's own metrics say", "number"),
    _column("causes", "why", "", "what each input that differs adds to the change, money a month", "list"),
    _column("verdict_before", "verdict before", "", "in the earlier snapshot, where it is another"),
    _column("verdict_after", "verdict after", "", "in the later snapshot, where it is another"),
    _column("fields", "fields that differ", "JSON path", "of the workload's own objects", "list"),
    _column("assumption", "what", "", "an assumption that the plan's saving hangs on"),
    _column("low_at", "at one end", "", "the assumption at its one end"),
    _column("low_month", "saving there", "currency/month", "saving less effort with the assumption at low_at", "money"),
    _column("high_at", "at the other", "", "the assumption at its other end"),
    _column("high_month", "saving there", "currency/month", "saving less effort with it at high_at", "money"),
    _column("turns", "turns the answer", "", "at one of its ends the saving is a loss", "flag"),
)

COLUMNS: dict[str, Column] = {column.name: column for column in _ALL}
