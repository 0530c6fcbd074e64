"""The commented example, and the page that documents the keys, hold to the dataclasses."""

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from k2cr_analysis.cli import init
from k2cr_analysis.config import (
    AssumedTraffic,
    Config,
    Decided,
    EffortRates,
    Engine,
    EngineTables,
    Objectives,
    PlanSettings,
    Policy,
    PoolSettings,
    Project,
    Rates,
    RuleOverride,
    RuleRates,
    ToilRates,
    WorkloadSettings,
    load_config,
)
from k2cr_analysis.config.starter import Place, write_starter
from k2cr_analysis.errors import UsageError
from k2cr_analysis.resources import bundled

EXAMPLE = bundled("data", "k2cr.toml")
PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
TABLES = {
    "project": Project,
    "objectives": Objectives,
    "traffic.assumed": AssumedTraffic,
    'workload."ns/Kind/name"': WorkloadSettings,
    'workload."ns/Kind/name".decided': Decided,
    "rules.<id>": RuleOverride,
    "rates": Rates,
    "rates.toil": ToilRates,
    "rates.effort": EffortRates,
    "rates.rules.<id>": RuleRates,
    "policy": Policy,
    "engine": Engine,
    "engine.tables": EngineTables,
    "plan": PlanSettings,
    'pool."NAME"': PoolSettings,
}


def keys():
    for table, settings in TABLES.items():
        for field in dataclasses.fields(settings):
            # Each reason stands under the id of its rule.
            name = "<rule>" if settings is Decided and field.name == "reasons" else field.name
            of_discounts = table == "rates" and field.name in ("cud", "cloud_run", "gke")
            key = f"{'discounts' if of_discounts else table}.{name}"
            if key not in {name.removesuffix(".<id>") for name in TABLES}:
                yield key


def switched_on():
    return re.sub(r'^#(?=[a-z\["])', "", EXAMPLE.read_text(), flags=re.MULTILINE)


def test_the_example_as_it_is_says_nothing():
    assert load_config(EXAMPLE) == Config()


def test_the_example_loads_with_every_setting_switched_on(tmp_path):
    (tmp_path / "k2cr.toml").write_text(switched_on())
    config = load_config(tmp_path / "k2cr.toml")
    assert config.workload("shop/Deployment/frontend").depends_on == {"proxy": ("frontend",)}
    assert config.policy.required_labels == {"team": "shop"}


@pytest.mark.parametrize("key", sorted(keys()))
def test_the_example_shows_each_key(key):
    table, name = key.rsplit(".", 1)
    table = (
        table.replace("ns/Kind/name", "shop/Deployment/frontend")
        .replace("<id>", "scratch-on-disk")
        .replace("NAME", "default")
    )
    document = tomllib.loads(switched_on())
    for part in re.findall(r'"[^"]+"|[^."]+', table):
        document = document[part.strip('"')]
    assert name.replace("<rule>", "exec-probe") in document


def test_the_page_documents_exactly_the_keys():
    documented = re.findall(r"^\| `([a-z]+\.[^`]+)` \|", PAGE.read_text(), flags=re.MULTILINE)
    assert sorted(documented) == sorted(keys())


def test_init_writes_the_example_and_never_overwrites_it(tmp_path):
    first = write_starter(tmp_path)
    assert first.written[0].read_bytes() == EXAMPLE.read_bytes() and not first.kept
    assert write_starter(tmp_path).written == ()
    first.written[0].write_text("# mine\n")
    assert write_starter(tmp_path).kept == (tmp_path / "k2cr.toml",)
    assert (tmp_path / "k2cr.toml").read_text() == "# mine\n"
    write_starter(tmp_path, overwrite=True)
    assert (tmp_path / "k2cr.toml").read_bytes() == EXAMPLE.read_bytes()


def test_init_takes_a_file_name_and_brings_the_notebooks(tmp_path):
    done = write_starter(tmp_path / "ours.toml")
    notebooks = [path.name for path in sorted(bundled("notebooks").glob("*.ipynb"))]
    assert [path.relative_to(tmp_path).as_posix() for path in done.written] == [
        "ours.toml",
        *(f"notebooks/{name}" for name in notebooks),
        ".gitignore",
        ".github/workflows/k2cr.yml",
    ]


def test_init_says_where_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot-write"):
        write_starter(tmp_path / "file" / "sub")


def test_the_starter_of_a_known_cluster_names_its_project_and_region(tmp_path):
    done = write_starter(tmp_path, place=Place("gke_acme_us-central1-b_shop", "acme", "us-central1"))
    config = load_config(tmp_path / "k2cr.toml")
    assert (config.project.id, config.project.region) == ("acme", "us-central1")
    names = {str(path.relative_to(tmp_path)) for path in done.written}
    assert {".gitignore", ".github/workflows/k2cr.yml", "k2cr.toml", "notebooks/00_portfolio.ipynb"} <= names
    workflow = yaml.safe_load((tmp_path / ".github" / "workflows" / "k2cr.yml").read_text())
    runs = [step["run"] for step in workflow["jobs"]["report"]["steps"] if "run" in step]
    assert any('--context "gke_acme_us-central1-b_shop"' in run for run in runs)
    assert write_starter(tmp_path, place=Place("gke_acme_us-central1-b_shop", "acme", "us-central1")).written == ()


@pytest.mark.parametrize(
    ("current", "found"),
    [
        ("gke_acme_us-central1-b_shop", ("acme", "us-central1")),
        ("gke_acme_europe-west4_x", ("acme", "europe-west4")),
        ("kind-kind", None),
        (None, None),
    ],
)
def test_the_context_that_gcloud_made_tells_the_project(tmp_path, monkeypatch, current, found):
    (tmp_path / "config").write_text(yaml.safe_dump({"current-context": current} if current else {}))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    told = init._cluster(None)
    assert (told and told[1:]) == found


def test_a_team_s_own_ignores_are_left_alone(tmp_path):
    (tmp_path / ".gitignore").write_text("theirs\n")
    assert write_starter(tmp_path, overwrite=True).kept == ()
    assert (tmp_path / ".gitignore").read_text() == "theirs\n"
