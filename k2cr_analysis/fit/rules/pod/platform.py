"""What a pod asks of its node: privilege, namespaces, capabilities, kernel settings, processor and system."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.fields.field_rules import FieldRule, register_all
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.pod.placement import MachineRule
from k2cr_analysis.platforms.gke.autopilot import ARM_SUFFIX, POD_CLASSES
from k2cr_analysis.platforms.gke.cluster import ARCH_LABELS, ARM_SERIES, MACHINE_FAMILY, MACHINE_TYPE_LABELS, OS_LABELS
from k2cr_analysis.platforms.gke.labels import POD_NETWORKS
from k2cr_analysis.platforms.images import parse_image

_CONTRACT = "https://docs.cloud.google.com/run/docs/container-contract"
# The capabilities that a container runtime gives anyway: asking for them asks nothing of the node (Docker, "Runtime
# privilege and Linux capabilities").
_DEFAULT_CAPABILITIES = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
# Wanted for speed or comfort, within the container alone; the application usually runs without.
_OWN_CAPABILITIES = frozenset({"IPC_LOCK", "SYS_NICE", "SYS_RESOURCE", "SYS_PTRACE"})

register_all(
    FieldRule(
        id="host-network",
        severity="blocker",
        field="PodSpec.hostNetwork",
        message="the pod uses the node's network; a Cloud Run instance has a network of its own",
        text="""The pod uses its node's network.

    Why: A Cloud Run instance has no node: it has its own network, and takes requests on one port.
    Remedy: Set `hostNetwork: false` and listen on a port of the pod; what really needs the node's network stays on GKE.
    Example: hostNetwork: true""",
        docs=_CONTRACT,
    ),
    FieldRule(
        id="host-process-namespace",
        severity="blocker",
        field="PodSpec.hostPID",
        message="the pod sees the node's processes; a Cloud Run instance has no node",
        text="""The pod sees its node's processes.

    Why: A Cloud Run instance has no node, and each container has a process namespace of its own.
    Remedy: Set `hostPID: false`; node agents stay on GKE.
    Example: hostPID: true""",
        docs=_CONTRACT,
    ),
    FieldRule(
        id="host-ipc-namespace",
        severity="blocker",
        field="PodSpec.hostIPC",
        message="the pod shares the node's IPC; a Cloud Run instance has no node",
        text="""The pod shares its node's inter-process communication.

    Why: A Cloud Run instance has no node that it could share memory or semaphores with.
    Remedy: Set `hostIPC: false`, or leave the workload on GKE.
    Example: hostIPC: true""",
        docs=_CONTRACT,
    ),
    FieldRule(
        id="privileged-container",
        severity="blocker",
        field="Container.securityContext.privileged",
        message="container {container} is privileged; Cloud Run runs every container in a sandbox",
        text="""A container is privileged.

    Why: Cloud Run runs containers in a sandbox, without the node's devices and without added rights.
    Remedy: Set `securityContext.privileged: false`, and bake what it does to the system into the image; a container
    that changes its node stays on GKE.
    Example: securityContext: {privileged: true}""",
        docs=_CONTRACT,
    ),
    FieldRule(
        id="unmasked-proc",
        severity="blocker",
        field="Container.securityContext.procMount",
        message="container {container} wants procMount {value}; Cloud Run runs every container in a sandbox",
        text="""A container wants the whole of /proc.

    Why: An unmasked /proc is for containers that build or run containers. Cloud Run's sandbox does not give it.
    Remedy: Take out `securityContext.procMount`; builders of images move to Cloud Build.
    Example: securityContext: {procMount: Unmasked}""",
        docs=_CONTRACT,
        only=("Unmasked",),
    ),
    FieldRule(
        id="shared-process-namespace",
        severity="change",
        field="PodSpec.shareProcessNamespace",
        message="the containers see each other's processes; on Cloud Run each has a process namespace of its own",
        text="""The containers of the pod see each other's processes.

    Why: On Cloud Run each container has a process namespace of its own. A sidecar that signals the application, or
    reads its /proc, cannot.
    Remedy: Take out `shareProcessNamespace`; let the containers talk over localhost, or put both processes into one
    container.
    Example: shareProcessNamespace: true""",
        docs=_CONTRACT,
    ),
    FieldRule(
        id="kernel-parameter",
        severity="change",
        field="PodSpec.securityContext.sysctls",
        message="the pod sets kernel parameters ({value}); Cloud Run sets none",
        text="""The pod sets kernel parameters.

    Why: Cloud Run has no `sysctls`: its sandbox has a kernel of its own, with its own values.
    Remedy: Take out `securityContext.sysctls` and test under load whether the application needs them at all.
    Example: securityContext: {sysctls: [{name: net.core.somaxconn, value: "1024"}]}""",
        docs=_CONTRACT,
    ),
    FieldRule(
        id="terminal-wanted",
        severity="note",
        field="Container.tty",
        message="container {container} wants a terminal; Cloud Run gives none",
        text="""A container wants a terminal.

    Why: Nobody can attach to a container's standard input on Cloud Run.
    Remedy: Take out `tty` and `stdin`; a container that is only a shell to work in does not move.
    Example: tty: true""",
        docs=_CONTRACT,
    ),
    FieldRule(
        id="standard-input-wanted",
        severity="note",
        field="Container.stdin",
        message="container {container} wants its standard input kept open; Cloud Run closes it",
        text="""A container wants its standard input kept open.

    Why: Nobody can attach to a container's standard input on Cloud Run: a process that reads it sees its end at once.
    Remedy: Take out `stdin` and `tty`; a container that is only a shell to work in does not move.
    Example: stdin: true""",
        docs=_CONTRACT,
    ),
)


@rule(
    id="user-set-in-manifest",
    severity="note",
    reads=("Container.securityContext.runAsUser", "PodSpec.securityContext.runAsUser"),
    docs=_CONTRACT,
)
def user_set_in_manifest(candidate: Candidate) -> Iterator[Found]:
    """The manifest sets the user that a container runs as.

    Why: Cloud Run runs a container as the USER of its image and ignores `runAsUser`.
    Remedy: Set `USER` in the Dockerfile, if the application must not run as root; or must, for user 0.
    Example: securityContext: {runAsUser: 1000}
    """
    for container in candidate.moving:
        if container.run_as_user is not None:
            yield Found(
                f"{container.path}.securityContext.runAsUser",
                f"container {container.name} is to run as user {container.run_as_user}; Cloud Run runs it as the "
                "image's USER",
            )
    rest = [c.name for c in candidate.moving if c.run_as_user is None]
    if candidate.pod.run_as_user is not None and rest:
        yield Found(
            f"{candidate.pod.path}.securityContext.runAsUser",
            f"{', '.join(rest)}: to run as user {candidate.pod.run_as_user}; Cloud Run runs a container as the image's "
            "USER",
        )


# Cloud Run, "Container runtime contract": file descriptors a process, a hard limit in both execution environments.
MAX_OPEN_FILES = 25_000
_OPEN_FILES = re.compile(
    r"(?:\bulimit\s+(?:-[A-Za-z]+\s+)*-[HS]*n[HS]*\s+"
    r"|\b(?:nofile|rlimit[_-]nofile|worker_rlimit_nofile|fs\.file-max|fs\.nr_open)[\s=:\"']+)"
    r"(?P<limits>(?:\d+|unlimited|infinity)(?::(?:\d+|unlimited|infinity))?)",
    re.IGNORECASE,
)


@rule(id="open-files-over-limit", severity="change", reads=("Container.command", "Container.args"), docs=_CONTRACT)
def open_files_over_limit(candidate: Candidate) -> Iterator[Found]:
    """A command raises the number of open files above Cloud Run's limit.

    Why: A process has at most 25,000 file descriptors on Cloud Run, in both execution environments. Raising the limit
    fails there; a shell that stops at the first error does not even start the application.
    Remedy: Take the `ulimit`, `nofile` or sysctl out of `command` and `args`. Where an instance really needs more
    connections and files than that, lower `containerConcurrency` and let more instances share them.
    Example: command: [sh, -c, "ulimit -n 65536 && exec /server"]
    """
    for container in (*candidate.moving, *candidate.pod.init_containers):
        for field, words in (("command", container.command), ("args", container.args)):
            for found in _OPEN_FILES.finditer(" ".join(words)):
                wanted = found["limits"].split(":")
                if any(not w.isdecimal() or int(w) > MAX_OPEN_FILES for w in wanted):
                    yield Found(
                        f"{container.path}.{field}",
                        f"container {container.name} asks for {found['limits']} open files; a process on Cloud Run has "
                        f"at most {MAX_OPEN_FILES:,}",
                    )


@rule(
    id="host-port", severity="blocker", reads=("Container.ports[].hostPort", "Container.ports[].hostIP"), docs=_CONTRACT
)
def host_port(candidate: Candidate) -> Iterator[Found]:
    """A container takes a port of its node.

    Why: A Cloud Run instance has no node and no address of its own that a caller could use.
    Remedy: Take out `ports[].hostPort` and let callers use the Service, which becomes the service's URL.
    Example: ports: [{containerPort: 8080, hostPort: 8080}]
    """
    for container in candidate.moving:
        for port in container.ports:
            if port.host_port:
                yield Found(
                    f"{port.path}.hostPort",
                    f"container {container.name} takes port {port.host_port} of its node; Cloud Run has no node",
                )


@rule(id="node-capability", severity="blocker", reads=("Container.securityContext.capabilities",), docs=_CONTRACT)
def node_capability(candidate: Candidate) -> Iterator[Found]:
    """A container adds a capability that reaches beyond the container.

    Why: Cloud Run adds no Linux capabilities. What configures networks, mounts, clocks or the kernel cannot run there.
    Remedy: Take it out of `securityContext.capabilities.add`, if the application runs without it; otherwise it stays on
    GKE.
    Example: securityContext: {capabilities: {add: [NET_ADMIN]}}
    """
    for at, container, capability in _added(candidate):
        if capability not in _DEFAULT_CAPABILITIES | _OWN_CAPABILITIES:
            yield Found(at, f"container {container} adds the capability {capability}; Cloud Run adds none")


@rule(id="own-capability", severity="change", reads=("Container.securityContext.capabilities",), docs=_CONTRACT)
def own_capability(candidate: Candidate) -> Iterator[Found]:
    """A container adds a capability that it uses for itself alone.

    Why: Cloud Run adds no Linux capabilities. Locking memory, raising its own limits or priorities will fail; most
    applications go on without.
    Remedy: Take it out of `securityContext.capabilities.add`, turn the feature off in the application (Vault:
    `disable_mlock`), and test.
    Example: securityContext: {capabilities: {add: [IPC_LOCK]}}
    """
    for at, container, capability in _added(candidate):
        if capability in _OWN_CAPABILITIES:
            yield Found(at, f"container {container} adds the capability {capability}; Cloud Run adds none")


def _added(candidate: Candidate) -> Iterator[tuple[str, str, str]]:
    for container in candidate.moving:
        for i, added in enumerate(container.added_capabilities):
            yield (
                f"{container.path}.securityContext.capabilities.add[{i}]",
                container.name,
                added.upper().removeprefix("CAP_"),
            )


@rule(
    id="processor-or-system-not-offered",
    severity="blocker",
    reads=(
        "PodSpec.nodeSelector",
        "PodSpec.affinity.nodeAffinity",
        "PodSpec.os",
        "Container.image",
        "PodSpec.securityContext.windowsOptions",
        "ComputeClass.spec.priorities",
    ),
    docs=_CONTRACT,
)
def processor_or_system_not_offered(candidate: Candidate) -> Iterator[Found]:
    """The pod runs on another processor or system than linux/amd64 only.

    Why: Cloud Run runs linux/amd64 images; an image index must hold that platform.
    Remedy: Build the image for linux/amd64 too (`docker buildx build --platform linux/amd64,linux/arm64`) and take the
    selector out.
    Example: nodeSelector: {kubernetes.io/arch: arm64}
    """
    wanted: Mapping[str, tuple[str, str]] = {
        **dict.fromkeys(ARCH_LABELS, ("amd64", "the processor")),
        **dict.fromkeys(OS_LABELS, ("linux", "the system")),
    }
    for label, (offered, what) in wanted.items():
        allowed = candidate.pod.placement.allowed(label)
        if allowed and offered not in allowed.values:
            yield Found(
                allowed.at, f"{what} must be {' or '.join(sorted(allowed.values))}; Cloud Run runs linux/amd64 alone"
            )
        excluded = candidate.pod.placement.excluded(label)
        if excluded and offered in excluded.values:
            yield Found(excluded.at, f"{what} must not be {offered}; Cloud Run runs linux/amd64 alone")
    yield from _arm_machines(candidate)
    yield from _arm_class(candidate)
    if candidate.pod.placement.os == "windows":
        yield Found(f"{candidate.pod.path}.os.name", "the system must be windows; Cloud Run runs linux/amd64 alone")
    if candidate.pod.has_windows_options:
        yield Found(
            f"{candidate.pod.path}.securityContext.windowsOptions",
            "the pod has options for Windows; Cloud Run runs linux/amd64 alone",
        )
    for container in candidate.moving:
        name = parse_image(container.image or "")
        words = {*(name.tag or "").lower().replace("_", "-").split("-"), *name.path.lower().split("/")}
        other = words & {
            "arm64",
            "arm64v8",
            "arm32v7",
            "aarch64",
            "armhf",
            "windowsservercore",
            "nanoserver",
            "servercore",
            "ppc64le",
            "s390x",
        }
        if other and not words & {"amd64", "multiarch"}:
            yield Found(
                f"{container.path}.image",
                f"the image {container.image} is for {', '.join(sorted(other))} by its name; Cloud Run runs "
                "linux/amd64 alone",
            )


def _arm_machines(candidate: Candidate) -> Iterator[Found]:
    """Node labels that name an Arm machine series."""
    for label in (MACHINE_FAMILY, *MACHINE_TYPE_LABELS):
        allowed = candidate.pod.placement.allowed(label)
        if allowed and all(value.partition("-")[0] in ARM_SERIES for value in allowed.values):
            words = " or ".join(sorted(allowed.values))
            yield Found(allowed.at, f"the machine must be {words}, which is Arm; Cloud Run runs linux/amd64 alone")


def _arm_class(candidate: Candidate) -> Iterator[Found]:
    """A compute class whose machines are Arm alone."""
    chosen = candidate.pod.placement.compute_class
    if chosen is None:
        return
    built_in = chosen.rules is None and POD_CLASSES.get(chosen.name, ("", False))[0].endswith(ARM_SUFFIX)
    if built_in or (chosen.rules and all(_is_arm(rule) for rule in chosen.rules)):
        yield Found(chosen.at, f"compute class {chosen.name} is Arm alone; Cloud Run runs linux/amd64 alone")


def _is_arm(rule: MachineRule) -> bool:
    machines = [m for m in (rule.machine_family, rule.machine_type) if m]
    of_machine = bool(machines) and all(m.partition("-")[0] in ARM_SERIES for m in machines)
    return (rule.pod_family or "").endswith(ARM_SUFFIX) or of_machine


@rule(
    id="runtime-class",
    severity="change",
    reads=("PodSpec.runtimeClassName",),
    docs="https://docs.cloud.google.com/run/docs/about-execution-environments",
)
def runtime_class(candidate: Candidate) -> Iterator[Found]:
    """The pod asks for a container runtime of its own.

    Why: Cloud Run has two execution environments: gen1 (gVisor) and gen2. Other runtimes do not exist there.
    Remedy: Take out `runtimeClassName`, or say what it was for. gVisor needs nothing: it is gen1.
    Example: runtimeClassName: kata
    """
    asked = candidate.pod.placement.runtime_class
    if asked and asked not in ("gvisor", "nvidia", "runc"):
        yield Found(
            f"{candidate.pod.path}.runtimeClassName",
            f"the pod asks for the runtime class {asked}; Cloud Run has gVisor (gen1) and gen2 alone",
        )


@rule(
    id="additional-network",
    severity="change",
    reads=("PodTemplateSpec.metadata.annotations",),
    docs="https://docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc",
)
def additional_network(candidate: Candidate) -> Iterator[Found]:
    """The pod has more than one network interface.

    Why: A Cloud Run revision has one interface in a VPC network, for egress alone.
    Remedy: Take out the annotation and reach the other network by peering or Private Service Connect, or leave the
    workload on GKE.
    Example: annotations: {networking.gke.io/interfaces: '[{"interfaceName":"eth1","network":"blue"}]'}
    """
    for key in (POD_NETWORKS, "k8s.v1.cni.cncf.io/networks"):
        if key in candidate.pod.annotations:
            yield Found(
                bracketed(f"{candidate.metadata_path()}.annotations", key),
                f"the pod has further network interfaces ({key}); Cloud Run has one, for egress",
            )


@rule(
    id="claimed-device",
    severity="blocker",
    reads=("PodSpec.resourceClaims", "Container.resources.claims"),
    docs="https://docs.cloud.google.com/run/docs/configuring/services/gpu",
)
def claimed_device(candidate: Candidate) -> Iterator[Found]:
    """The pod claims a device by dynamic resource allocation.

    Why: Cloud Run has no claims; its one device is a GPU of a fixed kind.
    Remedy: If the claim is for one NVIDIA L4 or RTX PRO 6000, ask for it as `resources.limits["nvidia.com/gpu"]: "1"`
    with the node selector of its kind; otherwise it stays on GKE.
    Example: resourceClaims: [{name: gpu, resourceClaimTemplateName: tpu-claim}]
    """
    for i, claim in enumerate(candidate.pod.resource_claims):
        yield Found(
            f"{candidate.pod.path}.resourceClaims[{i}]",
            f"the pod claims the device {claim}; Cloud Run has no resource claims",
        )
