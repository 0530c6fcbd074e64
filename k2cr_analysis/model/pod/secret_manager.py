"""Secrets of Secret Manager that are there already: where a Secret's keys, or a volume's files, come from.

Source: External Secrets Operator, API reference (ExternalSecret ``spec.data[].remoteRef``, provider ``gcpsm``); GKE,
"Use the Secret Manager add-on" (SecretProviderClass, ``parameters.secrets``); secrets-store-csi-driver-provider-gcp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from k2cr_analysis.model.parse.access import Raw, mapping, objects, text
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.pod.secret_reference import LATEST, SecretReference
from k2cr_analysis.model.workload import Volume

ADD_ON_DRIVERS = ("secrets-store-gke.csi.k8s.io", "secrets-store.csi.k8s.io")
_PROVIDERS = ("gke", "gcp")
_RESOURCE = re.compile(
    r"projects/(?P<project>[^/]+)/(?:locations/[^/]+/)?secrets/(?P<secret>[^/]+)/versions/(?P<version>[^/]+)"
)
_FULL = re.compile(r"projects/(?P<project>[^/]+)/secrets/(?P<secret>[^/]+)")


def target_of(external: Raw) -> str:
    """The Kubernetes Secret that an ExternalSecret writes."""
    return text(mapping(external, "spec", "target"), "name") or name_of(external)


def keys_of(external: Raw) -> tuple[str, ...] | None:
    """The keys that it writes; None where they hang on what the store holds."""
    spec = mapping(external, "spec")
    if spec.get("dataFrom"):
        return None
    return tuple(sorted(key for _, item in objects(spec, "data") if (key := text(item, "secretKey"))))


def existing_keys(related: Mapping[str, tuple[Raw, ...]]) -> Mapping[tuple[str, str], SecretReference]:
    """(Secret, key) -> the secret of Secret Manager that its value is, whole, by the ExternalSecrets of a workload.

    A key that is a part of a secret (``property``), is made by a template, or comes from another store has none.
    """
    stores = {
        (str(s.get("kind")), name_of(s)): s for k in ("SecretStore", "ClusterSecretStore") for s in related.get(k, ())
    }
    return {
        (target_of(external), found.shown_as or ""): found
        for external in related.get("ExternalSecret", ())
        for found in _of_external(external, stores)
    }  # fmt: skip


def _of_external(external: Raw, stores: Mapping[tuple[str, str], Raw]) -> Iterator[SecretReference]:
    spec = mapping(external, "spec")
    named = mapping(spec, "secretStoreRef")
    store = stores.get((text(named, "kind") or "SecretStore", text(named, "name") or ""))
    google = mapping(store or {}, "spec", "provider").get("gcpsm")
    if not isinstance(google, Mapping) or mapping(spec, "target").get("template"):
        return
    project = text(google, "projectID")
    for i, item in objects(spec, "data"):
        key, remote = text(item, "secretKey"), mapping(item, "remoteRef")
        name = text(remote, "key") or ""
        if key and name and not remote.get("property") and remote.get("decodingStrategy") not in ("Base64", "Auto"):
            full = _FULL.fullmatch(name)
            yield SecretReference(
                "ExternalSecret",
                "Secret Manager",
                full["secret"] if full else name,
                version=text(remote, "version") or LATEST,
                project=full["project"] if full else project,
                shown_as=key,
                at=f"ExternalSecret/{name_of(external)} $.spec.data[{i}].remoteRef",
            )


def files_of_class(provider_class: Raw) -> tuple[SecretReference, ...]:
    """The files of a SecretProviderClass of Google's provider; none where it is another's, or cannot be read."""
    spec = mapping(provider_class, "spec")
    if text(spec, "provider") not in _PROVIDERS:
        return ()
    try:
        listed = yaml.safe_load(text(mapping(spec, "parameters"), "secrets") or "")
    except yaml.YAMLError:
        return ()
    return tuple(_files(listed, f"SecretProviderClass/{name_of(provider_class)} $.spec.parameters.secrets"))


def provider_files(volume: Volume, related: Mapping[str, tuple[Raw, ...]]) -> tuple[SecretReference, ...]:
    """The files of a volume of the add-on; none where its SecretProviderClass is not there."""
    wanted = text(mapping(volume.source, "volumeAttributes"), "secretProviderClass")
    classes = (c for c in related.get("SecretProviderClass", ()) if name_of(c) == wanted)
    return next((files_of_class(c) for c in classes), ())


def _files(listed: Any, at: str) -> Iterator[SecretReference]:
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, Mapping):
            continue
        found = _RESOURCE.fullmatch(str(item.get("resourceName")))
        path = item.get("path") or item.get("fileName")
        if found and path:
            yield SecretReference(
                "csi",
                "Secret Manager",
                found["secret"],
                version=found["version"],
                project=found["project"],
                shown_as=str(path),
                at=at,
            )
