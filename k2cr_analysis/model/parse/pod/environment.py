"""Environment variables of a container, with ConfigMaps looked up and Secrets named but never read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings, text
from k2cr_analysis.model.workload import REDACTED, EnvFrom, EnvVar


@dataclass(frozen=True, slots=True)
class Environment:
    """ConfigMaps and the key names of Secrets of one namespace, by name."""

    config_maps: Mapping[str, Raw]
    secret_keys: Mapping[str, tuple[str, ...]]

    def variables(self, container: Raw, path: str) -> tuple[EnvVar, ...]:
        """``env`` in its order; of two with one name the last wins, as in Kubernetes."""
        found = {
            v.name: v
            for v in (self._variable(raw, f"{path}.env[{i}]") for i, raw in objects(container, "env"))
            if v.name
        }
        return tuple(found.values())

    def sources(self, container: Raw, path: str) -> tuple[EnvFrom, ...]:
        return tuple(s for i, raw in objects(container, "envFrom") for s in self._source(raw, f"{path}.envFrom[{i}]"))

    def _variable(self, raw: Raw, path: str) -> EnvVar:
        name = text(raw, "name") or ""
        value_from = mapping(raw, "valueFrom")
        for field, source in (("secretKeyRef", "secret"), ("configMapKeyRef", "config-map"), ("fileKeyRef", "file")):
            ref = mapping(value_from, field)
            if ref:
                return self._from_key(name, source, ref, path)
        if mapping(value_from, "fieldRef"):
            return EnvVar(name, "field", None, None, text(mapping(value_from, "fieldRef"), "fieldPath"), False, path)
        if mapping(value_from, "resourceFieldRef"):
            ref = mapping(value_from, "resourceFieldRef")
            return EnvVar(name, "resource", None, text(ref, "containerName"), text(ref, "resource"), False, path)
        value = raw.get("value")
        value = "" if value is None else value if isinstance(value, str) else str(value)
        return EnvVar(name, "redacted" if REDACTED in value else "value", value, None, None, False, path)

    def _from_key(self, name: str, source: str, ref: Raw, path: str) -> EnvVar:
        ref_name, key, optional = text(ref, "name"), text(ref, "key"), ref.get("optional") is True
        if source == "secret":
            return EnvVar(name, "secret", None, ref_name, key, optional, path)
        if source == "file":
            return EnvVar(name, "file", None, text(ref, "volumeName"), key, optional, path)
        value = strings(mapping(self.config_maps.get(ref_name or "", {}), "data")).get(key or "")
        if value is not None and REDACTED in value:
            return EnvVar(name, "redacted", value, ref_name, key, optional, path)
        return EnvVar(name, "config-map", value, ref_name, key, optional, path)

    def _source(self, raw: Raw, path: str) -> list[EnvFrom]:
        prefix = text(raw, "prefix") or ""
        found: list[EnvFrom] = []
        config, secret = mapping(raw, "configMapRef"), mapping(raw, "secretRef")
        if config:
            name = text(config, "name") or ""
            known = self.config_maps.get(name)
            keys = None if known is None else tuple(sorted(strings(mapping(known, "data"))))
            found.append(EnvFrom("config-map", name, prefix, config.get("optional") is True, keys, path))
        if secret:
            name = text(secret, "name") or ""
            found.append(
                EnvFrom("secret", name, prefix, secret.get("optional") is True, self.secret_keys.get(name), path)
            )
        return found
