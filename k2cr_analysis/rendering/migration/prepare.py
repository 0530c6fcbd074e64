"""``prepare.sh``: what must be there before the first deployment: APIs, service account, secrets, repositories."""

from __future__ import annotations

import re

from k2cr_analysis.model.pod.cloud_sql import sql_proxies
from k2cr_analysis.rendering.migration.other_projects import rights_lines
from k2cr_analysis.rendering.spec.account import RemoteRepository, SecretToCreate
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.run_settings import CLOUD_SQL, ENCRYPTION_KEY
from k2cr_analysis.rendering.spec.service import BucketVolume, RunJob
from k2cr_analysis.rendering.text.scripts import PROJECT, comment, script, unless, unless_ours
from k2cr_analysis.rendering.text.shell import flag, quote

_CLOUD_SQL_PROXY = re.compile(r"cloud-?sql-(docker/gce-)?(proxy|connectors/cloud-sql-proxy)|gce-proxy")
# Copies one key of a Kubernetes object into Secret Manager as a new version; the contents are never shown or kept.
_COPY = r"""# add_version KIND NAMESPACE NAME KEY SECRET: a key of a Kubernetes object becomes a version, unseen.
add_version() {
  local kind=$1 namespace=$2 name=$3 key=$4 secret=$5 part value
  for part in data binaryData; do
    if [[ $(kubectl get "$kind" "$name" --namespace="$namespace" \
      -o go-template="{{with .$part}}{{if index . \"$key\"}}yes{{end}}{{end}}") == yes ]]; then
      # Held as base64, whatever bytes it has: a version is only made of what was read whole.
      value=$(kubectl get "$kind" "$name" --namespace="$namespace" -o go-template="{{index .$part \"$key\"}}" |
        if [[ $kind == secret || $part == binaryData ]]; then cat; else base64; fi)
      base64 --decode <<<"$value" >/dev/null
      base64 --decode <<<"$value" | gcloud secrets versions add "$secret" --project="$PROJECT" --data-file=- >/dev/null
      return
    fi
  done
  echo "$kind $namespace/$name has no key $key, or an empty one" >&2
  return 1
}"""
_ASK = r"""# ask_version VARIABLE SECRET: a value that the snapshot lacks, from the environment or typed in unseen.
ask_version() {
  local variable=$1 secret=$2 value
  value=$(printenv "$variable" || true)
  if [[ -z $value ]]; then read -r -s -p "Value of $variable (not shown): " value </dev/tty; echo; fi
  printf '%s' "$value" | gcloud secrets versions add "$secret" --project="$PROJECT" --data-file=- >/dev/null
}"""
_LACKS = r"""# lacks_version SECRET NUMBER: creates the secret where it is not there; true while it has no such version.
lacks_version() {
  local versions
  if ! ours secrets "$1" --project="$PROJECT"; then
    patiently gcloud secrets create "$1" --project="$PROJECT" --replication-policy=automatic --labels=made-by=k2cr ||
      exit 1
  fi
  if gcloud secrets versions describe "$2" --secret="$1" --project="$PROJECT" >/dev/null 2>&1; then return 1; fi
  # A list that could not be read is no empty list: the numbers of the versions would be wrong for good.
  versions=$(gcloud secrets versions list "$1" --project="$PROJECT" --format='value(name)') || exit 1
  if [[ $versions =~ [^0-9[:space:]] ]]; then
    echo "What gcloud lists as versions of secret $1 is not understood: $versions" >&2
    exit 1
  fi
  ! grep -qx "$2" <<<"$versions"
}"""

_COPIED = ("Secret", "ConfigMap")


@printer
def prepare_script(build: Build) -> str:
    """APIs, then the service account, then repositories, then secrets; each only where it is not there yet."""
    body = _apis(build)
    body += _service_account(build)
    body += rights_lines(build)
    for repository in build.account.repositories.values():
        body += ["", *_repository(repository)]
    secrets = [build.account.secrets[name] for name in sorted(build.account.secrets)]
    if secrets:
        body += ["", *_secret_functions(secrets)]
    for secret in secrets:
        body += ["", *_secret(secret, build.identity.email)]
    head = [f"Prepares the project for {build.run.name} ({build.workload.id}). Written by k2cr. Safe to run twice."]
    if any(s.kind in _COPIED for s in secrets):
        head.append("kubectl must point at the cluster: secrets are copied from it without being shown.")
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


def _secret_functions(secrets: list[SecretToCreate]) -> list[str]:
    functions = [_LACKS] if any(s.kind != "there" for s in secrets) else []
    functions += [_COPY] if any(s.kind in _COPIED for s in secrets) else []
    functions += [_ASK] if any(s.kind == "ask" for s in secrets) else []
    return "\n\n".join(functions).splitlines()


def _secret(secret: SecretToCreate, email: str) -> list[str]:
    """A version for each key, in their order: volumes refer to versions by number."""
    name = quote(secret.secret)
    lines = [comment(f"For {secret.used_for}.")]
    if secret.kind == "there":
        lines.append(comment(f"Secret {secret.secret} is in Secret Manager already: the same one is read."))
    for number, key in enumerate(secret.keys if secret.kind != "there" else (), start=1):
        add = f"ask_version {quote(key)} {name}"
        if secret.kind != "ask":
            source = f"{secret.kind.lower()} {quote(secret.namespace)} {quote(secret.object_name)}"
            add = f"add_version {source} {quote(key)} {name}"
        if key in secret.texts:
            lines.append(
                comment(f"{key}: names of the cluster are written in full, the rest as it is in the ConfigMap.")
            )
            add = f"printf '%s' {quote(secret.texts[key])} |\n"
            add += f"  gcloud secrets versions add {name} {PROJECT} --data-file=- >/dev/null"
        lines.append(f"if lacks_version {name} {number}; then {add}; fi")
    member = f"  {flag('member', f'serviceAccount:{email}')} --role=roles/secretmanager.secretAccessor >/dev/null"
    return [*lines, f"patiently gcloud secrets add-iam-policy-binding {name} {PROJECT} \\", member]
