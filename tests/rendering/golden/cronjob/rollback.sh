#!/usr/bin/env bash
# Takes shop/CronJob/report back to GKE. Written by k2cr. Safe to run twice. kubectl must point at the cluster.
set -euo pipefail

PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

gcloud scheduler jobs pause report --project="$PROJECT" --location="$REGION"

kubectl patch cronjob report --namespace=shop --patch='{"spec":{"suspend":false}}'
