"""The network: how users come in, what the URL map says, which subnet is large enough; and gcloud parses every command."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project, WorkloadSettings
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.rendering import RenderContext, render_what_is_taken, render_workload
from k2cr_analysis.rendering.check.gcloud import gcloud, installed_version
from k2cr_analysis.rendering.network.egress.vpc_access import subnet_prefix
from k2cr_analysis.rendering.spec.build import build
from k2cr_analysis.sources.manifests.reading import read_manifests
from k2cr_analysis.verdicts import assess
from tests.rendering.factory import (
    assessed,
    backend_on_gke,
    container,
    env,
    exposure,
    job_of,
    reference,
    route,
    volume,
    workload,
)
from tests.rendering.metamorphic import snapshot_of
from tests.rendering.stand_in import StandIn

MANIFESTS = Path(__file__).parents[3] / "shared" / "data" / "manifests"
NOT_FOUND = {"faultInjectionPolicy": {"abort": {"httpStatus": 404, "percentage": 100}}}
IAP_ON_BACKEND = {"BackendConfig": ({"metadata": {"name": "b"}, "spec": {"iap": {"enabled": True}}},)}
OUTSIDE = exposure("web", 8080, routes=[route("shop.example.com", "/", "web")])
INSIDE = exposure("web", 8080, routes=[route("shop.internal", "/", "web", external=False)])


def at_host(name: str, path: str) -> Workload:
    routes = [route("shop.example.com", path, name)]
    return workload(container("app"), name=name, exposures=(exposure(name, 8080, routes=routes),))


def context(**project: Any) -> RenderContext:
    return RenderContext(
        project="p", project_number="1", region="us-central1", config=Config(project=Project(**project))
    )


@pytest.mark.parametrize(
    ("exposures", "related", "config", "expected"),
    [
        ((), {}, {}, ("internal", "cluster", "none")),
        ((exposure("web", 8080),), {}, {}, ("internal", "cluster", "none")),
        ((OUTSIDE,), {}, {}, ("internal-and-cloud-load-balancing", "external-load-balancer", "none")),
        ((OUTSIDE,), IAP_ON_BACKEND, {}, ("internal-and-cloud-load-balancing", "external-load-balancer", "load-balancer")),
        ((OUTSIDE,), IAP_ON_BACKEND, {"iap": "direct"}, ("all", "iap-direct", "direct")),
        ((OUTSIDE,), IAP_ON_BACKEND, {"iap": "none"}, ("internal-and-cloud-load-balancing", "external-load-balancer", "none")),
        ((INSIDE,), {}, {}, ("internal-and-cloud-load-balancing", "internal-load-balancer", "none")),
        ((INSIDE,), {}, {"iap": "direct"}, ("internal-and-cloud-load-balancing", "internal-load-balancer", "none")),
        ((exposure("web", 8080, kind="LoadBalancer"),), {}, {}, ("internal-and-cloud-load-balancing", "external-load-balancer", "none")),
    ],
    ids=["no Service", "ClusterIP", "Ingress", "Ingress with IAP", "IAP on the service", "IAP off", "internal Ingress", "no front door by a setting", "LoadBalancer"],
)  # fmt: skip
def test_the_ingress_setting_lets_in_no_more_than_before(
    exposures: Any, related: Any, config: Any, expected: tuple[str, str, str]
) -> None:
    made = build(
        assessed(workload(container("app"), name="web", exposures=exposures, related=related)), context(**config)
    )
    assert made.reached is not None
    assert (made.reached.ingress, made.reached.reach, made.reached.iap) == expected


@pytest.mark.parametrize(("instances", "prefix"), [(1, 26), (15, 26), (16, 25), (30, 25), (100, 23)])
def test_a_subnet_holds_a_rollout(instances: int, prefix: int) -> None:
    assert subnet_prefix(instances) == prefix
    assert 2 ** (32 - prefix) - 4 >= instances * 4


def test_paths_of_a_host_that_lead_elsewhere_keep_their_pods_on_gke() -> None:
    both = {a.id: a for a in (assessed(m) for m in (at_host("web", "/"), at_host("api", "/api")))}
    files = render_workload(both["shop/Deployment/web"], replace(context(), assessed=both))
    made = yaml.safe_load(files["url-map.yaml"])
    assert made == {
        "name": "shop-example-com-map",
        "description": "made by k2cr",
        "defaultService": "global/backendServices/web-be",
        "defaultRouteAction": NOT_FOUND,
        "hostRules": [{"hosts": ["shop.example.com"], "pathMatcher": "host-0"}],
        "pathMatchers": [
            {
                "name": "host-0",
                "defaultService": "global/backendServices/web-be",
                "pathRules": [
                    {"paths": ["/api", "/api/*"], "service": "global/backendServices/shop-example-com-gke-api"}
                ],
            }
        ],
    }
    assert "gke_negs shop-example-com-gke-api shop api 80" in files["network.sh"]
    assert "health-checks create http shop-example-com-gke-api" in files["network.sh"]


def test_no_path_is_open_that_was_not_before() -> None:
    only = assessed(at_host("web", "/public"))
    made = yaml.safe_load(render_workload(only, context())["url-map.yaml"])
    assert made["pathMatchers"][0]["defaultRouteAction"] == NOT_FOUND
    assert made["pathMatchers"][0]["pathRules"][0]["paths"] == ["/public", "/public/*"]


def test_callers_of_the_cluster_may_invoke_it() -> None:
    called = assessed(workload(container("app"), name="api", exposures=(exposure("api", 8080),)))
    calls = Dependency("shop/Deployment/web", called.id, "http", True, "api", "shop", 80, "env API", "x")
    caller = assessed(
        workload(container("app"), name="web", service_account="web"), dependencies=[calls], verdict="blocked"
    )
    script = render_workload(called, replace(context(), assessed={a.id: a for a in (called, caller)}))["network.sh"]
    assert "--member='serviceAccount:p.svc.id.goog[shop/web]' --role=roles/run.invoker" in script


APIS = (
    "ARTIFACTREGISTRY", "CERTIFICATEMANAGER", "CLOUDRESOURCEMANAGER", "CLOUDSCHEDULER", "COMPUTE", "DNS", "IAP", "SECRETMANAGER",
)  # fmt: skip
CDN = {
    "cdn": {"enabled": True, "cacheMode": "CACHE_ALL_STATIC", "defaultTtl": 60, "negativeCaching": True, "negativeCachingPolicy": [{"code": 404, "ttl": 60}],
            "cachePolicy": {"includeHost": False, "includeProtocol": True, "includeQueryString": True}, "bypassCacheOnRequestHeaders": [{"headerName": "X"}]},
    "customRequestHeaders": {"headers": ["X-Region:{client_region}"]}, "customResponseHeaders": {"headers": ["X-A: b, c"]},
    "logging": {"enable": True, "sampleRate": 0.5}, "securityPolicy": {"name": "edge"},
}  # fmt: skip
CDN_AND_SSL = {
    "BackendConfig": ({"metadata": {"name": "b"}, "spec": CDN},),
    "FrontendConfig": ({"metadata": {"name": "f"}, "spec": {"sslPolicy": "modern", "redirectToHttps": {"enabled": True}}},),
}  # fmt: skip
TLS_INSIDE = {"Ingress": ({"metadata": {"name": "i"}, "spec": {"tls": [{"secretName": "t"}]}},)}
RANGES = replace(exposure("web", 8080, kind="LoadBalancer"), source_ranges=("198.51.100.0/24",))
STRICT = {
    "metadata": {"name": "s"},
    "spec": {"egress": [{"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 443, "endPort": 450}]}]},
}
NEIGHBOURS = (at_host("web", "/"), at_host("api", "/api"))
SECRETS = container("app", image="ghcr.io/a/b:1", env=[env("P", None, source="secret", ref="s", key="k")])
BUCKET = volume("gcs", "csi", {"driver": "gcsfuse.csi.storage.gke.io", "volumeAttributes": {"bucketName": "b"}})
WITH_BUCKET = container(
    "cloud-sql-proxy",
    image="gcr.io/cloud-sql-connectors/cloud-sql-proxy:2",
    mounts=[{"volume": "gcs", "mount_path": "/m"}],
)
SCRIPTS = {
    "reference": (reference(), {}),
    "internal load balancer": (assessed(workload(container("app"), name="web", exposures=(INSIDE,))), {}),
    "internal load balancer that speaks TLS": (assessed(workload(container("app"), name="web", exposures=(INSIDE,), related=TLS_INSIDE)), {}),
    "iap direct": (assessed(workload(container("app"), name="web", exposures=(OUTSIDE,))), {"iap": "direct"}),
    "CDN, Cloud Armor, headers, SSL policy": (assessed(workload(container("app"), name="web", exposures=(OUTSIDE,), related=CDN_AND_SSL)), {}),
    "callers by their addresses": (assessed(workload(container("app"), name="web", exposures=(RANGES,))), {}),
    "a NetworkPolicy": (assessed(workload(container("app"), name="web", related={"NetworkPolicy": (STRICT,)})), {"network": "prod"}),
    "a host that is shared": (assessed(NEIGHBOURS[0]), {}),
    "static addresses": (assessed(workload(SECRETS, name="partner")), {}),
    "roles for buckets and databases": (assessed(workload(WITH_BUCKET, volumes=[BUCKET], service_account="web")), {}),
    "cron job": (job_of(container("app", image="ghcr.io/a/b:1")), {}),
    "worker pool": (assessed(workload(container("app")), target="worker-pool", concurrency=None, billing=None), {}),
}  # fmt: skip


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
@pytest.mark.soak
@pytest.mark.parametrize("case", SCRIPTS, ids=str)
def test_the_real_gcloud_parses_every_command(case: str, tmp_path: Path) -> None:
    subject, config = SCRIPTS[case]
    others = (backend_on_gke(), *(assessed(n) for n in NEIGHBOURS))
    settings = {"shop/Deployment/partner": WorkloadSettings(egress_addresses=("out-1", "out-2"))}
    made = replace(context(**config), assessed={a.id: a for a in (*others, subject)})
    made = replace(made, config=replace(made.config, workloads=settings), gcloud=installed_version())
    lines = commands_of(render_workload(subject, made), tmp_path)
    assert lines
    assert refused(lines) == []


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
@pytest.mark.skipif(not MANIFESTS.exists(), reason="needs the public manifests beside the project")
@pytest.mark.soak
@pytest.mark.parametrize(
    "folder", sorted(p.name for p in MANIFESTS.iterdir() if p.is_dir()) if MANIFESTS.exists() else []
)
def test_the_real_gcloud_parses_every_command_of_public_manifests(folder: str, tmp_path: Path) -> None:
    documents = [o.object for o in read_manifests([str(MANIFESTS / folder)], keep_going=True).objects]
    config = Config(project=Project(id="p", number="1", network="prod", subnet="run"))
    assessment = assess(snapshot_of(documents), config, effort="quick")
    made = render_what_is_taken(assessment, (), tmp_path / "out", region="us-central1", gcloud=installed_version())
    shapes: dict[tuple[str, ...], str] = {}
    for number, rendered in enumerate(made.folders.values()):
        (tmp_path / str(number)).mkdir()
        files = {path.name: path.read_text() for path in rendered.iterdir()}
        for line in commands_of(files, tmp_path / str(number)):
            # One of each sort: the same words with other values are parsed alike.
            words = tuple(word.partition("=")[0] for word in shlex.split(line) if word.startswith("-"))
            shapes.setdefault((*line.split(" ")[:4], *words), line)
    assert refused(list(shapes.values())) == []


def commands_of(files: Mapping[str, str], folder: Path) -> list[str]:
    """The gcloud commands of one folder's scripts."""
    for name in files:
        if name.endswith(".yaml"):
            (folder / name).write_text(files[name])
    scripts = [name for name in files if name in WORDS]
    return [line for name in scripts for line in recorded(name, files[name], folder)]


def refused(lines: list[str]) -> list[tuple[str, str]]:
    """(command, what gcloud's parser has against it)."""
    with gcloud() as client:
        # Every API at the loopback endpoint: nothing is to be looked up elsewhere, and nothing to be tried again.
        elsewhere = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}": "http://run.test/" for api in APIS}
        with ThreadPoolExecutor(4) as pool:
            said = list(pool.map(lambda line: parse(line, {**client.environment, **elsewhere}), lines))
    return [(line, words) for line, words in zip(lines, said, strict=True) if words]


def parse(line: str, environment: Mapping[str, str]) -> str:
    """What gcloud's parser has against a command; empty where it took it, whatever the endpoint answered."""
    done = subprocess.run(
        ["gcloud", *shlex.split(line)],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    refused = done.returncode == 2 or re.search(r"unrecognized arg|[Ii]nvalid (choice|value)|argument --", done.stderr)
    return done.stderr if refused else ""


def recorded(name: str, script: str, folder: Path) -> list[str]:
    """The gcloud commands that a script runs, where nothing is there yet, and on the way back."""
    (folder / name).write_text(script)
    given = {"API_KEY": "x", "K2CR_PLACEHOLDERS": "keep"}
    said = [StandIn(folder / name.removesuffix(".sh")).run(folder / name, *words, **given) for words in WORDS[name]]
    calls = [call[1:] for ran in said for call in ran.calls if call[0] == "gcloud"]
    return list(dict.fromkeys(shlex.join(call) for call in calls))


WORDS = {"network.sh": [["all"], ["back"]], "prepare.sh": [[]], "rollback.sh": [[]], "scheduler.sh": [[]]}


def test_a_service_that_the_snapshot_does_not_know_is_asked_about() -> None:
    backend = {"backend": {"service": {"name": "lost"}}, "path": "/lost"}
    raw = {
        "kind": "Ingress",
        "metadata": {"name": "i", "namespace": "shop"},
        "spec": {"rules": [{"http": {"paths": [backend]}}]},
    }
    subject = at_host("web", "/")
    (entered,) = subject.exposures
    routes = tuple(replace(r, kind="Ingress", name="i", namespace="shop", raw=raw) for r in entered.routes)
    subject = replace(subject, exposures=(replace(entered, routes=routes),))
    assert "shop/lost (Ingress i)" in render_workload(assessed(subject), context())["cutover.md"].replace("\\", "")


def test_static_addresses_take_all_egress_through_cloud_nat() -> None:
    subject = assessed(workload(container("app"), name="web"))
    settings = {subject.id: WorkloadSettings(egress_addresses=("out-1", "out-2"))}
    files = render_workload(subject, replace(context(), config=Config(workloads=settings)))
    assert "run.googleapis.com/vpc-access-egress: all-traffic" in files["service.yaml"]
    assert "--vpc-egress=all-traffic" in files["deploy.sh"]
    assert "--nat-external-ip-pool=out-1,out-2" in files["network.sh"]


def test_a_network_policy_becomes_firewall_rules_by_tag() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 443}, {"port": 53, "protocol": "UDP"}]}
    policy = {"metadata": {"name": "strict"}, "spec": {"policyTypes": ["Egress"], "egress": [rule]}}
    subject = assessed(workload(container("app"), name="web", related={"NetworkPolicy": (policy,)}))
    script = render_workload(subject, context(network="prod", subnet="run"))["network.sh"]
    assert "--action=ALLOW --rules=tcp:443,udp:53" in script
    assert "--target-tags=web --destination-ranges=203.0.113.0/24" in script
    assert "--action=DENY --rules=all --priority=65000" in script


@pytest.mark.parametrize(
    ("egress", "ranges", "asks"),
    [
        ([{"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}], "all-traffic", True),
        ([{"to": [{"ipBlock": {"cidr": "10.9.0.0/24"}}]}, {"ports": [{"port": 53}]}], "all-traffic", False),
        ([], "all-traffic", False),
        ([{}], None, False),
    ],
)
def test_a_firewall_holds_back_what_goes_through_the_network_so_all_does(
    egress: list[dict[str, object]], ranges: str | None, asks: bool
) -> None:
    policy = {"metadata": {"name": "strict"}, "spec": {"policyTypes": ["Egress"], "egress": egress}}
    subject = assessed(workload(container("app"), name="web", related={"NetworkPolicy": (policy,)}))
    files = render_workload(subject, replace(context(), config=Config()))
    template = yaml.safe_load(files["service.yaml"])["spec"]["template"]["metadata"]["annotations"]
    assert template.get("run.googleapis.com/vpc-access-egress") == ranges
    assert ("--action=DENY --rules=all" in files.get("network.sh", "")) == (ranges is not None)
    assert ("Cloud NAT" in files["cutover.md"]) == asks


def test_a_named_egress_port_of_pods_is_that_of_their_service() -> None:
    rule = {"to": [{"podSelector": {"matchLabels": {"app": "api"}}}], "ports": [{"port": "http"}]}
    policy = {"metadata": {"name": "strict"}, "spec": {"policyTypes": ["Egress"], "egress": [rule]}}
    subject = workload(container("app"), name="web", related={"NetworkPolicy": (policy,)})
    edge = Dependency(subject.id, "shop/Deployment/api", "http", True, "api", "shop", 80, "NetworkPolicy strict", "x")
    script = render_workload(assessed(subject, dependencies=[edge]), context(network="prod", subnet="run"))[
        "network.sh"
    ]
    allowed, denied = script.index("--action=ALLOW --rules=tcp:80"), script.index("--action=DENY")
    assert allowed < denied
    assert "by name" not in script


def test_a_named_egress_port_of_addresses_is_told() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "10.9.0.0/24"}}], "ports": [{"port": "ledger"}]}
    policy = {"metadata": {"name": "strict"}, "spec": {"policyTypes": ["Egress"], "egress": [rule]}}
    subject = assessed(workload(container("app"), name="web", related={"NetworkPolicy": (policy,)}))
    script = render_workload(subject, context(network="prod", subnet="run"))["network.sh"]
    assert "# NetworkPolicy strict allows port ledger by name" in script


def test_what_others_need_is_deleted_after_them() -> None:
    shared = {"metadata": {"name": "settings", "namespace": "shop"}}
    own = {"metadata": {"name": "own", "namespace": "shop"}}
    web = assessed(replace(at_host("web", "/"), related={"ConfigMap": (shared, own)}))
    calls = Dependency("shop/Deployment/api", web.id, "http", True, "web", "shop", 80, "env WEB", "x")
    api = assessed(replace(at_host("api", "/api"), related={"ConfigMap": (shared,)}), dependencies=[calls])
    text = render_workload(web, replace(context(), assessed={a.id: a for a in (web, api)}))["cutover.md"]
    steps = re.findall(r"^\d+\. `(kubectl delete .*)", text, re.M)
    assert steps == [
        "kubectl delete service web --namespace=shop`, once shop/Deployment/api have moved too, or call another name: until then this Service leads them to Cloud Run",
        "kubectl delete deployment web --namespace=shop`",
        "kubectl delete configmap settings --namespace=shop`, once shop/Deployment/api no longer need it",
        "kubectl delete configmap own --namespace=shop`",
    ]


def test_callers_by_grpc_are_told_what_changes_for_them() -> None:
    called = assessed(workload(container("app"), name="api", exposures=(exposure("api", 50051),)), h2c=True)
    calls = Dependency("shop/Deployment/web", called.id, "grpc", True, "api", "shop", 80, "env API", "x")
    caller = assessed(workload(container("app"), name="web"), dependencies=[calls])
    text = render_workload(called, replace(context(), assessed={a.id: a for a in (called, caller)}))["cutover.md"]
    assert "gRPC on Cloud Run is TLS on port 443" in text and "the pods go on serving it" in text
