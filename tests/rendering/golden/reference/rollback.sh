#!/usr/bin/env bash
# Takes shop/Deployment/frontend back to GKE. Written by k2cr. Safe to run twice. kubectl must point at the cluster.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

kubectl scale deployment frontend --namespace=shop --replicas=2
kubectl rollout status deployment frontend --namespace=shop --timeout=600s

kubectl get ingress frontend --namespace=shop ||
  echo 'Ingress frontend is not there: apply its manifest again.'
echo 'Now point shop.example.com back to the address of the cluster: above, or in the record before the cutover.'
# The service stays: without requests it costs nothing but min instances.
if gcloud run services describe frontend --project="$PROJECT" --region="$REGION" >/dev/null 2>&1; then
  gcloud run services update frontend --project="$PROJECT" --region="$REGION" --quiet --min=0
fi
