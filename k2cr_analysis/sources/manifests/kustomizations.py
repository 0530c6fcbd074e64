"""Kustomizations among the manifests: built where that needs nothing from elsewhere, else told with the line that does.

Only a path that was named and is a kustomization itself is built, by ``kubectl kustomize``. kustomize fetches what a
kustomization names by URL, runs Helm for its charts and programs for its plug-ins; one that does any of this, in itself
or in what it builds on, is not built but told. Others deeper in a folder are read as plain files and told.
Source: kubectl.docs.kubernetes.io/references/kustomize/kustomization.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from k2cr_analysis.snapshot.provenance import KUSTOMIZATION, Notice
from k2cr_analysis.sources.manifests.input_files import InputFile

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_BUILD_S: Final = 120
_MAX_DEPTH: Final = 32
_MAX_BYTES: Final = 2**20
# Fields whose entries are files, folders or what kustomize fetches.
_ENTRIES: Final = ("resources", "bases", "components", "crds", "configurations", "patchesStrategicMerge")
_PLUGINS: Final = ("generators", "transformers", "validators")
_HELM: Final = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")
_REMOTE: Final = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*:|git@|git::|gh:|//)|://|[?&](?:ref|version|timeout|submodules)=|\.git(?:/|$)"
    r"|^[\w-]+(?:\.[\w-]+)*\.(?:com|org|io|net|dev)(?:[:/]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Built:
    """What ``kubectl kustomize`` printed; ``shown`` is the folder, as it was named."""

    shown: str
    text: str


def kustomization_in(folder: Path) -> Path | None:
    """The file that makes a folder a kustomization."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def built(folder: str) -> Built | str | None:
    """The built manifests of a folder; why it was not built; or None where it is no kustomization."""
    path = Path(folder)
    if not path.is_dir() or kustomization_in(path) is None:
        return None
    why = needs_more_than_files(path)
    if why:
        return why
    program = shutil.which("kubectl")
    if program is None:
        return "kubectl is not installed here"
    try:
        done = subprocess.run(
            [program, "kustomize", str(path)], capture_output=True, text=True, timeout=_BUILD_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        return f"kubectl kustomize did not end well: {type(error).__name__}"
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return f"kubectl kustomize refused it: {lines[-1][:200] if lines else 'no reason given'}"
    return Built(folder, done.stdout)


def needs_more_than_files(folder: Path, above: tuple[Path, ...] = ()) -> str | None:
    """What a kustomization, or one that it builds on, would fetch or run; None where files are enough."""
    file = kustomization_in(folder)
    here = folder.resolve()
    if file is None or here in above or len(above) > _MAX_DEPTH:
        return None  # kustomize itself says what is wrong
    content = _content(file)
    if content is None:
        return f"{file} cannot be read as YAML"
    used = [f for f in (*_PLUGINS, *_HELM) if content.get(f)]
    if used:
        return f"{file} has {used[0]}, for which kustomize runs other programs"
    for entry in _named(content):
        if _REMOTE.search(entry) or not (folder / entry).exists():
            return f"{file} names {entry}, which is not a file here: kustomize would fetch it"
        below = folder / entry
        if below.is_dir() and (why := needs_more_than_files(below, (*above, here))):
            return why
    return None


def _named(content: Mapping[str, Any]) -> Iterator[str]:
    """Every file or folder that a kustomization names. An inline patch is none."""
    for field in _ENTRIES:
        for entry in content.get(field) or ():
            if isinstance(entry, str) and "\n" not in entry:
                yield entry
    for field in ("patches", "patchesJson6902", "replacements"):
        for entry in content.get(field) or ():
            if isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
                yield entry["path"]
    for field in ("configMapGenerator", "secretGenerator"):
        for entry in content.get(field) or ():
            if isinstance(entry, Mapping):
                yield from _sources(entry)
    schema = content.get("openapi")
    if isinstance(schema, Mapping) and isinstance(schema.get("path"), str):
        yield schema["path"]


def _sources(generator: Mapping[str, Any]) -> Iterator[str]:
    for source in (*(generator.get("files") or ()), *(generator.get("envs") or ()), generator.get("env")):
        if isinstance(source, str):
            yield source.partition("=")[2] or source  # name=file


def _content(file: Path) -> Mapping[str, Any] | None:
    try:
        if file.stat().st_size > _MAX_BYTES:
            return None
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else {} if found is None else None


def told(files: list[InputFile], not_built: Mapping[str, str]) -> Iterator[Notice]:
    """A notice for each kustomization that is read as plain files: what runs is what it builds."""
    for file in files:
        path = Path(file.shown)
        if path.name in NAMES:
            yield _notice(path, not_built.get(str(path.parent)))


def _notice(file: Path, why_not: str | None) -> Notice:
    content = _content(file) or {}
    fields = [f for f in ("namespace", "namePrefix", "nameSuffix", "images", "replicas", "patches") if content.get(f)]
    fields += [f for f in ("patchesStrategicMerge", "patchesJson6902", *_ENTRIES[:3], *_HELM[:2]) if content.get(f)]
    changes = f" with {', '.join(dict.fromkeys(fields))}" if fields else ""
    reason = f"; it was not built: {why_not}" if why_not else ""
    found = f"a kustomization{changes}: its files were read as they are, and what runs is what it builds{reason}"
    runs_others = why_not is not None and "other programs" in why_not
    builder = "kustomize build --enable-helm --enable-alpha-plugins" if runs_others else "kubectl kustomize"
    do = f"`{builder} {file.parent} | k2cr collect --manifests - --out SNAP`"
    return Notice(KUSTOMIZATION, str(file), 1, None, None, found, "built manifests", do)
