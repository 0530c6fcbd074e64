"""A real JupyterLab on the loopback, with a folder of notebooks, opened in a real browser."""

from __future__ import annotations

import json
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
_NOTEBOOK = "[...(window.jupyterapp?.shell?.widgets('main') ?? [])].find(w => w.sessionContext)"
_IDLE = f"{_NOTEBOOK}?.sessionContext.session?.kernel?.status === 'idle'"
_RUN = f"window.jupyterapp.shell.activateById({_NOTEBOOK}.id); window.jupyterapp.commands.execute('notebook:run-all-cells'); 1"
_PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.textContent)"
_FAILED = (
    "document.querySelector('.jp-OutputArea-output[data-mime-type=\"application/vnd.jupyter.stderr\"]')?.innerText"
)
# Settings of the lab: every cell is on the screen, not only those that are scrolled to; and no news.
_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
}


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves ``folder``, with settings of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scratch = folder / ".lab"
    for name, values in _SETTINGS.items():
        path = scratch / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
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
    while not (tab.run(_IDLE) and all("[*]" not in p and any(c.isdigit() for c in p) for p in tab.run(_PROMPTS))):
        assert time.monotonic() < end, f"the notebook did not end: {tab.run(_PROMPTS)}"
        # A lab whose kernel is not up yet asks which one to take, and forgets what it was told to run.
        tab.run(_ACCEPT)
        if tab.run(_IDLE) and not any("*" in prompt for prompt in tab.run(_PROMPTS)):
            assert not (failed := tab.run(_FAILED)), failed
            tab.run(_RUN)
            time.sleep(3)  # until the cells say that they wait
        time.sleep(1)


def _wait_for(url: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            urlopen(url, timeout=5)
            return
        except (URLError, OSError):
            time.sleep(0.3)
    raise AssertionError("JupyterLab did not start")
