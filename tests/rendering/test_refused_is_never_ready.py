"""What the table of refusals knows to be refused is never ``ready``, and ``render`` names it and ends with 5."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k2cr_analysis.assessment.assess import analyse
from k2cr_analysis.cli import main
from k2cr_analysis.config import Config, load_config
from k2cr_analysis.errors import K2crError
from k2cr_analysis.rendering import render_what_is_taken
from k2cr_analysis.verdicts import RULE, SAID_BY, assess
from tests.rendering.hostile import CHANGES, KINDS, documents
from tests.rendering.metamorphic import snapshot_of

TWO_AT_ONE_PATH = "two volumes at one path"
NONE = Config()


def holds(kind: str, changes: Sequence[str], out: Path, config: Config = NONE) -> None:
    """Refused by ``render`` and ``ready`` exclude each other; what is refused is said once, as a change."""
    assessment = assess(snapshot_of(documents(kind, changes)), config, effort="quick")
    (one,) = assessment.workloads
    try:
        refused = render_what_is_taken(assessment, (), out).refused.get(one.id, ())
    except K2crError:
        return
    said = {f.rule for f in one.findings if f.severity == "change"}
    assert not refused or (one.fit.verdict == "changes" and said & {RULE, *SAID_BY.values()})
    messages = [(f.path, f.message) for f in one.findings if f.rule == RULE]
    assert len(messages) == len(set(messages))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_nothing_that_is_refused_is_ready(kind: str, change: str, tmp_path: Path) -> None:
    holds(kind, [change], tmp_path)


SEVERAL = st.lists(st.sampled_from(sorted(CHANGES)), min_size=2, max_size=5, unique=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), changes=SEVERAL)
def test_nor_is_any_mixture_of_them(kind: str, changes: list[str], tmp_path: Path) -> None:
    holds(kind, changes, tmp_path)


@pytest.mark.soak
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), changes=SEVERAL)
def test_nor_is_any_of_many_mixtures(kind: str, changes: list[str], tmp_path: Path) -> None:
    holds(kind, changes, tmp_path)


def test_what_no_rule_sees_is_found_in_the_spec() -> None:
    snapshot = snapshot_of(documents("service", [TWO_AT_ONE_PATH]))
    (before,), (after,) = analyse(snapshot, effort="quick").workloads, assess(snapshot, effort="quick").workloads
    assert (before.fit.verdict, after.fit.verdict) == ("ready", "changes")
    (found,) = (f for f in after.findings if f.rule == RULE)
    assert found.path == "$.spec.template.spec.containers[0]"
    assert "/twice at or inside /twice" in found.message
    assert after.effort_days is not None and before.effort_days is not None
    assert after.effort_days >= before.effort_days


@pytest.mark.parametrize("change", [TWO_AT_ONE_PATH, "a variable with an equals sign", "1001 variables"])
def test_a_silenced_rule_makes_nothing_ready_that_is_refused(change: str, tmp_path: Path) -> None:
    toml = tmp_path / "k2cr.toml"
    silenced = (RULE, "environment-too-large")
    toml.write_text("".join(f'[rules.{rule}]\nseverity = "off"\nreason = "I know"\n' for rule in silenced))
    snapshot = snapshot_of(documents("service", [change]))
    (one,) = assess(snapshot, load_config(toml), effort="quick").workloads
    assert one.fit.verdict == "changes"
    assert [f.severity for f in one.findings if f.rule == RULE and "Cloud Run refuses it" in f.message].count("change") == 1  # fmt: skip


def test_render_writes_the_others_names_what_is_refused_and_ends_with_5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = documents("service", [])
    sound[0]["metadata"]["name"] = "sound"
    file, snap, out = tmp_path / "all.yaml", tmp_path / "snap", tmp_path / "out"
    file.write_text(yaml.safe_dump_all([*sound, *documents("job", [TWO_AT_ONE_PATH])]))

    def k2cr(*words: object) -> object:
        monkeypatch.setattr(sys, "argv", ["k2cr", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code

    assert k2cr("collect", "--manifests", file, "--out", snap) in (0, None)
    assert k2cr("render", snap, "--out", out) == 5
    said = capsys.readouterr().err
    assert "shop/Job/web: containers[0].volumeMounts[1].mountPath: /twice at or inside /twice" in said
    assert [p.name for p in out.iterdir()] == ["shop--deployment--sound"]
    assert (out / "shop--deployment--sound" / "service.yaml").is_file()
