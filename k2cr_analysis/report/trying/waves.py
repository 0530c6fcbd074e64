"""Another set of workloads than the plan's: boxes to tick, and what the set does to the bill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.listing import first_of, in_fleet
from k2cr_analysis.planning import Plan
from k2cr_analysis.planning.sets.any_set import SetWorth, any_set, worth_of
from k2cr_analysis.planning.worth import Fleet
from k2cr_analysis.report.display import Html, Tile, joined, note, paragraph, tiles
from k2cr_analysis.report.trying.widgets import control, has_widgets, ipywidgets, show_again
from k2cr_analysis.report.wording import count, money

_LISTED = "24rem"  # how high the list of boxes is before it scrolls
_CALLEES = 6


def waves_by_hand(assessed: Sequence[Assessment], plan: Plan) -> Any:
    """Boxes to tick; where nobody is there to tick them, the worth of each prefix of the waves."""
    if not plan.currency:
        return note("The bills are in several currencies: no set over all of them has one price.")
    if has_widgets():
        return _boxes(Fleet(assessed), plan)
    found = [any_set(assessed, [w for wave in plan.waves[:upto] for w in wave.workloads])
             for upto in range(1, len(plan.waves) + 1)]  # fmt: skip
    rows = [worth_of_set(one, f"Waves 1 to {upto}") for upto, one in enumerate(found, start=1)]
    return joined(rows) if rows else note("Nothing moves, so there is no set to change.")


def worth_of_set(found: SetWorth, words: str) -> Html:
    """What a set does to the bill, in tiles."""
    currency = found.currency
    across = count(len(found.hops), "callee that stays", "callees that stay")
    hours = f"{abs(found.hours_month):g} hours a month {'more' if found.hours_month < 0 else 'less'}"
    pieces = [
        paragraph(f"{words}: {count(len(found.workloads), 'workload')}"),
        tiles(
            [
                Tile("Leaves the bill", money(found.avoided_month, currency), "a month"),
                Tile("Cloud Run", money(found.cloud_run_month, currency), "a month, after the free tier"),
                Tile("Paths to what stays", money(found.hops_month, currency), across),
                Tile("Off today's bill", money(found.realised_month, currency, sign=True), "a month, all in all",
                     "" if not found.realised_month else "good" if found.realised_month > 0 else "bad"),
                Tile("Nodes that go", str(found.nodes_removed)),
                Tile("Work", f"{found.effort_days:g} days", f"once; {hours}, the cluster otherwise as today"),
            ]
        ),
    ]  # fmt: skip
    if found.hops:
        pieces.append(paragraph(f"Calls across the gap: {first_of(found.hops, _CALLEES)}.", kind="under"))
    return joined(pieces)


def _boxes(fleet: Fleet, plan: Plan) -> Any:
    """A slider over the waves, a box for each candidate, a filter over the boxes, and the worth of what is ticked."""
    library = ipywidgets()
    by_key = {(fleet.names[c.cluster], c.id): n for n, c in enumerate(fleet.candidates)}
    waves = [[by_key[key] for key in zip(w.clusters, w.workloads, strict=True)] for w in plan.waves]
    chosen = {n for wave in waves for n in wave}
    several = len(fleet.names) > 1
    boxes = [
        library.Checkbox(
            value=n in chosen,
            description=in_fleet(fleet.names[c.cluster], c.id, several=several),
            indent=False,
            layout=library.Layout(width="auto", min_height="1.9rem"),
        )
        for n, c in enumerate(fleet.candidates)
    ]
    upto = control("IntSlider", "waves that move", len(waves), min=0, max=len(waves))
    find = control("Text", "show those named", "", placeholder="part of a name", continuous_update=True)
    drawn = library.Output()
    quiet = False

    def draw(_: Any = None) -> None:
        if quiet:
            return
        ticked = [c for c, box in zip(fleet.candidates, boxes, strict=True) if box.value]
        drawn.clear_output(wait=True)
        with drawn:
            show_again(worth_of_set(worth_of(fleet, ticked), "Ticked"))

    def take_waves(change: Any) -> None:
        nonlocal quiet
        quiet = True
        members = {n for wave in waves[: change["new"]] for n in wave}
        for n, box in enumerate(boxes):
            box.value = n in members
        quiet = False
        draw()

    def show_named(change: Any) -> None:
        for box in boxes:
            box.layout.display = "" if change["new"].lower() in box.description.lower() else "none"

    for box in boxes:
        box.observe(draw, names="value")
    upto.observe(take_waves, names="value")
    find.observe(show_named, names="value")
    draw()
    listed = library.VBox(boxes, layout=library.Layout(max_height=_LISTED, overflow="auto", display="block"))
    return library.VBox([upto, drawn, find, listed])
