"""JSON paths as messages print them: ``$.spec.template.spec.containers[1].image``, ``$.metadata.labels["a/b"]``."""

from __future__ import annotations

import json
import re
from typing import Final

ROOT: Final = "$"
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def child(path: str, step: str | int) -> str:
    """The path of a field or of an item below ``path``."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if _PLAIN.fullmatch(step) else f"{path}[{json.dumps(step, ensure_ascii=False)}]"
