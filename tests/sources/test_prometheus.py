"""Usage and traffic from a real Prometheus, against what was put into it; and its faults, from a stand-in."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import threading
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from k2cr_analysis.errors import RemoteError, UsageError
from k2cr_analysis.snapshot import open_snapshot
from k2cr_analysis.sources.checkpoint import unfinished_folder
from k2cr_analysis.sources.collection import collect_manifests
from k2cr_analysis.sources.commands import commands
from k2cr_analysis.sources.prometheus.access import access_of
from k2cr_analysis.sources.prometheus.client import Prometheus, Series
from k2cr_analysis.sources.prometheus.queries import CPU
from k2cr_analysis.sources.prometheus.read import _why_no_peaks
from k2cr_analysis.sources.prometheus.usage import peaks_part
from k2cr_analysis.sources.retry import RetryPolicy
from tests.sources.certificates import certificates
from tests.sources.prometheus_server import INSTALLED, Recorder, serving_prometheus

END = datetime(2026, 3, 3, tzinfo=UTC)
DAYS = 2
SCRAPE_S = 60
BOUNDS = (0.005, 0.05, 0.5, 5.0)
SECRET = "hunter2-planted-9f8a7b6c"


def deployment(name, kind="Deployment"):
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "i:1", "ports": [{"containerPort": 8080}]}]},
            },
        },
    }


OBJECTS = [
    deployment("web"),
    deployment("grpc"),
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
     "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}},
]  # fmt: skip


class Truth:
    """What was counted in the window, whatever was scraped of it."""

    def __init__(self):
        self.requests = Counter()  # (source, workload or service, class)
        self.core_s = defaultdict(float)
        self.most_memory = defaultdict(float)
        self.peak_cores = defaultdict(float)


def pods_of(workload, start, end):
    """A rollout in the middle of the second day: (pod, ReplicaSet, first second, last second)."""
    middle = start + 100_007
    yield f"{workload}-7d9f8b6c5-aaaaa", f"{workload}-7d9f8b6c5", start - 7200, middle
    yield f"{workload}-6c5d4b3a2-bbbbb", f"{workload}-6c5d4b3a2", middle, end


def fill(recorder, seed=1):
    """Counters that grow at random from a pod's start, are scraped each minute, and the truth of them."""
    draw, truth = random.Random(seed), Truth()
    end = int(END.timestamp())
    start = end - DAYS * 86400
    for workload in ("web", "grpc"):
        for pod, replicaset, first, last in pods_of(workload, start, end):
            names = {"namespace": "shop", "pod": pod}
            codes = ("200", "503") if workload == "web" else ("OK", "Internal", "NotFound")
            counts, buckets, total_s, cpu = Counter(), Counter(), Counter(), 0.0
            second = first
            while second <= last:
                inside = start < second <= end
                grown = draw.random() * SCRAPE_S * 0.3 if second > first else 0.0
                cpu += grown
                memory = draw.randrange(50, 200) * 2**20
                if inside:
                    truth.core_s[workload] += grown
                    truth.peak_cores[workload] = max(grown / SCRAPE_S, truth.peak_cores[workload])
                    truth.most_memory[workload] = max(memory, truth.most_memory[workload])
                for code in codes if second > first else ():
                    more = draw.randrange(40) if code in ("200", "OK") else draw.random() < 0.02
                    counts[code] += int(more)
                    for _ in range(int(more)):
                        took = draw.lognormvariate(-3, 1)
                        total_s[code] += took
                        for bound in (*BOUNDS, "+Inf"):
                            buckets[code, bound] += bound == "+Inf" or took <= bound
                    if inside:
                        truth.requests[workload, code] += int(more)
                cadvisor = names | {"container": "app", "image": "i", "id": f"/kubepods/{pod}", "cpu": "total"}
                recorder.add("container_cpu_usage_seconds", "counter", "_total", cadvisor, second, cpu)
                paused = names | {"container": "POD", "id": f"/kubepods/{pod}/pause", "cpu": "total"}
                recorder.add("container_cpu_usage_seconds", "counter", "_total", paused, second, 99.0)
                recorder.add(
                    "container_memory_working_set_bytes", "gauge", "", names | {"container": "app"}, second, memory
                )
                owner = {"owner_kind": "ReplicaSet", "owner_name": replicaset}
                recorder.add("kube_pod_owner", "gauge", "", names | owner, second, 1)
                of_set = {
                    "namespace": "shop",
                    "replicaset": replicaset,
                    "owner_kind": "Deployment",
                    "owner_name": workload,
                }
                recorder.add("kube_replicaset_owner", "gauge", "", of_set, second, 1)
                own = names | {"container": "app", "job": "shop/app", "instance": f"{pod}:8080"}
                for code in counts:
                    if workload == "web":
                        recorder.add("http_requests", "counter", "_total", own | {"code": code}, second, counts[code])
                        twice = own | {"code": code, "job": "another-monitor"}
                        recorder.add("http_requests", "counter", "_total", twice, second, counts[code])
                        latency = "http_request_duration_seconds"
                    else:
                        recorder.add(
                            "grpc_server_handled", "counter", "_total", own | {"grpc_code": code}, second, counts[code]
                        )
                        latency = "grpc_server_handling_seconds"
                    label = {"code": code} if workload == "web" else {"grpc_code": code}
                    recorder.add(latency, "histogram", "_sum", own | label, second, total_s[code])
                    recorder.add(latency, "histogram", "_count", own | label, second, counts[code])
                    for bound in (*BOUNDS, "+Inf"):
                        le = own | label | {"le": str(bound)}
                        recorder.add(latency, "histogram", "_bucket", le, second, buckets[code, bound])
                second += SCRAPE_S
    return truth


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    if not INSTALLED:
        pytest.skip("no prometheus and promtool on this machine")
    recorder = Recorder()
    truth = fill(recorder)
    with serving_prometheus(recorder, tmp_path_factory.mktemp("prometheus")) as url:
        yield url, truth


def collected(url, tmp_path, **more):
    manifests = tmp_path / "all.json"
    manifests.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS}))
    return collect_manifests(
        manifests, tmp_path / "s", window=f"{DAYS}d", end="2026-03-03", prometheus=access_of(url), **more
    )


def test_what_was_counted_comes_out_to_the_last_request(filled, tmp_path):
    url, truth = filled
    done = collected(url, tmp_path)
    assert not done.failures
    snapshot = open_snapshot(tmp_path / "s")
    traffic = snapshot.table("traffic").to_pandas()
    assert set(traffic.workload_name) == {"web", "grpc"}
    by_class = traffic.groupby(["workload_name", "response_code_class"], observed=True).request_count.sum().to_dict()
    wanted = Counter()
    for (workload, code), count in truth.requests.items():
        cls = {"200": "2xx", "503": "5xx", "OK": "2xx", "Internal": "5xx", "NotFound": "4xx"}[code]
        wanted[workload, cls] += count
    assert by_class == {key: count for key, count in wanted.items() if count}
    in_histograms = traffic.latency_bucket_counts.map(lambda counts: 0 if counts is None else sum(counts)).sum()
    assert in_histograms == sum(wanted.values())
    assert 70 < (traffic.latency_mean_ms * traffic.request_count).sum() / traffic.request_count.sum() < 95


def test_core_seconds_and_memory_are_those_that_were_used(filled, tmp_path):
    url, truth = filled
    collected(url, tmp_path)
    usage = open_snapshot(tmp_path / "s").table("usage").to_pandas()
    cpu = usage[(usage.metric_type == "kubernetes.io/container/cpu/core_usage_time") & (usage.reducer == "REDUCE_SUM")]
    core_s = (cpu.value * cpu.period_s).groupby(cpu.top_level_controller_name, observed=True).sum()
    memory = usage[usage.metric_type == "kubernetes.io/container/memory/used_bytes"]
    most = memory.groupby("top_level_controller_name", observed=True).value.max()
    for workload in ("web", "grpc"):
        assert core_s[workload] == pytest.approx(truth.core_s[workload], rel=1e-9)
        assert most[workload] == truth.most_memory[workload]
        of_it = usage[usage.top_level_controller_name == workload]
        peaks = of_it[(of_it.metric_type == CPU.metric_type) & (of_it.reducer == "REDUCE_MAX")]
        assert set(peaks.period_s) == {60}
        assert peaks.value.max() == pytest.approx(truth.peak_cores[workload], rel=1e-9)
    assert set(usage.top_level_controller_type) == {"Deployment"} and set(usage.container_name) == {"app"}


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "jq"))), reason="bash, curl or jq is not installed")
def test_the_printed_queries_give_answers_that_are_read_alike(filled, tmp_path):
    url, _ = filled
    for name in ("asked", "read"):
        (tmp_path / name).mkdir()
    end = datetime(2026, 3, 3, tzinfo=UTC)
    script = commands(end - timedelta(days=DAYS), end, prometheus=url).partition("# PromQL")[2]
    bash = ["bash", "-euo", "pipefail", "-c", f"# {script}"]
    subprocess.run(bash, cwd=tmp_path / "asked", check=True, capture_output=True, timeout=300)
    collected(url, tmp_path / "read")
    collected(str(tmp_path / "asked" / "prometheus"), tmp_path / "asked")
    for table in ("usage", "traffic"):
        parts = [(tmp_path / name / "s" / table / "part-0.parquet").read_bytes() for name in ("read", "asked")]
        assert parts[0] == parts[1]
    next((tmp_path / "asked" / "prometheus").glob("query_range-*")).unlink()
    lacking = collected(str(tmp_path / "asked" / "prometheus"), tmp_path / "asked")
    assert any("no answer query_range-" in error.found for error in lacking.failures)


@pytest.mark.parametrize(
    ("containers", "scrapes", "why"),
    [
        (3, 20, ""),
        (3, 10, ""),
        (3, 5, "the server scrapes every 120 s"),
        (900, 20, "900 containers run, more than 694"),
    ],
)
def test_cpu_is_read_by_the_minute_where_scraping_and_size_allow(containers, scrapes, why):
    class Server:
        def at(self, query, moment):
            assert query.startswith("count_over_time(container_cpu_usage_seconds_total{") and "[600s]" in query
            return [Series({"pod": str(n)}, {0: float(scrapes)}) for n in range(containers)]

    assert _why_no_peaks(Server(), "", END) == why


def test_growth_after_a_hole_is_shared_out_over_the_hole():
    class Owners:
        def of(self, *_):
            return "Deployment", "web"

    labels = {"namespace": "shop", "pod": "web-1", "container": "app"}
    found = peaks_part([(labels, [(60, 30.0), (120, 60.0), (420, 60.0)])], Owners()).to_pylist()
    assert [row["value"] for row in found] == [0.5, 1.0, 0.2]


def test_a_limit_of_samples_is_met_in_parts(filled, tmp_path):
    url, _ = filled
    found = Prometheus(access_of(url)).range(
        "http_requests_total", datetime.fromtimestamp(END.timestamp() - 86400, UTC), END, 5
    )
    assert found and max(len(one.values) for one in found) > 11_000


def test_it_is_resumed_where_it_stopped(filled, tmp_path, monkeypatch):
    url, _ = filled
    ask, asked, fails_at = Prometheus._once, Counter(), {"range": 0}

    def once(self, what, given):
        asked[what] += 1
        if what == "query_range" and asked[what] == fails_at["range"]:
            raise RemoteError(ref="prometheus-not-read", found="made up")
        return ask(self, what, given)

    monkeypatch.setattr(Prometheus, "_once", once)
    whole = collected(url, tmp_path)
    total = asked["query_range"]
    asked.clear()
    fails_at["range"] = 9
    broken = collected(url, tmp_path)
    assert broken.failures and broken.place.name == "s.incomplete"
    kept = asked["query_range"] - 1
    asked.clear()
    fails_at["range"] = 0
    again = collected(url, tmp_path)
    assert not again.failures and again.provenance.files == whole.provenance.files
    assert asked["query_range"] == total - kept
    assert not unfinished_folder(tmp_path / "s").exists() and not broken.place.exists()


@contextmanager
def answering(*answers, tls=None):
    """A server that gives these answers: (status, body); the last one again and again."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = left.pop(0) if len(left) > 1 else left[0]
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


REFUSALS = {
    "no right": ((401, {"status": "error", "error": "no org id"}), "K2CR_PROMETHEUS_TOKEN"),
    "a page": ((200, b"<html>sign in</html>"), "a web page"),
    "not there": ((404, b"404 page not found"), "/select/0/prometheus"),
    "a bad query": ((400, {"status": "error", "error": "parse error"}), "parse error"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_each_refusal_says_what_to_do(case):
    answer, said = REFUSALS[case]
    with answering(answer) as url, pytest.raises(RemoteError) as caught:
        Prometheus(access_of(url), RetryPolicy(attempts=2, sleep=lambda _: None)).label_values("__name__", END, END)
    assert said in str(caught.value)


def test_a_busy_server_is_asked_again():
    good = {"status": "success", "data": ["up"]}
    with answering((503, b""), (429, {"status": "error", "error": "slow down"}), (200, good)) as url:
        server = Prometheus(access_of(url), RetryPolicy(attempts=3, sleep=lambda _: None))
        assert server.label_values("__name__", END, END) == ["up"]


PARTIAL = {
    "thanos": {"warnings": ["No StoreAPIs matched for this query"]},
    "victoriametrics": {"isPartial": True},
}


@pytest.mark.parametrize("case", PARTIAL)
def test_a_part_of_an_answer_is_none(case):
    part = {"status": "success", "data": {"result": []}} | PARTIAL[case]
    whole = {"status": "success", "data": {"result": []}}
    with answering((200, part), (200, whole)) as url:
        server = Prometheus(access_of(url), RetryPolicy(attempts=3, sleep=lambda _: None))
        assert server.range("up", END - timedelta(hours=1), END, 300) == []
    with answering((200, part)) as url, pytest.raises(RemoteError, match="not whole"):
        Prometheus(access_of(url), RetryPolicy(attempts=2, sleep=lambda _: None)).range("up", END, END, 300)


def test_a_remark_on_the_query_is_no_part():
    remark = {"status": "success", "data": {"result": []}, "warnings": ["PromQL warning: bucket label missing"]}
    with answering((200, remark)) as url:
        assert Prometheus(access_of(url), RetryPolicy(attempts=1)).range("up", END, END, 300) == []


DIALECTS = {
    "prometheus": ("", "/api/v1/query", {}),
    "mimir, with a tenant": ("/prometheus", "/prometheus/api/v1/query", {"X-Scope-OrgID": "team-a"}),
    "thanos": ("/thanos/query/api/v1", "/thanos/query/api/v1/query", {"THANOS-TENANT": "t"}),
    "victoriametrics' cluster": ("/select/0/prometheus/", "/select/0/prometheus/api/v1/query", {}),
}


@pytest.mark.parametrize("case", DIALECTS)
def test_each_server_is_asked_at_its_own_path_with_its_own_headers(case):
    prefix, path, headers = DIALECTS[case]
    with answering((200, {"status": "success", "data": {"result": []}})) as url:
        access = access_of(url + prefix, headers=[f"{name}: {value}" for name, value in headers.items()])
        sent = []
        server = Prometheus(access, RetryPolicy(attempts=1))
        server._session.hooks["response"].append(lambda reply, *_, **__: sent.append(reply.request))
        server.at("up", END)
    assert sent[0].path_url.partition("?")[0] == path
    assert headers.items() <= dict(sent[0].headers).items()


def test_a_client_s_certificate_is_shown_to_a_server_that_asks_for_it(tmp_path):
    context, files = certificates(tmp_path)
    good = {"status": "success", "data": {"result": []}}
    with answering((200, good), tls=context) as url:
        retry = RetryPolicy(attempts=2, sleep=lambda _: None)
        shown = access_of(url, certificate=files["crt"], key=files["key"], authority=files["ca"])
        assert Prometheus(shown, retry).at("up", END) == []
        for less in ({"authority": files["ca"]}, {}):
            with pytest.raises(RemoteError, match=r"--prometheus-c"):
                Prometheus(access_of(url, **less), retry).at("up", END)


def test_a_refusal_leaves_a_snapshot_with_a_gap(tmp_path):
    with answering((403, {"status": "error", "error": "forbidden"})) as url:
        done = collected(url, tmp_path)
    assert [e.ref for e in done.failures] == ["prometheus-not-read"] * 2
    assert {one.what for one in open_snapshot(tmp_path / "s").provenance.unread} == {"usage", "traffic"}


def test_secrets_are_kept_out_of_every_text(tmp_path):
    access = access_of(f"http://reader:{SECRET}@127.0.0.1:1/p", headers=[f"X-Key: {SECRET}"])
    assert SECRET not in repr(access) and access.url == "http://127.0.0.1:1/p"
    with pytest.raises(RemoteError) as caught:
        Prometheus(access, RetryPolicy(attempts=1)).label_values("__name__", END, END)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", ["prometheus:9090", "ftp://h", f"http://u:{SECRET}@prometheus.example.com"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UsageError) as caught:
        access_of(url)
    assert SECRET not in str(caught.value)


def test_googles_own_end_without_a_right_to_a_token_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with the credentials is no traceback; a token that does not come at once is asked for again."""
    from google.auth import exceptions

    from k2cr_analysis.sources.prometheus import client as prometheus_client

    raised: list[Exception] = []

    class Session:
        def get(self, *_: object, **__: object) -> None:
            raise raised[0] if len(raised) == 1 else raised.pop(0)

    monkeypatch.setattr(prometheus_client, "session", lambda _: Session())
    address = "https://monitoring.googleapis.com/v1/projects/p/location/global/prometheus"
    found = Prometheus(access_of(address), RetryPolicy(attempts=3, sleep=lambda _: None))
    raised[:] = [exceptions.TransportError("no token server"), exceptions.RefreshError("Reauthentication is needed")]
    with pytest.raises(RemoteError, match="Reauthentication is needed") as told:
        found._get("query", {"query": "up"})
    assert "gcloud auth application-default login" in told.value.do
    raised[:] = [exceptions.TransportError("no token server")]
    with pytest.raises(RemoteError, match="no token server, 3 times"):
        found._get("query", {"query": "up"})
