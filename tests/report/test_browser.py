"""A real browser renders the pages, and asks the network for nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from k2cr_analysis.report.pages.batch import Selection, write_report
from k2cr_analysis.resources import bundled

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-default-apps", "--disable-extensions", "--disable-domain-reliability",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory, demo):
    out = tmp_path_factory.mktemp("browser")
    write_report([bundled("data", "demo")], out, Selection(("portal/Deployment/frontend",)))
    return out


@pytest.mark.parametrize("name", ["index", "portfolio", "portal--deployment--frontend"])
def test_a_page_renders_without_a_request(folder, tmp_path, name):
    """What the browser asks for by itself (the time, its own updates) it asks for with an empty page too."""
    empty = tmp_path / "empty.html"
    empty.write_text("<!DOCTYPE html><title>empty</title>", encoding="utf-8")
    _, own = _opened(empty, tmp_path / "own")
    shown, asked = _opened(folder / f"{name}.html", tmp_path / "page")
    assert "Made-up data" in shown
    assert "<h1" in shown
    assert asked <= own


def _opened(page: Path, scratch: Path) -> tuple[str, set[str]]:
    """The page as the browser built it, and the hosts that were asked for anything; no name is resolved."""
    scratch.mkdir()
    log = scratch / "net.json"
    offline = (
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={scratch / 'profile'}",
        f"--log-net-log={log}",
    )
    command = [CHROMIUM, *QUIET, *offline, "--dump-dom", page.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    asked = {urlsplit(event.get("params", {}).get("url", "")) for event in _events(log)}
    return shown, {url.hostname or "" for url in asked if url.scheme in ("http", "https")}


@pytest.mark.parametrize("width", [390, 1200])
def test_a_page_is_no_wider_than_its_window(folder, tmp_path, width):
    """Wide tables and pictures scroll inside their own frame; on a phone nothing is cut off."""
    measure = folder / f"measure-{width}.html"
    page = (folder / "portal--deployment--frontend.html").read_text(encoding="utf-8")
    script = "<script>document.title = document.documentElement.scrollWidth + ' ' + innerWidth</script>"
    allowed = page.replace("default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';")
    measure.write_text(allowed.replace("</body>", f"{script}</body>"), encoding="utf-8")
    offline = ("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}")
    command = [CHROMIUM, *QUIET, *offline, f"--window-size={width},900", "--dump-dom", measure.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    wide, window = map(int, shown.split("<title>")[1].split("</title>")[0].split())
    assert wide <= window


def _events(log):
    text = log.read_text(encoding="utf-8").rstrip().rstrip(",")
    try:
        return json.loads(text)["events"]
    except json.JSONDecodeError:  # the browser left before it closed the list
        return json.loads(text + "]}")["events"]
