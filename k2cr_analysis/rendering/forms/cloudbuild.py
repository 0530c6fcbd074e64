"""``cloudbuild.yaml``: deploy on merge. Build, resolve the digest, deploy without traffic under a tag, look, shift.

Every ``$`` that is not a substitution of Cloud Build is written ``$$``.
"""

from __future__ import annotations

import re

from k2cr_analysis.platforms.images import parse_image
from k2cr_analysis.rendering.forms.objects import ApiObject, Path, Tree
from k2cr_analysis.rendering.forms.yaml_form import LiteralText, yaml_text
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service import RunContainer, RunJob, RunService

_DOCKER = "gcr.io/cloud-builders/docker"
_SDK = "gcr.io/google.com/cloudsdktool/cloud-sdk:slim"
_LOCAL_REGISTRY = "apps"


@printer
def cloudbuild(build: Build) -> str:
    """A build of the container that the repository holds; the others stay as deployed."""
    container = built_container(build)
    target = _own_image(container.image, build)
    house = f"{build.context.region_literal}-docker.pkg.dev/{build.context.project_literal}/{_LOCAL_REGISTRY}"
    substitutions = {
        "_SERVICE": build.run.name,
        "_REGION": build.context.region_literal,
        "_CONTAINER": container.name,
        "_IMAGE": target or f"{house}/{container.name}",
    }
    steps = [
        {"id": "build", "name": _DOCKER, "args": ["build", "--tag=${_IMAGE}:${COMMIT_SHA}", "."]},
        {"id": "push", "name": _DOCKER, "args": ["push", "${_IMAGE}:${COMMIT_SHA}"]},
    ]
    steps += _service_steps() if isinstance(build.run, RunService) else [_update_step(build)]
    tree: Tree = {"steps": steps, "substitutions": substitutions, "options": {"logging": "CLOUD_LOGGING_ONLY"}}
    header = [
        f"Deploy on merge of {build.run.name}. Written by k2cr.",
        "The first deployment is deploy.sh; this one changes the image of one container and leaves all else as it is.",
        "The build's service account needs roles/run.developer, roles/artifactregistry.writer, and",
        f"roles/iam.serviceAccountUser on {build.identity.email}.",
    ]
    if isinstance(build.run, RunService):
        header.append(
            "It pins traffic to what it tested: a later deploy.sh needs gcloud run services update-traffic --to-latest."
        )
    if not target:
        header.append(f"Its images go to the repository {_LOCAL_REGISTRY} of Artifact Registry, which must be there.")
    comments: dict[Path, str] = {
        (
            "substitutions",
        ): "_CONTAINER: which container this repository builds; the other images are promoted by their own builds"
    }
    return yaml_text(ApiObject(tree, comments), header)


def _own_image(image: str, build: Build) -> str | None:
    """Where a build may push it; None where it comes from somebody else's registry, or through a remote repository."""
    parts = parse_image(image)
    remote = any(f"/{name}/" in f"/{parts.repository}" for name in build.account.repositories)
    is_own = parts.registry.endswith("-docker.pkg.dev") or re.fullmatch(r"([a-z]+\.)?gcr\.io", parts.registry)
    return f"{parts.registry}/{parts.repository}" if is_own and not remote else None


def built_container(build: Build) -> RunContainer:
    """The container that the workload is named after, else the last: helpers in front of it come from elsewhere."""
    containers = build.run.template.containers
    return next((c for c in containers if c.name == build.workload.name), containers[-1])


_DIGEST = (
    'image=$$(gcloud artifacts docker images describe "${_IMAGE}:${COMMIT_SHA}" '
    '--format="value(image_summary.fully_qualified_digest)")'
)


def _service_steps() -> list[Tree]:
    deploy = [
        "set -euo pipefail",
        "# By digest: the tag may move, the revision must not.",
        _DIGEST,
        'gcloud run services update "${_SERVICE}" --region="${_REGION}" --no-traffic '
        '--tag="c-${SHORT_SHA}" --container="${_CONTAINER}" --image="$$image"',
    ]
    smoke = [
        "set -euo pipefail",
        "# The service takes no requests from outside its network, so what is looked at is the revision's own word:",
        "# it is ready once one instance has passed the start-up probes of all containers.",
        'read -r created ready <<<"$$(gcloud run services describe "${_SERVICE}" --region="${_REGION}" \\',
        '  --format="value(status.latestCreatedRevisionName,status.latestReadyRevisionName)")"',
        'echo "created $$created, ready $$ready"',
        '[[ "$$created" == "$$ready" ]]',
    ]
    shift = [
        "set -euo pipefail",
        'gcloud run services update-traffic "${_SERVICE}" --region="${_REGION}" --to-tags="c-${SHORT_SHA}=100"',
    ]
    return [_bash("deploy-without-traffic", deploy), _bash("smoke-test", smoke), _bash("shift-traffic", shift)]


def _update_step(build: Build) -> Tree:
    kind = "jobs" if isinstance(build.run, RunJob) else "worker-pools"
    region = '--region="${_REGION}" ' if isinstance(build.run, RunJob) else ""
    before = [] if region else ['export CLOUDSDK_RUN_REGION="${_REGION}"']
    lines = ["set -euo pipefail", "# By digest: the tag may move, what runs must not.", _DIGEST, *before]
    return _bash(
        "deploy",
        [*lines, f'gcloud run {kind} update "${{_SERVICE}}" {region}--container="${{_CONTAINER}}" --image="$$image"'],
    )


def _bash(name: str, lines: list[str]) -> Tree:
    return {"id": name, "name": _SDK, "entrypoint": "bash", "args": ["-c", LiteralText("\n".join(lines) + "\n")]}
