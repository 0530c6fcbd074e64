"""References to container images, taken apart once for all who ask: ``registry/repository:tag@digest``.

The first part is a registry if it has a dot or a colon,
or is localhost; a reference without one is Docker Hub's, where a name without a slash is in ``library``. That
grammar takes an upper-case first part for a registry too; in manifests such a part is a placeholder (``PROJECT/app``),
so here it is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_GRAMMAR = Source("https://pkg.go.dev/github.com/distribution/reference", "2026-11-30")

DOCKER_HUB: Annotated[str, _GRAMMAR] = "docker.io"
_DOCKER_HUB_NAMES = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """``registry`` is empty where the reference names none; ``str()`` gives back what was written."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.without_version}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def without_version(self) -> str:
        """What stays the same from one release to the next: neither tag nor digest."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    @property
    def host(self) -> str:
        """The registry that it is pulled from; ``docker.io`` under all its names."""
        return DOCKER_HUB if not self.registry or self.registry in _DOCKER_HUB_NAMES else self.registry

    @property
    def path(self) -> str:
        """The repository as the registry knows it: ``library/redis``."""
        return (
            f"library/{self.repository}"
            if self.host == DOCKER_HUB and self.name == self.repository
            else self.repository
        )

    @property
    def name(self) -> str:
        """The last part of the repository: ``redis``."""
        return self.repository.rpartition("/")[2]


def parse_image(text: str) -> ImageReference:
    """Take a reference apart; what is no reference (a template's variable) is taken apart by the same rule."""
    name, _, digest = text.strip().partition("@")
    first, slash, rest = name.partition("/")
    registry = first if slash and ("." in first or ":" in first or first == "localhost") else ""
    path = rest if registry else name
    repository, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = path, ""
    return ImageReference(registry, repository, tag or None, digest or None)
