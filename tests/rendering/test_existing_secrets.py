"""Secrets that Secret Manager holds already are named, not copied."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from k2cr_analysis.config import Config
from k2cr_analysis.fit import assess_cluster
from k2cr_analysis.model.pod.secret_manager import existing_keys, files_of_class
from k2cr_analysis.model.pod.secret_reference import SecretReference
from tests.model.manifests import cluster_of

STORE = {"kind": "SecretStore", "metadata": {"name": "s"}, "spec": {"provider": {"gcpsm": {"projectID": "p"}}}}


def external(**item: Any) -> dict[str, Any]:
    data = [{"secretKey": "K", "remoteRef": {"key": "prod", **item}}]
    return {"metadata": {"name": "es"}, "spec": {"secretStoreRef": {"name": "s"}, "data": data}}


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ({}, ("p", "prod", "latest")),
        ({"version": "3"}, ("p", "prod", "3")),
        ({"key": "projects/q/secrets/x"}, ("q", "x", "latest")),
        ({"property": "password"}, None),
        ({"decodingStrategy": "Base64"}, None),
    ],
    ids=["latest", "a version", "by its full name", "a part of it", "decoded"],
)
def test_a_key_is_the_secret_that_it_is_whole(item: dict[str, str], found: tuple[str, str, str] | None) -> None:
    known = existing_keys({"ExternalSecret": (external(**item),), "SecretStore": (STORE,)})
    there = known.get(("es", "K"))
    assert (there and (there.project, there.name, there.version)) == found
    assert there is None or there.at == "ExternalSecret/es $.spec.data[0].remoteRef"


def test_of_another_store_nothing_is_known() -> None:
    vault = {**STORE, "spec": {"provider": {"vault": {}}}}
    assert existing_keys({"ExternalSecret": (external(),), "SecretStore": (vault,)}) == {}


def test_files_of_a_class() -> None:
    listed = [{"resourceName": "projects/p/secrets/a/versions/2", "path": "a.txt"}, {"resourceName": "bad"}]
    spec = {"provider": "gcp", "parameters": {"secrets": yaml.safe_dump(listed)}}
    at = "SecretProviderClass/c $.spec.parameters.secrets"
    shown = SecretReference("csi", "Secret Manager", "a", version="2", project="p", shown_as="a.txt", at=at)
    assert files_of_class({"metadata": {"name": "c"}, "spec": spec}) == (shown,)
    assert files_of_class({"spec": {**spec, "provider": "azure"}}) == ()


VOLUME = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      volumes: [{name: s, csi: {driver: secrets-store-gke.csi.k8s.io, volumeAttributes: {secretProviderClass: c}}}]
      containers:
      - {name: app, image: us-docker.pkg.dev/p/r/a:1, ports: [{containerPort: 8080}], volumeMounts: [{name: s, mountPath: /s}]}
---
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: c, namespace: shop}
spec:
  provider: gke
  parameters:
    secrets: |
      - {resourceName: projects/p/secrets/a/versions/latest, path: a}
"""
SECOND = "      - {resourceName: projects/p/secrets/b/versions/latest, path: b}\n"


@pytest.mark.parametrize(("more", "asked"), [("", False), (SECOND, True)], ids=["one secret", "two in one folder"])
def test_a_folder_of_two_secrets_is_asked_about(more: str, asked: bool) -> None:
    fit = assess_cluster(cluster_of(VOLUME + more), Config())["shop/Deployment/web"]
    assert any(f.rule == "volume-driver-without-counterpart" for f in fit.findings) == asked
