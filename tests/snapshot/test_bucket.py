"""A snapshot in a bucket, through pyarrow's own Cloud Storage client, against a server on the loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from k2cr_analysis.errors import SnapshotError, UsageError
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot
from k2cr_analysis.sources.collection import collect_manifests

DEMO = bundled("data", "demo")


class _Storage(BaseHTTPRequestHandler):
    """Lists and gives the files of the demo as objects of ``gs://bucket/demo/``."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append(self.path)
        objects = {f"demo/{p.relative_to(DEMO).as_posix()}": p for p in sorted(DEMO.rglob("*")) if p.is_file()}
        path = unquote(parts.path)
        name = path.removeprefix("/storage/v1/b/bucket/o/")
        if path == "/storage/v1/b/bucket/o":
            found = [self.about(n, f) for n, f in objects.items() if n.startswith(query.get("prefix", ""))]
            return self.send(json.dumps({"items": found}).encode())
        if name not in objects:
            return self.send(b'{"error": {"code": 404, "message": "No such object"}}', 404)
        if query.get("alt") == "media":
            return self.send(objects[name].read_bytes())
        return self.send(json.dumps(self.about(name, objects[name])).encode())

    @staticmethod
    def about(name, file):
        times = dict.fromkeys(("updated", "timeCreated"), "2026-01-01T00:00:00Z")
        return {"name": name, "bucket": "bucket", "size": str(file.stat().st_size), "generation": "1", **times}

    def send(self, data, code=200):
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-goog-generation", "1")
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    handler = type("Handler", (_Storage,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("K2CR_ENDPOINT_STORAGE", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    try:
        yield handler.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("address", ["gs://bucket/demo", "gs:/bucket/demo", "gs://bucket/demo/"])
def test_a_snapshot_in_a_bucket_is_the_one_that_was_copied_there(bucket, address):
    there, here = open_snapshot(address), open_snapshot(DEMO)
    assert there.sha256 == here.sha256
    assert there.table("usage").equals(here.table("usage"))


def test_it_is_copied_once(bucket):
    open_snapshot("gs://bucket/demo")
    before = len(bucket)
    open_snapshot("gs://bucket/demo")
    assert not [path for path in bucket[before:] if "alt=media" in path and "snapshot.json" not in path]


def test_an_address_without_a_snapshot_says_so(bucket):
    with pytest.raises(SnapshotError, match=r"gs://bucket/nothing"):
        open_snapshot("gs://bucket/nothing")


@pytest.mark.parametrize("out", ["gs://bucket/s", "gs:/bucket/s"])
def test_a_snapshot_is_not_written_into_a_bucket(tmp_path, out):
    (tmp_path / "a.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}]}}"
    )
    with pytest.raises(UsageError, match="gcloud storage cp"):
        collect_manifests(tmp_path / "a.yaml", out)
