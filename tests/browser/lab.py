"""A real JupyterLab on the loopback, with a folder of notebooks, opened in a real browser."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.browser.chrome import Tab

TOKEN = "token-of-the-tests"
_ACCEPT = "document.querySelector('.jp-Dialog button.jp-mod-accept')?.click(); 1"
_ANY_RUNNING = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(p => /[*0-9]/.test(p.textContent))"
_ALL_NUMBERED = (
    r"[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(p => /\[\d+\]/.test(p.textContent))"
)


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves ``folder``, with settings of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scratch = folder / ".lab"
    # Every cell is on the screen, not only those that are scrolled to.
    tracker = scratch / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True, exist_ok=True)
    tracker.write_text('{"windowingMode": "none"}')
    options = (
        "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}", f"--LabApp.user_settings_dir={scratch}",
        f"--LabApp.workspaces_dir={scratch}", "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    )  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api/status?token={TOKEN}")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


def open_notebook(tab: Tab, address: str, name: str, *, width: int = 1280) -> None:
    tab.open(f"{address}/doc/tree/{name}?token={TOKEN}&reset", width=width)
    tab.wait("document.querySelectorAll('.jp-Notebook .jp-Cell').length > 0", 120)


def run_all(tab: Tab, seconds: float = 400) -> None:
    """Run every cell, by the application's own command, and wait until each has its number."""
    tab.wait("window.jupyterapp && window.jupyterapp.commands.hasCommand('notebook:run-all-cells')", 120)
    end = time.monotonic() + seconds
    while not tab.run(_ALL_NUMBERED):
        assert time.monotonic() < end, "the notebook did not end"
        # A lab whose kernel is not up yet asks which one to take, and forgets what it was told to run.
        tab.run(_ACCEPT)
        if not tab.run(_ANY_RUNNING):
            tab.run("window.jupyterapp.commands.execute('notebook:run-all-cells'); 1")
        time.sleep(3)


def _wait_for(url: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            urlopen(url, timeout=5)
            return
        except (URLError, OSError):
            time.sleep(0.3)
    raise AssertionError("JupyterLab did not start")
