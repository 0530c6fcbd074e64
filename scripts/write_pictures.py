#!/usr/bin/env python3
"""Take the README's pictures from the demo's own pages: ``k2cr demo`` first, then this, with a Chromium at hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES = {"index.png": "index.html", "workload.png": "portal--deployment--frontend.html"}


def main() -> None:
    """Photograph the top of each page as a reader first sees it."""
    report = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "reports" / "demo"
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no chromium on this machine")
    out = ROOT / "docs" / "pictures"
    out.mkdir(exist_ok=True)
    for picture, page in PICTURES.items():
        with tempfile.TemporaryDirectory() as profile:
            options = [
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                "--window-size=1280,860",
                f"--user-data-dir={profile}",
            ]
            subprocess.run(
                [chromium, *options, f"--screenshot={out / picture}", (report / page).resolve().as_uri()],
                check=True,
                capture_output=True,
            )
        print(f"written: {out / picture}")


if __name__ == "__main__":
    main()
