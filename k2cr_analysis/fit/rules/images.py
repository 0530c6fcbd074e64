"""Where images come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.images import parse_image

_DEPLOYING = "https://docs.cloud.google.com/run/docs/deploying#images"
_REMOTE = "https://docs.cloud.google.com/artifact-registry/docs/repositories/remote-overview"
# Cloud Run, "Deploying container images": Artifact Registry (gcr.io leads there too) and public images of Docker Hub.
_GOOGLE = re.compile(r"([a-z]+\.)?gcr\.io|[\w<>{}$-]+-docker\.pkg\.dev", re.IGNORECASE)
_DOCKER_HUB = re.compile(r"docker\.io|index\.docker\.io|registry-1\.docker\.io")
# Registries that only their own network reaches: a host without a domain, an address, or a name of a cluster or a
# house.
_INSIDE = re.compile(
    r"localhost(:\d+)?|\d+\.\d+\.\d+\.\d+(:\d+)?|[^.]+:\d+|.*\.(svc|local|internal|lan|corp)(\.cluster\.local)?(:\d+)?"
)


def _outside_images(candidate: Candidate) -> Iterator[tuple[Container, str]]:
    """Containers whose image Cloud Run does not pull itself, with its registry."""
    for container in candidate.moving:
        registry = parse_image(container.image or "").host
        if container.image and not _GOOGLE.fullmatch(registry) and "$" not in registry:
            yield container, registry


@rule(id="image-through-remote-repository", severity="note", reads=("Container.image",), docs=_REMOTE)
def image_through_remote_repository(candidate: Candidate) -> Iterator[Found]:
    """An image comes from a registry that Cloud Run does not pull from itself.

    Why: Cloud Run pulls from Artifact Registry and from Docker Hub. Nothing says that this registry asks for a login.
    Remedy: Nothing to decide: `prepare.sh` makes an Artifact Registry remote repository for the registry, and
    `containers[].image` is written through it.
    Example: image: quay.io/org/app:1.2
    """
    for container, registry in _outside_images(candidate):
        if (
            not _DOCKER_HUB.fullmatch(registry)
            and not _INSIDE.fullmatch(registry)
            and not candidate.pod.raw.get("imagePullSecrets")
        ):
            yield Found(
                f"{container.path}.image",
                f"the image of {container.name} comes from {registry}; Cloud Run pulls it through Artifact Registry",
            )


@rule(
    id="image-from-private-registry",
    severity="change",
    reads=("Container.image", "PodSpec.imagePullSecrets"),
    docs=_REMOTE,
)
def image_from_private_registry(candidate: Candidate) -> Iterator[Found]:
    """An image needs a login, or comes from a registry that only its own network reaches.

    Why: Cloud Run has no pull secrets. It reads Artifact Registry by IAM, and Docker Hub without credentials.
    Remedy: Copy the image to Artifact Registry, or make a remote repository with the credentials in Secret Manager;
    then name it under `containers[].image` and take out `imagePullSecrets`.
    Example: imagePullSecrets: [{name: registry-login}]
    """
    secrets = candidate.pod.raw.get("imagePullSecrets")
    for container, registry in _outside_images(candidate):
        if secrets:
            yield Found(
                f"{candidate.pod.path}.imagePullSecrets",
                f"the image of {container.name} comes from {registry} with a pull secret; Cloud Run has none",
            )
        elif _INSIDE.fullmatch(registry):
            yield Found(
                f"{container.path}.image",
                f"the image of {container.name} comes from {registry}, which only its own network reaches; Cloud "
                "Run pulls from Artifact Registry and Docker Hub",
            )


@rule(id="image-only-on-node", severity="change", reads=("Container.imagePullPolicy",), docs=_DEPLOYING)
def image_only_on_node(candidate: Candidate) -> Iterator[Found]:
    """An image is never pulled: it must be on the node already.

    Why: Cloud Run has no node that somebody could load images onto.
    Remedy: Push the image to Artifact Registry and take out `imagePullPolicy: Never`.
    Example: imagePullPolicy: Never
    """
    for container in candidate.moving:
        if container.raw.get("imagePullPolicy") == "Never":
            yield Found(
                f"{container.path}.imagePullPolicy",
                f"the image of {container.name} is never pulled; Cloud Run pulls every image from a registry",
            )


@rule(id="image-is-placeholder", severity="note", reads=("Container.image",), docs=_DEPLOYING)
def image_is_placeholder(candidate: Candidate) -> Iterator[Found]:
    """An image is a placeholder that something fills in before it is applied.

    Why: A template's variable is no image, and what would run cannot be seen.
    Remedy: Collect the rendered manifests, or write the image under `containers[].image`.
    Example: image: gcr.io/PROJECT_ID/app:$TAG
    """
    for container in candidate.moving:
        if container.image and re.search(
            r"\$\{?\w+|\{\{|<[\w -]+>|\b(?:PROJECT_ID|PROJECT-ID|YOUR_[A-Z_]+|REPLACE_[A-Z_]+"
            r"|IMAGE_(?:NAME|URL|TAG|TO_REPLACE))\b"
            r"|@@\w+@@|__\w+__",
            container.image,
        ):
            yield Found(f"{container.path}.image", f"the image of {container.name} is {container.image}: a placeholder")


@rule(id="registry-outside-policy", severity="change", reads=("Container.image",), docs=_DEPLOYING)
def registry_outside_policy(candidate: Candidate) -> Iterator[Found]:
    """An image comes from a registry that the house rules do not allow.

    Why: `[policy] registries` in k2cr.toml lists the registries to deploy from.
    Remedy: Copy the image to one of them and name it under `containers[].image`.
    Example: registries = ["asia-northeast1-docker.pkg.dev/shop"]
    """
    allowed = candidate.config.policy.registries
    for container in candidate.moving:
        if allowed and container.image:
            name = parse_image(container.image)
            full = f"{name.host}/{name.path}"
            if not any(full == a.rstrip("/") or full.startswith(f"{a.rstrip('/')}/") for a in allowed):
                yield Found(
                    f"{container.path}.image",
                    f"the image of {container.name} comes from {full}; the policy allows {', '.join(allowed)}",
                )
