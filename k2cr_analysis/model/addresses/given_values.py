"""The values that a container is given, each with its name: variables, words of the command, files of ConfigMaps.

``$(VAR)`` is expanded as Kubernetes does it, so that an address put together of several variables is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from k2cr_analysis.model.addresses.address import Place
from k2cr_analysis.model.addresses.command_lines import ASSIGNMENT, FLAG, values_of_line
from k2cr_analysis.model.addresses.files import leaves
from k2cr_analysis.model.addresses.names import role_of_name
from k2cr_analysis.model.addresses.nested import assignments, within
from k2cr_analysis.model.addresses.value import Value
from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings
from k2cr_analysis.model.pod.environment import value_in_manifest, variables_of
from k2cr_analysis.model.pod.references import LONGEST, expand
from k2cr_analysis.model.workload import Container, EnvVar, Volume, Workload

_SPACE = re.compile(r"\s")
_REFERENCE = re.compile(r"\$\(([\w.\-]+)\)")


def values_of(workload: Workload, container: Container) -> Iterator[Value]:
    """All values of one container, in the order variables, command, args, files; what is within one follows it."""
    for value in _given(workload, container):
        yield value
        yield from within(value)


def _given(workload: Workload, container: Container) -> Iterator[Value]:
    known: dict[str, str] = {}
    for variable in variables_of(workload, container):
        text = _seen(variable, workload, known)
        if text is not None and len(text) <= LONGEST:
            known[variable.name] = text
            place = Place("env", container.name, variable.name, variable.path)
            yield Value(place, _telling_name(variable.name, variable.value or ""), "env", text, text, 0)
            if _SPACE.search(text.strip()) and text.lstrip()[:1] not in ("{", "["):
                yield from values_of_line(place, text, variable.name, text, 0)
    yield from _of_arguments(container, known)
    for config_map, key, text in mounted_files(workload, container):
        place = Place("config-map", container.name, f"{config_map}", f"ConfigMap/{config_map} $.data['{key}']")
        for leaf in leaves(key, text):
            group = f"{config_map}/{key}/{leaf.parent}"
            yield Value(place, leaf.key, group, leaf.text, text, leaf.offset, free=not leaf.key)
            if not leaf.key:
                yield from values_of_line(place, text, "", leaf.text, leaf.offset or 0)


def _seen(variable: EnvVar, workload: Workload, known: Mapping[str, str]) -> str | None:
    """The value as the container sees it, as far as it can be known."""
    if variable.value is not None:
        return expand(variable.value, known, frozenset()).text
    return value_in_manifest(variable, workload)


def _telling_name(name: str, written: str) -> str:
    """The name that says most of a value: of one that is nothing but ``$(OTHER)`` the other's may."""
    referred = _REFERENCE.fullmatch(written)
    return referred[1] if referred and role_of_name(name) == "other" else name


def _of_arguments(container: Container, known: Mapping[str, str]) -> Iterator[Value]:
    flag = ""
    for field, words in (("command", container.command), ("args", container.args)):
        for index, written in enumerate(words):
            word = expand(written, known, frozenset()).text
            place = Place(
                "command" if field == "command" else "args", container.name, "", f"{container.path}.{field}[{index}]"
            )
            if _SPACE.search(word.strip()):
                flag = ""
                yield from _of_script(place, word)
                continue
            found = FLAG.fullmatch(word)
            if found and found[2] is not None:
                yield Value(place, found[1], "args", found[2], word, found.start(2))
            elif not found and (assigned := ASSIGNMENT.fullmatch(word)):
                listed = tuple(assignments(Value(place, flag, "args", word, word, 0)))
                alone = Value(place, assigned[1], "args", assigned[2], word, assigned.start(2))
                yield from listed if len(listed) > 1 else (alone,)
            elif not found:
                name = _telling_name(flag, written)
                yield Value(place, name, "args", word, word, 0, free=not name)
            flag = found[1] if found and found[2] is None else ""


def _of_script(place: Place, text: str) -> Iterator[Value]:
    """A word of the command that is itself a text: a script, a line of options."""
    for line in re.finditer(r"[^\n]+", text):
        if not line.group(0).lstrip().startswith("#"):
            yield Value(place, "", "script", line.group(0), text, line.start(), free=True)
            yield from values_of_line(place, text, "", line.group(0), line.start())


def mounted_files(workload: Workload, container: Container) -> Iterator[tuple[str, str, str]]:
    """(ConfigMap, key, text) of the files that a container gets from ConfigMaps."""
    by_name: dict[str, Raw] = {
        str(mapping(raw, "metadata").get("name")): raw for raw in workload.related.get("ConfigMap", ())
    }
    seen: set[tuple[str, str]] = set()
    for mount in container.volume_mounts:
        volume = workload.pod.volume(mount.volume)
        for name, items in _config_maps(volume) if volume else ():
            for key, text in strings(by_name.get(name, {}).get("data")).items():
                path = items.get(key, None if items else key)
                wanted = path is not None and mount.sub_path in (None, "", path)
                if wanted and (name, key) not in seen:
                    seen.add((name, key))
                    yield name, key, text


def _config_maps(volume: Volume) -> Iterator[tuple[str, dict[str, str]]]:
    """(name, key -> path; empty: all keys) of the ConfigMaps of a volume."""
    sources: Sequence[Raw] = [volume.source] if volume.kind == "configMap" else []
    if volume.kind == "projected":
        sources = [mapping(s, "configMap") for _, s in objects(volume.source, "sources")]
    for source in sources:
        if source.get("name"):
            items = {str(i.get("key")): str(i.get("path")) for _, i in objects(source, "items")}
            yield str(source["name"]), items
