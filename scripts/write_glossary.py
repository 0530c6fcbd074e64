"""Writes `docs/glossary.md`; with `--check`, fails where the page is not what the declared columns say.

python scripts/write_glossary.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from k2cr_analysis.report.tables.glossary import glossary

PAGE = Path(__file__).resolve().parent.parent / "docs" / "glossary.md"


def main() -> None:
    if "--check" in sys.argv[1:]:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != glossary():
            sys.exit("docs/glossary.md is not up to date: run python scripts/write_glossary.py")
        return
    PAGE.write_text(glossary(), encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
