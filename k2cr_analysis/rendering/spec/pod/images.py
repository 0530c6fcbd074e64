"""Image references: by digest where the snapshot knows it, and from a registry that Cloud Run pulls from."""

from __future__ import annotations

import re
from dataclasses import replace

from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.images import ImageReference, is_pulled_directly, parse_image
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.spec.account import Account, RemoteRepository
from k2cr_analysis.rendering.text.names import dns_label

_NO_IMAGE = "IMAGE"


def build_image(
    container: Container, context: RenderContext, account: Account, *, is_all_that_is_asked: bool = False
) -> tuple[str, str | None]:
    """The reference to deploy, and why it is not the manifest's own (None where it is).

    ``is_all_that_is_asked``: with a name for the image the workload would be ready.
    """
    path, asked = f"{container.path}.image", container.image
    if not asked or container.image_is_placeholder:
        return _to_be_named(container, path, account, decides_verdict=is_all_that_is_asked)
    image = parse_image(asked)
    reasons = []
    if container.image_digest and not image.digest:
        image = ImageReference(image.registry, image.repository, None, container.image_digest)
        reasons.append(f"{_name_and_tag(asked)} is pinned to the digest that ran when the snapshot was taken")
    if image.registry and image.registry != image.registry.lower():
        image = replace(image, registry=image.registry.lower())
        reasons.append("a registry's name is lower case")
    if not is_pulled_directly(image.host):
        reasons.append(f"Cloud Run does not pull from {image.host}: through an Artifact Registry remote repository")
        image = _through_remote_repository(image, context, account)
    if not reasons:
        account.carried(path, "containers[].image", asked)
        return str(image), None
    why = "; ".join(reasons)
    account.changed(path, "containers[].image", asked, image, why)
    return str(image), why


def _name_and_tag(reference: str) -> str:
    """Its name and tag, for a reader who sees the whole reference beside it."""
    return reference.rpartition("/")[2]


def _to_be_named(container: Container, path: str, account: Account, *, decides_verdict: bool) -> tuple[str, str]:
    """A literal to fill in: nothing, or nothing that a registry knows, stands in the manifest."""
    literal = f"{_NO_IMAGE}_{re.sub(r'[^A-Z0-9]', '_', container.name.upper())}"
    why = f"the manifest's {container.image} is filled in by a build" if container.image else "the manifest names none"
    account.placeholder(literal, f"the image of container {container.name}: {why}")
    if container.image and decides_verdict:
        account.counted(path, container.image, f"{why}: {literal} stands in its place, and in that of any other such")
    elif container.image:
        account.changed(path, "containers[].image", container.image, literal, f"{why}: give its name in values.env")
    return literal, why


def _through_remote_repository(image: ImageReference, context: RenderContext, account: Account) -> ImageReference:
    repository = dns_label(image.host)
    account.repositories.setdefault(repository, RemoteRepository(repository, f"https://{image.host}"))
    if context.project is None:
        account.placeholder(context.project_literal, "the project's id")
    registry = f"{context.region_literal}-docker.pkg.dev"
    return ImageReference(
        registry, f"{context.project_literal}/{repository}/{image.repository}", image.tag, image.digest
    )
