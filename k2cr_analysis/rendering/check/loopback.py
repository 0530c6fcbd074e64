"""A Cloud Run v1 endpoint on the loopback: it takes what gcloud sends, keeps it, and answers as if all went well.

It plays the HTTP proxy, so that the region which gcloud puts before the host name need not resolve. CONNECT is refused
at once, so nothing leaves the machine.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Tree = dict[str, Any]
_RESOURCE = re.compile(r"/(services|jobs|workerpools)(?:/([^/:]+))?(:\w+)?$", re.IGNORECASE)


@dataclass
class Loopback:
    """``sent``: the objects that gcloud would have created or replaced, in their order."""

    port: int
    sent: list[Tree] = field(default_factory=list)
    objects: dict[tuple[str, str], Tree] = field(default_factory=dict)

    def forget(self) -> None:
        self.sent.clear()
        self.objects.clear()


@contextmanager
def loopback() -> Iterator[Loopback]:
    """A running endpoint; stopped on the way out."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    state = Loopback(server.server_address[1])
    server.state = state  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def do_CONNECT(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = True

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class's names

    def _answer(self) -> None:
        state: Loopback = self.server.state  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        body = self._body()
        resource = _RESOURCE.search(path)
        if resource is None or resource[3]:
            self._send(200, {"bindings": [], "etag": "eA=="} if "IamPolicy" in path else {})
            return
        key = (resource[1].lower(), resource[2] or str(body.get("metadata", {}).get("name")))
        if self.command == "GET":
            found = state.objects.get(key)
            self._send(200, found) if found else self._send(404, {"error": {"code": 404, "status": "NOT_FOUND"}})
            return
        state.sent.append(body)
        state.objects[key] = _ready(body, key[1])
        self._send(200, state.objects[key])

    def _body(self) -> Tree:
        length = int(self.headers.get("Content-Length") or 0)
        found: Tree = json.loads(self.rfile.read(length) or b"{}") if length else {}
        return found

    def _send(self, code: int, answer: Tree) -> None:
        data = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _ready(body: Tree, name: str) -> Tree:
    """The object with a status that makes gcloud stop waiting."""
    made: Tree = json.loads(json.dumps(body))
    made.setdefault("metadata", {}).update({"generation": 1, "resourceVersion": "1", "uid": "1"})
    conditions = [{"type": t, "status": "True"} for t in ("Ready", "ConfigurationsReady", "RoutesReady")]
    revision = f"{name}-00001-abc"
    made["status"] = {
        "observedGeneration": 1,
        "conditions": conditions,
        "latestCreatedRevisionName": revision,
        "latestReadyRevisionName": revision,
        "url": f"https://{name}.run.test",
        "traffic": [{"revisionName": revision, "percent": 100, "latestRevision": True}],
    }
    return made
