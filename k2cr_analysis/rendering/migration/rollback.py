"""``rollback.sh``: the way back to GKE, as long as the objects are still there."""

from __future__ import annotations

from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.cloud_run.gcloud_flags import lacks
from k2cr_analysis.rendering.network.balancer import way_back
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service import RunJob, RunWorkerPool
from k2cr_analysis.rendering.spec.service_job_pool import SCALED_BY_KUBECTL
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, comment, script
from k2cr_analysis.rendering.text.shell import quote


@printer
def rollback_script(build: Build) -> str:
    """Pods first, then callers, then Cloud Run stops: in no moment is there nobody to answer. A schedule stops first:
    better one run late than one run twice.
    """
    head = [
        f"Takes {build.workload.id} back to GKE. Written by k2cr. Safe to run twice. kubectl must point at the cluster."
    ]
    # What it calls first, so that it finds it.
    pods = [line for w in (*build.context.parts_of(build.workload), build.workload) for line in _pods_back(w)]
    if isinstance(build.run, RunJob) and build.run.schedule is not None:
        return script(head, build.context, _schedule_back(build, pods))
    return script(head, build.context, [*pods, "", *_stop(build)])


def _schedule_back(build: Build, pods: list[str]) -> list[str]:
    """Cloud Scheduler stops, then the CronJob resumes: also where the first fails, or a signal ends the script."""
    lines = _stop(build)
    if any(not line.startswith("#") for line in pods):
        resume = ["# However this ends, the CronJob resumes.", "resume() {", *(f"  {p}" for p in pods), "}"]
        lines = [*resume, "trap resume EXIT", *lines, "", "resume", "trap - EXIT"]
    else:
        lines = [*lines, "", *pods]
    return [*lines, *_if_not_stopped(build)]


def _if_not_stopped(build: Build) -> list[str]:
    said = f"Cloud Scheduler may still start {build.run.name} beside the CronJob: pause it, or run this again."
    return ["if [[ $stopped == no ]]; then", f"  echo {quote(said)} >&2", "  exit 1", "fi"]


def _pods_back(workload: Workload) -> list[str]:
    name, namespace = quote(workload.name), quote(workload.namespace)
    if workload.kind == "CronJob" and workload.batch is not None and workload.batch.suspend:
        return [comment(f"CronJob {workload.name} was suspended before the move, and stays so.")]
    if workload.kind == "CronJob":
        return [f'kubectl patch cronjob {name} --namespace={namespace} --patch=\'{{"spec":{{"suspend":false}}}}\'']
    kind = SCALED_BY_KUBECTL.get(workload.kind)
    if kind is None:
        return [comment(f"A {workload.kind} is not scaled: apply its manifest again where it was deleted.")]
    replicas = (
        workload.replicas
        if workload.replicas is not None
        else (workload.autoscaler.min_replicas or 1 if workload.autoscaler else 1)
    )
    lines = [f"kubectl scale {kind} {name} --namespace={namespace} --replicas={max(1, replicas)}"]
    if kind in ("deployment", "statefulset"):
        lines.append(f"kubectl rollout status {kind} {name} --namespace={namespace} --timeout=600s")
    return lines


def _stop(build: Build) -> list[str]:
    name = quote(build.run.name)
    if isinstance(build.run, RunJob):
        if build.run.schedule is None:
            return ["# The job runs only when it is started: nothing to stop."]
        job = f'{name} {PROJECT} --location="$REGION"'
        return [
            "# A schedule that was never made, or is paused, needs no stop.",
            "stopped=yes",
            f"if state=$(gcloud scheduler jobs describe {job} --format='value(state)' 2>&1); then",
            "  if [[ $state != *PAUSED* ]]; then",
            f"    gcloud scheduler jobs pause {job} || stopped=no",
            "  fi",
            "elif [[ $state =~ (PERMISSION_DENIED|UNAVAILABLE|DEADLINE|rror:.*(timed out|connect)) ]]; then",
            "  stopped=no",
            "fi",
        ]
    if isinstance(build.run, RunWorkerPool):
        older = lacks("worker-pools", build.context.gcloud) is not None
        group, count = ("gcloud beta run", "--scaling=0") if older else ("gcloud run", "--instances=0")
        pools = f"{group} worker-pools"
        return [
            'export CLOUDSDK_RUN_REGION="$REGION"',
            f"if {pools} describe {name} {PROJECT} >/dev/null 2>&1; then",
            f"  {pools} update {name} {PROJECT} --quiet {count}",
            "fi",
        ]
    lines = []
    for route in {(r.kind, r.name): r for r in (build.reached.routes if build.reached else ())}.values():
        if route.kind in ("Ingress", "MultiClusterIngress", "Gateway") and route.external:
            lines.append(
                f"kubectl get {route.kind.lower()} {quote(route.name)} --namespace={quote(build.workload.namespace)} ||"
            )
            lines.append(f"  echo {quote(f'{route.kind} {route.name} is not there: apply its manifest again.')}")
    domains = ", ".join(build.reached.domains) if build.reached else ""
    if build.reached and (build.reached.names or way_back(build, build.reached)):
        lines.append('"$(dirname "${BASH_SOURCE[0]}")/network.sh" back')
    elif domains:
        back = f"Now point {domains} back to the address of the cluster: above, or in the record before the cutover."
        lines.append(f"echo {quote(back)}")
    else:
        lines.append(f"echo {quote('Now point the callers back to the Service in the cluster.')}")
    return [
        *lines,
        comment("The service stays: without requests it costs nothing but min instances."),
        f"if gcloud run services describe {name} {PROJECT} {REGION} >/dev/null 2>&1; then",
        f"  gcloud run services update {name} {PROJECT} {REGION} --quiet --min=0",
        "fi",
    ]
