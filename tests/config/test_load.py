"""k2cr.toml: what it may say, and what an error says of what it may not."""

from decimal import Decimal

import pytest

from k2cr_analysis.config import AssumedTraffic, Config, Objectives, RuleOverride, load_config
from k2cr_analysis.errors import ConfigError

WHOLE = """\
[project]
id = "p"
number = "123"
region = "asia-northeast1"
network = "n"
subnet = "s"
domain = "apps.example.com"
iap = "direct"

[objectives]
p99_ms = 800
cold_start_ratio = 0.01

[traffic.assumed]
requests_per_s = 2
latency_ms = 120.5

[workload."shop/Deployment/frontend"]
ingress_container = "proxy"
target = "service"
keep = false
effort_days = 1.5
depends_on = { proxy = ["frontend"] }
objectives = { headroom = 0.5 }

[rules.exec-probe]
severity = "off"
reason = "known"

[rates]
engineer_hour = 90.10
currency = "JPY"

[discounts]
cud = "flex-3y"

[policy]
naming = "{namespace}-{name}"
required_labels = { team = "shop" }
min_instances = 0
max_instances = 9
registries = ["a.example.com"]

[engine]
name = "bigquery"
dataset = "my-project.k2cr"
"""


def write(tmp_path, text):
    path = tmp_path / "k2cr.toml"
    path.write_text(text)
    return path


def test_no_file_says_nothing():
    assert load_config(None) == Config()


def test_an_empty_file_says_nothing(tmp_path):
    assert load_config(write(tmp_path, "")) == Config()


def test_every_key_arrives(tmp_path):
    config = load_config(write(tmp_path, WHOLE))
    frontend = config.workload("shop/Deployment/frontend")
    assert (config.project.region, config.project.iap, config.engine.name) == ("asia-northeast1", "direct", "bigquery")
    assert config.assumed_traffic == AssumedTraffic(2.0, 120.5)
    assert (frontend.ingress_container, frontend.target, frontend.keep, frontend.effort_days) == (
        "proxy",
        "service",
        False,
        1.5,
    )
    assert frontend.depends_on == {"proxy": ("frontend",)}
    assert config.rules == {"exec-probe": RuleOverride("off", "known")}
    assert (config.rates.engineer_hour, config.rates.currency, config.rates.cud) == (Decimal("90.10"), "JPY", "flex-3y")
    assert (config.policy.required_labels, config.policy.max_instances, config.policy.registries) == (
        {"team": "shop"},
        9,
        ("a.example.com",),
    )


def test_what_a_workloads_objectives_leave_out_holds_as_for_all(tmp_path):
    config = load_config(write(tmp_path, WHOLE))
    assert config.objectives_of("shop/Deployment/frontend") == Objectives(
        p99_ms=800.0, cold_start_ratio=0.01, headroom=0.5
    )
    assert config.objectives_of("shop/Deployment/other") == Objectives(
        p99_ms=800.0, cold_start_ratio=0.01, headroom=0.2
    )


ERRORS = {
    "syntax": ('[project]\nid = "a\n', "config-not-toml", 2, None, ""),
    "key twice": ('[project]\nid = "a"\nid = "b"\n', "config-not-toml", 3, None, ""),
    "unknown table": ("\n[objektives]\n", "config-unknown-table", 2, "objektives", "`objectives`"),
    "unknown table under traffic": (
        "[traffic.asumed]\nlatency_ms = 1\n",
        "config-unknown-table",
        1,
        "traffic.asumed",
        "`assumed`",
    ),
    "unknown key": ('[project]\nid = "a"\nregoin = "r"\n', "config-unknown-key", 3, "project.regoin", "`region`"),
    "cud belongs to discounts": (
        '[rates]\ncud = "none"\n',
        "config-unknown-key",
        2,
        "rates.cud",
        "docs/configuration.md",
    ),
    "number for a text": ("[project]\nnumber = 123\n", "config-wrong-type", 2, "project.number", 'number = "123"'),
    "text for a number": ('[objectives]\np99_ms = "fast"\n', "config-wrong-type", 2, "objectives.p99_ms", ""),
    "true is no number": ("[objectives]\np99_ms = true\n", "config-wrong-type", 2, "objectives.p99_ms", ""),
    "not a finite number": ("[objectives]\np99_ms = inf\n", "config-wrong-type", 2, "objectives.p99_ms", ""),
    "a value where a table stands": ('project = "p"\n', "config-wrong-type", 1, "project", "[project]"),
    "bad choice": ('[project]\niap = "load_balancer"\n', "config-bad-choice", 2, "project.iap", '"load-balancer"'),
    "bad severity": ('[rules.a]\nreason = "r"\nseverity = "silent"\n', "config-bad-choice", 3, "rules.a.severity", ""),
    "negative": ("[policy]\n\nmin_instances = -1\n", "config-out-of-range", 3, "policy.min_instances", ""),
    "a dataset without a project": (
        '[engine]\ndataset = "k2cr"\n',
        "config-out-of-range",
        2,
        "engine.dataset",
        "my-project.k2cr",
    ),
    "negative money": ("[rates]\nengineer_hour = -0.5\n", "config-out-of-range", 2, "rates.engineer_hour", ""),
    "share above one": (
        "[objectives]\ncold_start_ratio = 5\n",
        "config-out-of-range",
        2,
        "objectives.cold_start_ratio",
        "5 %",
    ),
    "min above max": (
        "[policy]\nmin_instances = 3\nmax_instances = 2\n",
        "config-out-of-range",
        2,
        "policy.min_instances",
        "",
    ),
    "bad currency": ('[rates]\ncurrency = "dollar"\n', "config-out-of-range", 2, "rates.currency", "USD"),
    "bad template": (
        '[policy]\nnaming = "{cluster}"\n',
        "config-out-of-range",
        2,
        "policy.naming",
        "{namespace}-{name}",
    ),
    "bad label": (
        '[policy.required_labels]\nTeam = "x"\n',
        "config-out-of-range",
        2,
        "policy.required_labels.Team",
        "",
    ),
    "workload id without kind": (
        '[workload."shop/frontend"]\nkeep = true\n',
        "config-bad-workload-id",
        1,
        'workload."shop/frontend"',
        "",
    ),
    "workload id unquoted": (
        "[workload.frontend]\nkeep = true\n",
        "config-bad-workload-id",
        1,
        "workload.frontend",
        "shop/Deployment/frontend",
    ),
    "unknown workload key": (
        '[workload."a/Job/b"]\ningress = "x"\n',
        "config-unknown-key",
        2,
        'workload."a/Job/b".ingress',
        "`ingress_container`",
    ),
    "inline objectives": (
        '[workload."a/Job/b"]\n\nobjectives = { p99 = 1 }\n',
        "config-unknown-key",
        3,
        'workload."a/Job/b".objectives.p99',
        "`p99_ms`",
    ),
    "depends_on not a list": (
        '[workload."a/Job/b".depends_on]\nx = "y"\n',
        "config-wrong-type",
        2,
        'workload."a/Job/b".depends_on.x',
        "",
    ),
    "rule without reason": (
        '[rules.exec-probe]\nseverity = "off"\n',
        "config-missing-key",
        1,
        "rules.exec-probe",
        "add reason",
    ),
    "rule with an empty reason": (
        '[rules.exec-probe]\nseverity = "off"\nreason = " "\n',
        "config-no-reason",
        3,
        "rules.exec-probe.reason",
        "",
    ),
    "half an assumed traffic": (
        "[traffic.assumed]\nlatency_ms = 5\n",
        "config-missing-key",
        1,
        "traffic.assumed",
        "add requests_per_s",
    ),
    "after a multi-line value": (
        '[policy]\nregistries = [\n  "a",\n  "b",\n]\nmax_instance = 1\n',
        "config-unknown-key",
        6,
        "policy.max_instance",
        "`max_instances`",
    ),
    "a key in a multi-line text is no key": (
        '[rules.a]\nreason = """\neffort_days = 1\n"""\nseverity = 1\n',
        "config-bad-choice",
        5,
        "rules.a.severity",
        "",
    ),
}


@pytest.mark.parametrize(("text", "ref", "line", "key", "do"), ERRORS.values(), ids=ERRORS)
def test_an_error_names_line_key_and_remedy(tmp_path, text, ref, line, key, do):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    error = caught.value
    assert (error.ref, error.where.file, error.where.line, error.where.path) == (ref, str(path), line, key)
    assert do in error.do


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="config-not-readable"):
        load_config(tmp_path / "none.toml")


def test_a_file_that_is_not_text(tmp_path):
    (tmp_path / "k2cr.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="config-not-text"):
        load_config(tmp_path / "k2cr.toml")


def test_a_key_may_be_of_one_cluster_of_a_fleet(tmp_path):
    path = tmp_path / "k2cr.toml"
    path.write_text(
        '[workload."shop/Deployment/web"]\neffort_days = 1\n'
        '[workload."stage:shop/Deployment/web"]\nkeep = true\n'
        '[pool."stage:main"]\nmin_nodes = 2\n'
    )
    config = load_config(path)
    prod, stage = (config.of_cluster(name) for name in ("prod", "stage"))
    assert (prod.workload("shop/Deployment/web").effort_days, prod.workload("shop/Deployment/web").keep) == (1, None)
    assert stage.workload("shop/Deployment/web").keep and stage.workload("shop/Deployment/web").effort_days is None
    assert set(stage.pools) == {"main"} and not prod.pools
