"""Fields that go along: where each stands on Cloud Run. ``Workload.`` is every kind of workload, ``*.`` every kind.

Source: facts of the v1 API (serving.knative.dev/v1 as ``gcloud run services replace`` reads it).
"""

from __future__ import annotations

from collections.abc import Mapping

from k2cr_analysis.platforms.cloud_run.annotations import INGRESS, SESSION_AFFINITY
from k2cr_analysis.platforms.cloud_run.scaling import DEFAULT_TARGET

_PROBE_FIELDS = (
    "httpGet.path",
    "httpGet.port",
    "httpGet.httpHeaders",
    "tcpSocket.port",
    "grpc.port",
    "grpc.service",
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "failureThreshold",
)

CARRIED: Mapping[str, str] = {
    "Container.image": "containers[].image",
    "Container.name": "containers[].name",
    "Container.command": "containers[].command",
    "Container.args": "containers[].args",
    "Container.workingDir": "containers[].workingDir",
    "Container.env[].name": "containers[].env[].name",
    "Container.env[].value": "containers[].env[].value",
    "Container.env[].valueFrom.secretKeyRef": "containers[].env[].valueFrom.secretKeyRef (Secret Manager)",
    "Container.env[].valueFrom.configMapKeyRef": "containers[].env[].value, the ConfigMap's value",
    "Container.envFrom[].configMapRef": "containers[].env, one entry a key",
    "Container.envFrom[].secretRef": "containers[].env[].valueFrom.secretKeyRef, one entry a key",
    "Container.envFrom[].prefix": "containers[].env[].name",
    "Container.ports[].containerPort": "containers[].ports[0].containerPort of the ingress container",
    "Container.ports[].name": "containers[].ports[0].name: http1 or h2c",
    "Container.resources.limits": "containers[].resources.limits, by the recommended size",
    "Container.resources.requests": "containers[].resources.limits, by the recommended size",
    "PodSpec.resources.limits": "containers[].resources.limits, shared among containers that ask for nothing",
    "PodSpec.resources.requests": "containers[].resources.limits, shared among containers that ask for nothing",
    "Container.volumeMounts[].name": "containers[].volumeMounts[].name",
    "Container.volumeMounts[].mountPath": "containers[].volumeMounts[].mountPath",
    "Container.volumeMounts[].subPath": "containers[].volumeMounts[].subPath",
    "Container.imagePullPolicy": "containers[].imagePullPolicy",
    "Container.terminationMessagePath": "containers[].terminationMessagePath",
    "Container.terminationMessagePolicy": "containers[].terminationMessagePolicy",
    **{f"Container.startupProbe.{f}": "containers[].startupProbe" for f in _PROBE_FIELDS},
    **{
        f"Container.readinessProbe.{f}": "containers[].readinessProbe of a service"
        for f in (*_PROBE_FIELDS, "successThreshold")
        if not f.startswith("tcpSocket") and f != "initialDelaySeconds"
    },
    **{
        f"Container.livenessProbe.{f}": "containers[].livenessProbe"
        for f in _PROBE_FIELDS
        if not f.startswith("tcpSocket")
    },
    "PodSpec.serviceAccountName": "serviceAccountName: the Google service account that it is bound to",
    "PodSpec.serviceAccount": "serviceAccountName: the Google service account that it is bound to",
    "PodSpec.volumes[].name": "volumes[].name",
    "PodSpec.volumes[].emptyDir.medium": "volumes[].emptyDir.medium",
    "PodSpec.volumes[].emptyDir.sizeLimit": "volumes[].emptyDir.sizeLimit",
    "PodSpec.volumes[].secret.secretName": "volumes[].secret.secretName",
    "PodSpec.volumes[].secret.items": "volumes[].secret.items",
    "PodSpec.volumes[].secret.defaultMode": "volumes[].secret.defaultMode",
    "PodSpec.volumes[].nfs.server": "volumes[].nfs.server",
    "PodSpec.volumes[].nfs.path": "volumes[].nfs.path",
    "PodSpec.volumes[].nfs.readOnly": "volumes[].nfs.readOnly",
    "PodTemplateSpec.metadata.labels": "metadata.labels",
    "Workload.metadata.name": "metadata.name",
    "Workload.metadata.generateName": "metadata.name",
    "Workload.metadata.namespace": "part of metadata.name where two names clash",
    "Workload.metadata.labels": "metadata.labels",
    "Workload.spec.replicas": "minScale and maxScale, or manualInstanceCount of a worker pool",
    "JobSpec.parallelism": "spec.template.spec.parallelism of the job",
    "JobSpec.completions": "spec.template.spec.taskCount of the job",
    "JobSpec.backoffLimit": "maxRetries of the job's tasks",
    "JobSpec.activeDeadlineSeconds": "timeoutSeconds of the job's tasks",
    "CronJob.spec.schedule": "the schedule of a Cloud Scheduler job",
    "CronJob.spec.timeZone": "the time zone of a Cloud Scheduler job",
    "KnativeService.spec.traffic": "spec.traffic",
    "KnativeService.spec.template.spec.containerConcurrency": "spec.template.spec.containerConcurrency",
    "KnativeService.spec.template.spec.timeoutSeconds": "spec.template.spec.timeoutSeconds",
    "Service.metadata.name": "the URL of the service, and the DNS name that callers keep",
    "Service.spec.ports[].targetPort": "containers[].ports[0].containerPort of the ingress container",
    "Service.spec.type": INGRESS,
    "Service.spec.sessionAffinity": SESSION_AFFINITY,
    "Ingress.spec.rules": "URL map of the load balancer (network.sh)",
    "Ingress.spec.defaultBackend": "URL map of the load balancer (network.sh)",
    "Ingress.spec.backend": "URL map of the load balancer (network.sh)",
    "Ingress.spec.tls": "certificate of the load balancer (network.sh)",
    "Ingress.spec.ingressClassName": "scheme of the load balancer: external or internal",
    "Route.spec": "URL map of the load balancer (network.sh)",
    "HTTPRoute.spec.hostnames": "URL map of the load balancer (network.sh)",
    "HTTPRoute.spec.rules": "URL map of the load balancer (network.sh)",
    "HTTPRoute.spec.parentRefs": "load balancer (network.sh)",
    "GRPCRoute.spec.hostnames": "URL map of the load balancer (network.sh)",
    "GRPCRoute.spec.rules": "URL map of the load balancer (network.sh)",
    "GRPCRoute.spec.parentRefs": "load balancer (network.sh)",
    "Gateway.spec": "load balancer (network.sh)",
    "MultiClusterIngress.spec": "URL map of the load balancer (network.sh)",
    "MultiClusterService.spec.template.spec.ports": "containers[].ports[0].containerPort of the ingress container",
    "VirtualService.spec": "URL map of the load balancer (network.sh)",
    "HorizontalPodAutoscaler.spec.minReplicas": "minScale",
    "HorizontalPodAutoscaler.spec.maxReplicas": "maxScale",
    "HorizontalPodAutoscaler.spec.targetCPUUtilizationPercentage": f"the CPU target, {DEFAULT_TARGET * 100:.0f} %",
    "ServiceAccount.metadata.name": "serviceAccountName",
    "ServiceAccount.metadata.annotations": "serviceAccountName: iam.gke.io/gcp-service-account",
    "BackendConfig.spec.iap": "IAP on the backend service (network.sh)",
    "BackendConfig.spec.securityPolicy": "Cloud Armor policy of the backend service (network.sh)",
    "BackendConfig.spec.cdn": "Cloud CDN of the backend service (network.sh)",
    "BackendConfig.spec.customRequestHeaders": "custom request headers of the backend service (network.sh)",
    "BackendConfig.spec.customResponseHeaders": "custom response headers of the backend service (network.sh)",
    "BackendConfig.spec.logging": "logging of the backend service (network.sh)",
    "BackendConfig.spec.timeoutSec": "timeoutSeconds",
    "BackendConfig.spec.sessionAffinity": SESSION_AFFINITY,
    "GCPBackendPolicy.spec.default.iap": "IAP on the backend service (network.sh)",
    "GCPBackendPolicy.spec.default.securityPolicy": "Cloud Armor policy of the backend service (network.sh)",
    "GCPBackendPolicy.spec.default.timeoutSec": "timeoutSeconds",
    "GCPBackendPolicy.spec.default.logging": "logging of the backend service (network.sh)",
    "GCPBackendPolicy.spec.default.sessionAffinity": SESSION_AFFINITY,
    "FrontendConfig.spec": "HTTP redirect and SSL policy of the load balancer (network.sh)",
    "ManagedCertificate.spec": "certificate of the load balancer (network.sh)",
}
