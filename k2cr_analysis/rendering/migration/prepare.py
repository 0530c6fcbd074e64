"""``prepare.sh``: what must be there before the first deployment: APIs, service account, secrets, repositories."""

from __future__ import annotations

import re

from k2cr_analysis.model.pod.cloud_sql import sql_proxies
from k2cr_analysis.rendering.migration.other_projects import rights_lines
from k2cr_analysis.rendering.migration.secrets import COPIED, refresh_lines, secret_functions, secret_lines
from k2cr_analysis.rendering.spec.account import RemoteRepository
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.run_settings import CLOUD_SQL, ENCRYPTION_KEY
from k2cr_analysis.rendering.spec.service import BucketVolume, RunJob
from k2cr_analysis.rendering.text.scripts import PROJECT, comment, script, unless, unless_ours
from k2cr_analysis.rendering.text.shell import flag, quote

_CLOUD_SQL_PROXY = re.compile(r"cloud-?sql-(docker/gce-)?(proxy|connectors/cloud-sql-proxy)|gce-proxy")


@printer
def prepare_script(build: Build) -> str:
    """APIs, then the service account, then repositories, then secrets; each only where it is not there yet."""
    secrets = [build.account.secrets[name] for name in sorted(build.account.secrets)]
    body = [*secret_functions(secrets), *refresh_lines(secrets), *_apis(build)]
    body += _service_account(build)
    body += rights_lines(build)
    for repository in build.account.repositories.values():
        body += ["", *_repository(repository)]
    for secret in secrets:
        body += ["", *secret_lines(secret, build.identity.email)]
    head = [f"Prepares the project for {build.run.name} ({build.workload.id}). Written by k2cr. Safe to run twice."]
    if any(s.kind in COPIED for s in secrets):
        head.append("kubectl must point at the cluster: secrets are copied from it without being shown.")
        head.append("./prepare.sh refresh copies what has changed there since, and does nothing else.")
    return script(head, build.context, body, region=bool(build.account.repositories))


def needed_apis(build: Build) -> list[str]:
    """The APIs that the folder's scripts call, in the order of their names."""
    reach = build.reached.reach if build.reached else "cluster"
    keeps_names = bool(build.reached and build.reached.names)
    schedule = build.run.schedule if isinstance(build.run, RunJob) else None
    wanted = {
        "run": True,
        "iam": True,
        "secretmanager": bool(build.account.secrets),
        "artifactregistry": bool(build.account.repositories),
        "compute": build.run.template.egress is not None or reach != "cluster" or keeps_names,
        "certificatemanager": reach == "external-load-balancer",
        "iap": build.reached is not None and build.reached.iap != "none",
        "cloudscheduler": schedule is not None,
        "dns": bool(build.callees) or keeps_names,
        "sqladmin": _uses_cloud_sql(build),
        "cloudkms": any(s.setting.annotation == ENCRYPTION_KEY for s in build.run.settings),
    }
    return sorted(f"{name}.googleapis.com" for name, needed in wanted.items() if needed)


def _apis(build: Build) -> list[str]:
    return [f"gcloud services enable {' '.join(needed_apis(build))} {PROJECT}"]


def _service_account(build: Build) -> list[str]:
    made = build.identity.to_create
    if made is None:
        return ["", comment(f"{build.identity.email}: {build.identity.why}.")]
    email = quote(build.identity.email)
    create = (
        f"patiently gcloud iam service-accounts create {quote(made)} {PROJECT} "
        f"{flag('display-name', f'Cloud Run {build.run.name}')}"
    )
    lines = ["", *unless_ours("iam service-accounts", f"{email} {PROJECT}", [create])]
    return [*lines, *_roles(build), *_known_roles(build)]


def _roles(build: Build) -> list[str]:
    """The roles that the Kubernetes service account has itself, by Workload Identity Federation for GKE."""
    name, project = build.workload.pod.service_account_name, build.context.project_literal
    if name in (None, "default"):
        return [
            comment(
                "Grant it what the program needs: the pod runs as the namespace's default account, so the snapshot "
                "names no roles."
            )
        ]
    subject = f"workloadIdentityPools/{project}.svc.id.goog/subject/ns/{build.workload.namespace}/sa/{name}"
    member = flag("member", f"serviceAccount:{build.identity.email}")
    return [
        comment(
            f"The roles that ServiceAccount {name} has in the project without a condition; a role under a condition"
        ),
        "# stays under it: it is listed, to be given by hand, as are roles on single resources.",
        f"gcloud projects get-iam-policy {project} --flatten='bindings[].members' --format='value(bindings.role)' \\",
        f"  {flag('filter', f'bindings.members~/{subject}$ AND -bindings.condition.expression:*')} |",
        "  while read -r role; do",
        f"  patiently gcloud projects add-iam-policy-binding {project} {member} \\",
        '    --role="$role" --condition=None >/dev/null',
        "done",
        f"gcloud projects get-iam-policy {project} --flatten='bindings[].members' \\",
        "  --format='value(bindings.role,bindings.condition.title,bindings.condition.expression)' \\",
        f"  {flag('filter', f'bindings.members~/{subject}$ AND bindings.condition.expression:*')} |",
        "  sed 's/^/To be given by hand, under its condition: /' >&2",
    ]


def _known_roles(build: Build) -> list[str]:
    """What the files themselves need: buckets that it mounts, databases that it reaches through Cloud SQL's proxy."""
    member = flag("member", f"serviceAccount:{build.identity.email}")
    lines = []
    for volume in build.run.template.volumes:
        if isinstance(volume.source, BucketVolume):
            role = "roles/storage.objectViewer" if volume.source.read_only else "roles/storage.objectUser"
            lines += [
                comment(f"Volume {volume.name}."),
                f"patiently gcloud storage buckets add-iam-policy-binding {quote(f'gs://{volume.source.bucket}')} \\",
                f"  {member} --role={role} >/dev/null",
            ]
    if _uses_cloud_sql(build):
        lines.append("# Cloud SQL.")
        for project in _database_projects(build):
            lines += [
                f"patiently gcloud projects add-iam-policy-binding {quote(project)} {member} \\",
                "  --role=roles/cloudsql.client --condition=None >/dev/null",
            ]
    return lines


def _database_projects(build: Build) -> list[str]:
    """The projects of the instances that are named, PROJECT:REGION:INSTANCE; else the one that it goes to."""
    named = [i for s in build.run.settings if s.setting.annotation == CLOUD_SQL for i in s.items]
    named += [i for proxy in sql_proxies(build.workload.pod) for i in proxy.instances]
    found = dict.fromkeys(i.rsplit(":", 2)[0] for i in named if i.count(":") >= 2)
    return list(found) or [build.context.project_literal]


def _uses_cloud_sql(build: Build) -> bool:
    return any(s.setting.annotation == CLOUD_SQL for s in build.run.settings) or any(
        _CLOUD_SQL_PROXY.search(c.image) for c in build.run.template.containers
    )


def _repository(repository: RemoteRepository) -> list[str]:
    where = f'{PROJECT} --location="$REGION"'
    words = f"--repository-format=docker --mode=remote-repository {flag('remote-docker-repo', repository.upstream)}"
    return [
        comment(f"Cloud Run pulls images of {repository.upstream} through this repository."),
        *unless(
            f"gcloud artifacts repositories describe {repository.name} {where}",
            [f"gcloud artifacts repositories create {repository.name} {where} \\", f"  {words}"],
        ),
    ]
