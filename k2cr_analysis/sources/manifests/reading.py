"""Manifests into objects: what was read, what was left out and why, which of two documents stands.

The order of the objects is that of the sorted paths and of the documents in each file, whatever the order in which
the paths were given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.openapi.validate import Problem, Steps, as_server_reads
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Notice, Superseded
from k2cr_analysis.snapshot.redaction.redact import looks_secret
from k2cr_analysis.snapshot.redaction.secret_commands import flag_of
from k2cr_analysis.sources.manifests.input_files import STANDARD_INPUT, InputFile, input_files
from k2cr_analysis.sources.manifests.json_reading import read_json
from k2cr_analysis.sources.manifests.kustomizations import NAMES, Built, built, told
from k2cr_analysis.sources.manifests.object_identity import (
    Identity,
    identity,
    is_complete,
    list_items,
    shown_identity,
    why_not_an_object,
)
from k2cr_analysis.sources.manifests.yaml_reading import TEMPLATE_ADVICE, Document, Place, find_place, read_yaml

# A name becomes a part of URLs and of file names, so that no kind may have these in it.
_NOT_IN_A_NAME: Final = re.compile(r"[/%\x00-\x20\x7f]|^\.{1,2}$")
_TEMPLATE: Final = "{{"


@dataclass(frozen=True, slots=True)
class _Read:
    """One object of a document, with the steps that lead to it from the document's top."""

    object: dict[str, Any]
    source: Location
    document: int
    steps: Steps


@dataclass(slots=True)
class ManifestObjects:
    """What manifests hold. ``objects`` are not redacted yet; every known field in them has its declared type."""

    objects: list[SnapshotObject] = field(default_factory=list)
    skipped: list[Notice] = field(default_factory=list)
    problems: list[Notice] = field(default_factory=list)
    superseded: list[Superseded] = field(default_factory=list)


def read_manifests(paths: Iterable[str], *, keep_going: bool) -> ManifestObjects:
    """Read files, folders and standard input (``-``).

    A path that is a kustomization is built where that takes files alone; others are told. Without ``keep_going`` the
    first bad file or refused value raises ``InputError``. With it a bad file is listed in
    ``skipped``, and a refused value is taken out of its object and listed in ``problems``, while the object stays.
    ``InputError`` also where nothing at all is left.
    """
    given = list(paths)
    builds = {path: made for path in given if path != STANDARD_INPUT and (made := built(path)) is not None}
    files = [*input_files(p for p in given if not isinstance(builds.get(p), Built))]
    files += [InputFile(made.shown, made.text) for made in builds.values() if isinstance(made, Built)]
    result = ManifestObjects()
    result.skipped += told(files, {str(Path(p)): why for p, why in builds.items() if isinstance(why, str)})
    standing: dict[Identity, SnapshotObject] = {}
    for file in files:
        try:
            text = file.text()
            documents = _documents(text, file)
            found = list(_objects(documents, file.shown, result.skipped))
        except InputError as error:
            if not keep_going:
                raise
            result.skipped.append(Notice.of(error))
            continue
        for read in found:
            accepted = _accepted(read, text, keep_going, result)
            if accepted is not None:
                _stand(accepted, standing, result.superseded)
    result.objects = list(standing.values())
    if not result.objects:
        raise _nothing_left(files, result.skipped)
    return result


def _documents(text: str, file: InputFile) -> list[Document]:
    if file.is_json or (file.shown == STANDARD_INPUT and text.lstrip()[:1] == "{"):
        return read_json(text, file.shown)
    return read_yaml(text, file.shown)


def _objects(documents: list[Document], file: str, skipped: list[Notice]) -> Iterator[_Read]:
    """The objects of a file; a document that is none is listed, an empty one beside others is nothing at all."""
    if all(document.value is None for document in documents):
        skipped.append(_notice("empty-file", Location(file), "a file without a document"))
        return
    for index, document in enumerate(documents):
        if document.value is None or Path(file).name in NAMES:
            continue
        yield from _flattened(document.value, Location(file, document.line), index, (), document, skipped)


def _flattened(
    value: Any, where: Location, index: int, steps: Steps, document: Document, skipped: list[Notice]
) -> Iterator[_Read]:
    items = list_items(value)
    if items is not None:
        for number, item in enumerate(items):
            lines = document.item_lines if not steps else ()
            there = replace(where, line=lines[number]) if number < len(lines) else where
            yield from _flattened(item, there, index, (*steps, "items", number), document, skipped)
        return
    reason = why_not_an_object(value)
    if reason:
        skipped.append(_notice("not-a-cluster-object", where, reason))
    else:
        yield _Read(value, where, index, steps)


def _accepted(read: _Read, text: str, keep_going: bool, result: ManifestObjects) -> SnapshotObject | None:
    """The object as the API server would read it, its problems listed or raised; None where it cannot stay at all."""
    problem = _name_problem(read.object)
    if problem is not None:
        error = _error(problem, read, text)
        if not keep_going:
            raise error
        result.skipped.append(Notice.of(error))
        return None
    kept, problems = as_server_reads(read.object)
    for problem in [*_template_problems(read.object), *problems]:
        error = _error(problem, read, text)
        if not keep_going:
            raise error
        result.problems.append(replace(Notice.of(error), object=shown_identity(read.object)))
    return SnapshotObject(kept, read.source)


def _name_problem(obj: dict[str, Any]) -> Problem | None:
    """What is wrong with the names by which the object is known; None where nothing is, or it is a template."""
    for name in ("name", "generateName", "namespace"):
        value = obj["metadata"].get(name)
        steps = ("metadata", name)
        if value is None or (isinstance(value, str) and _TEMPLATE in value):
            continue
        if not isinstance(value, str):
            return Problem("wrong-type", steps, _form(value), "a string", "put it in quotes")
        if _NOT_IN_A_NAME.search(value):
            do = "write the name of the object, as kubectl would show it"
            return Problem("not-a-name", steps, repr(value[:60]), "a name without blanks, / and %", do)
    return None


def _form(value: object) -> str:
    return f"the number {value}" if isinstance(value, int | float) and not isinstance(value, bool) else "no text"


def _template_problems(obj: dict[str, Any]) -> Iterator[Problem]:
    for name in ("name", "namespace"):
        value = obj["metadata"].get(name)
        if isinstance(value, str) and _TEMPLATE in value:
            found, expected = "a template with {{ }}", "a rendered manifest"
            yield Problem("template-not-rendered", ("metadata", name), found, expected, TEMPLATE_ADVICE)


def _error(problem: Problem, read: _Read, text: str) -> InputError:
    place = find_place(text, read.document, (*read.steps, *problem.steps))
    line, column = (place.line, place.column) if place else (read.source.line, None)
    found, do = _said(problem, read.object, place)
    where = Location(read.source.file, line, column, problem.path)
    return InputError(ref=problem.ref, where=where, found=found, expected=problem.expected, do=do)


def _said(problem: Problem, obj: dict[str, Any], place: Place | None) -> tuple[str, str]:
    """What was found and what to do, with the value as it is written, and without it where it may be a secret."""
    quotes = problem.do.startswith("put it in quotes")
    if obj["kind"] == "Secret" or _may_be_secret(problem, obj):
        return "a value that may be secret", "put it in quotes" if quotes else f"write {problem.expected}"
    if quotes and place is not None and place.text is not None:
        return f"{place.text} without quotes", f'put it in quotes: "{place.text}"'
    return problem.found, problem.do


def _may_be_secret(problem: Problem, obj: dict[str, Any]) -> bool:
    holder: Any = obj
    for step in problem.steps[:-1]:
        holder = holder[step]
    names = [step for step in problem.steps if isinstance(step, str)][-2:]
    announced = holder.get("name") if isinstance(holder, dict) else _flag_before(holder, problem.steps[-1])
    return any(looks_secret(name, problem.found) for name in [*names, announced] if isinstance(name, str))


def _flag_before(words: Any, at: str | int) -> str | None:
    """The flag whose value stands at ``at`` of a list of arguments: ``--password`` before ``48213907``."""
    if not isinstance(words, list) or not isinstance(at, int) or at == 0:
        return None
    before = words[at - 1]
    return flag_of(before) or None if isinstance(before, str) else None


def _stand(read: SnapshotObject, standing: dict[Identity, SnapshotObject], superseded: list[Superseded]) -> None:
    """The later of two different objects stands, as with ``kubectl apply``; a patch never replaces a whole one."""
    key = identity(read.object)
    before = standing.get(key)
    if before is None:
        standing[key] = read
        return
    if before.object == read.object:
        return
    if is_complete(before.object) and not is_complete(read.object):
        kept, dropped = before, read
    else:
        kept, dropped = read, before
        # The place in the order is that of the object that stands.
        del standing[key]
        standing[key] = read
    superseded.append(Superseded(shown_identity(read.object), str(kept.source), str(dropped.source)))


def _notice(ref: str, where: Location, found: str) -> Notice:
    return Notice(ref, where.file, where.line, None, None, found, "a Kubernetes object", "")


def _nothing_left(files: list[InputFile], skipped: list[Notice]) -> InputError:
    if not files:
        return InputError(
            ref="no-manifests",
            found="no .yaml, .yml or .json file",
            expected="a file or folder with manifests",
            do="check the paths after --manifests",
        )
    first = skipped[0] if skipped else None
    where = Location(first.file, first.line, first.column, first.path) if first else Location(files[0].shown)
    more = f" ({len(skipped) - 1} more were left out)" if len(skipped) > 1 else ""
    return InputError(
        ref="no-kubernetes-object",
        where=where,
        found=f"{first.found if first else 'no object'}{more}",
        expected="at least one Kubernetes object",
        do=(first.do if first else "") or "name files that hold manifests",
    )
