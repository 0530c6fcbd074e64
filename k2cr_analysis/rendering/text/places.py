"""Where a claim of the account stands in the files, read back from what was written: file and path, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from k2cr_analysis.model.parse.access import value_at
from k2cr_analysis.rendering.forms.objects import api_object
from k2cr_analysis.rendering.spec.account import Entry
from k2cr_analysis.rendering.spec.build import Build

_FILE = re.compile(r"[\w.-]+\.(yaml|sh|tf)\b")
_CONTAINER = re.compile(r"containers\[\](?:\.(?P<field>.*))?")
_NAMED = ("annotation ", "label ", "volume ", "container ")
_VARIABLE = re.compile(r"\.(?:env|envFrom)\[\d+\]")


class Places:
    """The places of one folder: ``files`` by name, of which ``spec_file`` holds the resource."""

    def __init__(self, build: Build, spec_file: str, files: Mapping[str, str]) -> None:
        self._build = build
        self._spec = spec_file
        self._files = files
        self._tree = api_object(build.run).tree
        self._template = self._find_template()
        self._containers = {name: i for i, name in enumerate(c.name for c in build.run.template.containers)}

    def of(self, entry: Entry) -> str | None:
        """``service.yaml $.spec...``, ``network.sh what``, several joined by ``; ``; None where nothing is written."""
        found = [place for target in (entry.target or "").split("; ") if (place := self._one(entry, target))]
        return "; ".join(found) or None

    def _one(self, entry: Entry, target: str) -> str | None:
        if named := _FILE.match(target):
            return target if named[0] in self._files else None
        path = self._path(entry, target)
        return f"{self._spec} {path}" if path and value_at(self._tree, path[1:]) is not None else None

    def value(self, place: str) -> Any:
        """What stands at a place of the resource; None for places in scripts."""
        name, _, path = place.partition(" ")
        return value_at(self._tree, path[1:]) if name == self._spec else None

    def _path(self, entry: Entry, target: str) -> str | None:
        word, _, rest = target.partition(" " if target.startswith(_NAMED) else ".")
        in_spec = {"template": self._template, "job": "$.spec.template.spec", "metadata": "$.metadata"}
        if found := _CONTAINER.fullmatch(target):
            at = self._in_container(entry.path, found["field"] or "")
            path = at or (self._ingress_container(found["field"]) if " $" in entry.path else None)
        elif target.startswith("volumes[]"):
            path = self._volume(entry.path)
        elif target == "template annotations":  # where one would stand that is not there
            path = "$.spec.template.metadata.annotations"
        elif word == "container":
            name, _, field = rest.partition(" ")
            path = self._field_of(name, field)
        elif word == "volume":
            path = self._named_volume(*rest.split(" ", 1))
        elif word == "label":
            path = f"$.metadata.labels{_step(rest)}"
        elif word in in_spec:
            path = f"{in_spec[word]}.{rest}"
        else:
            path = "$.kind" if target == "kind" else self._annotation(rest if word == "annotation" else target)
        return path

    def _find_template(self) -> str:
        """The path of the spec that holds the containers."""
        return "$.spec.template.spec.template.spec" if self._tree["kind"] == "Job" else "$.spec.template.spec"

    def _annotation(self, name: str) -> str | None:
        step = _step(name)
        paths = (f"$.metadata.annotations{step}", f"$.spec.template.metadata.annotations{step}")
        return next((p for p in paths if value_at(self._tree, p[1:]) is not None), None)

    def _in_container(self, source: str, field: str) -> str | None:
        name = next((c.name for c in self._sources() if source.startswith((f"{c.path}.", f"{c.path}["))), None)
        if name is None:
            name = next((c.name for c in self._sources() if source == c.path), None)
        at = self._field_of(name or "")
        if at is None:
            return None
        if field.startswith("env"):
            return self._variable(at, source)
        if field.startswith("volumeMounts"):
            return self._mount(at, source)
        return f"{at}.{field}" if field else at

    def _field_of(self, name: str, field: str = "") -> str | None:
        """The container that is made of one of the source, or a field of it."""
        index = self._containers.get(self._build.container_names.get(name, ""))
        at = f"{self._template}.containers[{index}]"
        return None if index is None else f"{at}.{field}" if field else at

    def _ingress_container(self, field: str | None) -> str | None:
        """Of a field of another object: it is the container that takes the requests that it speaks of."""
        index = next((i for i, c in enumerate(self._build.run.template.containers) if c.port is not None), None)
        return None if index is None else f"{self._template}.containers[{index}].{field}"

    def _sources(self) -> Sequence[Any]:
        workload = self._build.workload
        return [c for name in self._build.assessed.fit.containers if (c := workload.container(name)) is not None]

    def _variable(self, at: str, source: str) -> str | None:
        """The variable of the same name; all of them for ``envFrom``, and where two have one name."""
        found = _VARIABLE.search(source)
        if found is None or ".envFrom[" in found[0]:
            return f"{at}.env"
        holder = next((c for c in self._sources() if source.startswith(f"{c.path}.")), None)
        names = {v.path: v.name for v in holder.env} if holder else {}
        variables = value_at(self._tree, f"{at[1:]}.env") or []
        name = names.get(source[: found.end()])
        if list(names.values()).count(name or "") > 1:
            return f"{at}.env"
        return next((f"{at}.env[{i}]" for i, v in enumerate(variables) if v["name"] == name), None)

    def _mount(self, at: str, source: str) -> str | None:
        paths = self._build.mount_places
        path = next((where for p, where in paths.items() if source == p or source.startswith(f"{p}.")), None)
        mounts = value_at(self._tree, f"{at[1:]}.volumeMounts") or []
        return next((f"{at}.volumeMounts[{i}]" for i, m in enumerate(mounts) if m["mountPath"] == path), None)

    def _volume(self, source: str) -> str | None:
        volumes = self._build.workload.pod.volumes
        own = next((v.name for v in volumes if source == v.path or source.startswith(f"{v.path}.")), "")
        return self._named_volume(own)

    def _named_volume(self, own: str, field: str = "") -> str | None:
        """The volume that is made of one of the source, or a field of it."""
        name = self._build.volume_names.get(own)
        written = value_at(self._tree, f"{self._template[1:]}.volumes") or []
        at = next((f"{self._template}.volumes[{i}]" for i, v in enumerate(written) if v["name"] == name), None)
        return f"{at}.{field}" if at and field else at


def _step(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", key) else f'["{key}"]'
