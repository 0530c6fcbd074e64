"""What holds for a whole snapshot, and is said once: no metrics, no traffic, no bill; one pod of each today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from k2cr_analysis.assessment.findings.rule_pages import rule_pages
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.listing import first_of
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.findings.rules import docs_of

# Rule -> what the snapshot has not, and what is unknown for that; or what is alike for many of its workloads.
_WORDS: Mapping[str, str] = {
    "no-traffic-data": "the snapshot has no traffic: Cloud Run's cost and latency are not known of {count}",
    "traffic-assumed": "assumed, not measured: the traffic of {count}, and with it their cost and latency on Cloud Run",
    "no-running-time": "the snapshot does not show how long jobs run: Cloud Run's cost is not known of {count}",
    "no-usage-data": "the snapshot has no usage data: sized from requests and limits, where they are given ({count})",
    "no-resources-given": "neither usage nor requests say what containers need: sized by Cloud Run's defaults, {count}",
    "one-pod-today": "one pod takes all requests today of {count} ({names}): Cloud Run may run several instances of "
    "each, which share nothing in memory",
    "no-gke-cost": "the snapshot does not show what GKE costs: today's cost is not known of {count}",
}

_REASONS_SHOWN = 3
_NAMES_SHOWN = 5
# What matters of a workload that moves alone.
_OF_MOVERS = frozenset({"one-pod-today"})


@dataclass(frozen=True, slots=True)
class SnapshotFinding:
    """A finding of the whole snapshot. ``workloads``: ids of those that it holds for."""

    rule: str
    message: str
    remediation: str
    docs: str
    workloads: tuple[str, ...]


def findings_of_snapshot(assessment: Assessment) -> tuple[SnapshotFinding, ...]:
    """What its workloads' findings leave to be said for the snapshot, in the order of the rules."""
    held: dict[str, list[str]] = {}
    for one in assessment.workloads:
        for rule in dict.fromkeys(f.rule for f in one.findings if f.of_snapshot):
            if one.fit.moves or rule not in _OF_MOVERS:
                held.setdefault(rule, []).append(one.id)
    why = {"no-gke-cost": assessment.bill.unpriced}
    return tuple(_said(rule, held[rule], why.get(rule, {})) for rule in _WORDS if rule in held)


def marked_once(workloads: Sequence[WorkloadAssessment], missing: Iterable[str]) -> list[WorkloadAssessment]:
    """The workloads, with the findings of the rules in ``missing`` marked as the snapshot's own."""
    rules = frozenset(missing) & frozenset(_WORDS)
    return [replace(w, findings=tuple(_marked(f, rules) for f in w.findings)) for w in workloads]


def _marked(finding: Finding, rules: frozenset[str]) -> Finding:
    return replace(finding, of_snapshot=True) if finding.rule in rules and finding.severity == "note" else finding


def _said(rule: str, ids: Sequence[str], why: Mapping[str, str]) -> SnapshotFinding:
    count = f"{len(ids)} workload{'s' if len(ids) > 1 else ''}"
    remedy = rule_pages()[rule].text.remedy
    names = first_of([one.rpartition("/")[2] for one in ids], _NAMES_SHOWN)
    message = _WORDS[rule].format(count=count, names=names)
    reasons = Counter(why[one] for one in ids if one in why).most_common()
    if reasons:
        told = [reason for reason, _ in reasons[:_REASONS_SHOWN]]
        more = len(reasons) - len(told)
        message += f" ({'; '.join([*told, *([f'{more} other reasons'] if more else [])])})"
    return SnapshotFinding(rule, message, remedy, docs_of(rule), tuple(ids))
