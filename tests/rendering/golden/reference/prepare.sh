#!/usr/bin/env bash
# Prepares the project for frontend (shop/Deployment/frontend). Written by k2cr. Safe to run twice.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"

gcloud services enable certificatemanager.googleapis.com compute.googleapis.com dns.googleapis.com iam.googleapis.com iap.googleapis.com run.googleapis.com secretmanager.googleapis.com --project="$PROJECT"

if ! gcloud iam service-accounts describe frontend@shop-prod.iam.gserviceaccount.com --project="$PROJECT" >/dev/null 2>&1; then
  gcloud iam service-accounts create frontend --project="$PROJECT" --display-name='Cloud Run frontend'
fi
# Grant it what the program needs: the pod runs as the namespace's default account, so the snapshot names no roles.

# lacks_version SECRET NUMBER: creates the secret where it is not there; true while it has no such version.
lacks_version() {
  if ! gcloud secrets describe "$1" --project="$PROJECT" >/dev/null 2>&1; then
    gcloud secrets create "$1" --project="$PROJECT" --replication-policy=automatic
  fi
  ! gcloud secrets versions describe "$2" --secret="$1" --project="$PROJECT" >/dev/null 2>&1
}

# ask_version VARIABLE SECRET: a value that the snapshot lacks, from the environment or typed in unseen.
ask_version() {
  local variable=$1 secret=$2 value
  value=$(printenv "$variable" || true)
  if [[ -z $value ]]; then read -r -s -p "Value of $variable (not shown): " value </dev/tty; echo; fi
  printf '%s' "$value" | gcloud secrets versions add "$secret" --project="$PROJECT" --data-file=- >/dev/null
}

# For frontend: API_KEY.
if lacks_version shop--frontend--frontend--API_KEY 1; then ask_version API_KEY shop--frontend--frontend--API_KEY; fi
gcloud secrets add-iam-policy-binding shop--frontend--frontend--API_KEY --project="$PROJECT" \
  --member=serviceAccount:frontend@shop-prod.iam.gserviceaccount.com --role=roles/secretmanager.secretAccessor >/dev/null
