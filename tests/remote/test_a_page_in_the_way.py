"""A proxy's login page in place of an API: told as what it is, once, with the way out; no wait, no traceback."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from k2cr_analysis.errors import InputError, RemoteError, UsageError
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.sources.billing_export.client import BillingExport
from k2cr_analysis.sources.catalog.client import read_skus
from k2cr_analysis.sources.cloud_run.services import CloudRun
from k2cr_analysis.sources.cluster_api.connection import ApiServer
from k2cr_analysis.sources.fleet.clusters import _listed
from k2cr_analysis.sources.monitoring.client import Monitoring
from k2cr_analysis.sources.retry import RetryPolicy
from tests.cli.test_terminal import run

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<html><body>Please log in</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def page():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


NEVER = RetryPolicy(attempts=1)
CALLS = {
    "RUN": lambda: CloudRun("p", Caller(), NEVER).services(),
    "CONTAINER": lambda: _listed("p", Caller(), NEVER),
    "BIGQUERY": lambda: BillingExport("p.d.t", START, END, "p").plan(),
    "BILLING": lambda: list(read_skus(("152E-C115-5142",), "USD", Caller(), NEVER)),
    "MONITORING": lambda: Monitoring("p", Caller(), NEVER).clusters(END),
}


@pytest.mark.parametrize("api", CALLS)
def test_a_login_page_is_told_with_the_way_past_it(page, monkeypatch, api):
    monkeypatch.setenv(f"K2CR_ENDPOINT_{api}", page)
    with pytest.raises(RemoteError) as caught:
        CALLS[api]()
    assert "NO_PROXY" in caught.value.do and "again later" not in caught.value.do


def test_a_kubeconfig_that_is_none_is_bad_input(tmp_path):
    (tmp_path / "config").write_text("# Title: a: b\nx: y: z\n")
    with pytest.raises(InputError, match="not-a-kubeconfig"):
        ApiServer("a", str(tmp_path / "config"))


def test_a_context_that_is_not_there_is_told_without_blame_for_the_file(tmp_path):
    text = (
        "apiVersion: v1\nkind: Config\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: []\nusers: []\n"
    )
    (tmp_path / "config").write_text(text)
    with pytest.raises(UsageError, match="which the kubeconfig does not have") as caught:
        ApiServer("b", str(tmp_path / "config"))
    assert caught.value.expected == "a"


def test_all_clusters_of_no_project_is_told_so(tmp_path):
    with pytest.raises(UsageError, match="--all-clusters without --project"):
        run("collect", "--all-clusters", "--out", str(tmp_path / "d"))
