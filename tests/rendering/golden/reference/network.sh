#!/usr/bin/env bash
# The network of frontend (shop/Deployment/frontend). Written by k2cr. Safe to run twice.
# ./network.sh out, before deploy.sh: what the program calls must be within its reach when it starts.
# ./network.sh in, after deploy.sh: load balancer and bindings refer to the service.
# kubectl must point at the cluster.
# shellcheck disable=SC2016,SC1003  # values stand as they are: nothing in single quotes is to be expanded
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${K2CR_PLACEHOLDERS:-} != keep && -z ${K2CR_FILLED:-} && -e "$here/values.env" ]]; then
  exec bash "$here/fill.sh" "$(basename "${BASH_SOURCE[0]}")" "$@"
fi
PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

# ours KIND NAME WORD...: whether it is there already; stops where somebody else made it.
ours() {
  local kind=$1 name=$2 said
  shift 2
  # shellcheck disable=SC2086  # a kind is two words
  said=$(gcloud $kind describe "$name" "$@" --format='value(name,description,labels.made-by)' 2>/dev/null) || return 1
  if [[ $said == *$'\t'* && ${said#*$'\t'} != *k2cr* ]]; then
    echo "$kind $name is there, and k2cr did not make it: it is left alone. Give the service another name," >&2
    echo "rename it or delete it if nobody uses it, or if it is the right one, say so on it:" >&2
    echo "'made by k2cr' in its description, or the label made-by=k2cr on a secret." >&2
    exit 1
  fi
}

# iap_members NAMESPACE SERVICE WORD...: whom IAP lets in to a Service on GKE it lets in here;
# WORDs name what is protected now. Members under a condition are shown, and added by hand with that condition.
iap_members() {
  local namespace=$1 service=$2 today region member held where
  shift 2
  today=$(gcloud compute backend-services list --project="$PROJECT" \
    --filter="description~'$namespace/(services/)?$service\"'" --format='value(name,region.basename())' --limit=1)
  read -r today region <<<"$today"
  if [[ -z $today ]]; then
    echo "No backend service of GKE for $namespace/$service is found: nobody is added. Who may come in is added by" >&2
    echo "  gcloud iap web add-iam-policy-binding $* --member=group:... --role=roles/iap.httpsResourceAccessor" >&2
    return 0
  fi
  where=( --project="$PROJECT" --resource-type=backend-services --service="$today" ${region:+"--region=$region"})
  held=$(gcloud iap web get-iam-policy "${where[@]}" \
    --flatten='bindings[].members' --format='value(bindings.members)' \
    --filter='bindings.role=roles/iap.httpsResourceAccessor AND -bindings.condition.expression:*')
  while read -r member; do
    if [[ -n $member ]]; then
      gcloud iap web add-iam-policy-binding "$@" --member="$member" \
        --role=roles/iap.httpsResourceAccessor --condition=None >/dev/null
    fi
  done <<<"$held"
  echo "Under a condition, or by other roles (those of the project's IAP policy hold here too):" >&2
  gcloud iap web get-iam-policy "${where[@]}" \
    --flatten='bindings[].members' --filter='bindings.condition.expression:*' >&2
}

way_out() {
  # Direct VPC egress.
  # 10 instances take up to 40 addresses while a rollout runs both revisions: a /26 or larger.
  if ! gcloud compute networks subnets describe run-tokyo --project="$PROJECT" --region="$REGION" >/dev/null 2>&1; then
    gcloud compute networks subnets create run-tokyo --project="$PROJECT" --region="$REGION" \
      --network=prod --range=SUBNET_RANGE --enable-private-ip-google-access
  fi
  # Instances have no address of their own: the rules go by network tag.
  if ! ours 'compute firewall-rules' frontend-egress --project="$PROJECT"; then
    gcloud compute firewall-rules create frontend-egress --project="$PROJECT" --network=prod \
      --direction=EGRESS --action=ALLOW --rules=tcp:50051 \
      --target-tags=frontend --destination-ranges=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16 --description='made by k2cr'
  fi

  # What stays in the cluster: an internal load balancer each, under the full name of its Service.
  kubectl apply -f "$(dirname "${BASH_SOURCE[0]}")/gke-internal-lb.yaml"
  if ! gcloud dns managed-zones describe k2cr-svc-cluster-local --project="$PROJECT" >/dev/null 2>&1; then
    gcloud dns managed-zones create k2cr-svc-cluster-local --project="$PROJECT" --visibility=private --networks=prod \
      --dns-name=svc.cluster.local. --description='Services of clusters, for callers outside them'
  fi
  # name_service NAMESPACE SERVICE BALANCER: waits for the balancer's address and enters it in the zone.
  name_service() {
    local host="$2.$1.svc.cluster.local." address verb=create
    kubectl wait --for=jsonpath='{.status.loadBalancer.ingress[0].ip}' "service/$3" --namespace="$1" --timeout=600s
    address=$(kubectl get service "$3" --namespace="$1" -o jsonpath='{.status.loadBalancer.ingress[0].ip}')
    if gcloud dns record-sets describe "$host" --type=A --zone=k2cr-svc-cluster-local --project="$PROJECT" >/dev/null 2>&1; then
      verb=update
    fi
    gcloud dns record-sets "$verb" "$host" --type=A --ttl=60 --rrdatas="$address" \
      --zone=k2cr-svc-cluster-local --project="$PROJECT"
  }
  # env BACKEND_ADDR of container frontend (it stays)
  name_service shop backend backend-internal
}

way_in() {
  # users come in through an Application Load Balancer, and in no other way.
  if ! gcloud compute network-endpoint-groups describe frontend-neg --project="$PROJECT" --region="$REGION" >/dev/null 2>&1; then
    gcloud compute network-endpoint-groups create frontend-neg --project="$PROJECT" --region="$REGION" \
      --network-endpoint-type=serverless --cloud-run-service=frontend
  fi
  leads_to=$(gcloud compute network-endpoint-groups describe frontend-neg --project="$PROJECT" --region="$REGION" --format='value(cloudRun.service)')
  if [[ -n $leads_to && $leads_to != frontend ]]; then
    echo "network-endpoint-group frontend-neg leads to $leads_to: it is left alone." >&2
    exit 1
  fi
  if ! ours 'compute backend-services' frontend-be --project="$PROJECT" --global; then
    gcloud compute backend-services create frontend-be --project="$PROJECT" --global \
      --load-balancing-scheme=EXTERNAL_MANAGED --protocol=HTTPS --description='made by k2cr'
  fi
  if [[ $(gcloud compute backend-services describe frontend-be --project="$PROJECT" --global --format='value(backends[].group)') != */frontend-neg* ]]; then
    gcloud compute backend-services add-backend frontend-be --project="$PROJECT" --global \
      --network-endpoint-group=frontend-neg --network-endpoint-group-region="$REGION"
  fi
  # Hosts and paths: written whole each time, and never over a map of somebody else's.
  if ! ours 'compute url-maps' frontend-map --project="$PROJECT" --global; then
    gcloud compute url-maps create frontend-map --project="$PROJECT" --global --default-service=frontend-be --description='made by k2cr'
  fi
  gcloud compute url-maps import frontend-map --project="$PROJECT" --global --quiet \
    --source="$(dirname "${BASH_SOURCE[0]}")/url-map.yaml"
  if ! ours 'compute addresses' frontend-run-ip --project="$PROJECT" --global; then
    gcloud compute addresses create frontend-run-ip --project="$PROJECT" --global --network-tier=PREMIUM --description='made by k2cr'
  fi
  # Certificates proven by a DNS record of its own each: they are active before the names lead here.
  if ! ours 'certificate-manager maps' frontend-certs --project="$PROJECT"; then
    gcloud certificate-manager maps create frontend-certs --project="$PROJECT" --description='made by k2cr'
  fi
  if ! ours 'certificate-manager dns-authorizations' frontend-0 --project="$PROJECT"; then
    gcloud certificate-manager dns-authorizations create frontend-0 --project="$PROJECT" --domain=shop.example.com --description='made by k2cr'
  fi
  if ! ours 'certificate-manager certificates' frontend-0 --project="$PROJECT"; then
    gcloud certificate-manager certificates create frontend-0 --project="$PROJECT" \
      --domains=shop.example.com --dns-authorizations=frontend-0 --description='made by k2cr'
  fi
  if ! ours 'certificate-manager maps entries' frontend-0 --map=frontend-certs --project="$PROJECT"; then
    gcloud certificate-manager maps entries create frontend-0 --map=frontend-certs --project="$PROJECT" \
      --certificates=frontend-0 --hostname=shop.example.com --description='made by k2cr'
  fi
  # Enter this CNAME record in the zone of shop.example.com:
  gcloud certificate-manager dns-authorizations describe frontend-0 --project="$PROJECT" \
    --format='value(dnsResourceRecord.name,dnsResourceRecord.data)'
  if ! ours 'compute target-https-proxies' frontend-proxy --project="$PROJECT" --global; then
    gcloud compute target-https-proxies create frontend-proxy --project="$PROJECT" --global \
      --url-map=frontend-map --certificate-map=frontend-certs --description='made by k2cr'
  fi
  if ! ours 'compute forwarding-rules' frontend-fr --project="$PROJECT" --global; then
    gcloud compute forwarding-rules create frontend-fr --project="$PROJECT" --global --load-balancing-scheme=EXTERNAL_MANAGED \
      --address=frontend-run-ip --target-https-proxy=frontend-proxy --ports=443 --description='made by k2cr'
  fi

  # IAP on the load balancer; never together with IAP on the service itself.
  gcloud compute backend-services update frontend-be --project="$PROJECT" --global --iap=enabled
  gcloud beta services identity create --project="$PROJECT" --service=iap.googleapis.com
  gcloud run services add-iam-policy-binding frontend --project="$PROJECT" --region="$REGION" \
    --member=serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com --role=roles/run.invoker
  iap_members shop frontend --project="$PROJECT" --resource-type=backend-services --service=frontend-be
  # The audience that the program must expect in the signed header:
  id=$(gcloud compute backend-services describe frontend-be --project="$PROJECT" --global --format='value(id)')
  echo "/projects/123456789012/global/backendServices/$id"
  # The address that the names are to lead to:
  gcloud compute addresses describe frontend-run-ip --project="$PROJECT" --global --format='value(address)'
}

case "${1:-all}" in
  out) way_out ;;
  in) way_in ;;
  all) way_out; way_in ;;
  *) echo "usage: $0 [out|in|all]" >&2; exit 2 ;;
esac
