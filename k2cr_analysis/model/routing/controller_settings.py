"""What a controller is told for all entrances of a class, beside the annotations of each.

Sources: ingress-nginx, "ConfigMaps"; NGINX Ingress Controller, "ConfigMap resources"; HAProxy, "Configuration"; Kong,
"KongClusterPlugin", global plugins; Traefik, "EntryPoints", ``http.middlewares``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import Raw, mapping, strings, text
from k2cr_analysis.model.parse.index import ObjectIndex, name_of
from k2cr_analysis.model.routing.controllers import Family, config_maps
from k2cr_analysis.model.workload import ControllerSetting, Pod
from k2cr_analysis.platforms.gke.labels import APP_NAME, INGRESS_CLASS

_BY_CONFIG_MAP = ("ingress-nginx", "NGINX Ingress Controller", "HAProxy")
_MIDDLEWARES = re.compile(r"--?entrypoints\.[\w-]+\.http\.middlewares=(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Runner:
    """A workload that carries traffic of others."""

    id: str
    namespace: str
    pod: Pod


def settings_of_controllers(
    index: ObjectIndex, families: tuple[Family, ...], runners: Iterable[Runner], class_name: str
) -> Iterator[ControllerSetting]:
    """What the controllers (``runners``) that serve a class are told for all of it."""
    serving = list(runners)
    for family in families:
        if family.name in _BY_CONFIG_MAP:
            yield from _config_maps(index, family, serving)
        elif family.name == "Kong":
            yield from _global_plugins(index, class_name)
        elif family.name == "Traefik":
            yield from _middlewares(serving)


def _config_maps(index: ObjectIndex, family: Family, runners: list[Runner]) -> Iterator[ControllerSetting]:
    named = {place for r in runners for place in config_maps(r.pod.running, r.namespace)}
    held: list[Raw] = []
    for namespace, name in sorted(named):
        found = index.get("ConfigMap", namespace, name)
        if found is None:
            yield ControllerSetting(family.name, f"ConfigMap/{name}", "$.data", None, f"{namespace}/{name}")
        else:
            held.append(found)
    if not runners:  # its ConfigMap tells as much, where the pods are not in the input
        held = [c for c in index.by_kind.get("ConfigMap", ()) if _label(c) in family.labels]
    for raw in held:
        for key, value in strings(raw.get("data")).items():
            yield ControllerSetting(family.name, f"ConfigMap/{name_of(raw)}", f"$.data['{key}']", key, value)


def _label(raw: Raw) -> str:
    return strings(mapping(raw, "metadata").get("labels")).get(APP_NAME, "")


def _global_plugins(index: ObjectIndex, class_name: str) -> Iterator[ControllerSetting]:
    for raw in index.by_kind.get("KongClusterPlugin", ()):
        metadata = mapping(raw, "metadata")
        of_class = strings(metadata.get("annotations")).get(INGRESS_CLASS, class_name)
        if strings(metadata.get("labels")).get("global") == "true" and of_class == class_name:
            plugin = text(raw, "plugin") or ""
            yield ControllerSetting("Kong", f"KongClusterPlugin/{name_of(raw)}", "$.plugin", "plugins", plugin)


def _middlewares(runners: list[Runner]) -> Iterator[ControllerSetting]:
    for runner in runners:
        for container in runner.pod.running:
            for field, words in (("command", container.command), ("args", container.args)):
                for i, word in enumerate(words):
                    if found := _MIDDLEWARES.fullmatch(word):
                        at = f"{container.path}.{field}[{i}]"
                        yield ControllerSetting("Traefik", runner.id, at, "router.middlewares", found[1])
