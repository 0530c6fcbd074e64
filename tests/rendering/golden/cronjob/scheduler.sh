#!/usr/bin/env bash
# Starts report by the schedule of shop/CronJob/report. Written by k2cr. Safe to run twice. Run it after deploy.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

if ! gcloud iam service-accounts describe report-cron@shop-prod.iam.gserviceaccount.com --project="$PROJECT" >/dev/null 2>&1; then
  gcloud iam service-accounts create report-cron --project="$PROJECT" --display-name='Starts report'
fi
gcloud run jobs add-iam-policy-binding report --project="$PROJECT" --region="$REGION" \
  --member=serviceAccount:report-cron@shop-prod.iam.gserviceaccount.com --role=roles/run.invoker >/dev/null

verb=create
if gcloud scheduler jobs describe report --project="$PROJECT" --location="$REGION" >/dev/null 2>&1; then verb=update; fi
gcloud scheduler jobs "$verb" http \
  report --project="$PROJECT" --location="$REGION" --schedule='*/5 * * * *' --time-zone=Asia/Tokyo \
  --http-method=POST --uri=https://run.googleapis.com/v2/projects/shop-prod/locations/asia-northeast1/jobs/report:run \
  --oauth-service-account-email=report-cron@shop-prod.iam.gserviceaccount.com
