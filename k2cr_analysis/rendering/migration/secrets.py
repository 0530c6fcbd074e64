"""Secrets in ``prepare.sh``: made once, refreshed before the cut-over; and how each is changed from then on.

A variable, or a directory with one file, reads the newest version (or, with ``[policy] pin_secrets``, the first). A
directory with several files reads one secret, a version each, by an alias that names the file; so a new value needs no
new file here. Source: Cloud Run, "Configure secrets for services"; run.v1 KeyToPath.key ("'latest' ..., or an integer
or a secret alias for a specific version"); Secret Manager, "Assign an alias to a secret version" (50 a secret).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from k2cr_analysis.model.pod.secret_manager import existing_keys
from k2cr_analysis.rendering.spec.account import SecretToCreate
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.service import LATEST, RunJob, SecretVolume
from k2cr_analysis.rendering.text.mapping import escaped
from k2cr_analysis.rendering.text.scripts import PROJECT, comment
from k2cr_analysis.rendering.text.shell import flag, quote

COPIED = ("Secret", "ConfigMap")
# Copies one key of a Kubernetes object into Secret Manager as a new version; the contents are never shown or kept.
_COPY = r"""# read_key KIND NAMESPACE NAME KEY: the key of a Kubernetes object, as base64, in "value", unseen.
read_key() {
  local kind=$1 namespace=$2 name=$3 key=$4 part
  for part in data binaryData; do
    if [[ $(kubectl get "$kind" "$name" --namespace="$namespace" \
      -o go-template="{{with .$part}}{{if index . \"$key\"}}yes{{end}}{{end}}") == yes ]]; then
      # Held as base64, whatever bytes it has: a version is only made of what was read whole.
      value=$(kubectl get "$kind" "$name" --namespace="$namespace" -o go-template="{{index .$part \"$key\"}}" |
        if [[ $kind == secret || $part == binaryData ]]; then cat; else base64; fi)
      base64 --decode <<<"$value" >/dev/null
      if [[ -n $value ]]; then return; fi
    fi
  done
  echo "$kind $namespace/$name has no key $key, or an empty one" >&2
  return 1
}

# add_version KIND NAMESPACE NAME KEY SECRET: it becomes a version.
add_version() {
  local value
  read_key "$1" "$2" "$3" "$4"
  base64 --decode <<<"$value" | gcloud secrets versions add "$5" --project="$PROJECT" --data-file=- >/dev/null
}

# refresh_version KIND NAMESPACE NAME KEY SECRET VERSION: it becomes a version where it differs from VERSION.
refresh_version() {
  local value
  read_key "$1" "$2" "$3" "$4"
  renew "$5" "$6" "$1 $2/$3, key $4, has changed since."
}

# renew SECRET VERSION WHY: "value" (base64) becomes a version where it differs from VERSION, which is latest, or the
# alias that a file is read by (it then means the new one), or the number that the files are pinned to.
renew() {
  local secret=$1 version=$2 now added
  now=$(gcloud secrets versions access "$version" --secret="$secret" --project="$PROJECT" | base64)
  if [[ ${now//[[:space:]]/} == "${value//[[:space:]]/}" ]]; then return; fi
  if [[ $version =~ ^[0-9]+$ ]]; then  # added by an earlier run, perhaps, and not written in the files yet
    now=$(gcloud secrets versions access latest --secret="$secret" --project="$PROJECT" | base64)
  fi
  if [[ ${now//[[:space:]]/} == "${value//[[:space:]]/}" ]]; then
    added=$(gcloud secrets versions describe latest --secret="$secret" --project="$PROJECT" --format='value(name)')
  else
    added=$(base64 --decode <<<"$value" |
      gcloud secrets versions add "$secret" --project="$PROJECT" --data-file=- --format='value(name)')
  fi
  added=${added##*/}
  if [[ ! $added =~ ^[0-9]+$ ]]; then
    echo "What gcloud says of the new version of $secret is not understood: '$added'. Run it again." >&2
    return 1
  fi
  echo "$secret has a new version, $added: $3" >&2
  if [[ $version =~ ^[0-9]+$ ]]; then
    echo "The files read version $version of it: write $added in its place, then ./deploy.sh." >&2
  elif [[ $version != latest ]]; then
    gcloud secrets update "$secret" --project="$PROJECT" --update-version-aliases="$version=$added" >/dev/null
  fi
}"""
_TEXT = r"""# refresh_text KIND NAMESPACE NAME KEY SECRET VERSION SUM: the text on standard input becomes a version
# where it differs from VERSION. It was made of an object of SHA-256 SUM: what has changed since is not copied.
refresh_text() {
  local value text sum
  text=$(base64)
  read_key "$1" "$2" "$3" "$4"
  sum=$(base64 --decode <<<"$value" | { sha256sum 2>/dev/null || shasum -a 256; })
  if [[ ${sum%% *} != "$7" ]]; then
    echo "$1 $2/$3, key $4, has changed since k2cr read it, and is not copied: addresses of Cloud Run stand in its" >&2
    echo "text. Collect and render again, then ./prepare.sh refresh once more." >&2
    return 1
  fi
  value=$text
  renew "$5" "$6" "k2cr makes another text of $1 $2/$3, key $4, than before."
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
_ALIAS = r"""# alias_once SECRET ALIAS NUMBER: the name that a file is read by; one that is there stays as it is.
alias_once() {
  if gcloud secrets versions describe "$2" --secret="$1" --project="$PROJECT" >/dev/null 2>&1; then return; fi
  gcloud secrets update "$1" --project="$PROJECT" --update-version-aliases="$2=$3" >/dev/null
}"""


def secret_functions(secrets: Sequence[SecretToCreate]) -> list[str]:
    """The shell functions that the other lines call."""
    functions = [_LACKS] if any(s.kind != "there" for s in secrets) else []
    functions += [_COPY] if any(s.kind in COPIED for s in secrets) else []
    functions += [_TEXT] if any(s.texts for s in secrets) else []
    functions += [_ASK] if any(s.kind == "ask" for s in secrets) else []
    functions += [_ALIAS] if any(_aliases(s) for s in secrets) else []
    return [*"\n\n".join(functions).splitlines(), ""] if functions else []


def refresh_lines(secrets: Sequence[SecretToCreate]) -> list[str]:
    """What ``./prepare.sh refresh`` does: nothing but copy what has changed since. What may stop it comes last."""
    lines = [line for secret in sorted(secrets, key=lambda s: bool(s.texts)) for line in _refresh(secret)]
    return ["if [[ ${1:-} == refresh ]]; then", *(f"  {line}" for line in lines), "  exit 0", "fi", ""] if lines else []


def _refresh(secret: SecretToCreate) -> Iterator[str]:
    name = quote(secret.secret)
    for key in secret.keys:
        if secret.kind == "ask":
            yield f"if printenv {quote(key)} >/dev/null; then ask_version {quote(key)} {name}; fi"
        elif secret.kind in COPIED and key in secret.texts:
            words = f"{_source(secret, key)} {name} {_read_by(secret, key)} {secret.sums[key]}"
            yield f"printf '%s' {quote(secret.texts[key])} |"
            yield f"  refresh_text {words}"
        elif secret.kind in COPIED:
            yield f"refresh_version {_source(secret, key)} {name} {_read_by(secret, key)}"


def _source(secret: SecretToCreate, key: str) -> str:
    return f"{secret.kind.lower()} {quote(secret.namespace)} {quote(secret.object_name)} {quote(key)}"


def _read_by(secret: SecretToCreate, key: str) -> str:
    """The version that the files read a key by: its alias, the number it is pinned to, or the latest."""
    return dict(zip(secret.keys, secret.versions, strict=False)).get(key, LATEST)


def _aliases(secret: SecretToCreate) -> dict[str, str]:
    """Key -> alias of its version; none where a secret has one key, or is there already, aliases and all."""
    if secret.kind == "there":
        return {}
    versions = zip(secret.keys, secret.versions, strict=False)
    return {key: version for key, version in versions if version != LATEST and not version.isdigit()}


def secret_lines(secret: SecretToCreate, email: str) -> list[str]:
    """A version for each key, in their order."""
    name = quote(secret.secret)
    lines = [comment(f"For {secret.used_for}.")]
    if secret.kind == "there":
        lines.append(comment(f"Secret {secret.secret} is in Secret Manager already: the same one is read."))
        lines += _in_that_project(secret) if secret.project else []
    for number, key in enumerate(secret.keys if secret.kind != "there" else (), start=1):
        add = (
            f"ask_version {quote(key)} {name}" if secret.kind == "ask" else f"add_version {_source(secret, key)} {name}"
        )
        if key in secret.texts:
            lines.append(
                comment(f"{key}: names of the cluster are written in full, the rest as it is in the ConfigMap.")
            )
            add = f"printf '%s' {quote(secret.texts[key])} |\n"
            add += f"  gcloud secrets versions add {name} {PROJECT} --data-file=- >/dev/null"
        lines.append(f"if lacks_version {name} {number}; then {add}; fi")
        if alias := _aliases(secret).get(key):
            lines.append(f"alias_once {name} {alias} {number}")
    member = f"  {flag('member', f'serviceAccount:{email}')} --role=roles/secretmanager.secretAccessor >/dev/null"
    return [*lines, f"patiently gcloud secrets add-iam-policy-binding {name} {PROJECT} \\", member]


def _in_that_project(secret: SecretToCreate) -> list[str]:
    """The short name means the secret only in its own project; either may be named by its number."""
    said = f"Secret {secret.secret} is in project {secret.project}: render again with --project, and it is copied."
    return [
        f"if [[ $PROJECT != {secret.project} ]]; then",
        '  named=$(gcloud projects describe "$PROJECT" --format=\'value[separator=" "](projectId,projectNumber)\')',
        f"  if [[ \" $named \" != *' {secret.project} '* ]]; then",
        f"    echo {quote(said)} >&2",
        "    exit 1",
        "  fi",
        "fi",
    ]


def changed_from_now_on(build: Build) -> list[str]:
    """The section of cutover.md: where each value is, and what makes a new one count."""
    if not build.account.secrets:
        return []
    by_file = {v.source.secret for v in build.run.template.volumes if isinstance(v.source, SecretVolume)}
    lines = ["## Secrets from now on", "", "| secret | used for | to change it |", "|---|---|---|"]
    for name, secret in sorted(build.account.secrets.items()):
        lines.append(f"| `{name}` | {escaped(secret.used_for)} | {_how(build, secret, name in by_file)} |")
    copied = any(s.kind in COPIED for s in build.account.secrets.values())
    note = "Once the pods are gone, a change of their Secrets and ConfigMaps in the cluster reaches nothing any more."
    return [*lines, "", *([note, ""] if copied else []), *_copied_from_elsewhere(build)]


def _copied_from_elsewhere(build: Build) -> list[str]:
    """Copies of what an ExternalSecret reads in another project: nothing carries a change there over any more."""
    known, lines = existing_keys(build.workload.related), []
    for name, secret in sorted(build.account.secrets.items()):
        for key in secret.keys if secret.kind == "Secret" else ():
            if (found := known.get((secret.object_name, key))) is not None:
                source = f"`{found.name}` (version `{found.version or LATEST}`) of project `{found.project}`"
                said = f"- `{name}` is a copy: in the cluster an ExternalSecret reads key {escaped(key)} from {source}."
                lines.append(f"{said} After the move a change there does not reach the copy: make it in both.")
    return [*lines, ""] if lines else []


def _how(build: Build, secret: SecretToCreate, in_file: bool) -> str:
    project = f"--project={build.context.project_literal}"
    add = f"`gcloud secrets versions add {secret.secret} {project} --data-file=FILE`"
    aliases = _aliases(secret)
    if secret.kind == "there":
        return _how_there(secret)
    if secret.texts:
        return f"{add}; the file has addresses of Cloud Run in it, which stay"
    if aliases:
        files = ", ".join(f"`{alias}` is {escaped(key)}" for key, alias in aliases.items())
        move = f"`gcloud secrets update {secret.secret} {project} --update-version-aliases=ALIAS=NUMBER`"
        return f"{add} prints its number; then {move} ({files})"
    if secret.versions and secret.versions[0] != LATEST:
        return f"{add} prints its number; write it in place of {secret.versions[0]}, then `./deploy.sh`"
    if in_file:
        return f"{add}; the file is read anew whenever it is opened"
    when = (
        "the next run has it"
        if isinstance(build.run, RunJob)
        else "then `./deploy.sh`: instances read it when they start"
    )
    return f"{add}; {when}"


def _how_there(secret: SecretToCreate) -> str:
    """A number in the files is read until it is written anew; ``latest`` and aliases need no more than a start."""
    where = "where it is changed today: the cluster reads the same secret"
    if pinned := " or ".join(sorted({v for v in secret.versions if v.isdigit()})):
        return f"{where}, at version {pinned}; write the new number in place of {pinned}, then `./deploy.sh`"
    return f"{where}; then `./deploy.sh`, for a variable"
