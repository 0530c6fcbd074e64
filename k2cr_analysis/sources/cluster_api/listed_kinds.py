"""What is listed from a cluster: the kinds that the model reads, each with its API group and plural name.

``data/rbac.yaml`` is the ClusterRole with exactly these; a test holds the two together. Secrets are not listed: pod
specs show which of their keys are used, and their data must not be read at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from k2cr_analysis.platforms.cloud_run.annotations import SERVING_GROUP

CORE: Final = ""

_PLURALS: Final[Mapping[str, str]] = {
    CORE: """
        nodes namespaces pods services configmaps serviceaccounts persistentvolumeclaims persistentvolumes
        replicationcontrollers
        """,
    "apps": "deployments statefulsets daemonsets replicasets",
    "batch": "jobs cronjobs",
    "autoscaling": "horizontalpodautoscalers",
    "autoscaling.k8s.io": "verticalpodautoscalers",
    "keda.sh": "scaledobjects scaledjobs",
    "http.keda.sh": "httpscaledobjects",
    "networking.k8s.io": "ingresses ingressclasses networkpolicies",
    "gateway.networking.k8s.io": "gatewayclasses gateways httproutes grpcroutes tlsroutes tcproutes udproutes",
    "networking.istio.io": "destinationrules envoyfilters gateways sidecars virtualservices",
    "security.istio.io": "authorizationpolicies peerauthentications requestauthentications",
    "networking.gke.io": """
        managedcertificates frontendconfigs serviceattachments healthcheckpolicies gcpbackendpolicies gcpgatewaypolicies
        multiclusteringresses multiclusterservices
        """,
    "net.gke.io": "serviceexports serviceimports",
    "cloud.google.com": "backendconfigs computeclasses",
    "policy": "poddisruptionbudgets",
    "scheduling.k8s.io": "priorityclasses",
    "storage.k8s.io": "storageclasses",
    "rbac.authorization.k8s.io": "roles clusterroles rolebindings clusterrolebindings",
    "admissionregistration.k8s.io": "mutatingwebhookconfigurations validatingwebhookconfigurations",
    "apiregistration.k8s.io": "apiservices",
    "apiextensions.k8s.io": "customresourcedefinitions",
    "monitoring.googleapis.com": "podmonitorings",
    "monitoring.coreos.com": "podmonitors servicemonitors",
    "argoproj.io": "cronworkflows rollouts",
    "apps.openshift.io": "deploymentconfigs",
    "route.openshift.io": "routes",
    "apps.kruise.io": "clonesets",
    "jobset.x-k8s.io": "jobsets",
    "external-secrets.io": "externalsecrets secretstores clustersecretstores",
    "secrets-store.csi.x-k8s.io": "secretproviderclasses",
    "traefik.io": "ingressroutes",
    "projectcontour.io": "httpproxies",
    "getambassador.io": "mappings",
    "apisix.apache.org": "apisixroutes",
    "configuration.konghq.com": "kongclusterplugins",
    "k8s.nginx.org": "virtualservers",
    "zalando.org": "routegroups",
    "gateway.solo.io": "routetables",
    "gateway.kyma-project.io": "apirules",
    SERVING_GROUP: "services configurations revisions",
}


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """``group`` is empty for the core API."""

    group: str
    plural: str

    def __str__(self) -> str:
        """As kubectl takes it: ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


RESOURCES: Final = tuple(
    sorted(Resource(group, plural) for group, plurals in _PLURALS.items() for plural in plurals.split())
)
