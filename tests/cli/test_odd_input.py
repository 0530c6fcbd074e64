"""Input that never ends, cannot be opened, or is no file: told, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from k2cr_analysis.errors import InputError
from k2cr_analysis.resources import bundled
from tests.cli.test_terminal import run

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def k2cr(*arguments, **options):
    command = [sys.executable, "-c", "from k2cr_analysis.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def test_a_pipe_in_a_folder_is_passed_by(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.yaml").write_text(MANIFEST)
    os.mkfifo(tmp_path / "in" / "never.yaml")
    done = k2cr("collect", "--manifests", tmp_path / "in", "--out", tmp_path / "s")
    assert done.returncode == 0 and "1 objects" in done.stdout


def test_a_device_is_refused(tmp_path):
    done = k2cr("collect", "--manifests", "/dev/zero", "--out", tmp_path / "s")
    assert done.returncode == 3 and "a device" in done.stderr


@pytest.mark.parametrize("verb", ["collect", "assess", "render"])
def test_a_path_that_is_too_long_is_told(tmp_path, verb):
    path = "x" * 5000
    words = {
        "collect": ["--manifests", path, "--out", tmp_path / "s"],
        "assess": [path],
        "render": [path, "--out", tmp_path / "r"],
    }
    done = k2cr(verb, *words[verb])
    assert done.returncode == 3 and "Traceback" not in done.stderr
    assert "too long" in done.stderr and len(done.stderr) < 2000


@pytest.mark.parametrize("kind", ["device", "pipe"])
@pytest.mark.parametrize("option", ["config", "fleet", "usage", "usage-columns", "arrivals", "manifests"])
def test_what_never_ends_is_refused_wherever_a_file_is_named(tmp_path, kind, option):
    never = "/dev/zero" if kind == "device" else str(tmp_path / "pipe")
    if kind == "pipe":
        os.mkfifo(never)
    (tmp_path / "a.yaml").write_text(MANIFEST)
    of_manifests = ["collect", "--manifests", tmp_path / "a.yaml", "--out", tmp_path / "s"]
    words = {
        "config": ["assess", bundled("data", "demo"), "--config", never],
        "fleet": ["collect", "--fleet", never, "--out", tmp_path / "s"],
        "usage": [*of_manifests, "--usage", never],
        "usage-columns": [*of_manifests, "--usage", tmp_path / "a.yaml", "--usage-columns", never],
        "arrivals": ["simulate", "--arrivals", never],
        "manifests": ["collect", "--manifests", never, "--out", tmp_path / "s"],
    }
    with pytest.raises(InputError, match="not-a-file"):
        run(*map(str, words[option]))


def test_what_a_program_writes_into_a_pipe_is_read(tmp_path):
    command = f"{sys.executable} -c 'from k2cr_analysis.cli import main; main()'"
    script = f"{command} collect --manifests <(sleep 0.2; printf '{MANIFEST.encode('unicode_escape').decode()}') --out {tmp_path}/s"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "1 objects" in done.stdout
