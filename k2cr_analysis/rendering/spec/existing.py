"""Secrets that are in Secret Manager already, in the project that the service goes to."""

from __future__ import annotations

from k2cr_analysis.model.pod.secret_manager import ExistingSecret


def is_at_home(found: ExistingSecret, project: str | None) -> bool:
    """Whether the short name means it: a secret of another project is copied, as any other Secret."""
    return found.project is None or project is None or found.project == project
