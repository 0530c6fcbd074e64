"""Secrets that are in Secret Manager already, in the project that the service goes to; the others are copied."""

from __future__ import annotations

from k2cr_analysis.model.pod.secret_reference import SecretReference
from k2cr_analysis.rendering.spec.account import SecretToCreate


def is_at_home(found: SecretReference, project: str | None) -> bool:
    """Whether the short name means it: a secret of another project is copied, as any other Secret.

    Where the project is not known, or is named by its number, ``prepare.sh`` looks.
    """
    return found.project is None or project is None or found.project == project or found.project.isdigit()


def copied(
    secret: str, asked: SecretReference, namespace: str, keys: tuple[str, ...], used: str, versions: tuple[str, ...]
) -> SecretToCreate:
    """A secret with the values of an object of the cluster."""
    return SecretToCreate(
        secret,
        "ConfigMap" if asked.kind == "ConfigMap" else "Secret",
        namespace,
        asked.name,
        keys,
        used,
        versions=versions,
    )
