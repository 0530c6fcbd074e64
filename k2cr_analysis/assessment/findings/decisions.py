"""What is still to be decided, as lines for ``k2cr.toml``.

A line holds the evidence that it answers, so that an answer given on other evidence is asked again. What a sentence
cannot settle (which container takes the requests, a value that no API takes) stands as a comment, with what settles it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.findings.grading import BY_CHOICE, CHOICES, NOT_BY_WORDS, evidence_of, marked

_DRAFT = "accepted as it is"
# Rules that ask who may call: rendering obeys a choice there, beside the reason.
_ASK_FOR_INVOKER = frozenset({"mesh-policy", "network-policy-on-callers"})


def open_decisions(assessed: WorkloadAssessment) -> dict[str, list[Finding]]:
    """Rule id -> its findings that ask something, in the order of the findings; empty where it stays anyway."""
    found: dict[str, list[Finding]] = {}
    for finding in assessed.findings if assessed.fit.moves else ():
        if finding.severity == "change":
            found.setdefault(finding.rule, []).append(finding)
    return found


def decision_lines(assessment: Assessment, workloads: Sequence[WorkloadAssessment]) -> Iterator[str]:
    """TOML: a table for each workload, with a line for each rule that asks, and what it asks above it."""
    asking = [(one, asked) for one in workloads if (asked := open_decisions(one))]
    if not asking:
        yield "# Nothing is to be decided."
        return
    count = sum(len(asked) for _, asked in asking)
    yield f"# To be decided: {count}, of {len(asking)} workloads. Paste the lines that hold, and write why."
    for one, asked in asking:
        yield ""
        yield from _table(assessment.config, one.id)
        for rule, findings in asked.items():
            yield from _question(rule, findings, one)


def _table(config: Config, workload_id: str) -> Iterator[str]:
    """The table's head; one that the config has already cannot stand twice in a TOML file."""
    head = f"[workload.{json.dumps(workload_id)}.decided]"
    decided = config.workload(workload_id).decided
    has = bool(decided.reasons) or any(getattr(decided, name) for name in CHOICES)
    yield f"# Add to {head}, which is in {config.origin.file or 'the config'} already:" if has else head


def _question(rule: str, findings: Sequence[Finding], one: WorkloadAssessment) -> Iterator[str]:
    for finding in findings:
        yield f"# {rule}: {_one_line(finding.message)}"
        if finding.path:
            yield f"#   at {finding.path}"
    for remedy in dict.fromkeys(f.remediation for f in findings if f.remediation):
        yield f"#   do: {_one_line(remedy)}"
    if rule in NOT_BY_WORDS:
        yield f"#   no sentence settles it; what does: {NOT_BY_WORDS[rule]}"
        return
    if choice := BY_CHOICE.get(rule):
        yield _choice(choice)
        return
    if rule in _ASK_FOR_INVOKER:
        yield f"#{_choice('invoker')}: whether callers show an identity token"
    evidence = evidence_of(f for f in one.findings if f.rule == rule)[rule]
    yield f"{rule} = {json.dumps(marked(_DRAFT, evidence), ensure_ascii=False)}"


def _choice(name: str) -> str:
    first, second = CHOICES[name]
    return f'{name} = "{first}"  # or "{second}"'


def _one_line(text: str) -> str:
    asked, _, said = text.partition(" [k2cr.toml: ")
    return " ".join((f"{asked} ({said.rstrip(']')})" if said else asked).split())
