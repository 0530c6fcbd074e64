"""Fit of a workload: the facts first, then every rule over them, then verdict and target.

Verdicts stand in this order: ``keep`` > ``blocked`` > ``changes`` > ``ready``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

from k2cr_analysis.config.settings import Config, WorkloadSettings
from k2cr_analysis.fit.belongs import belonging
from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.cluster_index import ClusterIndex, index_cluster
from k2cr_analysis.fit.evidence.background import background_of
from k2cr_analysis.fit.evidence.containers import cast_of
from k2cr_analysis.fit.evidence.dependencies import CallGraph, call_graph
from k2cr_analysis.fit.evidence.ingress import choose_ingress
from k2cr_analysis.fit.evidence.monitoring import Monitored, monitored_only
from k2cr_analysis.fit.evidence.observed_calls import Observed
from k2cr_analysis.fit.evidence.port_hints import with_hints
from k2cr_analysis.fit.evidence.protocols import CalledPort, called_ports
from k2cr_analysis.fit.evidence.starting.order import plan_startup
from k2cr_analysis.fit.evidence.starting.probes import plan_probes
from k2cr_analysis.fit.fields.account import Accountant
from k2cr_analysis.fit.fields.settled import settled
from k2cr_analysis.fit.registry import Rule, all_rules
from k2cr_analysis.fit.result import FieldUse, Fit
from k2cr_analysis.model.cloud_run import BetweenRequests, StartupOrder
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.findings.finding import SEVERITIES, Finding, Severity, Target, Verdict
from k2cr_analysis.model.findings.grading import graded
from k2cr_analysis.model.findings.rules import docs_of
from k2cr_analysis.model.workload import Workload

_KEEPS = "belongs-to-cluster"
# What is said of a workload that stays anyway: why it stays, and what of it nobody could read.
_SAID_OF_KEPT = frozenset({_KEEPS, "incomplete-object", "unknown-field"})


def assess_cluster(cluster: Cluster, config: Config, callers: Observed | None = None) -> Mapping[str, Fit]:
    """Fit of every workload, by id, in the order of the ids.

    ``callers``: what the service mesh counted, target's id -> caller -> requests (``TrafficProfile.callers``).
    """
    index = index_cluster(cluster)
    called = {w.id: called_ports(w.exposures, w.pod, w.pod.annotations) for w in cluster.workloads}
    graph = call_graph(cluster, index, called, callers or {})
    leading: dict[str, list[Dependency]] = defaultdict(list)
    for edge in chain.from_iterable(graph.by_source.values()):
        leading[edge.target].append(edge)
    called = {w.id: with_hints(w, called[w.id], leading[w.id]) for w in cluster.workloads}
    accountant = Accountant()
    candidates = {
        w.id: candidate_of(w, config, index, called[w.id], graph, tuple(leading[w.id]), accountant.fields(w))
        for w in cluster.workloads
    }
    fits = {name: _fit(one) for name, one in candidates.items()}
    # Whether a callee stays hangs on blockers, and what that means for a caller is no blocker: a second look is enough.
    staying = {name for name, fit in fits.items() if not fit.moves}
    for name, one in candidates.items():
        closed = staying & {d.target for d in one.dependencies}
        if closed and fits[name].moves:
            fits[name] = _fit(replace(one, staying=frozenset(closed)))
    return fits


def assess_fit(workload: Workload, cluster: Cluster, config: Config) -> Fit:
    """Fit of one workload. For a whole cluster ``assess_cluster`` makes the indexes once."""
    return assess_cluster(cluster, config)[workload.id]


def candidate_of(
    workload: Workload,
    config: Config,
    index: ClusterIndex,
    called: tuple[CalledPort, ...],
    graph: CallGraph,
    leading: tuple[Dependency, ...],
    fields: tuple[FieldUse, ...],
) -> Candidate:
    """All that the rules look at."""
    settings = config.workload(workload.id)
    edges, callers = graph.by_source.get(workload.id, ()), graph.callers.get(workload.id, ())
    watched = monitored_only(workload, called, [w for c in callers if (w := index.workloads.get(c))])
    target = target_of(workload, settings, watched)
    cast = cast_of(workload.pod)
    ingress = choose_ingress(target, workload.pod, cast.moving, called, settings)
    startup = plan_startup(workload, cast.moving, settings.depends_on)
    main_ports = dict(startup.ports)
    if ingress.container and ingress.port:
        main_ports[ingress.container] = ingress.port
    probes = plan_probes(cast.moving, startup.order, target, main_ports)
    background = background_of(workload, cast.moving, cast.kinds, called, startup.order, ingress.container)
    return Candidate(
        workload=workload,
        config=config,
        settings=settings,
        index=index,
        target=target,
        cast=cast,
        called=called,
        ingress=ingress,
        startup=startup,
        probes=probes,
        dependencies=edges,
        callers=callers,
        leading=leading,
        own_addresses=graph.own.get(workload.id, ()),
        fields=fields,
        monitored=watched,
        background=background,
    )


def target_of(workload: Workload, settings: WorkloadSettings, monitored: Monitored | None) -> Target:
    """What a workload becomes if nothing holds it back; the config's word comes first.

    A Service that selects the pods (or an Ingress, a Gateway, a Knative host that leads there) makes a service, unless
    its ports are there for monitoring alone. Container ports are only informational: one that no Service selects makes
    none.
    """
    if settings.target:
        return settings.target
    if workload.batch is not None:
        return "job"
    if workload.kind == "Pod" and workload.pod.restart_policy in ("Never", "OnFailure"):
        return "job"
    brings_requests = bool(workload.exposures) and not (monitored is not None and monitored.certain)
    return "service" if brings_requests else "worker-pool"


def _fit(candidate: Candidate) -> Fit:
    keeps = belonging(candidate.workload, candidate.settings, candidate.index) is not None and not _is_off(
        candidate.config, _KEEPS
    )
    findings = [f for r in all_rules().values() if not keeps or r.id in _SAID_OF_KEPT for f in _findings(r, candidate)]
    verdict = _verdict(keeps, findings)
    stays = verdict in ("keep", "blocked")
    choice = candidate.ingress
    names = sorted((c.name for c in candidate.moving), key=lambda n: n != choice.container)
    return Fit(
        verdict=verdict,
        target="none" if stays else candidate.target,
        ingress_container=None if stays else choice.container,
        ingress_port=None if stays else choice.port,
        h2c=choice.h2c and not stays,
        containers=tuple(names),
        dropped=candidate.cast.dropped,
        startup=candidate.startup.order
        if not candidate.startup.cycle
        else StartupOrder({}, {}, tuple(c.name for c in candidate.moving)),
        probes=candidate.probes.probes,
        dependencies=candidate.dependencies,
        findings=tuple(sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.rule, f.path or ""))),
        fields=settled(candidate.fields, findings, verdict, _gpu_at(candidate)),
        between_requests=_between_requests(candidate) if not stays else "nothing",
        background=candidate.background,
    )


def _gpu_at(candidate: Candidate) -> list[str]:
    """Where the kind of the GPU that goes along is decided."""
    return [at for gpu in candidate.pod.accelerators if gpu.is_gpu for at in gpu.kinds_at]


def _between_requests(candidate: Candidate) -> BetweenRequests:
    """What a service must have while no request runs, for the sake of containers that nobody calls."""
    kinds = {b.kind for b in candidate.background} if candidate.target == "service" else set()
    return "instance" if kinds - {"shipping"} else "cpu" if kinds else "nothing"


def _verdict(keeps: bool, findings: list[Finding]) -> Verdict:
    if keeps:
        return "keep"
    severities = {f.severity for f in findings}
    return "blocked" if "blocker" in severities else "changes" if "change" in severities else "ready"


def _findings(rule: Rule, candidate: Candidate) -> Iterator[Finding]:
    found = [
        Finding(
            rule.id,
            rule.severity,
            f.at,
            _with_target(f.message, rule.severity, candidate),
            f.remediation or rule.text.remedy,
            docs_of(rule.id),
        )
        for f in rule.check(candidate)
    ]
    yield from graded(found, candidate.config, candidate.workload.id)


def _with_target(message: str, severity: Severity, candidate: Candidate) -> str:
    """A blocked workload has no target; what it would become stands in the message."""
    return f"{message} (without this it would become {candidate.would_be})" if severity == "blocker" else message


def _is_off(config: Config, rule_id: str) -> bool:
    override = config.rules.get(rule_id)
    return override is not None and override.severity == "off"
