"""The YAML form, the flags and Terraform, each read back into one neutral shape, so that they can be compared.

The shape is that of the YAML form with what the other two leave out taken away: names are joined, numbers are numbers, and
what is a list of named things is a mapping.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from k2cr_analysis.platforms.cloud_run.annotations import (
    ACCELERATOR,
    CPU_BOOST,
    CPU_THROTTLING,
    DEPENDENCIES,
    EGRESS,
    EXECUTION_ENVIRONMENT,
    IAP,
    INGRESS,
    INTERFACES,
    MANUAL_INSTANCES,
    MAX_SCALE,
    SERVICE_MIN_SCALE,
    SESSION_AFFINITY,
)
from k2cr_analysis.rendering.text.shell import as_gcloud_reads
from tests.rendering.module import resources

Raw = Mapping[str, Any]
_SPEC_FILES = ("service.yaml", "job.yaml", "worker-pool.yaml")
_PROBES = {"startup": "startupProbe", "liveness": "livenessProbe", "readiness": "readinessProbe"}
_INGRESS = {
    "INGRESS_TRAFFIC_ALL": "all",
    "INGRESS_TRAFFIC_INTERNAL_ONLY": "internal",
    "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER": "internal-and-cloud-load-balancing",
}


def differences(files: Mapping[str, str]) -> list[str]:
    """What the forms of one folder do not say alike."""
    of_yaml = from_yaml(files)
    found = [f"Terraform {d}" for d in _differ(of_yaml, from_terraform(files), "")]
    flags = from_flags(files)
    if flags is not None:
        found += [f"flags {d}" for d in _differ(of_yaml, flags, "")]
    return found


def _differ(one: Any, other: Any, at: str) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted(one.keys() | other.keys()):
            yield from _differ(one.get(key), other.get(key), f"{at}.{key}")
    elif one != other and not (one in (None, {}, [], "", 0, False) and other in (None, {}, [], "", 0, False)):
        yield f"{at}: {one!r} in the file, {other!r} here"


def from_yaml(files: Mapping[str, str]) -> Raw:
    tree = yaml.safe_load(next(files[name] for name in _SPEC_FILES if name in files))
    own, template = tree["metadata"].get("annotations", {}), tree["spec"]["template"]
    noted = template["metadata"].get("annotations", {})
    spec = template["spec"]
    pod = spec["template"]["spec"] if tree["kind"] == "Job" else spec
    waits = json.loads(noted.get(DEPENDENCIES, "{}"))
    interface = json.loads(noted.get(INTERFACES, "[{}]"))[0]
    made = {
        "name": tree["metadata"]["name"],
        "labels": tree["metadata"].get("labels"),
        "account": pod["serviceAccountName"],
        "network": [interface.get("network"), interface.get("subnetwork"), interface.get("tags")],
        "egress": noted.get(EGRESS),
        "accelerator": (pod.get("nodeSelector") or {}).get(ACCELERATOR),
        "containers": {c["name"]: _of_container(c, waits.get(c["name"])) for c in pod["containers"]},
        "volumes": {v["name"]: _of_volume(v) for v in pod.get("volumes", [])},
    }
    if tree["kind"] == "Service":
        made |= {
            "ingress": own[INGRESS],
            "iap": own.get(IAP) == "true",
            "min": int(own.get(SERVICE_MIN_SCALE, 0)),
            "max": int(noted[MAX_SCALE]),
            "idle": noted[CPU_THROTTLING] == "true",
            "boost": noted[CPU_BOOST] == "true",
            "environment": noted[EXECUTION_ENVIRONMENT],
            "affinity": noted.get(SESSION_AFFINITY) == "true",
            "concurrency": spec["containerConcurrency"],
            "timeout": spec["timeoutSeconds"],
        }
    elif tree["kind"] == "Job":
        task = spec["template"]["spec"]
        made |= {"tasks": spec["taskCount"], "parallelism": spec["parallelism"]}
        made |= {"retries": task["maxRetries"], "timeout": task["timeoutSeconds"]}
    else:
        made["instances"] = int(own[MANUAL_INSTANCES])
    return made


def _of_container(c: Raw, waits: Any) -> Raw:
    port = (c.get("ports") or [{}])[0]
    env = {e["name"]: e["value"] if "value" in e else _secret(e["valueFrom"]["secretKeyRef"]) for e in c.get("env", [])}
    limits = c["resources"]["limits"]
    return {
        "image": c["image"],
        "command": c.get("command"),
        "args": c.get("args"),
        "directory": c.get("workingDir"),
        "port": port.get("containerPort"),
        "h2c": port.get("name") == "h2c",
        "env": env,
        "limits": dict(limits),
        "waits": sorted(waits or []),
        "mounts": {m["mountPath"]: [m["name"], m.get("subPath")] for m in c.get("volumeMounts", [])},
        **{word: _of_probe(c[field]) for word, field in _PROBES.items() if field in c},
    }


def _secret(reference: Raw) -> str:
    return f"{reference['name']}:{reference['key']}"


def _of_probe(p: Raw) -> Raw:
    get, grpc = p.get("httpGet"), p.get("grpc")
    action = get or grpc or p["tcpSocket"]
    headers = {h["name"]: h["value"] for h in (get or {}).get("httpHeaders", [])}
    kind = "http" if get else "grpc" if grpc else "tcp"
    numbers = [p.get(f, 0) for f in ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold")]
    asks = [kind, action.get("path"), action.get("service"), action["port"]]
    return {"asks": asks, "headers": headers, "numbers": numbers, "successes": p.get("successThreshold")}


def _of_volume(v: Raw) -> Any:
    if disk := v.get("emptyDir"):
        return [disk["medium"].upper(), disk["sizeLimit"]]
    if secret := v.get("secret"):
        return [secret["secretName"], {i["path"]: i["key"] for i in secret["items"]}, secret.get("defaultMode")]
    if nfs := v.get("nfs"):
        return ["nfs", nfs["server"], nfs["path"], nfs["readOnly"]]
    attributes = v["csi"]["volumeAttributes"]
    return ["bucket", attributes["bucketName"], v["csi"]["readOnly"], attributes.get("mountOptions")]


def from_terraform(files: Mapping[str, str]) -> Raw:
    kind, body = next((k, b) for k, b in resources(files).items() if k.startswith("google_cloud_run_v2"))
    template = body["template"][0]
    inner = template["template"][0] if kind.endswith("_job") else template
    access = inner.get("vpc_access", [{}])[0]
    interface = access.get("network_interfaces", [{}])[0]
    made = {
        "name": body["name"],
        "labels": body.get("labels"),
        "account": inner["service_account"],
        "network": [interface.get("network"), interface.get("subnetwork"), interface.get("tags")],
        "egress": access["egress"].lower().replace("_", "-") if "egress" in access else None,
        "accelerator": inner.get("node_selector", [{}])[0].get("accelerator"),
        "containers": {c["name"]: _tf_container(c) for c in inner["containers"]},
        "volumes": {v["name"]: _tf_volume(v) for v in inner.get("volumes", []) if "cloud_sql_instance" not in v},
    }
    if kind.endswith("_service"):
        resource = inner["containers"][0]["resources"][0]
        made |= {
            "ingress": _INGRESS[body["ingress"]],
            "iap": body.get("iap_enabled", False),
            "min": body.get("scaling", [{}])[0].get("min_instance_count", 0),
            "max": inner["scaling"][0]["max_instance_count"],
            "idle": resource["cpu_idle"],
            "boost": resource["startup_cpu_boost"],
            "environment": inner["execution_environment"].rpartition("_")[2].lower(),
            "affinity": inner.get("session_affinity", False),
            "concurrency": inner["max_instance_request_concurrency"],
            "timeout": int(inner["timeout"].removesuffix("s")),
        }
    elif kind.endswith("_job"):
        made |= {"tasks": template["task_count"], "parallelism": template["parallelism"]}
        made |= {"retries": inner["max_retries"], "timeout": int(inner["timeout"].removesuffix("s"))}
    else:
        made["instances"] = body["scaling"][0]["manual_instance_count"]
    return made


def _tf_container(c: Raw) -> Raw:
    port = c.get("ports", [{}])[0]
    mounts = [m for m in c.get("volume_mounts", []) if m["name"] != "cloudsql"]
    return {
        "image": c["image"],
        "command": c.get("command"),
        "args": c.get("args"),
        "directory": c.get("working_dir"),
        "port": port.get("container_port"),
        "h2c": port.get("name") == "h2c",
        "env": {e["name"]: e["value"] if "value" in e else _tf_secret(e) for e in c.get("env", [])},
        "limits": c["resources"][0]["limits"],
        "waits": sorted(c.get("depends_on", [])),
        "mounts": {m["mount_path"]: [m["name"], m.get("sub_path")] for m in mounts},
        **{word: _tf_probe(c[f"{word}_probe"][0]) for word in _PROBES if f"{word}_probe" in c},
    }


def _tf_secret(env: Raw) -> str:
    reference = env["value_source"][0]["secret_key_ref"][0]
    return f"{reference['secret']}:{reference['version']}"


def _tf_probe(p: Raw) -> Raw:
    kind = next(k for k in ("http_get", "grpc", "tcp_socket") if k in p)
    action = p[kind][0]
    names = ("initial_delay_seconds", "period_seconds", "timeout_seconds", "failure_threshold")
    headers = {h["name"]: h["value"] for h in action.get("http_headers", [])}
    asks = [kind.partition("_")[0], action.get("path"), action.get("service"), action["port"]]
    successes = p.get("success_threshold")
    return {"asks": asks, "headers": headers, "numbers": [p.get(n, 0) for n in names], "successes": successes}


def _tf_volume(v: Raw) -> Any:
    if disk := v.get("empty_dir"):
        return [disk[0]["medium"], disk[0]["size_limit"]]
    if found := v.get("secret"):
        items = {i["path"]: i["version"] for i in found[0]["items"]}
        return [found[0]["secret"], items, found[0].get("default_mode")]
    if nfs := v.get("nfs"):
        return ["nfs", nfs[0]["server"], nfs[0]["path"], nfs[0]["read_only"]]
    gcs = v["gcs"][0]
    options = gcs.get("mount_options")
    return ["bucket", gcs["bucket"], gcs["read_only"], ",".join(options) if options else None]


def from_flags(files: Mapping[str, str]) -> Raw | None:
    """None where deploy.sh deploys the file."""
    text = re.sub(r"^#.*$", "", files["deploy.sh"], flags=re.M).replace("\\\n", " ")
    lines = [line for line in text.splitlines() if re.match(r"(patiently\s+)?gcloud ", line)]
    words = _words(lines[0])
    if "deploy" not in words:
        return None
    return _from_words(words[words.index("deploy") + 1 :])


def _words(line: str) -> list[str]:
    """A command's words, as bash itself reads them."""
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {line}"],
        env={"PROJECT": "p", "REGION": "r"},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().split("\0")[:-1]


def _from_words(words: Sequence[str]) -> Raw:
    own: dict[str, list[str]] = {}
    containers: dict[str, dict[str, list[str]]] = {}
    at = own
    for word in words[1:]:
        flag, _, value = word.partition("=")
        if flag == "--container":
            at = containers.setdefault(value, {})
        else:
            at.setdefault(flag, []).append(value)
    one = {flag: values[-1] for flag, values in own.items()}
    tags = as_gcloud_reads(one["--network-tags"]) if "--network-tags" in one else None
    labels = dict(kv.split("=", 1) for kv in as_gcloud_reads(one.get("--labels", "")))
    made: dict[str, Any] = {
        "name": words[0],
        "labels": labels,
        "account": one["--service-account"],
        "network": [one.get("--network"), one.get("--subnet"), tags],
        "egress": one.get("--vpc-egress"),
        "accelerator": one.get("--gpu-type"),
        "containers": {name: _flag_container(flags) for name, flags in containers.items()},
        "volumes": dict(_flag_volume(v) for v in own.get("--add-volume", [])),
    }
    if "--tasks" in one:
        made |= {"tasks": int(one["--tasks"]), "parallelism": int(one["--parallelism"])}
        return made | {"retries": int(one["--max-retries"]), "timeout": int(one["--task-timeout"].removesuffix("s"))}
    return made | {
        "ingress": one["--ingress"],
        "iap": "--iap" in one,
        "min": int(one.get("--min", 0)),
        "max": int(one["--max-instances"]),
        "idle": "--cpu-throttling" in one,
        "boost": "--cpu-boost" in one,
        "environment": one["--execution-environment"],
        "affinity": "--session-affinity" in one,
        "concurrency": int(one["--concurrency"]),
        "timeout": int(one["--timeout"].removesuffix("s")),
    }


def _flag_container(flags: Mapping[str, list[str]]) -> Raw:
    one = {flag: values[-1] for flag, values in flags.items()}

    def listed(flag: str) -> list[str] | None:
        return as_gcloud_reads(one[flag]) if flag in one else None

    pairs = [kv.split("=", 1) for flag in ("--set-env-vars", "--set-secrets") for kv in listed(flag) or ()]
    mounts = [dict(kv.split("=", 1) for kv in as_gcloud_reads(m)) for m in flags.get("--add-volume-mount", [])]
    gpu = {"nvidia.com/gpu": one["--gpu"]} if "--gpu" in one else {}
    return {
        "image": one["--image"],
        "command": listed("--command"),
        "args": listed("--args"),
        "directory": one.get("--workdir"),
        "port": int(one["--port"]) if "--port" in one else None,
        "h2c": "--use-http2" in one,
        "env": dict(pairs),
        "limits": {"cpu": one["--cpu"], "memory": one["--memory"], **gpu},
        "waits": sorted(listed("--depends-on") or []),
        "mounts": {m["mount-path"]: [m["volume"], None] for m in mounts},
        **{word: _flag_probe(one[f"--{word}-probe"]) for word in _PROBES if f"--{word}-probe" in one},
    }


def _flag_probe(value: str) -> Raw:
    said = dict(kv.split("=", 1) for kv in as_gcloud_reads(value))
    kind = next(k for k in ("httpGet", "grpc", "tcpSocket") if f"{k}.port" in said)
    names = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold")
    short = {"httpGet": "http", "grpc": "grpc", "tcpSocket": "tcp"}[kind]
    asks = [short, said.get(f"{kind}.path"), said.get(f"{kind}.service"), int(said[f"{kind}.port"])]
    successes = int(said["successThreshold"]) if "successThreshold" in said else None
    return {"asks": asks, "headers": {}, "numbers": [int(said.get(n, 0)) for n in names], "successes": successes}


def _flag_volume(value: str) -> tuple[str, Any]:
    said = dict(kv.split("=", 1) for kv in as_gcloud_reads(value))
    if said["type"] in ("in-memory", "ephemeral-disk"):
        medium = "MEMORY" if said["type"] == "in-memory" else "DISK"
        return said["name"], [medium, said.get("size-limit") or said["size"]]
    read_only = said["readonly"] == "true"
    if said["type"] == "nfs":
        server, _, path = said["location"].partition(":")
        return said["name"], ["nfs", server, path, read_only]
    return said["name"], ["bucket", said["bucket"], read_only, said.get("mount-options")]
