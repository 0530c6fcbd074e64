"""A person's answers: what they settle, what they do not, and when they are asked again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from k2cr_analysis.assessment.findings.decisions import decision_lines
from k2cr_analysis.config import load_config
from k2cr_analysis.errors import ConfigError
from k2cr_analysis.rendering import render
from k2cr_analysis.sources import collect
from k2cr_analysis.verdicts import assess, assess_all

WEB = "shop/Deployment/web"
MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: us-docker.pkg.dev/p/r/a:1
        ports: [{containerPort: 8080}]
        livenessProbe: {exec: {command: [sh, -c, COMMAND]}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
"""
INGRESS = """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
"""


@pytest.fixture
def made(tmp_path: Path):
    def snapshot(text: str, name: str = "s") -> Path:
        (tmp_path / f"{name}.yaml").write_text(text)
        collect([tmp_path / f"{name}.yaml"], tmp_path / name)
        return tmp_path / name

    return snapshot


def config(folder: Path, text: str):
    path = folder / "k2cr.toml"
    path.write_text(text)
    return load_config(path)


def only(assessment):
    return next(w for w in assessment.workloads if w.id == WEB)


def test_what_decide_prints_settles_everything_and_the_reason_stays(made, tmp_path: Path) -> None:
    snapshot = made(MANIFESTS)
    before = assess(snapshot)
    assert only(before).fit.verdict == "changes"
    text = "\n".join(decision_lines(before, before.workloads))
    assert list(tomllib.loads(text)["workload"][WEB]["decided"]) == ["exec-probe"]
    after = only(assess(snapshot, config(tmp_path, text.replace("accepted as it is", "the probe asks the same"))))
    assert after.fit.verdict == "ready"
    found = next(f for f in after.findings if f.rule == "exec-probe")
    assert found.severity == "note"
    assert "the probe asks the same" in found.message
    assert after.effort_days < only(before).effort_days


def test_an_answer_on_other_evidence_is_asked_again(made, tmp_path: Path) -> None:
    first = assess(made(MANIFESTS))
    answers = config(tmp_path, "\n".join(decision_lines(first, first.workloads)))
    second = assess(made(MANIFESTS.replace("COMMAND", "pg_isready -h db"), "t"), answers)
    assert only(second).fit.verdict == "changes"
    lines = "\n".join(decision_lines(second, second.workloads))
    assert "answered on other evidence" in lines
    assert "already" in lines  # the table is in the config, and cannot stand there twice
    again = lines.rpartition("exec-probe = ")[2]
    text = f'[workload."{WEB}".decided]\nexec-probe = {again}'
    assert only(assess(made(MANIFESTS.replace("COMMAND", "pg_isready -h db"), "u"), config(tmp_path, text))).fit.moves


def test_an_answer_without_a_mark_holds_whatever_is_found(made, tmp_path: Path) -> None:
    answers = config(tmp_path, f'[workload."{WEB}".decided]\nexec-probe = "we mend it next week"')
    for name in ("exit", "pg_isready"):
        assert only(assess(made(MANIFESTS.replace("COMMAND", name), name), answers)).fit.verdict == "ready"


def test_a_sentence_settles_neither_a_blocker_nor_what_needs_a_value(made, tmp_path: Path) -> None:
    blocked = MANIFESTS.replace("      containers:", "      hostNetwork: true\n      containers:")
    assessed = only(assess(made(blocked), config(tmp_path, f'[workload."{WEB}".decided]\nhost-network = "fine"')))
    assert assessed.fit.verdict == "blocked"
    two = yaml.safe_load_all(MANIFESTS)
    deployment, service = list(two)
    other = dict(deployment["spec"]["template"]["spec"]["containers"][0], name="b", ports=[{"containerPort": 9000}])
    deployment["spec"]["template"]["spec"]["containers"].append(other)
    service["spec"]["ports"].append({"name": "http-b", "port": 81, "targetPort": 9000})
    text = "\n---\n".join(yaml.safe_dump(d) for d in (deployment, service))
    answers = config(tmp_path, f'[workload."{WEB}".decided]\ningress-container-unclear = "either"')
    found = only(assess(made(text, "two"), answers))
    assert found.fit.verdict == "changes"
    assert "ingress_container" in next(f.message for f in found.findings if f.rule == "ingress-container-unclear")


@pytest.mark.parametrize(
    ("answer", "ingress", "said"),
    [
        ('entrance = "internal"', "internal-and-cloud-load-balancing", "INTERNAL_MANAGED"),
        ('entrance = "public"', "internal-and-cloud-load-balancing", "EXTERNAL_MANAGED"),
    ],
)
def test_render_obeys_the_entrance(made, tmp_path: Path, answer: str, ingress: str, said: str) -> None:
    snapshot = made(MANIFESTS + INGRESS)
    assert "entrance-unknown" in {f.rule for f in only(assess(snapshot)).findings if f.severity == "change"}
    assessment = assess(snapshot, config(tmp_path, f'[workload."{WEB}".decided]\n{answer}'))
    found = next(f for f in only(assessment).findings if f.rule == "entrance-unknown")
    assert found.severity == "note"
    assert answer in found.message
    folder = render(assessment, [WEB], tmp_path / "r", project="p")[WEB]
    assert f"run.googleapis.com/ingress: {ingress}" in (folder / "service.yaml").read_text()
    assert said in (folder / "network.sh").read_text()


def test_an_entrance_that_is_known_is_not_opened_by_an_answer(made, tmp_path: Path) -> None:
    internal = INGRESS.replace("ingressClassName: nginx", "ingressClassName: gce-internal")
    assessment = assess(
        made(MANIFESTS + internal), config(tmp_path, f'[workload."{WEB}".decided]\nentrance = "public"')
    )
    assert not any(r.external for e in only(assessment).workload.exposures for r in e.routes)


@pytest.mark.parametrize(("answer", "off"), [("none", True), ("token", False)])
def test_render_obeys_the_invoker(made, tmp_path: Path, answer: str, off: bool) -> None:
    snapshot = made(MANIFESTS + INGRESS.replace("ingressClassName: nginx", "ingressClassName: gce-internal"))
    assessment = assess(snapshot, config(tmp_path, f'[workload."{WEB}".decided]\ninvoker = "{answer}"'))
    folder = render(assessment, [WEB], tmp_path / "r", project="p")[WEB]
    assert ("invoker-iam-disabled: 'true'" in (folder / "service.yaml").read_text()) == off
    assert ("--no-invoker-iam-check" in (folder / "deploy.sh").read_text()) == off


def test_render_obeys_where_iap_stands(made, tmp_path: Path) -> None:
    snapshot = made(MANIFESTS + INGRESS.replace("ingressClassName: nginx", "ingressClassName: gce"))
    assessment = assess(snapshot, config(tmp_path, f'[workload."{WEB}".decided]\niap = "direct"'))
    folder = render(assessment, [WEB], tmp_path / "r", project="p")[WEB]
    assert "run.googleapis.com/iap-enabled: 'true'" in (folder / "service.yaml").read_text()


@pytest.mark.parametrize(
    ("text", "ref", "near", "line"),
    [
        ('[workload."shop/Deployment/wep"]\nkeep = true', "no-such-workload", WEB, 1),
        (f'[workload."{WEB}".decided]\nexec-prob = "x"', "unknown-rule", "exec-probe", 2),
        ('[pool."default"]\nmin_nodes = 1', "no-such-pool", "none", 1),
        (
            '[[plan.freezes]]\nfirst = 2026-12-01\nlast = 2026-12-02\nreason = "x"\nworkloads = ["shpo/*"]',
            "no-such-workload",
            "id of a workload",
            1,
        ),
        ("[entrances]\n'Service/shop/wep' = 'internal'", "no-such-entrance", "Service/shop/web", 2),
        ("[rules.exec-prob]\nseverity = 'off'\nreason = 'x'", "unknown-rule", "exec-probe", 1),
    ],
)
def test_a_name_that_nothing_has_is_bad_input(made, tmp_path: Path, text: str, ref: str, near: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        assess(made(MANIFESTS), config(tmp_path, text))
    assert caught.value.ref == ref
    assert near in caught.value.expected
    assert caught.value.where.line == line


def test_a_fleet_has_a_name_if_one_of_its_clusters_has(made, tmp_path: Path) -> None:
    snapshots = [made(MANIFESTS), made(MANIFESTS.replace("shop", "east"), "east")]
    settings = config(tmp_path, f'[workload."{WEB}"]\nkeep = true')
    assert [w.fit.verdict for a in assess_all(snapshots, settings) for w in a.workloads] == ["keep", "changes"]
    with pytest.raises(ConfigError):
        assess(snapshots[1], settings)


def test_an_empty_reason_and_an_unknown_choice_are_bad_input(tmp_path: Path) -> None:
    for text in ('exec-probe = " "', 'invoker = "all"', "exec-probe = 3"):
        with pytest.raises(ConfigError):
            config(tmp_path, f'[workload."{WEB}".decided]\n{text}')
