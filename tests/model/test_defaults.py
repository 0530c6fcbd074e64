"""A live dump reads like the manifest that it came from."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from k2cr_analysis.model.objects.defaults import without_server_fields

MANIFEST: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [{"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 8080}], "readinessProbe": {"httpGet": {"path": "/", "port": 8080}}}],
                "volumes": [{"name": "scratch", "emptyDir": {}}, {"name": "c", "configMap": {"name": "c"}}],
            },
        },
    },
}  # fmt: skip


def _live() -> dict[str, Any]:
    live = copy.deepcopy(MANIFEST)
    live["metadata"] |= {
        "uid": "u",
        "resourceVersion": "9",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "generation": 3,
    }
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3"}
    live["status"] = {"replicas": 1}
    live["spec"] |= {
        "replicas": 1, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
    }  # fmt: skip
    live["spec"]["template"]["metadata"]["creationTimestamp"] = None
    pod = live["spec"]["template"]["spec"]
    pod |= {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
    }
    pod |= {"schedulerName": "default-scheduler", "serviceAccount": "a", "serviceAccountName": "a"}
    pod["volumes"][1]["configMap"]["defaultMode"] = 420
    container = pod["containers"][0]
    container |= {"imagePullPolicy": "IfNotPresent", "resources": {}, "terminationMessagePath": "/dev/termination-log"}
    container["terminationMessagePolicy"] = "File"
    container["ports"][0]["protocol"] = "TCP"
    container["readinessProbe"] |= {
        "failureThreshold": 3,
        "periodSeconds": 10,
        "successThreshold": 1,
        "timeoutSeconds": 1,
    }
    container["readinessProbe"]["httpGet"]["scheme"] = "HTTP"
    return live


def test_a_live_dump_reads_like_its_manifest():
    manifest = copy.deepcopy(MANIFEST)
    manifest["spec"]["template"]["spec"]["serviceAccountName"] = "a"
    assert without_server_fields(_live()) == without_server_fields(manifest) == manifest


WISHES = [
    (("terminationGracePeriodSeconds",), 60),
    (("dnsPolicy",), "None"),
    (("restartPolicy",), "Never"),
    (("containers", 0, "imagePullPolicy"), "Never"),
    (("containers", 0, "readinessProbe", "periodSeconds"), 11),
    (("hostNetwork",), True),
]


@pytest.mark.parametrize(("path", "value"), WISHES, ids=lambda v: str(v))
def test_a_wish_stays(path: tuple[str | int, ...], value: Any):
    live = _live()
    owner: Any = live["spec"]["template"]["spec"]
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    kept: Any = without_server_fields(live)["spec"]["template"]["spec"]
    for key in path:
        kept = kept[key]
    assert kept == value


def test_the_token_volume_of_a_live_pod_is_nobodys_wish():
    pod = {
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {
            "serviceAccountName": "default",
            "containers": [{"name": "a", "image": "i:1", "volumeMounts": [{"name": "kube-api-access-x", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}]}],
            "volumes": [{"name": "kube-api-access-x", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
        },
    }  # fmt: skip
    assert without_server_fields(pod)["spec"] == {"containers": [{"name": "a", "image": "i:1"}]}


def test_a_headless_service_stays_headless_and_an_assigned_address_goes():
    def service(ip: str) -> dict[str, Any]:
        return {
            "kind": "Service",
            "metadata": {"name": "s"},
            "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": [{"port": 80, "targetPort": 80}]},
        }

    assert without_server_fields(service("10.0.0.7"))["spec"] == {"ports": [{"port": 80, "targetPort": 80}]}
    assert without_server_fields(service("None"))["spec"] == {
        "clusterIP": "None",
        "ports": [{"port": 80, "targetPort": 80}],
    }


def test_an_empty_volume_is_an_empty_dir_and_nulls_are_absent():
    pod = {
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"nodeSelector": None, "volumes": [{"name": "v", "emptyDir": None}]},
    }
    assert without_server_fields(pod)["spec"] == {"volumes": [{"name": "v", "emptyDir": {}}]}
