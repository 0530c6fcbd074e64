"""What a person tries by hand in a notebook: another load, another configuration, another set of workloads.

With ipywidgets in the kernel there are sliders and boxes to tick; without it, and under papermill, a table of the usual
questions stands in their place. What is worked out is the package's own, here and there.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.recommending.sliders import WhatIf
from k2cr_analysis.assessment.recommending.sliders import what_if as ask
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import K2crError
from k2cr_analysis.planning import Plan
from k2cr_analysis.planning.any_set import SetWorth, any_set
from k2cr_analysis.report.display import Html, Tile, joined, note, paragraph, tiles
from k2cr_analysis.report.wording import count, milliseconds, money, share

if TYPE_CHECKING:
    from k2cr_analysis.latency.search.search import Point

# The usual questions, as words and as what is asked.
QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("half the requests", {"traffic": 0.5}),
    ("twice the requests", {"traffic": 2.0}),
    ("five times the requests", {"traffic": 5.0}),
    ("requests take twice as long", {"service_time": 2.0}),
    ("an instance starts in 10 s", {"startup_s": 10.0}),
    ("no cold start in a thousand", {"cold_start_ratio": 0.001}),
    ("one instance always there", {"min_instances": 1}),
    ("one request at a time", {"concurrency": 1}),
)


def show_again(piece: Html) -> None:
    """What is drawn anew when a slider moves."""
    import IPython.display

    display: Any = IPython.display.display
    display(piece)


def has_widgets() -> bool:
    """A person is at a kernel that can show sliders: ipywidgets is there, and the notebook is not run as a batch."""
    if importlib.util.find_spec("ipywidgets") is None:
        return False
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


def what_if(assessed: Assessment, one: WorkloadAssessment) -> Any:
    """Sliders over the load and the objective; without widgets, the usual questions answered."""
    if one.choice is None:
        return note("No configuration of it was searched: it becomes no service, or its requests are not known.")
    if has_widgets():
        return _sliders(assessed, one)
    return questions(assessed, one)


def questions(assessed: Assessment, one: WorkloadAssessment) -> Html:
    """One row a question: the configuration that would be recommended, its price and its latency."""
    assert one.choice is not None, "asked of a workload whose configurations were searched"
    best, met = one.choice.best, one.choice.met
    rows = _answer("as assessed", best, Decimal(0), met, assessed)
    rows += "".join(_question(words, asked, assessed, one) for words, asked in QUESTIONS)
    head = "".join(
        f'<th class="{side}">{name}</th>'
        for name, side in (
            ("what if", ""), ("vCPU", "right"), ("concurrency", "right"), ("min instances", "right"),
            ("a month", "right"), ("change", "right"), ("p99", "right"), ("cold starts", "right"), ("objective", ""),
        )
    )  # fmt: skip
    return Html(
        f'<table class="rows"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>',
        "\n".join(words for words, _ in QUESTIONS),
    )


def _question(words: str, asked: dict[str, Any], assessed: Assessment, one: WorkloadAssessment) -> str:
    try:
        found = ask(assessed, one.id, **asked)
    except K2crError as error:
        return f'<tr><td>{escape(words)}</td><td colspan="8">{escape(error.found)}</td></tr>'
    return _answer(words, found.after, found.change_month, found.met, assessed)


def _answer(words: str, after: Point, change: Decimal, met: bool, assessed: Assessment) -> str:
    shape, currency = after.shape, assessed.bill.currency
    cells = (
        ("vCPU", f"{float(shape.cpu_cores):g}"),
        ("concurrency", str(shape.concurrency)),
        ("min instances", str(shape.min_instances)),
        ("a month", money(after.cost_month, currency)),
        ("change", money(change, currency, sign=True)),
        ("p99", milliseconds(after.p99_ms)),
        ("cold starts", share(after.cold_start_ratio)),
    )
    shown = "".join(f'<td class="right" data-label="{name}">{escape(text)}</td>' for name, text in cells)
    return f'<tr><td data-label="what if">{escape(words)}</td>{shown}<td>{"met" if met else "missed"}</td></tr>'


def side_by_side(assessed: Assessment, one: WorkloadAssessment, **asked: Any) -> Html:
    """The recommended configuration beside the one under what is asked (default: twice the requests)."""
    if one.choice is None:
        return Html("", "")
    asked = asked or {"traffic": 2.0}
    try:
        found = ask(assessed, one.id, **asked)
    except K2crError as error:
        return note(error.found)
    words = ", ".join(f"{name} = {value}" for name, value in asked.items())
    return joined([_of(found, "before", "As assessed", assessed), _of(found, "after", words, assessed)])


def _of(found: WhatIf, side: str, words: str, assessed: Assessment) -> Html:
    point = getattr(found, side)
    shape = point.shape
    size = f"{float(shape.cpu_cores):g} vCPU, {shape.concurrency} at a time"
    kept = f"{count(shape.min_instances, 'min instance')}, {shape.billing}-based billing"
    return joined(
        [
            paragraph(words),
            tiles(
                [
                    Tile("Configuration", size, kept),
                    Tile("Cloud Run", money(point.cost_month, assessed.bill.currency), "a month"),
                    Tile("p99", milliseconds(point.p99_ms)),
                    Tile("Cold starts", share(point.cold_start_ratio), "of requests"),
                ]
            ),
        ]
    )


def _sliders(assessed: Assessment, one: WorkloadAssessment) -> Any:
    import ipywidgets as widgets  # type: ignore[import-not-found, import-untyped, unused-ignore]

    controls = {
        "traffic": widgets.FloatLogSlider(value=1, base=10, min=-1, max=1.5, step=0.05, description="traffic x"),
        "service_time": widgets.FloatSlider(value=1, min=0.2, max=5, step=0.1, description="request x"),
        "concurrency": widgets.IntSlider(value=0, min=0, max=200, description="concurrency"),
        "min_instances": widgets.IntSlider(value=-1, min=-1, max=10, description="min inst."),
        "p99_ms": widgets.IntSlider(value=0, min=0, max=5000, step=50, description="p99 ms"),
    }
    unset = {"concurrency": 0, "min_instances": -1, "p99_ms": 0}

    def draw(**values: Any) -> None:
        asked = {name: value for name, value in values.items() if value != unset.get(name)}
        show_again(side_by_side(assessed, one, **asked))

    return widgets.VBox([*controls.values(), widgets.interactive_output(draw, controls)])


def waves_by_hand(assessed: Sequence[Assessment], plan: Plan) -> Any:
    """Boxes to tick; without widgets, the worth of each prefix of the waves."""
    if has_widgets():
        return _boxes(assessed, plan)
    found = [any_set(assessed, [w for wave in plan.waves[:upto] for w in wave.workloads])
             for upto in range(1, len(plan.waves) + 1)]  # fmt: skip
    rows = [worth_of_set(one, f"Waves 1 to {upto}") for upto, one in enumerate(found, start=1)]
    return joined(rows) if rows else note("Nothing moves, so there is no set to change.")


def worth_of_set(found: SetWorth, words: str) -> Html:
    """What a set does to the bill, in tiles."""
    currency = found.currency
    across = count(len(found.hops), "callee that stays", "callees that stay")
    return joined(
        [
            paragraph(f"{words}: {count(len(found.workloads), 'workload')}"),
            tiles(
                [
                    Tile("Leaves the bill", money(found.avoided_month, currency), "a month"),
                    Tile("Cloud Run", money(found.cloud_run_month, currency), "a month, after the free tier"),
                    Tile("Paths to what stays", money(found.hops_month, currency), across),
                    Tile("Really saved", money(found.realised_month, currency, sign=True), "a month"),
                    Tile("Nodes that go", str(found.nodes_removed), f"{found.effort_days:g} days of work"),
                ]
            ),
        ]
    )


def _boxes(assessed: Sequence[Assessment], plan: Plan) -> Any:
    import ipywidgets as widgets

    from k2cr_analysis.planning.worth import Fleet

    chosen = set(plan.workloads)
    boxes = {
        c.id: widgets.Checkbox(value=c.id in chosen, description=c.id, indent=False) for c in Fleet(assessed).candidates
    }

    def draw(**ticked: bool) -> None:
        show_again(worth_of_set(any_set(assessed, [name for name, yes in ticked.items() if yes]), "Ticked"))

    return widgets.HBox([widgets.VBox(list(boxes.values())), widgets.interactive_output(draw, boxes)])
