#!/usr/bin/env bash
# shop/Deployment/frontend -> Cloud Run service frontend. Written by k2cr.
# Deploys, and does nothing else. The whole order is in cutover.md.
# The same service as service.yaml. Needs gcloud 573 or newer; for an older one: k2cr render --gcloud VERSION.
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
gcloud run deploy frontend \
  --project="$PROJECT" \
  --region="$REGION" \
  --quiet \
  --service-account=frontend@shop-prod.iam.gserviceaccount.com \
  --ingress=internal-and-cloud-load-balancing \
  --concurrency=80 \
  --timeout=300s \
  --max-instances=10 \
  --cpu-throttling \
  --cpu-boost \
  --execution-environment=gen2 \
  --network=prod \
  --subnet=run-tokyo \
  --network-tags=frontend \
  --vpc-egress=private-ranges-only \
  --labels=app=frontend,k8s-namespace=shop,k8s-workload=frontend \
  --container=proxy \
  --image=us-docker.pkg.dev/shop/apps/proxy:1 \
  --port=8080 \
  --set-env-vars=UPSTREAM=http://localhost:9000 \
  --cpu=1 \
  --memory=512Mi \
  --depends-on=frontend \
  --startup-probe=httpGet.path=/healthcheck,httpGet.port=8080,periodSeconds=1,timeoutSeconds=1,failureThreshold=100 \
  --liveness-probe=httpGet.path=/healthcheck,httpGet.port=8080,periodSeconds=30,timeoutSeconds=1,failureThreshold=3 \
  --readiness-probe=httpGet.path=/healthcheck,httpGet.port=8080,periodSeconds=30,timeoutSeconds=1,failureThreshold=3,successThreshold=1 \
  --container=frontend \
  --image=us-docker.pkg.dev/shop/apps/frontend:1 \
  --set-env-vars=BACKEND_ADDR=backend.shop.svc.cluster.local:50051 \
  --set-secrets=API_KEY=shop--frontend--frontend--API_KEY:latest \
  --cpu=1 \
  --memory=512Mi \
  --startup-probe=httpGet.path=/healthcheck,httpGet.port=9000,periodSeconds=1,timeoutSeconds=1,failureThreshold=100 \
  --liveness-probe=httpGet.path=/healthcheck,httpGet.port=9000,periodSeconds=30,timeoutSeconds=1,failureThreshold=3 \
  --readiness-probe=httpGet.path=/healthcheck,httpGet.port=9000,periodSeconds=30,timeoutSeconds=1,failureThreshold=3,successThreshold=1
