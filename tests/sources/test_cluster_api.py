"""The real Kubernetes client against an API server on the loopback that pages, throttles, expires and cuts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from k2cr_analysis.errors import InputError, RemoteError, UsageError
from k2cr_analysis.model.parse.cluster import READ_KINDS
from k2cr_analysis.resources import bundled
from k2cr_analysis.sources.cluster_api.connection import ApiServer
from k2cr_analysis.sources.cluster_api.listed_kinds import RESOURCES
from k2cr_analysis.sources.cluster_api.read import kinds_of, read_kind, refuse_unreadable
from k2cr_analysis.sources.manifests.reading import read_manifests
from k2cr_analysis.sources.retry import RetryPolicy
from tests.sources.api_server import KINDS, Cluster, serving
from tests.sources.certificates import certificates

CONTEXT = "gke_proj_europe-west1_shop"
SECRET = "hunter2-planted-9f8a7b6c"
PODS = "/api/v1/pods"


def pod(number):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"web-{number:04}", "namespace": "shop", "managedFields": [{"manager": SECRET}]},
        "spec": {"containers": [{"name": "web", "image": "i:1", "env": [{"name": "DB_PASSWORD", "value": SECRET}],
                                 "resources": {"requests": {"cpu": "100m"}}}]},
    }  # fmt: skip


def other(plural, name):
    version, kind, namespaced = KINDS[plural]
    metadata = {"name": name} | ({"namespace": "shop"} if namespaced else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


OBJECTS = [
    *(pod(n) for n in range(23)),
    *(other(p, "one") for p in ("nodes", "namespaces", "configmaps", "managedcertificates", "frontendconfigs")),
    {
        **other("horizontalpodautoscalers", "web"),
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
    },
    {**other("secrets", "s"), "data": {"key": SECRET}},
]


@pytest.fixture
def cluster():
    with serving(Cluster(OBJECTS)) as found:
        yield found


@pytest.fixture
def waits():
    return []


@pytest.fixture
def server(cluster, tmp_path, waits):
    return ApiServer(CONTEXT, cluster.kubeconfig(tmp_path / "config"), RetryPolicy(attempts=4, sleep=waits.append))


def everything(server, page_size=5):
    kinds, gaps = kinds_of(server)
    found = [read_kind(server, kind, "secrets", page_size) for kind in kinds]
    refuse_unreadable(found)
    return found, [*gaps, *(one.gap for one in found if one.gap)]


def names(found):
    return [f"{o.object['kind']}/{o.object['metadata']['name']}" for one in found for o in one.objects]


WHOLE = sorted(f"{o['kind']}/{o['metadata']['name']}" for o in OBJECTS if o["kind"] != "Secret")


def test_every_object_is_read_once_and_secrets_are_not_asked_for(server, cluster):
    found, gaps = everything(server)
    assert (sorted(names(found)), gaps) == (WHOLE, [])
    assert not [path for path, _ in cluster.calls if "secrets" in path]
    text = json.dumps([o.object for one in found for o in one.objects])
    assert SECRET not in text and "managedFields" not in text


def test_the_newest_served_version_of_each_kind_is_read(server):
    versions = {kind.kind: kind.api_version for kind in kinds_of(server)[0]}
    assert versions["HorizontalPodAutoscaler"] == "autoscaling/v2"
    assert versions["ManagedCertificate"] == "networking.gke.io/v1"
    assert versions["FrontendConfig"] == "networking.gke.io/v1beta1"


def test_the_cluster_role_is_exactly_what_is_called(server, cluster):
    rules = yaml.safe_load((bundled("data") / "rbac.yaml").read_text())["rules"]
    granted = {(group, plural) for rule in rules for group in rule["apiGroups"] for plural in rule["resources"]}
    assert granted == {(resource.group, resource.plural) for resource in RESOURCES}
    assert all(rule["verbs"] == ["list"] for rule in rules)
    everything(server)
    lists = {path.rsplit("/", 1)[1] for path, query in cluster.calls if "limit" in query}
    assert lists == {plural for plural in KINDS if plural != "secrets"}


FAULTS = {
    "throttled": ([(429, "slow down", {"Retry-After": "3"})], [3.0]),
    "busy twice": ([(503, "busy"), (500, "no leader")], [0.5, 1.0]),
    "cut": (["cut"], [0.5]),
    "a time, by the server's own clock": (
        [(429, "slow", {"Date": "Wed, 21 Oct 2015 07:27:50 GMT", "Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})],
        [10.0],
    ),
    "a time that has passed": ([(429, "slow", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})], [0.5]),
}


def spread_from(waits: list[float], least: list[float]) -> list[float]:
    """``least`` where each wait is its least and a random part of half a second, so that callers do not come together."""
    assert len(waits) == len(least)
    return [low if low <= wait < low + 0.5 else wait for wait, low in zip(waits, least, strict=True)]


@pytest.mark.parametrize("case", FAULTS)
def test_a_passing_fault_loses_nothing_and_doubles_nothing(server, cluster, waits, case):
    faults, waited = FAULTS[case]
    cluster.faults[PODS] = [None, *faults]
    found, gaps = everything(server)
    assert (sorted(names(found)), gaps, spread_from(waits, waited)) == (WHOLE, [], waited)


def test_a_server_that_stays_busy_ends_the_reading(server, cluster):
    cluster.faults[PODS] = [(503, "busy")] * 9
    with pytest.raises(RemoteError, match="503 Service Unavailable: busy, 4 times"):
        everything(server)


def test_an_expired_list_starts_once_more(server, cluster):
    cluster.faults[PODS] = [None, None, (410, "expired", {}, "10")]
    found, gaps = everything(server)
    assert (sorted(names(found)), gaps) == (WHOLE, [])


def test_a_list_that_expires_again_goes_on_and_says_so(server, cluster):
    cluster.faults[PODS] = [None, (410, "expired", {}, "5"), None, None, (410, "expired", {}, "10")]
    found, gaps = everything(server)
    assert sorted(names(found)) == WHOLE
    assert gaps == ["pods: the list took longer than the cluster keeps it: not of one moment"]


def test_a_kind_that_may_not_be_read_is_a_gap(server, cluster):
    cluster.forbidden = {"configmaps"}
    found, gaps = everything(server)
    assert len(names(found)) == len(WHOLE) - 1
    assert len(gaps) == 1 and gaps[0].startswith("configmaps: not readable: ")


def test_a_cluster_where_nothing_may_be_read_is_an_error(server, cluster):
    cluster.forbidden = set(KINDS)
    with pytest.raises(RemoteError, match=r"data/rbac\.yaml"):
        everything(server)


def test_a_group_that_refuses_its_discovery_is_read_all_the_same(server, cluster):
    cluster.faults["/apis/apps/v1"] = [(403, "forbidden")]
    cluster.objects["deployments"] = [other("deployments", "web")]
    found, gaps = everything(server)
    assert sorted(names(found)) == sorted([*WHOLE, "Deployment/web"])
    assert gaps == []


def test_a_cluster_without_discovery_is_read_all_the_same(server, cluster):
    cluster.faults["/apis"] = [(403, "forbidden")] * 9
    cluster.faults["/api"] = [(404, "none")] * 9
    found, gaps = everything(server)
    # Of a kind that is served in a beta alone nobody could know.
    assert (sorted(names(found)), gaps) == (sorted(set(WHOLE) - {"FrontendConfig/one"}), [])


def test_an_aggregated_api_whose_server_is_down_is_a_gap(server, cluster):
    cluster.faults["/apis/networking.gke.io/v1"] = [(503, "service unavailable")] * 9
    found, gaps = everything(server)
    assert "ManagedCertificate/one" not in names(found) and len(names(found)) == len(WHOLE) - 2
    said = "managedcertificates.networking.gke.io: the cluster does not say what networking.gke.io/v1 holds"
    assert said in map(str, gaps)


def test_an_object_that_a_list_shows_twice_counts_once(server, cluster):
    cluster.objects["pods"].append(cluster.objects["pods"][3])
    assert sorted(names(everything(server)[0])) == WHOLE


@pytest.mark.parametrize("form", ["gzip", "chunked", "no length"])
def test_an_answer_may_be_sent_in_any_form(server, cluster, form):
    cluster.form = form
    assert sorted(names(everything(server)[0])) == WHOLE


def test_a_token_in_a_file_is_read_again_when_it_has_expired(cluster, tmp_path, waits):
    (tmp_path / "token").write_text("first\n")
    cluster.tokens = {"first"}
    config = cluster.kubeconfig(tmp_path / "config", user={"tokenFile": str(tmp_path / "token")})
    server = ApiServer(CONTEXT, config, RetryPolicy(sleep=waits.append))

    def renew(found):
        found.tokens = {"second"}
        (tmp_path / "token").write_text("second\n")

    cluster.faults[PODS] = [None, renew]
    assert sorted(names(everything(server)[0])) == WHOLE


def test_a_server_that_says_when_to_come_back_is_asked_more_often_than_one_that_only_fails(server, cluster, waits):
    cluster.faults[PODS] = [(429, "slow down", {"Retry-After": "2"})] * 9
    assert sorted(names(everything(server)[0])) == WHOLE
    assert spread_from(waits, [2.0] * 9) == [2.0] * 9


def test_a_token_that_expires_midway_is_made_anew(cluster, tmp_path, waits):
    maker = tmp_path / "token.sh"
    maker.write_text(
        '#!/bin/sh\nif [ -e "$0.once" ]; then t=second; else t=first; touch "$0.once"; fi\n'
        'echo \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "\'$t\'"}}\'\n'
    )
    maker.chmod(0o755)
    user = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(maker), "interactiveMode": "Never"}
    }
    cluster.tokens = {"first"}
    config = cluster.kubeconfig(tmp_path / "config", user=user)
    before = Path(config).read_bytes()
    server = ApiServer(CONTEXT, config, RetryPolicy(sleep=waits.append))
    cluster.faults[PODS] = [None, lambda c: setattr(c, "tokens", {"second"})]
    found, _ = everything(server)
    assert sorted(names(found)) == WHOLE
    assert Path(config).read_bytes() == before


PLUGINS = {
    "missing": (None, "gcloud components install gke-gcloud-auth-plugin"),
    "failing": ("#!/bin/sh\necho 'ERROR: Reauthentication failed. cannot prompt' >&2; exit 1\n", "gcloud auth login"),
    "talking": ("#!/bin/sh\necho welcome\n", "gcloud auth login"),
}


@pytest.mark.parametrize("case", PLUGINS)
def test_a_program_that_makes_no_token_is_named_at_once(cluster, tmp_path, case):
    script, mend = PLUGINS[case]
    program = tmp_path / "gke-gcloud-auth-plugin"
    if script:
        program.write_text(script)
        program.chmod(0o755)
    user = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    }
    with pytest.raises(RemoteError) as caught:
        ApiServer(CONTEXT, cluster.kubeconfig(tmp_path / "config", user=user))
    assert caught.value.ref == "cluster-no-token" and mend in caught.value.do
    assert not cluster.calls
    if case == "failing":
        assert "Reauthentication failed" in caught.value.found


def test_a_page_in_place_of_the_api_is_said_at_once(server, cluster, waits):
    cluster.page = b"<!DOCTYPE html><html><head><title>Corporate proxy: sign in</title></head></html>"
    with pytest.raises(RemoteError) as caught:
        everything(server)
    assert caught.value.ref == "cluster-answers-a-page" and "Corporate proxy: sign in" in caught.value.found
    assert not waits and len(cluster.calls) == 1


def test_credentials_that_are_not_taken_are_an_error(server, cluster):
    cluster.tokens = {"another"}
    with pytest.raises(RemoteError, match="get-credentials"):
        everything(server)


@pytest.fixture
def certified(tmp_path):
    """A server that asks for a client's certificate, and the user of a kubeconfig that has one."""
    context, files = certificates(tmp_path)
    with serving(Cluster(OBJECTS), context) as found:
        yield found, {"client-certificate": str(files["crt"]), "client-key": str(files["key"])}


def test_tls_with_a_client_s_certificate_and_no_proxy_between(certified, tmp_path, monkeypatch):
    cluster, user = certified
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    config = cluster.kubeconfig(tmp_path / "config", user=user, authority=str(tmp_path / "ca.crt"))
    assert sorted(names(everything(ApiServer(CONTEXT, config))[0])) == WHOLE


def test_a_certificate_that_nobody_vouches_for_is_an_error_at_once(certified, tmp_path, waits):
    config = certified[0].kubeconfig(tmp_path / "config", user=certified[1])
    with pytest.raises(RemoteError, match="cluster-certificate"):
        everything(ApiServer(CONTEXT, config, RetryPolicy(sleep=waits.append)))
    assert waits == []


def test_an_unknown_context_names_the_known_ones(cluster, tmp_path):
    with pytest.raises(UsageError, match=CONTEXT):
        ApiServer("nowhere", cluster.kubeconfig(tmp_path / "config"))
    with pytest.raises((InputError, UsageError)):
        ApiServer(CONTEXT, str(tmp_path / "absent"))


def test_the_same_objects_as_from_a_dump(server, tmp_path):
    dump = [o for o in OBJECTS if o["kind"] != "Secret"]
    (tmp_path / "dump.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": dump}))
    from k2cr_analysis.snapshot.redaction.redact import redact

    def lines(objects):
        return sorted(json.dumps(o, sort_keys=True) for o in objects)

    read = read_manifests([str(tmp_path / "dump.json")], keep_going=False).objects
    live = [o.object for one in everything(server)[0] for o in one.objects]
    assert lines(live) == lines(redact(o.object, "secrets")[0] for o in read)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_reads_the_same_server(cluster, tmp_path):
    config = cluster.kubeconfig(tmp_path / "config")
    command = [
        "kubectl",
        "--kubeconfig",
        config,
        "--cache-dir",
        str(tmp_path / "cache"),
        "get",
        "pods,horizontalpodautoscalers",
        "-A",
        "-o",
        "name",
        "--chunk-size=5",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 24


def test_the_readme_names_what_is_read_and_nothing_else():
    readme = (bundled("data").parent / "README.md").read_text()
    listed = re.search(r"for kind in \\\n(.*?); do", readme, re.DOTALL)
    assert listed is not None
    assert sorted(listed[1].replace("\\\n", " ").split()) == sorted(map(str, RESOURCES))


def test_every_kind_that_the_model_reads_is_listed_from_the_cluster():
    plurals = {resource.plural for resource in RESOURCES}
    for kind in sorted(READ_KINDS - {"Secret"}):  # of Secrets nothing is read
        word = kind.removeprefix("Knative").lower()
        plural = f"{word}es" if word.endswith("s") else re.sub(r"(?<=[^aeiou])ys$", "ies", f"{word}s")
        assert plural in plurals, kind
