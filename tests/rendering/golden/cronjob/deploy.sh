#!/usr/bin/env bash
# shop/CronJob/report -> Cloud Run job report. Written by k2cr.
# Deploys, and does nothing else. The whole order is in cutover.md.
# The same job as job.yaml. Needs gcloud 528 or newer; for an older one: k2cr render --gcloud VERSION.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

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

patiently \
gcloud run jobs deploy report \
  --project="$PROJECT" \
  --region="$REGION" \
  --quiet \
  --service-account=report@shop-prod.iam.gserviceaccount.com \
  --tasks=3 \
  --parallelism=2 \
  --max-retries=1 \
  --task-timeout=900s \
  --network=prod \
  --subnet=run-tokyo \
  --network-tags=report \
  --vpc-egress=private-ranges-only \
  --labels=k8s-namespace=shop,k8s-workload=report \
  --container=report \
  --image=us-docker.pkg.dev/shop/apps/report:1 \
  --args=--daily \
  --set-env-vars=TZ=Asia/Tokyo \
  --cpu=1 \
  --memory=512Mi
