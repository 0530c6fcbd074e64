"""A real Chromium, driven over its own protocol: pages are opened, clicked, typed at, measured and photographed."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-default-apps", "--disable-extensions", "--disable-domain-reliability",
    "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)  # fmt: skip
_KEYS = {"Enter": 13, "Tab": 9, " ": 32, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39}


class Tab:
    """One tab. ``asked`` are the addresses that it asked for over the network; ``said`` the errors of its console."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._number = socket, 0
        self.asked: list[str] = []
        self.said: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)  # no window of a headless browser has it

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                assert "error" not in message, message["error"]
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        if message.get("method") == "Page.javascriptDialogOpening":  # leave the page, whatever is not saved
            answer = {"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
            self._socket.send(json.dumps(answer))
        if message.get("method") == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        if message.get("method") == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.said.append(told["entry"]["text"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.said.append(told["exceptionDetails"].get("exception", {}).get("description", "exception"))

    def open(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        self.size(width, height)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def size(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def run(self, script: str) -> Any:
        """The value of an expression, promises awaited."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, condition: str, seconds: float = 30) -> Any:
        """Until the expression is true; gives its value, or true where that is an element."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.run(
                f"(() => {{ try {{ const v = {condition}; return v instanceof Node || v }} catch {{ return null }} }})()"
            )
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"not so after {seconds} s: {condition}")

    def press(self, key: str, text: str = "") -> None:
        code = _KEYS.get(key, 0)
        told = {"key": key, "code": key, "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code}
        typed = {"text": "\r" if key == "Enter" else text or (key if key == " " else "")}
        self.call("Input.dispatchKeyEvent", type="keyDown", **told, **({k: v for k, v in typed.items() if v}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def picture(self, path: Path, *, whole: bool = False) -> Path:
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))
        path.write_bytes(base64.b64decode(data["data"]))
        return path

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        box = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": box["width"], "height": min(box["height"], 16000), "scale": 1}}


@contextmanager
def chrome(scratch: Path) -> Iterator[Tab]:
    """A tab of a browser of its own, with an empty profile; no name is resolved."""
    websocket = pytest.importorskip("websocket")
    profile = scratch / "profile"
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={profile}", "about:blank"]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _port(profile / "DevToolsActivePort")
        opened = urlopen(Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT"), timeout=20)
        socket = websocket.create_connection(json.load(opened)["webSocketDebuggerUrl"], timeout=120)
        yield Tab(socket)
        socket.close()
    finally:
        browser.terminate()
        browser.wait(timeout=30)


def _port(told: Path) -> int:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if told.is_file() and (lines := told.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.1)
    raise AssertionError("chromium did not start")
