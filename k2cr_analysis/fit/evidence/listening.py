"""Which container of a pod listens on which port: what it declares, what its values say, its image's own default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from k2cr_analysis.fit.evidence.known_images import raw_server
from k2cr_analysis.fit.evidence.protocols import known_ports
from k2cr_analysis.model.addresses.find import listening_ports
from k2cr_analysis.model.workload import Container, Workload
from k2cr_analysis.platforms.images import parse_image

# Word of an image's name -> the ports that its server listens on where nothing else is said, by the project's own
# documentation (TCP alone: nobody waits for a server that is called by UDP).
_BY_DEFAULT: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("opentelemetry-collector", (4317, 4318)), ("otelcol", (4317, 4318)), ("otel-collector", (4317, 4318)),
    ("jaeger-agent", (5778,)), ("jaeger", (4317, 4318, 14268, 16686)), ("zipkin", (9411,)),
    ("cloud-sql-proxy", (5432, 3306, 1433)), ("alloydb-auth-proxy", (5432,)), ("pgadapter", (5432,)),
    ("pgbouncer", (6432, 5432)), ("pgpool", (9999, 5432)), ("proxysql", (6033,)), ("mcrouter", (5000,)),
    ("twemproxy", (22121,)), ("oauth2-proxy", (4180,)), ("daprd", (3500, 50001)), ("opa", (8181,)),
    ("vault", (8200,)), ("datadog-agent", (8126,)), ("agent-datadog", (8126,)), ("fluent-bit", (24224,)),
    ("fluentd", (24224,)), ("nginx-unprivileged", (8080,)), ("nginx", (80,)), ("httpd", (80,)), ("caddy", (80, 2019)),
    ("envoy", (9901, 10000)), ("elasticsearch", (9200,)), ("minio", (9000,)), ("localstack", (4566,)),
    ("gotenberg", (3000,)), ("tika", (9998,)), ("imgproxy", (8080,)), ("chrome", (3000,)), ("selenium", (4444,)),
    ("standalone-chrome", (4444,)), ("mailhog", (1025, 8025)), ("clickhouse-server", (8123, 9000)),
    ("ollama", (11434,)),
    ("text-embeddings-inference", (80,)), ("qdrant", (6333, 6334)), ("statsd-exporter", (9102,)), ("php", (9000,)),
)  # fmt: skip


def owners_of_ports(workload: Workload, moving: Sequence[Container]) -> Mapping[int, str]:
    """Port -> the container that listens there: the first that declares it, else that says so, else by its image."""
    owners: dict[int, str] = {}
    for ports in (_declared, _written, _by_image):
        taken = dict(owners)
        for container in moving:
            for port in ports(workload, container):
                if port not in taken:
                    owners.setdefault(port, container.name)
    return owners


def own_ports(workload: Workload, container: Container) -> frozenset[int]:
    """The ports that a container itself says that it listens on."""
    return frozenset((*_declared(workload, container), *_written(workload, container)))


def _declared(_workload: Workload, container: Container) -> Iterator[int]:
    yield from known_ports(container)


def _written(workload: Workload, container: Container) -> Iterator[int]:
    yield from (port for port, _ in listening_ports(workload, container))


def _by_image(_workload: Workload, container: Container) -> Iterator[int]:
    known = raw_server(container.image)
    if known:
        yield known[0]
    name = parse_image(container.image).name.lower() if container.image else ""
    words = re.split(r"[-_.]", name)
    for key, ports in _BY_DEFAULT:
        if name == key or name.startswith(f"{key}-") or (("-" not in key) and words[:1] == [key]):
            yield from ports
            return
