"""``scheduler.sh``: Cloud Scheduler starts the job where a CronJob did."""

from __future__ import annotations

from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service import RunJob
from k2cr_analysis.rendering.text.names import service_account_id
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, script, unless_ours
from k2cr_analysis.rendering.text.shell import flag, quote


def run_uri(build: Build) -> str:
    """The address that starts the job. It holds project and region as literals: variables feed flags only."""
    place = f"projects/{build.context.project_literal}/locations/{build.context.region_literal}"
    return f"https://run.googleapis.com/v2/{place}/jobs/{build.run.name}:run"


def scheduler_account(build: Build) -> str:
    return f"{service_account_id(f'{build.run.name}-cron')}@{build.context.project_literal}.iam.gserviceaccount.com"


@printer
def scheduler_script(build: Build) -> str | None:
    """None where there is no schedule."""
    run = build.run
    if not isinstance(run, RunJob) or run.schedule is None:
        return None
    name, email = quote(run.name), scheduler_account(build)
    if build.context.project is None:
        build.account.placeholder(build.context.project_literal, "the project's id")
    account = email.partition("@")[0]
    described = f'gcloud scheduler jobs describe {name} {PROJECT} --location="$REGION" --format'
    words = [
        f'  {name} {PROJECT} --location="$REGION" {flag("schedule", run.schedule.cron)} '
        f"{flag('time-zone', run.schedule.time_zone)} \\",
        f"  --http-method=POST {flag('uri', run_uri(build))} \\",
        f"  {flag('oauth-service-account-email', email)}",
    ]
    body = [
        *unless_ours(
            "iam service-accounts",
            f"{email} {PROJECT}",
            [f"gcloud iam service-accounts create {account} {PROJECT} {flag('display-name', f'Starts {run.name}')}"],
        ),
        f"patiently gcloud run jobs add-iam-policy-binding {name} {PROJECT} {REGION} \\",
        f"  {flag('member', f'serviceAccount:{email}')} --role=roles/run.invoker >/dev/null",
        "",
        "verb=create",
        f"if starts=$({described}='value(httpTarget.uri)' 2>/dev/null); then",
        "  verb=update",
        f"  if [[ -n $starts && $starts != {quote(run_uri(build))} ]]; then",
        f'    echo "Scheduler job {run.name} starts $starts: it is left alone. Give the job another name." >&2',
        "    exit 1",
        "  fi",
        "fi",
        'patiently gcloud scheduler jobs "$verb" http \\',
        *words,
    ]
    state, job = f"$({described}='value(state)')", f'{name} {PROJECT} --location="$REGION"'
    if run.schedule.paused:
        body += [
            "# The CronJob is suspended.",
            f"if [[ {state} != PAUSED ]]; then gcloud scheduler jobs pause {job}; fi",
        ]
    else:
        body += [
            "# rollback.sh pauses it.",
            f"if [[ {state} == PAUSED ]]; then gcloud scheduler jobs resume {job}; fi",
        ]
    head = [
        f"Starts {run.name} by the schedule of {build.workload.id}. Written by k2cr. Safe to run twice. Run "
        "it after deploy.sh."
    ]
    return script(head, build.context, body)
