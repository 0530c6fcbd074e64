#!/usr/bin/env bash
# Prepares the project for report (shop/CronJob/report). Written by k2cr. Safe to run twice.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"

gcloud services enable cloudscheduler.googleapis.com compute.googleapis.com iam.googleapis.com run.googleapis.com --project="$PROJECT"

if ! gcloud iam service-accounts describe report@shop-prod.iam.gserviceaccount.com --project="$PROJECT" >/dev/null 2>&1; then
  gcloud iam service-accounts create report --project="$PROJECT" --display-name='Cloud Run report'
fi
# Grant it what the program needs: the pod runs as the namespace's default account, so the snapshot names no roles.
