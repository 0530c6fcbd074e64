"""The mapping: what became of every source field, for a person (``mapping.md``) and a program (``mapping.json``)."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from k2cr_analysis.fit.fields.settled import is_at
from k2cr_analysis.fit.result import FieldUse
from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.parse.access import source_value
from k2cr_analysis.model.workload import Container, Probe
from k2cr_analysis.rendering.spec.account import JOINED, OUTCOMES, Entry, Outcome, short
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.lines import lines_of
from k2cr_analysis.rendering.spec.pod.probe_words import run_words, source_words, startup_why
from k2cr_analysis.rendering.text.places import Places

# Why a probe of this kind is not there any more, where it is not.
_ABSENT = {
    "livenessProbe": "Cloud Run has HTTP and gRPC liveness probes, on services and worker pools",
    "readinessProbe": "Cloud Run has HTTP and gRPC readiness probes, on services",
}
_PROBE_FIELDS: Mapping[str, Callable[[CloudRunProbe], object]] = {
    "httpGet.path": lambda p: p.http_path,
    "httpGet.port": lambda p: p.port,
    "tcpSocket.port": lambda p: p.port,
    "grpc.port": lambda p: p.port,
    "grpc.service": lambda p: p.grpc_service,
    "initialDelaySeconds": lambda p: p.initial_delay_s,
    "periodSeconds": lambda p: p.period_s,
    "timeoutSeconds": lambda p: p.timeout_s,
    "failureThreshold": lambda p: p.failure_threshold,
    "successThreshold": lambda p: p.success_threshold,
}
_KIND_FIELDS = {"http": "httpGet", "tcp": "tcpSocket", "grpc": "grpc"}
_STARTUP = "containers[].startupProbe"
_HEADERS = "httpGet.httpHeaders"
_ALLOWED_BY = ("initialDelaySeconds", "periodSeconds", "failureThreshold")  # the time that a probe gives a start


_TITLES: Mapping[Outcome, str] = {
    "changed": "Changed",
    "counted": "Counted: it decided a verdict, a size or money, and is written nowhere",
    "dropped": "Dropped",
    "carried": "Carried as it is",
}


def mapping_entries(build: Build, places: Places) -> tuple[Entry, ...]:
    """Every field of the object that fit accounted for, in the order of its path, and what rendering added to that.

    A field takes the entry that its writer made for it or for what it is a part of; a claim stands only where the place
    that it names is found in the files. What no writer speaks of is not written.
    """
    probes = _probe_entries(build)
    made = {entry.path: entry for entry in (*(p.entry for p in probes), *build.account.entries)}
    by_probe = {probe.entry.path: probe for probe in probes}
    found, used = [], set()
    for use in lines_of(build):
        closest = _closest(use.path, made)
        if closest is None:
            found.append(_from_fit(use, build))
        elif closest.path == use.path:
            found.append(closest)
        elif closest.path in by_probe:
            found.append(by_probe[closest.path].of_field(use.path, source_value(build.workload, use.path)))
        else:
            found.append(replace(closest, path=use.path, source_value=short(source_value(build.workload, use.path))))
        used.add(closest.path if closest else use.path)
    paths = sorted(e.path for e in found)
    more = (e for e in made.values() if e.outcome != "counted" and e.path not in used)
    found += [e for e in more if not _has_part(e.path, paths)]
    read = [_read_back(e, places) for e in found if not _is_join(e)]
    stands = {e.path: e.target for e in read if e.target}
    read += [_joined(e, stands) for e in found if _is_join(e)]
    return tuple(sorted(read, key=lambda e: _sort_key(e.path)))


def _is_join(entry: Entry) -> bool:
    return entry.target is not None and entry.target.startswith(JOINED)


def _joined(entry: Entry, stands: Mapping[str, str]) -> Entry:
    """What joins an object stands where the object's own fields do."""
    owners = tuple(f"{target.removeprefix(JOINED)} $" for target in str(entry.target).split("; "))
    found = dict.fromkeys(p for at, where in stands.items() if at.startswith(owners) for p in where.split("; "))
    if found:
        return replace(entry, target="; ".join(found))
    return replace(entry, outcome="counted", target=None, target_value=None)


def _read_back(entry: Entry, places: Places) -> Entry:
    """The entry with the place where it stands; a claim that stands nowhere is none."""
    if entry.outcome not in ("carried", "changed"):
        return entry
    place = places.of(entry)
    if place is not None:
        value = entry.target_value or short(places.value(place.partition("; ")[0]))
        return replace(entry, target=place, target_value=value)
    return replace(entry, outcome="counted", target=None, target_value=None)


def _has_part(path: str, paths: Sequence[str]) -> bool:
    at = bisect_left(paths, path)
    return at < len(paths) and (paths[at] == path or paths[at].startswith((f"{path}.", f"{path}[")))


def _closest(path: str, made: Mapping[str, Entry]) -> Entry | None:
    """The entry of the field itself, or of the nearest thing around it."""
    while path:
        if path in made:
            return made[path]
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return None


def _from_fit(use: FieldUse, build: Build) -> Entry:
    """What no writer speaks of: what a rule found by it decided the verdict, all else means nothing on Cloud Run."""
    value = short(source_value(build.workload, use.path))
    if use.how == "no-effect":
        return Entry(use.path, "dropped", None, value, None, use.by)
    if use.how == "unaccounted":
        return Entry(use.path, "dropped", None, value, None, "k2cr does not know this field: check it by hand")
    if use.how == "carried":
        return Entry(use.path, "dropped", None, value, None, "nothing that is written here needs it")
    rules = use.by.split(", ")
    found = (f for f in build.assessed.findings if f.rule in rules and is_at(use.path, f.path or "$"))
    said = [f"{f.rule}: {f.message}" for f in found]
    if said:
        return Entry(use.path, "counted", None, value, None, "; ".join(dict.fromkeys(said)))
    return Entry(use.path, "counted", None, value, None, use.by)


@dataclass(frozen=True, slots=True)
class ProbeEntry:
    """From what to what a probe went; ``made`` None: nowhere. ``allows``: the start-up probe that has its time."""

    entry: Entry
    made: CloudRunProbe | None
    allows: CloudRunProbe | None = None
    asks_nobody: bool = False  # no port of the container has the name that it asks

    def of_field(self, path: str, source: str | None) -> Entry:
        """The entry of one field of the probe, with that field's own values."""
        field = path.removeprefix(f"{self.entry.path}.")
        if field in _ALLOWED_BY and self.entry.target in (None, _STARTUP):
            return self._allowance(path, source)
        if self.made is None and self.asks_nobody and field.endswith(".port"):
            why = "the container declares no port of this name: the probe is left out"
            return Entry(path, "changed", "containers[]", short(source), "no probe", why)
        if self.made is None:
            return replace(self.entry, path=path, source_value=short(source))
        return self._of_made(path, field, source, self.made)

    def _of_made(self, path: str, field: str, source: str | None, made: CloudRunProbe) -> Entry:
        target = self.entry.target
        if field.startswith(_HEADERS) and made.headers:
            return Entry(path, "carried", f"{target}.{_HEADERS}", short(source), short(source), "as it is")
        if field == "httpGet.scheme":
            return self._scheme(path, source, made)
        if field not in _PROBE_FIELDS:
            return Entry(path, "counted", None, short(source), None, f"Cloud Run has no such check: {self.entry.why}")
        if target == _STARTUP and field == "timeoutSeconds":
            why = "asked every second, so at most a second for an answer"
            return Entry(path, "dropped", None, short(source), None, why)
        if field == "initialDelaySeconds" and made.success_threshold is not None:
            why = "a readiness probe has none: it begins when the start-up probe has passed"
            return Entry(path, "dropped", None, short(source), None, why)
        value = short(_PROBE_FIELDS[field](made))
        outcome: Outcome = "carried" if value == source else "changed"
        why = "as it is" if outcome == "carried" else self.entry.why
        at = f"{_KIND_FIELDS[made.kind]}.port" if field.endswith(".port") else field
        return Entry(path, outcome, f"{target}.{at}", short(source), value, why)

    def _scheme(self, path: str, source: str | None, made: CloudRunProbe) -> Entry:
        if made.kind == "http":
            at = f"{self.entry.target}.httpGet.path"
            return Entry(path, "carried", at, source, "HTTP", "Cloud Run asks by plain HTTP")
        why = "Cloud Run asks by plain HTTP alone, so a connection is asked for"
        return Entry(path, "changed", f"{self.entry.target}.tcpSocket.port", source, "TCP", why)

    def _allowance(self, path: str, source: str | None) -> Entry:
        """Delay, period and failures of the source are the time that it allows: failures at a second each."""
        if self.allows is None:
            why = "the time that a start may take comes from elsewhere" if self.made else self.entry.why
            return Entry(path, "dropped", None, short(source), None, why)
        value = f"{self.allows.failure_threshold} failures at {self.allows.period_s} s"
        why = "the start-up probe allows what this probe lets a start take on Kubernetes: delay + period x failures"
        return Entry(path, "changed", f"{_STARTUP}.failureThreshold", short(source), value, why)


def _probes_of(build: Build) -> Iterator[tuple[Container, ContainerProbes]]:
    for name in build.assessed.fit.containers:
        container = build.workload.container(name)
        if container is not None:
            yield container, build.assessed.fit.probes.get(name, ContainerProbes(None, None))


def _probe_entries(build: Build) -> list[ProbeEntry]:
    """From what to what each probe of the source went."""
    return [
        _probe_entry(kind, probe, probes, container)
        for container, probes in _probes_of(build)
        for kind, probe in container.probes()
    ]


def _probe_entry(kind: str, probe: Probe, probes: ContainerProbes, container: Container) -> ProbeEntry:
    source = source_words(probe)
    kept = {"livenessProbe": probes.liveness, "readinessProbe": probes.readiness}.get(kind)
    allows = probes.startup if kind == probes.startup_allowed_by else None
    if kept is not None:
        target, at = run_words(kept), f"containers[].{kind}"
        # What became of a readiness probe's delay is said in the entry of that field.
        asked = replace(probe, initial_delay_s=0) if kind == "readinessProbe" else probe
        why = "the port as a number, times within Cloud Run's ranges"
        if target == source_words(asked):
            return ProbeEntry(Entry(probe.path, "carried", at, source, target, "as it is"), kept, allows)
        return ProbeEntry(Entry(probe.path, "changed", at, source, target, why), kept, allows)
    asks_nobody = probe.kind != "exec" and probe.port is not None and container.port_number(probe.port) is None
    absent = f"no port of the container is called {probe.port}" if asks_nobody else _ABSENT.get(kind, "")
    if kind == probes.startup_made_from and probes.startup is not None:
        entry = Entry(probe.path, "changed", _STARTUP, source, run_words(probes.startup), startup_why(probes))
        return ProbeEntry(replace(entry, why=f"{entry.why}. {absent}".strip(". ")), probes.startup, allows)
    asks = f"the start-up probe asks what {probes.startup_made_from} asks" if probes.startup else "no start-up probe"
    return ProbeEntry(Entry(probe.path, "dropped", None, source, None, absent or asks), None, allows, asks_nobody)


def _start_up_rows(build: Build) -> Iterator[str]:
    """The start-up probes that are made from a probe which stays, or from the port."""
    for container, probes in _probes_of(build):
        origin = dict(container.probes()).get(probes.startup_made_from or "")
        kept = {"livenessProbe": probes.liveness, "readinessProbe": probes.readiness}.get(
            probes.startup_made_from or ""
        )
        if probes.startup is not None and (origin is None or kept is not None):
            was = "none" if origin is None else source_words(origin)
            path = container.path if origin is None else origin.path
            yield _row(path, was, f"startupProbe: {run_words(probes.startup)}", startup_why(probes))


def _sort_key(path: str) -> tuple[tuple[int, int | str], ...]:
    """Paths with their numbers as numbers: env[2] before env[10]."""
    return tuple((0, int(p)) if p.isdigit() else (1, p) for p in re.split(r"(\d+)", path))


def mapping_json(build: Build, entries: Sequence[Entry]) -> str:
    counts = {outcome: sum(e.outcome == outcome for e in entries) for outcome in OUTCOMES}
    found = {
        "workload": build.workload.id,
        "target": build.assessed.fit.target,
        "name": build.run.name,
        "counts": counts,
        "placeholders": dict(sorted(build.account.placeholders.items())),
        "decisions": build.account.decisions,
        "house_rules": dict(sorted(build.account.house_rules.items())),
        "secrets": [
            {
                "secret": s.secret,
                "from": s.kind,
                "object": f"{s.namespace}/{s.object_name}",
                "keys": list(s.keys),
                "versions": list(s.versions),
            }
            for _, s in sorted(build.account.secrets.items())
        ],
        "fields": [
            {
                "path": e.path,
                "outcome": e.outcome,
                "target": e.target,
                "from": e.source_value,
                "to": e.target_value,
                "why": e.why,
            }
            for e in entries
        ],
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def mapping_md(build: Build, entries: Sequence[Entry]) -> str:
    counts = ", ".join(f"{sum(e.outcome == o for e in entries)} {o}" for o in OUTCOMES)
    lines = [
        f"# What became of {escaped(build.workload.id)}",
        "",
        f"{build.assessed.fit.target} `{build.run.name}`; {len(entries)} source fields: {counts}.",
        "",
    ]
    if build.account.placeholders:
        lines += ["## To fill in", "", "Not known when this was written; the same word stands in every file.", ""]
        lines += [
            f"- `{literal}`: {escaped(meaning)}" for literal, meaning in sorted(build.account.placeholders.items())
        ] + [""]
    if build.account.house_rules:
        lines += ["## House rules", "", "`[policy]` of k2cr.toml, and what it did here.", ""]
        rules = sorted(build.account.house_rules.items())
        lines += [f"- `{key}`: {escaped(said)}" for key, said in rules] + [""]
    decisions = [
        *build.account.decisions,
        *(told(f) for f in build.assessed.findings if f.severity == "change"),
    ]
    if decisions:
        lines += ["## To decide or do", "", *(f"- {escaped(d)}" for d in dict.fromkeys(decisions)), ""]
    probes = _probe_entries(build)
    if probes:
        lines += ["## Probes", "", "| source | from | to | why |", "|---|---|---|---|"]
        lines += [_row(p.entry.path, p.entry.source_value, p.entry.target_value or "none", p.entry.why) for p in probes]
        lines += _start_up_rows(build)
        lines += [""]
    for outcome, title in _TITLES.items():
        rows = [e for e in entries if e.outcome == outcome]
        if rows:
            lines += [f"## {title}", "", *_table(outcome, rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def told(finding: Finding) -> str:
    """What was found, and what to do, as two sentences."""
    message = finding.message.rstrip(".")
    return f"{message}. {finding.remediation}" if finding.remediation else f"{message}."


def _table(outcome: str, rows: Sequence[Entry]) -> list[str]:
    if outcome == "changed":
        head = ["| source field | from | to | stands in | why |", "|---|---|---|---|---|"]
        return head + [_row(e.path, e.source_value, e.target_value, e.target, e.why) for e in rows]
    if outcome == "carried":
        head = ["| source field | value | stands in | why |", "|---|---|---|---|"]
        return head + [_row(e.path, e.source_value, e.target, e.why) for e in rows]
    head = ["| source field | was | why |", "|---|---|---|"]
    return head + [_row(e.path, e.source_value, e.why) for e in rows]


def _row(path: str, *cells: str | None) -> str:
    return f"| {_code(path)} | {' | '.join(escaped(c or '') for c in cells)} |"


def _code(path: str) -> str:
    return f"`{path.replace('|', '&#124;').replace('`', '')}`"


def escaped(text: str) -> str:
    """Text that stays text in a Markdown table."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", flat)
