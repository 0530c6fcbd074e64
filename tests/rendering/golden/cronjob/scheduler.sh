#!/usr/bin/env bash
# Starts report by the schedule of shop/CronJob/report. Written by k2cr. Safe to run twice. Run it after deploy.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

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

if ! ours 'iam service-accounts' report-cron@shop-prod.iam.gserviceaccount.com --project="$PROJECT"; then
  gcloud iam service-accounts create report-cron --project="$PROJECT" --display-name='Starts report' --description='made by k2cr'
fi
patiently gcloud run jobs add-iam-policy-binding report --project="$PROJECT" --region="$REGION" \
  --member=serviceAccount:report-cron@shop-prod.iam.gserviceaccount.com --role=roles/run.invoker >/dev/null

verb=create
if starts=$(gcloud scheduler jobs describe report --project="$PROJECT" --location="$REGION" --format='value(httpTarget.uri)' 2>/dev/null); then
  verb=update
  if [[ -n $starts && $starts != https://run.googleapis.com/v2/projects/shop-prod/locations/asia-northeast1/jobs/report:run ]]; then
    echo "Scheduler job report starts $starts: it is left alone. Give the job another name." >&2
    exit 1
  fi
fi
patiently gcloud scheduler jobs "$verb" http \
  report --project="$PROJECT" --location="$REGION" --schedule='*/5 * * * *' --time-zone=Asia/Tokyo \
  --http-method=POST --uri=https://run.googleapis.com/v2/projects/shop-prod/locations/asia-northeast1/jobs/report:run \
  --oauth-service-account-email=report-cron@shop-prod.iam.gserviceaccount.com
# rollback.sh pauses it.
if [[ $(gcloud scheduler jobs describe report --project="$PROJECT" --location="$REGION" --format='value(state)') == PAUSED ]]; then gcloud scheduler jobs resume report --project="$PROJECT" --location="$REGION"; fi
