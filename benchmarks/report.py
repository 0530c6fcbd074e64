"""`report` against a plain papermill loop over the same notebooks and candidates: seconds, processor seconds, content.

The loop starts a kernel for each page, which assesses the snapshot again. All its pages do the same work, so that a few
of them are run and stand for the rest. Processor seconds hold on a busy machine too, where seconds do not.

    python benchmarks/report.py [candidates] [--jobs 2] [--sample 3]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from render import objects

from k2cr_analysis.resources import bundled

BIN = Path(sys.executable).parent
LEAST_RATIO = 10


@dataclass(frozen=True, slots=True)
class Spent:
    seconds: float
    processor_s: float

    def times(self, factor: float) -> Spent:
        return Spent(self.seconds * factor, self.processor_s * factor)


def run(*command: str) -> Spent:
    """What a command and all that it starts takes."""
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 5):
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    after = os.times()
    processor = after.children_user - before.children_user + after.children_system - before.children_system
    return Spent(time.perf_counter() - began, processor)


def snapshot_of(folder: Path, candidates: int) -> tuple[Path, list[str]]:
    made = list(objects(candidates))
    (folder / "all.yaml").write_text(yaml.safe_dump_all(made))
    place = folder / "snapshot"
    run(
        str(BIN / "k2cr"),
        "collect",
        "--manifests",
        str(folder / "all.yaml"),
        "--location",
        "us-central1",
        "--out",
        str(place),
    )
    kinds = ("Deployment", "CronJob")
    return place, [
        f"{o['metadata']['namespace']}/{o['kind']}/{o['metadata']['name']}" for o in made if o["kind"] in kinds
    ]


def batch(snapshot: Path, out: Path, jobs: int) -> Spent:
    return run(str(BIN / "k2cr"), "report", str(snapshot), "--out", str(out), "--jobs", str(jobs), "--quiet")


def plain(snapshot: Path, workload: str, out: Path) -> Spent:
    """One page by papermill alone, and its HTML by nbconvert."""
    notebook = str(bundled("notebooks") / "02_candidate.ipynb")
    given = ["-p", "snapshot", str(snapshot), "-p", "workload", workload]
    ran = run(str(BIN / "papermill"), notebook, str(out), *given, "--no-progress-bar")
    shown = run(str(BIN / "jupyter"), "nbconvert", "--to", "html", "--no-input", str(out))
    return Spent(ran.seconds + shown.seconds, ran.processor_s + shown.processor_s)


def same_figures(page: str, notebook: Path) -> bool:
    """Whether every table and text of a plain page's cells stands in the batch's page."""
    import nbformat

    from k2cr_analysis.report.look import unframed

    cells = nbformat.read(notebook, as_version=4).cells
    html = [
        unframed(o["data"]["text/html"])
        for c in cells
        for o in c.get("outputs", ())
        if "text/html" in o.get("data", {})
    ]
    tables = [piece for whole in html for piece in whole.split("<td") if piece.strip()]
    known = page.replace("<wbr>", "")
    cut = [piece.partition(">")[2].partition("<")[0] for piece in tables]
    return bool(cut) and all(text in known for text in cut)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidates", type=int, nargs="?", default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        snapshot, ids = snapshot_of(folder, asked.candidates)
        many = batch(snapshot, folder / "report", asked.jobs)
        print(
            f"k2cr report --jobs {asked.jobs}: {len(ids)} candidates, {many.seconds:.0f} s, {many.processor_s:.0f} s of processor"
        )
        chosen = ids[:: max(1, len(ids) // asked.sample)][: asked.sample]
        each, same = [], True
        for number, workload in enumerate(chosen):
            each.append(plain(snapshot, workload, folder / f"{number}.ipynb"))
            page = folder / "report" / f"{'--'.join(workload.split('/')).lower()}.html"
            same &= same_figures(page.read_text(encoding="utf-8"), folder / f"{number}.ipynb")
        mean = Spent(sum(e.seconds for e in each) / len(each), sum(e.processor_s for e in each) / len(each))
        loop = mean.times(len(ids))
        print(
            f"papermill and nbconvert, {len(chosen)} of them: {mean.seconds:.1f} s a page, {mean.processor_s:.1f} s of processor"
        )
        print(f"a loop over all: {loop.seconds:.0f} s, {loop.processor_s:.0f} s of processor; the same figures: {same}")
        ratio = loop.processor_s / many.processor_s
        print(f"ratio: {loop.seconds / many.seconds:.1f} in seconds, {ratio:.1f} in processor seconds")
        if asked.candidates >= 200 and (ratio < LEAST_RATIO or not same):
            raise SystemExit(f"less than {LEAST_RATIO} times, or another content")


if __name__ == "__main__":
    main()
