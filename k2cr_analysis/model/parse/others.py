"""Objects that hold or make workloads and are not assessed: each is told, with what it holds and how to see what runs.

By kind where it is known, else by its form: whatever holds a container somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from k2cr_analysis.listing import first_of
from k2cr_analysis.model.cluster import OtherObject
from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings, text
from k2cr_analysis.model.parse.index import group_of, kind_of, name_of, namespace_of
from k2cr_analysis.model.parse.pod.templates import KNATIVE_KINDS, WORKLOAD_KINDS, containers_in, is_workload
from k2cr_analysis.platforms.cloud_run.annotations import RUN_GROUP, SERVING_GROUP

_LIVE = "collect the live cluster (`k2cr collect --context NAME`), where the pods that it makes are seen"
# Group (or a group's beginning before ``*``) and kind, or ``*`` -> what it holds, how to get what runs.
_KNOWN: Mapping[tuple[str, str], tuple[str, str]] = {
    ("helm.toolkit.fluxcd.io", "HelmRelease"): (
        "a Helm chart, installed by Flux",
        "`helm template NAME CHART --values FILE | k2cr collect --manifests - --out SNAP`, or " + _LIVE,
    ),
    ("helm.fluxcd.io", "HelmRelease"): (
        "a Helm chart, installed by Flux",
        "`helm template NAME CHART --values FILE | k2cr collect --manifests - --out SNAP`, or " + _LIVE,
    ),
    ("helm.cattle.io", "HelmChart"): (
        "a Helm chart, installed by k3s",
        "`helm template NAME CHART --values FILE | k2cr collect --manifests - --out SNAP`, or " + _LIVE,
    ),
    ("argoproj.io", "Application"): (
        "manifests of another place, applied by Argo CD",
        "`argocd app manifests NAME | k2cr collect --manifests - --out SNAP`, or " + _LIVE,
    ),
    ("argoproj.io", "ApplicationSet"): (
        "a template of Argo CD applications",
        "`argocd app manifests NAME | k2cr collect --manifests - --out SNAP` for each, or " + _LIVE,
    ),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): (
        "a kustomization of another place, applied by Flux",
        "`flux build kustomization NAME --path DIR | k2cr collect --manifests - --out SNAP`, or " + _LIVE,
    ),
    ("configsync.gke.io", "*"): ("manifests of another place, applied by Config Sync", _LIVE),
    ("configmanagement.gke.io", "*"): ("manifests of another place, applied by Config Sync", _LIVE),
    ("argoproj.io", "CronWorkflow"): (
        "a workflow that runs by the clock",
        "each step is a Cloud Run job; Workflows puts them in order, Cloud Scheduler starts it",
    ),
    ("argoproj.io", "Workflow"): ("a workflow", "each step is a Cloud Run job; Workflows puts them in order"),
    ("argoproj.io", "WorkflowTemplate"): ("a workflow", "each step is a Cloud Run job; Workflows puts them in order"),
    ("argoproj.io", "ClusterWorkflowTemplate"): (
        "a workflow", "each step is a Cloud Run job; Workflows puts them in order",
    ),
    ("argoproj.io", "Sensor"): ("what events start", "Eventarc starts a Cloud Run service or a workflow"),
    ("tekton.dev", "*"): ("steps of a pipeline", "Cloud Build runs such steps; a Task alone can be a Cloud Run job"),
    ("serving.knative.dev", "Route"): ("traffic shares of Knative revisions", "`--to-revisions` of Cloud Run"),
    ("serving.knative.dev", "DomainMapping"): ("a host of a Knative Service", "a load balancer or a domain mapping"),
    ("eventing.knative.dev", "*"): ("routing of events", "Eventarc brings events to a Cloud Run service"),
    ("sources.knative.dev", "*"): ("a source of events", "Eventarc or Cloud Scheduler brings them to a service"),
    ("messaging.knative.dev", "*"): ("a channel of events", "Pub/Sub and Eventarc bring them to a service"),
    ("sparkoperator.k8s.io", "*"): ("a Spark application", "Serverless for Apache Spark (Dataproc) runs it"),
    ("jobset.x-k8s.io", "JobSet"): (
        "several jobs that belong together", "each replicated job is a Cloud Run job; Workflows starts them together",
    ),
    ("argoproj.io", "Rollout"): ("the steps of a rollout; its pods are those of the Deployment that it names",
                                 "assess the Deployment; shares of traffic are those of Cloud Run's revisions"),
    **dict.fromkeys((("postgresql.cnpg.io", "*"), ("acid.zalan.do", "*"), ("postgres-operator.crunchydata.com", "*")),
                    ("a PostgreSQL cluster, run by an operator", "Cloud SQL or AlloyDB; or it stays, and " + _LIVE)),
    **dict.fromkeys((("kafka.strimzi.io", "*"), ("platform.confluent.io", "*")),
                    ("Kafka, run by an operator", "Managed Service for Apache Kafka; or it stays, and " + _LIVE)),
    **dict.fromkeys((("databases.spotahome.com", "*"), ("redis.redis.opstreelabs.in", "*"), ("cache.tongdun.net", "*")),
                    ("Redis, run by an operator", "Memorystore; or it stays, and " + _LIVE)),
    ("rabbitmq.com", "RabbitmqCluster"): ("RabbitMQ, run by an operator", "Pub/Sub; or it stays, and " + _LIVE),
    **dict.fromkeys((("elasticsearch.k8s.elastic.co", "*"), ("kibana.k8s.elastic.co", "*"),
                     ("opensearch.opster.io", "*")),
                    ("a search cluster, run by an operator", "a managed one; or it stays, and " + _LIVE)),
    **dict.fromkeys((("mongodbcommunity.mongodb.com", "*"), ("psmdb.percona.com", "*"), ("mongodb.com", "*")),
                    ("MongoDB, run by an operator", "a managed one; or it stays, and " + _LIVE)),
    **dict.fromkeys((("moco.cybozu.com", "*"), ("pxc.percona.com", "*"), ("mysql.oracle.com", "*"),
                     ("mariadb.mmontes.io", "*"), ("k8s.mariadb.com", "*")),
                    ("MySQL, run by an operator", "Cloud SQL; or it stays, and " + _LIVE)),
    **dict.fromkeys((("monitoring.coreos.com", "Prometheus"), ("monitoring.coreos.com", "Alertmanager"),
                     ("monitoring.coreos.com", "ThanosRuler")),
                    ("a monitoring server, run by the Prometheus operator",
                     "Managed Service for Prometheus; or it stays, and " + _LIVE)),
    ("opentelemetry.io", "OpenTelemetryCollector"): ("a collector, run by an operator", _LIVE),
    ("ray.io", "*"): ("a Ray cluster, run by an operator", "it stays, and " + _LIVE),
    ("kubeflow.org", "*"): ("a training job, run by an operator", "it stays, or Vertex AI runs it; " + _LIVE),
    ("serving.kserve.io", "*"): ("a model server, run by KServe", "Vertex AI, or a service with a GPU; " + _LIVE),
    ("machinelearning.seldon.io", "*"): ("a model server, run by Seldon", "Vertex AI, or a service; " + _LIVE),
    **dict.fromkeys((("core.oam.dev", "Application"), ("carto.run", "Workload"), ("kappctrl.k14s.io", "App")),
                    ("an application that a platform's controller makes workloads of", _LIVE)),
    **dict.fromkeys((("run.cnrm.cloud.google.com", "RunService"), ("run.cnrm.cloud.google.com", "RunJob")),
                    ("something on Cloud Run, made by Config Connector", "nothing to move: it runs there already")),
    **dict.fromkeys((("openfaas.com", "Function"), ("fission.io", "Function"), ("functions.nuclio.io", "*"),
                     ("nuclio.io", "NuclioFunction"), ("camel.apache.org", "Integration")),
                    ("a function, run by an operator", "a Cloud Run function or service; " + _LIVE)),
    **dict.fromkeys((("flink.apache.org", "*"), ("numaflow.numaproj.io", "*")),
                    ("a streaming pipeline, run by an operator", "Dataflow; or it stays, and " + _LIVE)),
    **dict.fromkeys((("keycloak.org", "*"), ("k8s.keycloak.org", "*"), ("grafana.integreatly.org", "Grafana"),
                     ("jaegertracing.io", "Jaeger"), ("nats.io", "*"), ("dragonflydb.io", "*"),
                     ("scylla.scylladb.com", "*"), ("k8ssandra.io", "*"), ("clickhouse.altinity.com", "*"),
                     ("redis.opstreelabs.in", "*")),
                    ("a server, run by an operator", "it stays, or a managed one; " + _LIVE)),
    ("minio.min.io", "Tenant"): ("object storage, run by an operator", "Cloud Storage; or it stays"),
}  # fmt: skip
# Of these groups, what has no pods of its own is not worth a line: users, topics, backups.
_PODLESS = frozenset({
    "KafkaTopic", "KafkaUser", "KafkaRebalance", "Database", "Pooler", "ScheduledBackup", "Backup", "ImageCatalog",
    "ClusterImageCatalog", "OperatorConfiguration", "User", "Grant", "AppProject", "AnalysisTemplate", "EventBus",
    "ServingRuntime", "ClusterServingRuntime", "TrainedModel", "InferenceGraph", "KeycloakRealmImport", "Stream",
    "Consumer", "ClusterAnalysisTemplate", "Experiment", "AnalysisRun", "TaskRun", "PipelineRun", "TriggerBinding",
})  # fmt: skip


def other_objects(found: Iterable[tuple[Raw, bool]]) -> tuple[OtherObject, ...]:
    """``found``: each object, and whether a workload in the input owns it. In the order of their ids."""
    listed = {o.id: o for raw, owned in found if not owned for o in _other(raw)}
    return tuple(listed[name] for name in sorted(listed))


def runs_on_cloud_run(raw: Raw) -> bool:
    """Whether a manifest is of Cloud Run itself: only there do these annotations, labels and groups mean something."""
    if group_of(raw) == RUN_GROUP:
        return True
    if group_of(raw) != SERVING_GROUP:
        return False
    metadata, template = mapping(raw, "metadata"), mapping(raw, "spec", "template", "metadata")
    keys = [k for m in (metadata, template) for k in (*strings(m.get("annotations")), *strings(m.get("labels")))]
    return any(k.startswith(f"{RUN_GROUP}/") or k == "cloud.googleapis.com/location" for k in keys)


def _other(raw: Raw) -> Iterator[OtherObject]:
    kind, group = kind_of(raw), group_of(raw)
    plain = str(raw.get("kind") or "")
    identity = f"{namespace_of(raw)}/{plain}/{name_of(raw)}"
    if runs_on_cloud_run(raw):
        if kind in KNATIVE_KINDS or any(containers_in(raw)):
            yield OtherObject(
                identity,
                plain,
                f"a Cloud Run {plain.lower()}: {_images(raw)}",
                "nothing to move: it runs on Cloud Run already",
            )
        return
    if is_workload(raw, kind) or (kind in WORKLOAD_KINDS and kind not in ("JobSet", "Rollout")):
        return
    known = _KNOWN.get((group, plain)) or (_KNOWN.get((group, "*")) if plain not in _PODLESS else None)
    if known:
        yield OtherObject(identity, plain, f"{known[0]}{_details(raw)}", known[1])
    elif any(containers_in(raw)) and not _is_of_kubernetes(group, plain):
        how = f"k2cr does not know {plain} of {group or 'the core group'}: {_LIVE}, or make a Deployment or a Job of it"
        yield OtherObject(identity, plain, f"containers: {_images(raw)}", how)


def _is_of_kubernetes(group: str, kind: str) -> bool:
    """Kinds that hold templates for others to use, or the definition of such."""
    return kind in ("PodTemplate", "ControllerRevision", "CustomResourceDefinition", "ConfigMap", "Secret") or (
        group in ("admissionregistration.k8s.io", "apiextensions.k8s.io", "kyverno.io", "templates.gatekeeper.sh")
    )


def _details(raw: Raw) -> str:
    """The chart, the place or the images that an object names."""
    spec = mapping(raw, "spec")
    chart = text(mapping(spec, "chart", "spec"), "chart") or text(spec, "chart") or text(mapping(spec, "chart"), "name")
    source = mapping(spec, "source") or next((s for _, s in objects(spec, "sources")), {})
    place = text(source, "path") or text(source, "chart") or text(spec, "path")
    repository = text(source, "repoURL") or text(mapping(spec, "sourceRef"), "name") or text(spec, "repo")
    said = chart or " of ".join(p for p in (place, repository) if p) or _images(raw)
    return f": {said}" if said else ""


def _images(raw: Raw) -> str:
    images = list(dict.fromkeys(str(c["image"]) for c in containers_in(raw)))
    return first_of(images, 3)
