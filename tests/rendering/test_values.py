"""``values.env``: what is not known is asked or filled in once, and nothing starts while a value is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from k2cr_analysis.rendering import RenderContext, render_workload, write_folders
from tests.rendering.factory import assessed, backend_on_gke, container, env, exposure, reference, route, workload
from tests.rendering.stand_in import StandIn, fill_in

UNKNOWN = RenderContext(project=None, region="us-central1", assessed={a.id: a for a in (reference(), backend_on_gke())})
TRICKY = assessed(
    workload(
        container("app", env=[env("PROJECT_ID", "own"), env("NETWORK", "mesh"), env("B", "x/$(PROJECT_ID)"), env("C", "$NETWORK")]),
        exposures=(exposure("web", 8080, routes=[route("shop.internal", "/", "web", external=False)]),),
    )
)  # fmt: skip


def written(tmp_path: Path, subject: object = None) -> Path:
    one = subject or reference()
    return write_folders(tmp_path, [(one, render_workload(one, UNKNOWN))])[0]  # type: ignore[list-item, arg-type]


def test_every_literal_is_a_key_once(tmp_path: Path) -> None:
    folder = written(tmp_path)
    keys = [line[:-1] for line in (folder / "values.env").read_text().splitlines() if line.endswith("=")]
    assert keys == sorted(set(keys))
    assert {"PROJECT_ID", "NETWORK", "SUBNET", "SUBNET_RANGE"} <= set(keys)


@pytest.mark.parametrize("script", ["prepare.sh", "deploy.sh", "network.sh", "rollback.sh"])
def test_no_script_starts_while_a_value_is_missing(script: str, tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "bin")
    folder = written(tmp_path / "out")
    fill_in(folder)
    values = folder / "values.env"
    values.write_text(values.read_text().replace("SUBNET_RANGE=subnet_range", "SUBNET_RANGE="))
    ran = stand_in.run(folder / script)
    assert ran.code == 1
    assert "values.env lacks SUBNET_RANGE" in ran.said
    assert ran.of("create", "deploy", "enable", "scale") == []


def test_what_gcloud_can_tell_is_asked(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "bin")
    folder = written(tmp_path / "out")
    fill_in(folder)
    values = folder / "values.env"
    values.write_text(values.read_text().replace("=project_number", "=").replace("=project_id", "="))
    assert stand_in.run(folder / "deploy.sh").code == 0
    ran = stand_in.run(folder / "network.sh", "in")
    assert ran.code == 0, ran.said
    assert any("service-1234@gcp-sa-iap" in " ".join(call) for call in ran.calls)


def test_a_second_render_never_touches_what_a_person_wrote(tmp_path: Path) -> None:
    folder = written(tmp_path)
    mine = "# mine\nPROJECT_ID=shop\n"
    (folder / "values.env").write_text(mine)
    written(tmp_path)
    first = (folder / "values.env").read_text()
    assert first.startswith(mine)
    assert first.count("PROJECT_ID=") == 1
    assert "\nSUBNET_RANGE=\n" in first
    written(tmp_path)
    assert (folder / "values.env").read_text() == first


def test_only_the_words_of_k2cr_are_filled_in(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "bin")
    folder = written(tmp_path / "out", TRICKY)
    fill_in(folder)
    ran = stand_in.run(folder / "deploy.sh")
    words = " ".join(ran.calls[-1])
    assert ran.code == 0, ran.said
    assert "PROJECT_ID=own" in words and "NETWORK=mesh" in words and "x/own" in words and "$NETWORK" in words
    assert "frontend@project_id.iam.gserviceaccount.com" in words


def test_a_value_that_could_be_a_command_is_refused(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "bin")
    folder = written(tmp_path / "out")
    fill_in(folder)
    values = folder / "values.env"
    values.write_text(values.read_text().replace("=subnet_range", "='x; touch PWNED'"))
    ran = stand_in.run(folder / "prepare.sh")
    assert ran.code == 1 and "SUBNET_RANGE holds a character" in ran.said
    assert not list(tmp_path.rglob("PWNED"))


def test_with_keep_the_literals_stay(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "bin")
    ran = stand_in.run(written(tmp_path / "out") / "deploy.sh", K2CR_PLACEHOLDERS="keep")
    assert "frontend@PROJECT_ID.iam.gserviceaccount.com" in " ".join(ran.calls[-1])


def test_the_selector_of_a_service_that_was_not_collected_is_asked_of_the_cluster(tmp_path: Path) -> None:
    alone = RenderContext(project="p", region="us-central1")
    folder = write_folders(tmp_path / "out", [(reference(), render_workload(reference(), alone))])[0]
    assert "SELECTOR_OF_BACKEND" in (folder / "gke-internal-lb.yaml").read_text()
    fill_in(folder)
    values = folder / "values.env"
    values.write_text(values.read_text().replace("=selector_of_backend", "="))
    asked = "{{with .spec.selector.app}}"
    stand_in = StandIn(tmp_path / "bin")
    (tmp_path / "bin" / "kubectl").write_text(f'#!/bin/bash\n[[ $* != *"{asked}"* ]] || echo backend-pods\n')
    ran = stand_in.run(folder / "prepare.sh", API_KEY="x")
    assert ran.code == 0, ran.said
    (tmp_path / "bin" / "kubectl").write_text("#!/bin/bash\nexit 1\n")
    assert "values.env lacks SELECTOR_OF_BACKEND" in stand_in.run(folder / "prepare.sh", API_KEY="x").said
