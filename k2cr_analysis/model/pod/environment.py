"""The variables that a container sees: ``env``, and every key of ``envFrom`` as a variable of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from k2cr_analysis.model.parse.access import Raw, mapping, strings
from k2cr_analysis.model.workload import REDACTED, Container, EnvFrom, EnvVar, Workload

_LABEL = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


def value_in_manifest(variable: EnvVar, workload: Workload) -> str | None:
    """The value of a field of the pod that the manifest itself says: its namespace, a label, an annotation."""
    if variable.source != "field" or not variable.ref_key:
        return None
    if variable.ref_key == "metadata.namespace":
        return workload.namespace
    if found := _LABEL.fullmatch(variable.ref_key):
        table = workload.pod.labels if found[1] == "labels" else workload.pod.annotations
        return table.get(found[2])
    return None


def variables_of(workload: Workload, container: Container) -> Iterator[EnvVar]:
    """Each once, as Kubernetes decides it: ``env`` goes before ``envFrom``, and of two sources the later wins."""
    config_maps = workload.related.get("ConfigMap", ())
    own = {v.name for v in container.env}
    whole = {v.name: v for source in container.env_from for v in variables_from(source, config_maps)}
    yield from (v for name, v in whole.items() if name not in own)
    yield from container.env


def variables_from(source: EnvFrom, config_maps: Iterable[Raw]) -> Iterator[EnvVar]:
    """The variables of a whole ConfigMap or Secret; none where its keys are not in the snapshot.

    Keys that are no names of variables are left out, as Kubernetes does.
    """
    data = _data(config_maps, source.name) if source.kind == "config-map" else {}
    for key in source.keys or ():
        name, value = f"{source.prefix}{key}", data.get(key)
        if not _is_variable_name(name):
            continue
        kind = "redacted" if value is not None and REDACTED in value else source.kind
        yield EnvVar(name, kind, value, source.name, key, source.optional, f"{source.path}[{key}]")


def _data(config_maps: Iterable[Raw], name: str) -> Mapping[str, str]:
    found = next((raw for raw in config_maps if mapping(raw, "metadata").get("name") == name), {})
    return strings(mapping(found, "data"))


def _is_variable_name(name: str) -> bool:
    """validation.IsEnvVarName of Kubernetes, in its relaxed form."""
    return bool(name) and "=" not in name and name.isprintable() and name.isascii()
