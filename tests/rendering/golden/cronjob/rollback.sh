#!/usr/bin/env bash
# Takes shop/CronJob/report back to GKE. Written by k2cr. Safe to run twice. kubectl must point at the cluster.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

# A schedule that was never made, or is paused, needs no stop. Whatever comes of it, the CronJob resumes.
stopped=yes
if [[ $(gcloud scheduler jobs describe report --project="$PROJECT" --location="$REGION" --format='value(state)' 2>/dev/null) == ENABLED ]]; then
  gcloud scheduler jobs pause report --project="$PROJECT" --location="$REGION" || stopped=no
fi

kubectl patch cronjob report --namespace=shop --patch='{"spec":{"suspend":false}}'
if [[ $stopped == no ]]; then
  echo 'Cloud Scheduler still starts report beside the CronJob: pause it, or run this again.' >&2
  exit 1
fi
