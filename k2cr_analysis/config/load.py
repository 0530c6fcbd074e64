"""Read and validate ``k2cr.toml``.

Names and types come from the dataclasses of ``settings.py``, ranges from ``ranges.py``; this file only compares what
is written with them. Every error names the file, the line and the key.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

from k2cr_analysis.config.lines import KeyPath, key_lines
from k2cr_analysis.config.planning import PlanSettings, PoolSettings
from k2cr_analysis.config.ranges import WORKLOAD_ID, complaint
from k2cr_analysis.config.settings import (
    AssumedTraffic,
    Config,
    Decided,
    Engine,
    Entrances,
    Objectives,
    Origin,
    Policy,
    Project,
    Rates,
    RuleOverride,
    WorkloadSettings,
    dotted,
)
from k2cr_analysis.errors import ConfigError, Location
from k2cr_analysis.named_file import named_text

TABLES = (
    "project",
    "objectives",
    "traffic",
    "workload",
    "rules",
    "rates",
    "discounts",
    "policy",
    "engine",
    "plan",
    "pool",
    "entrances",
)
_RATES_KEYS = (
    "engineer_hour",
    "currency",
    "toil",
    "effort",
    "rules",
    "per_usd",
)  # the other fields of Rates stand in [discounts]
_DISCOUNTS_KEYS = ("cud", "cloud_run", "gke")
_CHOICES = ("invoker", "entrance", "iap")
_LONGEST_FREEZE_DAYS = 366
_ENTRANCE = re.compile(r"IngressClass/[^/]+|(?:Gateway|Service)/[^/]+/[^/]+")
_T = TypeVar("_T")
_SYNTAX_ERROR = re.compile(
    r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)
_TYPE_WORDS = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    date: "a day without quotes, 2026-12-31",
}


def load_config(path: Path | None) -> Config:
    """The settings of a ``k2cr.toml``; ``None`` is a config that says nothing.

    Raises
    ------
    ConfigError  no such file, not TOML, an unknown table or key, a value of the wrong type or out of range;
                 with file, line and key.
    """
    if path is None:
        return Config()
    text = _read(path)
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, error) from error
    return _Reader(str(path), key_lines(text)).config(document)


def _read(path: Path) -> str:
    try:
        return named_text(path)
    except UnicodeDecodeError as error:
        raise ConfigError(
            ref="config-not-text",
            where=Location(str(path)),
            found=f"byte {error.start} is not UTF-8",
            expected="a TOML file in UTF-8",
            do="save the file as UTF-8",
        ) from error
    except OSError as error:
        raise ConfigError(
            ref="config-not-readable",
            where=Location(str(path)),
            found=error.strerror or str(error),
            expected="a k2cr.toml",
            do="`k2cr init` writes a commented one",
        ) from error


def _syntax_error(path: Path, error: tomllib.TOMLDecodeError) -> ConfigError:
    said = _SYNTAX_ERROR.fullmatch(str(error))
    line = int(said["line"]) if said and said["line"] else None
    column = int(said["column"]) if said and said["column"] else None
    return ConfigError(
        ref="config-not-toml",
        where=Location(str(path), line, column),
        found=said["what"] if said else str(error),
        expected="TOML, https://toml.io",
        do="texts stand in quotes, tables in [brackets], each key once",
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Compares a parsed document with the dataclasses. ``lines`` says where each key stands."""

    file: str
    lines: Mapping[KeyPath, int]

    def config(self, document: Mapping[str, Any]) -> Config:
        self.known_keys((), document, TABLES, kind="table")
        objectives = self.table(Objectives, ("objectives",), document)
        traffic = self.mapping(("traffic",), document)
        self.known_keys(("traffic",), traffic, ("assumed",), kind="table")
        rates = self.only(("rates",), document, _RATES_KEYS) | self.only(("discounts",), document, _DISCOUNTS_KEYS)
        if "per_usd" in rates and "currency" not in rates:
            self.fail(
                "config-missing-key",
                ("rates", "per_usd"),
                "no `currency`",
                "the currency that the rate is of",
                'add currency = "JPY"',
            )
        return Config(
            project=self.table(Project, ("project",), document),
            objectives=objectives,
            assumed_traffic=self.table(AssumedTraffic, ("traffic", "assumed"), traffic)
            if "assumed" in traffic
            else None,
            workloads={
                name: self.workload(name, objectives, document["workload"])
                for name in sorted(self.mapping(("workload",), document))
            },
            rules={name: self.rule(name, document["rules"]) for name in sorted(self.mapping(("rules",), document))},
            rates=Rates(**rates),
            policy=self.policy(document),
            engine=self.table(Engine, ("engine",), document),
            plan=self.plan(document),
            pools={
                name: self.table(PoolSettings, ("pool", name), document["pool"])
                for name in sorted(self.mapping(("pool",), document))
            },
            entrances=self.entrances(document),
            origin=Origin(self.file, self.lines),
        )

    def workload(self, name: str, objectives: Objectives, workloads: Mapping[str, Any]) -> WorkloadSettings:
        path = ("workload", name)
        if not WORKLOAD_ID.fullmatch(name):
            self.fail(
                "config-bad-workload-id",
                path,
                f'"{name}"',
                "namespace/Kind/name",
                'write [workload."shop/Deployment/frontend"]',
            )
        written = dict(self.mapping(path, workloads))
        decided = self.decided((*path, "decided"), written)
        settings = self.table(WorkloadSettings, path, {name: {k: v for k, v in written.items() if k != "decided"}})
        settings = dataclasses.replace(settings, decided=decided)
        said = written.get("objectives")
        if said is None:
            return settings
        # What a workload's objectives leave out holds as for all workloads.
        own = settings.objectives or Objectives()
        merged = dataclasses.replace(objectives, **{key: getattr(own, key) for key in said})
        return dataclasses.replace(settings, objectives=merged)

    def decided(self, path: KeyPath, parent: Mapping[str, Any]) -> Decided:
        """Choices by their names; every other key is the id of a rule, and its value the reason."""
        written = self.mapping(path, parent)
        types = typing.get_type_hints(Decided)
        choices = {k: self.value(types[k], (*path, k), written[k]) for k in _CHOICES if k in written}
        reasons = {k: self.scalar(str, (*path, k), v) for k, v in written.items() if k not in _CHOICES}
        for rule, reason in reasons.items():
            if not reason.strip():
                self.fail("config-no-reason", (*path, rule), '""', "the answer in a sentence", "the report shows it")
        return Decided(reasons, **choices)

    def rule(self, name: str, rules: Mapping[str, Any]) -> RuleOverride:
        override = self.table(RuleOverride, ("rules", name), rules)
        if not override.reason.strip():
            self.fail(
                "config-no-reason",
                ("rules", name, "reason"),
                '""',
                "why the rule is graded otherwise",
                "write a sentence: the report shows it",
            )
        return override

    def entrances(self, document: Mapping[str, Any]) -> Entrances:
        found = self.value(Entrances, ("entrances",), self.mapping(("entrances",), document))
        for name in found:
            if not _ENTRANCE.fullmatch(name):
                self.fail(
                    "config-bad-entrance",
                    ("entrances", name),
                    f'"{name}"',
                    "IngressClass/NAME, Gateway/NAMESPACE/NAME or Service/NAMESPACE/NAME",
                    'write "IngressClass/nginx" = "internal"',
                )
        return typing.cast(Entrances, found)

    def policy(self, document: Mapping[str, Any]) -> Policy:
        policy = self.table(Policy, ("policy",), document)
        least, most = policy.min_instances, policy.max_instances
        if least is not None and most is not None and least > most:
            self.fail(
                "config-out-of-range",
                ("policy", "min_instances"),
                str(least),
                f"at most max_instances, {most}",
                "lower min_instances or raise max_instances",
            )
        return policy

    def plan(self, document: Mapping[str, Any]) -> PlanSettings:
        plan = self.table(PlanSettings, ("plan",), document)
        for number, freeze in enumerate(plan.freezes):
            if freeze.last < freeze.first:
                self.fail(
                    "config-out-of-range",
                    ("plan", "freezes", str(number)),
                    f"last = {freeze.last}",
                    f"first, {freeze.first}, or a later day",
                    "both days are included",
                )
            if (freeze.last - freeze.first).days > _LONGEST_FREEZE_DAYS:
                self.fail(
                    "config-out-of-range",
                    ("plan", "freezes", str(number)),
                    f"{freeze.first} to {freeze.last}",
                    "a year at most",
                    'what never moves has [workload."ns/Kind/name"] keep = true',
                )
        return plan

    def table(self, settings: type[_T], path: KeyPath, parent: Mapping[str, Any]) -> _T:
        """One table of the file as its dataclass."""
        return settings(**self.only(path, parent, _field_names(settings), settings))

    def only(
        self, path: KeyPath, parent: Mapping[str, Any], names: Iterable[str], settings: type[Any] = Rates
    ) -> dict[str, Any]:
        """The values of a table that may have no keys but ``names``, each as ``settings`` types it."""
        written = self.mapping(path, parent)
        names = tuple(names)
        self.known_keys(path, written, names, kind="key")
        for name in _required(settings):
            if name in names and name not in written:
                self.fail("config-missing-key", path, f"no `{name}`", f"[{dotted(path)}] has {name}", f"add {name}")
        types = typing.get_type_hints(settings)
        return {name: self.value(types[name], (*path, name), written[name]) for name in names if name in written}

    def mapping(self, path: KeyPath, parent: Mapping[str, Any]) -> Mapping[str, Any]:
        found = parent.get(path[-1], {})
        if not isinstance(found, dict):
            self.fail(
                "config-wrong-type",
                path,
                _shown(found),
                f"a table, [{dotted(path)}]",
                f"write [{dotted(path)}] on a line of its own",
            )
        return found

    def known_keys(self, path: KeyPath, written: Mapping[str, Any], names: Iterable[str], kind: str) -> None:
        names = tuple(names)
        for key in written:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1, cutoff=0.6) or [n for n in names if key and key in n]
                do = f"did you mean `{near[0]}`?" if near else "docs/configuration.md lists every key"
                self.fail(f"config-unknown-{kind}", (*path, key), f"`{key}`", f"one of {', '.join(names)}", do)

    def value(self, kind: Any, path: KeyPath, found: Any) -> Any:
        """``found`` as the type ``kind``, in its range."""
        kind = _without_none(kind)
        origin = get_origin(kind)
        if origin is Literal:
            return self.choice(get_args(kind), path, found)
        if origin is tuple and dataclasses.is_dataclass(get_args(kind)[0]):
            return self.tables(typing.cast(type[Any], get_args(kind)[0]), path, found)
        if origin is tuple:
            return self.texts(path, found)
        if origin is Mapping:
            inner = get_args(kind)[1]
            return {
                key: self.value(inner, (*path, key), item)
                for key, item in self.mapping(path, {path[-1]: found}).items()
            }
        if dataclasses.is_dataclass(kind):
            return self.table(typing.cast(type[Any], kind), path, {path[-1]: found})
        value = self.scalar(kind, path, found)
        if wrong := complaint(path, value):
            self.fail("config-out-of-range", path, _shown(found), wrong.expected, wrong.do)
        return value

    def choice(self, allowed: tuple[str, ...], path: KeyPath, found: Any) -> str:
        if found not in allowed:
            near = difflib.get_close_matches(str(found), allowed, n=1, cutoff=0.5)
            do = f'did you mean "{near[0]}"?' if near else f'write {path[-1]} = "{allowed[0]}"'
            self.fail(
                "config-bad-choice", path, _shown(found), "one of " + ", ".join(f'"{word}"' for word in allowed), do
            )
        return str(found)

    def tables(self, settings: type[_T], path: KeyPath, found: Any) -> tuple[_T, ...]:
        if not isinstance(found, list):
            keys = ", ".join(_field_names(settings))
            self.fail(
                "config-wrong-type", path, _shown(found), f"a list of tables with {keys}", f"write [[{dotted(path)}]]"
            )
        named = {str(number): item for number, item in enumerate(found)}
        return tuple(self.table(settings, (*path, number), named) for number in named)

    def texts(self, path: KeyPath, found: Any) -> tuple[str, ...]:
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            self.fail("config-wrong-type", path, _shown(found), "a list of texts", f'write {path[-1]} = ["..."]')
        return tuple(found)

    def scalar(self, kind: type[Any], path: KeyPath, found: Any) -> Any:
        is_number = isinstance(found, int | Decimal) and not isinstance(found, bool)
        if kind is Decimal and is_number and Decimal(found).is_finite():
            return Decimal(found)
        if kind is float and is_number and Decimal(found).is_finite():
            return float(found)
        if kind is int and is_number and isinstance(found, int):
            return found
        if kind in (str, bool) and isinstance(found, kind):
            return found
        # A moment is a day too for Python, and not for the keys.
        if kind is date and isinstance(found, date) and not isinstance(found, datetime):
            return found
        do = f'write {path[-1]} = "{found}"' if kind is str and is_number else ""
        return self.fail("config-wrong-type", path, _shown(found), _TYPE_WORDS[kind], do)

    def fail(self, ref: str, path: KeyPath, found: str, expected: str, do: str) -> NoReturn:
        where = Origin(self.file, self.lines).where(*path)
        raise ConfigError(ref=ref, where=where, found=found, expected=expected, do=do)


def _field_names(settings: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(settings))


def _required(settings: type[Any]) -> tuple[str, ...]:
    missing = dataclasses.MISSING
    return tuple(f.name for f in dataclasses.fields(settings) if f.default is missing and f.default_factory is missing)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not type(None))
    return kind


def _shown(found: Any) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, dict):
        return f"a table with {', '.join(found)}"
    return f'"{found}"' if isinstance(found, str) else str(found)
