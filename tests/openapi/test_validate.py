"""What the API server refuses, what it takes, and what it reads."""

from __future__ import annotations

import pytest
import yaml

from k2cr_analysis.openapi.validate import as_server_reads, validate

POD = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, %s}]}}"
DEPLOYMENT = "{apiVersion: apps/v1, kind: Deployment, spec: {%s}}"
REFUSED = {
    "a number for a list": ("{apiVersion: v1, kind: Pod, spec: {containers: 7}}", "$.spec.containers"),
    "a map for a list": (POD % "ports: {containerPort: 80}", "$.spec.containers[0].ports"),
    "a text for an object": (POD % "resources: small", "$.spec.containers[0].resources"),
    "a number for a text": (POD % "env: [{name: A, value: 1}]", "$.spec.containers[0].env[0].value"),
    "a boolean for a text": (POD % "args: [true]", "$.spec.containers[0].args[0]"),
    "a number for a label": ("{apiVersion: v1, kind: Pod, metadata: {labels: {v: 1.2}}}", "$.metadata.labels.v"),
    "a text for a number": (DEPLOYMENT % 'replicas: "2"', "$.spec.replicas"),
    "a fraction for a whole number": (DEPLOYMENT % "replicas: 1.5", "$.spec.replicas"),
    "a text for a boolean": (POD % 'tty: "yes"', "$.spec.containers[0].tty"),
    "bytes with a blank": (
        POD % "resources: {requests: {memory: 2 GB}}",
        "$.spec.containers[0].resources.requests.memory",
    ),
    "no port": (POD % "ports: [{containerPort: 70000}]", "$.spec.containers[0].ports[0].containerPort"),
    "a boolean for a port": (
        POD % "livenessProbe: {httpGet: {port: true}}",
        "$.spec.containers[0].livenessProbe.httpGet.port",
    ),
    "an item that is null": ("{apiVersion: v1, kind: Pod, spec: {containers: [null]}}", "$.spec.containers[0]"),
}
PODS = "{apiVersion: v1, kind: Pod, spec: {%s}}"
MOUNTS = POD % "volumeMounts: [{name: v, mountPath: /a}, {name: w, mountPath: %s, subPath: %s}]"
REFUSED |= {
    "a negative amount": (
        POD % "resources: {requests: {cpu: -100m}}",
        "$.spec.containers[0].resources.requests.cpu",
    ),
    "twin containers": (PODS % "containers: [{name: a}, {name: b}, {name: a}]", "$.spec.containers[2].name"),
    "twin volumes": (PODS % "volumes: [{name: v, emptyDir: {}}, {name: v}]", "$.spec.volumes[1].name"),
    "a sub-path that leaves": (MOUNTS % ("/b", "x/../y"), "$.spec.containers[0].volumeMounts[1].subPath"),
    "a sub-path from the top": (MOUNTS % ("/b", "/y"), "$.spec.containers[0].volumeMounts[1].subPath"),
}
CRON = "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {%s}}"
REFUSED |= {
    f"the schedule {text!r}": (CRON % f'schedule: "{text}"', "$.spec.schedule")
    for text in (
        "", "every day", "* * * *", "0 0 * * * *", "61 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 * 13 *",
        "0 3 * * 7", "0 3 * * SUN-MON-TUE", "0 3 * * FRI-MON", "*/0 * * * *", "-1 * * * *", "0 3 * * L",
        "@fortnightly", "@Daily", "@reboot", "@every", "@every 1d", "@every hour", "TZ=Mars/Base 0 3 * * *",
    )
}  # fmt: skip
REFUSED |= {
    f"the time zone {text!r}": (CRON % f'schedule: "0 3 * * *", timeZone: "{text}"', "$.spec.timeZone")
    for text in ("", "Mars/Base", "Local", "CEST+1", "/etc/localtime", "../UTC")
}
TAKEN = {
    "null for a list": "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}], volumes: null}}",
    "a number as quantity": POD % "resources: {limits: {cpu: 2, memory: 1e9}}",
    "a port by name": POD % "livenessProbe: {tcpSocket: {port: http}}",
    "a port by number": POD % "livenessProbe: {tcpSocket: {port: 80}}",
    "percent or count": DEPLOYMENT % "strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}",
    "an unknown field": POD % "colour: [red]",
    "a kind outside the tree": "{apiVersion: example.com/v1, kind: Pod, spec: {containers: 7}}",
    "a custom resource": "{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, spec: 7}",
    "an old Ingress": "{apiVersion: extensions/v1beta1, kind: Ingress, "
    "spec: {backend: {serviceName: a, servicePort: http}}}",
    "an old autoscaler": "{apiVersion: autoscaling/v2beta1, kind: HorizontalPodAutoscaler, "
    "spec: {metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 50}}]}}",
    "a sub-path with dots": MOUNTS % ("/b", "..y/z..txt"),
    "a variable given twice": POD % "env: [{name: A, value: x}, {name: A, value: z}]",
    "a whole float": DEPLOYMENT % "replicas: 3.0",
    **{
        f"the schedule {text!r}": CRON % f'schedule: "{text}"'
        for text in (
            "* * * * *",
            "0/5 * ? jan-DEC mon,WED",
            "1-49/1 * * * *",
            "*/5 0-6,22,23 1,15 * 0",
            "@midnight",
            "@every 1h30m",
            "@every 1.5h",
            "TZ=Asia/Tokyo 0 6 * * *",
            "CRON_TZ=UTC @daily",
            "1,,2 * * * *",
        )
    },
    **{
        f"the time zone {text!r}": CRON % f'schedule: "0 3 * * *", timeZone: "{text}"'
        for text in ("Etc/UTC", "US/Pacific", "America/Argentina/Buenos_Aires")
    },
    "any status": "{apiVersion: apps/v1, kind: Deployment, status: {replicas: many}}",
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case):
    text, path = REFUSED[case]
    assert [problem.path for problem in validate(yaml.safe_load(text))] == [path]


@pytest.mark.parametrize("case", TAKEN)
def test_takes(case):
    assert validate(yaml.safe_load(TAKEN[case])) == []


def test_every_refused_value_is_found_at_once():
    text = "{apiVersion: v1, kind: Pod, spec: {hostNetwork: 1, containers: [{name: 2, image: 3}]}}"
    assert len(validate(yaml.safe_load(text))) == 3


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        (DEPLOYMENT % "replicas: 3.0", {"replicas": 3}),
        (DEPLOYMENT % "replicas: two, paused: true", {"paused": True}),
        (
            "{apiVersion: v1, kind: Pod, spec: {containers: [7, {args: [a, null, 1]}]}}",
            {"containers": [{"args": ["a", ""]}]},
        ),
        (
            "{apiVersion: v1, kind: Pod, spec: {nodeSelector: {a: null, b: 1, c: d}}}",
            {"nodeSelector": {"a": "", "c": "d"}},
        ),
        ("{apiVersion: v1, kind: Pod, spec: 7}", None),
    ],
)
def test_the_copy_holds_what_the_server_reads(text, spec):
    assert as_server_reads(yaml.safe_load(text))[0].get("spec") == spec


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (POD % "env: [{name: A, value: 1}]", 'put it in quotes: "1"'),
        (POD % "env: [{name: A, value: yes}]", 'put it in quotes: "true"'),
        (DEPLOYMENT % 'replicas: "2"', "write it without quotes"),
        (DEPLOYMENT % 'replicas: "${REPLICAS:-1}"', "fill in the variable first"),
        (POD % 'resources: {limits: {cpu: "${CPU}"}}', "fill in the variable first"),
    ],
)
def test_says_what_to_do(text, advice):
    assert validate(yaml.safe_load(text))[0].do.startswith(advice)
