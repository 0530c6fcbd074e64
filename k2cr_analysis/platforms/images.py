"""References to container images, taken apart once for all who ask: ``registry/repository:tag@digest``.

The first part is a registry if it has a dot or a colon,
or is localhost; a reference without one is Docker Hub's, where a name without a slash is in ``library``. That
grammar takes an upper-case first part for a registry too; in manifests such a part is a placeholder (``PROJECT/app``),
so here it is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_GRAMMAR = Source("https://pkg.go.dev/github.com/distribution/reference", "2026-11-30")

_DEPLOYING = Source("https://docs.cloud.google.com/run/docs/deploying#images", "2026-11-30")
_GHCR = Source("https://docs.cloud.google.com/run/docs/release-notes", "2026-11-30", "2026-07-14")

DOCKER_HUB: Annotated[str, _GRAMMAR] = "docker.io"
_DOCKER_HUB_NAMES = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")
# Cloud Run pulls from Artifact Registry (and from gcr.io, which leads there) by IAM, and from these what is public.
GITHUB: Annotated[str, _GHCR] = "ghcr.io"
PUBLIC_REGISTRIES: Annotated[tuple[str, ...], _DEPLOYING] = (DOCKER_HUB, GITHUB)
_GOOGLE = re.compile(r"([a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev")

# The grammar of a reference: lower-case path components, a tag, a digest.
_LABEL = r"[A-Za-z0-9][A-Za-z0-9-]*"
_HOST = rf"(?:localhost|{_LABEL}(?:\.{_LABEL})+|{_LABEL}(?:\.{_LABEL})*(?=:\d))(?::\d+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
# Words that stand for something in templates and tutorials, where the grammar alone would take them.
_STANDS_FOR = re.compile(
    r"\b(?:PROJECT[_-]ID|YOUR[_-][A-Z_-]+|REPLACE[_-][A-Z_-]+|IMAGE_(?:NAME|URL|TAG|TO_REPLACE))\b|@@\w+@@|__[A-Z_]+__"
    r"|^[A-Z]+-docker\.pkg\.dev/|:(?:TAG|VERSION|GIT_SHA|COMMIT_SHA)$"
)


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
        """The registry that it is pulled from, in lower case; ``docker.io`` under all its names."""
        registry = self.registry.lower().removesuffix(":443")
        return DOCKER_HUB if not registry or registry in _DOCKER_HUB_NAMES else registry

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


def is_reference(text: str) -> bool:
    """Whether a registry would take it: what a template leaves behind (``${IMAGE}``, ``ko://...``) is none."""
    return _REFERENCE.fullmatch(text) is not None


def is_placeholder(text: str) -> bool:
    """Whether it names no image that can be pulled, but stands for one: no reference, or a word of templates in it."""
    return not is_reference(text) or _STANDS_FOR.search(text) is not None


def is_google(host: str) -> bool:
    """Artifact Registry, or gcr.io, which leads there."""
    return _GOOGLE.fullmatch(host.lower()) is not None


def is_pulled_directly(host: str) -> bool:
    """Whether Cloud Run pulls what is public there by itself, with no repository of one's own in between."""
    return is_google(host) or host.lower() in PUBLIC_REGISTRIES
