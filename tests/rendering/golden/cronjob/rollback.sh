#!/usr/bin/env bash
# Takes shop/CronJob/report back to GKE. Written by k2cr. Safe to run twice. kubectl must point at the cluster.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

gcloud scheduler jobs pause report --project="$PROJECT" --location="$REGION"

kubectl patch cronjob report --namespace=shop --patch='{"spec":{"suspend":false}}'
