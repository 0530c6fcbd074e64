"""Another load, objective or configuration of one service: sliders, or the usual questions answered."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any, get_args

from k2cr_analysis.assessment.recommending.sliders import WhatIf
from k2cr_analysis.assessment.recommending.sliders import what_if as ask
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config.settings import Cud
from k2cr_analysis.errors import K2crError
from k2cr_analysis.model.cloud_run import BillingMode
from k2cr_analysis.planning.effort.labour import HOURS_PER_DAY, engineer_rate, own_hours
from k2cr_analysis.platforms.cloud_run.limits import WHOLE_CORES
from k2cr_analysis.report.display import Html, Tile, joined, note, paragraph, tiles
from k2cr_analysis.report.trying.widgets import control, has_widgets, ipywidgets, show_again
from k2cr_analysis.report.wording import UNKNOWN, count, milliseconds, money, share

if TYPE_CHECKING:
    from k2cr_analysis.latency.search.search import Point
    from k2cr_analysis.model.cloud_run import ServiceShape

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


def what_if(assessed: Assessment, one: WorkloadAssessment) -> Any:
    """Sliders over the load and the objective; without widgets, the usual questions answered."""
    if one.choice is None:
        return note("No configuration of it was searched: it becomes no service, or its requests are not known.")
    if has_widgets():
        return _Panel(assessed, one).widget()
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
    return two([("As assessed", found.before, ""), (words, found.after, _missed(found))], assessed)


def two(columns: list[tuple[str, Point, str]], assessed: Assessment, more: Mapping[str, Tile] | None = None) -> Html:
    """Configurations beside each other; below each other where there is no room. ``more``: a tile more of each."""
    cells = "".join(
        f'<div class="side">{_column(words, point, missed, assessed, (more or {}).get(words)).html}</div>'
        for words, point, missed in columns
    )
    return Html(f'<div class="sides">{cells}</div>', "\n".join(words for words, _, _ in columns))


def _missed(found: WhatIf) -> str:
    return "" if found.met else f"misses {found.limits}"


def _column(words: str, point: Point, missed: str, assessed: Assessment, more: Tile | None) -> Html:
    shape = point.shape
    kept = f"{count(shape.min_instances, 'min instance')}, {shape.billing}-based billing"
    size = f"{float(shape.cpu_cores):g} vCPU, {shape.concurrency} at a time"
    return joined(
        [
            paragraph(words),
            tiles(
                [
                    Tile("Configuration", size, kept),
                    Tile("Cloud Run", money(point.cost_month, assessed.bill.currency), "a month"),
                    Tile("p99", milliseconds(point.p99_ms), missed, "bad" if missed else ""),
                    Tile("Cold starts", share(point.cold_start_ratio), "of requests"),
                    *([more] if more else []),
                ]
            ),
        ]
    )


def net_of_work(point: Point, one: WorkloadAssessment, assessed: Assessment, hourly_rate: float) -> Tile:
    """What the move saves on paper a month with its work in it, at an engineer's rate."""
    cost, plan = one.cost, assessed.config.plan
    if cost is None or cost.gke_attributed_month is None:
        return Tile("Saves, with its work", UNKNOWN, "its share of today's bill is not known")
    rate, days = Decimal(repr(hourly_rate)), Decimal(repr(one.effort_days or 0.0))
    saving = cost.gke_attributed_month - point.cost_month
    labour, effort = own_hours(one) * rate, days * HOURS_PER_DAY * rate / plan.payback_months
    net, currency = saving + labour - effort, assessed.bill.currency
    under = f"on paper {money(saving, currency, sign=True)}"
    if hourly_rate:
        under += (
            f", hours {money(labour, currency, sign=True)}, {days:g} days of work over {plan.payback_months} months"
        )
    tone = "good" if net > 0 else "bad" if net < 0 else ""
    return Tile("Saves, with its work", money(net, currency, sign=True), f"a month: {under}", tone)


_RECOMMENDED, _YOURS = "Recommended for this", "Yours"
_CHEAPER = "the cheaper"


class _Panel:
    """What is asked beside a configuration of one's own; below, what is recommended for it beside that one."""

    def __init__(self, assessed: Assessment, one: WorkloadAssessment) -> None:
        if one.choice is None:
            raise ValueError("asked of a workload whose configurations were searched")
        self._assessed, self._one = assessed, one
        self._asked = _what_is_asked(assessed, one)
        self._own = _configuration(one.choice.best.shape)
        # As long as nothing is moved, nothing is asked: the figures are those of the assessment.
        self._before = {name: slider.value for name, slider in (self._asked | self._own).items()}
        rate = float(engineer_rate(assessed) or 0)
        self._rate = control("FloatText", f"hourly rate ({assessed.bill.currency})", rate)
        self._drawn = ipywidgets().Output()
        self._known: dict[str, WhatIf | Html] = {}

    def widget(self) -> Any:
        for slider in (*self._asked.values(), *self._own.values(), self._rate):
            slider.observe(self._draw, names="value")
        self._draw()
        box, title = ipywidgets().VBox, ipywidgets().HTML
        asked = box([title("<b>What is asked</b>"), *self._asked.values(), self._rate])
        own = box([title("<b>Your configuration</b>"), *self._own.values()])
        side_by_side_or_below = ipywidgets().Layout(flex_flow="row wrap")
        return box([ipywidgets().HBox([asked, own], layout=side_by_side_or_below), self._drawn])

    def _draw(self, _: Any = None) -> None:
        columns, said = [], []
        for words, question in self._questions():
            found = self._answered(question)
            if isinstance(found, Html):
                said.append(joined([paragraph(words), found]))
            else:
                columns.append((words, found.after, _missed(found)))
        net = {words: net_of_work(p, self._one, self._assessed, self._rate.value) for words, p, _ in columns}
        self._drawn.clear_output(wait=True)
        with self._drawn:
            show_again(joined([two(columns, self._assessed, net), *said]))

    def _questions(self) -> tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]:
        asked, own = self._moved(self._asked), self._moved(self._own)
        if asked or own:
            own = {name: slider.value for name, slider in self._own.items() if slider.value != _CHEAPER}
        return (_RECOMMENDED, asked), (_YOURS, asked | own)

    def _moved(self, sliders: Mapping[str, Any]) -> dict[str, Any]:
        return {name: slider.value for name, slider in sliders.items() if slider.value != self._before[name]}

    def _answered(self, question: dict[str, Any]) -> WhatIf | Html:
        key = repr(sorted(question.items()))
        if key not in self._known:
            try:
                self._known[key] = ask(self._assessed, self._one.id, **question)
            except K2crError as error:
                self._known[key] = note(error.found)
        return self._known[key]


def _what_is_asked(assessed: Assessment, one: WorkloadAssessment) -> dict[str, Any]:
    """Controls of the load, the objective and the money, at what the assessment took."""
    limits = one.choice.limits if one.choice else None
    p99 = round(limits.p99_ms) if limits and limits.p99_ms is not None else 0
    headroom = assessed.config.objectives_of(one.id).headroom
    return {
        "traffic": control("FloatLogSlider", "requests \u00d7", 1.0, base=10, min=-1, max=1.5, step=0.05),
        "service_time": control("FloatSlider", "time of each \u00d7", 1.0, min=0.2, max=5.0, step=0.1),
        "p99_ms": control("IntSlider", "p99 \u2264 (ms)", p99, min=0, max=max(4 * p99, 2000), step=10),
        "headroom": control("FloatSlider", "headroom", headroom, min=0.0, max=0.7, step=0.05),
        "cud": control("Dropdown", "commitment", assessed.config.rates.cud, options=list(get_args(Cud))),
    }


def _configuration(best: ServiceShape) -> dict[str, Any]:
    """Controls of a configuration, at the recommended one."""
    main = max(best.containers, key=lambda name: best.containers[name].cpu_cores)
    has = float(best.containers[main].cpu_cores)
    return {
        "cpu_cores": control("Dropdown", f"vCPU of {main}", has, options=sorted({has, *map(float, WHOLE_CORES)})),
        "concurrency": control("IntSlider", "at a time", best.concurrency or 1, min=1, max=250),
        "min_instances": control("IntSlider", "min instances", best.min_instances, min=0, max=20),
        "billing": control("Dropdown", "billing", _CHEAPER, options=[_CHEAPER, *get_args(BillingMode)]),
    }
