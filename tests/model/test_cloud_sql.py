"""Cloud SQL's proxy: where Cloud Run's own connection takes its place, and where it must go along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from k2cr_analysis.rendering import render
from k2cr_analysis.sources import collect
from k2cr_analysis.verdicts import assess

ONE, TWO = "acme:europe-west1:main", "example.com:acme:europe-west1:more"
V1, V2 = "gcr.io/cloudsql-docker/gce-proxy:1.33.2", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.11.0"
SOCKETS = {"name": "sql", "mountPath": "/cloudsql"}
Pod = dict[str, Any]


def pod(image: str, words: list[str], *, env: list[dict[str, str]] | None = None, mount: str = "/cloudsql") -> Pod:
    return {
        "volumes": [{"name": "sql", "emptyDir": {}}, {"name": "key", "secret": {"secretName": "cloudsql-key"}}],
        "containers": [
            {
                "name": "app",
                "image": "us-docker.pkg.dev/acme/apps/app:1",
                "ports": [{"containerPort": 8080}],
                "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}},
                "volumeMounts": [{"name": "sql", "mountPath": mount}],
            },
            {
                "name": "proxy",
                "image": image,
                "args": words,
                "env": env or [],
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
                "volumeMounts": [SOCKETS, {"name": "key", "mountPath": "/secrets", "readOnly": True}],
            },
        ],
    }


def assessed(tmp_path: Path, spec: Pod, kind: str = "Deployment"):
    metadata = {"name": "crm", "namespace": "web"}
    template = {"metadata": {"labels": {"app": "crm"}}, "spec": spec}
    if kind == "Job":
        spec["restartPolicy"] = "Never"
        owner = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}}
    else:
        selector = {"matchLabels": {"app": "crm"}}
        owner = {
            "apiVersion": "apps/v1", "kind": kind, "metadata": metadata,
            "spec": {"selector": selector, "template": template},
        }  # fmt: skip
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": "crm"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    }
    (tmp_path / "m.yaml").write_text(yaml.safe_dump_all([owner, *([service] if kind != "Job" else [])]))
    collect([tmp_path / "m.yaml"], tmp_path / "s")
    return assess(tmp_path / "s")


BUILT_IN = {
    "v1": pod(V1, ["/cloud_sql_proxy", "-dir=/cloudsql", f"-instances={ONE}", "-credential_file=/secrets/key.json"]),
    "v1, public before private": pod(V1, ["-dir", "/cloudsql", "-instances", ONE, "-ip_address_types=PUBLIC,PRIVATE"]),
    "v1 by a variable": pod(V1, ["-dir=/cloudsql", "-instances=$(INSTANCE)"], env=[{"name": "INSTANCE", "value": ONE}]),
    "v1 in a shell": pod(V1, ["/bin/sh", "-c", f"/cloud_sql_proxy -dir=/cloudsql -instances={ONE}"]),
    "v2": pod(V2, ["--unix-socket=/cloudsql", "--structured-logs", ONE]),
    "v2, short": pod(V2, ["-u", "/cloudsql/", "-c", "/secrets/key.json", ONE]),
    "v2 by its own variables": pod(
        V2,
        [],
        env=[
            {"name": "CSQL_PROXY_INSTANCE_CONNECTION_NAME", "value": ONE},
            {"name": "CSQL_PROXY_UNIX_SOCKET", "value": "/cloudsql"},
            {"name": "CSQL_PROXY_PRIVATE_IP", "value": "false"},
        ],
    ),
    "v2, each with its folder": pod(V2, [f"{ONE}?unix-socket=/cloudsql"]),
}
KEPT = {
    "v1 on a port": (pod(V1, [f"-instances={ONE}=tcp:5432"]), "port"),
    "v1, one of two on a port": (pod(V1, ["-dir=/cloudsql", f"-instances={ONE},{TWO}=tcp:3306"]), "port"),
    "v2 on a port": (pod(V2, [ONE]), "port"),
    "v2, private": (pod(V2, ["--private-ip", "--unix-socket=/cloudsql", ONE]), "private"),
    "v2, private by an option": (pod(V2, ["--unix-socket=/cloudsql", f"{ONE}?private-ip=true"]), "private"),
    "v1, private": (pod(V1, ["-dir=/cloudsql", f"-instances={ONE}", "-ip_address_types=PRIVATE"]), "private"),
    "v2, sign-in by IAM": (pod(V2, ["-i", "--unix-socket=/cloudsql", ONE]), "IAM"),
    "another folder": (pod(V2, ["--unix-socket=/tmp/sql", ONE]), "not in /cloudsql"),
    "the application looks elsewhere": (pod(V2, ["--unix-socket=/cloudsql", ONE], mount="/var/sql"), "elsewhere"),
    "a name nobody knows": (pod(V2, ["--unix-socket=/cloudsql", "$(INSTANCE)"]), "not known"),
}


@pytest.mark.parametrize("spec", BUILT_IN.values(), ids=BUILT_IN)
def test_cloud_run_makes_the_sockets_itself(tmp_path: Path, spec: Pod) -> None:
    assessment = assessed(tmp_path, spec)
    (one,) = assessment.workloads
    assert one.fit.containers == ("app",)
    assert not {"scratch-on-disk", "secret-with-many-files"} & {f.rule for f in one.findings}
    folder = render(assessment, [one.id], tmp_path / "r", project="acme")[one.id]
    template = yaml.safe_load((folder / "service.yaml").read_text())["spec"]["template"]
    assert template["metadata"]["annotations"]["run.googleapis.com/cloudsql-instances"] == ONE
    assert "volumes" not in template["spec"]
    assert "volumeMounts" not in template["spec"]["containers"][0]
    assert f"--set-cloudsql-instances={ONE}" in (folder / "deploy.sh").read_text().replace("'", "")
    assert "roles/cloudsql.client" in (folder / "prepare.sh").read_text()


@pytest.mark.parametrize(("spec", "why"), KEPT.values(), ids=KEPT)
def test_a_proxy_that_gives_more_goes_along(tmp_path: Path, spec: Pod, why: str) -> None:
    assessment = assessed(tmp_path, spec)
    (one,) = assessment.workloads
    assert set(one.fit.containers) == {"app", "proxy"}
    assert why in next(f.message for f in one.findings if f.rule == "database-proxy-sidecar")
    folder = render(assessment, [one.id], tmp_path / "r", project="acme")[one.id]
    assert "cloudsql-instances" not in (folder / "service.yaml").read_text()


def test_several_instances_of_several_projects(tmp_path: Path) -> None:
    assessment = assessed(tmp_path, pod(V1, ["-dir=/cloudsql", f"-instances={ONE},{TWO}"]))
    folder = render(assessment, out=tmp_path / "r", project="shop")["web/Deployment/crm"]
    template = yaml.safe_load((folder / "service.yaml").read_text())["spec"]["template"]
    assert template["metadata"]["annotations"]["run.googleapis.com/cloudsql-instances"] == f"{ONE},{TWO}"
    prepare = (folder / "prepare.sh").read_text()
    assert "add-iam-policy-binding acme " in prepare
    assert "add-iam-policy-binding example.com:acme " in prepare
    assert TWO in (folder / "main.tf").read_text()


def test_a_native_sidecar_and_a_job(tmp_path: Path) -> None:
    spec = BUILT_IN["v2"] | {"containers": BUILT_IN["v2"]["containers"][:1]}
    spec["initContainers"] = [BUILT_IN["v2"]["containers"][1] | {"restartPolicy": "Always"}]
    assessment = assessed(tmp_path, spec, "Job")
    (one,) = assessment.workloads
    assert one.fit.containers == ("app",)
    assert "native-sidecar" not in {f.rule for f in one.findings}
    folder = render(assessment, out=tmp_path / "r", project="acme")[one.id]
    assert f"run.googleapis.com/cloudsql-instances: {ONE}" in (folder / "job.yaml").read_text()


def test_the_socket_folder_of_a_proxy_that_goes_along_asks_for_no_size(tmp_path: Path) -> None:
    (one,) = assessed(tmp_path, pod(V2, ["--unix-socket=/cloudsql", "--private-ip", ONE])).workloads
    assert "scratch-on-disk" not in {f.rule for f in one.findings}
