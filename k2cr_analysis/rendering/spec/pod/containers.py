"""The containers that go along: image, command, variables, resources, probes, order, mounts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes, ServiceShape, cpu_text, memory_text
from k2cr_analysis.model.parse.access import found_at, mapping, source_value, strings
from k2cr_analysis.model.pod.references import expand
from k2cr_analysis.model.pod.scratch import scratch_volumes
from k2cr_analysis.model.workload import REDACTED, Container
from k2cr_analysis.openapi.json_path import child
from k2cr_analysis.platforms.cloud_run.gpu import GPU_RESOURCE
from k2cr_analysis.platforms.cloud_run.limits import GIB
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.addresses import Addresses
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.audience import AUDIENCE_CHANGES, with_audience
from k2cr_analysis.rendering.spec.pod.environment import Environment, build_environment
from k2cr_analysis.rendering.spec.pod.images import build_image
from k2cr_analysis.rendering.spec.pod.probe_words import startup_why
from k2cr_analysis.rendering.spec.pod.volumes import Volumes, build_volumes
from k2cr_analysis.rendering.spec.service import RunContainer
from k2cr_analysis.rendering.text.names import container_names
from k2cr_analysis.sizing import asked_bytes, limit_decides_cpu, shared_amounts

_MORE_BYTES = 20 * GIB  # of local disk: enough to be a disk, and another size than before
# Fields that the v1 API takes and that change nothing there.
_WITHOUT_EFFECT = {
    "imagePullPolicy": "a revision keeps to the digest that it was made with",
    "terminationMessagePath": "Cloud Run does not read it; the log holds the last words",
    "terminationMessagePolicy": "Cloud Run does not read it; the log holds the last words",
}


class Containers:
    """The containers that go along, with what they share."""

    def __init__(
        self,
        assessed: WorkloadAssessment,
        shape: ServiceShape,
        audience: str | None,
        context: RenderContext,
        account: Account,
    ) -> None:
        self.workload = assessed.workload
        self.fit = assessed.fit
        self.shape = shape
        self.context = context
        self.account = account
        self.sources = [c for name in self.fit.containers if (c := self.workload.container(name)) is not None]
        self.findings = assessed.findings
        self.scratch = scratch_volumes(self.workload.pod, {c.name: c for c in self.sources})
        self.is_measured = not any(f.rule == "no-usage-data" for f in assessed.findings)
        self.names = container_names([c.name for c in self.sources])
        addresses = Addresses(self.workload.namespace, self.fit.dependencies)
        self.addresses = addresses
        self.audience = audience
        self.environments: Mapping[str, Environment] = {
            c.name: build_environment(
                self.workload,
                c,
                ingress_port=self._ingress_port(c),
                addresses=addresses,
                audience=audience,
                account=account,
                project=context.project,
            )
            for c in self.sources
        }
        self.volumes: Volumes = build_volumes(
            self.workload,
            self.sources,
            memory_bytes=shape.memory_bytes,
            known={n: e.known for n, e in self.environments.items()},
            project=context.project,
            account=account,
        )
        self._write_addresses_in_files()

    def _write_addresses_in_files(self) -> None:
        """Files of ConfigMaps name what the workload calls too: the letters of the host change, and no others."""
        data = {
            str(mapping(raw, "metadata").get("name")): strings(raw.get("data"))
            for raw in self.workload.related.get("ConfigMap", ())
        }
        for name, secret in list(self.account.secrets.items()):
            of_map = data.get(secret.object_name, {}) if secret.kind == "ConfigMap" else {}
            texts = {key: self._file(secret.object_name, key, of_map[key]) for key in secret.keys if key in of_map}
            changed = {key: text for key, text in texts.items() if text != of_map[key] and REDACTED not in text}
            if changed:
                sums = {key: sha256(of_map[key].encode()).hexdigest() for key in changed}
                self.account.secrets[name] = replace(secret, texts=changed, sums=sums)

    def _file(self, config_map: str, key: str, text: str) -> str:
        return self.addresses.redirect(text, f"ConfigMap/{config_map} $.data['{key}']")[0]

    def _gpu(self, container: Container) -> str | None:
        """An instance has one GPU, and one container owns it."""
        owner = self.workload.pod.gpu
        return "1" if self.shape.gpu and owner and owner.container == container.name else None

    def _ingress_port(self, container: Container) -> int | None:
        if self.fit.target != "service" or container.name != self.fit.ingress_container:
            return None
        return self.fit.ingress_port

    def containers(self) -> tuple[RunContainer, ...]:
        self._account_for_pod_amounts()
        return tuple(self._container(c) for c in self.sources)

    def _container(self, source: Container) -> RunContainer:
        asks = [f for f in self.findings if f.severity == "change"]
        of_image = [f for f in asks if f.rule == "image-is-placeholder" and (f.path or "").startswith(source.path)]
        sole = bool(of_image) and len(asks) == len(of_image)
        image, image_why = build_image(source, self.context, self.account, is_all_that_is_asked=sole)
        shape = self.shape.containers[source.name]
        cpu, memory = cpu_text(shape.cpu_cores), memory_text(shape.memory_bytes)
        probes = self.fit.probes.get(source.name, ContainerProbes(None, None))
        port = self._ingress_port(source)
        depends_on = tuple(d for d in self.fit.startup.depends_on.get(source.name, ()) if d in self.fit.containers)
        why = {"cpu": _asked(source), "image": image_why or "", "startup_probe": startup_why(probes)}
        why["depends_on"] = "; ".join(w for d in depends_on if (w := self.fit.startup.evidence.get((source.name, d))))
        self._account_for_resources(source, cpu, memory)
        self._account_for_sidecar(source)
        for field, reason in _WITHOUT_EFFECT.items():
            written = source_value(self.workload, f"{source.path}.{field}")
            if written is not None:
                self.account.dropped(f"{source.path}.{field}", written, reason)
        return RunContainer(
            name=self._name(source),
            image=image,
            cpu=cpu,
            memory=memory,
            command=self._words(source, "command", source.command),
            args=self._words(source, "args", source.args),
            working_dir=self._working_dir(source),
            env=self.environments[source.name].variables,
            port=port,
            h2c=port is not None and self.fit.h2c,
            gpu=self._gpu(source),
            startup_probe=self._probe(source, "startup", probes.startup),
            liveness_probe=self._probe(source, "liveness", probes.liveness),
            readiness_probe=self._probe(source, "readiness", probes.readiness),
            mounts=self.volumes.mounts[source.name],
            depends_on=tuple(self.names[d] for d in depends_on),
            why={k: v for k, v in why.items() if v},
        )

    def _name(self, source: Container) -> str:
        name = self.names[source.name]
        if name != source.name:
            why = "a container's name is lower case letters, digits and hyphens, at most 63"
            self.account.changed(f"{source.path}.name", "containers[].name", source.name, name, why)
        else:
            self.account.carried(f"{source.path}.name", "containers[].name", name)
        return name

    def _words(self, source: Container, field: str, words: Sequence[str]) -> tuple[str, ...]:
        """``command`` or ``args`` as the container would have got them; the account is of the whole list."""
        target = f"containers[].{field}"
        reasons: list[str] = []
        found = tuple(self._word(source, f"{field}[{index}]", word, reasons) for index, word in enumerate(words))
        if reasons:
            why = "; ".join(dict.fromkeys(reasons))
            self.account.changed(f"{source.path}.{field}", target, list(words), list(found), why)
        elif words:
            self.account.carried(f"{source.path}.{field}", target, list(words))
        return found

    def _word(self, source: Container, place: str, word: str, reasons: list[str]) -> str:
        environment = self.environments[source.name]
        result = expand(word, environment.known, environment.unknown)
        text, redirected = self.addresses.redirect(result.text, f"{source.path}.{place}")
        told = with_audience(text, self.audience, self.account)
        text, redirected = (told, AUDIENCE_CHANGES) if told != text else (text, redirected)
        if REDACTED in text:
            literal = _redacted_literal(source, place)
            meaning = f"{place} of container {source.name}: it looked like a secret and was not stored; "
            self.account.placeholder(literal, meaning + "better let the program read it from a variable")
            reasons.append(f"{place} looked like a secret and is not in the snapshot: a marked placeholder")
            return text.replace(REDACTED, literal)
        if result.left:
            names = f"$({', '.join(result.left)})"
            reasons.append(f"Cloud Run does not expand {names}, whose value is not known at render time")
            self.account.decide(
                f"Container {source.name}: {place} refers to {names}, which Cloud Run does not expand. "
                "Let the program read the variable itself."
            )
        elif text != word:
            reasons.append(redirected or "Cloud Run does not expand $(VAR): expanded here")
        return text

    def _working_dir(self, source: Container) -> str | None:
        found = source.working_dir
        if found is None:
            return None
        self.account.carried(f"{source.path}.workingDir", "containers[].workingDir", found)
        return found

    def _probe(self, source: Container, kind: str, probe: CloudRunProbe | None) -> CloudRunProbe | None:
        if probe is None or not any(REDACTED in value for _, value in probe.headers):
            return probe
        literal = _redacted_literal(source, f"{kind} header")
        meaning = f"a header of the {kind} probe of container {source.name}: it looked like a secret and was not stored"
        self.account.placeholder(literal, meaning)
        return replace(probe, headers=tuple((name, value.replace(REDACTED, literal)) for name, value in probe.headers))

    def _account_for_sidecar(self, source: Container) -> None:
        if source.is_sidecar and source.path.rpartition("[")[0].endswith("initContainers"):
            why = "it runs beside the others, and is a container like them"
            self.account.changed(f"{source.path}.restartPolicy", "containers[]", "Always", "a container", why)

    def _account_for_resources(self, source: Container, cpu: str, memory: str) -> None:
        """A line for each amount: what decided the size stands in the limits."""
        given: dict[str, str] = {"cpu": cpu, "memory": memory}
        asked, limits = source.requests, source.limits
        # As sizing reads them: CPU by the request, or a part of the limit above it; memory by the limit.
        decides = {
            ("requests", "cpu"): bool(asked.cpu_cores),
            ("limits", "cpu"): limit_decides_cpu(source, self.shape.containers[source.name].cpu_cores),
            ("requests", "memory"): bool(asked.memory_bytes) and asked_bytes(source) != limits.memory_bytes,
            ("limits", "memory"): bool(limits.memory_bytes) and asked_bytes(source) == limits.memory_bytes,
        }
        raised = {f.path for f in self.findings if f.rule == "memory-raised-after-oom"}
        for word in ("requests", "limits"):
            for key in mapping(found_at(self.workload, f"{source.path}.resources.{word}")):
                path = child(f"{source.path}.resources.{word}", key)
                value = source_value(self.workload, path)
                if key in given and (path in raised or (not self.is_measured and decides[word, key])):
                    why = "what is allocated and billed; see the assessment for how it was sized"
                    self.account.changed(path, f"containers[].resources.limits.{key}", value, given[key], why)
                elif key == GPU_RESOURCE and word == "limits" and value == self._gpu(source):
                    self.account.carried(path, child("containers[].resources.limits", GPU_RESOURCE), value)
                elif key == "ephemeral-storage":
                    self._account_for_storage(source, word, path, value)
                else:
                    self.account.counted(path, value, "money on GKE; the size comes from elsewhere")

    def _account_for_pod_amounts(self) -> None:
        """What the pod asks for as a whole is shared among the containers that ask for nothing themselves."""
        pod = self.workload.pod
        shared = shared_amounts(pod, {c.name: c for c in self.sources})
        for word in ("requests", "limits"):
            for key in mapping(found_at(self.workload, f"{pod.path}.resources.{word}")):
                path = child(f"{pod.path}.resources.{word}", key)
                value, names = source_value(self.workload, path), shared.get((word, key))
                if names and not self.is_measured:
                    target = "; ".join(f"container {name} resources.limits.{key}" for name in names)
                    self.account.changed(path, target, value, None, "shared among containers that ask for nothing")
                else:
                    self.account.counted(path, value, "money on GKE; the size comes from elsewhere")

    def _account_for_storage(self, source: Container, word: str, path: str, value: str | None) -> None:
        """What a container asks for of the node's disk is the size of its first volume without one."""
        named = next((s.volume.name for s in self.scratch.values() if s.at == path), None)
        if named is not None:
            why = f"it is the size of volume {named}, which states none"
            self.account.changed(path, f"volume {named} emptyDir.sizeLimit", value, None, why)
        elif other := next(iter(self._scratch_by_other_storage(source, word)), None):
            why = f"volume {other} states no size; what Autopilot writes by itself is nobody's word on it"
            self.account.changed(path, f"volume {other}", value, None, why)
        else:
            self.account.counted(path, value, "money on GKE; the size comes from elsewhere")

    def _scratch_by_other_storage(self, source: Container, word: str) -> Iterator[str]:
        """The volumes that would be others if the container asked for more of the node's disk."""
        if word == "requests" and source.limits.ephemeral_storage_bytes is not None:
            return  # the limit goes first, and no request is above it
        resources = source.limits if word == "limits" else source.requests
        more = replace(resources, ephemeral_storage_bytes=(resources.ephemeral_storage_bytes or 0) + _MORE_BYTES)
        other = replace(source, limits=more) if word == "limits" else replace(source, requests=more)
        containers = {c.name: other if c is source else c for c in self.sources}
        after = scratch_volumes(self.workload.pod, containers)
        yield from (name for name, one in self.scratch.items() if one != after.get(name))


def _asked(container: Container) -> str:
    """The manifest's own words on resources, for the reader of the files."""
    parts = []
    for word, found in (("requests", container.requests), ("limits", container.limits)):
        asked = [cpu_text(found.cpu_cores)] if found.cpu_cores is not None else []
        asked += [memory_text(found.memory_bytes)] if found.memory_bytes is not None else []
        parts += [f"{word} {' and '.join(asked)}"] if asked else []
    return f"on GKE: {', '.join(parts)}" if parts else "on GKE: no requests, no limits"


def _redacted_literal(source: Container, place: str) -> str:
    return f"REDACTED_{re.sub(r'[^A-Z0-9]+', '_', f'{source.name} {place}'.upper()).strip('_')}"
