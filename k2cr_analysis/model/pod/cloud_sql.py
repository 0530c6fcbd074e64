"""Cloud SQL's proxy, where Cloud Run's own connection makes the same socket: ``/cloudsql/PROJECT:REGION:INSTANCE``.

The annotation ``run.googleapis.com/cloudsql-instances`` mounts that folder in every container and signs in as the
service's own account. It reaches an instance by its public address, and listens on no port: a proxy that serves TCP,
asks by a private address, signs in to the database (IAM), or has its sockets in another folder goes along as it is.
Sources: Cloud SQL, "Connect from Cloud Run" (sockets, public IP); github.com/GoogleCloudPlatform/cloud-sql-proxy, the
flags of versions 1 and 2 and their CSQL_PROXY_ variables.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from k2cr_analysis.model.pod.references import expand
from k2cr_analysis.model.workload import Container, Pod
from k2cr_analysis.platforms.cloud_run.volumes import CLOUD_SQL_FOLDER
from k2cr_analysis.platforms.images import parse_image

_IMAGES = frozenset({"gce-proxy", "cloud-sql-proxy", "cloudsql-proxy", "cloud_sql_proxy"})
_SHELLS = frozenset({"sh", "bash", "ash", "dash"})
_INSTANCE = re.compile(r"(?:[a-z][\w.-]*:)?[a-z][a-z0-9-]*:[a-z]+(?:-[a-z]+)+\d+:[a-z][a-z0-9-]*")
_FLAG = re.compile(r"-{1,2}([A-Za-z][\w-]*)(?:=(.*))?", re.DOTALL)
_SHORT = {"u": "unix-socket", "c": "credentials-file", "i": "auto-iam-authn", "p": "port", "a": "address"}
_TAKES_VALUE = frozenset({
    "unix-socket", "credentials-file", "port", "address", "dir", "instances", "credential_file", "token",
    "json-credentials",
    "impersonate-service-account", "fuse", "fuse-tmp-dir", "http-port", "http-address", "ip_address_types",
    "max-connections", "max_connections", "max-sigterm-delay", "min-sigterm-delay", "term_timeout", "user-agent",
    "quota-project", "telemetry-project", "telemetry-prefix", "telemetry-sample-rate", "admin-port", "projects",
    "sqladmin-api-endpoint", "host", "refresh_config_throttle", "health_check_port", "instances_metadata",
})  # fmt: skip
# What the proxy does that Cloud Run's connection does not: flag -> in words.
_MORE: Mapping[str, str] = {
    "private-ip": "it asks by the instance's private address",
    "psc": "it asks through Private Service Connect",
    "auto-iam-authn": "it signs in to the database by IAM",
    "enable_iam_login": "it signs in to the database by IAM",
    "impersonate-service-account": "it acts as another service account",
    "fuse": "it makes sockets on demand (FUSE)",
    "token": "it signs in by a token",
    "instances_metadata": "it reads its instances from the metadata server",
}
_VARIABLE = re.compile(r"CSQL_PROXY_([A-Z_]+?)(?:_\d+)?")


@dataclass(frozen=True, slots=True)
class SqlProxy:
    """``kept_why``: why it goes along as it is; None where Cloud Run's own connection takes its place."""

    container: Container
    instances: tuple[str, ...]
    kept_why: str | None


def sql_proxies(pod: Pod) -> tuple[SqlProxy, ...]:
    """The Cloud SQL proxies beside the containers of a pod; all go along where one must."""
    found = [_proxy(c, pod) for c in pod.running if c.image and parse_image(c.image).name in _IMAGES]
    if len(found) == len(pod.running):
        return ()
    # A pod has one socket folder: what one proxy keeps, the other's sockets are beside.
    kept = next((p.kept_why for p in found if p.kept_why), None)
    return tuple(SqlProxy(p.container, p.instances, p.kept_why or kept) for p in found)


def built_in_instances(pod: Pod) -> tuple[str, ...]:
    """The instances that Cloud Run connects to itself, in the order of the pod."""
    return tuple(dict.fromkeys(i for p in sql_proxies(pod) if p.kept_why is None for i in p.instances))


def socket_volumes(pod: Pod) -> frozenset[str]:
    """The volumes that hold nothing but the sockets which Cloud Run makes itself."""
    proxies = [p.container for p in sql_proxies(pod) if p.kept_why is None]
    return frozenset(m.volume for c in proxies for m in c.volume_mounts if _is_folder(m.mount_path))


def sockets_of_sidecars(pod: Pod) -> frozenset[str]:
    """The volumes that hold the sockets of a proxy which goes along: they take no room."""
    found = set()
    for proxy in sql_proxies(pod):
        flags = _given(proxy.container).flags
        folder = flags.get("unix-socket") or flags.get("dir")
        found |= {m.volume for m in proxy.container.volume_mounts if folder and m.mount_path.rstrip("/") == folder}
    return frozenset(found) - socket_volumes(pod)


def _is_folder(path: str) -> bool:
    return path.rstrip("/") == CLOUD_SQL_FOLDER


def _proxy(container: Container, pod: Pod) -> SqlProxy:
    given = _given(container)
    instances = tuple(dict.fromkeys(i.partition("?")[0].partition("=")[0] for i in given.instances))
    return SqlProxy(container, instances, _kept_why(given, instances, container, pod))


@dataclass(frozen=True, slots=True)
class _Given:
    flags: Mapping[str, str]
    instances: tuple[str, ...]  # as written: NAME=tcp:3306, NAME?unix-socket=/cloudsql


def _kept_why(given: _Given, instances: tuple[str, ...], container: Container, pod: Pod) -> str | None:
    if not instances or any(not _INSTANCE.fullmatch(i) for i in instances):
        return "the names of its instances are not known here"
    more = next((why for flag, why in _MORE.items() if given.flags.get(flag, "false") != "false"), None)
    if given.flags.get("ip_address_types", "PUBLIC").split(",")[0].upper() != "PUBLIC":
        more = _MORE["private-ip"]
    each = (why for one in given.instances if (why := _of_instance(one, given)))
    return more or next(each, None) or _elsewhere(container, pod)


def _of_instance(written: str, given: _Given) -> str | None:
    """What one instance's own options ask for, which Cloud Run's connection has not."""
    options = dict(o.partition("=")[::2] for o in written.partition("?")[2].split("&"))
    if options.get("private-ip", "false") != "false" or options.get("psc", "false") != "false":
        return _MORE["private-ip"]
    folder = options.get("unix-socket") or given.flags.get("unix-socket") or given.flags.get("dir")
    if "=tcp:" in written or folder is None or "port" in options:
        return "the application calls it on a port, and Cloud Run's own connection is a socket"
    if not _is_folder(folder) or "unix-socket-path" in options or "=unix:" in written:
        return f"its sockets are not in {CLOUD_SQL_FOLDER}"
    return None


def _elsewhere(container: Container, pod: Pod) -> str | None:
    shared = {m.volume for m in container.volume_mounts if _is_folder(m.mount_path)}
    users = [m for c in pod.running if c is not container for m in c.volume_mounts if m.volume in shared]
    if any(not _is_folder(m.mount_path) or m.sub_path for m in users):
        return f"the application looks for its sockets elsewhere than in {CLOUD_SQL_FOLDER}"
    return None


def _given(container: Container) -> _Given:
    """The flags of a proxy, of its variables too, and its instances."""
    known = {e.name: e.value for e in container.env if e.value is not None}
    words = [expand(w, known, frozenset()).text for w in (*container.command, *container.args)]
    if words and words[0].rpartition("/")[2] in _SHELLS:
        words = _split(words[-1])
    flags: dict[str, str] = {}
    instances: list[str] = []
    for name, value in known.items():
        if (found := _VARIABLE.fullmatch(name)) and found[1] == "INSTANCE_CONNECTION_NAME":
            instances.append(value)
        elif found:
            flags[found[1].lower().replace("_", "-")] = value
        elif name == "INSTANCES":  # version 1
            instances += value.split(",")
    for name, value in _flags(words):
        if name == "instances":
            instances += value.split(",")
        elif name:
            flags[name] = value
        elif ":" in value:
            instances.append(value)
    return _Given(flags, tuple(i.strip() for i in instances if i.strip()))


def _split(script: str) -> list[str]:
    try:
        return shlex.split(script)
    except ValueError:
        return []


def _flags(words: list[str]) -> Iterator[tuple[str, str]]:
    """(flag, value); (empty, word) for a word that is none. A flag without a value is "true"."""
    rest = iter(words)
    for word in rest:
        found = _FLAG.fullmatch(word)
        if found is None:
            yield "", word
            continue
        name = _SHORT.get(found[1], found[1])
        if found[2] is not None:
            yield name, found[2]
        else:
            yield name, next(rest, "true") if name in _TAKES_VALUE else "true"
