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
# ok WHAT; bad WHAT DO; unknown WHAT WHY: one line each, and what mends it.
ok() { echo "ok    $1"; }
bad() { echo "MEND  $1: $2"; mend=1; }
unknown() { echo "?     $1: $2"; }

if ! enabled=$(gcloud services list --enabled --project="$PROJECT" --format='value(config.name)'); then
  unknown "APIs" "they cannot be listed; ./prepare.sh enables what is needed"
else for api in cloudscheduler.googleapis.com compute.googleapis.com iam.googleapis.com run.googleapis.com; do
  if grep -qx "$api" <<<"$enabled"; then ok "API $api"; else bad "API $api" "./prepare.sh enables it"; fi
done; fi

permissions=(serviceusage.services.enable cloudscheduler.jobs.create compute.networks.get compute.subnetworks.use iam.serviceAccounts.create iam.serviceAccounts.actAs run.services.create run.services.setIamPolicy)
if token=$(gcloud auth print-access-token 2>/dev/null) && command -v curl >/dev/null; then
  url="https://cloudresourcemanager.googleapis.com/v1/projects/$PROJECT:testIamPermissions"
  held=$(curl -sS --max-time 20 -X POST --config - -H 'Content-Type: application/json' \
    -d "{\"permissions\": [$(printf '"%s",' "${permissions[@]}" | sed 's/,$//')]}" "$url" 2>/dev/null \
    <<<"header = \"Authorization: Bearer $token\"" || true)
  for permission in "${permissions[@]}"; do
    if [[ $held == *"\"$permission\""* ]]; then ok "right $permission"
    elif [[ $held == *'"permissions"'* || $held == '{}'* ]]; then bad "right $permission" "ask for a role that holds it"
    else unknown "right $permission" "the Resource Manager API did not answer"; fi
  done
else
  unknown "rights ${permissions[*]}" "gcloud auth login first; curl is needed to ask for them"
fi

if whose=$(gcloud run jobs describe report --project="$PROJECT" --region="$REGION" --format='value[separator=/](metadata.labels.k8s-namespace,metadata.labels.k8s-workload)' 2>/dev/null) && [[ -n $whose && $whose != shop/report ]]; then
  bad 'name report' "it is taken, and not by this workload: [policy] naming in k2cr.toml gives another"
else ok 'name report'; fi

# allows CONSTRAINT VALUE [DO]: whether the organisation's list lets it be.
allows() {
  local said allowed denied word="(^|[^a-zA-Z_-])$2([^a-zA-Z_-]|\$)"
  if ! said=$(gcloud org-policies describe "$1" --effective --project="$PROJECT" \
    --format='value(spec.rules[].values.allowedValues,spec.rules[].values.deniedValues)' 2>/dev/null); then
    unknown "policy $1" "it cannot be read (roles/orgpolicy.policyViewer): ask whether $2 is allowed"
    return
  fi
  allowed=${said%%$'\t'*} denied=${said#*$'\t'}
  if [[ -n $allowed && ! $allowed =~ $word ]]; then
    bad "policy $1" "allows $allowed, and not $2: ${3:-ask for an exception of this project}"
  elif [[ $said == *$'\t'* && $denied =~ $word ]]; then
    bad "policy $1" "denies $2: ${3:-ask for an exception of this project}"
  else ok "policy $1 allows $2"; fi
}
# enforced CONSTRAINT DO: whether the organisation forbids it.
enforced() {
  local said
  if ! said=$(gcloud org-policies describe "$1" --effective --project="$PROJECT" \
    --format='value(spec.rules[].enforce)' 2>/dev/null); then
    unknown "policy $1" "it cannot be read (roles/orgpolicy.policyViewer). If it is on: $2"
  elif [[ $said == *[Tt]rue* ]]; then bad "policy $1" "$2"
  elif [[ -z ${said//False/} ]]; then ok "policy $1 is off"
  else unknown "policy $1" "what gcloud says of it is not understood. If it is on: $2"; fi
}
allows run.allowedVPCEgress private-ranges-only
enforced iam.disableServiceAccountCreation 'prepare.sh may not make report: ask its owner for an account'

# free SUBNET PREFIX NEEDED PLACE...: addresses of a range that nobody holds. What Cloud Run holds already
# is listed among the addresses, block by block.
free() {
  local subnet=$1 prefix=$2 needed=$3 held taken=4 length
  shift 3
  if ! held=$(gcloud compute addresses list "$@" --filter="subnetwork~/$subnet\$" --format='value(prefixLength)' &&
    gcloud compute instances list "${@:1:1}" --filter="networkInterfaces.subnetwork~/$subnet\$" \
      --format='value(zone.basename())'); then
    unknown "free addresses of $subnet" "they cannot be listed"
    return
  fi
  while read -r length; do
    if [[ $length =~ ^(2[0-9]|3[01])$ ]]; then taken=$((taken + (1 << (32 - length)))); else taken=$((taken + 1)); fi
  done <<<"$held"
  if (((1 << (32 - prefix)) - taken < needed)); then
    bad "free addresses of $subnet" "$needed are wanted, $taken of a /$prefix are taken: take a larger one"
  else ok "free addresses of $subnet for $needed"; fi
}
subnet=$(gcloud compute networks subnets describe run-tokyo --project="$PROJECT" --region="$REGION" \
  --format='value(ipCidrRange,privateIpGoogleAccess)' 2>/dev/null || true)
if [[ -z $subnet ]]; then
  unknown 'subnet run-tokyo' "./network.sh out makes it, if it is not there"
elif [[ ! $subnet =~ ^[0-9.]+/([0-9]+)[[:space:]]*(.*)$ ]]; then
  unknown 'subnet run-tokyo' "what gcloud says of it is not understood: $subnet"
else
  range=${BASH_REMATCH[1]} access=${BASH_REMATCH[2]}
  if ((range > 26)); then
    bad 'subnet run-tokyo' "1 instances want a /26 or larger, it is a /$range: another, or fewer instances"
  else ok 'subnet run-tokyo'; free run-tokyo "$range" 4 --project="$PROJECT" --regions="$REGION"; fi
  if [[ $access == True ]]; then ok 'Private Google Access'
  else unknown 'Private Google Access' 'needed where it calls other Cloud Run services by run.app: gcloud compute networks subnets update run-tokyo ...'; fi
fi

# capacity QUOTA NEEDED NAME: whether one may have that much in the region. NAME is the console's.
capacity() {
  local said allowed
  said=$(gcloud beta quotas info describe "$1" --service=run.googleapis.com --project="$PROJECT" \
    --flatten='dimensionsInfos[]' \
    --format='csv[no-heading](dimensionsInfos.dimensions.region,dimensionsInfos.details.value)' 2>/dev/null || true)
  allowed=$(sed -n "s/^$REGION,//p" <<<"$said" | head -n 1)
  if [[ -z $allowed ]]; then allowed=$(sed -n 's/^,//p' <<<"$said" | head -n 1); fi
  if [[ ! $allowed =~ ^[0-9]{1,18}$ ]]; then
    unknown "quota $1" "it cannot be read (API cloudquotas.googleapis.com): $2 are wanted of IAM & Admin > Quotas, '$3'"
  elif (($2 > allowed)); then
    bad "quota $1" "$2 are wanted, $allowed are allowed: fewer max instances, or ask for more of '$3'"
  else ok "quota $1: $2 of $allowed, beside what other services have"; fi
}
capacity CpuAllocPerProjectRegion 2000 'Total CPU allocation, in milli vCPU, per project per region'
capacity MemAllocPerProjectRegion 1073741824 'Total memory allocation, in bytes, per project per region'
if gcloud artifacts docker images describe us-docker.pkg.dev/shop/apps/report:1 --project=shop >/dev/null 2>&1; then
  ok 'image us-docker.pkg.dev/shop/apps/report:1'
else bad 'image us-docker.pkg.dev/shop/apps/report:1' "not there, or not readable by you: roles/artifactregistry.reader of shop"; fi
if ! held=$(gcloud artifacts repositories get-iam-policy apps --project=shop --location=us --format='value(bindings)' 2>/dev/null); then
  unknown 'images of shop/apps for Cloud Run' 'its owner runs: gcloud artifacts repositories add-iam-policy-binding apps --project=shop --location=us --member=serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com --role=roles/artifactregistry.reader'
elif [[ $held == *serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com* ]]; then ok 'images of shop/apps for Cloud Run'
else bad 'images of shop/apps for Cloud Run' 'gcloud artifacts repositories add-iam-policy-binding apps --project=shop --location=us --member=serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com --role=roles/artifactregistry.reader'; fi

if kubectl get cronjob report --namespace=shop -o name >/dev/null 2>&1; then ok 'kubectl sees CronJob report'
else bad 'kubectl sees CronJob report' 'point it at the cluster: gcloud container clusters get-credentials'; fi

exit $mend
