"""``prepare.sh``: what must be there before the first deployment: APIs, service account, secrets, repositories."""

from __future__ import annotations

from k2cr_analysis.render.account import RemoteRepository, SecretToCreate
from k2cr_analysis.render.build import Build
from k2cr_analysis.render.scripts import PROJECT, comment, script, unless
from k2cr_analysis.render.service import RunJob
from k2cr_analysis.render.shell import flag, quote

# Copies one key of a Kubernetes object into Secret Manager as a new version; the contents are never shown or kept.
_COPY = r"""# add_version KIND NAMESPACE NAME KEY SECRET: a key of a Kubernetes object becomes a version, unseen.
add_version() {
  local kind=$1 namespace=$2 name=$3 key=$4 secret=$5 part
  for part in data binaryData; do
    if [[ $(kubectl get "$kind" "$name" --namespace="$namespace" \
      -o go-template="{{with .$part}}{{if index . \"$key\"}}yes{{end}}{{end}}") == yes ]]; then
      kubectl get "$kind" "$name" --namespace="$namespace" -o go-template="{{index .$part \"$key\"}}" |
        if [[ $kind == secret || $part == binaryData ]]; then base64 --decode; else cat; fi |
        gcloud secrets versions add "$secret" --project="$PROJECT" --data-file=- >/dev/null
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
  if ! gcloud secrets describe "$1" --project="$PROJECT" >/dev/null 2>&1; then
    gcloud secrets create "$1" --project="$PROJECT" --replication-policy=automatic
  fi
  ! gcloud secrets versions describe "$2" --secret="$1" --project="$PROJECT" >/dev/null 2>&1
}"""


def prepare_script(build: Build) -> str:
    """APIs, then the service account, then repositories, then secrets; each only where it is not there yet."""
    body = _apis(build)
    body += _service_account(build)
    for repository in build.account.repositories.values():
        body += ["", *_repository(repository)]
    secrets = [build.account.secrets[name] for name in sorted(build.account.secrets)]
    if secrets:
        body += ["", *_secret_functions(secrets)]
    for secret in secrets:
        body += ["", *_secret(secret, build.identity.email)]
    head = [f"Prepares the project for {build.run.name} ({build.workload.id}). Written by k2cr. Safe to run twice."]
    if any(s.kind != "ask" for s in secrets):
        head.append("kubectl must point at the cluster: secrets are copied from it without being shown.")
    return script(head, build.context, body, region=bool(build.account.repositories))


def _apis(build: Build) -> list[str]:
    reach = build.reached.reach if build.reached else "cluster"
    schedule = build.run.schedule if isinstance(build.run, RunJob) else None
    wanted = {
        "run": True,
        "iam": True,
        "secretmanager": bool(build.account.secrets),
        "artifactregistry": bool(build.account.repositories),
        "compute": build.run.template.egress is not None or reach != "cluster",
        "certificatemanager": reach == "external-load-balancer",
        "iap": build.reached is not None and build.reached.iap != "none",
        "cloudscheduler": schedule is not None,
        "dns": bool(build.callees),
    }
    apis = sorted(f"{name}.googleapis.com" for name, needed in wanted.items() if needed)
    return [f"gcloud services enable {' '.join(apis)} {PROJECT}"]


def _service_account(build: Build) -> list[str]:
    made = build.identity.to_create
    if made is None:
        return ["", comment(f"{build.identity.email}: {build.identity.why}.")]
    email = quote(build.identity.email)
    create = (
        f"gcloud iam service-accounts create {quote(made)} {PROJECT} "
        f"{flag('display-name', f'Cloud Run {build.run.name}')}"
    )
    roles = (
        "Grant it what the program needs: the pod had no Google service account of its own, so the snapshot "
        "names no roles."
    )
    return ["", *unless(f"gcloud iam service-accounts describe {email} {PROJECT}", [create]), comment(roles)]


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
    functions = [_LACKS]
    functions += [_COPY] if any(s.kind != "ask" for s in secrets) else []
    functions += [_ASK] if any(s.kind == "ask" for s in secrets) else []
    return "\n\n".join(functions).splitlines()


def _secret(secret: SecretToCreate, email: str) -> list[str]:
    """A version for each key, in their order: volumes refer to versions by number."""
    name = quote(secret.secret)
    lines = [comment(f"For {secret.used_for}.")]
    for number, key in enumerate(secret.keys, start=1):
        add = f"ask_version {quote(key)} {name}"
        if secret.kind != "ask":
            source = f"{secret.kind.lower()} {quote(secret.namespace)} {quote(secret.object_name)}"
            add = f"add_version {source} {quote(key)} {name}"
        lines.append(f"if lacks_version {name} {number}; then {add}; fi")
    member = f"  {flag('member', f'serviceAccount:{email}')} --role=roles/secretmanager.secretAccessor >/dev/null"
    return [*lines, f"gcloud secrets add-iam-policy-binding {name} {PROJECT} \\", member]
