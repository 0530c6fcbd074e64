"""Pages and files under aliases: no name of the original in any byte, and the same answers."""

from __future__ import annotations

import json
import re
import stat
import zlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from k2cr_analysis.cli import app
from k2cr_analysis.errors import UsageError
from k2cr_analysis.report.under_aliases import WORDS, under_aliases
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot
from k2cr_analysis.snapshot.pseudonyms import Key, Renaming, read_key
from k2cr_analysis.verdicts import assess

# Each name is a word of its own, which no page of k2cr would ever say.
MANIFESTS = """
apiVersion: v1
kind: Namespace
metadata: {name: quillzard, labels: {squad: marmotte}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: brumbly
  namespace: quillzard
  labels: {app: brumbly, owner: marmotte, app.kubernetes.io/part-of: fenwicket}
  annotations: {tarragune.example/contact: yukimura@tarragune.example, note: "brumbly belongs to marmotte"}
spec:
  selector: {matchLabels: {app: brumbly}}
  template:
    metadata: {labels: {app: brumbly, owner: marmotte}}
    spec:
      serviceAccountName: pendrake
      containers:
        - name: vexlar
          image: asia-northeast1-docker.pkg.dev/zomblax-prod/ostrava/vexlar:1.2
          command: ["/app/vexlar", "--upstream=http://crundle.quillzard.svc.cluster.local:9000/x"]
          ports: [{containerPort: 8080}]
          env:
            - {name: CRUNDLE_URL, value: "http://crundle:9000"}
            - {name: PUBLIC, value: "https://shop.tarragune.example/brumbly_v2"}
            - {name: TOPIC, value: projects/zomblax-prod/topics/wimblet-events}
            - {name: PASS, valueFrom: {secretKeyRef: {name: grotto-keys, key: pass}}}
          envFrom: [{configMapRef: {name: jibbet}}]
          readinessProbe: {httpGet: {path: /healthz, port: 8080}}
          resources: {requests: {cpu: 200m, memory: 256Mi}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: jibbet, namespace: quillzard}
data: {brumbly.yaml: "upstream: crundle.quillzard", LEVEL: info}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: pendrake
  namespace: quillzard
  annotations: {iam.gke.io/gcp-service-account: pendrake@zomblax-prod.iam.gserviceaccount.com}
---
apiVersion: v1
kind: Service
metadata: {name: brumbly, namespace: quillzard}
spec: {selector: {app: brumbly}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: frontgate, namespace: quillzard}
spec:
  rules:
    - host: shop.tarragune.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: brumbly, port: {number: 80}}}}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: crundle, namespace: quillzard, labels: {app: crundle}}
spec:
  serviceName: crundle
  selector: {matchLabels: {app: crundle}}
  template:
    metadata: {labels: {app: crundle}}
    spec:
      containers:
        - {name: crundle, image: "redis:7", ports: [{containerPort: 6379}]}
      volumes: [{name: hoardlet, hostPath: {path: /srv/hoardlet}}]
---
apiVersion: v1
kind: Service
metadata: {name: crundle, namespace: quillzard}
spec: {selector: {app: crundle}, ports: [{port: 9000, targetPort: 6379}]}
"""
NAMES = [
    "quillzard",
    "brumbly",
    "marmotte",
    "fenwicket",
    "tarragune",
    "yukimura",
    "pendrake",
    "vexlar",
    "zomblax",
    "ostrava",
    "crundle",
    "grotto",
    "jibbet",
    "frontgate",
    "hoardlet",
    "smurrow",
    "wimblet",
]
CONFIG = """
[project]
id = "zomblax-prod"
region = "asia-northeast1"

[workload."quillzard/Deployment/brumbly"]
effort_days = 2.5

[rules.exec-probe]
severity = "note"
reason = "decided"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(folder of the pages and files, key file, folder of everything else)"""
    folder = tmp_path_factory.mktemp("pseudonyms")
    manifests = folder / "smurrow"
    manifests.mkdir()
    (manifests / "brumbly.yaml").write_text(MANIFESTS)
    (folder / "k2cr.toml").write_text(CONFIG)
    snapshot, key, out = folder / "quillzard.snapshot", folder / "own" / "key.json", folder / "out"
    run = CliRunner()
    collected = run.invoke(
        app, ["collect", "--manifests", str(manifests), "--location", "asia-northeast1", "--project", "zomblax-prod",
              "--cluster", "quillzard-tokyo", "--out", str(snapshot)],
    )  # fmt: skip
    assert collected.exit_code == 0, collected.output
    config = ["--config", str(folder / "k2cr.toml"), "--pseudonymise", str(key)]
    for verb in (["report", str(snapshot), "--out", str(out)], ["render", str(snapshot), "--out", str(out / "files")]):
        found = run.invoke(app, [*verb, *config], catch_exceptions=False)
        assert found.exit_code == 0, found.output
    return out, key, folder


def everything(folder: Path):
    """Each file's path and bytes; compressed parts of pictures are opened."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield str(path.relative_to(folder)), content
            for stream in re.findall(rb"[zi]TXt.*?\x00\x00(x\x9c.*?)....IEND", content, re.DOTALL):
                yield f"{path.name} (text)", zlib.decompressobj().decompress(stream)


def test_no_name_is_found_in_any_byte_of_pages_or_files(made):
    out, _, _ = made
    looked, found = 0, []
    for path, content in everything(out):
        looked += 1
        for name in NAMES:
            if name.encode() in content.lower() or name in path.lower():
                at = content.lower().find(name.encode())
                found.append((path, name, content[max(0, at - 60) : at + 60]))
    assert looked > 25
    assert not found, found[:5]


def test_the_aliased_snapshot_holds_no_name_either(made):
    _, _, folder = made
    (aliased,) = (folder / "own").glob("*.snapshot")
    texts = (
        json.dumps([one.object for one in open_snapshot(aliased).objects()]) + (aliased / "snapshot.json").read_text()
    )
    assert not [name for name in NAMES if name in texts.lower()]


def test_the_answers_are_the_same(made):
    _, key, folder = made
    (aliased,) = (folder / "own").glob("*.snapshot")
    before, after = assess(folder / "quillzard.snapshot"), assess(aliased)
    text = Renaming(read_key(key).aliases).text
    assert [text(w.id) for w in before.workloads] and {text(w.id) for w in before.workloads} == {
        w.id for w in after.workloads
    }
    by_id = {w.id: w for w in after.workloads}
    for one in before.workloads:
        other = by_id[text(one.id)]
        assert (one.fit.verdict, one.fit.target) == (other.fit.verdict, other.fit.target)
        assert sorted((f.rule, f.severity) for f in one.findings) == sorted(
            (f.rule, f.severity) for f in other.findings
        )


def test_one_name_has_one_alias_wherever_it_stands(made):
    out, key, _ = made
    alias = read_key(key).aliases["brumbly"]
    pages = [path for path, content in everything(out) if alias.encode() in content]
    assert {"index.html", "tables/workloads.csv"} <= set(pages)
    assert sum(path.endswith("service.yaml") for path in pages) == 2
    assert any(alias in path for path, _ in everything(out))


def test_the_key_is_the_owners_alone_and_not_among_the_pages(made, tmp_path):
    _, key, folder = made
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="inside --out"):
        under_aliases([folder / "quillzard.snapshot"], tmp_path / "out" / "key.json", tmp_path / "out")


def test_names_that_are_known_keep_their_alias_when_more_come(made):
    _, key, _ = made
    before = read_key(key)
    after = before.with_names({"aardwolf": "workload", "brumbly": "workload"})
    assert {**after.aliases, **before.aliases} == dict(after.aliases)
    assert len(set(after.aliases.values())) == len(after.aliases)


def test_an_alias_is_no_name_that_is_there():
    key = Key().with_names({"workload-1": "workload", "web": "workload"})
    assert set(key.aliases.values()).isdisjoint({"workload-1", "web"})


@pytest.mark.soak
def test_the_demo_has_the_same_answers_to_the_cent(tmp_path):
    found = under_aliases([bundled("data", "demo")], tmp_path / "key.json", tmp_path / "out")
    before, after = assess(bundled("data", "demo")), assess(found.snapshots[0])
    text = Renaming(read_key(tmp_path / "key.json").aliases).text
    by_id = {w.id: w for w in after.workloads}
    assert found.kept <= WORDS
    for one in before.workloads:
        other = by_id[text(one.id)]
        assert (one.fit.verdict, one.fit.target) == (other.fit.verdict, other.fit.target), one.id
        assert sorted((f.rule, f.severity) for f in one.findings) == sorted(
            (f.rule, f.severity) for f in other.findings
        ), one.id
        if one.cost and one.cost.cloud_run_month is not None:
            assert other.cost and one.cost.cloud_run_month == other.cost.cloud_run_month, one.id
