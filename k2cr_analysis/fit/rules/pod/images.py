"""Where images come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.pod.secret_reference import references_of_images
from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.images import (
    is_google,
    is_name_of_a_build,
    is_placeholder,
    is_pulled_directly,
    parse_image,
)

_DEPLOYING = "https://docs.cloud.google.com/run/docs/deploying#images"
_REMOTE = "https://docs.cloud.google.com/artifact-registry/docs/repositories/remote-overview"
# Registries that only their own network reaches: a host without a domain, an address, or a name of a cluster or a
# house.
_INSIDE = re.compile(
    r"localhost(:\d+)?|\d+\.\d+\.\d+\.\d+(:\d+)?|[^.]+:\d+|.*\.(svc|local|internal|lan|corp)(\.cluster\.local)?(:\d+)?"
)

# Private registries of other clouds: each asks for an identity of its own cloud. Amazon's public one is another host.
_WITH_LOGIN = re.compile(r"[\w-]+\.dkr\.ecr(?:-fips)?\.[\w-]+\.amazonaws\.com(?:\.cn)?|[\w-]+\.azurecr\.(?:io|cn|us)")


def _outside_images(candidate: Candidate) -> Iterator[tuple[Container, str]]:
    """Containers whose image does not come from Google's own registries, with its registry."""
    for container in candidate.moving:
        if container.image and not container.image_is_placeholder:
            registry = parse_image(container.image).host
            if not is_google(registry):
                yield container, registry


def _pull_secrets(candidate: Candidate) -> str | None:
    """Where the pod, or its ServiceAccount, names pull secrets."""
    return next((found.at for found in references_of_images(candidate.workload)), None)


@rule(id="image-through-remote-repository", severity="note", reads=("Container.image",), docs=_REMOTE)
def image_through_remote_repository(candidate: Candidate) -> Iterator[Found]:
    """An image comes from a registry that Cloud Run does not pull from itself.

    Why: Cloud Run pulls from Artifact Registry, and what is public from Docker Hub and from ghcr.io (since 2026-07-14).
    Nothing says that this registry asks for a login.
    Remedy: Nothing to decide: `prepare.sh` makes an Artifact Registry remote repository for the registry, and
    `containers[].image` is written through it.
    Example: image: quay.io/org/app:1.2
    """
    if _pull_secrets(candidate):
        return
    for container, registry in _outside_images(candidate):
        private = _INSIDE.fullmatch(registry) or _WITH_LOGIN.fullmatch(registry)
        if not is_pulled_directly(registry) and not private:
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

    Why: Cloud Run has no pull secrets. It reads Artifact Registry by IAM, and from Docker Hub and ghcr.io what is
    public.
    Remedy: Copy the image to Artifact Registry, or make a remote repository with the credentials in Secret Manager;
    then name it under `containers[].image` and take out `imagePullSecrets`.
    Example: imagePullSecrets: [{name: registry-login}]
    """
    secrets = _pull_secrets(candidate)
    for container, registry in _outside_images(candidate):
        if secrets:
            yield Found(
                secrets,
                f"the image of {container.name} comes from {registry} with a pull secret; Cloud Run has none",
            )
        elif _WITH_LOGIN.fullmatch(registry):
            yield Found(
                f"{container.path}.image",
                f"the image of {container.name} comes from {registry}, which asks for a login of its own cloud; Cloud "
                "Run has none",
            )
        elif _INSIDE.fullmatch(registry):
            yield Found(
                f"{container.path}.image",
                f"the image of {container.name} comes from {registry}, which only its own network reaches; Cloud "
                "Run pulls from Artifact Registry, and what is public from Docker Hub and ghcr.io",
            )


@rule(id="image-only-on-node", severity="change", reads=("Container.imagePullPolicy",), docs=_DEPLOYING)
def image_only_on_node(candidate: Candidate) -> Iterator[Found]:
    """An image is never pulled: it must be on the node already.

    Why: Cloud Run has no node that somebody could load images onto.
    Remedy: Push the image to Artifact Registry and take out `imagePullPolicy: Never`.
    Example: imagePullPolicy: Never
    """
    for container in candidate.moving:
        if container.image_pull_policy == "Never":
            yield Found(
                f"{container.path}.imagePullPolicy",
                f"the image of {container.name} is never pulled; Cloud Run pulls every image from a registry",
            )


@rule(id="image-is-placeholder", severity="change", reads=("Container.image",), docs=_DEPLOYING)
def image_is_placeholder(candidate: Candidate) -> Iterator[Found]:
    """What stands for the image is filled in by a build or a template, and no registry would take it.

    Why: `${REGISTRY}/app`, `ko://...` or `PROJECT_ID/app` is no reference to an image: what would run cannot be seen,
    and Cloud Run refuses to deploy it.
    Remedy: Collect what the build or the template makes of it (ko resolve, skaffold render, envsubst), or fill in the
    image in `values.env`.
    Example: image: ko://github.com/acme/app/cmd/server
    """
    for container in candidate.moving:
        if container.image_is_placeholder:
            yield Found(
                f"{container.path}.image",
                f"the image of {container.name} is {container.image}: a placeholder, which no registry has",
            )
        elif container.image and container.image_digest is None and is_name_of_a_build(container.image):
            yield Found(
                f"{container.path}.image",
                f"the image of {container.name} is {container.image}: a name alone, which Docker Hub's library does "
                "not have; a build puts its registry before it",
            )


@rule(id="image-tag-moves", severity="note", reads=("Container.image",), docs=_DEPLOYING)
def image_tag_moves(candidate: Candidate) -> Iterator[Found]:
    """An image is named by a tag that moves: `latest`, or none.

    Why: On GKE a pod that starts anew may pull what the tag means by then. Cloud Run resolves the tag once, when a
    revision is deployed; all its instances run that image, and a push changes nothing until the next deployment.
    Remedy: Nothing to decide. Let the pipeline deploy (`./deploy.sh`) after it pushes, and name a version or a digest.
    Example: image: us-docker.pkg.dev/shop/apps/web:latest
    """
    moving = [c for c in candidate.moving if c.image and c.image_pull_policy != "Never" and _moves(c.image)]
    if moving:
        listed = ", ".join(dict.fromkeys(str(c.image) for c in moving))
        yield Found(
            f"{moving[0].path}.image",
            f"{listed}: the tag moves, and Cloud Run resolves it when a revision is deployed; a push alone changes "
            "nothing there",
        )


def _moves(image: str) -> bool:
    parsed = parse_image(image)
    in_a_registry = not is_placeholder(image) and not is_name_of_a_build(image)
    return in_a_registry and parsed.digest is None and parsed.tag in (None, "latest")


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
