"""pyproject.toml, environment.yml and the lock files name the same packages, and nothing of where they came from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _name(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _extras() -> list[str]:
    return [r for extra, found in PROJECT["optional-dependencies"].items() if extra != "dev" for r in found]


def test_environment_yml_names_the_packages_of_pyproject_with_the_same_bounds():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    through_pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert sorted(r for r in through_pip if r != "-e .") == sorted(PROJECT["dependencies"] + _extras())


def test_the_dev_extra_holds_every_other_extra():
    (dev,) = PROJECT["optional-dependencies"]["dev"]
    named = set(re.search(r"\[(.*)\]", dev).group(1).split(","))
    assert named == set(PROJECT["optional-dependencies"]) - {"dev"}


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [("requirements.lock", PROJECT["dependencies"]), ("requirements-dev.lock", PROJECT["dependencies"] + _extras())],
)
def test_a_lock_pins_every_package(lock: str, wanted: list[str]):
    pins = _pins(lock)
    assert all(re.fullmatch(r"[A-Za-z0-9._\[\]-]+==[^\s;@/]+( ; .*)?", pin) for pin in pins), "names and versions alone"
    assert {_name(r) for r in wanted} <= {_name(pin) for pin in pins}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_is_held_by_hashes(lock: str):
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert len(entries) == len(_pins(lock))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)
    assert "://" not in text, "no registry is named"


def test_the_core_lock_is_a_part_of_the_whole_one():
    def versions(lock: str) -> set[str]:
        return {pin.partition(" ")[0] for pin in _pins(lock)}

    assert versions("requirements.lock") <= versions("requirements-dev.lock")


def _pins(lock: str) -> set[str]:
    """``name==version ; marker`` of each entry; its hashes stand on lines of their own."""
    lines = (ROOT / lock).read_text().splitlines()
    return {line.removesuffix(" \\") for line in lines if line and not line.startswith((" ", "#"))}


@pytest.mark.parametrize("package", ["jupyterlab", "google-cloud-monitoring", "google-cloud-billing", "kubernetes"])
def test_what_the_demo_does_not_need_is_not_in_the_core(package: str):
    assert package not in {_name(r) for r in PROJECT["dependencies"]}
    assert f"\n{package}==" not in (ROOT / "requirements.lock").read_text()
