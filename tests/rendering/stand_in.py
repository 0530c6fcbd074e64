"""A gcloud and a kubectl to put on PATH: they note each call, keep what was made, and refuse what the real ones would.

Refused: to make what is there already, to change or name what is not there yet. So a script that ends well in the right
order, and a second time, is safe to run twice. A ``Fault`` strikes one call of a run: the script is killed before it or
after it, or the call fails, or says something else than it should.
"""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.rendering.stand_in_cluster import ClusterCall
from tests.rendering.stand_in_project import Call

# Talks to the test through bash alone: a call takes a few milliseconds.
_PROGRAM = r"""#!/bin/bash
exec 3<>"/dev/tcp/127.0.0.1/$K2CR_STAND_IN"
given=
case " $* " in
  *" --source="*) ;;
  *" --data-file=- "* | *" -f - "* | *" import "*) given=$(cat; echo x); given=${given%x} ;;
esac
printf '%s\0' "$(($# + 2))" "PROGRAM" "$@" "$given" >&3
IFS= read -r -d '' code <&3
IFS= read -r -d '' said <&3
if [[ $code == kill ]]; then kill -KILL 0; fi
if ((code)); then
  printf '%s\n' "$said" >&2
elif [[ " $* " == *" access "* ]]; then
  printf '%s' "$said"
else
  printf '%s\n' "$said"
fi
exit "$code"
"""
How = Literal["killed before", "killed after", "refused", "unavailable", "quota", "not yet", "silent", "odd"]
HOWS: tuple[How, ...] = ("killed before", "killed after", "refused", "unavailable", "quota", "not yet", "silent", "odd")
_ERRORS: Mapping[How, str] = {
    "refused": "ERROR: (gcloud) PERMISSION_DENIED: the caller does not hold the right",
    "unavailable": "ERROR: (gcloud) UNAVAILABLE: HTTP 503, try again",
    "quota": "ERROR: (gcloud) RESOURCE_EXHAUSTED: Quota exceeded for quota metric 'Write requests'",
    "not yet": "ERROR: (gcloud) INVALID_ARGUMENT: Service account x@p.iam.gserviceaccount.com does not exist.",
}


@dataclass(frozen=True)
class Fault:
    """Strikes the call of this number, from 0, of one run."""

    at: int
    how: How


@dataclass(frozen=True)
class Ran:
    """What a script did: ``calls`` are gcloud's and kubectl's words, in their order."""

    code: int
    said: str
    calls: tuple[tuple[str, ...], ...]

    def of(self, *verbs: str) -> list[str]:
        return [" ".join(c) for c in self.calls if any(word in verbs for word in c)]


class StandIn:
    """One folder with the two programs, and a project and a cluster that remember."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.state = folder / "state.json"
        for name in ("gcloud", "kubectl"):
            path = folder / name
            path.write_text(_PROGRAM.replace("PROGRAM", name))
            path.chmod(0o755)

    @property
    def made(self) -> dict[str, list[str]]:
        """Resource -> what it holds."""
        return json.loads(self.state.read_text()) if self.state.exists() else {}

    @made.setter
    def made(self, made: Mapping[str, list[str]]) -> None:
        self.state.write_text(json.dumps(made))

    def run(self, script: Path | str, *words: str, fault: Fault | None = None, **environment: str) -> Ran:
        """Run a script, or the text of one."""
        command = ["bash", str(script), *words] if isinstance(script, Path) else ["bash", "-c", script, *words]
        project = _Project(self.made, fault)
        with project.listening() as port:
            given = {"PROJECT": "p", "REGION": "us-central1", "PATH": f"{self.folder}:{os.environ['PATH']}"}
            done = subprocess.run(
                command,
                env={**os.environ, **given, "K2CR_STAND_IN": str(port), "TMPDIR": str(self.folder), **environment},
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # so that a kill reaches the script and nothing else
                check=False,
            )
        self.made = project.made
        return Ran(done.returncode, done.stdout + done.stderr, tuple(project.calls))


class _Project:
    """Answers the programs, one call after the other."""

    def __init__(self, made: dict[str, list[str]], fault: Fault | None) -> None:
        self.made, self.fault = made, fault
        self.calls: list[tuple[str, ...]] = []
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def listening(self) -> Iterator[int]:
        project = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                count = int(_word(self.rfile))
                words = [_word(self.rfile) for _ in range(count)]
                with project._one_at_a_time:
                    code, said = project.answer(words[0], words[1:-1], words[-1])
                self.wfile.write(f"{code}\0{said}\0".encode())

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads, block_on_close = True, False

            def handle_error(self, request: object, client_address: object) -> None:
                if not isinstance(sys.exception(), OSError):  # a killed script hangs up
                    super().handle_error(request, client_address)  # type: ignore[arg-type]

        with Server(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            yield server.server_address[1]
            server.shutdown()

    def answer(self, program: str, words: list[str], given: str) -> tuple[int | str, str]:
        how = self.fault.how if self.fault and self.fault.at == len(self.calls) else None
        self.calls.append((program, *words))
        if how == "killed before":
            return "kill", ""
        if how in _ERRORS:
            return 1, _ERRORS[how]
        call = Call(words, self.made, given) if program == "gcloud" else ClusterCall(words, self.made, given)
        code, said = call.outcome()
        if how == "killed after":
            return "kill", ""
        if how and not code:
            said = "" if how == "silent" else "odd words\nWARNING: of another version"
        return code, said


def _word(stream: object) -> str:
    found = bytearray()
    while (one := stream.read(1)) not in (b"\0", b""):  # type: ignore[attr-defined]
        found += one
    return found.decode()


def fill_in(folder: Path) -> None:
    """A value for each key of ``values.env`` that has none."""
    file = folder / "values.env"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(f"{line}{line[:-1].lower()}" if line.endswith("=") else line for line in lines) + "\n")


def secrets_of(stand_in: StandIn) -> Mapping[str, list[str]]:
    """Secret -> its versions, as the scripts wrote them."""
    return {
        key.split()[1]: [one for one in holds if not one.startswith(("roles/", "labels"))]
        for key, holds in stand_in.made.items()
        if key.startswith("secrets ")
    }
