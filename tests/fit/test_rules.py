"""Each rule fires and stays silent where its cases say: cases/<rule>/{fires,silent}.<why>.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from k2cr_analysis.fit import all_rules
from tests.fit.cluster import fits_of, read_case, rules_of

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(FOLDER.glob("*/*.yaml"))
RULES = list(all_rules().values())


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_rule_fires_or_stays_silent(case: Path) -> None:
    documents, config = read_case(case)
    found = {rule for fit in fits_of(documents, config).values() for rule in rules_of(fit)}
    assert (case.parent.name in found) == case.stem.startswith("fires.")


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_rule_has_a_case_that_fires_and_one_that_does_not(rule) -> None:
    names = [p.name for p in (FOLDER / rule.id).glob("*.yaml")]
    assert any(n.startswith("fires.") for n in names)
    assert any(n.startswith("silent.") for n in names)


def test_every_folder_of_cases_belongs_to_a_rule() -> None:
    assert {p.parent.name for p in CASES} <= set(all_rules())


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.stem.startswith("fires.")], ids=lambda p: f"{p.parent.name}/{p.stem}"
)
def test_finding_is_whole(case: Path) -> None:
    documents, config = read_case(case)
    for fit in fits_of(documents, config).values():
        for finding in fit.findings:
            assert finding.path
            assert finding.message
            assert finding.remediation
            assert finding.docs == f"docs/rules/{finding.rule}.md"
