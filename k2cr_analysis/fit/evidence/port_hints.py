"""What tells of a port's protocol where the Service and the pod's probes do not: who leads HTTP to it, and who serves.

A route of a controller's own kind (Traefik's IngressRoute, Contour's HTTPProxy) leads HTTP to a port as an Ingress
does; a workload that calls it writes the scheme into the URL; a variable or a flag may name the port as one of HTTP;
and some commands start nothing but a web server. All of these show more than a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from k2cr_analysis.fit.evidence.protocols import CalledPort, Speaks
from k2cr_analysis.model.addresses.names import words_of_name
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.parse.access import Raw, mapping
from k2cr_analysis.model.parse.related import FOREIGN_ROUTES, ports_led_to
from k2cr_analysis.model.pod.environment import variables_of
from k2cr_analysis.model.workload import Container, Workload

_Hint = tuple[Speaks, bool, str]
_BY_SCHEME: Mapping[str, tuple[Speaks, bool]] = {
    "http": ("http", False), "ws": ("http", False), "https": ("https", True), "wss": ("https", True),
    "grpc": ("grpc", True), "h2c": ("h2c", True),
}  # fmt: skip
_DEFAULT_PORT = {"http": 80, "ws": 80, "https": 443, "wss": 443}
# ASPNETCORE_URLS=http://+:8080, --urls=http://*:5000, --listen=http://0.0.0.0:9000
_LISTENS_BY_HTTP = re.compile(r"\bhttp://(?:[+*]|0\.0\.0\.0|\[::\]|localhost|127\.0\.0\.1):(\d{1,5})\b", re.IGNORECASE)
_PORT_AT_END = re.compile(r"(?:^|[:=])(\d{1,5})$")
_WEB_COMMANDS = re.compile(
    r"\b(?:gunicorn|uvicorn|hypercorn|daphne|waitress-serve|flask run|streamlit run|chainlit run|fastapi (?:run|dev)"
    r"|next start|nuxt start|rails s(?:erver)?|puma|rackup|php -S|artisan serve|octane:start|http-server|http\.server"
    r"|json-server|ng serve|react-scripts start|manage\.py runserver|mkdocs serve|hugo server|apache2-foreground"
    r"|httpd-foreground|vllm\.entrypoints\.\S+|catalina\.sh|caddy run|vllm serve|text-generation-launcher)\b",
)


def with_hints(
    workload: Workload, called: Sequence[CalledPort], callers: Iterable[Dependency]
) -> tuple[CalledPort, ...]:
    """The called ports, with what else tells their protocol. ``callers``: the edges that lead to the workload."""
    edges = list(callers)
    return tuple(_hinted(workload, one, edges) for one in called)


def _hinted(workload: Workload, called: CalledPort, edges: Sequence[Dependency]) -> CalledPort:
    by_name = called.speaks == "raw" and "port name" in called.evidence
    if called.speaks != "unknown" and not by_name:
        return called
    hint = next(_by_callers_and_routes(workload, called, edges), None)
    if hint is None and not by_name:
        hint = next(_by_container(workload, called), None)
    return called if hint is None else replace(called, speaks=hint[0], declared=hint[1], evidence=hint[2])


def _by_callers_and_routes(workload: Workload, called: CalledPort, edges: Sequence[Dependency]) -> Iterator[_Hint]:
    service, port = called.exposure.service, called.port
    for kind in FOREIGN_ROUTES:
        for raw in workload.related.get(kind, ()):
            led = set(ports_led_to(mapping(raw, "spec"), service))
            if led & {None, str(port.port), port.name}:
                yield "http", True, f"{kind} {_name(raw)} leads here"
    for edge in edges:
        if edge.service != service:
            continue
        for address in edge.addresses:
            scheme = address.scheme or ""
            number = address.port if address.port is not None else _DEFAULT_PORT.get(scheme)
            if scheme not in _BY_SCHEME or number != port.port:
                continue
            if scheme == "http" and "grpc" in words_of_name(address.place.name):
                yield "grpc", False, f"{edge.source} calls it by {address.place.name}"
            else:
                yield *_BY_SCHEME[scheme], f"{edge.source} calls it by {scheme}://"


def _by_container(workload: Workload, called: CalledPort) -> Iterator[_Hint]:
    container = next((c for c in workload.pod.running if c.name == called.container), None)
    if container is None or called.target is None:
        return
    for name, text in _named_values(workload, container):
        words, ports = set(words_of_name(name)), {int(p) for p in _LISTENS_BY_HTTP.findall(text)}
        if called.target in ports:
            yield "http", False, f"{name} listens by HTTP"
        found = _PORT_AT_END.search(text)
        if found and int(found[1]) == called.target and words & {"port", "ports", "listen", "address", "addr", "bind"}:
            if words & {"http", "web"}:
                yield "http", False, f"{name} says so"
            elif words & {"grpc"}:
                yield "grpc", False, f"{name} says so"
    words_run = " ".join((*container.command, *container.args))
    if match := _WEB_COMMANDS.search(words_run):
        yield "http", False, f"it runs {match.group()}"


def _named_values(workload: Workload, container: Container) -> Iterator[tuple[str, str]]:
    """Variables and flags with their values; a flag's value may be the next word."""
    for variable in variables_of(workload, container):
        yield variable.name, (variable.value or "").strip()
    words = (*container.command, *container.args)
    for first, second in zip(words, (*words[1:], ""), strict=False):
        flag, separator, value = first.partition("=")
        if flag.startswith("-"):
            yield flag.lstrip("-"), value if separator else second


def _name(raw: Raw) -> object:
    return mapping(raw, "metadata").get("name")
