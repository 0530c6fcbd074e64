"""A gcloud and a kubectl to put on PATH: they note each call, keep what was made, and refuse what the real ones would.

Refused: to make what is there already, to change or name what is not there yet. So a script that ends well in the right
order, and a second time, is safe to run twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).with_name("stand_in_program.py")


@dataclass(frozen=True)
class Ran:
    """What a script did: ``calls`` are gcloud's and kubectl's words, in their order."""

    code: int
    said: str
    calls: tuple[tuple[str, ...], ...]

    def of(self, *verbs: str) -> list[str]:
        return [" ".join(c) for c in self.calls if any(word in verbs for word in c)]


class StandIn:
    """One folder with the two programs, and a project that remembers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.log, self.state = folder / "log.jsonl", folder / "state.json"
        for name in ("gcloud", "kubectl"):
            path = folder / name
            path.write_text(f'#!/bin/bash\nexec {sys.executable} -IS {PROGRAM} {folder} {name} "$@"\n')
            path.chmod(0o755)

    def run(self, script: Path | str, *words: str, **environment: str) -> Ran:
        """Run a script, or the text of one."""
        self.log.write_text("")
        command = ["bash", str(script), *words] if isinstance(script, Path) else ["bash", "-c", script, *words]
        given = {"PROJECT": "p", "REGION": "us-central1", "PATH": f"{self.folder}:{os.environ['PATH']}"}
        done = subprocess.run(
            command,
            env={**os.environ, **given, **environment},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        calls = tuple(tuple(json.loads(line)) for line in self.log.read_text().splitlines())
        return Ran(done.returncode, done.stdout + done.stderr, calls)


def fill_in(folder: Path) -> None:
    """A value for each key of ``values.env`` that has none."""
    file = folder / "values.env"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(f"{line}{line[:-1].lower()}" if line.endswith("=") else line for line in lines) + "\n")


def secrets_of(stand_in: StandIn) -> Mapping[str, list[str]]:
    """Secret -> its versions, as the scripts wrote them."""
    made = json.loads(stand_in.state.read_text())
    return {key.split()[1]: versions for key, versions in made.items() if key.startswith("secrets ")}
