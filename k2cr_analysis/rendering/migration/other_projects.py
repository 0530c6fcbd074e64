"""What of other projects the service needs: images of their registries, and accounts that are theirs.

Source: Cloud Run, "Deploying images from other Google Cloud projects" (the service agent reads the repository); "Using
a service account of another project" (the service agent makes tokens for it).
"""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.platforms.images import parse_image
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.text.scripts import comment
from k2cr_analysis.rendering.text.shell import quote

_REGISTRY = "-docker.pkg.dev"
_ACCOUNTS = ".iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class Needed:
    """A right of Cloud Run's service agent on a thing of another project: ``on`` is gcloud's group, ``named`` what is
    named in it.
    """

    what: str
    on: str
    named: str
    role: str

    def grant(self, agent: str) -> str:
        return f"gcloud {self.on} add-iam-policy-binding {self.named} --member={agent} --role={self.role}"

    @property
    def look(self) -> str:
        return f"gcloud {self.on} get-iam-policy {self.named} --format='value(bindings)'"


def needed_elsewhere(build: Build) -> tuple[Needed, ...]:
    """None where the project is not known: what is another one is not known either."""
    own = build.context.project
    found: dict[str, Needed] = {}
    for container in build.run.template.containers if own else ():
        image = parse_image(container.image)
        parts = image.repository.split("/")
        if image.host.endswith(_REGISTRY) and len(parts) > 2 and parts[0] != own:
            named = f"{quote(parts[1])} --project={quote(parts[0])} --location={image.host.removesuffix(_REGISTRY)}"
            what = f"images of {parts[0]}/{parts[1]}"
            found[what] = Needed(what, "artifacts repositories", named, "roles/artifactregistry.reader")
    email = build.identity.email
    of_account = email.partition("@")[2].removesuffix(_ACCOUNTS) if email.endswith(_ACCOUNTS) else None
    if own and of_account and of_account != own:
        named = f"{quote(email)} --project={quote(of_account)}"
        what = f"account {email}"
        found[what] = Needed(what, "iam service-accounts", named, "roles/iam.serviceAccountTokenCreator")
    return tuple(found.values())


def agent_of(build: Build) -> str:
    """Cloud Run's service agent, as a member."""
    return f"serviceAccount:service-{build.context.project_number_literal}@serverless-robot-prod{_ACCOUNTS}"


def rights_lines(build: Build) -> list[str]:
    """For ``prepare.sh``: each is given, or its owner is told the command."""
    needed = needed_elsewhere(build)
    if not needed:
        return []
    if build.context.project_number is None:
        build.account.placeholder("PROJECT_NUMBER", "the number of the project: [project] number in k2cr.toml")
    lines = ["# Of other projects: Cloud Run's own agent needs a right there, which their owners may have to give."]
    for one in needed:
        grant = one.grant(agent_of(build))
        said = f"Not granted: whoever owns {one.what} runs: {grant}"
        lines += [comment(f"{one.what}."), f"patiently {grant} >/dev/null ||", f"  echo {quote(said)} >&2"]
    return lines
