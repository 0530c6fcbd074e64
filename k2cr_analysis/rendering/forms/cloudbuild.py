"""``cloudbuild.yaml`` and ``trigger.sh``: deploy on merge. Build, resolve the digest, deploy without traffic under a
tag, look, shift.

Every ``$`` that is not a substitution of Cloud Build is written ``$$``.
"""

from __future__ import annotations

from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.images import is_google, is_of_others, parse_image
from k2cr_analysis.rendering.context import PROJECT_ID
from k2cr_analysis.rendering.forms.objects import ApiObject, Path, Tree
from k2cr_analysis.rendering.forms.yaml_form import LiteralText, yaml_text
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service import RunContainer, RunJob, RunService, RunWorkerPool
from k2cr_analysis.rendering.text.names import service_account_id
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, script, unless
from k2cr_analysis.rendering.text.shell import flag, quote

_DOCKER = "gcr.io/cloud-builders/docker"
_SDK = "gcr.io/google.com/cloudsdktool/cloud-sdk:slim"
_LOCAL_REGISTRY = "apps"
_ARTIFACT_REGISTRY = "-docker.pkg.dev"


@printer
def cloudbuild(build: Build) -> str | None:
    """A build of the container that the repository holds; the others stay as deployed. None: nothing is built here."""
    container = released_container(build)
    if container is None:
        return None
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
        f"Deploy on merge of {build.run.name}. Written by k2cr; trigger.sh makes its trigger, its account and roles.",
        "The first deployment is deploy.sh; this one changes the image of one container and leaves all else as it is.",
        "A later deploy.sh changes the settings and keeps the image that this one deployed.",
    ]
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
    return parts.without_version if is_google(parts.host) and not remote else None


def released_container(build: Build) -> RunContainer | None:
    """The container that a build of its repository releases: the one that the workload is named after, else the last.

    Helpers in front of it come from elsewhere. None where others make the image: what is pulled from a public
    registry is not built here.
    """
    sources = {build.container_names.get(c.name, c.name): c for c in build.workload.pod.running}
    built = [c for c in build.run.template.containers if not _is_of_others(c, sources.get(c.name))]
    return next((c for c in built if c.name == build.workload.name), built[-1] if built else None)


def _is_of_others(container: RunContainer, source: Container | None) -> bool:
    return is_of_others(source.image if source and source.image else container.image)


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
        "# To the latest, which is what was tested, and not to a tag: a later deploy.sh is served too.",
        'gcloud run services update-traffic "${_SERVICE}" --region="${_REGION}" --to-latest',
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


_APIS = ("artifactregistry.googleapis.com", "cloudbuild.googleapis.com", "iam.googleapis.com")


@printer
def trigger_script(build: Build) -> str | None:
    """What starts ``cloudbuild.yaml``, as whom, and what that account may do; None where nothing is built here.

    Source: Cloud Build, "Deploying to Cloud Run" (roles), "Use user-specified service accounts"; `gcloud builds
    triggers create github`.
    """
    container = released_container(build)
    if container is None:
        return None
    name, project = build.run.name, build.context.project_literal
    account = service_account_id(f"{name}-build")
    email = f"{account}@{project}.iam.gserviceaccount.com"
    target = _own_image(container.image, build)
    member = flag("member", f"serviceAccount:{email}")
    if build.context.project is None:
        build.account.placeholder(PROJECT_ID, "the project's id")
    body = [
        "if [[ $# -lt 1 ]]; then",
        '  echo "usage: $0 REPOSITORY [BRANCH]" >&2',
        '  echo "REPOSITORY: projects/P/locations/L/connections/C/repositories/R, as Cloud Build connected it" >&2',
        "  exit 2",
        "fi",
        "repository=$1 branch=${2:-main}",
        f"gcloud services enable {' '.join(_APIS)} {PROJECT}",
        *unless(
            f"gcloud iam service-accounts describe {email} {PROJECT}",
            [f"gcloud iam service-accounts create {account} {PROJECT} {flag('display-name', f'Builds {name}')}"],
        ),
        *_registry(target, build, member),
        *_developer(build, member),
        f"gcloud iam service-accounts add-iam-policy-binding {quote(build.identity.email)} {PROJECT} \\",
        f"  {member} --role=roles/iam.serviceAccountUser >/dev/null",
        f"gcloud projects add-iam-policy-binding {project} {member} \\",
        "  --role=roles/logging.logWriter --condition=None >/dev/null",
        "",
        *unless(
            f"gcloud builds triggers describe {quote(name)} {PROJECT} {REGION}",
            [
                f"gcloud builds triggers create github {flag('name', name)} {PROJECT} {REGION} \\",
                '  --repository="$repository" --branch-pattern="^$branch\\$" --build-config=cloudbuild.yaml \\',
                f"  {flag('service-account', f'projects/{project}/serviceAccounts/{email}')}",
            ],
        ),
        f'echo "A merge into $branch deploys {name}. Put cloudbuild.yaml at the top of the repository."',
    ]
    head = [
        f"Releases of {name} by merge: the trigger of cloudbuild.yaml, its account and their roles. Written by k2cr.",
        "Safe to run twice. Run it after deploy.sh.",
    ]
    return script(head, build.context, body)


def _developer(build: Build, member: str) -> list[str]:
    if isinstance(build.run, RunWorkerPool):  # which has no policy of its own in gcloud
        place = f"gcloud projects add-iam-policy-binding {build.context.project_literal}"
        return [f"{place} {member} \\", "  --role=roles/run.developer --condition=None >/dev/null"]
    group = "jobs" if isinstance(build.run, RunJob) else "services"
    return [
        "# It changes this one, and nothing else that runs.",
        f"gcloud run {group} add-iam-policy-binding {quote(build.run.name)} {PROJECT} {REGION} \\",
        f"  {member} --role=roles/run.developer >/dev/null",
    ]


def _registry(target: str | None, build: Build, member: str) -> list[str]:
    """The right to push, and the repository where there is none yet."""
    role = f"  {member} --role=roles/artifactregistry.writer >/dev/null"
    where = f'{_LOCAL_REGISTRY} {PROJECT} --location="$REGION"'
    if target is None:
        return [
            *unless(
                f"gcloud artifacts repositories describe {where}",
                [f"gcloud artifacts repositories create {where} --repository-format=docker"],
            ),
            f"gcloud artifacts repositories add-iam-policy-binding {where} \\",
            role,
        ]
    host, project, *rest = target.split("/")
    if host.endswith(_ARTIFACT_REGISTRY) and rest:
        location = host.removesuffix(_ARTIFACT_REGISTRY)
        words = f"{quote(rest[0])} --project={quote(project)} --location={quote(location)}"
    else:  # gcr.io: its repository of Artifact Registry has the host's name
        location = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}.get(host, "us")
        words = f"{quote(host)} --project={quote(project)} --location={location}"
    return [f"gcloud artifacts repositories add-iam-policy-binding {words} \\", role]
