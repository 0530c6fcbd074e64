#!/usr/bin/env bash
# The network of frontend (shop/Deployment/frontend). Written by k2cr. Safe to run twice.
# ./network.sh out, before deploy.sh: what the program calls must be within its reach when it starts.
# ./network.sh in, after deploy.sh: load balancer and bindings refer to the service.
# kubectl must point at the cluster.
set -euo pipefail

PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"

way_out() {
  # Direct VPC egress.
  # 10 instances take up to 40 addresses while a rollout runs both revisions: a /26 or larger.
  if ! gcloud compute networks subnets describe run-tokyo --project="$PROJECT" --region="$REGION" >/dev/null 2>&1; then
    gcloud compute networks subnets create run-tokyo --project="$PROJECT" --region="$REGION" \
      --network=prod --range=SUBNET_RANGE --enable-private-ip-google-access
  fi
  # Instances have no address of their own: the rules go by network tag.
  if ! gcloud compute firewall-rules describe frontend-egress --project="$PROJECT" >/dev/null 2>&1; then
    gcloud compute firewall-rules create frontend-egress --project="$PROJECT" --network=prod \
      --direction=EGRESS --action=ALLOW --rules=tcp:50051 \
      --target-tags=frontend --destination-ranges=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16
  fi

  # What stays in the cluster: an internal load balancer each, under the full name of its Service.
  kubectl apply -f "$(dirname "${BASH_SOURCE[0]}")/gke-internal-lb.yaml"
  if ! gcloud dns managed-zones describe k2cr-svc-cluster-local --project="$PROJECT" >/dev/null 2>&1; then
    gcloud dns managed-zones create k2cr-svc-cluster-local --project="$PROJECT" --visibility=private --networks=prod \
      --dns-name=svc.cluster.local. --description='Services of the cluster, for callers outside it'
  fi
  # name_service NAMESPACE SERVICE BALANCER: waits for the balancer's address and enters it in the zone.
  name_service() {
    local host="$2.$1.svc.cluster.local." address verb=create
    kubectl wait --for=jsonpath='{.status.loadBalancer.ingress[0].ip}' "service/$3" --namespace="$1" --timeout=600s
    address=$(kubectl get service "$3" --namespace="$1" -o jsonpath='{.status.loadBalancer.ingress[0].ip}')
    if gcloud dns record-sets describe "$host" --type=A --zone=k2cr-svc-cluster-local --project="$PROJECT" >/dev/null 2>&1; then
      verb=update
    fi
    gcloud dns record-sets "$verb" "$host" --type=A --ttl=60 --rrdatas="$address" --zone=k2cr-svc-cluster-local --project="$PROJECT"
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
  if ! gcloud compute backend-services describe frontend-be --project="$PROJECT" --global >/dev/null 2>&1; then
    gcloud compute backend-services create frontend-be --project="$PROJECT" --global \
      --load-balancing-scheme=EXTERNAL_MANAGED --protocol=HTTPS
  fi
  if [[ $(gcloud compute backend-services describe frontend-be --project="$PROJECT" --global --format='value(backends[].group)') != */frontend-neg* ]]; then
    gcloud compute backend-services add-backend frontend-be --project="$PROJECT" --global \
      --network-endpoint-group=frontend-neg --network-endpoint-group-region="$REGION"
  fi
  # Hosts and paths: written whole each time.
  gcloud compute url-maps import frontend-map --project="$PROJECT" --global --quiet \
    --source="$(dirname "${BASH_SOURCE[0]}")/url-map.yaml"
  # Certificates proven by a DNS record of its own each: they are active before the names lead here.
  if ! gcloud certificate-manager maps describe frontend-certs --project="$PROJECT" >/dev/null 2>&1; then
    gcloud certificate-manager maps create frontend-certs --project="$PROJECT"
  fi
  if ! gcloud certificate-manager dns-authorizations describe frontend-0 --project="$PROJECT" >/dev/null 2>&1; then
    gcloud certificate-manager dns-authorizations create frontend-0 --project="$PROJECT" --domain=shop.example.com
  fi
  if ! gcloud certificate-manager certificates describe frontend-0 --project="$PROJECT" >/dev/null 2>&1; then
    gcloud certificate-manager certificates create frontend-0 --project="$PROJECT" \
      --domains=shop.example.com --dns-authorizations=frontend-0
  fi
  if ! gcloud certificate-manager maps entries describe frontend-0 --map=frontend-certs --project="$PROJECT" >/dev/null 2>&1; then
    gcloud certificate-manager maps entries create frontend-0 --map=frontend-certs --project="$PROJECT" \
      --certificates=frontend-0 --hostname=shop.example.com
  fi
  # Enter this CNAME record in the zone of shop.example.com:
  gcloud certificate-manager dns-authorizations describe frontend-0 --project="$PROJECT" \
    --format='value(dnsResourceRecord.name,dnsResourceRecord.data)'
  if ! gcloud compute target-https-proxies describe frontend-proxy --project="$PROJECT" --global >/dev/null 2>&1; then
    gcloud compute target-https-proxies create frontend-proxy --project="$PROJECT" --global \
      --url-map=frontend-map --certificate-map=frontend-certs
  fi
  if ! gcloud compute addresses describe frontend-ip --project="$PROJECT" --global >/dev/null 2>&1; then
    gcloud compute addresses create frontend-ip --project="$PROJECT" --global --network-tier=PREMIUM
  fi
  if ! gcloud compute forwarding-rules describe frontend-fr --project="$PROJECT" --global >/dev/null 2>&1; then
    gcloud compute forwarding-rules create frontend-fr --project="$PROJECT" --global --load-balancing-scheme=EXTERNAL_MANAGED \
      --address=frontend-ip --target-https-proxy=frontend-proxy --ports=443
  fi
  # Plain HTTP leads to HTTPS.
  gcloud compute url-maps import frontend-http --project="$PROJECT" --global --quiet <<'EOF'
name: frontend-http
defaultUrlRedirect:
  httpsRedirect: true
  redirectResponseCode: MOVED_PERMANENTLY_DEFAULT
EOF
  if ! gcloud compute target-http-proxies describe frontend-http --project="$PROJECT" --global >/dev/null 2>&1; then
    gcloud compute target-http-proxies create frontend-http --project="$PROJECT" --global --url-map=frontend-http
  fi
  if ! gcloud compute forwarding-rules describe frontend-http-fr --project="$PROJECT" --global >/dev/null 2>&1; then
    gcloud compute forwarding-rules create frontend-http-fr --project="$PROJECT" --global --load-balancing-scheme=EXTERNAL_MANAGED \
      --address=frontend-ip --target-http-proxy=frontend-http --ports=80
  fi

  # IAP on the load balancer; never together with IAP on the service itself.
  gcloud compute backend-services update frontend-be --project="$PROJECT" --global --iap=enabled
  gcloud beta services identity create --project="$PROJECT" --service=iap.googleapis.com
  gcloud run services add-iam-policy-binding frontend --project="$PROJECT" --region="$REGION" \
    --member=serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com --role=roles/run.invoker
  gcloud iap web add-iam-policy-binding --project="$PROJECT" --resource-type=backend-services --service=frontend-be \
    --member=IAP_MEMBER --role=roles/iap.httpsResourceAccessor
  # The audience that the program must expect in the signed header:
  id=$(gcloud compute backend-services describe frontend-be --project="$PROJECT" --global --format='value(id)')
  echo "/projects/123456789012/global/backendServices/$id"
  # The address that the names are to lead to:
  gcloud compute addresses describe frontend-ip --project="$PROJECT" --global --format='value(address)'
}

case "${1:-all}" in
  out) way_out ;;
  in) way_in ;;
  all) way_out; way_in ;;
  *) echo "usage: $0 [out|in|all]" >&2; exit 2 ;;
esac
