"""References to container images, taken apart once for all who ask: ``registry/repository:tag@digest``.

The first part is a registry if it has a dot or a colon,
or is localhost; a reference without one is Docker Hub's, where a name without a slash is in ``library``. That
grammar takes an upper-case first part for a registry too; in manifests such a part is a placeholder (``PROJECT/app``),
so here it is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_GRAMMAR = Source("https://pkg.go.dev/github.com/distribution/reference", "2026-11-30")

_DEPLOYING = Source("https://docs.cloud.google.com/run/docs/deploying#images", "2026-11-30")
_GHCR = Source("https://docs.cloud.google.com/run/docs/release-notes", "2026-11-30", "2026-07-14")

DOCKER_HUB: Annotated[str, _GRAMMAR] = "docker.io"
_DOCKER_HUB_NAMES = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")
# Cloud Run pulls from Artifact Registry (and from gcr.io, which leads there) by IAM, and from these what is public.
GITHUB: Annotated[str, _GHCR] = "ghcr.io"
PUBLIC_REGISTRIES: Annotated[tuple[str, ...], _DEPLOYING] = (DOCKER_HUB, GITHUB)
# Names in Docker Hub's ``library``: a name without a slash that is none of these is a build's own.
# The library as it stood on that day, and what it once held (consul, vault, ...), which is still pulled.
_OFFICIAL = Source("https://github.com/docker-library/official-images/tree/master/library", "2026-11-30", "2026-08-21")
DOCKER_OFFICIAL: Annotated[frozenset[str], _OFFICIAL] = frozenset({
    "adminer", "aerospike", "almalinux", "alpine", "alt", "amazoncorretto", "amazonlinux", "api-firewall", "arangodb",
    "archlinux", "azul-zulu", "backdrop", "bash", "bonita", "buildpack-deps", "busybox", "caddy", "cassandra",
    "chronograf", "cirros", "clearlinux", "clefos", "clickhouse", "clojure", "composer", "consul", "convertigo",
    "couchbase", "couchdb", "crate", "dart", "debian", "docker", "drupal", "eclipse-mosquitto", "eclipse-temurin",
    "eggdrop", "elasticsearch", "elixir", "emqx", "erlang", "espocrm", "express-gateway", "fedora", "flink",
    "fluentd", "friendica", "gazebo", "gcc", "geonetwork", "ghost", "golang", "gradle", "groovy", "haproxy",
    "haskell", "haxe", "hello-world", "hitch", "httpd", "hylang", "ibm-semeru-runtimes", "ibmjava", "influxdb",
    "irssi", "jetty", "joomla", "jruby", "julia", "kapacitor", "kibana", "kong", "krakend", "lightstreamer",
    "liquibase", "logstash", "mageia", "mariadb", "matomo", "maven", "mediawiki", "memcached", "mongo",
    "mongo-express", "monica", "mysql", "nats", "nats-streaming", "neo4j", "neurodebian", "nextcloud", "nginx", "nim",
    "node", "notary", "odoo", "open-liberty", "openjdk", "oraclelinux", "orientdb", "percona", "perl", "photon",
    "php", "php-zendserver", "phpmyadmin", "plone", "postfixadmin", "postgres", "pypy", "python", "r-base",
    "rabbitmq", "rakudo-star", "redis", "redmine", "registry", "rethinkdb", "rocket.chat", "rockylinux", "ros",
    "ruby", "rust", "sapmachine", "satosa", "scratch", "silverpeas", "solr", "sonarqube", "spark", "spiped", "storm",
    "swift", "swipl", "teamspeak", "telegraf", "tomcat", "tomee", "traefik", "ubuntu", "unit", "varnish", "vault",
    "websphere-liberty", "wordpress", "xwiki", "yourls", "znc", "zookeeper",
})  # fmt: skip
# Projects of Google's registries that publish for everybody.
_PUBLIC_IMAGES = Source(
    "https://docs.cloud.google.com/artifact-registry/docs/transition/gcr-repositories",
    None,
    unconfirmed="not confirmed: the page says that Google-owned images stay, not which; these are the projects that "
    "public manifests pull from without a login",
)
GOOGLE_PUBLIC_PROJECTS: Annotated[frozenset[str], _PUBLIC_IMAGES] = frozenset({
    "cadvisor", "cloud-builders", "cloud-marketplace", "cloud-sql-connectors", "cloudrun", "cloudsql-docker",
    "datadoghq", "distroless", "endpoints-release", "gke-release", "google-containers", "google-samples", "google.com",
    "google_containers", "google_samples", "heptio-images", "istio-release", "k8s-artifacts-prod", "kaniko-project",
    "knative-releases", "kubebuilder", "ml-pipeline", "spinnaker-marketplace", "stackdriver-agents", "tekton-releases",
    "vertex-ai",
})  # fmt: skip
_GOOGLE_PUBLIC_HOSTS = (
    "gke.gcr.io",
    "k8s.gcr.io",
    "marketplace.gcr.io",
    "mirror.gcr.io",
    "launcher.gcr.io",
    "l.gcr.io",
)
_GOOGLE = re.compile(r"([a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev")

# The grammar of a reference: lower-case path components, a tag, a digest.
_LABEL = r"[A-Za-z0-9][A-Za-z0-9-]*"
_HOST = rf"(?:localhost|{_LABEL}(?:\.{_LABEL})+|{_LABEL}(?:\.{_LABEL})*(?=:\d))(?::\d+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
# Words that stand for something in templates and tutorials, where the grammar alone would take them.
_STANDS_FOR = re.compile(
    r"\b(?:PROJECT[_-]ID|YOUR[_-][A-Z_-]+|REPLACE[_-][A-Z_-]+|IMAGE_(?:NAME|URL|TAG|TO_REPLACE))\b|@@\w+@@|__[A-Z_]+__"
    r"|^[A-Z]+-docker\.pkg\.dev/|:(?:[A-Z]+_)?(?:TAG|VERSION|GIT_SHA|COMMIT_SHA|SHA|PLACEHOLDER|TBD|TODO)$"
    r"|(?i:\bplace-?holder\b|\bchange-?me\b|\bto-be-replaced\b|:(?:replace|your)-[a-z-]+$)"
)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """``registry`` is empty where the reference names none; ``str()`` gives back what was written."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.without_version}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def without_version(self) -> str:
        """What stays the same from one release to the next: neither tag nor digest."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    @property
    def host(self) -> str:
        """The registry that it is pulled from, in lower case; ``docker.io`` under all its names."""
        registry = self.registry.lower().removesuffix(":443")
        return DOCKER_HUB if not registry or registry in _DOCKER_HUB_NAMES else registry

    @property
    def path(self) -> str:
        """The repository as the registry knows it: ``library/redis``."""
        return (
            f"library/{self.repository}"
            if self.host == DOCKER_HUB and self.name == self.repository
            else self.repository
        )

    @property
    def name(self) -> str:
        """The last part of the repository: ``redis``."""
        return self.repository.rpartition("/")[2]


def parse_image(text: str) -> ImageReference:
    """Take a reference apart; what is no reference (a template's variable) is taken apart by the same rule."""
    name, _, digest = text.strip().partition("@")
    first, slash, rest = name.partition("/")
    registry = first if slash and ("." in first or ":" in first or first == "localhost") else ""
    path = rest if registry else name
    repository, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = path, ""
    return ImageReference(registry, repository, tag or None, digest or None)


def is_reference(text: str) -> bool:
    """Whether a registry would take it: what a template leaves behind (``${IMAGE}``, ``ko://...``) is none."""
    return _REFERENCE.fullmatch(text) is not None


def is_placeholder(text: str) -> bool:
    """Whether it names no image that can be pulled, but stands for one: no reference, or a word of templates in it."""
    return not is_reference(text) or _STANDS_FOR.search(text) is not None


def is_google(host: str) -> bool:
    """Artifact Registry, or gcr.io, which leads there."""
    return _GOOGLE.fullmatch(host.lower()) is not None


def is_of_others(text: str) -> bool:
    """Whether it is pulled from a registry that a build of one's own does not push to.

    What a template leaves behind, and a name alone that Docker Hub's library does not have, is what a build puts there.
    """
    image = parse_image(text)
    if is_placeholder(text):
        return False
    if is_google(image.host):
        project = image.repository.partition("/")[0]
        return image.host in _GOOGLE_PUBLIC_HOSTS or project in GOOGLE_PUBLIC_PROJECTS
    return bool(image.registry) or "/" in image.repository or image.repository in DOCKER_OFFICIAL


def is_name_of_a_build(text: str) -> bool:
    """Whether it is a name alone that Docker Hub's library does not have: what a build on one's own machine makes."""
    image = parse_image(text)
    bare = not image.registry and "/" not in image.repository
    return not is_placeholder(text) and bare and image.repository not in DOCKER_OFFICIAL


def is_pulled_directly(host: str) -> bool:
    """Whether Cloud Run pulls what is public there by itself, with no repository of one's own in between."""
    return is_google(host) or host.lower() in PUBLIC_REGISTRIES
