"""Derives ``data/schemas/kubernetes.json``: the fields and types of the kinds that k2cr reads, and no more.

    git clone https://github.com/kubernetes-sigs/gateway-api
    git clone https://github.com/GoogleCloudPlatform/gke-gateway-api
    git clone https://github.com/GoogleCloudPlatform/gke-managed-certs
    python scripts/derive_kubernetes_schema.py --repositories FOLDER [--check]

Kubernetes' own kinds come from the models of the ``kubernetes`` client; Gateway API and GKE kinds from the custom
resource definitions of the releases named in ``CRDS``. What neither holds is written in ``BY_HAND``, with its source.

A field's type is ``string``, ``int``, ``number``, ``bool``, ``quantity``, ``int-or-string``, ``bytes``, ``any``, the
name of a type, or one of these as list ``[T]`` or map ``{T}``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import types
import typing
from importlib.metadata import version
from pathlib import Path

import kubernetes.client.models as models
import yaml
from pydantic import BaseModel

OUT = Path(__file__).resolve().parent.parent / "data" / "schemas" / "kubernetes.json"

# group -> kinds, each with the model of its stable version.
KINDS = {
    "": "Pod Service ReplicationController ServiceAccount ConfigMap Secret PersistentVolumeClaim PersistentVolume Node "
    "Namespace LimitRange ResourceQuota PodTemplate",
    "apps": "Deployment StatefulSet DaemonSet ReplicaSet",
    "batch": "Job CronJob",
    "networking.k8s.io": "Ingress IngressClass NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role ClusterRole RoleBinding ClusterRoleBinding",
    "storage.k8s.io": "StorageClass",
    "scheduling.k8s.io": "PriorityClass",
    "discovery.k8s.io": "EndpointSlice",
    "apiregistration.k8s.io": "APIService",
    "admissionregistration.k8s.io": "ValidatingWebhookConfiguration MutatingWebhookConfiguration",
}
MODELS = {
    "autoscaling/HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler",
    "autoscaling/v1/HorizontalPodAutoscaler": "V1HorizontalPodAutoscaler",
}
# The group in which these kinds stood before; their fields are the same.
FORMER_GROUPS = {"extensions": "apps/Deployment apps/DaemonSet apps/ReplicaSet networking.k8s.io/NetworkPolicy"}

# The client writes quantities as strings. Source: kubernetes/api, core/v1/types.go and autoscaling/v2/types.go.
QUANTITIES = {
    "ResourceRequirements": "limits requests",
    "VolumeResourceRequirements": "limits requests",
    "PodSpec": "overhead",
    "EmptyDirVolumeSource": "sizeLimit",
    "ResourceFieldSelector": "divisor",
    "MetricTarget": "value averageValue",
    "NodeStatus": "capacity allocatable",
    "PersistentVolumeSpec": "capacity",
    "LimitRangeItem": "max min default defaultRequest maxLimitRequestRatio",
    "ResourceQuotaSpec": "hard",
}
# The API server fills in these or ignores them on write; k2cr reads the status of nodes alone.
ANY = {"ObjectMeta.managedFields"}
STATUS_READ = {"Node"}

CRDS = {
    "gateway-api": (
        "v1.6.1",
        "config/crd/standard/gateway.networking.k8s.io_gateways.yaml",
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
        "config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml",
        "config/crd/standard/gateway.networking.k8s.io_referencegrants.yaml",
    ),
    "gke-gateway-api": (
        "v1.4.0",
        "config/crd/networking.gke.io_gcpbackendpolicies.yaml",
        "config/crd/networking.gke.io_gcpgatewaypolicies.yaml",
        "config/crd/networking.gke.io_healthcheckpolicies.yaml",
    ),
    "gke-managed-certs": ("v1.2.9", "deploy/managedcertificates-crd.yaml"),
}

_OBJECT = {"apiVersion": "string", "kind": "string", "metadata": "ObjectMeta"}
BY_HAND = {
    "kubernetes/ingress-gce v1.41.1, pkg/apis/backendconfig/v1/types.go": {
        "cloud.google.com/BackendConfig": {**_OBJECT, "spec": "BackendConfigSpec", "status": "any"},
        "BackendConfigSpec": {
            "iap": "IAPConfig",
            "cdn": "CDNConfig",
            "securityPolicy": "SecurityPolicyConfig",
            "timeoutSec": "int",
            "connectionDraining": "ConnectionDrainingConfig",
            "sessionAffinity": "BackendConfigSessionAffinity",
            "customRequestHeaders": "CustomHeadersConfig",
            "customResponseHeaders": "CustomHeadersConfig",
            "healthCheck": "HealthCheckConfig",
            "logging": "LogConfig",
        },
        "IAPConfig": {"enabled": "bool", "oauthclientCredentials": "OAuthClientCredentials"},
        "OAuthClientCredentials": {"secretName": "string", "clientID": "string", "clientSecret": "string"},
        "CDNConfig": {
            "enabled": "bool",
            "bypassCacheOnRequestHeaders": "[BypassCacheOnRequestHeader]",
            "cachePolicy": "CacheKeyPolicy",
            "cacheMode": "string",
            "clientTtl": "int",
            "defaultTtl": "int",
            "maxTtl": "int",
            "negativeCaching": "bool",
            "negativeCachingPolicy": "[NegativeCachingPolicy]",
            "requestCoalescing": "bool",
            "serveWhileStale": "int",
            "signedUrlCacheMaxAgeSec": "int",
            "signedUrlKeys": "[SignedUrlKey]",
        },
        "BypassCacheOnRequestHeader": {"headerName": "string"},
        "NegativeCachingPolicy": {"code": "int", "ttl": "int"},
        "CacheKeyPolicy": {
            "includeHost": "bool",
            "includeProtocol": "bool",
            "includeQueryString": "bool",
            "queryStringBlacklist": "[string]",
            "queryStringWhitelist": "[string]",
        },
        "SignedUrlKey": {"keyName": "string", "keyValue": "string", "secretName": "string"},
        "SecurityPolicyConfig": {"name": "string"},
        "ConnectionDrainingConfig": {"drainingTimeoutSec": "int"},
        "BackendConfigSessionAffinity": {"affinityType": "string", "affinityCookieTtlSec": "int"},
        "CustomHeadersConfig": {"headers": "[string]"},
        "HealthCheckConfig": {
            "checkIntervalSec": "int",
            "timeoutSec": "int",
            "healthyThreshold": "int",
            "unhealthyThreshold": "int",
            "type": "string",
            "port": "int",
            "requestPath": "string",
        },
        "LogConfig": {"enable": "bool", "sampleRate": "number"},
    },
    "kubernetes/ingress-gce v1.41.1, pkg/apis/frontendconfig/v1beta1/types.go": {
        "networking.gke.io/FrontendConfig": {**_OBJECT, "spec": "FrontendConfigSpec", "status": "any"},
        "FrontendConfigSpec": {"sslPolicy": "string", "redirectToHttps": "HttpsRedirectConfig"},
        "HttpsRedirectConfig": {"enabled": "bool", "responseCodeName": "string"},
    },
    "knative/serving, docs/serving-api.md (serving.knative.dev/v1)": {
        "serving.knative.dev/Service": {**_OBJECT, "spec": "KnativeServiceSpec", "status": "any"},
        "KnativeServiceSpec": {"template": "RevisionTemplateSpec", "traffic": "[TrafficTarget]"},
        "RevisionTemplateSpec": {"metadata": "ObjectMeta", "spec": "RevisionSpec"},
        "RevisionSpec": {
            "<inline>": "PodSpec",
            "containerConcurrency": "int",
            "timeoutSeconds": "int",
            "responseStartTimeoutSeconds": "int",
            "idleTimeoutSeconds": "int",
        },
        "TrafficTarget": {
            "configurationName": "string",
            "latestRevision": "bool",
            "percent": "int",
            "revisionName": "string",
            "tag": "string",
            "url": "string",
        },
    },
    "Kubernetes v1.21, extensions/v1beta1 and networking.k8s.io/v1beta1 Ingress": {
        "extensions/Ingress": {**_OBJECT, "spec": "OldIngressSpec", "status": "any"},
        "networking.k8s.io/v1beta1/Ingress": {**_OBJECT, "spec": "OldIngressSpec", "status": "any"},
        "OldIngressSpec": {
            "ingressClassName": "string",
            "backend": "OldIngressBackend",
            "tls": "[IngressTLS]",
            "rules": "[OldIngressRule]",
        },
        "OldIngressRule": {"host": "string", "http": "OldHTTPIngressRuleValue"},
        "OldHTTPIngressRuleValue": {"paths": "[OldHTTPIngressPath]"},
        "OldHTTPIngressPath": {"path": "string", "pathType": "string", "backend": "OldIngressBackend"},
        "OldIngressBackend": {
            "serviceName": "string",
            "servicePort": "int-or-string",
            "resource": "TypedLocalObjectReference",
        },
    },
    "Kubernetes v1.24, autoscaling/v2beta1": {
        "autoscaling/v2beta1/HorizontalPodAutoscaler": {
            **_OBJECT,
            "spec": "OldHorizontalPodAutoscalerSpec",
            "status": "any",
        },
        "OldHorizontalPodAutoscalerSpec": {
            "scaleTargetRef": "CrossVersionObjectReference",
            "minReplicas": "int",
            "maxReplicas": "int",
            "metrics": "[OldMetricSpec]",
        },
        "OldMetricSpec": {
            "type": "string",
            "resource": "OldResourceMetric",
            "containerResource": "OldResourceMetric",
            "pods": "OldCustomMetric",
            "object": "OldCustomMetric",
            "external": "OldCustomMetric",
        },
        "OldResourceMetric": {
            "name": "string",
            "container": "string",
            "targetAverageUtilization": "int",
            "targetAverageValue": "quantity",
        },
        "OldCustomMetric": {
            "metricName": "string",
            "metricSelector": "LabelSelector",
            "selector": "LabelSelector",
            "target": "CrossVersionObjectReference",
            "targetValue": "quantity",
            "targetAverageValue": "quantity",
            "averageValue": "quantity",
        },
    },
}


class Derivation:
    """Collects kinds and types as they are met."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.types: dict[str, dict[str, str]] = {}

    def add_model(self, key: str, model: type[BaseModel]) -> None:
        self.kinds[key] = self.model(model)

    def model(self, model: type[BaseModel]) -> str:
        name = type_name(model)
        if name in self.types:
            return name
        self.types[name] = fields = {}
        quantities = QUANTITIES.get(name, "").split()
        is_object = {"api_version", "kind", "metadata"} <= set(model.model_fields)
        for attribute, info in model.model_fields.items():
            field = info.serialization_alias or attribute
            if f"{name}.{field}" in ANY or (field == "status" and is_object and name not in STATUS_READ):
                fields[field] = "any"
            else:
                fields[field] = self.annotation(info.annotation)
            if field in quantities:
                fields[field] = fields[field].replace("string", "quantity")
        return name

    def annotation(self, annotation: object) -> str:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            return self.annotation(arguments[0])
        if origin in (typing.Union, types.UnionType):
            given = sorted({self.annotation(a) for a in arguments if a is not type(None)})
            return UNIONS.get(tuple(given)) or only(given)
        if origin is list:
            return f"[{self.annotation(arguments[0])}]"
        if origin is dict:
            return "{" + self.annotation(arguments[1]) + "}"
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.model(annotation)
        return SCALARS.get(annotation, "any")

    def add_crd(self, text: str) -> None:
        crd = yaml.safe_load(text)["spec"]
        stored = next(v for v in crd["versions"] if v["storage"])
        kind = crd["names"]["kind"]
        properties = {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            **stored["schema"]["openAPIV3Schema"]["properties"],
        }
        self.types[kind] = fields = {}
        for field, schema in properties.items():
            fields[field] = "any" if field == "status" else self.schema(schema, f"{kind}.{field}")
        fields["metadata"] = "ObjectMeta"
        self.kinds[f"{crd['group']}/{kind}"] = kind

    def schema(self, schema: dict, name: str) -> str:
        if schema.get("x-kubernetes-int-or-string"):
            return "int-or-string"
        kind, values = schema.get("type"), schema.get("additionalProperties")
        if kind == "array":
            return f"[{self.schema(schema['items'], name)}]"
        if kind == "object" and "properties" in schema:
            self.types[name] = {f: self.schema(s, f"{name}.{f}") for f, s in schema["properties"].items()}
            return name
        if kind == "object" and isinstance(values, dict):
            return "{" + self.schema(values, name) + "}"
        return {"integer": "int", "boolean": "bool", "string": "string", "number": "number"}.get(kind, "any")

    def add_by_hand(self, table: dict[str, dict[str, str]]) -> None:
        for name, fields in table.items():
            if "/" in name:
                # Kinds share type names ("Service"), so that a kind written by hand carries its group.
                self.kinds[name] = name
            self.types[name] = fields


SCALARS = {
    str: "string", int: "int", float: "number", bool: "bool", datetime.datetime: "string", bytes: "bytes",
    bytearray: "bytes",
}  # fmt: skip


UNIONS = {("int", "string"): "int-or-string", ("bytes", "string"): "bytes"}


def only(given: list[str]) -> str:
    if len(given) != 1:
        raise SystemExit(f"a union that this script does not know: {given}")
    return given[0]


# Names that two groups share keep the group ("ApiregistrationV1ServiceReference").
PREFIXES = ("CoreV1", "RbacV1", "DiscoveryV1", "StorageV1", "V1alpha3", "V1", "V2")


def type_name(model: type[BaseModel]) -> str:
    """The Kubernetes name; HorizontalPodAutoscaler v1 keeps its version, as it has other fields than v2."""
    name = model.__name__
    for prefix in PREFIXES:
        if name.startswith(prefix):
            bare = name.removeprefix(prefix)
            return f"{bare}V1" if name.startswith("V1HorizontalPodAutoscaler") else bare
    return name


def derive(repositories: Path) -> dict:
    derivation = Derivation()
    sources = {"kubernetes": f"kubernetes client {version('kubernetes')} (Kubernetes {release()})"}
    for group, names in KINDS.items():
        for kind in names.split():
            derivation.add_model(f"{group}/{kind}", getattr(models, f"V1{kind}"))
    for key, name in MODELS.items():
        derivation.add_model(key, getattr(models, name))
    for former, keys in FORMER_GROUPS.items():
        for key in keys.split():
            derivation.kinds[f"{former}/{key.split('/')[1]}"] = derivation.kinds[key]
    for repository, (tag, *files) in CRDS.items():
        sources[repository] = tag
        for file in files:
            derivation.add_crd(show(repositories / repository, tag, file))
    for source, table in BY_HAND.items():
        sources[next(iter(table))] = f"by hand from {source}"
        derivation.add_by_hand(table)
    return {"sources": sources, "kinds": derivation.kinds, "types": derivation.types}


def release() -> str:
    import inspect

    head = inspect.getsource(sys.modules[models.V1Pod.__module__])
    return next(line.split(":")[1].strip() for line in head.splitlines() if "OpenAPI document" in line)


def show(repository: Path, tag: str, file: str) -> str:
    command = ["git", "-C", str(repository), "show", f"{tag}:{file}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=Path, required=True, help="folder with the clones named above")
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    arguments = parser.parse_args()
    text = json.dumps(derive(arguments.repositories), indent=1, sort_keys=True) + "\n"
    if not arguments.check:
        OUT.write_text(text)
    elif OUT.read_text() != text:
        sys.exit(f"{OUT} is not what this script derives")


if __name__ == "__main__":
    main()
