"""Every place of a pod that names a secret, as one type."""

from __future__ import annotations

from k2cr_analysis.model.pod.secret_reference import references_of_images, secret_references
from k2cr_analysis.pricing.cloud_run.beside import _secret_keys
from tests.model.manifests import cluster_of

POD = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop}
imagePullSecrets: [{name: of-account}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      serviceAccountName: web
      initContainers:
      - {name: init, image: a, env: [{name: I, valueFrom: {secretKeyRef: {name: i, key: k}}}]}
      containers:
      - name: app
        image: a
        env:
        - {name: PLAIN, value: "1"}
        - {name: A, valueFrom: {secretKeyRef: {name: a, key: k, optional: true}}}
        - {name: M, valueFrom: {configMapKeyRef: {name: m, key: k}}}
        envFrom: [{secretRef: {name: whole, optional: true}}]
      volumes:
      - {name: v, secret: {secretName: v}}
      - {name: n, secret: {secretName: n, optional: true, items: [{key: x, path: x.txt}, {key: y, path: y.txt}]}}
      - {name: p, projected: {sources: [{serviceAccountToken: {path: t}}, {secret: {name: p, items: [{key: z, path: f}]}}]}}
      - {name: e, emptyDir: {}}
"""


def test_each_place_is_told_with_its_key_and_its_path() -> None:
    (workload,) = cluster_of(POD).workloads
    spec = "$.spec.template.spec"
    app, volumes = f"{spec}.containers[0]", f"{spec}.volumes"
    found = [(r.place, str(r), r.shown_as, r.optional, r.at) for r in secret_references(workload.pod)]
    assert found == [
        ("env", "Secret a, key k", "A", True, f"{app}.env[1]"),
        ("env", "ConfigMap m, key k", "M", False, f"{app}.env[2]"),
        ("envFrom", "Secret whole", None, True, f"{app}.envFrom[0]"),
        ("env", "Secret i, key k", "I", False, f"{spec}.initContainers[0].env[0]"),
        ("volume", "Secret v", None, False, f"{volumes}[0].secret"),
        ("volume", "Secret n, key x", "x.txt", True, f"{volumes}[1].secret"),
        ("volume", "Secret n, key y", "y.txt", True, f"{volumes}[1].secret"),
        ("projected", "Secret p, key z", "f", False, f"{volumes}[2].projected.sources[1].secret"),
    ]


def test_logins_of_the_pod_go_before_those_of_its_account() -> None:
    (workload,) = cluster_of(POD).workloads
    assert [(r.name, r.at) for r in references_of_images(workload)] == [
        ("of-account", "ServiceAccount/web $.imagePullSecrets")
    ]
    (own,) = cluster_of(POD.replace("serviceAccountName: web", "imagePullSecrets: [{name: of-pod}]")).workloads
    assert [(r.name, r.at) for r in references_of_images(own)] == [("of-pod", "$.spec.template.spec.imagePullSecrets")]


def test_what_is_shown_as_files_from_several_objects_is_paid_too() -> None:
    (workload,) = cluster_of(POD).workloads
    assert set(_secret_keys(workload)) == {("a", "k"), ("whole", "*"), ("v", "*"), ("n", "x"), ("n", "y"), ("p", "z")}
