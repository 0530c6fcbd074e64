"""Sidecars of known kinds, and those that something injects: what to drop, to keep, to replace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.evidence.containers import is_of_mesh
from k2cr_analysis.fit.evidence.known_images import SidecarKind
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.pod.cloud_sql import sql_proxies
from k2cr_analysis.platforms.cloud_run.volumes import CLOUD_SQL_FOLDER
from k2cr_analysis.platforms.gke.labels import ISTIO_INJECT

_SIDECARS = "https://docs.cloud.google.com/run/docs/deploying#sidecars"
_SQL = "https://docs.cloud.google.com/sql/docs/postgres/connect-run"


def _of_kind(candidate: Candidate, *kinds: SidecarKind) -> Iterator[tuple[str, str, str]]:
    """(container, image, path) of the sidecars of these kinds, beside an application."""
    for container in candidate.pod.running:
        if candidate.cast.kinds.get(container.name) in kinds and container.name != candidate.ingress.container:
            yield container.name, str(container.image), f"{container.path}.image"


@rule(
    id="mesh-sidecar",
    severity="note",
    reads=(
        "Container.image",
        "PodTemplateSpec.metadata.annotations",
        "PodTemplateSpec.metadata.labels",
        "Namespace.metadata.labels",
    ),
    docs="https://docs.cloud.google.com/service-mesh/docs/configure-cloud-service-mesh-for-cloud-run",
)
def mesh_sidecar(candidate: Candidate) -> Iterator[Found]:
    """A service mesh puts its proxy beside the application.

    Why: Cloud Run has TLS, retries and identity of its own. The mesh's proxy, its mutual TLS and its policies do not go
    along.
    Remedy: Nothing to decide for the proxy: it is left out. Replace AuthorizationPolicies by IAM (`roles/run.invoker`),
    and let what stays in a mesh with strict mutual TLS accept callers from outside it.
    Example: annotations: {sidecar.istio.io/inject: "true"}
    """
    for name, image, at in _of_kind(candidate, "mesh"):
        if candidate.workload.container(name) not in candidate.moving:
            yield Found(at, f"container {name} ({image}) is a mesh's proxy; on Cloud Run it is left out")
    for container in candidate.pod.init_containers:
        if is_of_mesh(container):
            yield Found(
                container.path,
                f"init container {container.name} prepares the mesh's network; on Cloud Run it is left out",
            )
    wanted = ((ISTIO_INJECT, "true"), ("linkerd.io/inject", "enabled"), ("istio-injection", "enabled"))
    for field, values in (("annotations", candidate.pod.annotations), ("labels", candidate.pod.labels)):
        for key, value in wanted:
            if values.get(key) == value:
                yield Found(
                    bracketed(f"{candidate.metadata_path()}.{field}", key),
                    f"a mesh injects its proxy ({key}); on Cloud Run there is none",
                )
                return
    off = (
        candidate.pod.annotations.get(ISTIO_INJECT) == "false"
        or candidate.pod.labels.get(ISTIO_INJECT) == "false"
        or candidate.pod.annotations.get("linkerd.io/inject") == "disabled"
    )
    place = candidate.index.injected.get(candidate.workload.namespace)
    if place and not off:
        yield Found(
            place,
            f"a mesh injects its proxy into the namespace {candidate.workload.namespace}; on Cloud Run there is none",
        )


_INJECTORS: Mapping[str, tuple[str, str]] = {
    "dapr.io/enabled": (
        "Dapr's sidecar",
        "Put `daprd` beside the application as a container of its own, with its components as files; or call the "
        "state store, the broker and the other services directly.",
    ),
    "vault.hashicorp.com/agent-inject": (
        "Vault's agent",
        "Refer to Secret Manager under `env[].valueFrom.secretKeyRef` or `volumes[].secret`, or let the "
        "application sign in to Vault with its Google identity.",
    ),
    "sidecar.opentelemetry.io/inject": (
        "an OpenTelemetry collector",
        "Put the collector beside the application as a container of its own, or send to Google Cloud's OTLP endpoint.",
    ),
    "consul.hashicorp.com/connect-inject": (
        "Consul's proxy",
        "Call the other services by their URLs, with IAM; take the annotation out.",
    ),
    "admission.datadoghq.com/agent-sidecar-injection": (
        "Datadog's agent",
        "Put Datadog's serverless agent beside the application as a container of its own.",
    ),
}
_INJECTED_CODE = "instrumentation.opentelemetry.io/inject-"


@rule(
    id="injected-sidecar",
    severity="change",
    reads=("PodTemplateSpec.metadata.annotations", "PodTemplateSpec.metadata.labels"),
    docs=_SIDECARS,
)
def injected_sidecar(candidate: Candidate) -> Iterator[Found]:
    """Something in the cluster injects a container that the application needs.

    Why: On Cloud Run nothing injects containers. What the injected one did (state, secrets, telemetry) is missing.
    Remedy: Write the sidecar into `containers` yourself, or let the application do without it; then take the annotation
    out.
    Example: annotations: {dapr.io/enabled: "true", dapr.io/app-port: "3000"}
    """
    for field, values in (("annotations", candidate.pod.annotations), ("labels", candidate.pod.labels)):
        for key, value in values.items():
            known = _INJECTORS.get(key)
            at = bracketed(f"{candidate.metadata_path()}.{field}", key)
            if known and value.lower() not in ("false", "disabled", "no"):
                yield Found(at, f"{known[0]} is injected ({key}); on Cloud Run nothing is", known[1])
            elif key.startswith(_INJECTED_CODE) and value.lower() != "false":
                yield Found(
                    at,
                    f"OpenTelemetry's agent is injected ({key}); on Cloud Run nothing is",
                    "Put the agent into the image, with `OTEL_EXPORTER_OTLP_ENDPOINT` in `env`; take the "
                    "annotation out.",
                )


@rule(id="database-proxy-sidecar", severity="note", reads=("Container.image",), docs=_SQL)
def database_proxy_sidecar(candidate: Candidate) -> Iterator[Found]:
    """A Cloud SQL or AlloyDB proxy runs beside the application.

    Why: Cloud Run connects to Cloud SQL itself, over the same sockets under /cloudsql, as the service's own account.
    It has no port, no private address and no sign-in to the database by IAM; a proxy that gives these runs as a
    sidecar.
    Remedy: Nothing to decide: where the sockets are the same, the proxy is left out with its socket folder and its key
    file, and `run.googleapis.com/cloudsql-instances` names the instances; else it goes along as a sidecar, and the
    application waits for it. The service account needs the role roles/cloudsql.client, which `prepare.sh` gives it.
    Example: image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2
    """
    known = {p.container.name: p for p in sql_proxies(candidate.pod)}
    for name, image, at in _of_kind(candidate, "cloud-sql-proxy"):
        proxy = known.get(name)
        if proxy is not None and proxy.kept_why is None:
            said = (
                f"Cloud Run's built-in connection to {', '.join(proxy.instances)} (cloudsql-instances) makes the same "
                f"sockets in {CLOUD_SQL_FOLDER}: it is left out, and no key file is needed"
            )
        elif proxy is not None:
            said = f"it goes along as a sidecar: {proxy.kept_why}"
        else:
            said = "it goes along as a sidecar"
        yield Found(at, f"container {name} ({image}) connects to the database; {said}")


@rule(
    id="log-shipper-sidecar",
    severity="note",
    reads=("Container.image",),
    docs="https://docs.cloud.google.com/run/docs/logging",
)
def log_shipper_sidecar(candidate: Candidate) -> Iterator[Found]:
    """A log shipper runs beside the application.

    Why: Cloud Run sends what containers write to stdout and stderr, and to files under /var/log, to Cloud Logging.
    Remedy: Let the application write to stdout and take the container out of `spec.containers`, with the volume that
    they share; keep it only if logs go elsewhere. Beside a service it needs CPU between requests, so the service is
    billed by instance while it is there.
    Example: containers: [{name: fluent-bit, image: fluent/fluent-bit:3}]
    """
    for name, image, at in _of_kind(candidate, "log-shipper"):
        yield Found(at, f"container {name} ({image}) ships logs; Cloud Run collects stdout and stderr itself")


@rule(
    id="telemetry-sidecar",
    severity="note",
    reads=("Container.image",),
    docs="https://docs.cloud.google.com/run/docs/tutorials/custom-metrics-opentelemetry-sidecar",
)
def telemetry_sidecar(candidate: Candidate) -> Iterator[Found]:
    """A collector of metrics or traces, or an exporter, runs beside the application.

    Why: It goes along as a sidecar. Under request-based billing it has CPU only while a request runs, and nobody
    scrapes an instance from outside.
    Remedy: Let it push what it collects (the Managed Service for Prometheus has a sidecar for Cloud Run), and choose
    instance-based billing if it must work between requests.
    Example: containers: [{name: otel-collector, image: otel/opentelemetry-collector-contrib}]
    """
    for name, image, at in _of_kind(candidate, "telemetry", "metrics-exporter"):
        yield Found(
            at,
            f"container {name} ({image}) collects telemetry; on Cloud Run it has CPU while requests run, and "
            "nobody scrapes it from outside",
        )


@rule(
    id="secrets-agent-sidecar",
    severity="change",
    reads=("Container.image",),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/secrets",
)
def secrets_agent_sidecar(candidate: Candidate) -> Iterator[Found]:
    """An agent that fetches secrets runs beside the application.

    Why: It signs in with the pod's Kubernetes token, which Cloud Run does not have.
    Remedy: Refer to Secret Manager (`env[].valueFrom.secretKeyRef`, `volumes[].secret`), or let the agent sign in with
    the service account's Google identity (Vault: auth method `gcp`).
    Example: containers: [{name: vault-agent, image: hashicorp/vault}]
    """
    for name, image, at in _of_kind(candidate, "secrets-agent"):
        yield Found(at, f"container {name} ({image}) fetches secrets with the pod's token; Cloud Run has none")


@rule(id="config-reloader-sidecar", severity="change", reads=("Container.image",), docs=_SIDECARS)
def config_reloader_sidecar(candidate: Candidate) -> Iterator[Found]:
    """A sidecar watches for new configuration and tells the application.

    Why: On Cloud Run configuration belongs to a revision: a change is a new revision. What watches ConfigMaps has
    nothing to watch.
    Remedy: Take the container out of `spec.containers`, and deploy to change the configuration.
    Example: containers: [{name: config-reloader, image: jimmidyson/configmap-reload}]
    """
    for name, image, at in _of_kind(candidate, "config-reloader"):
        yield Found(at, f"container {name} ({image}) brings new configuration; on Cloud Run a change is a new revision")


@rule(
    id="authenticating-proxy",
    severity="note",
    reads=("Container.image",),
    docs="https://docs.cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run",
)
def authenticating_proxy(candidate: Candidate) -> Iterator[Found]:
    """A proxy that signs users in stands before the application.

    Why: It goes along as it is. IAP on Cloud Run could do the same without a container, for users of one's own
    organization.
    Remedy: Nothing to decide. If IAP is to replace it, set `iap` under `[project]` in k2cr.toml and take the container
    out.
    Example: containers: [{name: oauth2-proxy, image: quay.io/oauth2-proxy/oauth2-proxy}]
    """
    for container in candidate.pod.running:
        if candidate.cast.kinds.get(container.name) == "auth-proxy":
            yield Found(
                f"{container.path}.image",
                f"container {container.name} ({container.image}) signs callers in; IAP could do it",
            )


@rule(
    id="connection-pool-sidecar",
    severity="note",
    reads=("Container.image",),
    docs="https://docs.cloud.google.com/sql/docs/postgres/manage-connections",
)
def connection_pool_sidecar(candidate: Candidate) -> Iterator[Found]:
    """A connection pool runs beside the application.

    Why: It goes along as a sidecar, one pool an instance: with many instances the database sees many pools.
    Remedy: Nothing to decide. Set max instances so that instances x pool size stays within the database's connections,
    or use Cloud SQL's managed pooling.
    Example: containers: [{name: pgbouncer, image: bitnami/pgbouncer}]
    """
    for name, image, at in _of_kind(candidate, "connection-pool"):
        yield Found(at, f"container {name} ({image}) pools connections; on Cloud Run there is one pool an instance")
