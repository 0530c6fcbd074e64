"""Write docs/rules/ from the rules' own text; with --check, say which pages are stale and write nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from k2cr_analysis.assessment.findings.rule_pages import index_text, page_text, rule_pages

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rules"


def pages() -> dict[Path, str]:
    rules = rule_pages()
    return {
        FOLDER / "README.md": index_text(rules.values()),
        **{FOLDER / f"{r.id}.md": page_text(r) for r in rules.values()},
    }


def main() -> int:
    wanted = pages()
    there = set(FOLDER.glob("*.md")) if FOLDER.exists() else set()
    stale = sorted(p for p, text in wanted.items() if p not in there or p.read_text(encoding="utf-8") != text)
    extra = sorted(there - set(wanted))
    if "--check" in sys.argv[1:]:
        for path in (*stale, *extra):
            print(f"stale: {path.relative_to(FOLDER.parent.parent)}", file=sys.stderr)
        if stale or extra:
            print("run scripts/write_rule_pages.py", file=sys.stderr)
        return 1 if stale or extra else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    for path in extra:
        path.unlink()
    print(f"{len(wanted)} pages, {len(stale)} written, {len(extra)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
