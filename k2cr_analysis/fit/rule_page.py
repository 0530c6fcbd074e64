"""A rule's documentation page, and the list of all rules, in Markdown. Both come from the rules' own text."""

from __future__ import annotations

from collections.abc import Iterable

from k2cr_analysis.fit.registry import Rule

_GRADE = {
    "blocker": "blocker: it cannot move while this holds",
    "change": "change: something has to be decided or done",
    "note": "note: nothing has to be done",
}


def page(rule: Rule) -> str:
    """The page of one rule, ``docs/rules/<id>.md``."""
    fields = (
        "".join(f"- `{field}`\n" for field in rule.reads)
        or "- none: it looks at what was worked out of the whole workload\n"
    )
    return (
        f"# {rule.id}\n\n{rule.text.what}\n\n"
        f"| severity | {_GRADE[rule.severity]} |\n|---|---|\n| defined in | "
        f"`k2cr_analysis/fit/rules/{rule.subject}.py` |\n| Google's documentation | <{rule.docs}> |\n\n"
        f"## Why\n\n{rule.text.why}\n\n## Remedy\n\n{rule.text.remedy}\n\n## "
        f"Example\n\n```yaml\n{rule.text.example.strip('`')}\n```\n\n"
        f"## Fields that it looks at\n\n{fields}\n"
        f"## To silence or re-grade it\n\n```toml\n[rules.{rule.id}]\n"
        'severity = "off"   # or blocker, change, note\nreason = "why this holds for you"\n```\n'
    )


def index_page(rules: Iterable[Rule]) -> str:
    """The list of all rules, ``docs/rules/README.md``, by severity and id."""
    listed = list(rules)
    lines = [
        "# Rules of fit",
        "",
        f"{len(listed)} rules, each with its page. Made by `scripts/write_rule_pages.py` from the rules' own text.",
        "",
    ]
    for severity in _GRADE:
        lines += [f"## {severity}", "", "| rule | what it finds |", "|---|---|"]
        lines += [f"| [{r.id}]({r.id}.md) | {r.text.what} |" for r in listed if r.severity == severity]
        lines.append("")
    return "\n".join(lines)
