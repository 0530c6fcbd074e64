"""Where images come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.known_images import image_name
from k2cr_analysis.fit.registry import Found, rule

_DEPLOYING = "https://docs.cloud.google.com/run/docs/deploying#images"
_REMOTE = "https://docs.cloud.google.com/artifact-registry/docs/repositories/remote-overview"
# Cloud Run, "Deploying container images": Artifact Registry (gcr.io leads there too) and public images of Docker Hub.
_GOOGLE = re.compile(r"([a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev")
_DOCKER_HUB = re.compile(r"docker\.io|index\.docker\.io|registry-1\.docker\.io")
# Registries whose public images an Artifact Registry remote repository can pass on without credentials.
_PUBLIC = re.compile(r"quay\.io|ghcr\.io|registry\.k8s\.io|k8s\.gcr\.io|mcr\.microsoft\.com|public\.ecr\.aws|registry\.gitlab\.com|docker\.elastic\.co|nvcr\.io|registry\.access\.redhat\.com|cgr\.dev|docker\.redpanda\.com|gallery\.ecr\.aws")


@rule(id="image-through-remote-repository", severity="note", reads=("Container.image",), docs=_REMOTE)
def image_through_remote_repository(candidate: Candidate) -> Iterator[Found]:
    """An image comes from a public registry that Cloud Run does not pull from.

    Why: Cloud Run pulls from Artifact Registry and from Docker Hub.
    Remedy: Nothing to decide: `prepare.sh` makes an Artifact Registry remote repository for the registry, and `containers[].image` is written through it.
    Example: image: quay.io/org/app:1.2
    """
    for container in candidate.moving:
        registry = image_name(container.image or "").registry
        if container.image and _PUBLIC.fullmatch(registry) and not candidate.pod.raw.get("imagePullSecrets"):
            yield Found(f"{container.path}.image", f"the image of {container.name} comes from {registry}; Cloud Run pulls it through Artifact Registry")


@rule(id="image-from-private-registry", severity="change", reads=("Container.image", "PodSpec.imagePullSecrets"), docs=_REMOTE)
def image_from_private_registry(candidate: Candidate) -> Iterator[Found]:
    """An image needs credentials, or comes from a registry that is not public.

    Why: Cloud Run has no pull secrets. It reads Artifact Registry by IAM, and Docker Hub without credentials.
    Remedy: Copy the image to Artifact Registry, or make a remote repository with the credentials in Secret Manager; then name it under `containers[].image` and take out `imagePullSecrets`.
    Example: imagePullSecrets: [{name: registry-login}]
    """
    secrets = candidate.pod.raw.get("imagePullSecrets")
    for container in candidate.moving:
        registry = image_name(container.image or "").registry
        if not container.image or _GOOGLE.fullmatch(registry) or "$" in registry:
            continue
        if secrets:
            yield Found(f"{candidate.pod.path}.imagePullSecrets", f"the image of {container.name} comes from {registry} with a pull secret; Cloud Run has none")
        elif not _DOCKER_HUB.fullmatch(registry) and not _PUBLIC.fullmatch(registry):
            yield Found(f"{container.path}.image", f"the image of {container.name} comes from {registry}; Cloud Run pulls from Artifact Registry and Docker Hub")


@rule(id="image-only-on-node", severity="change", reads=("Container.imagePullPolicy",), docs=_DEPLOYING)
def image_only_on_node(candidate: Candidate) -> Iterator[Found]:
    """An image is never pulled: it must be on the node already.

    Why: Cloud Run has no node that somebody could load images onto.
    Remedy: Push the image to Artifact Registry and take out `imagePullPolicy: Never`.
    Example: imagePullPolicy: Never
    """
    for container in candidate.moving:
        if container.raw.get("imagePullPolicy") == "Never":
            yield Found(f"{container.path}.imagePullPolicy", f"the image of {container.name} is never pulled; Cloud Run pulls every image from a registry")


@rule(id="image-is-placeholder", severity="change", reads=("Container.image",), docs=_DEPLOYING)
def image_is_placeholder(candidate: Candidate) -> Iterator[Found]:
    """An image is a placeholder that something fills in before it is applied.

    Why: A template's variable is no image, and what would run cannot be seen.
    Remedy: Collect the rendered manifests, or write the image under `containers[].image`.
    Example: image: gcr.io/PROJECT_ID/app:$TAG
    """
    for container in candidate.moving:
        if container.image and re.search(r"\$\{?\w+|<[\w -]+>|\b(?:PROJECT_ID|PROJECT-ID|YOUR_[A-Z_]+|REPLACE_[A-Z_]+|IMAGE_(?:NAME|URL|TAG|TO_REPLACE))\b|@@\w+@@|__\w+__", container.image):
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
            name = image_name(container.image)
            full = f"{name.registry}/{name.path}"
            if not any(full == a.rstrip("/") or full.startswith(f"{a.rstrip('/')}/") for a in allowed):
                yield Found(f"{container.path}.image", f"the image of {container.name} comes from {full}; the policy allows {', '.join(allowed)}")
