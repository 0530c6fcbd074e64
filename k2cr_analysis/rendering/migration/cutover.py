"""``cutover.md``: the checklist of the move, with real names, the figures to expect, and when to stop."""

from __future__ import annotations

from k2cr_analysis.assessment.result import Latency
from k2cr_analysis.model.money import amount_of, plain_amount
from k2cr_analysis.platforms.cloud_run.limits import FIRST_CONNECTION
from k2cr_analysis.platforms.cloud_run.probes import MAX_STARTUP_S
from k2cr_analysis.rendering.migration.clean_up import account_users, callers
from k2cr_analysis.rendering.migration.clean_up import steps as steps_of_clean_up
from k2cr_analysis.rendering.migration.iap_direct import other_way_in
from k2cr_analysis.rendering.migration.secrets import COPIED, changed_from_now_on
from k2cr_analysis.rendering.network.access.ingress_setting import Reached
from k2cr_analysis.rendering.network.backend_policy import source_ranges
from k2cr_analysis.rendering.spec.audience import BACKEND_ID
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.service import RunJob, RunService, RunWorkerPool
from k2cr_analysis.rendering.text.mapping import escaped, told
from k2cr_analysis.rendering.text.shell import quote

WATCH_DAYS = 14


def cutover(build: Build, files: frozenset[str]) -> str:
    """``files``: the names of the folder's other files, so that only steps that exist are listed."""
    lines = [f"# Cutover of {escaped(build.workload.id)}", "", _intent(build), ""]
    lines += _before(build)
    lines += ["## Steps", "", *_steps(build, files), ""]
    lines += ["## What to expect", "", *_expected(build), ""]
    lines += ["## When to stop and go back", "", *_thresholds(build), "", "Back: `./rollback.sh`.", ""]
    lines += changed_from_now_on(build)
    lines += other_way_in(build)
    lines += ["## Afterwards, on GKE", "", *_clean_up(build)]
    return "\n".join(lines).rstrip() + "\n"


def _intent(build: Build) -> str:
    kind = {"service": "service", "job": "job", "worker-pool": "worker pool"}[build.assessed.fit.target]
    place = f"project `{build.context.project_literal}`, region `{build.context.region_literal}`"
    return f"Becomes the Cloud Run {kind} `{build.run.name}` in {place}. Verdict: {build.assessed.fit.verdict}."


def _before(build: Build) -> list[str]:
    todo = [
        f"- [ ] In `values.env`, `{literal}`: {escaped(meaning)}."
        for literal, meaning in sorted(build.account.placeholders.items())
    ]
    todo += [f"- [ ] {escaped(question)}" for question in build.account.decisions]
    changes = [f for f in build.assessed.findings if f.severity == "change"]
    todo += [f"- [ ] {f.rule}: {escaped(told(f))}" for f in changes]
    return ["## Before", "", *todo, ""] if todo else []


def _steps(build: Build, files: frozenset[str]) -> list[str]:
    steps = _a_day_before(build)
    steps.append("`./preflight.sh` looks at what is needed, changes nothing, and says what to mend.")
    steps.append("`./prepare.sh` makes APIs, service account and secrets ready.")
    if "gke-internal-lb.yaml" in files:
        names = ", ".join(f"`{c.service.host}`" for c in build.callees)
        steps.append(f"`./network.sh out` gives {names} an internal load balancer and a name in the VPC network.")
    elif build.run.template.egress:
        steps.append("`./network.sh out` makes the subnet ready.")
    steps.append("`./deploy.sh` deploys. " + _how_to_see(build))
    if build.run.template.egress:
        help_ = (
            "let the program try again until then"
            if isinstance(build.run, RunJob)
            else "a start-up probe that asks for what the program calls keeps requests away until then"
        )
        steps.append(
            "Wait before you judge: the first connection of each new instance through Direct VPC egress may take "
            f"{FIRST_CONNECTION}; {help_}. What fails only in that time is no reason to go back."
        )
    if _opens_a_way_in(build, files):
        steps.append("`./network.sh in` opens the way in.")
    if BACKEND_ID in build.account.placeholders:
        steps.append(
            "Run `./deploy.sh` again: it asks for the id of the backend service, which the program must expect in "
            "IAP's header. Until then it refuses everybody who comes through IAP."
        )
    if "scheduler.sh" in files:
        workload = build.workload
        suspend = f"kubectl patch cronjob {quote(workload.name)} --namespace={quote(workload.namespace)}"
        steps.append(
            f"`./scheduler.sh`; then at once suspend the CronJob, between two of its runs: "
            f'`{suspend} -p \'{{"spec":{{"suspend":true}}}}\'`. So no run is left out where one of them fails.'
        )
        run = f"gcloud run jobs execute {quote(build.run.name)} {_place(build)} --wait"
        steps.append(f"Where one run more does no harm, see it at once: `{run}`.")
    if any(secret.kind in COPIED for secret in build.account.secrets.values()):
        steps.append(
            "On the day itself: `./prepare.sh refresh` copies each Secret and ConfigMap that has changed since; then "
            "`./deploy.sh`, so that instances start with them."
        )
    steps += _shift(build)
    return [f"{number}. {step}" for number, step in enumerate(steps, start=1)]


def _opens_a_way_in(build: Build, files: frozenset[str]) -> bool:
    return (
        "network.sh" in files
        and build.reached is not None
        and (build.reached.reach != "cluster" or bool(callers(build)))
    )


def _a_day_before(build: Build) -> list[str]:
    reached = build.reached
    if reached is None or reached.reach not in ("external-load-balancer", "iap-direct") or not reached.domains:
        return []
    return [
        f"A day before: lower the TTL of {_domains(reached)} to 60 s, and write down the address that it has today, "
        "for the way back."
    ]


def _domains(reached: Reached) -> str:
    return ", ".join(f"`{d}`" for d in reached.domains)


def _place(build: Build) -> str:
    return f"--region={build.context.region_literal} --project={build.context.project_literal}"


def _how_to_see(build: Build) -> str:
    name = quote(build.run.name)
    if isinstance(build.run, RunService):
        return (
            f"Good: the revision is Ready, which means that every start-up probe passed within {MAX_STARTUP_S} s: "
            f"`gcloud run services describe {name} {_place(build)} --format='value(status.latestReadyRevisionName)'`."
        )
    if isinstance(build.run, RunJob):
        if build.run.schedule:
            return f"Good: `gcloud run jobs describe {name} {_place(build)}` shows it; it has not run yet."
        return f"Good: `gcloud run jobs execute {name} {_place(build)} --wait` ends with success."
    return "Good: the revision is Ready and the queue's backlog does not grow."


def _shift(build: Build) -> list[str]:
    workload = build.workload
    scale = f"kubectl scale {workload.kind.lower()} {quote(workload.name)} --namespace={quote(workload.namespace)}"
    if isinstance(build.run, RunWorkerPool):
        half = max(1, (workload.replicas or 1) // 2)
        return [
            f"`{scale} --replicas={half}`, watch the backlog for an hour, then `{scale} --replicas=0`. Both sides pull "
            "from one queue, so no message is lost."
        ]
    if isinstance(build.run, RunJob):
        return ["Compare the first three runs with the last ones on GKE: result, duration, exit code."]
    comes = build.reached and build.reached.reach in ("external-load-balancer", "iap-direct")
    by_users = comes or (build.reached and build.reached.domains)
    steps = [*_users_come(build), *_callers_beside(build)] if by_users else _callers_come(build)
    return [
        *steps,
        f"When nothing comes to the pods any more: `{scale} --replicas=0`. `./rollback.sh` brings them back.",
    ]


def _callers_beside(build: Build) -> list[str]:
    """Callers inside the cluster of what users come to from elsewhere."""
    names = ", ".join(escaped(c) for c in callers(build))
    if not names:
        return []
    if build.reached and build.reached.names:
        return [
            f"When nobody comes by the old way in any more: `./network.sh callers`. {names} are led to it too, by the "
            "name that they use already, and change nothing; the Service has no pods from then on."
        ]
    return [
        f"{names} call it inside the cluster, and go on to its pods: before those are gone, let them call the "
        "service's URL with an ID token of their service account, and grant each roles/run.invoker."
    ]


def _warm_up(build: Build) -> list[str]:
    if not isinstance(build.run, RunService) or build.run.min_instances:
        return []
    name = quote(build.run.name)
    return [
        f"Warm up for the first day: `gcloud run services update {name} {_place(build)} --min=1`; afterwards `--min=0`."
    ]


def _users_come(build: Build) -> list[str]:
    reached = build.reached
    assert reached is not None
    if reached.reach == "iap-direct":
        return [
            *_warm_up(build),
            "Give the users the service's own address (`gcloud run services describe "
            f"{quote(build.run.name)} {_place(build)} --format='value(status.url)'`), "
            f"or map {_domains(reached)} to it.",
        ]
    found = reached.balancer
    assert found is not None
    steps = []
    if reached.access.open_why:
        steps.append(_let_everybody_in(build, reached.access.open_why))
    if reached.reach == "external-load-balancer" and reached.front.https and not reached.certificates:
        certificates = "; ".join(
            f"`gcloud certificate-manager certificates describe {found.name}-{i} "
            f"--project={build.context.project_literal} --format='value(managed.state)'`"
            for i in range(len(reached.domains))
        )
        steps.append(f"Enter the CNAME records that `network.sh` printed, and wait for ACTIVE: {certificates}.")
    if reached.reach == "external-load-balancer":
        steps.append(_try_it(build, reached))
    steps += _warm_up(build)
    if found.is_shared:
        others = ", ".join(o.workload for o in found.others)
        already = ""
        if reached.domains:
            already = (
                f" If {_domains(reached)} leads to it already, its users are here since `network.sh in`; else move it:"
            )
        steps.append(f"The load balancer also serves {others}, each from where it runs.{already}")
    if not reached.domains:
        today = ", ".join(f"`{a}`" for a in _addresses_today(build)) or "today's address"
        steps.append(
            f"Callers know it by {today}, which stays with the Service on GKE: tell them the new address, or a name "
            "that leads to it, and wait until nobody uses the old one."
        )
        return steps
    steps.append(
        f"Give {_domains(reached)} the new address as a second, weighted record at 10 %, watch for 30 minutes, "
        "then 50 %, then 100 % (Cloud DNS: weighted round robin; elsewhere: one switch)."
    )
    return steps


def _let_everybody_in(build: Build, why: str) -> str:
    name, place = quote(build.run.name), _place(build)
    listed = ", ".join(source_ranges(build.workload))
    who = "everybody on the internet may reach it, as today"
    who = f"callers of {listed} may reach it, as today; Cloud Armor keeps out all others" if listed else who
    return (
        f"**Decide: {who}** ({escaped(why)}). Such requests carry no "
        "Google identity, so users get 403 until one of these is run; the ingress setting keeps both to the load "
        "balancer: "
        f"`gcloud run services add-iam-policy-binding {name} {place} --member=allUsers --role=roles/run.invoker`; or, "
        "where an organisation policy (iam.allowedPolicyMemberDomains) forbids allUsers, "
        f"`gcloud run services update {name} {place} --no-invoker-iam-check`. Else put IAP in front: "
        "`[project] iap` in k2cr.toml."
    )


def _try_it(build: Build, reached: Reached) -> str:
    path = _path_to_try(build, reached)
    answer = "302, to the sign-in" if reached.iap == "load-balancer" else "200"
    domain = reached.domains[0].removeprefix("*.") if reached.domains else None
    scheme, port = ("https", 443) if reached.front.https else ("http", reached.front.http_ports[0])
    at = f"{domain}:{port}" if port not in (80, 443) else domain
    call = f"--resolve {domain}:{port}:ADDRESS {scheme}://{at}{path}" if domain else f"http://ADDRESS:{port}{path}"
    return (
        "Try the new way before the users do, with the address that `network.sh` printed: "
        f"`curl -sS -o /dev/null -w '%{{http_code}}' {call}` says {answer}."
    )


def _addresses_today(build: Build) -> list[str]:
    return [e.load_balancer_ip for e in build.workload.exposures if e.load_balancer_ip]


def _callers_come(build: Build) -> list[str]:
    names = ", ".join(escaped(c) for c in callers(build)) or "each caller (the snapshot shows none)"
    if build.reached and build.reached.names:
        hosts = ", ".join(f"`{name.service.host}`" for name in build.reached.names)
        return [
            *_warm_up(build),
            f"From Cloud Run {hosts} leads to the service now. Then `./network.sh callers`: {names} in the cluster are "
            "led to it too, by the name that they use already, and change nothing.",
        ]
    speaks = (
        [
            "gRPC on Cloud Run is TLS on port 443: in each caller the channel gets TLS credentials, the host of the "
            "service's URL with `:443`, and an ID token in the metadata `authorization`. A caller on Cloud Run reaches "
            "it through the VPC network alone: `--vpc-egress=all-traffic` and Private Google Access, or a private zone "
            "for run.app. Until a caller is changed the pods go on serving it: they stay."
        ]
        if build.assessed.fit.h2c and callers(build)
        else []
    )
    return [
        *_warm_up(build),
        *speaks,
        f"Point {names} to the service's URL, one at a time; callers send an ID token of their service account "
        f"(`gcloud run services describe {quote(build.run.name)} {_place(build)} --format='value(status.url)'`).",
    ]


def _path_to_try(build: Build, reached: Reached) -> str:
    """A path that leads here: the first rule's, or where that is the whole host, the health check's."""
    path = next((r.http_path for r in reached.routes if r.http_path), None) or "/"
    return path.rstrip("*") if path.strip("/*") else _health_path(build)


def _health_path(build: Build) -> str:
    probes = (c.startup_probe or c.liveness_probe for c in build.run.template.containers if c.port is not None)
    return next((p.http_path for p in probes if p and p.http_path), "/")


def _expected(build: Build) -> list[str]:
    lines = []
    if build.assessed.assumed_traffic:
        lines += [
            f"All of this rests on assumed traffic, {build.assessed.assumed_traffic} (`[traffic.assumed]` in"
            " k2cr.toml), not on any that was measured.",
            "",
        ]
    latency, cost, shape = build.assessed.latency, build.assessed.cost, build.assessed.shape
    if latency is not None:
        lines += _latency_lines(latency)
    if cost is not None and cost.cloud_run_month is not None:
        today = (
            f"; its share of today's bill is {plain_amount(cost.gke_attributed_month, cost.currency)}"
            if cost.gke_attributed_month is not None
            else ""
        )
        lines.append(
            f"- Cost: {amount_of(cost.cloud_run_month, cost.currency)} a month before the account's free tier{today}."
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
    if limit and not objectives.p99_ms and build.assessed.assumed_traffic:
        origin += ", which rests on assumed traffic: set it anew after the first day"
    return [
        f"- {slow} for 10 minutes ({origin}; `run.googleapis.com/request_latencies`).",
        "- More than 1 % of responses are 5xx for 5 minutes (`run.googleapis.com/request_count`).",
        "- Any 429: no instance was found in time; raise max instances first.",
        "- Instances restart for memory (`Memory limit of ... exceeded` in the log).",
    ]


def _clean_up(build: Build) -> list[str]:
    lines = [f"Delete after {WATCH_DAYS} quiet days, in this order; what points at a thing goes before the thing.", ""]
    for number, step in enumerate(steps_of_clean_up(build), start=1):
        lines.append(f"{number}. `{step.command}`{f', once {step.once}' if step.once else ''}")
    lines += _of_the_balancer(build)
    workload = build.workload
    if build.identity.to_create is None:
        pool = f"{build.context.project_literal}.svc.id.goog"
        member = f"serviceAccount:{pool}[{workload.namespace}/{workload.pod.service_account_name or 'default'}]"
        lines += [
            "",
            f"Then `{build.identity.email}` no longer needs the cluster{_but_for(account_users(build))}:",
            "",
            f"    gcloud iam service-accounts remove-iam-policy-binding {build.identity.email} \\",
            f"      --role=roles/iam.workloadIdentityUser --member='{member}'",
        ]
    return lines


def _but_for(others: list[str]) -> str:
    return f", once {', '.join(others)} have moved too" if others else ""


def _of_the_balancer(build: Build) -> list[str]:
    """What the load balancer holds of the cluster, where it serves several workloads."""
    reached = build.reached
    found = reached.balancer if reached else None
    if reached is None or found is None:
        return []
    external = reached.reach == "external-load-balancer"
    place = f"--project={build.context.project_literal} "
    place += "--global" if external else f"--region={build.context.region_literal}"
    gone = [o.backend for o in (*((found.own,) if found.own else ()), *found.others)] if found.is_shared else []
    lines = ["", "Of the load balancer, once each of them has moved:", ""] if gone else []
    for backend in gone:
        lines.append(f"    gcloud compute backend-services delete {backend} {place}")
        lines.append(f"    gcloud compute health-checks delete {backend} {place}")
    return lines
