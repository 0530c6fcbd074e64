"""``cutover.md``: the checklist of the move, with real names, the figures to expect, and when to stop."""

from __future__ import annotations

from k2cr_analysis.assessment.result import Latency
from k2cr_analysis.render.build import Build
from k2cr_analysis.render.mapping import escaped, told
from k2cr_analysis.render.service import RunJob, RunService, RunWorkerPool

STARTUP_LIMIT_S = 240
WATCH_DAYS = 14


def cutover(build: Build, files: frozenset[str]) -> str:
    """``files``: the names of the folder's other files, so that only steps that exist are listed."""
    lines = [f"# Cutover of {escaped(build.workload.id)}", "", _intent(build), ""]
    lines += _before(build)
    lines += ["## Steps", "", *_steps(build, files), ""]
    lines += ["## What to expect", "", *_expected(build), ""]
    lines += ["## When to stop and go back", "", *_thresholds(build), "", "Back: `./rollback.sh`.", ""]
    lines += ["## Afterwards, on GKE", "", *_clean_up(build)]
    return "\n".join(lines).rstrip() + "\n"


def _intent(build: Build) -> str:
    kind = {"service": "service", "job": "job", "worker-pool": "worker pool"}[build.assessed.fit.target]
    place = f"project `{build.context.project_literal}`, region `{build.context.region_literal}`"
    return f"Becomes the Cloud Run {kind} `{build.run.name}` in {place}. Verdict: {build.assessed.fit.verdict}."


def _before(build: Build) -> list[str]:
    todo = [
        f"- [ ] Fill in `{literal}`: {escaped(meaning)}."
        for literal, meaning in sorted(build.account.placeholders.items())
    ]
    todo += [f"- [ ] {escaped(question)}" for question in build.account.decisions]
    changes = [f for f in build.assessed.findings if f.severity == "change"]
    todo += [f"- [ ] {f.rule}: {escaped(told(f))}" for f in changes]
    return ["## Before", "", *todo, ""] if todo else []


def _steps(build: Build, files: frozenset[str]) -> list[str]:
    steps = ["`./prepare.sh` makes APIs, service account and secrets ready."]
    if "gke-internal-lb.yaml" in files:
        names = ", ".join(f"`{c.service.host}`" for c in build.callees)
        steps.append(f"`./network.sh out` gives {names} an internal load balancer and a name in the VPC network.")
    elif build.run.template.egress:
        steps.append("`./network.sh out` makes the subnet ready.")
    steps.append("`./deploy.sh` deploys. " + _how_to_see(build))
    if "network.sh" in files and isinstance(build.run, RunService):
        steps.append("`./network.sh in` opens the way in.")
    if "scheduler.sh" in files:
        steps.append(
            f"Suspend the CronJob: `kubectl patch cronjob {build.workload.name} -n "
            f'{build.workload.namespace} -p \'{{"spec":{{"suspend":true}}}}\'`; then `./scheduler.sh`.'
        )
    steps += _shift(build)
    return [f"{number}. {step}" for number, step in enumerate(steps, start=1)]


def _how_to_see(build: Build) -> str:
    if isinstance(build.run, RunService):
        return f"Good: the revision is Ready, which means that every start-up probe passed within {STARTUP_LIMIT_S} s."
    if isinstance(build.run, RunJob):
        return f"Good: `gcloud run jobs execute {build.run.name} --wait` ends with success."
    return "Good: the revision is Ready and the queue's backlog does not grow."


def _shift(build: Build) -> list[str]:
    workload = build.workload
    if isinstance(build.run, RunWorkerPool):
        return [
            "Halve the replicas on GKE (`kubectl scale`), watch the backlog for an hour, then scale "
            f"{workload.kind} {workload.namespace}/{workload.name} to 0. Both sides pull from one queue, so "
            "no message is lost."
        ]
    if isinstance(build.run, RunJob):
        return ["Compare the first three runs with the last ones on GKE: result, duration, exit code."]
    reached = build.reached
    steps = ["Warm up: send the health check a few requests a second for a minute, or set `--min=1` for the day."]
    if reached and reached.reach in ("external-load-balancer", "iap-direct"):
        domains = ", ".join(f"`{d}`" for d in reached.domains) or "the users' name"
        steps += [
            f"Lower the TTL of {domains} to 60 s, a day before.",
            "Enter the CNAME records that `network.sh` printed, and wait until the certificates are ACTIVE.",
            f"Give {domains} the new address as a second, weighted record at 10 %, watch for 30 minutes, "
            "then 50 %, then 100 % (Cloud DNS: weighted round robin; elsewhere: one switch).",
        ]
    else:
        callers = sorted(
            w.id for w in build.context.assessed.values() if any(d.target == workload.id for d in w.fit.dependencies)
        )
        names = ", ".join(escaped(c) for c in callers) or "each caller (the snapshot shows none)"
        steps.append(
            f"Point {names} to the service's URL, one at a time; callers send an ID token of their service account."
        )
    return steps


def _expected(build: Build) -> list[str]:
    lines = []
    latency, cost, shape = build.assessed.latency, build.assessed.cost, build.assessed.shape
    if latency is not None:
        lines += _latency_lines(latency)
    if cost is not None and cost.cloud_run_month is not None:
        today = (
            f"; its share of today's bill is {cost.gke_attributed_month:.2f}"
            if cost.gke_attributed_month is not None
            else ""
        )
        lines.append(
            f"- Cost: {cost.cloud_run_month:.2f} {cost.currency} a month before the account's free tier{today}."
        )
    if shape is not None and isinstance(build.run, RunService):
        lines.append(
            f"- Instances: {build.run.min_instances} to {build.run.max_instances}, {build.run.concurrency} "
            "requests at once each."
        )
    return lines or [
        "- The snapshot has no usage or traffic for it: measure on GKE first, or take the first day as the baseline."
    ]


def _latency_lines(latency: Latency) -> list[str]:
    rows = ["| | p50 ms | p95 ms | p99 ms |", "|---|---:|---:|---:|"]
    for name, found in (("on GKE", latency.gke), ("on Cloud Run, predicted", latency.cloud_run)):
        if found is not None:
            if all(v is None for v in (found.p50_ms, found.p95_ms, found.p99_ms)):
                continue
            cells = ["" if v is None else f"{v:.0f}" for v in (found.p50_ms, found.p95_ms, found.p99_ms)]
            rows.append(f"| {name} | {' | '.join(cells)} |")
    cold = (
        [f"Requests that meet a cold start: {latency.cold_start_ratio:.2%} (by {latency.method})."]
        if latency.cold_start_ratio is not None
        else []
    )
    table = [*rows, ""] if len(rows) > 2 else []
    return table + [f"- {c}" for c in cold]


def _thresholds(build: Build) -> list[str]:
    if isinstance(build.run, RunJob):
        return ["- A run fails twice in a row, or takes twice as long as on GKE."]
    if isinstance(build.run, RunWorkerPool):
        return [
            "- The oldest unacknowledged message gets older for 15 minutes.",
            "- Instances restart more than once an hour (`run.googleapis.com/container/instance_count`, "
            "logs with `Container terminated`).",
        ]
    objectives = build.context.config.objectives_of(build.workload.id)
    predicted = build.assessed.latency.cloud_run if build.assessed.latency else None
    limit = objectives.p99_ms or (predicted.p99_ms * 2 if predicted and predicted.p99_ms else None)
    slow = f"p99 above {limit:.0f} ms" if limit else "p99 above twice what GKE has"
    origin = (
        "the objective" if objectives.p99_ms else "twice the prediction" if limit else "no prediction: no traffic data"
    )
    return [
        f"- {slow} for 10 minutes ({origin}; `run.googleapis.com/request_latencies`).",
        "- More than 1 % of responses are 5xx for 5 minutes (`run.googleapis.com/request_count`).",
        "- Any 429: no instance was found in time; raise max instances first.",
        "- Instances restart for memory (`Memory limit of ... exceeded` in the log).",
    ]


def _clean_up(build: Build) -> list[str]:
    """In dependency order: what points at a thing goes before the thing."""
    workload = build.workload
    namespace = workload.namespace
    parts = build.context.parts_of(workload)
    order = []
    for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget"):
        for one in (workload, *parts):
            order += [(kind, str(raw.get("metadata", {}).get("name"))) for raw in one.related.get(kind, ())]
    routes = sorted({(r.kind, r.name) for r in (build.reached.routes if build.reached else ())})
    order += [(kind, f"{name} (its rules for this Service)") for kind, name in routes]
    order += [(e.kind, e.service) for e in workload.exposures]
    order += [(workload.kind, workload.name)]
    for part in parts:
        order += [*((e.kind, e.service) for e in part.exposures), (part.kind, part.name)]
    lines = [
        f"Scale to 0 on the day of the move; delete after {WATCH_DAYS} quiet days, in this order (namespace "
        f"{escaped(namespace)}):",
        "",
    ]
    lines += [f"{number}. {kind} {escaped(name)}" for number, (kind, name) in enumerate(order, start=1)]
    lines += ["", "ConfigMaps, Secrets and the ServiceAccount go last, and only where nothing else uses them."]
    if build.identity.to_create is None:
        pool = f"{build.context.project_literal}.svc.id.goog"
        member = f"serviceAccount:{pool}[{namespace}/{workload.pod.service_account_name or 'default'}]"
        lines += [
            f"Then `{build.identity.email}` no longer needs the cluster:",
            "",
            f"    gcloud iam service-accounts remove-iam-policy-binding {build.identity.email} \\",
            f"      --role=roles/iam.workloadIdentityUser --member='{member}'",
        ]
    return lines
