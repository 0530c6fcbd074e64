"""Neighbours put beside their caller, as ``[workload."..."] merge`` in k2cr.toml asks: one pod of all their containers.

It is done on the objects, before they are parsed: whatever looks at the caller afterwards sees one Deployment that a
person could have written. The neighbour's host names in the caller become ``localhost``, with the port that the
neighbour's container listens on. What belongs to the pod as a whole (identity, node, replicas) stays the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NoReturn

from k2cr_analysis.errors import ConfigError, Location
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.parse.access import mapping, objects, strings
from k2cr_analysis.model.parse.cluster import workload_id
from k2cr_analysis.model.parse.index import ObjectIndex
from k2cr_analysis.model.parse.ownership import root_owner
from k2cr_analysis.model.parse.pod.templates import WORKLOAD_KINDS
from k2cr_analysis.model.workload import Container, Workload
from k2cr_analysis.platforms.cloud_run.limits import MAX_CONTAINERS
from k2cr_analysis.snapshot import SnapshotObject

Merges = Mapping[str, Sequence[str]]  # caller's id -> its neighbours'
_SERVING = ("Deployment", "ReplicaSet", "ReplicationController", "Pod")
_TLS_SCHEMES = ("https", "grpcs", "wss")


def check_merges(cluster: Cluster, merges: Merges) -> None:
    """ConfigError where a merge names what is not there, or what cannot be in one pod."""
    taken: dict[str, str] = {}
    for caller_id, ids in merges.items():
        for one in (caller_id, *ids):
            if one not in cluster.by_id:
                refuse(caller_id, f"{one}, which is not in the snapshot", "ids that `k2cr assess` lists")
            if cluster.by_id[one].kind not in _SERVING:
                refuse(caller_id, f"{one}, a {cluster.by_id[one].kind}", f"one of {', '.join(_SERVING)}")
            if one in taken or (one in merges and one != caller_id):
                refuse(caller_id, f"{one}, which is in another merge too", "each workload in one merge")
            taken[one] = caller_id
        _check_pod([cluster.by_id[one] for one in (caller_id, *ids)])


def refuse(caller_id: str, found: str, expected: str) -> NoReturn:
    """ConfigError of one merge."""
    where = Location(path=f'[workload."{caller_id}"] merge')
    raise ConfigError(ref="cannot-merge", where=where, found=found, expected=expected, do="take it out of `merge`")


def _check_pod(members: Sequence[Workload]) -> None:
    caller = members[0]
    if other := next((w for w in members if w.namespace != caller.namespace), None):
        refuse(caller.id, f"{other.id}, in another namespace", f"workloads of {caller.namespace}")
    owners: dict[int, str] = {}
    for one in members:
        for port in sorted(_ports(one)):
            if port in owners:
                refuse(caller.id, f"{owners[port]} and {one.id} both listen on {port}", "a port of its own for each")
            owners[port] = one.id
    count = sum(len(w.pod.running) for w in members)
    if count > MAX_CONTAINERS:
        refuse(caller.id, f"{count} containers in all", f"at most {MAX_CONTAINERS}, as a Cloud Run instance has")


def _ports(workload: Workload) -> set[int]:
    """Ports that a pod is seen to listen on: declared, probed, or behind a Service."""
    found = {p.target for e in workload.exposures for p in e.ports if p.target is not None}
    for container in workload.pod.running:
        found |= {p.number for p in container.ports}
        found |= {n for _, probe in container.probes() if (n := container.port_number(probe.port)) is not None}
    return found


def merged_objects(found: Iterable[SnapshotObject], cluster: Cluster, merges: Merges) -> list[SnapshotObject]:
    """The snapshot's objects with each caller as one pod, and without its neighbours and what they own."""
    everything = list(found)
    index = ObjectIndex(o.object for o in everything)
    gone = {one for ids in merges.values() for one in ids}
    raws = {workload_id(o.object): o.object for o in everything if workload_id(o.object) in gone}
    kept = []
    for item in everything:
        owner = workload_id(root_owner(item.object, index, WORKLOAD_KINDS))
        if owner in gone:
            continue
        caller_id = workload_id(item.object)
        if caller_id in merges:
            members = [(cluster.by_id[one], raws[one]) for one in merges[caller_id]]
            kept.append(SnapshotObject(_merged(item.object, cluster.by_id[caller_id], members), item.source))
        else:
            kept.append(item)
    return kept


def container_names(members: Sequence[Workload]) -> dict[tuple[str, str], str]:
    """(workload id, container) -> its name in the common pod: its own, with the workload's in front where it is taken.

    The first of ``members`` is the caller, whose containers keep their names.
    """
    names: dict[tuple[str, str], str] = {}
    for workload in members:
        for container in (*workload.pod.running, *workload.pod.init_containers):
            taken = container.name in names.values()
            names[workload.id, container.name] = f"{workload.name}-{container.name}" if taken else container.name
    return names


def _merged(raw: Mapping[str, Any], caller: Workload, members: Sequence[tuple[Workload, Mapping[str, Any]]]) -> Any:
    merged = deepcopy(dict(raw))
    spec = _pod_spec(merged, caller.kind)
    addresses = [a for workload, _ in members for a in _addresses(workload)]
    names = container_names([caller, *(workload for workload, _ in members)])
    _redirect(spec, caller, addresses)
    for workload, neighbour in members:
        own = deepcopy(dict(_pod_spec(neighbour, workload.kind)))
        _redirect(own, workload, addresses)
        volumes = _put_volumes(spec, own, workload.name)
        for field in ("initContainers", "containers"):
            for _, container in objects(own, field):
                added = {**container, "name": names[workload.id, str(container.get("name"))]}
                if "volumeMounts" in container:
                    mounts = (m for _, m in objects(container, "volumeMounts"))
                    added["volumeMounts"] = [{**m, "name": volumes.get(str(m.get("name")))} for m in mounts]
                spec[field] = [*spec.get(field, ()), added]
    return merged


def _put_volumes(spec: dict[str, Any], own: Mapping[str, Any], workload: str) -> dict[str, str]:
    """Add the neighbour's volumes; volumes of the same name stay two. Gives old name -> new name."""
    taken = {str(v.get("name")) for _, v in objects(spec, "volumes")}
    renamed = {}
    for _, volume in objects(own, "volumes"):
        name = str(volume.get("name"))
        renamed[name] = f"{workload}-{name}" if name in taken else name
        spec["volumes"] = [*spec.get("volumes", ()), {**volume, "name": renamed[name]}]
    return renamed


def _pod_spec(raw: Mapping[str, Any], kind: str) -> Any:
    keys = WORKLOAD_KINDS[kind].removeprefix("$").strip(".")
    return mapping(raw, *(keys.split(".") if keys else ()), "spec")


@dataclass(frozen=True, slots=True)
class _Address:
    """A Service in front of a neighbour: its names as a pattern, and port -> the port that the container has."""

    pattern: re.Pattern[str]
    ports: Mapping[int, int]

    def redirect(self, text: str, variable: str | None) -> str:
        """``text`` with the Service's names as localhost. A bare name counts where it is all of a variable's value."""

        def local(match: re.Match[str]) -> str:
            scheme, port = match["scheme"] or "", match["port"]
            whole = variable is not None and match[0] == text.strip()
            if not (scheme or port or whole or match["full"] or text[: match.start()].endswith("@")):
                return match[0]
            if not scheme and not port and variable is not None and variable.upper().endswith("HOST"):
                return "localhost"
            asked = int(port) if port else (443 if scheme[:-3] in _TLS_SCHEMES else 80) if scheme else None
            target = self.ports.get(asked) if asked is not None else None
            if target is None and not port and len(self.ports) == 1:
                target = next(iter(self.ports.values()))
            if target is None and asked in self.ports.values():
                target = asked  # a headless Service leads straight to the container's port
            return f"{scheme}localhost:{target}" if target is not None else match[0]

        return self.pattern.sub(local, text)


def _addresses(workload: Workload) -> Iterator[_Address]:
    for exposure in workload.exposures:
        if exposure.kind == "Service":
            full = rf"{re.escape(exposure.service)}\.{re.escape(workload.namespace)}(?:\.svc(?:\.cluster\.local)?)?"
            yield _Address(
                re.compile(
                    rf"(?<![A-Za-z0-9_.\-])(?P<scheme>[a-z][a-z0-9+\-]*://)?"
                    rf"(?:(?P<full>{full})|{re.escape(exposure.service)})"
                    rf"(?::(?P<port>\d+))?(?![A-Za-z0-9_\-]|\.[A-Za-z0-9])"
                ),
                {p.port: p.target for p in exposure.ports if p.target is not None},
            )


def _redirect(spec: Any, workload: Workload, addresses: Sequence[_Address]) -> None:
    """Change what a pod's containers are told, in place: literal values, values of ConfigMaps, arguments."""
    for field in ("initContainers", "containers"):
        changed = [dict(raw) for _, raw in objects(spec, field)]
        for raw in changed:
            container = workload.container(str(raw.get("name")))
            if container is not None:
                _redirect_container(raw, container, dict(_from_maps(workload, container)), addresses)
        if changed:
            spec[field] = changed


def _redirect_container(
    raw: dict[str, Any], container: Container, from_maps: Mapping[str, str], addresses: Sequence[_Address]
) -> None:
    told = {**from_maps, **{v.name: v.value or "" for v in container.env}}
    new = {name: text for name, old in told.items() if (text := _through(old, name, addresses)) != old}
    if new:
        written = [dict(e) for _, e in objects(raw, "env")]
        kept = [{"name": e["name"], "value": new.pop(e["name"])} if e.get("name") in new else e for e in written]
        # What is left came of a whole ConfigMap: an entry of its own goes before it.
        raw["env"] = [*kept, *({"name": name, "value": value} for name, value in new.items())]
    for field, words in (("command", container.command), ("args", container.args)):
        local = [_through(word, None, addresses) for word in words]
        if local != list(words):
            raw[field] = local


def _from_maps(workload: Workload, container: Container) -> Iterator[tuple[str, str]]:
    """Variables that a container takes from whole ConfigMaps."""
    maps = workload.related.get("ConfigMap", ())
    data = {str(mapping(m, "metadata").get("name")): strings(m.get("data")) for m in maps}
    for source in container.env_from:
        if source.kind == "config-map":
            yield from ((f"{source.prefix}{key}", value) for key, value in data.get(source.name, {}).items())


def _through(text: str, variable: str | None, addresses: Sequence[_Address]) -> str:
    for address in addresses:
        text = address.redirect(text, variable)
    return text
