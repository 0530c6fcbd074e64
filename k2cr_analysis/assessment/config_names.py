"""Names in ``k2cr.toml`` that nothing has: a typo in a ``keep`` must not be taken for silence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase

from k2cr_analysis.assessment.findings.rule_pages import rule_pages
from k2cr_analysis.config import Config
from k2cr_analysis.errors import ConfigError
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.parse.access import mapping, strings, text
from k2cr_analysis.model.parse.index import name_of, namespace_of
from k2cr_analysis.platforms.gke.labels import INGRESS_CLASS

_Path = tuple[str, ...]


def check_rule_names(config: Config) -> None:
    """ConfigError where the config names a rule that does not exist."""
    named: list[_Path] = [("rules", name) for name in config.rules]
    named += [("rates", "rules", name) for name in config.rates.rules]
    named += [
        ("workload", workload, "decided", rule)
        for workload, settings in config.workloads.items()
        for rule in settings.decided.reasons
    ]
    for path in named:
        if path[-1] not in rule_pages():
            _refuse(config, "unknown-rule", path, path[-1], "the id of a rule", rule_pages(), "`k2cr explain` alone")


def check_object_names(config: Config, clusters: Iterable[Cluster]) -> None:
    """ConfigError where the config names a workload, a node pool or an entrance that none of the clusters has."""
    listed = list(clusters)
    ids = sorted(_with_cluster((c.name, w.id) for c in listed for w in c.workloads))
    pools = sorted(_with_cluster((c.name, n.pool) for c in listed for n in c.nodes if n.pool))
    for path, name in _workloads_named(config):
        if not any(fnmatchcase(i, name) for i in ids) if "freezes" in path else name not in ids:
            _refuse(config, "no-such-workload", path, name, "the id of a workload", ids, "`k2cr assess SNAP`")
    for name in sorted(config.pools):
        if name not in pools:
            where = "`kubectl get nodes --show-labels`"
            _refuse(config, "no-such-pool", ("pool", name), name, "a node pool of the snapshot", pools, where)
    entrances = sorted({key for c in listed for key in _entrances(c)})
    for name in sorted(config.entrances):
        if name not in entrances:
            where = "`kubectl get services,gateways,ingressclasses -A`"
            _refuse(config, "no-such-entrance", ("entrances", name), name, "an entrance", entrances, where)


def _entrances(cluster: Cluster) -> Iterator[str]:
    """What ``[entrances]`` can name: what leads to a workload, and what the snapshot holds."""
    for workload in cluster.workloads:
        for exposure in workload.exposures:
            yield f"Service/{workload.namespace}/{exposure.service}"
            yield from (route.entrance.key for route in exposure.routes)
    for kind in ("Service", "Gateway"):
        yield from (f"{kind}/{namespace_of(raw)}/{name_of(raw)}" for raw in cluster.objects.get(kind, ()))
    yield from (f"IngressClass/{name_of(raw)}" for raw in cluster.objects.get("IngressClass", ()))
    for raw in cluster.objects.get("Ingress", ()):
        annotated = strings(mapping(raw, "metadata").get("annotations")).get(INGRESS_CLASS)
        yield f"IngressClass/{text(mapping(raw, 'spec'), 'ingressClassName') or annotated}"


def _with_cluster(named: Iterable[tuple[str | None, str]]) -> set[str]:
    """Each name, and with its cluster before it, as a fleet's config may have it."""
    return {text for cluster, name in named for text in ((name, f"{cluster}:{name}") if cluster else (name,))}


def _workloads_named(config: Config) -> Iterator[tuple[_Path, str]]:
    for name, settings in sorted(config.workloads.items()):
        yield ("workload", name), name
        for one in settings.merge:
            yield ("workload", name, "merge"), one
    for number, freeze in enumerate(config.plan.freezes):
        for pattern in freeze.workloads:
            yield ("plan", "freezes", str(number), "workloads"), pattern


def _refuse(
    config: Config, ref: str, path: _Path, name: str, what: str, known: Collection[str], lists_them: str
) -> None:
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    if near:
        expected = f"{what}, perhaps {' or '.join(near)}"
    else:
        expected = f"{what}; there {'are' if known else 'is'} {len(known) or 'none'}"
    raise ConfigError(
        ref=ref,
        where=config.origin.where(*path),
        found=f'"{name}"',
        expected=expected,
        do=f"write it as it is called ({lists_them} lists them), or take it out",
    )
