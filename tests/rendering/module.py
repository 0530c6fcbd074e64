"""A Terraform module read back: its resources as plain values, variables filled in from ``terraform.tfvars``.

A variable that it does not give is what the other forms have in its place: the literal of ``values.env``.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any

import hcl2

_LITERALS = {"project": "PROJECT_ID", "region": "REGION"}
_ESCAPE = re.compile(r'\\U[0-9a-f]{8}|\\u[0-9a-f]{4}|\\["\\nrt]|\$\$\{|%%\{|\$\{var\.(\w+)\}')


def parsed(text: str) -> Mapping[str, Any]:
    return hcl2.load(io.StringIO(text))


def resources(files: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    """Kind -> attributes of the one resource of that kind."""
    given = {k: v.strip('"') for k, v in parsed(files["terraform.tfvars"]).items() if isinstance(v, str)}
    found: dict[str, Any] = {}
    for one in parsed(files["main.tf"])["resource"]:
        for kind, named in one.items():
            for body in named.values():
                found[kind.strip('"')] = _value(body, given)
    return found


def _value(raw: Any, given: Mapping[str, str]) -> Any:
    if isinstance(raw, dict):
        return {_key(k): _value(v, given) for k, v in raw.items() if not k.startswith("__")}
    if isinstance(raw, list):
        return [_value(one, given) for one in raw]
    return _text(raw, given) if isinstance(raw, str) else raw


def _key(key: str) -> str:
    return _text(key, {}) if key.startswith('"') else key


def _text(raw: str, given: Mapping[str, str]) -> str:
    inner = raw[1:-1] if raw.startswith('"') else raw

    def meant(match: re.Match[str]) -> str:
        if match[1]:
            return given.get(match[1]) or _LITERALS.get(match[1], match[1].upper())
        if match[0][:2] in ("\\U", "\\u"):
            return chr(int(match[0][2:], 16))
        return match[0][1:] if match[0][0] in "$%" else str(json.loads(f'"{match[0]}"'))

    return _ESCAPE.sub(meant, inner)
