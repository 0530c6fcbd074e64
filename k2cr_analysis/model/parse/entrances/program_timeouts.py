"""How long a program itself lets a request take: by its server's flags, variables and configuration.

Sources: gunicorn, "timeout" (0 is none); uWSGI, "harakiri"; PHP, max_execution_time; nginx, ngx_http_proxy_module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from k2cr_analysis.model.addresses.given_values import mounted_files
from k2cr_analysis.model.pod.environment import variables_of
from k2cr_analysis.model.workload import Container, Workload
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_TIMEOUT_S

# Flags of servers, where the server is named in the same command: gunicorn app:app --timeout 600.
_FLAGS = (
    (re.compile(r"\bgunicorn\b"), re.compile(r"(?:--timeout|-t)[= ](\d{1,6})")),
    (re.compile(r"\buwsgi\b"), re.compile(r"--(?:http-timeout|harakiri)[= ](\d{1,6})")),
    (re.compile(r"\bartisan\b|\boctane\b"), re.compile(r"--max-execution-time[= ](\d{1,6})")),
)
_VARIABLES = re.compile(
    r"(?:GUNICORN|UWSGI|REQUEST|SERVER_REQUEST|WEB_REQUEST|HTTP_REQUEST|WSGI|SERVER)_(?:TIMEOUT|HARAKIRI|WRITE_TIMEOUT)"
    r"(?:_S|_SECS?|_SECONDS|_MS|_MILLIS)?|PHP_MAX_EXECUTION_TIME|(?:NGINX_)?(?:PROXY|FASTCGI|UWSGI)_READ_TIMEOUT",
    re.IGNORECASE,
)
_DIRECTIVE = re.compile(r"^\s*(?:proxy|fastcgi|uwsgi|grpc)_read_timeout\s+(\d+)(ms|[smh]?)\s*;", re.MULTILINE)
_DURATION = re.compile(r"(\d{1,6})(ms|[smh]?)")
_SECONDS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class ProgramTimeout:
    """A request may take so long [s]; ``path`` is where it says so, ``why`` in which words."""

    seconds: float
    path: str
    why: str


def seconds_in(value: str, name: str = "") -> float | None:
    """``30s``, ``5m``, ``900``; a bare number is in seconds, unless its name, or five digits, say thousandths. [s]"""
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        return None
    in_thousandths = name.upper().endswith(("_MS", "_MILLIS", "_MILLISECONDS")) or len(match[1]) > 4
    return int(match[1]) * (_SECONDS["ms"] if not match[2] and in_thousandths else _SECONDS[match[2]])


def program_timeouts(workload: Workload) -> Iterator[ProgramTimeout]:
    """What lets requests take longer than Cloud Run does by default; shorter ones need no word."""
    for container in workload.pod.running:
        for found in _of_container(workload, container):
            if found.seconds > DEFAULT_TIMEOUT_S:
                yield found


def _of_container(workload: Workload, container: Container) -> Iterator[ProgramTimeout]:
    words = (*container.command, *container.args)
    text = " ".join(words)
    for server, flag in _FLAGS:
        if server.search(text) and (match := flag.search(text)):
            at = f"{container.path}.{'args' if container.args else 'command'}"
            yield ProgramTimeout(float(match[1]), at, f"{match.group()} of container {container.name}")
    for variable in variables_of(workload, container):
        seconds = seconds_in(variable.value or "", variable.name) if _VARIABLES.fullmatch(variable.name) else None
        if seconds is not None:
            yield ProgramTimeout(seconds, variable.path, f"env {variable.name} of container {container.name}")
        elif variable.name == "GUNICORN_CMD_ARGS" and (match := _FLAGS[0][1].search(variable.value or "")):
            why = f"env {variable.name} of container {container.name}"
            yield ProgramTimeout(float(match[1]), variable.path, why)
    for config_map, key, text in mounted_files(workload, container):
        for match in _DIRECTIVE.finditer(text):
            why = f"{match.group().strip(' ;')} in {key} of ConfigMap {config_map}"
            yield ProgramTimeout(int(match[1]) * _SECONDS[match[2]], f"ConfigMap/{config_map} $.data['{key}']", why)
