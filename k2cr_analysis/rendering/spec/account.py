"""The account of what happened to each source field while the neutral value was built; the mapping is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

# counted: it decided a verdict, a size or money, and is written nowhere.
Outcome = Literal["carried", "changed", "counted", "dropped"]
JOINED = "joined "  # of a target: wherever something of that object stands
OUTCOMES: tuple[Outcome, ...] = ("carried", "changed", "counted", "dropped")


@dataclass(frozen=True, slots=True)
class Entry:
    """One source field (JSON path in the object) and what became of it. Values are short texts, never secrets."""

    path: str
    outcome: Outcome
    target: str | None  # a field of the resource, as places.py knows it, or `FILE what`; once joined, file and path
    source_value: str | None
    target_value: str | None
    why: str


@dataclass(frozen=True, slots=True)
class SecretToCreate:
    """A Secret Manager secret that ``prepare.sh`` makes.

    ``kind`` Secret, ConfigMap: copied from that object's ``keys``, a version each, in their order. ``ask``: the value
    was not stored in the snapshot, and the person who runs the script gives it. ``there``: it is there
    already. ``texts``: key -> what is written in place of a file, with the addresses in it as Cloud Run reaches them;
    ``sums``: key -> SHA-256 (hexadecimal) of the file that it was made of.
    """

    secret: str
    kind: Literal["Secret", "ConfigMap", "ask", "there"]
    namespace: str
    object_name: str
    keys: tuple[str, ...]
    used_for: str
    texts: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ()  # by which the keys are read: latest, a number, or an alias
    project: str | None = None  # of one that is there; None: of the service's own


@dataclass(frozen=True, slots=True)
class RemoteRepository:
    """An Artifact Registry remote repository in front of a registry that Cloud Run does not pull from."""

    name: str
    upstream: str


@dataclass
class Account:
    """Collects entries, secrets, placeholders and open questions while a workload is built."""

    entries: list[Entry] = field(default_factory=list)
    secrets: dict[str, SecretToCreate] = field(default_factory=dict)
    repositories: dict[str, RemoteRepository] = field(default_factory=dict)
    placeholders: dict[str, str] = field(default_factory=dict)  # literal in the files -> what to put there
    decisions: list[str] = field(default_factory=list)
    house_rules: dict[str, str] = field(default_factory=dict)  # key of [policy] -> what it did here
    version: str = "latest"  # by which a secret with one value is read

    def of_a_printer(self) -> Account:
        """An empty account for one printer, which reads what the build needs and keeps what it adds to itself."""
        return Account(secrets=self.secrets, repositories=self.repositories)

    def joined(self, others: Iterable[Account]) -> Account:
        """With what printers added, in their order; the first meaning of a literal holds."""
        made = Account(list(self.entries), self.secrets, self.repositories, dict(self.placeholders))
        made.decisions, made.house_rules = list(self.decisions), dict(self.house_rules)
        for other in others:
            made.entries += other.entries
            made.placeholders = {**other.placeholders, **made.placeholders}
            made.house_rules |= other.house_rules
            for question in other.decisions:
                made.decide(question)
        return made

    def carried(self, path: str, target: str, value: object = None, why: str = "as it is") -> None:
        self.entries.append(Entry(path, "carried", target, short(value), short(value), why))

    def changed(self, path: str, target: str | None, source: object, result: object, why: str) -> None:
        self.entries.append(Entry(path, "changed", target, short(source), short(result), why))

    def counted(self, path: str, value: object, why: str) -> None:
        self.entries.append(Entry(path, "counted", None, short(value), None, why))

    def dropped(self, path: str, value: object, why: str) -> None:
        self.entries.append(Entry(path, "dropped", None, short(value), None, why))

    def withdraw(self, path: str) -> None:
        """Take back what was said of a thing and its parts."""
        self.entries = [e for e in self.entries if e.path != path and not e.path.startswith((f"{path}.", f"{path}["))]

    def keep_secrets(self, read: Iterable[str]) -> None:
        """A secret that nothing reads is not made."""
        names = set(read)
        self.secrets = {name: secret for name, secret in self.secrets.items() if name in names}

    def needs(self, secret: SecretToCreate) -> None:
        self.secrets.setdefault(secret.secret, secret)

    def placeholder(self, literal: str, meaning: str) -> None:
        self.placeholders.setdefault(literal, meaning)

    def house_rule(self, key: str, said: str) -> None:
        self.house_rules[key] = said

    def decide(self, question: str) -> None:
        if question not in self.decisions:
            self.decisions.append(question)


def short(value: object, limit: int = 120) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
