"""A whole report: the pages of a portfolio and its candidates, made side by side, resumed, sharded; their index."""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import PartialError
from k2cr_analysis.planning import Plan, cluster_names
from k2cr_analysis.rendering import can_render, render_what_is_taken
from k2cr_analysis.report.pages.around import Around, around_pages, files_of, place_in_plan
from k2cr_analysis.report.pages.contents import (
    CANDIDATE,
    DEPLOY,
    PORTFOLIO,
    Page,
    Record,
    candidate_name,
    is_done,
    of_shard,
    prefix_of,
    record_path,
    write_record,
)
from k2cr_analysis.report.pages.index import write_index
from k2cr_analysis.report.pages.once import known, take
from k2cr_analysis.report.pages.parameters import assess_many, decided
from k2cr_analysis.report.pages.summary import write_summary
from k2cr_analysis.report.pages.worker import make

RENDERED = "rendered"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of a report to make. ``shard`` is (index from 0, count); ``workloads`` empty: all.

    ``deploy``: a folder for the files of all that can move; they get a page too.
    """

    workloads: tuple[str, ...] = ()
    shard: tuple[int, int] = (0, 1)
    resume: bool = False
    jobs: int = 1
    deploy: Path | None = None


def write_report(
    snapshots: Sequence[Path], out: Path, selection: Selection, *, config: Path | None = None, say: Say = lambda _: None
) -> list[Record]:
    """Make the pages and the index under ``out``; gives the record of each page of the shard, failed ones among them.

    Pages are files of their own: a crash loses the ones that were being made, and ``resume`` makes those again. Each
    shard writes its own pages, and an index of all that are there when it ends.
    """
    assessments = assess_many(snapshots, config)
    pages = plan_pages(snapshots, assessments, selection.workloads, config)
    if selection.deploy is not None:
        pages.append(_deploy_page(pages[0], selection.deploy))
    plan, portfolio = decided(assessments)
    mine = of_shard(pages, *selection.shard)
    waiting = [page for page in mine if not (selection.resume and is_done(page, out))]
    (out / "pages").mkdir(parents=True, exist_ok=True)
    for page in waiting:
        record_path(out, page.name).unlink(missing_ok=True)
    done = [_already(page) for page in mine if page not in waiting]
    shell = _Shell(_links(pages), _arounds(assessments, plan, pages, waiting, out))
    began = time.monotonic()
    for record in _made(waiting, out, shell, selection.jobs):
        done.append(record)
        say(_told(record, len(done) - len(mine) + len(waiting), len(waiting), time.monotonic() - began))
    every = [*plan_pages(snapshots, assessments, (), config), *pages]
    keys = {page.name: page.key for page in every}
    write_index(out, assessments, keys, plan=plan, portfolio=portfolio, snapshots=snapshots)
    write_summary(out, assessments, plan, portfolio)
    return sorted(done, key=lambda record: record.name)


def _told(record: Record, number: int, whole: int, seconds: float) -> str:
    """``done   3 of 12  shop/Deployment/web, 20 s to go``"""
    left = seconds / number * (whole - number)
    to_go = f", {left:.0f} s to go" if left >= 1 else ""
    error = f": {record.error}" if record.error else ""
    return f"{record.state:6} {number} of {whole}  {record.title}{error}{to_go}"


def failed_pages(made: Sequence[Record]) -> None:
    """Raises PartialError where a page failed; the pages that did not are whole."""
    failed = [record for record in made if record.state == "failed"]
    if failed:
        # All are named; one cause often fails many pages, so that a few of the errors are enough here.
        first = [f"{record.title} ({record.error})" for record in failed[:5]]
        listed = "; ".join([*first, *(record.title for record in failed[5:])])
        raise PartialError(
            ref="pages-failed",
            found=f"{len(failed)} of {len(made)} pages failed: {listed}",
            do="the other pages are whole; run again with --resume to make only these",
        )


def plan_pages(
    snapshots: Sequence[Path], assessments: Sequence[Assessment], workloads: Sequence[str], config: Path | None
) -> list[Page]:
    """The portfolio, then a page for each workload: of those that were named, or of all."""
    text = config.read_text(encoding="utf-8") if config else ""
    facts = [f"{a.snapshot.get('sha256')} {hashlib.sha256(text.encode()).hexdigest()}" for a in assessments]
    places = [str(path.resolve()) for path in snapshots]
    settings = {"config": str(config.resolve())} if config else {}
    portfolio = {"snapshot": places[0] if len(places) == 1 else places, **settings}
    pages = [Page("portfolio", "Portfolio", PORTFOLIO, portfolio, None, " ".join(facts))]
    for number, (place, assessed, fact) in enumerate(zip(places, assessments, facts, strict=True), start=1):
        prefix = prefix_of(number, len(places))
        for workload_id in _named(assessed, workloads, only=len(places) == 1):
            parameters = {"snapshot": place, "workload": workload_id, **settings}
            name = candidate_name(workload_id, prefix)
            pages.append(Page(name, workload_id, CANDIDATE, parameters, workload_id, fact))
    return pages


def _deploy_page(portfolio: Page, folder: Path) -> Page:
    """The specs and commands of all that can move, of the portfolio's snapshot."""
    parameters = portfolio.parameters | {"workloads": "all", "out": str(folder.resolve())}
    return Page("deploy", "Specs and commands", DEPLOY, parameters, None, portfolio.facts)


def _links(pages: Sequence[Page]) -> dict[str, str]:
    """Workload -> its page; an id that several clusters of a fleet have leads nowhere in particular."""
    ids = Counter(page.workload for page in pages)
    return {page.workload: f"{page.name}.html" for page in pages if page.workload and ids[page.workload] == 1}


def _named(assessed: Assessment, workloads: Sequence[str], *, only: bool) -> list[str]:
    if not workloads:
        return [w.id for w in assessed.workloads]
    held = {w.id for w in assessed.workloads}
    if only:
        return sorted({find_workload([assessed], name).id for name in workloads})
    return sorted(held.intersection(workloads))


def _already(page: Page) -> Record:
    return Record(page.name, page.title, page.workload, page.key, "done")


@dataclass(frozen=True, slots=True)
class _Shell:
    """What pages get beside their own content. ``links``: workload -> its page; ``around``: by page."""

    links: dict[str, str]
    around: dict[str, Around]

    def make(self, page: Page, out: Path) -> Record:
        return make(page, out, self.links, self.around.get(page.name))


def _arounds(
    assessments: Sequence[Assessment], plan: Plan, pages: Sequence[Page], waiting: Sequence[Page], out: Path
) -> dict[str, Around]:
    """What stands around each page that is to be made; the files of its workload are written for it."""
    ways = around_pages([(page.name, page.workload) for page in pages if page.workload])
    found: dict[str, Around] = {}
    clusters = cluster_names(assessments)
    for number, (assessed, cluster) in enumerate(zip(assessments, clusters, strict=True), start=1):
        prefix = prefix_of(number, len(assessments))
        by_name = {candidate_name(w.id, prefix): w for w in assessed.workloads}
        mine = {page.name: by_name[page.name] for page in waiting if page.name in by_name}
        written = _written(assessed, list(mine.values()), out / RENDERED / prefix.strip("-"))
        for name, one in mine.items():
            top = place_in_plan(plan, one.id, cluster)
            bottom = files_of(written[one.id], out).html if one.id in written else ""
            found[name] = replace(ways[name], top=top.html, bottom=bottom)
    return found


def _written(assessed: Assessment, workloads: Sequence[WorkloadAssessment], folder: Path) -> Mapping[str, Path]:
    """The folders of those that can be written; what would be refused has findings that say so."""
    names = [one.id for one in workloads if can_render(one)]
    return render_what_is_taken(assessed, names, folder).folders if names else {}


def _made(pages: Sequence[Page], out: Path, shell: _Shell, jobs: int) -> Iterator[Record]:
    if jobs <= 1 or len(pages) <= 1:
        yield from (shell.make(page, out) for page in pages)
        return
    # Workers start afresh: a fork of a process in which numpy and DuckDB run threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(pages)), mp_context=context, initializer=take, initargs=(known(),)) as pool:
        running = [(page, pool.submit(make, page, out, shell.links, shell.around.get(page.name))) for page in pages]
        for page, future in running:
            try:
                yield future.result()
            except BrokenProcessPool:
                record = Record(
                    page.name, page.title, page.workload, page.key, "failed", "the worker that made it died"
                )
                write_record(out, record)
                yield record
