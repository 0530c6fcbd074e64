#!/usr/bin/env bash
# Releases of frontend by merge: the trigger of cloudbuild.yaml, its account and their roles. Written by k2cr.
# Safe to run twice. Run it after deploy.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

if [[ $# -lt 1 ]]; then
  echo "usage: $0 REPOSITORY [BRANCH]" >&2
  echo "REPOSITORY: projects/P/locations/L/connections/C/repositories/R, as Cloud Build connected it" >&2
  exit 2
fi
repository=$1 branch=${2:-main}
gcloud services enable artifactregistry.googleapis.com cloudbuild.googleapis.com iam.googleapis.com --project="$PROJECT"
if ! gcloud iam service-accounts describe frontend-build@shop-prod.iam.gserviceaccount.com --project="$PROJECT" >/dev/null 2>&1; then
  gcloud iam service-accounts create frontend-build --project="$PROJECT" --display-name='Builds frontend'
fi
gcloud artifacts repositories add-iam-policy-binding apps --project=shop --location=us \
  --member=serviceAccount:frontend-build@shop-prod.iam.gserviceaccount.com --role=roles/artifactregistry.writer >/dev/null
# It changes this one, and nothing else that runs.
gcloud run services add-iam-policy-binding frontend --project="$PROJECT" --region="$REGION" \
  --member=serviceAccount:frontend-build@shop-prod.iam.gserviceaccount.com --role=roles/run.developer >/dev/null
gcloud iam service-accounts add-iam-policy-binding frontend@shop-prod.iam.gserviceaccount.com --project="$PROJECT" \
  --member=serviceAccount:frontend-build@shop-prod.iam.gserviceaccount.com --role=roles/iam.serviceAccountUser >/dev/null
gcloud projects add-iam-policy-binding shop-prod --member=serviceAccount:frontend-build@shop-prod.iam.gserviceaccount.com \
  --role=roles/logging.logWriter --condition=None >/dev/null

if ! gcloud builds triggers describe frontend --project="$PROJECT" --region="$REGION" >/dev/null 2>&1; then
  gcloud builds triggers create github --name=frontend --project="$PROJECT" --region="$REGION" \
    --repository="$repository" --branch-pattern="^$branch\$" --build-config=cloudbuild.yaml \
    --service-account=projects/shop-prod/serviceAccounts/frontend-build@shop-prod.iam.gserviceaccount.com
fi
echo "A merge into $branch deploys frontend. Put cloudbuild.yaml at the top of the repository."
