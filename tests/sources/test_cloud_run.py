"""``verify`` without a file: the Run API and Cloud Monitoring on the loopback, for one service and for all of them."""

from __future__ import annotations

import contextlib
import json
import re
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from k2cr_analysis.errors import InputError, PartialError, RemoteError, UsageError
from k2cr_analysis.sources.collection import collect_manifests
from tests.cli.test_gaps import MANIFEST, WEB
from tests.cli.test_terminal import run
from tests.sources.api_server import Cluster, serving
from tests.sources.metric_service import Metrics, serving_metrics

END = "2026-03-20T00:00:00Z"
API = MANIFEST.replace("web", "api")


class RunMetrics(Metrics):
    """A request a second of 100 ms to 150 ms, one instance, a start of 2 s an hour, for the services that there are."""

    services = ("web", "api")

    def asked_for(self, request, metric):
        name = re.search(r'service_name = "([^"]+)"', request.filter)[1]
        assert 'resource.labels.location = "europe-west1"' in request.filter
        if name not in self.services:
            return []
        if metric.endswith("request_latencies"):
            return [{"response_code_class": "2xx"}]
        return [{"state": "active"}] if metric.endswith("instance_count") else [{}]

    @staticmethod
    def fill(series, labels):
        for name, value in labels.items():
            series.metric.labels[name] = value

    @staticmethod
    def point(point, metric, series, end):
        point.interval.end_time.seconds = end
        if not metric.endswith("latencies"):
            point.value.double_value = 1.0 if metric.endswith("count") else 300.0
            return
        starts = "startup" in metric
        found = point.value.distribution_value
        found.count, found.mean = (1, 2000.0) if starts else (300, 125.0)
        found.bucket_options.explicit_buckets.bounds.extend([100.0, 150.0, 1000.0, 3000.0])
        found.bucket_counts.extend([0, 0, 0, 1] if starts else [0, 300])


class Handler(BaseHTTPRequestHandler):
    services = (("web", "europe-west1", "2026-01-01T00:00:00Z"), ("other", "us-east1", "2026-01-01T00:00:00Z"))
    refused = None
    labels: ClassVar = {}
    images: ClassVar = {}

    def do_GET(self):
        if self.refused:
            self.send(self.refused, {"error": {"message": "Permission 'run.services.list' denied"}})
        elif self.path.endswith("/services"):
            self.send(
                200,
                {"items": [self.item(n, place) for n, place, _ in self.services[:1]], "metadata": {"continue": "2"}},
            )
        elif "/services?" in self.path:
            self.send(200, {"items": [self.item(n, place) for n, place, _ in self.services[1:]], "metadata": {}})
        else:
            name = self.path.rpartition("/")[2].removesuffix("-00001")
            made = next(at for n, _, at in self.services if n == name)
            self.send(200, {"metadata": {"creationTimestamp": made}})

    @classmethod
    def item(cls, name, place):
        labels = {"cloud.googleapis.com/location": place, **cls.labels.get(name, {})}
        metadata = {"name": name, "namespace": "1", "labels": labels}
        containers = [{"image": cls.images.get(name, "i")}]
        spec = {"template": {"spec": {"containerConcurrency": 33, "containers": containers}}}
        return {
            "metadata": metadata,
            "spec": spec,
            "status": {"traffic": [{"revisionName": f"{name}-00001", "percent": 100}]},
        }

    def send(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """(snapshot, Run API, metrics)"""
    (tmp_path / "m.yaml").write_text(MANIFEST + "---" + API)
    collect_manifests(tmp_path / "m.yaml", tmp_path / "s", end="2026-03-03", location="europe-west1", project="proj")
    handler = type("Here", (Handler,), {"services": list(Handler.services)})
    metrics = RunMetrics()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("K2CR_ENDPOINT_RUN", f"http://127.0.0.1:{server.server_port}")
    with ExitStack() as stack:
        monkeypatch.setenv("K2CR_ENDPOINT_MONITORING", stack.enter_context(serving_metrics(metrics)))
        yield str(tmp_path / "s"), handler, metrics
    server.shutdown()


def verified(*words):
    """What the verb gives, whether it is near what was predicted or not."""
    out = words[words.index("--out") + 1]
    with contextlib.suppress(PartialError):
        run("verify", *words)
    return json.loads(Path(out).read_text())


def test_one_service_is_read_without_a_file(moved, tmp_path):
    snapshot, _, metrics = moved
    found = verified(
        snapshot, WEB, "--end", END, "--window", "6h", "--format", "json", "--out", str(tmp_path / "o.json")
    )
    assert (found["workload"], found["service"]) == (WEB, "web")
    measured = {c["quantity"]: c["measured"] for c in found["comparisons"]}
    assert measured["start-up, mean"] == 2000 and 100 <= measured["request latency, p50"] <= 150
    assert measured["instances, mean"] == pytest.approx(1.0, rel=0.01)
    assert {metric for metric, *_ in metrics.calls} >= {"run.googleapis.com/request_latencies"}
    assert any(
        "21600 requests" in note or "21,600 requests" in note or "108000" in note for note in found["assumptions"]
    )


def test_all_that_were_moved_are_found_by_their_names(moved, tmp_path):
    snapshot, handler, _ = moved
    handler.services.append(("api", "europe-west1", "2026-03-19T21:02:00Z"))
    found = verified(snapshot, "--end", END, "--window", "6h", "--format", "json", "--out", str(tmp_path / "o.json"))
    assert [one["service"] for one in found["services"]] == ["api", "web"]


def test_a_revision_is_measured_since_it_was_made(moved):
    snapshot, handler, metrics = moved
    handler.services[0] = ("web", "europe-west1", "2026-03-19T21:02:00Z")
    with contextlib.suppress(PartialError):
        run("verify", snapshot, WEB, "--end", END, "--window", "6h")
    starts = {datetime.fromtimestamp(start, UTC) for _, start, _ in metrics.calls}
    assert min(starts) == datetime(2026, 3, 19, 21, 5, tzinfo=UTC)


def test_refusals_and_absences_are_told(moved):
    snapshot, handler, metrics = moved
    with pytest.raises(InputError, match="no service elsewhere on Cloud Run"):
        run("verify", snapshot, WEB, "--service", "elsewhere", "--end", END)
    with pytest.raises(UsageError, match="whose-service"):
        run("verify", snapshot, "--service", "web")
    with pytest.raises(UsageError, match="whose-metrics"):
        run("verify", snapshot, "--metrics", "f.csv")
    metrics.services = ()
    with pytest.raises(InputError, match="no metrics of web in europe-west1"):
        run("verify", snapshot, WEB, "--end", END, "--window", "6h")
    with pytest.raises(InputError, match="nothing-moved"):
        run("verify", snapshot, "--end", END, "--window", "6h")
    handler.refused = 403
    with pytest.raises(RemoteError, match=r"roles/run\.viewer"):
        run("verify", snapshot, WEB, "--end", END)


def test_all_that_were_moved_are_found_by_their_labels_too(moved, tmp_path):
    snapshot, handler, metrics = moved
    handler.services.append(("house-api", "europe-west1", "2026-01-01T00:00:00Z"))
    handler.labels = {"house-api": {"k8s-namespace": "shop", "k8s-workload": "api"}}
    metrics.services = ("web", "house-api")
    found = verified(snapshot, "--end", END, "--window", "6h", "--format", "json", "--out", str(tmp_path / "o.json"))
    assert [(one["workload"], one["service"]) for one in found["services"]] == [
        ("shop/Deployment/api", "house-api"),
        (WEB, "web"),
    ]


@pytest.fixture
def collected(moved, tmp_path, monkeypatch):
    """(collect, Run API): a cluster of three workloads, in whose project three services run."""
    _, handler, _ = moved
    handler.services = [(n, "europe-west1", "2026-01-01T00:00:00Z") for n in ("house-web", "api", "cart")]
    handler.labels = {"house-web": {"k8s-namespace": "shop", "k8s-workload": "web"}}
    handler.images = {"api": "eu.gcr.io/p/api@sha256:12", "cart": "eu.gcr.io/p/another:1"}
    monkeypatch.delenv("K2CR_ENDPOINT_MONITORING")
    objects = [o for name in ("web", "api", "cart") for o in deployed(name)]
    with serving(Cluster(objects)) as cluster:
        config = cluster.kubeconfig(tmp_path / "config")
        asked = ("collect", "--context", "gke_proj_europe-west1_shop", "--kubeconfig", config, "--end", "2026-03-03")
        no_metrics = ("--without", "usage", "--without", "traffic", "--out", str(tmp_path / "live"))
        yield lambda: run(*asked, *no_metrics), handler


def deployed(name):
    labels = {"app": name}
    pod = {"containers": [{"name": name, "image": f"eu.gcr.io/p/{name}:1", "ports": [{"containerPort": 8080}]}]}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    service = {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    metadata = {"name": name, "namespace": "shop"}
    yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service}


def test_what_runs_on_cloud_run_already_is_known_and_not_proposed_again(collected, tmp_path):
    collect, _ = collected
    collect()
    out = tmp_path / "o.json"
    run("assess", str(tmp_path / "live"), "--format", "json", "--out", str(out))
    found = json.loads(out.read_text())
    told = {w["id"]: [f["message"] for f in w["findings"] if f["rule"] == "moved-already"] for w in found["workloads"]}
    assert told == {
        "shop/Deployment/api": ["it runs on Cloud Run already, as service api in europe-west1"],
        "shop/Deployment/cart": [],  # a service of that name with another image is another program
        WEB: ["it runs on Cloud Run already, as service house-web in europe-west1"],
    }
    assert {one["id"] for one in found["others"]} >= {"europe-west1/Service/api", "europe-west1/Service/cart"}
    run("plan", str(tmp_path / "live"), "--format", "json", "--out", str(out))
    left = {one["id"]: one["why"] for one in json.loads(out.read_text())["left"]}
    assert left[WEB].startswith("it runs on Cloud Run already, as service house-web")
    assert ["already" in left[f"shop/Deployment/{name}"] for name in ("api", "cart")] == [True, False]


def test_who_may_not_list_services_is_told_what_hangs_on_it(collected, tmp_path):
    collect, handler = collected
    handler.refused = 403
    collect()  # the cluster is whole all the same
    gaps = json.loads((tmp_path / "live" / "snapshot.json").read_text())["gaps"]
    (told,) = [gap for gap in gaps if gap.startswith("Cloud Run of proj")]
    assert "may be proposed again" in told and "roles/run.viewer" in told
