"""What does not get through Cloud Run's front door, and what an instance cannot reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.evidence.known_images import takes_uploads
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping, objects, strings, text
from k2cr_analysis.model.pod.environment import variables_of
from k2cr_analysis.model.workload import Container, Route
from k2cr_analysis.platforms.cloud_run.limits import MAX_HTTP1_BODY_BYTES, MIB
from k2cr_analysis.platforms.cloud_run.reserved import may_be_reserved, reserved_url, unreachable

_KNOWN_ISSUES = "https://docs.cloud.google.com/run/docs/known-issues"
_QUOTAS = "https://docs.cloud.google.com/run/quotas"
# What a path of an Ingress may end in, beside the path itself: a wildcard, or the tail of a regular expression.
_TAIL = re.compile(r"(?:/?\*|\(/\|\$\)\(\.\*\)|\(\.\*\)|/?\(\.\*\)|\.\*|\$)+$")
_ROUTES = (
    "Ingress", "HTTPRoute", "VirtualService", "MultiClusterIngress", "Service.metadata.annotations",
)  # fmt: skip


@rule(id="reserved-url-path", severity="change", reads=_ROUTES, docs=_KNOWN_ISSUES)
def reserved_url_path(candidate: Candidate) -> Iterator[Found]:
    """A URL path leads to the workload that Cloud Run keeps for itself.

    Why: Requests for `/healthz`, `/eventlog` and paths that begin with `/_ah/` never reach the container: Google's
    front end answers 404. Probes inside an instance may ask such a path, callers from outside may not.
    Remedy: Serve it under another path too (`/health`), and let uptime checks, callers and routes ask that.
    Example: paths: [{path: /healthz, pathType: Exact, backend: {service: {name: web}}}]
    """
    if candidate.target != "service":
        return
    for kind, name, at, path in _paths(candidate):
        if reserved_url(path):
            yield Found(
                at, f"{kind} {name} leads {path} here; that path is reserved on Cloud Run, whose front end answers 404"
            )


@rule(id="url-path-may-be-reserved", severity="note", reads=_ROUTES, docs=_KNOWN_ISSUES)
def url_path_may_be_reserved(candidate: Candidate) -> Iterator[Found]:
    """A URL path that ends in z leads to the workload.

    Why: Some paths that end in z are reserved on Cloud Run and answered 404; Google does not list all of them, and
    advises against any.
    Remedy: Ask the path on the deployed service before the cut-over; serve it under another name if it answers 404.
    Example: paths: [{path: /readyz, pathType: Exact, backend: {service: {name: web}}}]
    """
    if candidate.target != "service":
        return
    for kind, name, at, path in _paths(candidate):
        if may_be_reserved(path):
            said = f"{kind} {name} leads {path} here; some paths that end in z are reserved on Cloud Run (404)"
            yield Found(at, said)


_URL = re.compile(r"https?://(?P<host>[\w.-]+)(?::\d+)?(?P<path>/[^\s\"'?#,;]*)")


def _urls_of_callers(candidate: Candidate) -> Iterator[tuple[str, str, str, str]]:
    """(kind, name, place, URL path) of the URLs of this workload that its callers hold in variables."""
    names = {e.service for e in candidate.workload.exposures}
    for caller in candidate.callers:
        calling = candidate.index.workloads.get(caller)
        for container in calling.pod.running if calling else ():
            for variable in variables_of(calling, container) if calling else ():
                for found in _URL.finditer(variable.value or ""):
                    if found["host"].partition(".")[0] in names:
                        yield "caller", f"{caller} ({variable.name})", f"{caller} {variable.path}", found["path"]


def _paths(candidate: Candidate) -> Iterator[tuple[str, str, str, str]]:
    """(kind, name, JSON path, URL path) of each path that leads to the workload from outside, once."""
    seen = set()
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            for path in _paths_of(route):
                if (route.kind, route.name, path) not in seen:
                    seen.add((route.kind, route.name, path))
                    yield route.kind, route.name, f"{route.kind}/{route.name} {route.path}", path
    yield from _urls_of_callers(candidate)


def _paths_of(route: Route) -> Iterator[str]:
    if route.http_path:
        yield _TAIL.sub("", route.http_path) or "/"


@rule(
    id="unreachable-range",
    severity="change",
    reads=(
        "Container.env[].value", "Container.args", "Container.command", "PodSpec.hostAliases", "PodSpec.volumes[].nfs",
        "NetworkPolicy",
    ),
    docs=_KNOWN_ISSUES,
)  # fmt: skip
def unreachable_range(candidate: Candidate) -> Iterator[Found]:
    """The workload calls an address that Cloud Run cannot reach.

    Why: Through Direct VPC egress, destinations in 192.168.1.0/24 may be out of reach (Cloud Run's known issues).
    Remedy: Give the destination an address in another range (an internal load balancer, a forwarding rule, NAT), or
    leave the workload on GKE.
    Example: env: [{name: PLC_HOST, value: 192.168.1.20}]
    """
    for at, name, words in _destinations(candidate):
        if _NOT_CALLED.search(name):
            continue
        for address in _ADDRESS.findall(words):
            if unreachable(address.strip("[]")):
                said = f"{name or 'it'} names {address}, in 192.168.1.0/24; Cloud Run may not reach that range"
                yield Found(at, said)
                break


_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\[?(?:[0-9a-fA-F]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4})\]?"
    r"|\d{1,3}(?:\.\d{1,3}){3})(?:/\d{1,3}(?!\d))?(?![\w]|\.\d)"
)
# Lists of who may call, or of what goes without a proxy, name nobody that is called.
_NOT_CALLED = re.compile(
    r"no_?proxy|trusted|allow|whitelist|deny|block|forwarded|subnet|cidr|bind|listen", re.IGNORECASE
)


def _destinations(candidate: Candidate) -> Iterator[tuple[str, str, str]]:
    """(JSON path, name, text) wherever the pod may name what it calls."""
    for container in candidate.moving:
        for variable in variables_of(candidate.workload, container):
            yield variable.path, variable.name, variable.value or ""
        for field, words in (("command", container.command), ("args", container.args)):
            for i, word in enumerate(words):
                yield f"{container.path}.{field}[{i}]", _flag_of(word), word
        for at, name, content in _mounted_texts(candidate, container):
            yield at, name, content
    for i, address in enumerate(candidate.pod.host_aliases):
        yield f"{candidate.pod.path}.hostAliases[{i}].ip", "hostAliases", address
    for volume in candidate.pod.volumes:
        if volume.kind == "nfs":
            yield f"{volume.path}.nfs.server", f"volume {volume.name}", str(volume.source.get("server"))
    for policy in candidate.workload.related.get("NetworkPolicy", ()):
        for i, egress in objects(mapping(policy, "spec"), "egress"):
            for j, peer in objects(egress, "to"):
                at = f"NetworkPolicy/{mapping(policy, 'metadata').get('name')} $.spec.egress[{i}].to[{j}].ipBlock.cidr"
                yield at, "the policy for calls", text(mapping(peer, "ipBlock"), "cidr") or ""


def _flag_of(word: str) -> str:
    """``--plc=1.2.3.4`` is named by its flag."""
    head, sign, _ = word.partition("=")
    return head if sign and head.startswith("-") else ""


def _mounted_texts(candidate: Candidate, container: Container) -> Iterator[tuple[str, str, str]]:
    """(place, name, line) of the ConfigMaps that a container mounts, line by line."""
    mounted = {m.volume for m in container.volume_mounts}
    names = {str(v.source.get("name")) for v in candidate.pod.volumes if v.kind == "configMap" and v.name in mounted}
    for raw in candidate.workload.related.get("ConfigMap", ()):
        name = str(mapping(raw, "metadata").get("name"))
        for key, content in strings(raw.get("data")).items() if name in names else ():
            at = bracketed(f"ConfigMap/{name} $.data", key)
            for line in content.splitlines():
                code = line.split("#", 1)[0].strip()
                yield at, re.split(r"[\s:=]", code, maxsplit=1)[0], code


@rule(
    id="body-over-32-mib",
    severity="change",
    reads=("Ingress.metadata.annotations", "Container.env[].value", "Container.image", "PodSpec.volumes[].configMap"),
    docs=_QUOTAS,
)
def body_over_32_mib(candidate: Candidate) -> Iterator[Found]:
    """Request bodies may be larger than Cloud Run takes over HTTP/1.

    Why: A request over HTTP/1 carries at most 32 MiB. Over HTTP/2 to the container (h2c) there is no such limit.
    Remedy: Let clients upload to Cloud Storage by a signed URL, send in parts, or serve h2c (`ports[].name: h2c`);
    where nobody sends that much, set the limit to 32m.
    Example: annotations: {nginx.ingress.kubernetes.io/proxy-body-size: 500m}
    """
    if candidate.target != "service" or candidate.ingress.h2c:
        return
    for at, name, words in (*_entrance_limits(candidate), *_own_limits(candidate)):
        allowed = _size(words)
        if allowed is not None and (allowed == 0 or allowed > MAX_HTTP1_BODY_BYTES):
            much = "requests of any size" if allowed == 0 else f"requests of {words}"
            yield Found(
                at,
                f"{name} allows {much}; Cloud Run takes at most {MAX_HTTP1_BODY_BYTES // MIB} MiB in a request over "
                "HTTP/1",
            )
    for container in candidate.moving:
        what = takes_uploads(container.image) if container.name == candidate.ingress.container else None
        if what:
            yield Found(
                f"{container.path}.image",
                f"{container.image} is sent {what}, which are often larger than the {MAX_HTTP1_BODY_BYTES // MIB} MiB "
                "that Cloud Run takes in a request over HTTP/1",
            )


# Annotations of controllers that set the largest body: nginx (both), HAProxy, Traefik of old, Azure, APISIX.
_BODY_ANNOTATION = re.compile(r"(?:proxy-body-size|client-max-body-size|max-request-body-bytes|max-body-size)$")
_BODY_VARIABLE = re.compile(
    r"POST_MAX_SIZE|(?:MAX|LIMIT).*(?:UPLOAD|BODY|REQUEST_?SIZE|FILE_?SIZE|CONTENT_?LENGTH)|(?:UPLOAD|BODY|FILE).*(?:MAX|LIMIT)",
    re.IGNORECASE,
)
# Sizes of other things: files of a log or a cache, messages of a queue.
_OTHER_SIZE = re.compile(r"LOG|CACHE|KAFKA|PRODUCER|CONSUMER|DOWNLOAD|BACKUP|RETENTION|COUNT|RESPONSE", re.IGNORECASE)
_BODY_LINE = re.compile(
    r"\b(client_max_body_size|upload_max_filesize|post_max_size|max_request_body_size)\s*[=:]?\s*([\w.]+)"
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmMgGtT]?)i?[bB]?(?:ytes?)?")
_UNIT_OF_NAME = re.compile(r"_(?:IN_)?(KB|MB|GB)$", re.IGNORECASE)


def _entrance_limits(candidate: Candidate) -> Iterator[tuple[str, str, str]]:
    seen = set()
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            for key, value in route.annotations.items():
                if _BODY_ANNOTATION.search(key) and (route.kind, route.name, key) not in seen:
                    seen.add((route.kind, route.name, key))
                    at = bracketed(f"{route.kind}/{route.name} $.metadata.annotations", key)
                    yield at, f"{route.kind} {route.name}", value
    if not seen:  # an Ingress's own word is the last
        wide = {s for e in candidate.workload.exposures for r in e.routes for s in r.entrance.settings}
        for one in sorted(wide, key=lambda s: (s.owner, s.path)):
            if one.key and _BODY_ANNOTATION.search(one.key):
                yield f"{one.owner} {one.path}", one.owner.replace("/", " "), one.value


def _own_limits(candidate: Candidate) -> Iterator[tuple[str, str, str]]:
    for container in candidate.moving:
        for variable in variables_of(candidate.workload, container):
            name = variable.name
            if variable.value not in (None, "", "0") and _BODY_VARIABLE.search(name) and not _OTHER_SIZE.search(name):
                unit = _UNIT_OF_NAME.search(name)
                words = f"{variable.value}{unit[1] if unit else ''}"
                yield variable.path, f"{name} of container {container.name}", words
        for at, _, line in _mounted_texts(candidate, container):
            for directive, value in _BODY_LINE.findall(line):
                yield at, f"{directive} of container {container.name}", value


def _size(words: str) -> int | None:
    """``500m``, ``100MB``, ``50Mi``, ``104857600`` in bytes; None where it is no size. nginx's units are of 1024."""
    found = _SIZE.fullmatch(words.strip().strip(";\"'"))
    if found is None:
        return None
    power = "kmgt".find(found[2].lower()) + 1 if found[2] else 0
    return int(Decimal(found[1]) * 1024**power)
