"""Image references: by digest where the snapshot knows it, and from a registry that Cloud Run pulls from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from k2cr_analysis.model.workload import Container
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.spec.account import Account, RemoteRepository
from k2cr_analysis.rendering.text.names import dns_label

# Cloud Run, "Deploying container images": Artifact Registry (and what gcr.io now leads to) and public images of
# Docker Hub; others through an Artifact Registry remote repository.
_PULLABLE = re.compile(
    r"(docker\.io|index\.docker\.io|registry-1\.docker\.io|([a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)"
)
_NO_IMAGE = "IMAGE"


@dataclass(frozen=True, slots=True)
class Image:
    """A reference in its parts; ``registry`` is empty where the reference names none (Docker Hub)."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    def __str__(self) -> str:
        name = f"{self.registry}/{self.repository}" if self.registry else self.repository
        if self.digest:
            return f"{name}@{self.digest}"
        return f"{name}:{self.tag}" if self.tag else name


def parse_image(text: str) -> Image:
    """A reference by distribution's rule: the first part is a registry if it has a dot or a colon, or is localhost."""
    name, _, digest = text.partition("@")
    first, slash, rest = name.partition("/")
    registry = first if slash and ("." in first or ":" in first or first == "localhost") else ""
    path = rest if registry else name
    repository, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = path, ""
    return Image(registry, repository, tag or None, digest or None)


def build_image(container: Container, context: RenderContext, account: Account) -> tuple[str, str | None]:
    """The reference to deploy, and why it is not the manifest's own (None where it is)."""
    path = f"{container.path}.image"
    if not container.image:
        literal = f"{_NO_IMAGE}_{re.sub(r'[^A-Z0-9]', '_', container.name.upper())}"
        account.placeholder(literal, f"the image of container {container.name}: the manifest names none")
        return literal, "the manifest names no image"
    image = parse_image(container.image)
    reasons = []
    if container.image_digest and not image.digest:
        image = Image(image.registry, image.repository, None, container.image_digest)
        reasons.append(f"{container.image} is pinned to the digest that ran when the snapshot was taken")
    if image.registry and not _PULLABLE.fullmatch(image.registry):
        image = _through_remote_repository(image, context, account)
        reasons.append(
            f"Cloud Run does not pull from {parse_image(container.image).registry}: through an Artifact "
            "Registry remote repository"
        )
    if not reasons:
        account.carried(path, "containers[].image", container.image)
        return str(image), None
    why = "; ".join(reasons)
    account.changed(path, "containers[].image", container.image, image, why)
    return str(image), why


def _through_remote_repository(image: Image, context: RenderContext, account: Account) -> Image:
    repository = dns_label(image.registry)
    account.repositories.setdefault(repository, RemoteRepository(repository, f"https://{image.registry}"))
    if context.project is None:
        account.placeholder(context.project_literal, "the project's id")
    registry = f"{context.region_literal}-docker.pkg.dev"
    return Image(registry, f"{context.project_literal}/{repository}/{image.repository}", image.tag, image.digest)
