#!/usr/bin/env bash
# Prepares the project for frontend (shop/Deployment/frontend). Written by k2cr. Safe to run twice.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"

# ours KIND NAME WORD...: whether it is there already; stops where somebody else made it.
ours() {
  local kind=$1 name=$2 said
  shift 2
  # shellcheck disable=SC2086  # a kind is two words
  said=$(gcloud $kind describe "$name" "$@" --format='value(name,description,labels.made-by)' 2>/dev/null) || return 1
  if [[ $said == *$'\t'* && ${said#*$'\t'} != *k2cr* ]]; then
    echo "$kind $name is there, and k2cr did not make it: it is left alone. Give the service another name," >&2
    echo "rename it or delete it if nobody uses it, or if it is the right one, say so on it:" >&2
    echo "'made by k2cr' in its description, or the label made-by=k2cr on a secret." >&2
    exit 1
  fi
}

# patiently WORD...: a command that needs what was made, granted or enabled a moment ago. Where it says
# that Google does not know that yet, it is tried again, for eight minutes.
patiently() {
  local said until=$((SECONDS + 480)) unknown
  unknown='Permission.* denied on secret|[Ss]ervice ?[Aa](ccount|gent).*(does not exist|not be found|must have)'
  unknown+='|Unknown service account|SERVICE_DISABLED|has not been used in project'
  exec 4>&1
  until said=$("$@" 2>&1 >&4 | tee >(cat >&2)); do
    if [[ ! $said =~ $unknown ]] || ((SECONDS > until)); then return 1; fi
    echo "Google does not know all of it yet, which may take minutes: once more in 15 s." >&2
    sleep 15
  done
}

# lacks_version SECRET NUMBER: creates the secret where it is not there; true while it has no such version.
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
}

# ask_version VARIABLE SECRET: a value that the snapshot lacks, from the environment or typed in unseen.
ask_version() {
  local variable=$1 secret=$2 value
  value=$(printenv "$variable" || true)
  if [[ -z $value ]]; then read -r -s -p "Value of $variable (not shown): " value </dev/tty; echo; fi
  printf '%s' "$value" | gcloud secrets versions add "$secret" --project="$PROJECT" --data-file=- >/dev/null
}

if [[ ${1:-} == refresh ]]; then
  if printenv API_KEY >/dev/null; then ask_version API_KEY shop--frontend--frontend--API_KEY; fi
  exit 0
fi

gcloud services enable certificatemanager.googleapis.com compute.googleapis.com dns.googleapis.com iam.googleapis.com iap.googleapis.com run.googleapis.com secretmanager.googleapis.com --project="$PROJECT"

if ! ours 'iam service-accounts' frontend@shop-prod.iam.gserviceaccount.com --project="$PROJECT"; then
  patiently gcloud iam service-accounts create frontend --project="$PROJECT" --display-name='Cloud Run frontend' --description='made by k2cr'
fi
# Grant it what the program needs: the pod runs as the namespace's default account, so the snapshot names no roles.
# Of other projects: Cloud Run's own agent needs a right there, which their owners may have to give.
# images of shop/apps.
patiently gcloud artifacts repositories add-iam-policy-binding apps --project=shop --location=us --member=serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com --role=roles/artifactregistry.reader >/dev/null ||
  echo 'Not granted: whoever owns images of shop/apps runs: gcloud artifacts repositories add-iam-policy-binding apps --project=shop --location=us --member=serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com --role=roles/artifactregistry.reader' >&2

# For frontend: API_KEY.
if lacks_version shop--frontend--frontend--API_KEY 1; then ask_version API_KEY shop--frontend--frontend--API_KEY; fi
patiently gcloud secrets add-iam-policy-binding shop--frontend--frontend--API_KEY --project="$PROJECT" \
  --member=serviceAccount:frontend@shop-prod.iam.gserviceaccount.com --role=roles/secretmanager.secretAccessor >/dev/null
