"""A neighbour merged into its caller by the config: one service, each dollar once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k2cr_analysis.assessment import Assessment
from k2cr_analysis.assessment.merging import merge_neighbours
from k2cr_analysis.config import AssumedTraffic, Config, WorkloadSettings
from k2cr_analysis.errors import ConfigError, Location
from k2cr_analysis.model.observed import ContainerUsage, WorkloadUsage
from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.planning import plan, portfolio
from k2cr_analysis.rendering import render
from k2cr_analysis.snapshot import SnapshotObject
from k2cr_analysis.sources import collect
from k2cr_analysis.verdicts import assess

FRONT, API = "shop/Deployment/front", "shop/Deployment/api"


def pair(name: str, port: int, env: str = "", kind: str = "Deployment", rest: str = "") -> str:
    return f"""
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: app, image: 'r/{name}:1', ports: [{{containerPort: {port}}}], env: [{env}], resources: {{requests: {{cpu: 500m, memory: 256Mi}}}}{rest}}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: {port}}}]}}
---
"""


CALLER = pair("front", 8080, "{name: API, value: 'http://api'}")


def merging(*ids: str) -> Config:
    traffic = AssumedTraffic(requests_per_s=2.0, latency_ms=80.0)
    return Config(assumed_traffic=traffic, workloads={FRONT: WorkloadSettings(merge=ids)} if ids else {})


def assessed(folder: Path, text: str, *ids: str) -> Assessment:
    (folder / "m.yaml").write_text(text)
    collect([folder / "m.yaml"], folder / "snap")
    return assess(folder / "snap", merging(*ids))


def test_the_service_has_both_and_waits_for_its_neighbour(tmp_path: Path):
    front = next(w for w in assessed(tmp_path, CALLER + pair("api", 9000), API).workloads if w.id == FRONT)
    assert (front.fit.ingress_container, front.fit.containers) == ("app", ("app", "api-app"))
    assert dict(front.fit.startup.depends_on) == {"app": ("api-app",)}
    assert front.fit.dependencies == ()
    assert len(front.shape.containers) == 2


def test_each_dollar_is_counted_once(tmp_path: Path):
    text = CALLER + pair("api", 9000)
    apart = assessed(tmp_path, text)
    joined = assess(tmp_path / "snap", merging(API))
    by_id = {w.id: w for w in joined.workloads}
    assert by_id[FRONT].cost.gke_attributed_month == sum(w.cost.gke_attributed_month for w in apart.workloads)
    assert by_id[FRONT].cost.gke_avoidable_month == by_id[FRONT].cost.gke_attributed_month
    assert by_id[API].cost.gke_attributed_month is None
    assert joined.bill.month == apart.bill.month
    assert joined.bill.lines == apart.bill.lines
    assert portfolio(joined).gke_month == portfolio(apart).gke_month
    assert portfolio(joined).stay_and_rightsize_month == portfolio(apart).stay_and_rightsize_month


def test_the_neighbour_is_listed_once_and_says_whose_part_it_is(tmp_path: Path):
    joined = assessed(tmp_path, CALLER + pair("api", 9000), API)
    assert [w.id for w in joined.workloads] == [API, FRONT]
    part = joined.workloads[0]
    assert (part.fit.target, part.fit.moves, part.shape, part.effort_days) == ("none", False, None, None)
    (said,) = [f for f in part.findings if f.rule == "merged-into"]
    assert FRONT in said.message
    assert API not in {i for wave in plan(joined).waves for i in wave.workloads}


def test_it_is_written_as_one_service_and_the_way_back_has_both(tmp_path: Path):
    folders = render(assessed(tmp_path, CALLER + pair("api", 9000), API), out=tmp_path / "out", project="p")
    assert list(folders) == [FRONT]
    written = yaml.safe_load((folders[FRONT] / "service.yaml").read_text())
    spec = written["spec"]["template"]
    assert [c["name"] for c in spec["spec"]["containers"]] == ["app", "api-app"]
    assert spec["spec"]["containers"][0]["env"] == [{"name": "API", "value": "http://localhost:9000"}]
    assert spec["metadata"]["annotations"]["run.googleapis.com/container-dependencies"] == '{"app":["api-app"]}'
    back = (folders[FRONT] / "rollback.sh").read_text()
    assert back.index("scale deployment api") < back.index("scale deployment front")
    assert "delete deployment api " in (folders[FRONT] / "cutover.md").read_text()


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (pair("api", 9000, kind="StatefulSet"), "not in the snapshot"),
        (pair("api", 9000, rest=", securityContext: {privileged: true}"), "privileged-container"),
        (pair("api", 9000) + pair("other", 9100, "{name: API, value: 'http://api'}"), "other calls too"),
        (
            pair("api", 9000)
            + "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: shop}\n"
            "spec: {defaultBackend: {service: {name: api, port: {number: 80}}}}\n",
            "a way in of its own",
        ),
    ],
)
def test_a_neighbour_that_is_no_part_is_refused(tmp_path: Path, others: str, said: str):
    with pytest.raises(ConfigError, match=said):
        assessed(tmp_path, CALLER + others, API)


def test_an_address_that_cannot_be_changed_is_refused(tmp_path: Path):
    conf = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata: {a.conf: 'proxy_pass http://api;'}\n---\n"
    mounting = pair("front", 8080, rest=", volumeMounts: [{name: c, mountPath: /c}]").replace(
        "spec: {containers", "spec: {volumes: [{name: c, configMap: {name: conf}}], containers"
    )
    with pytest.raises(ConfigError, match="ConfigMap conf"):
        assessed(tmp_path, conf + mounting + pair("api", 9000), API)


def used(pods: float, cores: float, size: float) -> WorkloadUsage:
    return WorkloadUsage({"app": ContainerUsage({0.5: cores}, {0.5: size}, cores * pods, 0, 100)}, pods, 8, 30.0)


def test_measured_use_is_spread_over_the_callers_pods_and_calls_of_a_neighbour_are_the_callers():
    db = "shop/Deployment/db"
    text = CALLER + pair("api", 9000, "{name: DB, value: 'http://db'}") + pair("db", 9200)
    objects = [SnapshotObject(d, Location("m.yaml", i)) for i, d in enumerate(yaml.safe_load_all(text)) if d]
    cluster = parse_cluster(objects)
    usage = {FRONT: used(4.0, 0.3, 1e8), API: used(2.0, 0.2, 2e8), db: used(1.0, 0.1, 3e8)}
    done = merge_neighbours(objects, cluster, merging(API), {db: {API: 5, "shop/front": 2}}, usage, parse_cluster)
    assert sorted(done.usage) == [db, FRONT]
    part = done.usage[FRONT].containers["api-app"]
    assert (part.cpu_quantiles_cores[0.5], part.memory_quantiles_bytes[0.5]) == (0.1, 2e8)
    assert part.cpu_mean_cores == 0.4
    (edge,) = done.fits[FRONT].dependencies
    assert edge.target == db
    assert "7 requests" in edge.evidence


def test_a_merge_of_another_cluster_of_the_fleet_says_nothing_here(tmp_path: Path):
    elsewhere = Config(workloads={"far/Deployment/a": WorkloadSettings(merge=("far/Deployment/b",))})
    assessed(tmp_path, CALLER + pair("api", 9000))
    assert [w.fit.verdict for w in assess(tmp_path / "snap", elsewhere, alone=False).workloads] == ["ready", "ready"]
