"""``render --check``: both forms of a folder go to the real gcloud, and what it would have created is compared."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.platforms.cloud_run.gcloud_flags import lacks
from k2cr_analysis.rendering.check.compare import comparable, differences
from k2cr_analysis.rendering.check.gcloud import PROJECT, REGION, Gcloud, gcloud
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.forms.flag_gaps import Gap, words
from k2cr_analysis.rendering.forms.flags_form import judged_script
from k2cr_analysis.rendering.spec.build import build

__all__ = ["Checked", "Subject", "check_folders", "subject_of"]

_REPLACE = {
    "service.yaml": ["gcloud", "run", "services", "replace", "service.yaml", f"--region={REGION}"],
    "job.yaml": ["gcloud", "run", "jobs", "replace", "job.yaml", f"--region={REGION}"],
}


def _replace_command(spec: str, installed: int) -> list[str]:
    if spec in _REPLACE:
        return _REPLACE[spec]
    track = ["beta"] if lacks("worker-pools", installed) else []
    return ["gcloud", *track, "run", "worker-pools", "replace", spec]


@dataclass(frozen=True, slots=True)
class Subject:
    """A rendered folder to check.

    ``script``: what stands in for its ``deploy.sh``, where that has flags that the installed gcloud lacks; ``newer``:
    those flags, which cannot be judged here.
    """

    folder: Path
    script: str | None = None
    newer: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """``differences`` is empty where both forms make the same object; ``not_judged`` names what was left out of it."""

    folder: Path
    differences: tuple[str, ...]
    not_judged: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return not self.differences


def subject_of(folder: Path, assessed: WorkloadAssessment, context: RenderContext, installed: int) -> Subject:
    """A folder as the installed gcloud can judge it: its flags form once more, for that version."""
    script, newer = judged_script(build(assessed, replace(context, gcloud=installed)))
    return Subject(folder, script, newer) if newer else Subject(folder)


def check_folders(subjects: Sequence[Subject], installed: int, *, at_once: int = 2) -> Iterator[Checked]:
    """Check rendered folders, in their order. About three seconds each: gcloud starts twice."""
    clients: SimpleQueue[Gcloud] = SimpleQueue()

    def one(subject: Subject) -> Checked:
        client = clients.get()
        try:
            return Checked(
                subject.folder, _differences(client, subject, installed), tuple(words(subject.newer, installed))
            )
        finally:
            clients.put(client)

    with gcloud() as first, gcloud() as second:
        for client in (first, second)[:at_once]:
            clients.put(client)
        with ThreadPoolExecutor(at_once) as pool:
            yield from pool.map(one, subjects)


def _differences(client: Gcloud, subject: Subject, installed: int) -> tuple[str, ...]:
    spec = next(name for name in (*_REPLACE, "worker-pool.yaml") if (subject.folder / name).exists())
    with TemporaryDirectory(prefix="k2cr-check-") as temporary:
        folder = Path(temporary) / subject.folder.name
        shutil.copytree(subject.folder, folder)
        if subject.script is not None:
            (folder / "deploy.sh").write_text(subject.script, encoding="utf-8")
        from_yaml = client.run([*_replace_command(spec, installed), f"--project={PROJECT}", "--quiet"], folder)
        from_script = client.run(["bash", "deploy.sh"], folder)
    failures = [f"{name} {o.failure}" for name, o in ((spec, from_yaml), ("deploy.sh", from_script)) if o.failure]
    if failures:
        return tuple(failures)
    left_out = tuple(path for gap in subject.newer for path in gap.paths)
    found = differences(comparable(from_yaml.sent), comparable(from_script.sent))
    return tuple(line for line in found if not _is_of(line, left_out))


def _is_of(line: str, paths: Sequence[str]) -> bool:
    """Whether a difference is at one of these ends of paths, or below it."""
    path = line.partition(": ")[0]
    return any(f".{end}" in path and path.partition(f".{end}")[2][:1] in ("", ".") for end in paths)
