"""Keys of labels and annotations that Kubernetes, GKE's controllers and Istio write or read.

Those of nodes are in ``cluster.py``, Cloud Run's in ``cloud_run/annotations.py``.
"""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import WELL_KNOWN_LABELS as _WELL_KNOWN
from k2cr_analysis.platforms.source import Source, ingress_gce, recipes, skills

_GKE = "https://docs.cloud.google.com/kubernetes-engine/docs/"
_DESCRIBED = recipes("service-directory/headless-service/README.md")
_APPLIED = recipes("gateway/single-cluster/global-l7-xlb-https-backend/README.md")
_SCALERS = Source(
    "https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/autoscaling/annotations.go",
    None,
    unconfirmed="not confirmed: seen in copies of that file whose place is not told; it is only left out of the files",
)
_OF_SERVICES = ingress_gce("pkg/annotations/service.go")
_INGRESS = ingress_gce("pkg/annotations/ingress.go")
_CERTIFICATES = ingress_gce("pkg/metrics/features.go")
_GRPC = recipes("gateway/grpc/fe-srv.yaml")
_MULTI_CLUSTER = recipes("ingress/multi-cluster/mci-asm-https-e2e/README.md")
_SERVICES = Source(f"{_GKE}concepts/service-load-balancer-parameters", "2026-12-01")
_L4 = ingress_gce("pkg/l4/annotations/gce_annotations.go")
_L4_SERVICE = ingress_gce("pkg/l4/annotations/service.go")
_PROVIDER = ingress_gce("vendor/k8s.io/cloud-provider-gcp/providers/gce/gce_annotations.go")
_GATEWAY = Source(f"{_GKE}how-to/secure-gateway", "2026-12-01")
_GATEWAY_CERTIFICATES = recipes("gateway/grpc/README.md")
_GATEWAY_MANAGER = Source(
    f"{_GKE}how-to/secure-gateway",
    None,
    unconfirmed="not confirmed: the stored page is cut before it; a Gateway that has it is taken to serve TLS",
)
_GATEWAY_CLASSES = skills("plugins/cloud/google-cloud-gke/skills/gke-service-networking/SKILL.md")
_NEGS = ingress_gce("pkg/negannotation/negannotation.go")
_NEG_GATE = ingress_gce("pkg/neg/types/shared/types.go")
_IDENTITY = skills("plugins/cloud/google-cloud-gke/skills/gke-basics/SKILL.md")
_NETWORKS = Source(
    f"{_GKE}how-to/setup-multinetwork-support-for-pods",
    None,
    unconfirmed="not confirmed: the stored page is cut before its manifests; such a pod is asked about its networks",
)
_GATEWAY_API = Source("https://gateway-api.sigs.k8s.io/geps/gep-1762/", "2026-12-01", "gateway-api 4564255ac")
_ISTIO = Source("https://github.com/istio/api/blob/b8f8791d9/annotation/annotations.gen.go", "2026-12-01", "2026-07-21")
_TRAEFIK = Source(
    "https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/", "2026-12-01", "v3.8"
)
_TRAEFIK_SERVICES = Source(
    "https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/#on-service",
    None,
    unconfirmed="not confirmed: the stored page is cut before its table of Services; public manifests write it so",
)
_EMISSARY = Source(
    "https://kubernetes.io/blog/2018/06/07/dynamic-ingress-in-kubernetes/", "2026-12-01", "ambassador/v0"
)
_AWS = Source(
    "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/", "2026-11-30"
)
_OTHERS = Source(
    "https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer",
    "2026-12-01",
    "kubernetes/website 003e5b3",
)
_NOT_AT_KUBERNETES = Source(
    "https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer",
    None,
    unconfirmed="not confirmed: OCI's network balancers, Yandex, Scaleway, Hetzner are not on that page; without them "
    "an internal balancer would count as open to the internet",
)

# Bookkeeping of controllers and clients.
REVISION: Annotated[str, _DESCRIBED] = "deployment.kubernetes.io/revision"
LAST_APPLIED: Annotated[str, _APPLIED] = "kubectl.kubernetes.io/last-applied-configuration"
JOB_TRACKING: Annotated[str, _WELL_KNOWN] = "batch.kubernetes.io/job-tracking"
JOB_NAME: Annotated[str, _WELL_KNOWN] = "batch.kubernetes.io/job-name"
CONTROLLER_UID: Annotated[str, _WELL_KNOWN] = "batch.kubernetes.io/controller-uid"
STORAGE_PROVISIONER: Annotated[str, _WELL_KNOWN] = "volume.beta.kubernetes.io/storage-provisioner"
CLAIM_CLASS: Annotated[str, _WELL_KNOWN] = "volume.beta.kubernetes.io/storage-class"
SCALER_CONDITIONS: Annotated[str, _SCALERS] = "autoscaling.alpha.kubernetes.io/conditions"
SCALER_METRICS: Annotated[str, _SCALERS] = "autoscaling.alpha.kubernetes.io/current-metrics"
NOT_READY: Annotated[str, _WELL_KNOWN] = "node.kubernetes.io/not-ready"
UNREACHABLE: Annotated[str, _WELL_KNOWN] = "node.kubernetes.io/unreachable"
# What the names of GKE's GatewayClasses for regional external load balancers begin with.
REGIONAL_EXTERNAL_CLASS: Annotated[str, _GATEWAY_CLASSES] = "gke-l7-regional-external-managed"
NAMESPACE_NAME: Annotated[str, _WELL_KNOWN] = "kubernetes.io/metadata.name"
APP_NAME: Annotated[str, _WELL_KNOWN] = "app.kubernetes.io/name"
SERVICE_OF_SLICE: Annotated[str, _WELL_KNOWN] = "kubernetes.io/service-name"

# Of Services: protocols, load balancers, groups of endpoints.
APP_PROTOCOLS: Annotated[str, _OF_SERVICES] = "cloud.google.com/app-protocols"
GKE_APP_PROTOCOLS: Annotated[str, _GRPC] = "networking.gke.io/app-protocols"
ALPHA_APP_PROTOCOLS: Annotated[str, _OF_SERVICES] = "service.alpha.kubernetes.io/app-protocols"
LOAD_BALANCER_TYPE: Annotated[str, _SERVICES] = "networking.gke.io/load-balancer-type"
GLOBAL_ACCESS: Annotated[str, _PROVIDER] = "networking.gke.io/internal-load-balancer-allow-global-access"
OLD_LOAD_BALANCER_TYPE: Annotated[str, _L4] = "cloud.google.com/load-balancer-type"
INTERNAL_LOAD_BALANCER: Annotated[str, _L4_SERVICE] = "networking.gke.io/internal-load-balancer"
AZURE_INTERNAL: Annotated[str, _OTHERS] = "service.beta.kubernetes.io/azure-load-balancer-internal"
AWS_INTERNAL: Annotated[str, _AWS] = "service.beta.kubernetes.io/aws-load-balancer-internal"
AWS_SCHEME: Annotated[str, _AWS] = "service.beta.kubernetes.io/aws-load-balancer-scheme"
# The same of other clouds' controllers, each by its own documentation of Services of type LoadBalancer.
OTHER_INTERNAL: Annotated[tuple[str, ...], _OTHERS, _NOT_AT_KUBERNETES] = (
    "service.beta.kubernetes.io/oci-load-balancer-internal",
    "oci-network-load-balancer.oraclecloud.com/internal",
    "service.beta.kubernetes.io/openstack-internal-load-balancer",
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type",
    "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type",
    "service.beta.kubernetes.io/cce-load-balancer-internal-vpc",
    "yandex.cloud/load-balancer-type",
    "service.beta.kubernetes.io/scw-loadbalancer-private",
    "load-balancer.hetzner.cloud/disable-public-network",
)
# The address that a load balancer of one's own is to have: Cilium, MetalLB (old and new), kube-vip.
_OWN_BALANCERS = Source(
    "https://docs.cilium.io/en/stable/network/lb-ipam/",
    None,
    unconfirmed="not confirmed: seen in public manifests; without them a private address would count as open to all",
)
ASKED_ADDRESSES: Annotated[tuple[str, ...], _OWN_BALANCERS] = (
    "io.cilium/lb-ipam-ips", "lbipam.cilium.io/ips", "metallb.universe.tf/loadBalancerIPs",
    "metallb.io/loadBalancerIPs", "kube-vip.io/loadbalancerIPs",
)  # fmt: skip
# Their values, and GKE's own, in lower case.
SAYS_INTERNAL: Annotated[tuple[str, ...], _AWS] = ("internal", "true", "intranet", "private")
EMISSARY_CONFIG: Annotated[str, _EMISSARY] = "getambassador.io/config"
# Values of `loadBalancerClass`.
L4_INTERNAL: Annotated[str, _SERVICES] = "networking.gke.io/l4-regional-internal"
L4_EXTERNAL: Annotated[str, _L4] = "networking.gke.io/l4-regional-external"
L4_INTERNAL_LEGACY: Annotated[str, _L4] = "networking.gke.io/l4-regional-internal-legacy"
L4_EXTERNAL_LEGACY: Annotated[str, _L4] = "networking.gke.io/l4-regional-external-legacy"
BACKEND_CONFIG: Annotated[str, _OF_SERVICES] = "cloud.google.com/backend-config"
BETA_BACKEND_CONFIG: Annotated[str, _OF_SERVICES] = "beta.cloud.google.com/backend-config"
NEG: Annotated[str, _NEGS] = "cloud.google.com/neg"
NEG_STATUS: Annotated[str, _NEGS] = "cloud.google.com/neg-status"
NEG_READINESS: Annotated[str, _NEG_GATE] = "cloud.google.com/load-balancer"  # beginning of a readiness gate's name

# Of Ingresses and Gateways.
INGRESS_CLASS: Annotated[str, _WELL_KNOWN] = "kubernetes.io/ingress.class"
DEFAULT_INGRESS_CLASS: Annotated[str, _WELL_KNOWN] = "ingressclass.kubernetes.io/is-default-class"
ALLOW_HTTP: Annotated[str, _INGRESS] = "kubernetes.io/ingress.allow-http"
GLOBAL_STATIC_IP: Annotated[str, _INGRESS] = "kubernetes.io/ingress.global-static-ip-name"
REGIONAL_STATIC_IP: Annotated[str, _INGRESS] = "kubernetes.io/ingress.regional-static-ip-name"
MULTI_CLUSTER_STATIC_IP: Annotated[str, _MULTI_CLUSTER] = "networking.gke.io/static-ip"
FRONTEND_CONFIG: Annotated[str, _INGRESS] = "networking.gke.io/v1beta1.FrontendConfig"
MANAGED_CERTIFICATES: Annotated[str, _CERTIFICATES] = "networking.gke.io/managed-certificates"
PRE_SHARED_CERT: Annotated[str, _INGRESS] = "ingress.gcp.kubernetes.io/pre-shared-cert"
GATEWAY_PRE_SHARED_CERTS: Annotated[str, _GATEWAY_CERTIFICATES] = "networking.gke.io/pre-shared-certs"
GATEWAY_CERT_MANAGER_CERTS: Annotated[str, _GATEWAY_MANAGER] = "networking.gke.io/cert-manager-certs"
GATEWAY_CERTIFICATE_MAP: Annotated[str, _GATEWAY] = "networking.gke.io/certmap"
GATEWAY_NAME: Annotated[str, _GATEWAY_API] = "gateway.networking.k8s.io/gateway-name"
TRAEFIK_ENTRY_POINTS: Annotated[str, _TRAEFIK] = "traefik.ingress.kubernetes.io/router.entrypoints"
TRAEFIK_STICKY: Annotated[str, _TRAEFIK_SERVICES] = "traefik.ingress.kubernetes.io/service.sticky.cookie"
TRAEFIK_SCHEME: Annotated[str, _TRAEFIK_SERVICES] = "traefik.ingress.kubernetes.io/service.serversscheme"

# Of pods and service accounts.
GOOGLE_SERVICE_ACCOUNT: Annotated[str, _IDENTITY] = "iam.gke.io/gcp-service-account"
POD_NETWORKS: Annotated[str, _NETWORKS] = "networking.gke.io/interfaces"
ISTIO_INJECT: Annotated[str, _ISTIO] = "sidecar.istio.io/inject"
ISTIO_TEMPLATES: Annotated[str, _ISTIO] = "inject.istio.io/templates"
ISTIO_REVISION: Annotated[str, _ISTIO] = "istio.io/rev"
ISTIO_SERVICE_TYPE: Annotated[str, _ISTIO] = "networking.istio.io/service-type"

POD_NAME: Annotated[str, _WELL_KNOWN] = "statefulset.kubernetes.io/pod-name"  # on each pod of a StatefulSet
