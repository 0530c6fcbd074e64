"""Three clusters of two projects in one metrics scope, in one go: each whole, nothing twice, each with its own resume."""

from __future__ import annotations

import json
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import grpc
import pytest
import yaml

from k2cr_analysis.errors import InputError
from k2cr_analysis.snapshot import open_snapshot
from k2cr_analysis.sources.fleet.clusters import Found
from k2cr_analysis.sources.fleet.members import members_of
from k2cr_analysis.sources.monitoring.backends import Backend, Backends
from tests.sources.api_server import Cluster, serving
from tests.sources.metric_service import Metrics, serving_metrics
from tests.sources.test_live import CPU, bytes_of, k2cr

SHOP, EAST, OTHER = ("proj", "europe-west1", "shop"), ("proj", "us-east1", "shop"), ("lab", "europe-west1", "shop")
NAMED = "the-neg"  # of a person's choice, in each cluster
PORT = 30080


def context(place):
    project, location, name = place
    return f"gke_{project}_{location}_{name}"


def objects(place):
    zone = f"{place[1]}-b"
    neg = {"network_endpoint_groups": {"80": NAMED}, "zones": [zone]}
    names = {"name": "web", "namespace": "shop"}
    pod = {"containers": [{"name": "web", "image": "i"}, {"name": "proxy", "image": "i"}]}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": names,
         "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}}},
        {"apiVersion": "v1", "kind": "Service",
         "metadata": names | {"annotations": {"cloud.google.com/neg-status": json.dumps(neg)}},
         "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": 8080}]}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "old", "namespace": "shop"},
         "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": 8080, "nodePort": PORT}]}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ingress-uid", "namespace": "kube-system"},
         "data": {"uid": mark(place)}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": f"uid-{'-'.join(place)}"}},
    ]  # fmt: skip


def mark(place):
    return f"{sum(map(ord, ''.join(place))):016x}"


class Scope(Metrics):
    """A scoping project: the series of three clusters, with the labels of real ones."""

    def asked_for(self, request, metric):
        found = []
        for place in (SHOP, EAST, OTHER):
            project, location, name = place
            labels = {"project_id": project, "location": location, "cluster_name": name}
            if (
                "cluster_name =" in request.filter
                and f'"{name}" AND resource.labels.location = "{location}"' not in request.filter
            ):
                continue
            if metric.startswith("loadbalancing.googleapis.com/https/backend"):
                for backend in (NAMED, f"k8s-be-{PORT}--{mark(place)}"):
                    names = {"backend_name": backend, "backend_target_name": backend, "backend_scope": f"{location}-b"}
                    found.append(names | {"project_id": project, "response_code_class": "200"})
            elif metric.startswith("kubernetes.io/"):
                found += [series | labels for series in self.series(metric)]
        paths = [path.rpartition(".")[2] for path in request.aggregation.group_by_fields]
        return [{k: v for k, v in one.items() if k in paths} for one in found]


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    """(clusters by place, metrics, kubeconfig)"""
    metrics = Scope()
    with ExitStack() as stack:
        clusters = {place: stack.enter_context(serving(Cluster(objects(place)))) for place in (SHOP, EAST, OTHER)}
        monkeypatch.setenv("K2CR_ENDPOINT_MONITORING", stack.enter_context(serving_metrics(metrics)))
        config = {"apiVersion": "v1", "kind": "Config", "users": [{"name": "u", "user": {"token": "right"}}]}
        config["clusters"] = [{"name": context(p), "cluster": {"server": c.url}} for p, c in clusters.items()]
        config["contexts"] = [{"name": context(p), "context": {"cluster": context(p), "user": "u"}} for p in clusters]
        (tmp_path / "config").write_text(yaml.safe_dump(config))
        yield clusters, metrics, tmp_path / "config"


def fleet_file(folder, config):
    lines = [f'[defaults]\nkubeconfig = "{config}"\nmetrics_project = "scoping"']
    lines += [f'[[cluster]]\ncontext = "{context(place)}"' for place in (SHOP, EAST, OTHER)]
    (folder / "fleet.toml").write_text("\n".join(lines))
    return folder / "fleet.toml"


WINDOW = ("--window", "1d", "--end", "2026-03-03")
NAMES = {SHOP: "shop-europe-west1-proj", EAST: "shop-us-east1", OTHER: "shop-europe-west1-lab"}


def test_three_clusters_each_whole_nothing_twice(fleet, tmp_path):
    done = k2cr("collect", "--fleet", fleet_file(tmp_path, fleet[2]), "--out", tmp_path / "f", *WINDOW)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "f").iterdir()} == set(NAMES.values())
    assert "then: k2cr assess" in done.stdout and "(2 of 3)" in done.stderr
    for place, name in NAMES.items():
        snapshot = open_snapshot(tmp_path / "f" / name)
        assert (snapshot.provenance.project, snapshot.provenance.location) == place[:2]
        usage = snapshot.table("usage").to_pandas()
        keys = ["metric_type", "reducer", "top_level_controller_name", "container_name", "end_time"]
        assert len(usage) == 12 * 288 + 3 * 1440 + 2 * 2 * 24 and not usage.duplicated(keys).any()
        traffic = snapshot.table("traffic").to_pandas()
        assert len(traffic) == 2 * 96 and set(traffic.service_name) == {"web", "old"}
        one = (traffic.end_time.map(lambda t: int(t.timestamp()) // 60 % 1000)).tolist()
        extra = traffic.request_count.to_numpy() - one
        assert extra.max() < 100  # the number of one series: of two it would be twice the minutes


def test_a_refusal_of_one_leaves_the_others_and_the_next_run_asks_for_it_alone(fleet, tmp_path):
    clusters, metrics, config = fleet
    words = ["collect", "--fleet", fleet_file(tmp_path, config), "--out", tmp_path / "f", *WINDOW]
    whole = k2cr("collect", "--fleet", tmp_path / "fleet.toml", "--out", tmp_path / "whole", *WINDOW)
    assert whole.returncode == 0, whole.stderr
    clusters[EAST].forbidden = {"services"}
    clusters[OTHER].forbidden = {"pods", "nodes"}
    failed = k2cr(*words)
    assert failed.returncode == 4, failed.stderr
    assert "shop-us-east1: services: not readable" in failed.stderr, failed.stderr
    assert "1 are whole" in failed.stderr, failed.stderr
    clusters[EAST].forbidden = set()
    clusters[OTHER].forbidden = set()
    for cluster in clusters.values():
        cluster.calls.clear()
    calls = len(metrics.calls)
    mended = k2cr(*words)
    assert mended.returncode == 0, mended.stderr
    assert not clusters[SHOP].calls and len(metrics.calls) == calls
    assert not [path for path, _ in clusters[EAST].calls if path.endswith("/deployments")]
    for name in NAMES.values():
        assert bytes_of(tmp_path / "f" / name) == bytes_of(tmp_path / "whole" / name)
    assert not list((tmp_path / "f").glob(".*"))


class Gke(BaseHTTPRequestHandler):
    answer = (200, {})

    def do_GET(self):
        status, body = self.answer
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def gke(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gke)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("K2CR_ENDPOINT_CONTAINER", f"http://127.0.0.1:{server.server_port}")
    yield Gke
    server.shutdown()


def test_all_clusters_of_a_project_and_one_that_the_kubeconfig_does_not_have(fleet, gke, tmp_path):
    listed = [{"name": "shop", "location": location} for location in ("europe-west1", "us-east1", "asia-east1-b")]
    gke.answer = 200, {"clusters": listed}
    words = [
        "collect",
        "--all-clusters",
        "--project",
        "proj",
        "--kubeconfig",
        fleet[2],
        "--out",
        tmp_path / "f",
        *WINDOW,
    ]
    failed = k2cr(*words)
    assert failed.returncode == 4, failed.stderr
    assert "get-credentials shop --location=asia-east1-b --project=proj" in failed.stderr, failed.stderr
    assert (tmp_path / "f").is_dir(), failed.stderr + failed.stdout
    assert {p.name for p in (tmp_path / "f").iterdir()} == {
        "shop-europe-west1",
        "shop-us-east1",
        ".fleet.unfinished.json",
    }
    gke.answer = 403, {"error": {"message": "Required container.clusters.list permission"}}
    told = k2cr(*words[:-1], "2026-03-04")
    assert told.returncode == 0, told.stderr
    assert "roles/container.clusterViewer" in told.stderr and "those of the kubeconfig" in told.stderr
    planned = k2cr(*words, "--dry-run")
    assert planned.stdout.count("metrics: about ") == 2


WRONG = {
    "no clusters": "[defaults]\n",
    "two tables of one": "[cluster]\ncontext = 'a'\n",
    "an unknown key": "[[cluster]]\ncontext = 'a'\nnamespace = 'b'\n",
    "no context": "[[cluster]]\nproject = 'p'\n",
    "no text": "[[cluster]]\ncontext = 3\n",
    "no TOML": "[[cluster\n",
    "an unknown table": "[[clusters]]\ncontext = 'a'\n",
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_fleet_is_told(tmp_path, case):
    (tmp_path / "f.toml").write_text(WRONG[case])
    with pytest.raises(InputError, match="not-a-fleet"):
        members_of(tmp_path / "f.toml", lambda *_: Found(()), {})


def test_two_of_one_name_are_told_apart(tmp_path):
    text = "".join(
        f'[[cluster]]\ncontext = "{name}"\n'
        for name in ("gke_p_a-b1_x", "gke_q_a-b1_x", "connectgateway_p_global_x", "odd name/1")
    )
    (tmp_path / "f.toml").write_text(text)
    members, _ = members_of(Path(tmp_path / "f.toml"), lambda *_: Found(()), {})
    assert len({m.name for m in members}) == 4 and members[3].name == "odd-name-1"
    assert (members[2].live.project, members[2].live.cluster, members[2].live.location) == ("p", "x", None)


def test_a_node_port_of_several_clusters_is_nobodys_without_a_mark():
    port = [o for o in objects(SHOP) if o["metadata"]["name"] == "old"]
    backends = [Backend(f"k8s-be-{PORT}--{mark(place)}", "") for place in (SHOP, EAST)]
    unmarked = Backends(port)
    unmarked.see(backends[:1])
    assert unmarked.service_of(backends[0]) == ("shop", "old")
    unmarked.see(backends)
    assert unmarked.service_of(backends[0]) is None
    marked = Backends(objects(SHOP))
    marked.see(backends)
    assert [marked.service_of(one) for one in backends] == [("shop", "old"), None]


def test_a_metric_refused_in_one_go_is_told_for_each(fleet, tmp_path):
    fleet[1].faults[CPU] = [grpc.StatusCode.PERMISSION_DENIED] * 99
    done = k2cr("collect", "--fleet", fleet_file(tmp_path, fleet[2]), "--out", tmp_path / "f", *WINDOW)
    assert done.returncode == 4
    for name in NAMES.values():
        assert f"{name}: usage: {CPU}" in done.stderr or f"{name}: {CPU}" in done.stderr
