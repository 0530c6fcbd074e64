"""An address that a workload calls: which host and port, and as which letters of which value it is written.

What finds addresses (``model.parse.addresses``) and what writes new ones share this type, so that a rewrite changes
the letters of the host and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Behind these a name is asked of something else than DNS: a mesh's control plane, the API server, a registry. Another
# name there would be unknown to it. Source: github.com/grpc/grpc, doc/naming.md; gRFC A27 (xds); Spring Cloud (lb).
RESOLVERS = frozenset({"xds", "kubernetes", "k8s", "lb"})
PlaceKind = Literal["env", "command", "args", "config-map"]
Span = tuple[int, int]  # [start, end) in the value's text


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands. ``name``: the variable, the flag, or the key of a ConfigMap (or within its file).

    ``path`` is the JSON path in the object: ``$.spec...env[0]``, or ``ConfigMap/NAME $.data['key']``.
    """

    kind: PlaceKind
    container: str
    name: str
    path: str

    def __str__(self) -> str:
        if self.kind == "env":
            return f"env {self.name} of container {self.container}"
        if self.kind == "config-map":
            return f"ConfigMap {self.name} of container {self.container}"
        return f"{self.kind} of container {self.container}"


@dataclass(frozen=True, slots=True)
class Address:
    """A host as it is written, with what was written around it.

    ``text`` is the whole value at ``place``; ``span`` are the host's letters in it, None where they come of several
    values (``$(NAME).$(NAMESPACE)``) or of none, and then it cannot be rewritten in place. ``port_span`` likewise.
    """

    host: str
    port: int | None
    scheme: str | None  # in lower case
    place: Place
    text: str
    span: Span | None
    port_span: Span | None = None

    @property
    def written(self) -> str:
        """The host with the letters that it is written with."""
        return self.host if self.span is None else self.text[slice(*self.span)]

    @property
    def is_writable(self) -> bool:
        """Whether another host can take its place: it is written in one piece, and DNS is what resolves it."""
        return self.span is not None and self.scheme not in RESOLVERS

    def rewritten(self, host: str) -> str:
        """The value with another host, and nothing else changed."""
        if self.span is None:
            raise ValueError(f"{self.place}: the host {self.host!r} is not written in one piece")
        start, end = self.span
        return f"{self.text[:start]}{host}{self.text[end:]}"
