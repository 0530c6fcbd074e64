"""Environment, arguments and what they refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.pod.environment import value_in_manifest, variables_of
from k2cr_analysis.model.pod.secret_reference import reference_of_source
from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.cloud_run.limits import MAX_ARGUMENTS, MAX_VARIABLE_BYTES, MAX_VARIABLES
from k2cr_analysis.platforms.cloud_run.reserved import (
    PORT_VARIABLE,
    REVISION_VARIABLE,
    SERVICE_NAME_VARIABLE,
    is_reserved_variable,
)

_CONTRACT = "https://docs.cloud.google.com/run/docs/container-contract"
_QUOTAS = "https://docs.cloud.google.com/run/quotas"
_SECRETS = "https://docs.cloud.google.com/run/docs/configuring/services/secrets"
_REFERENCE = re.compile(r"(?<!\$)(?:\$\$)*\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
_SERVICE_LINK = re.compile(
    r"[A-Z][A-Z0-9_]*_SERVICE_(?:HOST|PORT)(?:_[A-Z0-9_]+)?$|[A-Z][A-Z0-9_]*_PORT_\d+_TCP(?:_(?:ADDR|PORT|PROTO))?$"
)


@rule(
    id="downward-api-value",
    severity="change",
    reads=("Container.env[].valueFrom.fieldRef", "Container.env[].valueFrom.resourceFieldRef"),
    docs=_CONTRACT,
)
def downward_api_value(candidate: Candidate) -> Iterator[Found]:
    """A variable takes its value from the pod itself.

    Why: Cloud Run has no pods to take values from. It sets K_SERVICE, K_REVISION and, in the ingress container, PORT;
    the metadata server knows the instance.
    Remedy: The namespace, labels and annotations are written as constants: check that the program means nothing in the
    cluster by them. Write limits as constants too, use K_SERVICE or K_REVISION for names, or ask the metadata server
    for the instance's id.
    Example: env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    """
    for container, variable in candidate.environment():
        if variable.source in ("field", "resource"):
            known = value_in_manifest(variable, candidate.workload)
            kept = "" if known is None else f", and what the manifest says stays as a constant ({known!r})"
            yield Found(
                variable.path,
                f"{variable.name} of container {container.name} is the pod's {variable.ref_key}; Cloud Run has "
                f"no such value{kept}",
                _replacement(variable.ref_key or "") if known is None else _OF_A_CONSTANT,
            )


_OF_A_CONSTANT = "Check that the program means nothing in the cluster by it: there is no such pod on Cloud Run."


def _replacement(field: str) -> str | None:
    known = {
        "metadata.name": f"Use {REVISION_VARIABLE}, or ask the metadata server for the instance's id.",
        "status.podIP": "Listen on 0.0.0.0, and tell nobody the address: instances cannot be addressed.",
        "spec.nodeName": "Take it out: there is no node.",
        "status.hostIP": "Take it out: there is no node with an agent. Send telemetry to a sidecar on localhost.",
        "spec.serviceAccountName": "Ask the metadata server for the service account's e-mail.",
    }
    return known.get(field)


@rule(id="value-from-file", severity="change", reads=("Container.env[].valueFrom.fileKeyRef",), docs=_CONTRACT)
def value_from_file(candidate: Candidate) -> Iterator[Found]:
    """A variable takes its value from a file that an init container writes.

    Why: Cloud Run takes values from the manifest and from Secret Manager alone.
    Remedy: Read the file in the image's entrypoint, or put the value into Secret Manager and use
    `env[].valueFrom.secretKeyRef`.
    Example: env: [{name: TOKEN, valueFrom: {fileKeyRef: {volumeName: conf, path: env, key: TOKEN}}}]
    """
    for container, variable in candidate.environment():
        if variable.source == "file":
            yield Found(
                variable.path,
                f"{variable.name} of container {container.name} comes from a file of volume {variable.ref_name}; "
                "Cloud Run has no such source",
            )


@rule(
    id="config-map-not-seen",
    severity="change",
    reads=("Container.envFrom", "Container.env[].valueFrom.configMapKeyRef"),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/environment-variables",
)
def config_map_not_seen(candidate: Candidate) -> Iterator[Found]:
    """Variables come from a ConfigMap that is not in the snapshot.

    Why: Cloud Run has no ConfigMaps, so their values are written into the service. Values that nobody has seen cannot
    be.
    Remedy: Collect the ConfigMap too (`k2cr collect --manifests`), or write the values under `env[].value`.
    Example: envFrom: [{configMapRef: {name: settings}}]
    """
    for container in candidate.moving:
        for source in container.env_from:
            if source.kind == "config-map" and source.keys is None and not source.optional:
                yield Found(
                    source.path,
                    f"container {container.name} takes its environment from ConfigMap {source.name}, which is "
                    "not in the snapshot; Cloud Run needs the values",
                )
    for container, variable in candidate.environment():
        if variable.source == "config-map" and variable.value is None and not variable.optional:
            yield Found(
                variable.path,
                f"{variable.name} of container {container.name} is {variable.ref_key} of ConfigMap "
                f"{variable.ref_name}, which is not in the snapshot; Cloud Run needs the value",
            )


@rule(id="secret-keys-not-seen", severity="change", reads=("Container.envFrom[].secretRef",), docs=_SECRETS)
def secret_keys_not_seen(candidate: Candidate) -> Iterator[Found]:
    """A whole Secret is the environment, and its keys are not in the snapshot.

    Why: On Cloud Run each variable names its secret. Which variables there are, the manifest cannot show.
    Remedy: Collect the Secret too (k2cr reads the names of its keys, never their values), or name each under
    `env[].valueFrom.secretKeyRef`.
    Example: envFrom: [{secretRef: {name: app}}]
    """
    for container in candidate.moving:
        for source in container.env_from:
            found = reference_of_source(source)
            if found.kind == "Secret" and source.keys is None and not found.optional:
                yield Found(
                    found.at,
                    f"container {container.name} takes its environment from {found}, whose keys are "
                    "not in the snapshot; Cloud Run needs their names",
                )


@rule(
    id="reserved-variable",
    severity="change",
    reads=("Container.env[].name", "Container.envFrom[].prefix"),
    docs=_CONTRACT,
)
def reserved_variable(candidate: Candidate) -> Iterator[Found]:
    """A variable has a name that Cloud Run keeps for itself, with another value.

    Why: Cloud Run sets PORT in the ingress container, K_SERVICE, K_REVISION and K_CONFIGURATION in services,
    CLOUD_RUN_JOB and its like in jobs and worker pools, and names that begin with X_GOOGLE_; it refuses what sets them,
    wherever they come from: `env`, or a key of a ConfigMap or Secret by `envFrom`.
    Remedy: They are left out of what is written. Take them out of the source too, and read another name where the
    program needs that value; let it listen on the port that PORT says, which is `containerPort`.
    Example: env: [{name: PORT, value: "9000"}]   # and containerPort: 8080
    """
    if candidate.target == "none":
        return
    for container in candidate.moving:
        serves = candidate.target == "service" and container.name == candidate.ingress.container
        given = {PORT_VARIABLE: str(candidate.ingress.port), SERVICE_NAME_VARIABLE: candidate.workload.name}
        for variable in variables_of(candidate.workload, container):
            name = variable.name
            if not is_reserved_variable(name, serves=serves):
                continue
            if variable.value is not None and variable.value == given.get(name):
                continue
            sets = f"{name} to {given[name]}" if name == PORT_VARIABLE else name
            is_now = (
                repr(variable.value)
                if variable.value is not None
                else f"set from {variable.ref_name or variable.source}"
            )
            yield Found(
                variable.path, f"{name} of container {container.name} is {is_now}; Cloud Run sets {sets} itself"
            )


@rule(
    id="unexpandable-reference",
    severity="change",
    reads=("Container.command", "Container.args", "Container.env[].value"),
    docs=_CONTRACT,
)
def unexpandable_reference(candidate: Candidate) -> Iterator[Found]:
    """A value refers to a variable whose value nobody knows when the service is written.

    Why: Kubernetes expands `$(NAME)` in command, args and env; Cloud Run does not. Literal values are expanded when the
    service is written, but secrets and values of the pod cannot be.
    Remedy: Let a shell expand it: `command: ["/bin/sh", "-c", "exec app --key=$NAME"]`.
    Example: args: ["--password=$(DB_PASSWORD)"]   # a secretKeyRef
    """
    for container in candidate.moving:
        known = {e.name: e for e in container.env if value_in_manifest(e, candidate.workload) is None}
        for at, words in _expandable(container):
            for name in _REFERENCE.findall(words):
                variable = known.get(name)
                if variable is not None and variable.value is None:
                    yield Found(
                        at,
                        f"container {container.name} refers to $({name}), a value known only when it runs; Cloud "
                        "Run does not expand it",
                    )


def _expandable(container: Container) -> Iterator[tuple[str, str]]:
    for field, words in (("command", container.command), ("args", container.args)):
        for i, word in enumerate(words):
            yield f"{container.path}.{field}[{i}]", word
    for variable in container.env:
        if variable.source == "value" and variable.value:
            yield variable.path, variable.value


@rule(
    id="service-link-variable",
    severity="change",
    reads=("PodSpec.enableServiceLinks", "Container.command", "Container.args", "Container.env[].value"),
    docs=_CONTRACT,
)
def service_link_variable(candidate: Candidate) -> Iterator[Found]:
    """The containers use variables that Kubernetes sets for each Service.

    Why: Cloud Run sets no `NAME_SERVICE_HOST` or `NAME_SERVICE_PORT`.
    Remedy: Give the address of the dependency as an `env` of the same name.
    Example: args: ["--backend=$(BACKEND_SERVICE_HOST):$(BACKEND_SERVICE_PORT)"]
    """
    for container in candidate.moving:
        own = {e.name for e in container.env}
        for at, words in _expandable(container):
            for name in re.findall(r"\$[({]?([A-Z][A-Z0-9_]+)", words):
                if _SERVICE_LINK.match(name) and name not in own:
                    yield Found(
                        at,
                        f"container {container.name} uses {name}, which Kubernetes sets for a Service; Cloud Run "
                        "does not",
                    )


@rule(id="environment-too-large", severity="change", reads=("Container.env[].value", "Container.args"), docs=_QUOTAS)
def environment_too_large(candidate: Candidate) -> Iterator[Found]:
    """A container has more variables, longer values or more arguments than Cloud Run takes.

    Why: A container has at most 1000 variables of 32 KB each, and 1000 arguments.
    Remedy: Put long values into a secret that is mounted as a file (`volumes[].secret`), or into the image.
    Example: env: [{name: CONFIG, value: "... 40 KB ..."}]
    """
    for container in candidate.moving:
        if len(container.env) > MAX_VARIABLES:
            yield Found(
                f"{container.path}.env",
                f"container {container.name} has {len(container.env)} variables; Cloud Run takes {MAX_VARIABLES}",
            )
        if len(container.args) > MAX_ARGUMENTS:
            yield Found(
                f"{container.path}.args",
                f"container {container.name} has {len(container.args)} arguments; Cloud Run takes {MAX_ARGUMENTS}",
            )
        for variable in container.env:
            size = len((variable.value or "").encode())
            if size > MAX_VARIABLE_BYTES:
                yield Found(
                    variable.path,
                    f"{variable.name} of container {container.name} is {size} bytes long; Cloud Run takes "
                    f"{MAX_VARIABLE_BYTES}",
                )


@rule(id="redacted-text", severity="change", reads=("Container.command", "Container.args"), docs=_SECRETS)
def redacted_text(candidate: Candidate) -> Iterator[Found]:
    """An argument or a probe's header looked like a secret, and was not stored.

    Why: Secrets never enter a snapshot. A variable becomes a reference to Secret Manager; an argument or a header
    cannot, so its place is only marked.
    Remedy: Give the value as a variable (`env[].valueFrom.secretKeyRef`) and let a shell or the application put it in
    its place.
    Example: args: ["--password=hunter2"]
    """
    for container in candidate.moving:
        for field, words in (("command", container.command), ("args", container.args)):
            hidden = [i for i, word in enumerate(words) if "<redacted>" in word]
            if hidden:
                places = ", ".join(f"{field}[{i}]" for i in hidden)
                yield Found(
                    f"{container.path}.{field}[{hidden[0]}]",
                    f"container {container.name}: {places} looked like a secret and was not stored; Cloud Run takes "
                    "arguments as they are",
                )
        for name, probe in container.probes():
            for header, value in probe.headers:
                if "<redacted>" in value:
                    yield Found(
                        f"{probe.path}.httpGet.httpHeaders",
                        f"{name} of container {container.name}: the header {header} looked like a secret and was "
                        "not stored",
                    )
