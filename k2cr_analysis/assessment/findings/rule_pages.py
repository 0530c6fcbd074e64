"""Every rule that can speak of a workload, with its page: those of fit, and what sizing and the assessment note.

``k2cr explain`` prints the pages, ``scripts/write_rule_pages.py`` writes them to ``docs/rules/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache

from k2cr_analysis.assessment.findings import notices as _of_assessment  # noqa: F401 (enters its rules)
from k2cr_analysis.errors import UsageError
from k2cr_analysis.fit import all_rules
from k2cr_analysis.model.findings.finding import Severity
from k2cr_analysis.model.findings.rules import RulePage, registered_pages
from k2cr_analysis.sizing import notices as _of_sizing  # noqa: F401 (enters its rules)

_GRADE: Mapping[Severity, str] = {
    "blocker": "blocker: it cannot move while this holds",
    "change": "change: something has to be decided or done",
    "note": "note: nothing has to be done",
}


@cache
def rule_pages() -> Mapping[str, RulePage]:
    """All pages by rule id, in the order of the ids: of whatever the modules that are imported here have entered."""
    all_rules()
    return registered_pages()


def find_page(rule_id: str) -> RulePage:
    """The page of a rule; a UsageError with the nearest ids where there is none."""
    pages = rule_pages()
    if rule_id in pages:
        return pages[rule_id]
    raise UsageError(
        ref="unknown-rule",
        found=f'"{rule_id}"',
        expected=f"one of the {len(pages)} rules{_near(rule_id)}",
        do="run `k2cr explain` alone for the list of rules",
    )


def _near(rule_id: str) -> str:
    close = get_close_matches(rule_id, rule_pages(), n=3, cutoff=0.5)
    return f", perhaps {' or '.join(close)}" if close else ""


def page_text(page: RulePage) -> str:
    """A page in Markdown, ``docs/rules/<id>.md``."""
    text = page.text
    parts = [
        f"# {page.id}\n\n{text.what}\n",
        f"| severity | {_GRADE[page.severity]} |\n|---|---|\n| defined in | `{page.defined_in}` |"
        f"\n| Google's documentation | <{page.docs}> |\n",
        f"## Why\n\n{text.why}\n",
        f"## Remedy\n\n{text.remedy}\n",
        f"## Example\n\n```yaml\n{text.example.strip('`')}\n```\n",
    ]
    none = "- none: it looks at what was worked out of the whole workload"
    fields = [f"- `{field}`" for field in page.reads] or [none]
    parts.append("## Fields that it looks at\n\n" + "\n".join(fields) + "\n")
    parts.append(
        f"## To silence or re-grade it\n\n```toml\n[rules.{page.id}]\n"
        'severity = "off"   # or blocker, change, note\nreason = "why this holds for you"\n```\n'
    )
    return "\n".join(parts)


def index_text(pages: Iterable[RulePage]) -> str:
    """The list of all rules, ``docs/rules/README.md``, by severity and id."""
    listed = list(pages)
    made = "Made by `scripts/write_rule_pages.py` from the rules' own text."
    lines = ["# Rules", "", f"{len(listed)} rules, each with its page. {made}", ""]
    for severity in _GRADE:
        lines += [f"## {severity}", "", "| rule | what it finds |", "|---|---|"]
        lines += [f"| [{p.id}]({p.id}.md) | {p.text.what} |" for p in listed if p.severity == severity]
        lines.append("")
    return "\n".join(lines)
