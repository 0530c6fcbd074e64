"""A person's word on findings: a rule silenced or re-graded for all, one workload's question answered.

Both stand in ``k2cr.toml``, and the finding says so. What was answered is a note with its reason; a question whose
evidence is no longer what the answer was given on is asked again.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from k2cr_analysis.config.settings import Config, Decided
from k2cr_analysis.model.findings.finding import Finding

# What an answer in words does not settle, and what does: without it the API would refuse the files, or nobody knows
# what they should say.
NOT_BY_WORDS: Mapping[str, str] = {
    "incomplete-object": "collect the whole object",
    "refused-value": "mend the value in the manifest, and collect again",
    "refused-by-cloud-run": "mend the value in the manifest, and collect again",
    "ingress-container-unclear": "`ingress_container` under the workload's table",
    "dependency-of-nobody": "name a container that goes along in `depends_on`",
    "too-many-containers": "take containers out of the pod",
    "environment-too-large": "move values into files or Secret Manager",
    "reserved-mount-path": "mount the volume elsewhere",
    "nested-mount": "mount the volume elsewhere",
    "overloaded": "raise `[policy] max_instances`",
}
# A choice that rendering obeys answers these.
BY_CHOICE: Mapping[str, str] = {"entrance-unknown": "entrance", "iap-not-seen": "iap"}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "entrance": ("internal", "public"),
    "iap": ("load-balancer", "direct"),
    "invoker": ("token", "none"),
}
_MARK = re.compile(r"\s*\[evidence ([0-9a-f]{8})\]\s*$")


def graded(findings: Iterable[Finding], config: Config, workload_id: str) -> Iterator[Finding]:
    """The findings with the severities that ``k2cr.toml`` gives them. "off" leaves a note, so that it is seen."""
    listed = list(findings)
    if not listed:
        return
    seen = evidence_of(listed)
    decided = config.workload(workload_id).decided
    for finding in listed:
        found = _by_rule(finding, config)
        yield _answered(found, decided, seen[finding.rule]) if found.severity == "change" else found


def evidence_of(findings: Iterable[Finding]) -> Mapping[str, str]:
    """Rule id -> a short name of what was found: other findings of the rule have another name, their order has none."""
    said: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        said[finding.rule].add(without_answer(finding.message))
    return {rule: hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:8] for rule, texts in said.items()}


def without_answer(message: str) -> str:
    """A finding's message without what a person's word added to it."""
    return message.partition(" [k2cr.toml: ")[0]


def marked(reason: str, evidence: str) -> str:
    """A reason with the evidence that it was given on, as ``k2cr decide`` writes it."""
    return f"{reason} [evidence {evidence}]"


def _by_rule(finding: Finding, config: Config) -> Finding:
    override = config.rules.get(finding.rule)
    if override is None:
        return finding
    off = override.severity == "off"
    how = "silenced" if off else override.severity
    return replace(
        finding,
        severity="note" if override.severity == "off" else override.severity,
        message=f"{finding.message} [k2cr.toml: {how}, was {finding.severity}: {override.reason}]",
    )


def _answered(finding: Finding, decided: Decided, evidence: str) -> Finding:
    choice = BY_CHOICE.get(finding.rule)
    chosen = getattr(decided, choice) if choice else None
    reason = decided.reasons.get(finding.rule) or (f'{choice} = "{chosen}"' if chosen else None)
    if reason is None:
        return finding
    if finding.rule in NOT_BY_WORDS:
        told = f"an answer in words does not settle this: {NOT_BY_WORDS[finding.rule]}"
        return replace(finding, message=f"{finding.message} [k2cr.toml: {told}]")
    mark, text = _MARK.search(reason), _MARK.sub("", reason)
    if mark and mark[1] != evidence:
        told = f'answered on other evidence, "{text}"; asked again: [evidence {evidence}]'
        return replace(finding, message=f"{finding.message} [k2cr.toml: {told}]")
    return replace(finding, severity="note", message=f"{finding.message} [k2cr.toml: decided, was a change: {text}]")
