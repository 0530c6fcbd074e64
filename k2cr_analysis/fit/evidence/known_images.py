"""What an image's name tells: servers of raw protocols, parts of a cluster's own machinery, sidecars of known kinds.

A name is evidence only for what it names. Matching is on whole path components of the repository, never on parts of
words, and never on the registry or the tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal, TypeVar

from k2cr_analysis.platforms.images import parse_image

_T = TypeVar("_T")
SidecarKind = Literal[
    "mesh", "cloud-sql-proxy", "auth-proxy", "front-proxy", "telemetry", "log-shipper", "secrets-agent",
    "connection-pool", "config-reloader",
    "metrics-exporter", "gcs-fuse",
]  # fmt: skip


# Sources: ports are those of each project's own documentation, and of the image's page on Docker Hub (official images:
# github.com/docker-library/docs); names are those of the images that the projects publish and that their manifests and
# Helm charts use. Ports by number alone are IANA's, "Service Name and Transport Protocol Port Number Registry".
# A name that is missing costs a question, never a wrong answer: nothing here is taken for granted of other images.

# Image name -> (port, protocol) of servers that speak neither HTTP nor gRPC to their clients.
RAW_SERVERS: Mapping[str, tuple[int, str]] = {
    **dict.fromkeys(
        (
            "redis", "redis-stack", "redis-stack-server", "redis-server", "redis-slave", "redis-master",
            "redis-cluster", "valkey", "keydb", "dragonfly", "redis-follower", "gb-redis-follower", "redis-sentinel",
        ),
        (6379, "Redis"),
    ),
    **dict.fromkeys(
        (
            "postgres", "postgresql", "postgis", "timescaledb", "timescaledb-ha", "pgvector", "postgresql-repmgr",
            "pgbouncer", "pgpool", "alloydb", "alloydbomni",
        ),
        (5432, "PostgreSQL"),
    ),
    **dict.fromkeys(
        (
            "mysql", "mysql-server", "mariadb", "mariadb-galera", "percona", "percona-server",
            "percona-xtradb-cluster", "mysql-community-server", "proxysql", "mysql-galera",
        ),
        (3306, "MySQL"),
    ),
    **dict.fromkeys(("mongo", "mongodb", "mongodb-community-server", "mongodb-sharded"), (27017, "MongoDB")),
    **dict.fromkeys(("rabbitmq", "activemq", "activemq-artemis", "artemis", "activemq-classic"), (5672, "AMQP")),
    **dict.fromkeys(("kafka", "cp-kafka", "cp-server", "kafka-native", "redpanda"), (9092, "Kafka")),
    **dict.fromkeys(("zookeeper", "cp-zookeeper"), (2181, "ZooKeeper")),
    **dict.fromkeys(("cassandra", "scylla", "dse-server"), (9042, "CQL")),
    **dict.fromkeys(("memcached", "memcache"), (11211, "memcached")),
    **dict.fromkeys(("nats", "nats-streaming"), (4222, "NATS")),
    **dict.fromkeys(("mosquitto", "eclipse-mosquitto", "emqx", "vernemq", "hivemq4"), (1883, "MQTT")),
    **dict.fromkeys(("openldap", "slapd"), (389, "LDAP")),
    **dict.fromkeys(("cockroach",), (26257, "PostgreSQL")),
    **dict.fromkeys(("rethinkdb",), (28015, "RethinkDB")),
    **dict.fromkeys(("hazelcast",), (5701, "Hazelcast")),
    **dict.fromkeys(("aerospike", "aerospike-server"), (3000, "Aerospike")),
    **dict.fromkeys(("etcd",), (2379, "etcd with a member identity of its own")),
    **dict.fromkeys(("beanstalkd",), (11300, "beanstalkd")),
    **dict.fromkeys(("gearmand",), (4730, "Gearman")),
    **dict.fromkeys(("sftp", "openssh-server"), (22, "SSH")),
    **dict.fromkeys(("volume-nfs", "nfs-server", "nfs-server-alpine"), (2049, "NFS")),
    **dict.fromkeys(("postfix", "smtp", "exim"), (25, "SMTP")),
    **dict.fromkeys(("storm-nimbus",), (6627, "Thrift")),
}  # fmt: skip

# Image name -> the ports that its own documentation says it serves HTTP on.
WEB_SERVERS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("nginx", "nginx-unprivileged", "httpd", "caddy", "traefik", "haproxy"), (80, 443, 8080, 8443)),
    **dict.fromkeys(("tomcat", "wildfly", "jetty", "keycloak", "jenkins", "airflow", "superset"), (8080, 8088)),
    **dict.fromkeys(("base-notebook", "minimal-notebook", "scipy-notebook", "tensorflow-notebook",
                     "pytorch-notebook", "datascience-notebook", "pyspark-notebook"), (8888,)),
    **dict.fromkeys(("vllm-openai", "nim-llm", "llm-nim"), (8000,)),
    **dict.fromkeys(("minio", "bitnami-minio"), (9000, 9001)),
    **dict.fromkeys(("elasticsearch", "opensearch"), (9200,)),
    **dict.fromkeys(("kibana", "opensearch-dashboards"), (5601,)),
    "n8n": (5678,), "ollama": (11434,), "text-generation-inference": (80,), "open-webui": (8080,), "mlflow": (5000,),
    "grafana": (3000,), "prometheus": (9090,), "alertmanager": (9093,), "influxdb": (8086,), "couchdb": (5984,),
    "sonarqube": (9000,), "nexus3": (8081,), "gitea": (3000,), "metabase": (3000,), "wordpress": (80,),
    "ghost": (2368,), "nextcloud": (80,), "phpmyadmin": (80,), "adminer": (8080,), "node-red": (1880,),
    "vault": (8200,), "consul": (8500,), "solr": (8983,), "neo4j": (7474,), "rabbitmq": (15672,), "nats": (8222,),
    "zipkin": (9411,), "zipkin-slim": (9411,), "kong": (8000, 8443), "phpredisadmin": (80,), "swagger-ui": (8080,),
    "hello-app": (8080,), "whoami": (80,), "http-echo": (5678,), "echoserver": (8080,), "registry": (5000,),
}  # fmt: skip

# Ports that by convention (IANA) carry a protocol which is neither HTTP nor gRPC.
RAW_PORTS: Mapping[int, str] = {
    21: "FTP", 22: "SSH", 25: "SMTP", 53: "DNS", 110: "POP3", 111: "rpcbind", 143: "IMAP", 389: "LDAP", 465: "SMTP",
    514: "syslog", 587: "SMTP", 636: "LDAP",
    993: "IMAP", 995: "POP3", 1433: "SQL Server", 1521: "Oracle", 1883: "MQTT", 1935: "RTMP", 2049: "NFS",
    2181: "ZooKeeper", 3306: "MySQL",
    3389: "RDP", 4222: "NATS", 5060: "SIP", 5432: "PostgreSQL", 5671: "AMQP", 5672: "AMQP", 5900: "VNC",
    6379: "Redis", 6667: "IRC", 7077: "Spark",
    7687: "Bolt", 8883: "MQTT", 9042: "CQL", 9092: "Kafka", 9300: "Elasticsearch transport", 11211: "memcached",
    26257: "PostgreSQL",
    26379: "Redis Sentinel", 27017: "MongoDB", 28015: "RethinkDB", 33060: "MySQL X", 61613: "STOMP",
    61616: "OpenWire",
}  # fmt: skip

# Words of a name (of an image, a container, a Service or a port) that say with a well-known port what is served there.
SERVER_WORDS = frozenset({
    *RAW_SERVERS, "db", "database", "databases", "sql", "cache", "broker", "mq", "queue", "sentinel", "spark", "gitlab",
    "gitea", "bastion", "ssh", "sftp", "ftp", "mail", "smtp", "ldap", "dns", "redisslave", "redismaster",
    "elasticsearch", "neo4j", "hdfs", "namenode",
})  # fmt: skip

# Repository patterns (whole path, or name alone) of what serves the cluster itself, and what it is: controllers, agents
# of nodes and add-ons, by the names in their projects' own install manifests. Never a prefix of a registry.
CLUSTER_MACHINERY: tuple[tuple[str, str], ...] = (
    ("*ingress-nginx/controller*", "ingress controller"), ("*/nginx-ingress", "ingress controller"),
    ("*/nginx-ingress-controller*", "ingress controller"),
    ("*/kubernetes-ingress-controller", "ingress controller"), ("library/traefik", "ingress controller"),
    ("*/traefik", "ingress controller"),
    ("*/contour", "ingress controller"), ("*/haproxy-ingress", "ingress controller"),
    ("haproxytech/kubernetes-ingress", "ingress controller"),
    ("*/emissary", "ingress controller"), ("*/ambassador", "ingress controller"), ("envoyproxy/gateway*", "gateway"),
    ("*/kube-webhook-certgen", "ingress controller's webhook"),
    ("*/kong-gateway", "gateway"), ("*/apisix", "gateway"), ("*/aws-load-balancer-controller", "ingress controller"),
    ("*/glbc", "ingress controller"),
    ("istio/pilot*", "service mesh"), ("*/istiod", "service mesh"), ("*/ztunnel", "service mesh"),
    ("*/kiali", "service mesh"),
    ("*linkerd/controller", "service mesh"), ("*linkerd/policy-controller", "service mesh"),
    ("*linkerd/proxy-injector", "service mesh"),
    ("*/consul-k8s*", "service mesh"), ("daprio/dapr", "sidecar injector"),
    ("*/cert-manager-*", "cert-manager"), ("*/trust-manager", "cert-manager"), ("*/metrics-server*", "metrics-server"),
    ("*/external-dns", "external-dns"), ("*/cluster-autoscaler*", "cluster autoscaler"),
    ("*/karpenter*", "cluster autoscaler"),
    ("*/cluster-proportional-autoscaler*", "cluster autoscaler"), ("*/addon-resizer*", "cluster autoscaler"),
    ("*/vpa-*", "pod autoscaler"), ("*/keda", "pod autoscaler"), ("*/keda-metrics-*", "pod autoscaler"),
    ("*/keda-admission-*", "pod autoscaler"),
    ("*/http-add-on-*", "pod autoscaler"),
    ("*/kube-state-metrics*", "cluster metrics"), ("*/prometheus-adapter*", "metrics adapter"),
    ("*/k8s-prometheus-adapter*", "metrics adapter"),
    ("*/custom-metrics-stackdriver-adapter*", "metrics adapter"), ("*/node-exporter", "node agent"),
    ("*/node-problem-detector*", "node agent"),
    ("*/cadvisor", "node agent"), ("*/event-exporter*", "cluster events"),
    ("*/kubernetes-event-exporter", "cluster events"), ("*/kube-eventer", "cluster events"),
    ("*/coredns", "cluster DNS"), ("*/k8s-dns-*", "cluster DNS"), ("*/kubedns*", "cluster DNS"),
    ("*/kube-proxy*", "control plane"), ("*/kube-apiserver*", "control plane"),
    ("*/kube-controller-manager*", "control plane"), ("*/kube-scheduler*", "control plane"),
    ("*/hyperkube*", "control plane"),
    ("calico/node*", "network plugin"), ("calico/kube-controllers", "network plugin"),
    ("calico/typha", "network plugin"),
    ("calico/cni", "network plugin"), ("calico/apiserver", "network plugin"), ("calico/csi", "network plugin"),
    ("*/cilium*", "network plugin"), ("*/hubble-*", "network plugin"),
    ("*/flannel*", "network plugin"), ("*/antrea*", "network plugin"),
    ("metallb/controller", "load balancer controller"), ("metallb/speaker", "load balancer controller"),
    ("*/konnectivity-*", "control plane"),
    ("*/kas-network-proxy/proxy-agent*", "control plane"),
    ("*/csi-provisioner", "storage driver"), ("*/csi-attacher", "storage driver"),
    ("*/csi-snapshotter", "storage driver"), ("*/csi-resizer", "storage driver"),
    ("*/csi-node-driver-registrar", "storage driver"), ("*/*-csi-driver*", "storage driver"),
    ("*/snapshot-controller", "storage driver"), ("*/local-path-provisioner", "storage driver"),
    ("*/nfs-subdir-external-provisioner", "storage driver"), ("longhornio/longhorn*", "storage driver"),
    ("longhornio/csi-*", "storage driver"),
    ("rook/ceph", "storage driver"),
    ("openpolicyagent/gatekeeper*", "policy engine"), ("*/kyverno*", "policy engine"),
    ("*/sealed-secrets-controller", "secrets controller"), ("*/external-secrets", "secrets controller"),
    ("stakater/reloader", "cluster controller"), ("*/descheduler", "cluster controller"),
    ("*/velero", "cluster backup"), ("emberstack/kubernetes-reflector", "cluster controller"),
    ("*/argocd", "GitOps controller"), ("*/argocd-applicationset", "GitOps controller"),
    ("*/argocd-image-updater", "GitOps controller"), ("argoproj/workflow-controller", "controller of workflows"),
    ("argoproj/argocli", "controller of workflows"), ("argoproj/argo-rollouts", "rollout controller"),
    ("argoproj/argo-events", "controller of events"), ("fluxcd/*-controller", "GitOps controller"),
    ("fluxcd/flux", "GitOps controller"), ("*/flagger", "rollout controller"),
    ("*tekton-releases/*/cmd/*controller*", "controller of pipelines"),
    ("*tekton-releases/*/cmd/webhook*", "controller of pipelines"),
    ("*tekton-releases/*/cmd/*events*", "controller of pipelines"),
    ("*tekton-releases/*/cmd/resolvers*", "controller of pipelines"),
    ("*/gke-autoneg-controller*", "load balancer controller"), ("datadog/cluster-agent", "cluster metrics"),
    ("datadoghq/cluster-agent", "cluster metrics"),
    ("*/spark-operator*", "operator"),
    ("*/kubernetes-dashboard*", "cluster dashboard"), ("kubernetesui/dashboard*", "cluster dashboard"),
    ("kubernetesui/metrics-scraper", "cluster dashboard"),
    ("*/headlamp", "cluster dashboard"), ("*/k8s-device-plugin", "device plugin"),
    ("*/nvidia-gpu-device-plugin*", "device plugin"), ("*/gpu-feature-discovery", "device plugin"),
    ("*/nvidia-driver-installer", "device plugin"), ("*/lws", "cluster controller"),
    ("*/jobset", "cluster controller"), ("*/kueue", "cluster controller"),
    ("*/tiller", "release controller"), ("*-operator", "operator"), ("*/operator", "operator"),
    ("*-controller-manager", "controller of custom resources"),
)  # fmt: skip

# What an injector, or a project's documentation for pods, puts beside an application: Istio, Linkerd, Consul and Dapr
# (injected containers), Cloud SQL and AlloyDB ("Connect from GKE"), oauth2-proxy,
# Envoy, OpenTelemetry, Fluent Bit, Vault.
_SIDECARS: tuple[tuple[str, SidecarKind], ...] = (
    ("*/proxyv2*", "mesh"), ("*/linkerd*/proxy", "mesh"), ("linkerd/proxy", "mesh"), ("linkerd-io/proxy", "mesh"),
    ("*/consul-dataplane", "mesh"), ("*/kuma-dp", "mesh"), ("*/daprd", "mesh"),
    ("*/cloud-sql-proxy", "cloud-sql-proxy"), ("*/gce-proxy", "cloud-sql-proxy"),
    ("*/alloydb-auth-proxy", "cloud-sql-proxy"), ("*/pgadapter", "cloud-sql-proxy"),
    ("*/oauth2-proxy*", "auth-proxy"), ("*/kube-rbac-proxy", "auth-proxy"), ("*/vouch-proxy", "auth-proxy"),
    ("*/pomerium", "auth-proxy"), ("*/louketo-proxy", "auth-proxy"),
    ("*/endpoints-runtime", "front-proxy"), ("*/envoy", "front-proxy"), ("*/envoy-*", "front-proxy"),
    ("*/nginx", "front-proxy"), ("*/nginx-unprivileged", "front-proxy"),
    ("*/haproxy", "front-proxy"), ("*/caddy", "front-proxy"),
    ("*/opentelemetry-collector*", "telemetry"), ("*/otelcol*", "telemetry"), ("*/aws-otel-collector", "telemetry"),
    ("*/jaeger-agent", "telemetry"), ("*/statsd-exporter", "telemetry"),
    ("datadog/agent", "telemetry"), ("*/agent-datadog", "telemetry"), ("*/prometheus-to-sd", "telemetry"),
    ("*/run-gmp-sidecar", "telemetry"), ("*/ops-agent", "telemetry"), ("*/telegraf", "telemetry"),
    ("*/fluent-bit", "log-shipper"), ("*/fluentd*", "log-shipper"), ("*/fluent-bit-*", "log-shipper"),
    ("*/promtail", "log-shipper"), ("*/filebeat", "log-shipper"), ("*/vector", "log-shipper"),
    ("*/logstash", "log-shipper"),
    ("*/vault", "secrets-agent"), ("*/vault-agent", "secrets-agent"), ("*/secrets-store-csi*", "secrets-agent"),
    ("*/berglas", "secrets-agent"),
    ("*/pgbouncer", "connection-pool"), ("*/pgpool", "connection-pool"), ("*/proxysql", "connection-pool"),
    ("*/twemproxy", "connection-pool"), ("*/mcrouter", "connection-pool"),
    ("*/git-sync", "config-reloader"), ("*/k8s-sidecar", "config-reloader"), ("*/configmap-reload", "config-reloader"),
    ("*/prometheus-config-reloader", "config-reloader"),
    ("*/*-exporter", "metrics-exporter"), ("*/*_exporter", "metrics-exporter"),
    ("*/gcs-fuse-csi-driver-sidecar-mounter", "gcs-fuse"),
)  # fmt: skip
# Applications that do work of their own while nobody calls them, by their makers' documentation, and what it is.
_SELF_WORKING: tuple[tuple[str, str], ...] = (
    ("*/n8n", "schedules, polling triggers and queued executions of workflows"),
    ("*/node-red", "timers and subscriptions of flows"), ("*/node-red-docker", "timers and subscriptions of flows"),
    ("*/kestra", "schedules of flows"), ("*/activepieces", "schedules of flows"), ("*/huginn", "agents on a schedule"),
    ("*/windmill", "workers and schedules"), ("*/grouparoo", "background tasks"),
    ("*/uptime-kuma", "checks by the clock"), ("*/changedetection.io", "checks by the clock"),
    ("*/healthchecks", "alerts by the clock"), ("*/fleetdm/fleet", "cron jobs of its own"),
    ("*/pdp-v2", "updates of policies and data"), ("*/opal-client", "updates of policies and data"),
    ("*/opal-server", "updates of policies and data"), ("*/metabase", "syncs of databases and scheduled reports"),
    ("*/prometheus", "scraping"), ("*/stackdriver-prometheus", "scraping"), ("*/victoria-metrics", "scraping"),
    ("*/jenkins", "builds and their triggers"), ("*/sonarqube", "analyses of uploaded reports"),
    ("*/home-assistant", "automations"), ("*/dagster-daemon", "schedules and sensors"),
    ("*/rundeck", "scheduled jobs"), ("*/spinnaker/echo", "schedules and triggers"),
    ("*/loadgen", "a load to send"), ("*/loadgenerator", "a load to send"), ("*/load-generator", "a load to send"),
    ("*/loadgen-*", "a load to send"), ("*-loadgen", "a load to send"), ("*-loadgenerator", "a load to send"),
    ("*-load-generator", "a load to send"),
)  # fmt: skip
# Servers that keep all in memory, or in a file beside them, until a variable names another store, by their makers'
# documentation.
_IN_MEMORY: tuple[tuple[str, tuple[str, str]], ...] = (
    ("*/grafana", ("GF_DATABASE_TYPE", "users and dashboards")),
    ("*/grafana-oss", ("GF_DATABASE_TYPE", "users and dashboards")),
    ("*/grafana-enterprise", ("GF_DATABASE_TYPE", "users and dashboards")),
    ("*/vaultwarden/server", ("DATABASE_URL", "its vault")), ("*/n8n", ("DB_TYPE", "workflows")),
    ("*/ghost", ("database__client", "posts")), ("*/metabase", ("MB_DB_TYPE", "questions and dashboards")),
    ("*/gitea", ("GITEA__database__DB_TYPE", "accounts")), ("*/keycloak", ("KC_DB", "realms and users")),
    ("*/sonarqube", ("SONAR_JDBC_URL", "projects")), ("*/drone", ("DRONE_DATABASE_DRIVER", "builds")),
    ("*/woodpecker-server", ("WOODPECKER_DATABASE_DRIVER", "builds")), ("*/uptime-kuma", ("", "monitors")),
    ("*/jenkins", ("", "jobs and their history")), ("*/jenkins/jenkins", ("", "jobs and their history")),
    ("*/prometheus", ("", "metrics")), ("*/victoria-metrics", ("", "metrics")),
    ("*/grafana/loki", ("", "logs, unless its configuration names a bucket,")),
    ("*/grafana/tempo", ("", "traces, unless its configuration names a bucket,")),
    ("*/node-red", ("", "flows")), ("*/mailhog", ("MH_STORAGE", "messages")),
    ("*/mailpit", ("MP_DATABASE", "messages")),
    ("*/zipkin", ("STORAGE_TYPE", "spans")), ("*/zipkin-slim", ("STORAGE_TYPE", "spans")),
    ("*/jaegertracing/all-in-one", ("SPAN_STORAGE_TYPE", "traces")), ("*/jaeger", ("SPAN_STORAGE_TYPE", "traces")),
    ("*/eureka*", ("", "its registry")), ("*/*-eureka", ("", "its registry")),
    ("*/*eureka-server", ("", "its registry")),
)  # fmt: skip
# Images and commands of applications whose pages hold a WebSocket open. As a whole word of a command.
_SOCKET_IMAGES: tuple[tuple[str, str], ...] = tuple((f"*/{name}", name.strip("-*")) for name in (
    "streamlit", "*-streamlit", "streamlit-*", "shiny", "*-shiny", "shiny-*", "rocker/shiny*",
    "code-server", "openvscode-server", "ttyd", "wetty",
    "guacamole", "novnc", "soketi", "centrifugo", "excalidraw-room", "open-webui", "rstudio", "jupyterhub",
))  # fmt: skip
_SOCKET_COMMANDS = re.compile(
    r"\b(?:streamlit run|shiny run|code-server|ttyd|soketi|centrifugo|chainlit run|(?:bokeh|panel) serve|solara run)\b"
    r"|\b\w*websocket\w*\b",
    re.IGNORECASE,
)
_SIDECAR_NAMES: Mapping[str, SidecarKind] = {
    "istio-proxy": "mesh", "linkerd-proxy": "mesh", "daprd": "mesh", "cloud-sql-proxy": "cloud-sql-proxy",
    "cloudsql-proxy": "cloud-sql-proxy", "oauth2-proxy": "auth-proxy",
    "vault-agent": "secrets-agent", "fluent-bit": "log-shipper", "otel-collector": "telemetry",
    "datadog-agent": "telemetry", "gke-gcsfuse-sidecar": "gcs-fuse",
}  # fmt: skip


# Words in an image's name that make of a server's name the name of something beside it.
_NOT_THE_SERVER = frozenset({
    "exporter", "client", "cli", "operator", "ui", "admin", "proxy", "commander", "backup", "init", "web", "adapter",
    "connect", "rest", "manager", "express", "insight", "controller", "console", "dashboard", "api", "job", "migrate",
})  # fmt: skip


FAST_CGI = (9000, "FastCGI")  # of php-fpm, by the official images' tags: php:8-fpm, wordpress:fpm


def raw_server(image: str | None) -> tuple[int, str] | None:
    """(default port, protocol) of an image that is known to serve a raw protocol."""
    if not image:
        return None
    parsed = parse_image(image)
    words = set(re.split(r"[-_.]", f"{parsed.name}-{parsed.tag or ''}".lower()))
    # An image with a web server beside php-fpm says so: php-fpm-nginx.
    of_php = "fpm" in words and not words & {"nginx", "apache", "caddy", "exporter", "web"}
    return RAW_SERVERS.get(parsed.name) or (FAST_CGI if of_php else None)


def serves_http_on(image: str | None, port: int) -> bool:
    """Whether an image is known to serve HTTP on a port."""
    return bool(image) and port in WEB_SERVERS.get(parse_image(str(image)).name, ())


def raw_server_on(image: str | None, port: int) -> str | None:
    """The raw protocol that an image serves on a port, where its name and the port agree: ``shop-postgres`` on 5432."""
    if not image:
        return None
    known = raw_server(image)
    if known and port == known[0]:
        return known[1]
    words = re.split(r"[-_.]", parse_image(image).name.lower())
    if _NOT_THE_SERVER & set(words):
        return None
    servers = (RAW_SERVERS[w] for w in words if w in RAW_SERVERS)
    return next((protocol for default, protocol in servers if default == port), None)


@cache
def cluster_machinery(image: str | None) -> str | None:
    """What part of a cluster's machinery an image is; None for an application's."""
    return _first(image, CLUSTER_MACHINERY) if image else None


@cache
def sidecar_kind(name: str, image: str | None) -> SidecarKind | None:
    """The known kind of a sidecar, by its image, else by the name that its injector gives it."""
    found = _first(image, _SIDECARS) if image else None
    return found or _SIDECAR_NAMES.get(name)


def works_by_itself(image: str | None) -> str | None:
    """What an application does while nobody calls it, by its image."""
    return _first(image, _SELF_WORKING) if image else None


def keeps_in_memory(image: str | None, variables: Iterable[str]) -> str | None:
    """What a server keeps in memory alone, by its image, where no variable names another store."""
    found = _first(image, _IN_MEMORY) if image else None
    if found is None or found[0] in set(variables):
        return None
    return f"{image} keeps {found[1]} in memory or in a file of its own"


# Applications that are there to take uploads (images, packages, files), by their makers' documentation.
_TAKES_UPLOADS: tuple[tuple[str, str], ...] = tuple((f"*/{name}", what) for name, what in (
    ("registry", "layers of images"), ("zot*", "layers of images"), ("harbor-core", "layers of images"),
    ("nexus3", "packages"), ("artifactory-*", "packages"), ("verdaccio", "packages"), ("chartmuseum", "charts"),
    ("pypiserver", "packages"), ("minio", "objects"), ("nextcloud", "files"), ("owncloud", "files"),
    ("ocis", "files"), ("filebrowser", "files"), ("seafile*", "files"), ("immich-server", "photos and videos"),
    ("photoprism", "photos and videos"), ("paperless-ngx", "documents"), ("gitea", "pushes of repositories"),
    ("forgejo", "pushes of repositories"), ("gitlab-ce", "pushes of repositories"),
    ("gitlab-ee", "pushes of repositories"), ("gogs", "pushes of repositories"), ("mlflow", "artifacts of runs"),
    ("mattermost-*", "attachments"), ("label-studio", "data sets"),
))  # fmt: skip


def takes_uploads(image: str | None) -> str | None:
    """What an application is there to be sent in large bodies, by its image."""
    return _first(image, _TAKES_UPLOADS) if image else None


def holds_sockets(image: str | None, words: str) -> str | None:
    """The application whose pages hold WebSockets open: by its image, else by the command's words."""
    found = _SOCKET_COMMANDS.search(words)
    return (_first(image, _SOCKET_IMAGES) if image else None) or (found.group() if found else None)


def _first(image: str, table: tuple[tuple[str, _T], ...]) -> _T | None:
    path = "/" + parse_image(image).path
    return next(
        (value for pattern, value in table if fnmatchcase(path, pattern if pattern.startswith("*") else f"/{pattern}")),
        None,
    )
