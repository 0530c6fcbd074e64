"""Environment variables: literals, ConfigMap keys as literals, Secret keys as Secret Manager references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import found_at, objects, source_value
from k2cr_analysis.model.pod.environment import value_in_manifest, variables_from
from k2cr_analysis.model.pod.references import expand
from k2cr_analysis.model.pod.secret_manager import existing_keys
from k2cr_analysis.model.pod.secret_reference import LATEST, SecretReference, reference_of_variable
from k2cr_analysis.model.workload import REDACTED, Container, EnvFrom, EnvVar, Workload
from k2cr_analysis.platforms.cloud_run.reserved import PORT_VARIABLE, REVISION_VARIABLE, is_reserved_variable
from k2cr_analysis.rendering.network.addresses import Addresses
from k2cr_analysis.rendering.spec.account import Account, SecretToCreate
from k2cr_analysis.rendering.spec.audience import AUDIENCE_CHANGES, with_audience
from k2cr_analysis.rendering.spec.existing import copied, is_at_home
from k2cr_analysis.rendering.spec.service import RunEnv, SecretVersion
from k2cr_analysis.rendering.text.names import key_secret_name, secret_name

_FIELD = "containers[].env[].valueFrom.secretKeyRef"
# What stands for a downward API field on Cloud Run, where something does.
_INSTEAD = {
    "metadata.name": f"read the instance id from the metadata server, or {REVISION_VARIABLE}",
    "spec.nodeName": "no nodes: drop it",
    "status.hostIP": "no nodes: drop it",
    "status.podIP": "no address of its own that others reach: drop it",
    "spec.serviceAccountName": "read the e-mail from the metadata server",
}


@dataclass(frozen=True)
class Environment:
    """What a container sees: the variables to write, and what is known for ``$(VAR)`` in its command and args."""

    variables: tuple[RunEnv, ...]
    known: Mapping[str, str]
    unknown: frozenset[str]


def build_environment(
    workload: Workload,
    container: Container,
    *,
    ingress_port: int | None,
    addresses: Addresses,
    account: Account,
    audience: str | None = None,
    project: str | None = None,
) -> Environment:
    """``env`` and the expanded ``envFrom``; of two with one name the last wins, and ``env`` wins over ``envFrom``.

    ``audience``: IAP's new one, for a variable that holds the old one. ``project``: where it goes, if known.
    """
    builder = _Builder(workload, container, ingress_port, addresses, audience, account)
    builder.project = project
    overridden = {v.name for v in container.env}
    for source in container.env_from:
        builder.add_all(source, overridden)
    for variable in container.env:
        builder.add(variable)
    builder.account_for_repeated()
    return Environment(tuple(builder.written.values()), builder.known, frozenset(builder.unknown))


class _Builder:
    def __init__(
        self,
        workload: Workload,
        container: Container,
        ingress_port: int | None,
        addresses: Addresses,
        audience: str | None,
        account: Account,
    ) -> None:
        self.workload = workload
        self.container = container
        self.ingress_port = ingress_port
        self.addresses = addresses
        self.audience = audience
        self.account = account
        self.written: dict[str, RunEnv] = {}
        self.known: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.project: str | None = None

    def add_all(self, source: EnvFrom, overridden: set[str]) -> None:
        what = "ConfigMap" if source.kind == "config-map" else "Secret"
        if source.keys is None:
            self._keys_unknown(source, what)
            return
        names = []
        for variable in variables_from(source, self.workload.related.get("ConfigMap", ())):
            if variable.name in overridden or self._is_platforms_own(variable):
                continue
            names.append(variable.name)
            if variable.source == "config-map" and variable.value is not None:
                self._from_map(variable, variable.value)
            else:
                self._from_secret(variable)
        self.account.changed(
            source.path,
            "containers[].env",
            f"{what} {source.name}",
            ", ".join(names) or "no keys",
            "Cloud Run has no envFrom: every key becomes an entry of its own",
        )

    def _keys_unknown(self, source: EnvFrom, what: str) -> None:
        self.account.dropped(
            source.path,
            f"{what} {source.name}",
            f"the keys of {what} {source.name} are not in the snapshot, so no entry can be written for them",
        )
        if not source.optional:
            self.account.decide(
                f"Container {self.container.name} takes all keys of {what} {source.name} as variables; the "
                "snapshot does not hold "
                f"the keys. Collect again with that object, or add them to env by hand."
            )

    def add(self, variable: EnvVar) -> None:
        if self._is_platforms_own(variable):
            return
        match variable.source:
            case "value":
                self._value(variable)
            case "redacted" | "secret":
                self._from_secret(variable)
            case "config-map" if variable.value is not None:
                written = self._from_map(variable, variable.value)
                self.account.changed(
                    variable.path,
                    "containers[].env[].value",
                    f"ConfigMap {variable.ref_name}, key {variable.ref_key}",
                    written,
                    "Cloud Run has no ConfigMaps: the value stands in the file",
                )
            case "config-map" if variable.optional:
                why = "optional, and not in the snapshot: the container goes without it"
                at = f"{variable.path}.valueFrom.configMapKeyRef.optional"
                self.account.changed(at, "containers[]", True, None, why)
                self.account.dropped(
                    variable.path,
                    f"ConfigMap {variable.ref_name}, key {variable.ref_key}",
                    "optional, and not in the snapshot",
                )
            case "config-map":
                self._from_secret(variable)
            case "field" if (value := value_in_manifest(variable, self.workload)) is not None:
                self._literal(variable, value, known=value)
                why = "Cloud Run has no downward API: what the manifest says of the pod stands in the file"
                self.account.changed(variable.path, "containers[].env[].value", variable.ref_key, value, why)
            case _:
                self._downward(variable)

    def account_for_repeated(self) -> None:
        """Of two with one name the later is written; the name of either says whether there are two."""
        at = f"{self.container.path}.env"
        entries = [(i, str(e.get("name"))) for i, e in objects({"env": found_at(self.workload, at)}, "env")]
        last = {name: index for index, name in entries}
        for index, name in entries:
            if sum(name == other for _, other in entries) > 1 and name in self.written:
                path, why = f"{at}[{index}]", "two have this name, and the later one is written"
                if index != last[name]:
                    self.account.dropped(path, source_value(self.workload, f"{path}.value"), why)
                self.account.changed(f"{path}.name", f"container {self.container.name} env", name, name, why)

    def _is_platforms_own(self, variable: EnvVar) -> bool:
        if is_reserved_variable(variable.name, serves=False):
            self.account.dropped(
                variable.path, variable.name, "Cloud Run sets this variable itself and refuses it from others"
            )
            return True
        if variable.name == PORT_VARIABLE and self.ingress_port is not None:
            self.known[PORT_VARIABLE] = str(self.ingress_port)
            why = f"Cloud Run sets PORT to {self.ingress_port} in the ingress container and refuses it from others"
            self.account.counted(variable.path, variable.value or variable.source, why)
            self.account.changed(f"{variable.path}.name", "containers[]", variable.name, "ports[0]", why)
            return True
        return False

    def _value(self, variable: EnvVar) -> None:
        source = variable.value or ""
        result = expand(source, self.known, self.unknown)
        text, redirected = self._with_addresses(variable, result.text)
        told = with_audience(text, self.audience, self.account)
        text, redirected = (told, AUDIENCE_CHANGES) if told != text else (text, redirected)
        self._literal(variable, text, known=result.text if result.whole else None, why=redirected)
        where = "containers[].env[].value"
        if result.left:
            names = ", ".join(result.left)
            self.account.changed(
                variable.path,
                where,
                source,
                text,
                f"Cloud Run does not expand $({names}), whose value is not known at render time",
            )
            self.account.decide(
                f"Container {self.container.name}: {variable.name} refers to $({names}), which Cloud Run "
                "does not expand. "
                f"Let the program put it together, or store the whole value as a secret."
            )
        elif redirected:
            self.account.changed(variable.path, where, source, text, redirected)
        elif text != source:
            self.account.changed(variable.path, where, source, text, "Cloud Run does not expand $(VAR): expanded here")
        else:
            self.account.carried(variable.path, where, source)

    def _with_addresses(self, variable: EnvVar, text: str) -> tuple[str, str | None]:
        written, why = self.addresses.redirect(text, variable.path)
        listed, beside = self.addresses.beside_proxy(variable.name, written)
        return listed, "; ".join(w for w in (why, beside) if w) or None

    def _from_map(self, variable: EnvVar, source: str) -> str:
        """A value of a ConfigMap as a literal, with the addresses in it; gives what was written."""
        value, why = self._with_addresses(variable, source)
        self._literal(variable, value, known=source, why=why)
        return value

    def _literal(self, variable: EnvVar, value: str, *, known: str | None, why: str | None = None) -> None:
        """``known``: what others that refer to it see, before the addresses in it are written anew."""
        self._write(RunEnv(variable.name, value=value, why=why))
        if known is not None:
            self.known[variable.name] = known
            self.unknown.discard(variable.name)
        else:
            self._is_unknown(variable.name)

    def _from_secret(self, variable: EnvVar) -> None:
        """A key of a Secret, or a value that the snapshot does not hold."""
        asked = reference_of_variable(variable)
        if asked is None:  # the value stood in the manifest itself
            self._asked_for(variable)
            return
        name, key, version = variable.name, asked.key or "", self.account.version
        there = existing_keys(self.workload.related).get((asked.name, key)) if asked.kind == "Secret" else None
        if there is not None and is_at_home(there, self.project):
            self._there(name, asked, there)
            return
        secret = key_secret_name(asked.kind, self.workload.namespace, asked.name, key)
        used = f"{self.container.name}: {name}"
        self.account.needs(copied(secret, asked, self.workload.namespace, (key,), used, (version,)))
        self._write(RunEnv(name, secret=SecretVersion(secret, version), why=str(asked)))
        self._is_unknown(name)
        why = "Secret Manager takes the place of the Secret; prepare.sh copies the value"
        if asked.kind == "ConfigMap":
            why = "the value is not in the snapshot, so it is copied from the ConfigMap as a secret"
        self.account.changed(asked.at, _FIELD, str(asked), f"{secret}:{version}", why)
        if asked.optional and variable in self.container.env:
            field = "secretKeyRef" if asked.kind == "Secret" else "configMapKeyRef"
            why = f"on Cloud Run {asked} must exist: prepare.sh stops where it does not"
            self.account.dropped(f"{variable.path}.valueFrom.{field}.optional", "true", why)

    def _there(self, name: str, asked: SecretReference, there: SecretReference) -> None:
        """The same secret that the cluster reads: no copy."""
        used, version = f"{self.container.name}: {name}", there.version or LATEST
        keys = (asked.key or "",)
        self.account.needs(
            SecretToCreate(
                there.name,
                "there",
                self.workload.namespace,
                asked.name,
                keys,
                used,
                versions=(version,),
                project=there.project,
            )
        )
        why = f"{asked}: its ExternalSecret reads this secret too"
        self._write(RunEnv(name, secret=SecretVersion(there.name, version), why=why))
        self._is_unknown(name)
        self.account.changed(asked.at, _FIELD, str(asked), f"{there.name}:{version}", why)

    def _asked_for(self, variable: EnvVar) -> None:
        secret = secret_name(self.workload.namespace, self.workload.name, self.container.name, variable.name)
        self.account.needs(
            SecretToCreate(
                secret,
                "ask",
                self.workload.namespace,
                self.workload.name,
                (variable.name,),
                f"{self.container.name}: {variable.name}",
                versions=(self.account.version,),
            )
        )
        self._write(
            RunEnv(
                variable.name,
                secret=SecretVersion(secret, self.account.version),
                why="looked like a secret: stored in Secret Manager by prepare.sh",
            )
        )
        self._is_unknown(variable.name)
        self.account.changed(
            variable.path,
            _FIELD,
            REDACTED,
            f"{secret}:{self.account.version}",
            "the value looks like a secret and was not stored in the snapshot; prepare.sh asks for it",
        )

    def _downward(self, variable: EnvVar) -> None:
        field = variable.ref_key or variable.source
        instead = _INSTEAD.get(field, "write the value that the program should see as a literal")
        why = f"Cloud Run has no downward API; {instead}"
        values = [*self.container.command, *self.container.args, *(v.value or "" for v in self.container.env)]
        if any(f"$({variable.name})" in value for value in values):
            self.account.counted(variable.path, field, f"{why}; others refer to it")
        else:
            self.account.dropped(variable.path, field, why)
        if variable.source == "field":
            at = f"{variable.path}.valueFrom.fieldRef.fieldPath"
            self.account.changed(at, "containers[]", field, "no variable", f"the container goes without it: {why}")
        self._is_unknown(variable.name)

    def _write(self, variable: RunEnv) -> None:
        # The last of two with one name wins; it also takes the place of the last, since later ones may refer to it.
        self.written.pop(variable.name, None)
        self.written[variable.name] = variable

    def _is_unknown(self, name: str) -> None:
        self.known.pop(name, None)
        self.unknown.add(name)
