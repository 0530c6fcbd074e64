#!/usr/bin/env bash
# What the move of shop/Deployment/frontend needs, looked at and not changed. Written by k2cr. Ends with 1 where
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
else for api in certificatemanager.googleapis.com compute.googleapis.com dns.googleapis.com iam.googleapis.com iap.googleapis.com run.googleapis.com secretmanager.googleapis.com; do
  if grep -qx "$api" <<<"$enabled"; then ok "API $api"; else bad "API $api" "./prepare.sh enables it"; fi
done; fi

permissions=(serviceusage.services.enable certificatemanager.certs.create compute.networks.get compute.subnetworks.use dns.changes.create iam.serviceAccounts.create iam.serviceAccounts.actAs iap.webServices.setIamPolicy run.services.create run.services.setIamPolicy secretmanager.secrets.create secretmanager.versions.add compute.backendServices.create compute.urlMaps.create compute.globalForwardingRules.create)
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

if whose=$(gcloud run services describe frontend --project="$PROJECT" --region="$REGION" --format='value[separator=/](metadata.labels.k8s-namespace,metadata.labels.k8s-workload)' 2>/dev/null) && [[ -n $whose && $whose != shop/frontend ]]; then
  bad 'name frontend' "it is taken, and not by this workload: [policy] naming in k2cr.toml gives another"
else ok 'name frontend'; fi

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
allows run.allowedIngress internal-and-cloud-load-balancing
allows compute.restrictLoadBalancerCreationForTypes GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS
allows run.allowedVPCEgress private-ranges-only
enforced iam.disableServiceAccountCreation 'prepare.sh may not make frontend: ask its owner for an account'

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
    bad 'subnet run-tokyo' "10 instances want a /26 or larger, it is a /$range: another, or fewer instances"
  else ok 'subnet run-tokyo'; free run-tokyo "$range" 40 --project="$PROJECT" --regions="$REGION"; fi
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
capacity CpuAllocPerProjectRegion 20000 'Total CPU allocation, in milli vCPU, per project per region'
capacity MemAllocPerProjectRegion 10737418240 'Total memory allocation, in bytes, per project per region'

# quota METRIC: whether there is room for one more in what was read as $quotas.
quota() {
  local usage limit
  IFS=, read -r _ usage limit <<<"$(grep "^$1," <<<"$quotas" || true)"
  if [[ ! $usage =~ ^[0-9.]+$ || ! $limit =~ ^[0-9.]+$ ]]; then unknown "quota $1" "it could not be read"
  elif ((${usage%%.*} >= ${limit%%.*})); then bad "quota $1" "$usage of $limit are in use: ask for more"
  else ok "quota $1"; fi
}
quotas=$(gcloud compute project-info describe --project="$PROJECT" --flatten='quotas[]' \
  --format='csv[no-heading](quotas.metric,quotas.usage,quotas.limit)' || true)
for metric in BACKEND_SERVICES URL_MAPS FORWARDING_RULES STATIC_ADDRESSES; do quota "$metric"; done
if gcloud artifacts docker images describe us-docker.pkg.dev/shop/apps/frontend:1 --project=shop >/dev/null 2>&1; then
  ok 'image us-docker.pkg.dev/shop/apps/frontend:1'
else bad 'image us-docker.pkg.dev/shop/apps/frontend:1' "not there, or not readable by you: roles/artifactregistry.reader of shop"; fi
if gcloud artifacts docker images describe us-docker.pkg.dev/shop/apps/proxy:1 --project=shop >/dev/null 2>&1; then
  ok 'image us-docker.pkg.dev/shop/apps/proxy:1'
else bad 'image us-docker.pkg.dev/shop/apps/proxy:1' "not there, or not readable by you: roles/artifactregistry.reader of shop"; fi
if ! held=$(gcloud artifacts repositories get-iam-policy apps --project=shop --location=us --format='value(bindings)' 2>/dev/null); then
  unknown 'images of shop/apps for Cloud Run' 'its owner runs: gcloud artifacts repositories add-iam-policy-binding apps --project=shop --location=us --member=serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com --role=roles/artifactregistry.reader'
elif [[ $held == *serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com* ]]; then ok 'images of shop/apps for Cloud Run'
else bad 'images of shop/apps for Cloud Run' 'gcloud artifacts repositories add-iam-policy-binding apps --project=shop --location=us --member=serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com --role=roles/artifactregistry.reader'; fi

zones=$(gcloud dns managed-zones list --project="$PROJECT" --format='value(dnsName)' 2>/dev/null || true)
zone=
for name in shop.example.com. example.com.; do if grep -qFx "$name" <<<"$zones"; then zone=$name; break; fi; done
if [[ -n $zone ]]; then ok 'DNS zone of shop.example.com'
else unknown 'DNS zone of shop.example.com' "not in this project: who enters its records?"; fi

if kubectl get deployment frontend --namespace=shop -o name >/dev/null 2>&1; then ok 'kubectl sees Deployment frontend'
else bad 'kubectl sees Deployment frontend' 'point it at the cluster: gcloud container clusters get-credentials'; fi

exit $mend
