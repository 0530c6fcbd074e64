"""Input that never ends, cannot be opened, or is no file: told, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
