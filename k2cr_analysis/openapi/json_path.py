"""JSON paths as messages print them: ``$.spec.template.spec.containers[1].image``, ``$.metadata.labels["a/b"]``."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final

ROOT: Final = "$"
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def child(path: str, step: str | int) -> str:
    """The path of a field or of an item below ``path``."""
    return f"{path}[{step}]" if isinstance(step, int) else path + _field(step)


@lru_cache(maxsize=4096)
def _field(name: str) -> str:
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"
