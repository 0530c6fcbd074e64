"""A whole report: the pages of a portfolio and its candidates, made side by side, resumed, sharded; their index."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.errors import PartialError
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
from k2cr_analysis.report.pages.parameters import assess_many
from k2cr_analysis.report.pages.worker import make

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of a report to make. ``shard`` is (index from 0, count); ``workloads`` empty: all that can move.

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
    links = _links(pages)
    mine = of_shard(pages, *selection.shard)
    waiting = [page for page in mine if not (selection.resume and is_done(page, out))]
    out.mkdir(parents=True, exist_ok=True)
    (out / "pages").mkdir(exist_ok=True)
    for page in waiting:
        record_path(out, page.name).unlink(missing_ok=True)
    done = [_already(page) for page in mine if page not in waiting]
    for record in _made(waiting, out, links, selection.jobs):
        say(f"{record.state:6} {record.title}" + (f": {record.error}" if record.error else ""))
        done.append(record)
    every = [*plan_pages(snapshots, assessments, (), config), *pages]
    write_index(out, assessments, {page.name: page.key for page in every})
    return sorted(done, key=lambda record: record.name)


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
    """The portfolio, then a page for each workload that was named, or that can move."""
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
    return Page("deploy", "Deployment", DEPLOY, parameters, None, portfolio.facts)


def _links(pages: Sequence[Page]) -> dict[str, str]:
    """Workload -> its page; an id that several clusters of a fleet have leads nowhere in particular."""
    ids = Counter(page.workload for page in pages)
    return {page.workload: f"{page.name}.html" for page in pages if page.workload and ids[page.workload] == 1}


def _named(assessed: Assessment, workloads: Sequence[str], *, only: bool) -> list[str]:
    if not workloads:
        return [w.id for w in assessed.workloads if w.fit.moves]
    held = {w.id for w in assessed.workloads}
    if only:
        return sorted({find_workload([assessed], name).id for name in workloads})
    return sorted(held.intersection(workloads))


def _already(page: Page) -> Record:
    return Record(page.name, page.title, page.workload, page.key, "done")


def _made(pages: Sequence[Page], out: Path, links: dict[str, str], jobs: int) -> Iterator[Record]:
    if jobs <= 1 or len(pages) <= 1:
        yield from (make(page, out, links) for page in pages)
        return
    # Workers start afresh: a fork of a process in which numpy and DuckDB run threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(pages)), mp_context=context, initializer=take, initargs=(known(),)) as pool:
        running = [(page, pool.submit(make, page, out, links)) for page in pages]
        for page, future in running:
            try:
                yield future.result()
            except BrokenProcessPool:
                record = Record(
                    page.name, page.title, page.workload, page.key, "failed", "the worker that made it died"
                )
                write_record(out, record)
                yield record
