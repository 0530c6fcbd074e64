"""The README is run as it is written, line by line, where a command needs no cloud; of the others each option is looked up."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from k2cr_analysis.snapshot import open_snapshot

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# What a test cannot have: another clone, the installation itself (scripts/fresh_machine.sh does both).
OF_THE_SHELL = ("git clone", "make ", ". .venv", ".venv/bin/pip")
# Lines that ask a running cluster; tests/sources runs them against servers on the loopback.
NEEDS_A_CLOUD = ("--context", "k2cr doctor", "--billing-table")


def _blocks() -> list[list[str]]:
    blocks = re.findall(r"(?:^    \S.*\n)(?:(?:    .*)?\n)*", README, flags=re.M)
    return [
        _commands(block) for block in blocks if re.search(r"^    (k2cr|kubectl|papermill|make) ", block, flags=re.M)
    ]


def _commands(block: str) -> list[str]:
    """One entry for each command; a loop is one of them."""
    joined = re.sub(r"\\\n\s+", " ", block)
    lines = [re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines()]
    lines = [line for line in lines if line]
    whole = re.sub(
        r"(?ms)^for .*?^done$", lambda loop: loop.group(0).replace("do\n", "do ").replace("\n", "; "), "\n".join(lines)
    )
    return [line for line in whole.splitlines() if not line.startswith(OF_THE_SHELL)]


COMMANDS = [line for block in _blocks() for line in block]
HERE = [c for c in COMMANDS if not any(sign in c for sign in NEEDS_A_CLOUD)]
QUICK = [c for c in HERE if not c.startswith(("papermill", "k2cr report")) and "data/demo" not in c]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As after ``make demo``, with a kubectl that answers with the demo's objects."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    answers = tmp_path / "answers"
    answers.mkdir()
    found: dict[str, list[object]] = {}
    for read in open_snapshot(ROOT / "data/demo").objects():
        kind = str(read.object["kind"]).lower()
        plural = kind[:-1] + "ies" if kind.endswith("y") else kind + ("es" if kind.endswith("s") else "s")
        found.setdefault(plural, []).append(read.object)
    for plural, objects in found.items():
        (answers / plural).write_text(json.dumps({"kind": "List", "items": objects}))
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(f'#!/bin/sh\ncat "{answers}/${{2%%.*}}" 2>/dev/null\n')
    kubectl.chmod(0o755)
    return tmp_path


def _run(commands: list[str], folder: Path) -> None:
    path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command in commands:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout[-500:]}\n{done.stderr[-2000:]}"


def test_the_lines_that_need_no_cloud_run_as_written(folder: Path):
    assert len(QUICK) >= 7
    _run(QUICK, folder)


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_reports_and_notebooks_run_as_written(folder: Path):
    _run(HERE, folder)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in HERE])
def test_every_option_of_a_line_that_needs_a_cloud_exists(command: str):
    verb = command.split()[1]
    told = subprocess.run(
        [Path(sys.executable).with_name("k2cr"), verb, "--help"], capture_output=True, text=True, check=True,
        env={**os.environ, "COLUMNS": "200"},
    ).stdout  # fmt: skip
    for option in re.findall(r"(?<!\S)--[a-z-]+", command):
        assert option in told, f"{option} of `{command}`"
