"""Image references: by digest where the snapshot knows it, and from a registry that Cloud Run pulls from."""

from __future__ import annotations

import re

from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.images import ImageReference, parse_image
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.spec.account import Account, RemoteRepository
from k2cr_analysis.rendering.text.names import dns_label

# Cloud Run, "Deploying container images": Artifact Registry (and what gcr.io now leads to) and public images of
# Docker Hub; others through an Artifact Registry remote repository.
_PULLABLE = re.compile(
    r"(docker\.io|index\.docker\.io|registry-1\.docker\.io|([a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)"
)
_NO_IMAGE = "IMAGE"


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
        image = ImageReference(image.registry, image.repository, None, container.image_digest)
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


def _through_remote_repository(image: ImageReference, context: RenderContext, account: Account) -> ImageReference:
    repository = dns_label(image.registry)
    account.repositories.setdefault(repository, RemoteRepository(repository, f"https://{image.registry}"))
    if context.project is None:
        account.placeholder(context.project_literal, "the project's id")
    registry = f"{context.region_literal}-docker.pkg.dev"
    return ImageReference(
        registry, f"{context.project_literal}/{repository}/{image.repository}", image.tag, image.digest
    )
