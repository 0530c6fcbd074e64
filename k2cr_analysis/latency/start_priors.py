"""How long a container takes from its start to its open port, by runtime: what was measured in public, pooled.

Each row of ``data/startups/cloud_run.csv`` is one measured median. The logarithms of a runtime's medians are taken as
normal around the runtime's own mean, with one spread for all runtimes (pooled, so that one row still has a range): the
range is where the median of another application of this runtime lies in 19 of 20 cases, the mean's own doubt included.
What nobody measured at all has the mean and the spread over the runtimes.

The platform's share (sandbox, fetching the image) is in every row. It is what the fastest runtimes take in all: Go's
own start is 0.6 ms of 358.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, median

from k2cr_analysis.model.cluster import SeenStart
from k2cr_analysis.platforms.images import parse_image
from k2cr_analysis.resources import bundled

COVERED = 0.95  # in name: of a whole benchmark that was held out, whose own bias is in it, at least 0.8 lie inside
PLATFORM_MS = 357.0  # Go, DMcolmi's benchmark: 0.358 s less its own 0.0006 s
OTHER_CPU = 1.5  # k2cr's own: by how much a start on Cloud Run may be faster or slower than on GKE
_UNKNOWN_TYPICAL_MS = 2000.0  # k2cr's own: between the median (1.3 s) and the mean (2.9 s) of the runtimes


@dataclass(frozen=True, slots=True)
class StartPrior:
    """From start to open port, image fetch in it. ``known``: somebody measured the runtime."""

    runtime: str
    low_ms: float
    typical_ms: float
    high_ms: float
    source: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class MeasuredStart:
    runtime: str
    framework: str
    median_s: float
    source: str


def measured_starts() -> tuple[MeasuredStart, ...]:
    """The rows, in the order of the file."""
    text = bundled("data", "startups", "cloud_run.csv").read_text(encoding="utf-8")
    return tuple(
        MeasuredStart(row["runtime"], row["framework"], float(row["median_s"]), row["source"])
        for row in csv.DictReader(text.splitlines())
    )


def pooled(rows: Iterable[MeasuredStart]) -> Mapping[str, StartPrior]:
    """Runtime -> its prior, from these rows alone."""
    logs: dict[str, list[float]] = {}
    sources: dict[str, set[str]] = {}
    for row in rows:
        logs.setdefault(row.runtime, []).append(math.log(row.median_s * 1000.0))
        sources.setdefault(row.runtime, set()).add(row.source)
    means = {runtime: math.fsum(found) / len(found) for runtime, found in logs.items()}
    squares = math.fsum((x - means[runtime]) ** 2 for runtime, found in logs.items() for x in found)
    freedom = sum(len(found) - 1 for found in logs.values())
    spread = math.sqrt(squares / freedom) if freedom > 0 else 0.5
    wide = NormalDist().inv_cdf(0.5 + COVERED / 2.0)
    priors = {}
    for runtime, found in logs.items():
        reach = wide * spread * math.sqrt(1.0 + 1.0 / len(found))
        said = f"{len(found)} public measurements: {'; '.join(sorted(sources[runtime]))}"
        priors[runtime] = StartPrior(runtime, *_range(means[runtime], reach), source=said)
    return priors


def _range(mean: float, reach: float) -> tuple[float, float, float]:
    """[ms], to three digits: a prior knows no more."""
    return tuple(_to_three_digits(math.exp(x)) for x in (mean - reach, mean, mean + reach))  # type: ignore[return-value]


def _to_three_digits(value: float) -> float:
    return float(f"{value:.3g}")


@cache
def priors() -> Mapping[str, StartPrior]:
    return pooled(measured_starts())


@cache
def unknown() -> StartPrior:
    """Of a runtime that nothing shows: the spread over the runtimes."""
    logs = [math.log(prior.typical_ms) for prior in priors().values()]
    mean = math.fsum(logs) / len(logs)
    spread = math.sqrt(math.fsum((x - mean) ** 2 for x in logs) / (len(logs) - 1))
    low, _, high = _range(mean, NormalDist().inv_cdf(0.5 + COVERED / 2.0) * spread)
    source = "assumed; the range spans the measured runtimes, Go to Ruby"
    return StartPrior("unknown runtime", low, _UNKNOWN_TYPICAL_MS, high, source, known=False)


def _words(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(^|[^a-z])({alternatives})([^a-z]|$)")


# Words that tell a runtime, of an image's name first, then of the command, the environment and the probes; the first
# that matches holds. Images are named by people, so an application called "checkout" tells nothing.
_RUNTIMES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_words("node-exporter|node_exporter|node-problem-detector|node-local-dns|node-feature-discovery"), "Go"),
    (_words("graalvm|native-image|ubi-quarkus-mandrel|native"), "native image"),
    (_words("envoy|nginx|httpd|haproxy|istio|proxyv2|esp|linkerd|redis|memcached|rust"), "C++ or Rust"),
    (_words("golang|go|caddy|traefik|oauth2-proxy|cloud-sql-proxy|gce-proxy|otelcol|otel-collector"), "Go"),
    (_words("opentelemetry-collector|prometheus|grpc-gateway|alertmanager|grafana|minio|vault|consul"), "Go"),
    (_words("gomaxprocs|gomemlimit|gogc|godebug"), "Go"),
    (_words("python3?|django|flask|fastapi|gunicorn|uvicorn|celery|pythonunbuffered|pythonpath|airflow"), "Python"),
    (_words("node|nodejs|nextjs|npm|yarn|pnpm|express|fastify|nestjs|node_env|node_options|next-server"), "Node.js"),
    (
        _words("java|jdk|jre|openjdk|temurin|corretto|spring|tomcat|jetty|keycloak|kotlin|scala|quarkus|micronaut"),
        "JVM",
    ),
    (_words("java_opts|java_tool_options|jdk_java_options|spring_profiles_active|actuator|wildfly|jvm"), "JVM"),
    (_words("dotnet|aspnet|aspnetcore|aspnetcore_urls|aspnetcore_environment"), ".NET"),
    (_words("ruby|rails|puma|sidekiq|rails_env|rack_env|unicorn"), "Ruby"),
    (_words("php|php-fpm|laravel|symfony|wordpress|drupal|composer"), "PHP"),
)


def start_prior(image: str | None, hints: Sequence[str] = ()) -> StartPrior:
    """The prior of a container: by the words of its image's path, else of ``hints`` (command, environment, probes).

    The registry's host, the tag and the digest are no evidence of an image.
    """
    texts = [_repository(image), *hints]
    for text in texts:
        for pattern, runtime in _RUNTIMES:
            if text and pattern.search(text.lower()):
                return priors()[runtime]
    return unknown()


def prior_of_pods(starts: Sequence[SeenStart]) -> StartPrior:
    """From what its own pods took on GKE: the port opened after the probe before the one that saw it, at the earliest.

    The platform's share comes on top: on GKE the time begins after the image was fetched. Another CPU, and CPU boost,
    are why the range is wider than what was seen.
    """
    before = [one.before_s for one in starts if one.before_s is not None]
    fetched = f" (the {median(before):g} s between a place on a node and that start are GKE's own)" if before else ""
    own_ms = [(max(one.after_s - one.period_s, 0.0) * 1000.0, one.after_s * 1000.0) for one in starts]
    return StartPrior(
        "its pods on GKE",
        low_ms=_to_three_digits(PLATFORM_MS + min(low for low, _ in own_ms) / OTHER_CPU),
        typical_ms=_to_three_digits(PLATFORM_MS + median((low + high) / 2.0 for low, high in own_ms)),
        high_ms=_to_three_digits(PLATFORM_MS + max(high for _, high in own_ms) * OTHER_CPU),
        source=f"{len(starts)} pods, container start to readiness{fetched}; "
        f"{PLATFORM_MS / 1000:g} s of the platform on top",
    )


def _repository(image: str | None) -> str:
    return parse_image(image).repository if image else ""
