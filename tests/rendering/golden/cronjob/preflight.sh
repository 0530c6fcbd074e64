#!/usr/bin/env bash
# What the move of shop/CronJob/report needs, looked at and not changed. Written by k2cr. Ends with 1 where
# something is to be mended, and says how.
# shellcheck disable=SC2016,SC1003  # values stand as they are: nothing in single quotes is to be expanded
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

mend=0
# ok WHAT; bad WHAT DO: one line each, and what mends it.
ok() { echo "ok    $1"; }
bad() { echo "MEND  $1: $2"; mend=1; }
unknown() { echo "?     $1: $2"; }

enabled=$(gcloud services list --enabled --project="$PROJECT" --format='value(config.name)' || true)
for api in cloudscheduler.googleapis.com compute.googleapis.com iam.googleapis.com run.googleapis.com; do
  if grep -qx "$api" <<<"$enabled"; then ok "API $api"; else bad "API $api" "./prepare.sh enables it"; fi
done

permissions=(cloudscheduler.jobs.create compute.networks.get compute.subnetworks.use iam.serviceAccounts.create iam.serviceAccounts.actAs run.services.create run.services.setIamPolicy)
if token=$(gcloud auth print-access-token 2>/dev/null) && command -v curl >/dev/null; then
  url="https://cloudresourcemanager.googleapis.com/v1/projects/$PROJECT:testIamPermissions"
  held=$(curl -sS --max-time 20 -X POST -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d "{\"permissions\": [$(printf '"%s",' "${permissions[@]}" | sed 's/,$//')]}" "$url" 2>/dev/null || true)
  for permission in "${permissions[@]}"; do
    if [[ $held == *"\"$permission\""* ]]; then ok "right $permission"
    elif [[ $held == *permissions* || $held == '{}' ]]; then bad "right $permission" "ask for a role that holds it"
    else unknown "right $permission" "the Resource Manager API did not answer"; fi
  done
else
  unknown "rights" "gcloud auth login first; curl is needed to ask for them"
fi

rule=$(gcloud org-policies describe iam.allowedPolicyMemberDomains --effective --project="$PROJECT" --format='value(spec.rules)' || true)
if [[ $rule == *alues* || $rule == *enforce*rue* ]]; then unknown "policy iam.allowedPolicyMemberDomains" "members from outside, or one for everybody, may be refused: $rule"; else ok "policy iam.allowedPolicyMemberDomains"; fi
rule=$(gcloud org-policies describe run.allowedIngress --effective --project="$PROJECT" --format='value(spec.rules)' || true)
if [[ $rule == *alues* || $rule == *enforce*rue* ]]; then unknown "policy run.allowedIngress" "the ingress setting may be refused: $rule"; else ok "policy run.allowedIngress"; fi
rule=$(gcloud org-policies describe run.allowedVPCEgress --effective --project="$PROJECT" --format='value(spec.rules)' || true)
if [[ $rule == *alues* || $rule == *enforce*rue* ]]; then unknown "policy run.allowedVPCEgress" "the egress setting may be refused: $rule"; else ok "policy run.allowedVPCEgress"; fi
rule=$(gcloud org-policies describe iam.disableServiceAccountCreation --effective --project="$PROJECT" --format='value(spec.rules)' || true)
if [[ $rule == *alues* || $rule == *enforce*rue* ]]; then unknown "policy iam.disableServiceAccountCreation" "prepare.sh may not make the service account: $rule"; else ok "policy iam.disableServiceAccountCreation"; fi

subnet=$(gcloud compute networks subnets describe run-tokyo --project="$PROJECT" --region="$REGION" \
  --format='value(ipCidrRange,privateIpGoogleAccess)' 2>/dev/null || true)
read -r range access <<<"$subnet"
if [[ -z $subnet ]]; then unknown 'subnet run-tokyo' "./network.sh out makes it"
elif ((${range##*/} > 26)); then
  bad "subnet $range" "1 instances want a /26 or larger: take another, or fewer instances"
else ok "subnet $range"; fi
if [[ -n $subnet && $access != True ]]; then
  bad 'Private Google Access' 'gcloud compute networks subnets update run-tokyo --enable-private-ip-google-access'
fi
if gcloud artifacts docker images describe us-docker.pkg.dev/shop/apps/report:1 --project="$PROJECT" >/dev/null 2>&1; then
  ok 'image us-docker.pkg.dev/shop/apps/report:1'
else bad 'image us-docker.pkg.dev/shop/apps/report:1' "not there, or not readable: roles/artifactregistry.reader"; fi

exit $mend
