"""Takes secrets out of an object before it is stored.

- A Secret keeps the names of its keys; every value is ``<redacted>``. Its values are not looked at.
- ``managedFields`` and copies of the applied object in annotations go.
- Everywhere else, in known kinds and in unknown ones, a value goes whose name announces a secret (``secret_names``),
  and the part of a text that is one by its form or by a name inside it (``secret_forms``).
- ``binaryData`` of a ConfigMap and ``encryptedData`` of a SealedSecret go as a whole.

``redact="all"`` also takes every other free text: what stays is names, references, numbers and quantities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from k2cr_analysis.snapshot.provenance import Redaction
from k2cr_analysis.snapshot.redaction.secret_columns import without_column_secrets
from k2cr_analysis.snapshot.redaction.secret_commands import (
    REDACTED,
    flag_of,
    is_attached_password,
    is_secret_argument,
    secret_argument,
    without_secret_words,
)
from k2cr_analysis.snapshot.redaction.secret_forms import dsn_without_secrets, redacted_text
from k2cr_analysis.snapshot.redaction.secret_names import (
    Secrecy,
    is_digest_name,
    is_dsn_name,
    is_ordinary_value,
    is_plain_setting,
    is_public_key_name,
    secrecy,
)

# Copies of the object as it was applied, secrets and all.
_APPLIED_COPIES: Final = (
    "last-applied-configuration",
    "last-applied",
    "kapp.k14s.io/original",
    "objectset.rio.cattle.io/applied",
)
_SECRET_DATA: Final = frozenset({"data", "stringData"})
_COMMANDS: Final = frozenset({"args", "command"})
# Maps whose keys are people's own names, where a field's name says nothing of its kind.
_FREE_MAPS: Final = frozenset(
    {"data", "annotations", "labels", "volumeAttributes", "parameters", "options", "stringData", "env", "extraEnv"}
)
# Fields of Kubernetes and its neighbours that hold a name, a reference or a position, whatever the word "key" in them.
_ORDINARY_FIELDS_TEXT: Final = """
    apiVersion kind name generateName namespace uid resourceVersion image imageID containerID nodeName topologyKey
    matchLabelKeys mismatchLabelKeys labelKeys topologyKeys key keys secretKey property apiGroup apiGroups resources
    verbs resourceNames secretName storageClassName serviceAccountName serviceAccount selfLink podManagementPolicy
    serviceAccountToken automountServiceAccountToken tokenRequests dnsPolicy keyType keyAlgorithm
    """
_ORDINARY_FIELDS: Final = frozenset(_ORDINARY_FIELDS_TEXT.split())
# Of these a value is never even searched: they are names that the API server checks.
_NEVER_SEARCHED: Final = frozenset(
    {"apiVersion", "kind", "name", "generateName", "namespace", "uid", "resourceVersion"}
    | {"image", "imageID", "containerID", "nodeName", "apiGroup", "machineID"}
)
_QUANTITY: Final = re.compile(r"[0-9.]+[A-Za-z]{0,2}")
_IMAGE_PASSWORD: Final = re.compile(r"^((?:[a-z]+://)?[^/@:\s]+:)[^/@\s]+(?=@(?!sha\d+:))")
# Of a ResourceQuota: how many Secrets there may be, and are.
_COUNTS: Final = frozenset({"hard", "used"})
_NAME_FIELDS: Final = ("name", "key", "header", "headerName", "field", "variable", "attribute")
_VALUE_FIELDS: Final = ("value", "values", "secureValue", "defaultValue", "default", "val")
_FILE_LIKE: Final = re.compile(r"[\w-]*\.[A-Za-z][\w.]{1,9}")
_WHOLE_FILES: Final = re.compile(
    r"\.?(?:pgpass|htpasswd|userlist\.txt|ipsec\.secrets|chap-secrets|sasl_passwd|netrc|dockerconfigjson|dockercfg|my\.cnf)|id_(?:rsa|ed25519|ecdsa|dsa)|.*\.(?:key|p12|pfx|jks|keystore)"
)
# What a SecretProviderClass of Google's lists: the names of secrets, and of the files that they are shown as.
_OF_A_REFERENCE: Final = frozenset({"resourceName", "path", "fileName", "mode"})
_RESOURCE_NAME: Final = re.compile(r"projects/[\w.:-]+/(locations/[\w-]+/)?secrets/[\w-]+/versions/[\w-]+")
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{7,128}")
_ONE_WORD: Final = re.compile(r"[A-Za-z0-9+/_=-]+")


def redact(obj: Mapping[str, Any], mode: Redaction = "secrets") -> tuple[dict[str, Any], int]:
    """The object without its secrets, and how many values were taken out or cut."""
    walk = _Walk()
    redacted = walk.fields(obj, "")
    if mode == "all":
        from k2cr_analysis.snapshot.redaction.redaction_all import names_and_references

        redacted = names_and_references(redacted)
    return redacted, walk.count


def looks_secret(name: str, value: str) -> bool:
    """Whether a value of that name would be taken out; for messages, which must not show a secret either."""
    return secrecy(name) is not Secrecy.NONE or redacted_text(value) != value


def _lists_references(value: str) -> bool:
    """Whether a text is YAML that names secrets of Secret Manager, and holds nothing else."""
    if "resourceName" not in value:
        return False
    try:
        listed = yaml.safe_load(value)
    except (yaml.YAMLError, RecursionError, ValueError):
        return False
    return isinstance(listed, list) and all(
        isinstance(item, Mapping)
        and item.keys() <= _OF_A_REFERENCE
        and _RESOURCE_NAME.fullmatch(str(item.get("resourceName")))
        for item in listed
    )


class _Walk:
    """Walks an object; ``count`` is the number of values that were replaced or cut."""

    def __init__(self) -> None:
        self.count = 0

    def value(self, value: Any, name: str, *, free: bool = False) -> Any:
        if name == "secrets" and isinstance(value, str) and _lists_references(value):
            return value
        if isinstance(value, str):
            return self.text(value, name, free=free)
        if isinstance(value, Mapping):
            return self.fields(value, name)
        if isinstance(value, list):
            return self.items(value, name)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and name
            and self.named(str(value), name, free)
        ):
            self.count += 1
            return REDACTED
        return value

    def fields(self, value: Mapping[str, Any], name: str) -> dict[str, Any]:
        if str(value.get("kind", "")).endswith("Secret") and any(field in value for field in _SECRET_DATA):
            value = self.without_data(value)
        announced = self.announced_name(value)
        # An entry of an ExternalSecret names a key and where its value is: neither is the value.
        free = name in _FREE_MAPS and not {"secretKey", "remoteRef"} <= value.keys()
        kept: dict[str, Any] = {}
        for field, item in value.items():
            if field == "managedFields" or (free and any(copy in field for copy in _APPLIED_COPIES)):
                continue
            if field in ("binaryData", "encryptedData") and isinstance(item, Mapping):
                kept[field] = {key: self.gone() for key in item}
            elif name in _COUNTS and isinstance(item, str | int) and _QUANTITY.fullmatch(str(item)):
                kept[field] = item
            elif announced and field in _VALUE_FIELDS:
                kept[field] = self.value(item, announced, free=True)
            else:
                kept[field] = self.value(item, field, free=free or (field == "key" and len(value) == 1))
        return kept

    def without_data(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """A Secret with the names of its keys alone, all under ``data``."""
        keys = sorted({key for field in _SECRET_DATA for key in _keys(value.get(field))})
        rest = {field: item for field, item in value.items() if field not in _SECRET_DATA}
        return rest | {"data": {key: self.gone() for key in keys}}

    def announced_name(self, value: Mapping[str, Any]) -> str | None:
        """The name in a pair such as ``{name: DB_PASSWORD, value: ...}``."""
        if not any(field in value for field in _VALUE_FIELDS):
            return None
        return next((value[field] for field in _NAME_FIELDS if isinstance(value.get(field), str)), None)

    def items(self, value: list[Any], name: str) -> list[Any]:
        if name in _COMMANDS and all(isinstance(word, str) for word in value):
            plain = without_secret_words(value)
            self.count += plain != value
            value = plain
        if name.lower().endswith("headers"):
            value = [self.header(item) if isinstance(item, str) else item for item in value]
        kept: list[Any] = []
        flag = ""
        programs = {word.rpartition("/")[2] for word in value if isinstance(word, str)} if name in _COMMANDS else set()
        for item in value:
            if not isinstance(item, str):
                kept.append(self.value(item, name))
                flag = ""
                continue
            if is_attached_password(programs, item):
                self.count += 1
                kept.append(f"-p{REDACTED}")
            else:
                kept.append(self.argument(item, flag, programs) if flag else self.text(item, name))
            flag = flag_of(item)
        return kept

    def header(self, item: str) -> str:
        """``X-Api-Key:VALUE`` of a list of headers."""
        name, colon, text = item.partition(":")
        if not colon or not self.named(text.strip(), name.strip(), True):
            return item
        self.count += 1
        return f"{name}:{REDACTED}"

    def argument(self, item: str, flag: str, programs: set[str]) -> str:
        """A word behind a flag: ``--password``, ``x``."""
        if not item.startswith("--") and self.named(item, flag, True):
            return self.gone()
        if is_secret_argument(programs, flag, item):
            self.count += 1
            return secret_argument(flag, item)
        return self.text(item, "")

    def text(self, text: str, name: str, *, free: bool = False) -> str:
        if not free and name in _NEVER_SEARCHED:
            return self.image(text) if name == "image" else text
        if free and (kept := without_column_secrets(text, name)) != text:
            self.count += 1
            text = kept
        if self.named(text, name, free):
            self.count += 1
            return (is_dsn_name(name) and dsn_without_secrets(text)) or REDACTED
        if is_digest_name(name) and _DIGEST.fullmatch(text):
            return text
        if is_public_key_name(name) and _ONE_WORD.fullmatch(text):
            return text
        embedded = self.embedded(text)
        kept = redacted_text(text) if embedded is None else embedded
        if kept != text:
            self.count += 1
        return kept

    def image(self, text: str) -> str:
        """An image whose registry is named with a user's password, which no reference of an image may have."""
        kept = _IMAGE_PASSWORD.sub(lambda match: f"{match[1]}{REDACTED}", text)
        self.count += kept != text
        return kept

    def named(self, text: str, name: str, free: bool) -> bool:
        """Whether a value is a secret by the name in front of it."""
        if free and _WHOLE_FILES.fullmatch(name):
            return True
        is_file = free and "\n" in text.strip() and _FILE_LIKE.fullmatch(name)
        sureness = secrecy(name.partition(".")[0] if is_file else name)
        if sureness is Secrecy.NONE or is_ordinary_value(text, sureness) or is_plain_setting(name, text):
            return False
        if not free and name in _ORDINARY_FIELDS:
            return False
        # keys.yaml is read line by line; secrets.env goes as a whole.
        return not (is_file and sureness is Secrecy.KEY)

    def embedded(self, text: str) -> str | None:
        """A text that is JSON itself, walked like an object; None where it is not."""
        if text[:1] not in ("{", "[") or text.rstrip()[-1:] not in ("}", "]"):
            return None
        inner = _Walk()
        try:
            kept = inner.value(json.loads(text), "")
        except (ValueError, RecursionError):
            return None
        return json.dumps(kept, ensure_ascii=False) if inner.count else text

    def gone(self) -> str:
        self.count += 1
        return REDACTED


def _keys(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, Mapping) else []
