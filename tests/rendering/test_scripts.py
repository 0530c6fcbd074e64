"""The scripts, run for real against a gcloud and a kubectl that remember: in the order of cutover.md, and all of it twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Policy, Project, WorkloadSettings
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.rendering import RenderContext, render_workload, write_folders
from k2cr_analysis.rendering.text.shell import quote
from tests.rendering.factory import (
    assessed,
    backend_on_gke,
    container,
    env,
    env_from,
    exposure,
    job_of,
    reference,
    route,
    volume,
    workload,
)
from tests.rendering.stand_in import HOWS, Fault, How, Ran, StandIn, fill_in, secrets_of
from tests.rendering.stand_in_cluster import ROTATED

CONTEXT = RenderContext(
    project="p",
    project_number="1",
    region="us-central1",
    config=Config(project=Project(network="prod", subnet="run")),
)
FILES = volume(
    "tls",
    "secret",
    {"secretName": "tls", "items": [{"key": "tls.crt", "path": "tls.crt"}, {"key": "tls.key", "path": "tls.key"}]},
)
WEB = assessed(
    workload(
        container(
            "web",
            image="ghcr.io/shop/web:1",
            env=[env("PASSWORD", None, source="secret", ref="db", key="password"), env("TOKEN", "<redacted>", source="redacted")],
            env_from=(env_from("secret", "all", ["A", "B"]),),
            mounts=[{"volume": "tls", "mount_path": "/tls"}],
        ),
        name="web",
        volumes=[FILES],
        exposures=(exposure("web", 8080, routes=[route("shop.example.com", "/", "web")]),),
    )
)  # fmt: skip
API = assessed(
    workload(
        container("api"),
        name="api",
        exposures=(exposure("api", 8080, routes=[route("shop.example.com", "/api", "api")]),),
    )
)
OLD = assessed(
    workload(
        container("old"),
        name="old",
        exposures=(exposure("old", 8080, routes=[route("shop.example.com", "/old", "old")]),),
    ),
    verdict="blocked",
    target="none",
)
INSIDE = assessed(
    workload(
        container("web"),
        name="inside",
        exposures=(exposure("inside", 8080, routes=[route("shop.internal", "/", "inside", external=False)]),),
    )
)
PARTNER = assessed(workload(container("web"), name="partner", exposures=(exposure("partner", 8080),)))
RANGES = exposure("lb", 8080, kind="LoadBalancer")
ALLOWED = replace(RANGES, source_ranges=tuple(f"198.51.100.{i}/32" for i in range(12)))
CART = assessed(
    workload(container("cart"), name="cart", exposures=(replace(exposure("cart", 8080), selector={"app": "cart"}),))
)
MYCART = assessed(
    workload(
        container("cart"), name="mycart", exposures=(replace(exposure("mycart", 8080), selector={"app": "mycart"}),)
    )
)
BUYER = assessed(
    workload(container("web"), name="buyer"),
    dependencies=[
        Dependency("shop/Deployment/buyer", a.id, "http", True, a.workload.name, "shop", 80, "env X", "x")
        for a in (CART, MYCART)
    ],
)
MARKET = replace(CONTEXT, assessed={a.id: a for a in (CART, MYCART, BUYER)})
SHARED_VPC = Project(
    number="12", network="projects/host/global/networks/vpc", subnet="projects/host/regions/us-central1/subnetworks/run"
)
CASES = {
    "a network of another project": (reference(), replace(CONTEXT, project_number="12", config=Config(project=SHARED_VPC)), {"API_KEY": "x"}),
    "called by the name of its Service": (CART, MARKET, {}),
    "calls what moves too": (BUYER, MARKET, {}),
    "the reference case": (reference(), CONTEXT, {"API_KEY": "x"}),
    "secrets, files and a remote repository": (WEB, CONTEXT, {"TOKEN": "it's $HOME"}),
    "a host that is shared": (WEB, replace(CONTEXT, assessed={a.id: a for a in (WEB, API, OLD)}), {"TOKEN": "x"}),
    "an internal load balancer": (INSIDE, CONTEXT, {}),
    "callers by their addresses": (assessed(workload(container("web"), name="lb", exposures=(ALLOWED,))), CONTEXT, {}),
    "static addresses": (
        PARTNER,
        replace(CONTEXT, config=Config(project=Project(network="prod", subnet="run"), workloads={PARTNER.id: WorkloadSettings(egress_addresses=("out-1", "out-2"))})),
        {},
    ),
    "a scheduled job": (job_of(container("app", image="ghcr.io/a/b:1")), CONTEXT, {}),
    "a worker pool": (assessed(workload(container("app"), name="puller"), target="worker-pool", concurrency=None, billing=None), CONTEXT, {}),
}  # fmt: skip


def folder_of(tmp_path: Path, subject: WorkloadAssessment, context: RenderContext) -> Path:
    if not context.assessed:
        context = replace(context, assessed={a.id: a for a in (subject, backend_on_gke())})
    folder = write_folders(tmp_path, [(subject, render_workload(subject, context))])[0]
    fill_in(folder)
    return folder


def go_live(stand_in: StandIn, folder: Path, variables: dict[str, str]) -> list[Ran]:
    """The steps of cutover.md, as far as the folder has them."""
    steps = [
        ("prepare.sh",),
        ("network.sh", "out"),
        ("deploy.sh",),
        ("network.sh", "in"),
        ("network.sh", "callers"),
        ("scheduler.sh",),
        ("trigger.sh", "projects/p/locations/l/connections/c/repositories/r"),
    ]
    there = [s for s in steps if (folder / s[0]).exists() and _knows(folder / s[0], s[1:])]
    return [stand_in.run(folder / name, *words, **variables) for name, *words in there]


def _knows(script: Path, words: tuple[str, ...]) -> bool:
    return script.name == "trigger.sh" or all(f"  {word}) " in script.read_text() for word in words)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_scripts_end_well_and_make_nothing_the_second_time(case: str, tmp_path: Path) -> None:
    subject, context, variables = CASES[case]
    folder = folder_of(tmp_path / "out", subject, context)
    stand_in = StandIn(tmp_path)
    first, second = (go_live(stand_in, folder, variables) for _ in range(2))
    back = [stand_in.run(folder / "rollback.sh") for _ in range(2)]
    assert [(r.code, r.said) for r in (*first, *second, *back) if r.code] == []
    assert any(r.of("create") for r in first)
    made_again = [c for r in second for c in r.of("create", "add-backend", "add") if "services identity" not in c]
    assert made_again == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_preflight_changes_nothing_and_says_what_to_mend(case: str, tmp_path: Path) -> None:
    subject, context, _ = CASES[case]
    stand_in = StandIn(tmp_path)
    for name in ("curl",):  # no network in tests
        (tmp_path / name).write_text("#!/bin/bash\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    ran = stand_in.run(folder_of(tmp_path / "out", subject, context) / "preflight.sh")
    assert ran.code == 1, ran.said
    assert "MEND  API run.googleapis.com: ./prepare.sh enables it" in ran.said
    read = {"describe", "list", "print-access-token", "get-iam-policy", "get"}
    assert [c for c in ran.calls if not read & set(c)] == []


def test_secrets_are_copied_whole_one_version_a_file_and_never_shown(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path)
    ran = stand_in.run(folder_of(tmp_path / "out", WEB, CONTEXT) / "prepare.sh", TOKEN="it's $HOME\nand 日本")
    assert ran.code == 0, ran.said
    found = secrets_of(stand_in)
    assert found["shop--db--password"] == ["value"]
    assert found["shop--web--web--TOKEN"] == ["it's $HOME\nand 日本"]
    assert [v for name, v in found.items() if name.startswith("shop--tls--files")] == [["value", "value"]]
    assert "value" not in ran.said
    assert "HOME" not in ran.said


def test_what_was_rotated_since_is_copied_on_the_day_and_the_files_stay(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path)
    folder = folder_of(tmp_path / "out", WEB, CONTEXT)
    assert stand_in.run(folder / "prepare.sh", TOKEN="x").code == 0
    written = yaml.safe_load((folder / "service.yaml").read_text())["spec"]["template"]["spec"]["volumes"]
    (files,) = [v["secret"] for v in written if v["name"] == "tls"]
    assert [(i["key"], i["path"]) for i in files["items"]] == [("tls-crt", "tls.crt"), ("tls-key", "tls.key")]

    def read(version: str) -> str:
        command = f"gcloud secrets versions access {version} --secret={files['secretName']} --project=p"
        return stand_in.run(command).said.strip()

    same = stand_in.run(folder / "prepare.sh", "refresh")
    assert (same.code, same.of("add", "update", "create", "enable")) == (0, [])
    kubectl = stand_in.folder / "kubectl"
    rotated = 'if [[ $* == *"{{index"*tls.key* ]]; then echo bmV3; exit; fi'  # new
    kubectl.write_text(f"#!/bin/bash\n{rotated}\n" + kubectl.read_text())
    ran = stand_in.run(folder / "prepare.sh", "refresh")
    assert ran.code == 0, ran.said
    assert "has a new version, 3: secret shop/tls, key tls.key, has changed since" in ran.said
    assert (read("tls-crt"), read("tls-key"), read("2")) == ("value", "new", "value")
    assert stand_in.run(folder / "prepare.sh", TOKEN="x").of("add", "update") == []
    assert read("tls-key") == "new"


def test_a_pinned_secret_is_read_by_its_number(tmp_path: Path) -> None:
    pinned = replace(CONTEXT, config=replace(CONTEXT.config, policy=Policy(pin_secrets=True)))
    files = render_workload(WEB, pinned)
    (app,) = yaml.safe_load(files["service.yaml"])["spec"]["template"]["spec"]["containers"]
    assert {e["valueFrom"]["secretKeyRef"]["key"] for e in app["env"]} == {"1"}
    assert "write it in place of 1" in files["cutover.md"]


def test_a_pinned_secret_that_was_rotated_is_told_until_the_files_say_so(tmp_path: Path) -> None:
    pinned = replace(CONTEXT, config=replace(CONTEXT.config, policy=Policy(pin_secrets=True)))
    stand_in, folder = StandIn(tmp_path), folder_of(tmp_path / "out", WEB, pinned)
    assert stand_in.run(folder / "prepare.sh", TOKEN="x").code == 0
    assert "version" not in stand_in.run(folder / "prepare.sh", "refresh").said
    stand_in.made = {**stand_in.made, ROTATED: []}
    for _ in range(2):
        ran = stand_in.run(folder / "prepare.sh", "refresh")
        assert ran.code == 0, ran.said
        assert "The files read version 1 of it: write 2 in its place" in ran.said
    assert secrets_of(stand_in)["shop--db--password"] == ["value", "new"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("odd", ("add", "update")),
        *(
            pytest.param(h, ("db ", "shop--db--", "--secret=shop--", "tls ", "shop--tls--"), marks=pytest.mark.soak)
            for h in HOWS
        ),
    ],
)
def test_a_refresh_that_is_disturbed_at_any_call_loses_no_value_and_is_run_again(
    how: How, words: tuple[str, ...], tmp_path: Path
) -> None:
    stand_in, folder = StandIn(tmp_path), folder_of(tmp_path / "out", WEB, CONTEXT)
    assert stand_in.run(folder / "prepare.sh", TOKEN="x").code == 0
    before = {**stand_in.made, ROTATED: []}

    def run(made: dict[str, list[str]], fault: Fault | None = None) -> Ran:
        stand_in.made = made
        return stand_in.run(folder / "prepare.sh", "refresh", fault=fault)

    calls = run(before).calls
    at = [i for i, call in enumerate(calls) if any(f" {word}" in f" {' '.join(call)} " for word in words)]
    assert at
    for fault in (Fault(i, how) for i in at):
        ran = run(before, fault)
        left = stand_in.made
        if how not in ("silent", "odd"):
            assert ran.code != 0, f"{fault}: {ran.said}"
        again = run(left)
        assert again.code == 0, f"{fault}: {ran.said} {again.said}"
        secrets = secrets_of(stand_in)
        assert secrets["shop--db--password"][0] == "value" and secrets["shop--db--password"][-1] == "new"
        (files,) = (name for name in secrets if name.startswith("shop--tls--files"))
        for alias in ("tls-crt", "tls-key"):
            read = stand_in.run(f"gcloud secrets versions access {alias} --secret={files} --project=p")
            assert read.said.strip() == "new", f"{fault}: {alias}"
        assert run(stand_in.made).of("add", "update") == []


def _gcloud_that_learns(stand_in: StandIn, said: str, times: int) -> None:
    """Its grants and deployments fail so many times each with that."""
    gcloud, asked = stand_in.folder / "gcloud", stand_in.folder / "asked"
    fails = f"""#!/bin/bash
if [[ $* == *add-iam-policy-binding* || $* == *deploy* ]]; then
  key=$(printf '%s' "$*" | cksum); key=${{key%% *}}; echo >>{asked}.$key
  if (($(wc -l <{asked}.$key) <= {times})); then echo {quote(said)} >&2; exit 1; fi
fi
"""
    gcloud.write_text(fails + gcloud.read_text())
    (stand_in.folder / "sleep").write_text(f"#!/bin/bash\necho $1 >>{stand_in.folder}/slept\n")
    (stand_in.folder / "sleep").chmod(0o755)


NOT_KNOWN_YET = (
    "ERROR: (gcloud.projects.add-iam-policy-binding) INVALID_ARGUMENT: Service account x does not exist.",
    "ERROR: (gcloud.run.deploy) Permission denied on secret: projects/1/secrets/s/versions/1 for Revision service account x",
    "ERROR: (gcloud.iam) SERVICE_DISABLED: Identity and Access Management API has not been used in project 1 before",
)


@pytest.mark.parametrize("said", NOT_KNOWN_YET)
def test_what_was_granted_a_moment_ago_is_waited_for(said: str, tmp_path: Path) -> None:
    stand_in, folder = StandIn(tmp_path), folder_of(tmp_path / "out", WEB, CONTEXT)
    _gcloud_that_learns(stand_in, said, 2)
    ran = go_live(stand_in, folder, {"TOKEN": "x"})
    assert [r.said for r in ran if r.code] == []
    assert set((tmp_path / "slept").read_text().split()) == {"15"}
    assert "Google does not know all of it yet" in ran[0].said


def test_what_is_refused_for_good_is_not_waited_for_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    stand_in, folder = StandIn(tmp_path), folder_of(tmp_path / "out", WEB, CONTEXT)
    script, works = folder / "prepare.sh", (stand_in.folder / "gcloud").read_text()
    _gcloud_that_learns(stand_in, "ERROR: (gcloud) PERMISSION_DENIED: you may not do that", 99)
    ran = stand_in.run(script, TOKEN="x")
    assert ran.code != 0 and "you may not do that" in ran.said and not (tmp_path / "slept").exists()
    (stand_in.folder / "gcloud").write_text(works)
    _gcloud_that_learns(stand_in, NOT_KNOWN_YET[0], 99)
    assert "SECONDS + 480" in script.read_text()
    script.write_text(script.read_text().replace("SECONDS + 480", "SECONDS - 1"))
    ran = stand_in.run(script, TOKEN="x")
    assert ran.code != 0 and "does not exist" in ran.said


def test_the_cutover_says_how_each_secret_is_changed_from_then_on() -> None:
    text = render_workload(WEB, CONTEXT)["cutover.md"]
    section = text.partition("## Secrets from now on")[2]
    for name in ("shop--db--password", "shop--web--web--TOKEN", "shop--tls--files"):
        assert f"gcloud secrets versions add {name}" in section
    assert "`tls-key` is tls.key" in section
    assert text.index("`./prepare.sh refresh`") < text.index("--replicas=0")


def test_a_prepare_that_stopped_half_way_goes_on_where_it_stopped(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path)
    script = folder_of(tmp_path / "out", WEB, CONTEXT) / "prepare.sh"
    kubectl = stand_in.folder / "kubectl"
    works = kubectl.read_text()
    kubectl.write_text("#!/bin/bash\n[[ $* != *tls.key* ]] || exit 1\n" + works)
    assert stand_in.run(script, TOKEN="x").code != 0
    kubectl.write_text(works)
    assert stand_in.run(script, TOKEN="x").code == 0
    assert {len(v) for v in secrets_of(stand_in).values()} == {1, 2}


def test_paths_of_a_shared_host_go_to_cloud_run_one_after_the_other_and_back(tmp_path: Path) -> None:
    context = replace(CONTEXT, assessed={a.id: a for a in (WEB, API, OLD)})
    stand_in = StandIn(tmp_path)
    folders = {a.workload.name: folder_of(tmp_path / a.workload.name, a, context) for a in (WEB, API)}

    def backends(ran: Ran) -> list[str]:
        assert ran.code == 0, ran.said
        return ran.of("gke_backend", "add-backend")

    (tmp_path / "sed").write_text(
        f'#!/bin/bash\n[[ $1 != -E ]] || exec /bin/sed "$@"\n/usr/bin/env -i /bin/sed "$@" | tee -a {tmp_path}/maps\n'
    )
    (tmp_path / "sed").chmod(0o755)
    go_live(stand_in, folders["web"], {"TOKEN": "x"})
    first = (tmp_path / "maps").read_text()
    (tmp_path / "maps").unlink()
    go_live(stand_in, folders["api"], {})
    second = (tmp_path / "maps").read_text()
    (tmp_path / "maps").unlink()
    assert backends(stand_in.run(folders["web"] / "rollback.sh"))
    third = (tmp_path / "maps").read_text()
    assert "/web-be" in first and "/shop-example-com-gke-api" in first and "/shop-example-com-gke-old" in first
    assert "/web-be" in second and "/api-be" in second and "gke-api\n" not in second
    assert "/web-be" not in third and "/shop-example-com-gke-web" in third and "/api-be" in third


def test_callers_keep_the_old_name_of_what_moves(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path)
    for subject in (MYCART, CART):
        ran = go_live(stand_in, folder_of(tmp_path / subject.workload.name, subject, MARKET), {})
        assert [r.said for r in ran if r.code] == []
    rules = [one for one in stand_in.made["compute url-maps  k2cr-inside"] if "description" not in one]
    full = "cart.shop.svc.cluster.local"
    assert [r.partition("=")[2].split(",")[0] for r in rules] == [f"my{full}", full]
    folder = folder_of(tmp_path / "buyer", BUYER, MARKET)
    # What has moved already is not led back to the pods.
    out = stand_in.run(folder / "network.sh", "out")
    assert out.code == 0 and [c for c in out.of("record-sets") if "describe" not in c] == []
    assert stand_in.run(tmp_path / "cart" / "shop--deployment--cart" / "network.sh", "back").code == 0
    back = [c for c in stand_in.run(folder / "network.sh", "out").of("record-sets") if " update " in c]
    assert back and all(f"{full}." in call and f"my{full}" not in call for call in back)


def test_callers_inside_keep_the_name_of_what_users_come_to(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path)
    door = replace(CART.workload.exposures[0], type="LoadBalancer", load_balancer=("external", "it is external"))
    open_cart = replace(CART, workload=replace(CART.workload, exposures=(door,)))
    market = replace(MARKET, assessed={**MARKET.assessed, CART.id: open_cart})
    folder = folder_of(tmp_path / "out", open_cart, market)
    assert [r.said for r in go_live(stand_in, folder, {}) if r.code] == []
    way_in = (folder / "network.sh").read_text(encoding="utf-8").partition("way_callers()")[0]
    assert "enter_name cart" not in way_in  # before the users are let in, nobody is led there
    assert "dns record-sets A cart.shop.svc.cluster.local." in stand_in.made
    assert "./network.sh callers" in (folder / "cutover.md").read_text(encoding="utf-8")


def test_a_name_of_another_cluster_in_the_network_is_not_taken_over(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path)
    east, west = (replace(MARKET, cluster=name, cluster_location="us-central1") for name in ("east", "west"))
    assert [r.said for r in go_live(stand_in, folder_of(tmp_path / "east", CART, east), {}) if r.code] == []
    entered = stand_in.made["dns record-sets A cart.shop.svc.cluster.local."]
    assert [r.code for r in go_live(stand_in, folder_of(tmp_path / "east", CART, east), {}) if r.code] == []
    ran = stand_in.run(folder_of(tmp_path / "west", CART, west) / "network.sh", "in")
    assert ran.code == 1 and "another cluster in this network" in ran.said
    assert stand_in.made["dns record-sets A cart.shop.svc.cluster.local."] == entered


def test_the_network_of_a_shared_vpc_is_made_in_its_own_project(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path)
    subject, context, variables = CASES["a network of another project"]
    ran = go_live(stand_in, folder_of(tmp_path / "out", subject, context), variables)
    of_network = [c for r in ran for c in r.of("subnets", "firewall-rules", "managed-zones", "record-sets")]
    assert of_network and all("--project=host" in call for call in of_network)
    assert any("service-12@serverless-robot-prod" in c and "compute.networkUser" in c for c in of_network)


def test_deploying_again_keeps_the_image_that_the_pipeline_released(tmp_path: Path) -> None:
    image = "us-docker.pkg.dev/p/apps/web:1"
    other = "us-docker.pkg.dev/p/apps/web@sha256:" + "0" * 64
    web = assessed(workload(container("web", image=image), container("agent", image="a/agent:1"), name="web", exposures=(exposure("web", 8080),)))  # fmt: skip
    script = folder_of(tmp_path / "out", web, CONTEXT) / "deploy.sh"
    stand_in = StandIn(tmp_path)

    def deployed(**environment: str) -> list[str]:
        ran = stand_in.run(script, **environment)
        assert ran.code == 0, ran.said
        return [w for call in ran.calls for w in call if w.startswith("--image=")]

    assert deployed() == [f"--image={image}", "--image=a/agent:1"]
    gcloud = stand_in.folder / "gcloud"
    gcloud.write_text(
        f"#!/bin/bash\n[[ $* != *describe* ]] || {{ printf 'agent,x\\nweb,{other}\\n'; exit; }}\n" + gcloud.read_text()
    )
    assert deployed() == [f"--image={other}", "--image=a/agent:1"]
    assert deployed(K2CR_IMAGE="written") == [f"--image={image}", "--image=a/agent:1"]
    gcloud.write_text(
        "#!/bin/bash\n[[ $* != *describe* ]] || { echo 'web,$(touch PWNED) x'; exit; }\n" + gcloud.read_text()
    )
    assert deployed()[0] == f"--image={image}"  # what is no image is not taken


EVIL = "x\nEOF\ntouch PWNED; $(touch PWNED) `touch PWNED` ' \" ;"


def test_no_text_of_a_manifest_is_run(tmp_path: Path) -> None:
    """Whatever stands in the objects around a workload, it stays a value."""
    strict = {
        "to": [{"ipBlock": {"cidr": EVIL}}],
        "ports": [{"port": 1, "protocol": EVIL}, {"port": EVIL}, {"port": 5}],
    }
    headers = {"headers": [EVIL]}
    related = {
        "NetworkPolicy": ({"metadata": {"name": EVIL}, "spec": {"egress": [strict]}},),
        "FrontendConfig": ({"metadata": {"name": EVIL}, "spec": {"sslPolicy": EVIL, "redirectToHttps": {"responseCodeName": EVIL}}},),
        "BackendConfig": ({"metadata": {"name": EVIL}, "spec": {"securityPolicy": {"name": EVIL}, "customRequestHeaders": headers, "cdn": {"enabled": True, "cacheMode": EVIL}, "healthCheck": {"requestPath": EVIL}}},),
        "ServiceAccount": ({"metadata": {"name": EVIL, "annotations": {"iam.gke.io/gcp-service-account": EVIL}}},),
    }  # fmt: skip
    routes = [route(EVIL, EVIL, EVIL), route("shop.example.com", f"/{EVIL}", "web")]
    entrance = replace(exposure("web", 8080, routes=routes, kind="LoadBalancer"), source_ranges=(EVIL,))
    subject = assessed(
        workload(container("web", image=f"us-docker.pkg.dev/{EVIL}"), name="web", service_account=EVIL, exposures=(entrance,), related=related)
    )  # fmt: skip
    context = replace(CONTEXT, assessed={a.id: a for a in (subject, API)})
    folder = folder_of(tmp_path / "out", subject, context)
    stand_in = StandIn(tmp_path)
    for script in sorted(folder.glob("*.sh")):
        for words in ((), ("out",), ("in",), ("back",)):
            stand_in.run(script, *words)
    assert list(tmp_path.rglob("PWNED")) + list(Path.cwd().glob("PWNED")) == []
