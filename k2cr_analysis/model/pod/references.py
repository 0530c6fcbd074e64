"""``$(VAR)`` references: Kubernetes expands them in env values, command and args; Cloud Run does not.

Source: Kubernetes, third_party/forked/golang/expansion/expand.go: ``$$`` is one ``$``; a name that is not defined
stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

# Linux, execve(2): MAX_ARG_STRLEN, 32 pages. A variable or argument that is longer starts nowhere.
LONGEST = 131_072


@dataclass(frozen=True, slots=True)
class Expanded:
    """``left``: names that are defined, with a value not known at render time; their references stay in ``text``."""

    text: str
    left: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not self.left


def expand(text: str, known: Mapping[str, str], unknown: Set[str]) -> Expanded:
    """``text`` as the container would have seen it; ``unknown`` are defined names without a known value.

    Cut off beyond ``LONGEST``: references to references may multiply, and nothing starts with a longer one.
    """
    parts: list[str] = []
    length = 0
    left: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0 and dollar + 1 < len(text) and length <= LONGEST:
        length += sum(map(len, parts[-1:])) + dollar - at
        parts.append(text[at:dollar])
        after = text[dollar + 1]
        end = text.find(")", dollar + 2) if after == "(" else -1
        if after == "$":
            parts.append("$")
            at = dollar + 2
        elif end >= 0:
            name = text[dollar + 2 : end]
            parts.append(known.get(name, text[dollar : end + 1]))
            left += [name] if name in unknown and name not in known else []
            at = end + 1
        else:
            parts.append(text[dollar : dollar + 2])
            at = dollar + 2
    parts.append(text[at:])
    return Expanded("".join(parts), tuple(dict.fromkeys(left)))
