"""Which BackendConfigs a Service names, for which of its ports. Source: GKE, "Ingress configuration"."""

from __future__ import annotations

import json
from collections.abc import Mapping

from k2cr_analysis.model.parse.access import Raw, mapping
from k2cr_analysis.model.workload import ServicePort
from k2cr_analysis.platforms.gke.labels import BACKEND_CONFIG, BETA_BACKEND_CONFIG

_BACKEND_CONFIGS = (BACKEND_CONFIG, BETA_BACKEND_CONFIG)


def backend_configs(annotations: Mapping[str, str]) -> set[tuple[str, str]]:
    """(annotation, name) of ``cloud.google.com/backend-config: '{"default": "a", "ports": {"http": "b"}}'``."""
    key, config = _backend_config(annotations)
    names = [config.get("default"), *mapping(config, "ports").values()]
    return {(key, n) for n in names if isinstance(n, str)}


def backend_config_of_port(annotations: Mapping[str, str], port: ServicePort) -> str | None:
    """The BackendConfig of one port of a Service: its own, by name or number, else the default."""
    _, config = _backend_config(annotations)
    own = mapping(config, "ports")
    found = next((own[k] for k in (port.name, str(port.port)) if k and k in own), config.get("default"))
    return found if isinstance(found, str) else None


def _backend_config(annotations: Mapping[str, str]) -> tuple[str, Raw]:
    """(annotation, what it says); empty where it is no JSON object."""
    key = next((k for k in _BACKEND_CONFIGS if annotations.get(k)), _BACKEND_CONFIGS[0])
    try:
        config = json.loads(annotations.get(key) or "{}")
    except ValueError:
        config = {}
    return key, config if isinstance(config, dict) else {}
