"""Who asks Google's APIs: Application Default Credentials, or a service account that they may act as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.remote.google_errors import GoogleError, asked

LOG_IN: Final = "gcloud auth application-default login"
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True, slots=True)
class Caller:
    """``impersonate``: a service account's e-mail; ``quota_project``: the project whose quota the calls use."""

    impersonate: str | None = None
    quota_project: str | None = None

    @property
    def member(self) -> str:
        """Whom a role is given to, as ``bash`` reads it."""
        return f"serviceAccount:{self.impersonate}" if self.impersonate else "user:$(gcloud config get account)"

    def credentials(self) -> Any:
        """google-auth credentials; ``RemoteError`` where this machine has none."""
        import google.auth

        try:
            found, _ = asked(lambda: google.auth.default(scopes=[_SCOPE], quota_project_id=self.quota_project))
        except GoogleError as error:
            raise no_credentials(error) from None
        if self.impersonate is None:
            return found
        from google.auth import impersonated_credentials

        act_as: Any = impersonated_credentials.Credentials
        return act_as(
            source_credentials=found,
            target_principal=self.impersonate,
            target_scopes=[_SCOPE],
            quota_project_id=self.quota_project,
        )


def no_credentials(error: GoogleError) -> RemoteError:
    """What to tell of credentials that are missing, or that Google does not take."""
    return RemoteError(
        ref="no-google-credentials", found=error.said, expected="Application Default Credentials", do=LOG_IN
    )


def project_role(project: str, role: str, caller: Caller) -> str:
    """The command that gives a role on a project."""
    member = f'"{caller.member}"'
    return f"gcloud projects add-iam-policy-binding {project} --member={member} --role={role} --condition=None"


def switch_on(api: str, project: str | None) -> str:
    """The command that switches an API on."""
    return f"gcloud services enable {api} --project={project or 'PROJECT'}"
