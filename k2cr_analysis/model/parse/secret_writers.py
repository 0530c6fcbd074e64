"""Objects that write a Secret: where one is in the snapshot, its Secret is not one that nobody saw.

Sources: Sealed Secrets (``spec.template``, ``spec.encryptedData``), External Secrets Operator (``spec.target``),
cert-manager (Certificate ``spec.secretName``), Secrets Store CSI driver (``spec.secretObjects``), Vault Secrets
Operator (``spec.destination``), 1Password Operator (OnePasswordItem: its own name), SOPS operator
(``spec.secretTemplates``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from k2cr_analysis.model.parse.access import Raw, mapping, objects, text
from k2cr_analysis.model.parse.index import ObjectIndex, name_of, namespace_of
from k2cr_analysis.model.pod.secret_manager import keys_of, target_of

Keys = tuple[str, ...] | None  # None: they hang on what is not in the snapshot


def written_secrets(index: ObjectIndex) -> Mapping[tuple[str, str], Keys]:
    """(namespace, Secret) -> the keys that whoever writes it gives it; under "" too where the writer names none."""
    found: dict[tuple[str, str], Keys] = {}
    for kind, secrets in _WRITERS.items():
        for raw in index.by_kind.get(kind, ()):
            for name, keys in secrets(raw):
                found[namespace_of(raw), name] = keys
                if names_no_namespace(raw):
                    found["", name] = keys
    return found


def names_no_namespace(raw: Raw) -> bool:
    """Whether it is applied to a namespace that something else says: ``kubectl -n``, a kustomization."""
    return "namespace" not in mapping(raw, "metadata")


def _by_external(raw: Raw) -> Iterator[tuple[str, Keys]]:
    yield target_of(raw), keys_of(raw)


def _by_sealed(raw: Raw) -> Iterator[tuple[str, Keys]]:
    template, spec = mapping(raw, "spec", "template"), mapping(raw, "spec")
    keys = {*mapping(spec, "encryptedData"), *mapping(template, "data")}
    yield text(mapping(template, "metadata"), "name") or name_of(raw), tuple(sorted(keys))


def _by_certificate(raw: Raw) -> Iterator[tuple[str, Keys]]:
    yield text(mapping(raw, "spec"), "secretName") or "", ("ca.crt", "tls.crt", "tls.key")


def _by_provider_class(raw: Raw) -> Iterator[tuple[str, Keys]]:
    for _, made in objects(mapping(raw, "spec"), "secretObjects"):
        keys = tuple(sorted(key for _, item in objects(made, "data") if (key := text(item, "key"))))
        yield text(made, "secretName") or "", keys


def _by_vault(raw: Raw) -> Iterator[tuple[str, Keys]]:
    yield text(mapping(raw, "spec", "destination"), "name") or "", None


def _by_item(raw: Raw) -> Iterator[tuple[str, Keys]]:
    yield name_of(raw), None


def _by_sops(raw: Raw) -> Iterator[tuple[str, Keys]]:
    for _, made in objects(mapping(raw, "spec"), "secretTemplates"):
        yield text(made, "name") or "", tuple(sorted({*mapping(made, "data"), *mapping(made, "stringData")}))


_WRITERS = {
    "ExternalSecret": _by_external, "SealedSecret": _by_sealed, "Certificate": _by_certificate,
    "SecretProviderClass": _by_provider_class, "VaultStaticSecret": _by_vault, "VaultDynamicSecret": _by_vault,
    "OnePasswordItem": _by_item, "SopsSecret": _by_sops,
}  # fmt: skip
