#!/usr/bin/env bash
# The network of report (shop/CronJob/report). Written by k2cr. Safe to run twice.
# ./network.sh out, before deploy.sh: what the program calls must be within its reach when it starts.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

way_out() {
  # Direct VPC egress.
  # 2 instances take up to 8 addresses while a rollout runs both revisions: a /26 or larger.
  if ! gcloud compute networks subnets describe run-tokyo --project="$PROJECT" --region="$REGION" >/dev/null 2>&1; then
    gcloud compute networks subnets create run-tokyo --project="$PROJECT" --region="$REGION" \
      --network=prod --range=SUBNET_RANGE --enable-private-ip-google-access
  fi
}

case "${1:-all}" in
  out) way_out ;;
  all) way_out ;;
  *) echo "usage: $0 [out|all]" >&2; exit 2 ;;
esac
