#!/usr/bin/env bash
# shop/CronJob/report -> Cloud Run job report. Written by k2cr.
# Deploys, and does nothing else. The whole order is in cutover.md.
# The YAML form: the flags of jobs have no start-up probes.
set -euo pipefail

PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

gcloud run jobs replace "$(dirname "${BASH_SOURCE[0]}")"/job.yaml \
  --project="$PROJECT" \
  --region="$REGION" \
  --quiet
