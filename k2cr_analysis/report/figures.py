"""The pictures of the report. Each takes what an analysis gave, and says in its title what it found.

A figure whose data is not in the snapshot is a note that says which source is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.recommending.predicting import hints_of, images_of
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.latency.startup import startup_estimate
from k2cr_analysis.model.findings.finding import VERDICTS
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.observed import TrafficProfile
from k2cr_analysis.report import chart, tables
from k2cr_analysis.report.chart import Chart, canvas
from k2cr_analysis.report.display import VERDICT_WORDS, Html, note
from k2cr_analysis.report.wording import count, milliseconds, money

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from k2cr_analysis.latency.search.search import Point, Recommendation
    from k2cr_analysis.latency.validation import Comparison
    from k2cr_analysis.planning import Plan, Portfolio

MOST_BARS = 30


def verdicts(assessed: Assessment | Sequence[Assessment]) -> Chart:
    """How many workloads can move."""
    found = tables.workloads(assessed)["verdict"].value_counts()
    counts = {v: int(found.get(v, 0)) for v in VERDICTS}
    moving, whole = counts["ready"] + counts["changes"], sum(counts.values())
    with canvas(1.25) as (figure, [axes]):
        at = 0
        for verdict, n in counts.items():
            if n:
                axes.barh(
                    0, n, left=at, color=chart.VERDICT_COLOURS[verdict], height=0.6, edgecolor="white", linewidth=2
                )
                axes.text(
                    at + n / 2, 0, f"{n}", ha="center", va="center", color="white", fontweight="bold", fontsize=12
                )
                axes.text(at + n / 2, -0.52, VERDICT_WORDS[verdict], ha="center", va="top", fontsize=9, color=chart.INK)
            at += n
        axes.set(xlim=(0, max(whole, 1)), ylim=(-0.85, 0.4))
        axes.axis("off")
    words = ", ".join(f"{n} {VERDICT_WORDS[v]}" for v, n in counts.items())
    return Chart(figure, f"{moving} of {count(whole, 'workload')} can move", f"Workloads by verdict: {words}.")


def bill(portfolio: Portfolio) -> Chart | Html:
    """Where today's money goes."""
    frame = tables.bill(portfolio).iloc[::-1]
    if frame.empty or portfolio.gke_month is None:
        return note("Today's bill is not known: the snapshot has neither a billing table nor nodes.")
    whole = float(portfolio.gke_month)
    with canvas(0.6 + 0.34 * len(frame)) as (figure, [axes]):
        bars = axes.barh(frame["line"], frame["amount_month"], color=chart.GKE, height=0.62)
        labels = [f"{money(v, portfolio.currency, cents=False)}  ({v / whole:.0%})" for v in frame["amount_month"]]
        axes.bar_label(bars, labels, padding=6, fontsize=9, color=chart.INK)
        axes.margins(x=0.2)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(f"{portfolio.currency} a month")
    top = frame.iloc[-1]
    title = f"Today the cluster costs {money(portfolio.gke_month, portfolio.currency, cents=False)} a month"
    words = "; ".join(f"{r.line} {money(r.amount_month, portfolio.currency)}" for r in _rows(frame.iloc[::-1]))
    return Chart(figure, title, f"The bill by line, largest {top['line']}: {words}.")


def savings(assessed: Assessment | Sequence[Assessment]) -> Chart | Html:
    """What each workload costs today and on Cloud Run, on paper, best first."""
    frame = tables.workloads(assessed).dropna(subset=["saving_month"])
    frame = frame[frame["verdict"].isin(["ready", "changes"])].sort_values(["saving_month", "workload_id"])
    if frame.empty:
        return note("No workload that can move has both a cost on GKE and one on Cloud Run in this snapshot.")
    cheaper, currency = int((frame["saving_month"] > 0).sum()), str(frame["currency"].iloc[0])
    shown = frame if len(frame) <= MOST_BARS else frame.iloc[[*range(MOST_BARS // 2), *range(-MOST_BARS // 2, 0)]]
    with canvas(0.9 + 0.3 * len(shown)) as (figure, [axes]):
        for y, row in enumerate(_rows(shown)):
            colour = chart.GAIN if row.saving_month > 0 else chart.LOSS
            axes.plot(
                [row.gke_attributed_month, row.cloud_run_month], [y, y], color=colour, linewidth=3, alpha=0.45, zorder=2
            )
            right = max(row.gke_attributed_month, row.cloud_run_month)
            axes.annotate(
                money(row.saving_month, currency, cents=False, sign=True) + (" ?" if row.sign_may_flip else ""),
                (right, y),
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=colour,
                fontweight="bold",
            )
        rows = range(len(shown))
        axes.scatter(shown["gke_attributed_month"], rows, s=44, color=chart.GKE, zorder=3, label="GKE share today")
        axes.scatter(
            shown["cloud_run_month"], rows, s=44, color=chart.CLOUD_RUN, marker="D", zorder=3, label="Cloud Run"
        )
        axes.set_yticks(rows, [_short(i) for i in shown["workload_id"]], fontsize=8.5)
        axes.set(
            xlabel=f"{currency} a month (the label: saving on paper; ?: its sign may flip)",
            ylim=(-0.7, len(shown) - 0.3),
        )
        axes.set_xlim(left=0)
        axes.margins(x=0.1)
        figure.legend(loc="outside upper left", ncols=2)
    title = f"On paper, {cheaper} of {len(frame)} workloads that can move would cost less on Cloud Run"
    words = "; ".join(
        f"{r.workload_id}: {money(r.gke_attributed_month, currency)} today, {money(r.cloud_run_month, currency)} after"
        for r in _rows(shown.iloc[::-1])
    )
    return Chart(figure, title, f"Cost by workload: {words}.")


def waves(plan: Plan) -> Chart | Html:
    """What the bill really loses, wave by wave, beside what the sum of the paper savings would promise."""
    if not plan.waves:
        return note("The plan has no wave: no set of workloads makes the bill smaller.")
    frame, currency = tables.waves(plan), plan.currency
    if frame["cumulative_realised_month"].isna().any():
        return note("What the bill would really lose is not known: the snapshot does not show which nodes would go.")
    realised = frame["cumulative_realised_month"]
    with canvas(3.1) as (figure, [axes]):
        end = frame["wave"].max() + 0.9  # the last step goes on to the edge
        x, paper = [0, *frame["wave"], end], [0.0, *frame["attributed_month"].cumsum()]
        axes.axhline(0, color=chart.MUTED, linewidth=0.8)
        dashed = (0, (4, 3))
        axes.step(
            x, [*paper, paper[-1]], where="post", color=chart.GKE, linewidth=1.6, linestyle=dashed, label="on paper"
        )
        steps = [0.0, *realised, realised.iloc[-1]]
        axes.step(x, steps, where="post", color=chart.GAIN, linewidth=2.6, label="realised")
        axes.scatter(frame["wave"], realised, color=chart.GAIN, zorder=3, s=30)
        for row in _rows(frame):
            said = f"{count(row.workloads, 'workload')}\n{count(int(row.nodes_removed), 'node')} fewer"
            axes.annotate(
                f"{money(row.cumulative_realised_month, currency, cents=False)}\n{said}",
                (row.wave, row.cumulative_realised_month),
                xytext=(7, -6),
                textcoords="offset points",
                va="top",
                fontsize=8.5,
            )
        axes.set(ylabel=f"{currency} a month saved", xlim=(0, end))
        axes.set_xticks(x[:-1], ["today", *(f"wave {n}" for n in frame["wave"])])
        axes.margins(y=0.22)
        axes.legend(loc="upper left")
    last = float(realised.iloc[-1])
    way, size = "falls" if last >= 0 else "rises", money(abs(last), currency, cents=False)
    title = f"Moved in {count(len(frame), 'wave')}, the bill {way} by {size} a month"
    words = "; ".join(
        f"wave {r.wave}: realised so far {money(r.cumulative_realised_month, currency)}, {r.nodes_removed} nodes fewer"
        for r in _rows(frame)
    )
    rule = "A node leaves the bill only when the pods that remain fit without it."
    return Chart(figure, title, f"Saving by wave: {words}. {rule}")


def sensitivity(plan: Plan) -> Chart | Html:
    """What the plan's saving hangs on: a bar from one end of each assumption to the other, the widest on top."""
    if not plan.swings or plan.objective is None:
        return note("Nothing hangs on an assumption: no workload moves, or no saving can be promised.")
    base, currency = float(plan.objective), plan.currency
    with canvas(0.9 + 0.42 * len(plan.swings)) as (figure, [axes]):
        for y, swing in enumerate(reversed(plan.swings)):
            for end, at in ((swing.low_month, swing.low_at), (swing.high_month, swing.high_at)):
                width = float(end) - base
                axes.barh(y, width, left=base, color=chart.GAIN if width > 0 else chart.LOSS, height=0.55)
                side, align = (6, "left") if width > 0 else (-6, "right")
                axes.annotate(
                    f"{at}: {money(end, currency, cents=False)}",
                    (float(end), y),
                    xytext=(side, 0),
                    textcoords="offset points",
                    ha=align,
                    va="center",
                    fontsize=8.5,
                )
        axes.axvline(base, color=chart.MUTED, linewidth=0.9)
        axes.set_yticks(range(len(plan.swings)), [swing.of for swing in reversed(plan.swings)])
        axes.set_xlabel(f"{currency} a month saved, less effort")
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.3)
    top, turning = plan.swings[0], [s.of for s in plan.swings if s.turns(plan.objective)]
    low, high = sorted((top.low_month, top.high_month))
    reach = f"from {money(low, currency, cents=False)} to {money(high, currency, cents=False)} a month"
    words = "; ".join(
        f"{s.of}: {money(s.low_month, currency)} at {s.low_at}, {money(s.high_month, currency)} at {s.high_at}"
        for s in plan.swings
    )
    turns = f"By itself, {' or '.join(turning)} would turn it into a loss" if turning else "None of them turns it"
    return Chart(figure, f"The saving hangs most on {top.of}: {reach}", f"Sensitivity of the plan. {words}. {turns}.")


def cost(workload: WorkloadAssessment) -> Chart | Html:
    """Both sides of one workload's cost, stacked by line item."""
    found = workload.cost
    if found is None or found.saving_month is None:
        return note("One side of the cost is not known; the findings say which source is missing.")
    sides = {"GKE share today": _merged(found.gke_items), "Cloud Run": _merged(found.cloud_run_items)}
    names = sorted(
        {n for side in sides.values() for n in side}, key=lambda n: -max(float(s.get(n, 0)) for s in sides.values())
    )
    colours = {name: chart.SERIES[i % len(chart.SERIES)] for i, name in enumerate(names)}
    with canvas(1.5 + 0.21 * len(names)) as (figure, [axes]):
        for y, parts in enumerate(reversed(sides.values())):
            at = 0.0
            for name in names:
                value = float(parts.get(name, 0))
                if value:
                    axes.barh(y, value, left=at, color=colours[name], height=0.5, edgecolor="white", linewidth=1.2)
                    at += value
            axes.text(at, y, "  " + money(at, found.currency), va="center", fontweight="bold")
        for name in names:
            axes.barh(0, 0, color=colours[name], label=name)
        axes.set_yticks(range(len(sides)), list(reversed(sides)))
        axes.set_xlabel(f"{found.currency} a month")
        axes.margins(x=0.12)
        axes.grid(axis="y", visible=False)
        figure.legend(loc="outside lower left", ncols=1, fontsize=8.5)
    saving = found.saving_month
    words = f"{money(abs(saving), found.currency)} a month {'less' if saving >= 0 else 'more'}"
    listed = "; ".join(
        f"{side}: " + ", ".join(f"{n} {money(v, found.currency)}" for n, v in items.items())
        for side, items in sides.items()
    )
    return Chart(figure, f"On Cloud Run it would cost {words}, on paper", f"Cost by line item. {listed}.")


def startup(workload: WorkloadAssessment) -> Chart | Html:
    """When each container starts and is ready in a new instance: the critical path of the start."""
    order = workload.fit.startup
    if not order.order or not workload.fit.moves:
        return note("No container of this workload would start on Cloud Run.")
    one = workload.workload
    estimate = startup_estimate(
        order, workload.fit.probes, images_of(one, workload.fit), hints=hints_of(one, workload.fit)
    )
    starts = {name: start for name, (start, _) in estimate.spans_ms.items()}
    ready = {name: end for name, (_, end) in estimate.spans_ms.items()}
    last = max(ready.values())
    with canvas(0.75 + 0.42 * len(ready)) as (figure, [axes]):
        names = list(reversed(order.order))
        for y, name in enumerate(names):
            gets_requests = name == workload.fit.ingress_container
            colour = chart.CLOUD_RUN if gets_requests else chart.SERIES[5]
            axes.barh(y, ready[name] - starts[name], left=starts[name], color=colour, height=0.55)
            said = "ready, gets requests" if gets_requests else "ready"
            axes.text(ready[name], y, f"  {said} at {milliseconds(ready[name])}", va="center", fontsize=8.5)
        axes.set_yticks(range(len(names)), names)
        axes.set(
            xlabel="ms after the instance starts (typical start of each runtime; see the assumptions)",
            xlim=(0, last * 1.4),
        )
        axes.grid(axis="y", visible=False)
    first = " then ".join(order.order)
    edges = "; ".join(f"{n} waits for {', '.join(d)}" for n, d in order.depends_on.items() if d)
    return Chart(
        figure,
        f"A new instance is ready after about {milliseconds(last)}: {first}",
        f"Start-up order. {edges or 'No container waits for another'}.",
    )


def rhythm(profile: TrafficProfile | None) -> Chart | Html:
    """Requests over the window, and by hour of the week."""
    import pandas as pd

    if profile is None:
        return note("The snapshot counts no requests to this workload: it pulls its work, or nobody measured it.")
    frame = tables.traffic(profile)
    by_hour = frame.assign(day=frame["start_utc"].dt.day_of_week, hour=frame["start_utc"].dt.hour)
    week = by_hour.pivot_table(index="day", columns="hour", values="requests_per_s", aggfunc="mean")
    week = week.reindex(index=range(7), columns=range(24))
    peak, mean = frame["requests_per_s"].max(), frame["requests_per_s"].mean()
    with canvas(2.5, 2, gridspec_kw={"width_ratios": [3, 2]}) as (figure, [line, grid]):
        line.fill_between(frame["start_utc"], frame["requests_per_s"], color=chart.CLOUD_RUN, alpha=0.18, linewidth=0)
        line.plot(frame["start_utc"], frame["requests_per_s"], color=chart.CLOUD_RUN, linewidth=0.9)
        line.set(
            ylabel="requests/s (hourly mean)", ylim=(0, None), xlim=(frame["start_utc"].min(), frame["start_utc"].max())
        )
        ticks = pd.date_range(frame["start_utc"].min(), frame["start_utc"].max(), freq="7D")
        line.set_xticks(ticks, [f"{t:%d %b}" for t in ticks])
        image = grid.imshow(week.to_numpy(), aspect="auto", cmap="Blues", vmin=0)
        grid.set_yticks(range(7), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], fontsize=8.5)
        grid.set_xticks([0, 6, 12, 18])
        grid.set(xlabel="hour of the day, UTC")
        grid.grid(visible=False)
        bar = figure.colorbar(image, ax=grid, pad=0.02)
        bar.outline.set_visible(False)
        bar.set_label("requests/s", fontsize=8.5)
    times = f"{peak / mean:.1f} times" if mean else "not"
    title = f"{_number(mean)} requests a second on average; the busiest hour has {times} that"
    return Chart(
        figure,
        title,
        f"Requests a second by hour, mean {_number(mean)}, peak {_number(peak)}; counted by {profile.source}.",
    )


def latency(workload: WorkloadAssessment) -> Chart | Html:
    """Quantiles before and after the move."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    found = workload.latency
    if workload.fit.moves and workload.fit.target != "service":
        return note(f"A {workload.fit.target.replace('-', ' ')} answers no requests, so it has no latency.")
    if found is None or found.cloud_run is None or found.cloud_run.p99_ms is None:
        return note("The snapshot cannot support a latency figure for this workload.")
    frame = tables.latency(workload)
    looks = {"GKE today": (chart.GKE, "o"), "Cloud Run": (chart.CLOUD_RUN, "D")}
    with canvas(1.9) as (figure, [axes]):
        for row in _rows(frame):
            values = [row.p50_ms, row.p95_ms, row.p99_ms]
            colour, marker = looks[row.where]
            axes.plot(values, [2, 1, 0], color=colour, marker=marker, markersize=7, linewidth=1.2, label=row.where)
            for y, value in zip((2, 1, 0), values, strict=True):
                side = 13 if row.where == "Cloud Run" else -16
                axes.annotate(
                    milliseconds(value),
                    (value, y),
                    xytext=(0, side),
                    textcoords="offset points",
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color=colour,
                )
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: milliseconds(value)))
        axes.minorticks_off()
        axes.set_yticks([2, 1, 0], ["median", "95 %", "99 %"])
        axes.set(xlabel="latency of a request (logarithmic)", ylim=(-0.7, 2.7))
        axes.margins(x=0.12)
        figure.legend(loc="outside upper left", ncols=2)
    before, after = found.gke.p99_ms if found.gke else None, found.cloud_run.p99_ms
    title = f"p99 would be {milliseconds(after)}" + (f", and is {milliseconds(before)} today" if before else "")
    words = "; ".join(
        f"{r.where}: p50 {milliseconds(r.p50_ms)}, p95 {milliseconds(r.p95_ms)}, p99 {milliseconds(r.p99_ms)}"
        for r in _rows(frame)
    )
    return Chart(figure, title, f"Latency quantiles. {words}. Model: {found.method}.")


def frontier(found: Recommendation | None, currency: str) -> Chart | Html:
    """Every configuration that was simulated, by cost and p99, and those that none beats in both."""
    if found is None:
        return note("There is no choice to search: it becomes no service, or its requests or prices are not known.")
    best, edge = found.best, found.frontier
    with canvas(2.6) as (figure, [axes]):
        others = [point for point in found.points if point not in edge]
        axes.scatter(*_places(others), s=16, color=chart.GKE, alpha=0.5, label="simulated")
        axes.step(*_places(edge), where="post", color=chart.CLOUD_RUN, marker="D", markersize=5, label="frontier")
        axes.scatter(*_places([best]), s=110, color=chart.GAIN, marker="*", zorder=4, label="recommended")
        axes.set(xlabel=f"{currency} a month", ylabel=_p99_axis(axes, [point.p99_ms for point in found.points]))
        axes.margins(0.08)
        figure.legend(loc="outside upper left", ncols=3)
    cheapest, fastest = edge[0], edge[-1]
    price, p99 = money(best.cost_month, currency), milliseconds(best.p99_ms)
    title = f"{_configuration(best)} costs {price} a month at p99 {p99}"
    if not found.met:
        title = f"None of {len(found.points)} configurations meets the objectives; nearest: {title}"
    words = (
        f"From {money(cheapest.cost_month, currency)} a month at p99 {milliseconds(cheapest.p99_ms)} "
        f"to {money(fastest.cost_month, currency)} at {milliseconds(fastest.p99_ms)}"
    )
    return Chart(figure, title, f"Cost and p99 of {len(found.points)} configurations. {words}.")


def _p99_axis(axes: Axes, values_ms: Sequence[float]) -> str:
    """The axis of p99, logarithmic where a linear one would press most points flat; gives its label."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    wide = max(values_ms) > 4 * min(values_ms)
    if wide:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
        axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: milliseconds(value)))
    return "p99 (logarithmic)" if wide else "p99"


def validation(comparisons: Sequence[Comparison]) -> Chart | Html:
    """Each difference between the simulator and what is known, in units of what is allowed."""
    if not comparisons:
        return note("Nothing was compared: the other simulator is not installed (`pip install k2cr-analysis[bench]`).")
    off = [(c.simulated - c.expected) / c.allowed if c.allowed else 0.0 for c in comparisons]
    agreeing = sum(c.agrees for c in comparisons)
    with canvas(0.9 + 0.2 * len(off)) as (figure, [axes]):
        axes.axvspan(-1, 1, color=chart.GAIN, alpha=0.1, linewidth=0)
        colours = [chart.GAIN if c.agrees else chart.LOSS for c in comparisons]
        axes.scatter(off, range(len(off)), c=colours, s=30, zorder=3)
        axes.set_yticks(range(len(off)), [f"{c.model}: {c.quantity}" for c in comparisons], fontsize=8)
        axes.invert_yaxis()
        reach = max(1.3, *(abs(value) * 1.1 for value in off))
        axes.set(xlabel="difference, in units of what is allowed", xlim=(-reach, reach))
    words = "; ".join(f"{c.model}, {c.quantity}: {c.simulated:.4g}, expected {c.expected:.4g}" for c in comparisons)
    return Chart(figure, f"{agreeing} of {count(len(off), 'comparison')} agree", f"Simulated and expected. {words}.")


def _places(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [float(point.cost_month) for point in points], [point.p99_ms for point in points]


def _configuration(point: Point) -> str:
    shape = point.shape
    kept = count(shape.min_instances, "min instance")
    return f"{shape.cpu_cores.normalize():f} vCPU, {shape.concurrency} at a time, {kept}"


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows as named tuples; pandas' own types know no name of a column."""
    return iter(frame.itertuples())


def _merged(items: Sequence[LineItem]) -> dict[str, Decimal]:
    """Amounts by SKU, without what is said after it; the largest six, and the rest together."""
    by_sku: dict[str, list[LineItem]] = {}
    for item in items:
        by_sku.setdefault(item.sku.split(": ")[0], []).append(item)
    amounts = sorted(((total(group), sku) for sku, group in by_sku.items()), reverse=True)
    found = {sku: amount for amount, sku in amounts[:6]}
    rest = sum((amount for amount, _ in amounts[6:]), Decimal(0))
    return found | ({"other lines": rest} if rest else {})


def _short(workload_id: str) -> str:
    """``shop/web`` for a Deployment; other kinds are named."""
    namespace, kind, name = workload_id.split("/")
    return f"{namespace}/{name}" if kind == "Deployment" else f"{namespace}/{name} ({kind})"


def waste(groups: pd.DataFrame) -> Chart | Html:
    """What each group costs today, and the part that is asked for and not used; the first thirty."""
    frame = groups.dropna(subset=["gke_attributed_month"]).head(MOST_BARS).iloc[::-1]
    if frame.empty:
        return note("What the groups cost is not known: the snapshot has neither a bill nor nodes with prices.")
    currency = str(frame["currency"].iloc[-1])
    idle = frame["idle_month"].fillna(0.0)
    with canvas(0.9 + 0.3 * len(frame)) as (figure, [axes]):
        axes.barh(frame["group"], frame["gke_attributed_month"] - idle, color=chart.CLOUD_RUN, label="used")
        axes.barh(
            frame["group"], idle, left=frame["gke_attributed_month"] - idle, color=chart.LOSS, alpha=0.6,
            label="asked for, and not used",
        )  # fmt: skip
        for y, row in enumerate(_rows(frame)):
            said = "" if row.used_share != row.used_share else f"  {row.used_share:.0%} used"
            axes.text(
                row.gke_attributed_month,
                y,
                f"  {money(row.gke_attributed_month, currency)}{said}",
                va="center",
                fontsize=8.5,
            )
        axes.set_xlabel(f"{currency} a month")
        axes.margins(x=0.25)
        axes.grid(axis="y", visible=False)
        figure.legend(loc="outside upper left", ncols=2)
    whole, lost = float(frame["gke_attributed_month"].sum()), float(idle.sum())
    of_all = f"{money(lost, currency, cents=False)} of {money(whole, currency, cents=False)} a month"
    title = f"{of_all} is asked for and not used"
    words = "; ".join(f"{r.group} {money(r.gke_attributed_month, currency)}" for r in _rows(frame.iloc[::-1]))
    return Chart(figure, title, f"Cost by group: {words}.")


_MEASURES = {
    "cpu_mean_cores": ("CPU of all pods", "cores"),
    "requests_day": ("requests", "a day"),
    "memory_peak_mib": ("peak memory of one pod", "MiB"),
    "latency_mean_ms": ("mean latency", "ms"),
}
MOST_LINES = 8


def over_days(days: pd.DataFrame, measure: str) -> Chart | Html:
    """One measure of ``tables.by_day`` over the window, of the workloads that have most of it."""
    known = days.dropna(subset=[measure])
    words, unit = _MEASURES[measure]
    if known.empty:
        return note(f"The snapshot has no {words} by day.")
    wide = known.pivot_table(index="day", columns="workload_id", values=measure, aggfunc="sum")
    order = wide.mean().sort_values(ascending=False)
    with canvas(2.8) as (figure, [axes]):
        for number, name in enumerate(order.index[:MOST_LINES]):
            colour = chart.SERIES[number % len(chart.SERIES)]
            axes.plot(wide.index, wide[name], color=colour, linewidth=1.4, label=_short(name))
        axes.yaxis.set_major_formatter(_grouped())
        axes.set(ylabel=f"{words} ({unit})", ylim=(0, None))
        axes.set_xticks(list(wide.index[:: max(1, len(wide) // 5)]))
        axes.set_xticklabels([f"{day:%d %b}" for day in wide.index[:: max(1, len(wide) // 5)]])
        figure.legend(loc="outside lower left", ncols=3, fontsize=8)
    top = order.index[0]
    title = f"{_short(top)} has most {words}: {_number(float(order.iloc[0]))} {unit} on average"
    listed = "; ".join(f"{name} {_number(float(value))}" for name, value in order.iloc[:MOST_LINES].items())
    return Chart(figure, title, f"{words} by day ({unit}), means: {listed}.")


def heat(days: pd.DataFrame) -> Chart | Html:
    """Each workload's days as shares of its own busiest day, by CPU."""
    known = days.dropna(subset=["cpu_mean_cores"])
    if known.empty:
        return note("The snapshot has no usage by day.")
    wide = known.pivot_table(index="workload_id", columns="day", values="cpu_mean_cores", aggfunc="sum")
    wide = wide.loc[wide.mean(axis=1).sort_values(ascending=False).index[:MOST_BARS]]
    shares = wide.div(wide.max(axis=1).replace(0, 1), axis=0)
    with canvas(1.0 + 0.22 * len(shares)) as (figure, [axes]):
        image = axes.imshow(shares.to_numpy(dtype=float), aspect="auto", cmap="Blues", vmin=0, vmax=1)
        axes.set_yticks(range(len(shares)), [_short(str(name)) for name in shares.index], fontsize=8)
        step = max(1, shares.shape[1] // 6)
        axes.set_xticks(range(0, shares.shape[1], step), [f"{day:%d %b}" for day in shares.columns[::step]])
        axes.grid(visible=False)
        bar = figure.colorbar(image, ax=axes, pad=0.02, ticks=[0, 0.5, 1], format="{x:.0%}")
        bar.outline.set_visible(False)
        bar.set_label("of its busiest day", fontsize=8.5)
    flat = int((shares.mean(axis=1) > 0.8).sum())
    title = f"{flat} of {count(len(shares), 'workload')} are nearly as busy on every day"
    return Chart(figure, title, f"CPU by day of {len(shares)} workloads, each against its own busiest day.")


def _grouped() -> Any:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: _number(value))


def _number(value: float) -> str:
    """``1,300``, ``0.25``: three digits, never in powers of ten."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}" if value else "0"
