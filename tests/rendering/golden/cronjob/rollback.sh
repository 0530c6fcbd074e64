#!/usr/bin/env bash
# Takes shop/CronJob/report back to GKE. Written by k2cr. Safe to run twice. kubectl must point at the cluster.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

# However this ends, the CronJob resumes.
resume() {
  kubectl patch cronjob report --namespace=shop --patch='{"spec":{"suspend":false}}'
}
trap resume EXIT
# A schedule that was never made, or is paused, needs no stop.
stopped=yes
if state=$(gcloud scheduler jobs describe report --project="$PROJECT" --location="$REGION" --format='value(state)' 2>&1); then
  if [[ $state != *PAUSED* ]]; then
    gcloud scheduler jobs pause report --project="$PROJECT" --location="$REGION" || stopped=no
  fi
elif [[ $state =~ (PERMISSION_DENIED|UNAVAILABLE|DEADLINE|rror:.*(timed out|connect)) ]]; then
  stopped=no
fi

resume
trap - EXIT
if [[ $stopped == no ]]; then
  echo 'Cloud Scheduler may still start report beside the CronJob: pause it, or run this again.' >&2
  exit 1
fi
