"""What became of the objects around the workload: their fields, read back from the network's files.

A row says in which file a field stands, if it stands anywhere. A value is looked for in that file; what is not found
there is not carried, whatever the row says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k2cr_analysis.fit.result import FieldUse
from k2cr_analysis.model.parse.access import source_value
from k2cr_analysis.model.workload import Exposure, ServicePort
from k2cr_analysis.platforms.cloud_run.annotations import INGRESS, SESSION_AFFINITY
from k2cr_analysis.rendering.network.access.ingress_setting import Reached
from k2cr_analysis.rendering.spec.account import Entry, short
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.pod.port_words import field_decides
from k2cr_analysis.rendering.spec.service import RunService

_URL_MAP, _SCRIPT = "url-map.yaml", "network.sh"
_SEGMENT = re.compile(r"[^/*]+")


@dataclass(frozen=True, slots=True)
class Row:
    """``file`` holds the value itself; ``words``: it holds one of these in its place (a flag that is on)."""

    file: str
    words: tuple[str, ...] = ()


# Schema path, or the beginning of one -> where it stands. The longest path decides.
_ROWS: Mapping[str, Row] = {
    "Ingress.spec.rules[].host": Row(_URL_MAP),
    "Ingress.spec.rules[].http.paths[].path": Row(_URL_MAP),
    "Ingress.spec.rules[].http.paths[].pathType": Row(_URL_MAP, ("pathMatchers",)),
    "MultiClusterIngress.spec": Row(_URL_MAP),
    "HTTPRoute.spec.hostnames": Row(_URL_MAP),
    "HTTPRoute.spec.rules": Row(_URL_MAP),
    "GRPCRoute.spec.hostnames": Row(_URL_MAP),
    "GRPCRoute.spec.rules": Row(_URL_MAP),
    "VirtualService.spec.http": Row(_URL_MAP),
    "BackendConfig.spec.iap.enabled": Row(_SCRIPT, ("--iap=enabled", '--iap="enabled')),
    "BackendConfig.spec.iap.oauthclientCredentials": Row(_SCRIPT),
    "BackendConfig.spec.securityPolicy": Row(_SCRIPT),
    "BackendConfig.spec.cdn": Row(_SCRIPT, ("--enable-cdn",)),
    "BackendConfig.spec.customRequestHeaders": Row(_SCRIPT),
    "BackendConfig.spec.customResponseHeaders": Row(_SCRIPT),
    "BackendConfig.spec.logging": Row(_SCRIPT, ("enable-logging",)),
    "GCPBackendPolicy.spec.default.iap.enabled": Row(_SCRIPT, ("--iap=enabled", '--iap="enabled')),
    "GCPBackendPolicy.spec.default.iap.oauth2ClientSecret": Row(_SCRIPT),
    "GCPBackendPolicy.spec.default.securityPolicy": Row(_SCRIPT),
    "GCPBackendPolicy.spec.default.logging": Row(_SCRIPT, ("enable-logging",)),
    "FrontendConfig.spec.sslPolicy": Row(_SCRIPT),
    "FrontendConfig.spec.redirectToHttps.responseCodeName": Row(_SCRIPT),
    "ManagedCertificate.spec.domains": Row(_SCRIPT),
    "Service.spec.loadBalancerSourceRanges": Row(_SCRIPT),
    "NetworkPolicy.spec.egress": Row(_SCRIPT),
}
# What decides how another field is read, or joins objects: it is written nowhere itself.
_DECIDES: Mapping[str, str] = {
    "Ingress.spec.rules[].http.paths[].backend": "it joins the route to the workload's Service",
    "Ingress.spec.defaultBackend": "it joins the route to the workload's Service",
    "Ingress.spec.ingressClassName": "it decided whether users come from outside",
    "Ingress.metadata.annotations": "the front door is made by it",
    "HTTPRoute.spec.rules[].backendRefs": "it joins the route to the workload's Service",
    "HTTPRoute.spec.parentRefs": "it joins the route to the Gateway",
    "GRPCRoute.spec.rules[].backendRefs": "it joins the route to the workload's Service",
    "GRPCRoute.spec.parentRefs": "it joins the route to the Gateway",
    "VirtualService.spec.gateways": "it decided whether users come from outside",
    "Gateway.spec": "it decided whether users come from outside",
    "Service.metadata.annotations": "it decided how the Service is reached, and joins it to its policies",
    "Service.spec.selector": "it joins the Service to its pods",
    "PersistentVolumeClaim.spec": "it decided whether the volume can be shared",
}
_JOINED = ("metadata.name", "metadata.namespace", "metadata.labels")


def entrance_entries(build: Build, files: Mapping[str, str]) -> list[Entry]:
    """An entry for each field of a joined object that a row, or a decision, speaks of."""
    written = {name: _Written(files.get(name, "")) for name in (_URL_MAP, _SCRIPT)}
    found = [e for use in build.assessed.fit.fields if (e := _entry(use, build, written)) is not None]
    return found + list(_service_entries(build))


def _entry(use: FieldUse, build: Build, written: Mapping[str, _Written]) -> Entry | None:
    if " $" not in use.path:
        return None
    value = source_value(build.workload, use.path)
    row_path, row = _longest(use.schema_path, _ROWS)
    why_path, why = _longest(use.schema_path, _DECIDES)
    if row is not None and len(row_path) >= len(why_path) and build.reached is not None:
        # The whole host is what a URL map says without a word for it.
        whole = value == "/" and use.schema_path.endswith(("paths[].path", "matches[].path.value"))
        if written[row.file].holds(value, ("pathMatchers",) if whole else row.words):
            return Entry(use.path, "carried", f"{row.file}", short(value), short(value), "as it is")
        return Entry(use.path, "dropped", None, short(value), None, f"{row.file} does not say it")
    if why is None and use.schema_path.partition(".")[2].startswith(_JOINED):
        why = "it joins the object to the workload"
    return Entry(use.path, "counted", None, short(value), None, why) if why else None


def _longest(path: str, table: Mapping[str, Any]) -> tuple[str, Any]:
    """The row of the path itself or of the nearest thing around it."""
    at = path
    while at:
        if at in table:
            return at, table[at]
        at = at[:-2] if at.endswith("[]") else at.rpartition(".")[0]
    return "", None


class _Written:
    """A file's words, without its comments."""

    def __init__(self, text: str) -> None:
        lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
        self._text = "\n".join(lines)

    def holds(self, value: str | None, words: tuple[str, ...]) -> bool:
        """Whether all of a value's own texts stand in the file, each as a whole word."""
        if not self._text or value is None:
            return False
        texts = list(_texts(value))
        if words:
            return any(w in self._text for w in words)
        return bool(texts) and all(self._has(t) for t in texts)

    def _has(self, text: str) -> bool:
        parts = [text] if not text.startswith("/") else _SEGMENT.findall(text) or [text]
        if text == "/":  # what a rewrite leaves of a path, and no word by itself
            return "pathPrefixRewrite: /" in self._text or 'pathPrefixRewrite: "/"' in self._text
        return all(re.search(rf"(?<![\w-]){re.escape(p)}(?![\w-])", self._text) for p in parts)


def _texts(value: str) -> Iterator[str]:
    """The scalars of a value as the mapping shows it."""
    try:
        found = json.loads(value)
    except json.JSONDecodeError:
        yield value
        return
    todo = [found]
    while todo:
        one = todo.pop()
        if isinstance(one, Mapping):
            todo += one.values()
        elif isinstance(one, list):
            todo += one
        else:
            yield json.dumps(one) if isinstance(one, bool) else str(one)


def _service_entries(build: Build) -> Iterator[Entry]:
    """Ports, type and affinity of the Services: what of them decided the resource."""
    reached = build.reached
    if reached is None:
        return
    yield from _policy_entries(build, reached)
    for exposure in build.workload.exposures:
        if exposure.type == "Knative":
            continue
        at = f"{exposure.kind}/{exposure.service} "
        for port in exposure.ports:
            yield from _port_entries(f"{at}{port.path}", port, exposure, build, reached)
        kind = source_value(build.workload, f"{at}$.spec.type")
        if kind:
            yield _type_entry(f"{at}$.spec.type", kind, reached)


def _policy_entries(build: Build, reached: Reached) -> Iterator[Entry]:
    """What of the backend's policies the service itself takes over."""
    fields = {
        "timeoutSec": ("template.timeoutSeconds", build.run.timeout_s if isinstance(build.run, RunService) else None),
        "sessionAffinity.affinityType": (SESSION_AFFINITY, "true"),
        "sessionAffinity.type": (SESSION_AFFINITY, "true"),
    }
    for use in build.assessed.fit.fields:
        for root in ("BackendConfig.spec.", "GCPBackendPolicy.spec.default."):
            field = use.schema_path.removeprefix(root) if use.schema_path.startswith(root) else ""
            if field in fields:
                target, given = fields[field]
                value = source_value(build.workload, use.path)
                yield Entry(use.path, "changed", target, short(value), short(given), "the service has it itself")


def _port_entries(at: str, port: ServicePort, exposure: Exposure, build: Build, reached: Reached) -> Iterator[Entry]:
    fit, number = build.assessed.fit, str(port.target_port)
    leads = port.target == fit.ingress_port
    targeted = source_value(build.workload, f"{at}.targetPort") is not None
    if leads and targeted and isinstance(port.target_port, int):
        where = "containers[].ports[0].containerPort"
        yield Entry(f"{at}.targetPort", "carried", where, number, number, "the port that gets the requests")
    else:
        # The API server writes a targetPort that equals the port: which of the two was said is not known.
        said = f"{at}.{'targetPort' if targeted else 'port'}"
        yield Entry(said, "counted", None, number, None, "it joins callers to one of the pod's ports")
    named = [name for name in reached.names if name.service.name == exposure.service and leads]
    if named or (exposure.load_balancer and port.port in reached.front.open_ports):
        yield Entry(f"{at}.port", "carried", _SCRIPT, str(port.port), str(port.port), "a port of the front door")
    for field, value in (("name", port.name), ("appProtocol", port.app_protocol)):
        if value is not None:
            yield _word_entry(f"{at}.{field}", field, value, port, build, written=bool(named) and field == "name")


def _word_entry(at: str, field: str, value: str, port: ServicePort, build: Build, *, written: bool) -> Entry:
    """What says which protocol a port speaks."""
    fit = build.assessed.fit
    if fit.ingress_port is not None and field_decides(build.workload, fit.ingress_port, port, field):
        to, why = ("h2c", "HTTP/2 end to end") if fit.h2c else ("http1", "it says that the port is HTTP/1")
        return Entry(at, "changed", "containers[].ports[0].name", value, to, why)
    if written:
        return Entry(at, "carried", _SCRIPT, value, value, "callers in the cluster are led to the same port")
    return Entry(at, "counted", None, value, None, "it tells what the port speaks")


def _type_entry(at: str, kind: str, reached: Reached) -> Entry:
    if any(r.external for r in reached.routes):
        return Entry(at, "counted", None, kind, None, "the routes that lead to it decide who reaches it")
    why = "Cloud Run has no addresses in the cluster; the ingress setting and the front door say who reaches it"
    return Entry(at, "changed", f"{INGRESS}; {_SCRIPT}", kind, reached.ingress, why)
