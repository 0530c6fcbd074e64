"""The doctor against the loopback project: what is well, what is not, and the line that mends it."""

from __future__ import annotations

from dataclasses import replace

import grpc
import pytest
from typer.testing import CliRunner

from k2cr_analysis.cli import app
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.sources.doctor import examine
from k2cr_analysis.sources.live import LiveCluster
from tests.sources.api_server import Cluster, serving
from tests.sources.bigquery_server import Warehouse, serving_bigquery
from tests.sources.metric_service import Metrics, serving_metrics

CONTEXT = "gke_proj_europe-west1_shop"
CPU = "kubernetes.io/container/cpu/core_usage_time"


@pytest.fixture
def ends(tmp_path, monkeypatch):
    metrics, warehouse = Metrics(), Warehouse({})
    with serving(Cluster([])) as cluster, serving_metrics(metrics) as url, serving_bigquery(warehouse) as bills:
        monkeypatch.setenv("K2CR_ENDPOINT_MONITORING", url)
        monkeypatch.setenv("K2CR_ENDPOINT_BIGQUERY", bills)
        live = LiveCluster.of_context(CONTEXT, cluster.kubeconfig(tmp_path / "config"), None, None, None, Caller())
        yield cluster, metrics, warehouse, live


def ill(live, table=None):
    return {check.what: check.mend for check in examine(live, table) if not check.is_well}


def test_a_project_that_can_be_read_is_well(ends):
    checks = list(examine(ends[3], None))
    assert [(c.what, c.is_well) for c in checks] == [("cluster", True), ("metrics", True)]


def test_a_kind_that_may_not_be_listed_is_named_with_the_role(ends):
    ends[0].forbidden = {"configmaps"}
    found = ill(ends[3])
    assert list(found) == ["cluster: configmaps"] and "rbac.yaml" in found["cluster: configmaps"]


def test_metrics_that_may_not_be_read_name_the_role(ends):
    ends[1].faults[CPU] = [grpc.StatusCode.PERMISSION_DENIED]
    assert "roles/monitoring.viewer" in ill(ends[3])["metrics"]


def test_a_cluster_without_metrics_names_the_switch(ends):
    ends[1].absent.add("kubernetes.io/container/cpu/x")
    assert "--monitoring=SYSTEM" in ill(ends[3])["metrics"]


def test_a_wrong_location_names_the_clusters_that_have_metrics(ends):
    found = {c.what: c for c in examine(replace(ends[3], location="europe-west1-b"), None)}["metrics"]
    assert "the project has metrics of shop in europe-west1" in found.found and "--location" in found.mend


def test_an_absent_export_is_explained(ends):
    assert "Billing export" in ill(ends[3], "p.d.absent")["bill"]


def test_an_api_that_is_switched_off_names_the_command(ends):
    ends[2].faults = [(403, "accessDenied", "BigQuery API has not been used in project 1 before or it is disabled")]
    assert ill(ends[3], "p.d.t")["bill"] == "gcloud services enable bigquery.googleapis.com --project=proj"


def test_a_cluster_that_is_not_there_is_not_well(ends, tmp_path):
    live = LiveCluster.of_context(CONTEXT, str(tmp_path / "absent"), None, None, None, Caller())
    assert set(ill(live)) == {"cluster"}


def test_without_a_context_the_current_one_is_examined(ends, tmp_path):
    words = ["doctor", "--kubeconfig", str(tmp_path / "config")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "well" in done.stdout and "not well" not in done.stdout


def test_without_any_context_the_command_that_makes_one_is_printed(ends, tmp_path):
    words = ["doctor", "--kubeconfig", str(tmp_path / "absent"), "--project", "proj", "--cluster", "shop"]
    done = CliRunner().invoke(app, [*words, "--location", "europe-west1"])
    assert "gcloud container clusters get-credentials shop --location=europe-west1 --project=proj" in done.stdout


def test_who_acts_as_a_service_account_gives_the_role_to_it(ends):
    ends[1].faults[CPU] = [grpc.StatusCode.PERMISSION_DENIED]
    live = replace(ends[3], caller=Caller("reader@proj.iam.gserviceaccount.com"))
    mend = ill(live)["metrics"]
    assert '--member="serviceAccount:reader@proj.iam.gserviceaccount.com" --role=roles/monitoring.viewer' in mend


def test_a_job_that_may_not_be_made_names_its_role(ends):
    ends[2].faults = [None, (403, "accessDenied", "Access Denied: Project proj: bigquery.jobs.create")]
    assert "--role=roles/bigquery.jobUser" in ill(ends[3], "p.d.t")["bill"]
