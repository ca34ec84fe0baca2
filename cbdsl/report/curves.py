"""Charts as SVG: a metric's curves, the rate, and when rules fired.

Widths are in percent and heights in pixels, so that a chart fills what room there is and its
letters stay as large as they are. The curves alone are stretched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from cbdsl.catalog.metrics import direction
from cbdsl.report import words
from cbdsl.report.frame import WIDE, Frame, Mark, labels, marks, short, turns
from cbdsl.report.lines import not_finite, pieces
from cbdsl.report.markup import Element, el
from cbdsl.report.model import Metric, Rule, Run, Value
from cbdsl.report.scales import Scale, epoch_ticks, scale

TOP, PLOT, RAIL, FOOT = 20, 150, 24, 22
"""Heights in pixels: the labels' line, the plot, the marks of firings, the epochs' numbers."""

_DOTS = 24
"""Curves of so many epochs have a dot for each."""

_DASHES = 150
"""Curves of more epochs have no dashes, which would look like noise."""

_THIN = 0.008
"""Marks of a smaller part of all epochs are drawn as strokes, which can be seen."""

_READINGS = 100
"""How many places of a chart tell their values when they are pointed at."""

Curve = tuple[str, Sequence[Value]]


def metric_chart(run: Run, metric: Metric, name: str) -> Element:
    """A metric in training and validation; `name` makes the ids of the page's elements unlike."""
    legend = [_legend(run, metric, kind, values) for kind, values in metric.curves]
    axis = scale(metric.finite, share=metric.is_share) if metric.finite else None
    return _figure(run, name, metric.name, legend, metric.curves, axis, metric.told)


def rate_chart(run: Run, rates: Sequence[Value], name: str) -> Element:
    """The rate by epoch, in steps and on a logarithmic axis where it changes enough."""
    finite = [rate for rate in rates if rate is not None and math.isfinite(rate)]
    axis = scale(finite, log=True) if finite else None
    ends = (
        f"{words.number(finite[0])} at first, {words.number(finite[-1])} at last" if finite else ""
    )
    legend = [el("span", ends)]
    return _figure(run, name, "learning rate", legend, [("rate", rates)], axis, words.number)


def _legend(run: Run, metric: Metric, kind: str, values: Sequence[Value]) -> Element:
    there = [(n, v) for n, v in zip(run.numbers, values, strict=True) if v is not None]
    told = f" {metric.told(there[-1][1])}" if there else ""
    better = direction(metric.name)
    finite = [(n, v) for n, v in there if math.isfinite(v)]
    if better and len(finite) > 1 and kind != "training":
        sign = 1 if better == "lower" else -1
        epoch, best = min(finite, key=lambda point: sign * point[1])
        if (epoch, best) == there[-1]:
            told += ", its best"
        else:
            told += f", best {metric.told(best)} in epoch {epoch}"
    look = _look(kind, Frame(*run.span))
    sample = el(
        "svg",
        el("line", x1="0", x2="22", y1="5", y2="5", class_=f"curve {look}"),
        class_="sample",
        width=22,
        height=10,
        aria_hidden="true",
    )
    return el("span", sample, kind, el("strong", told))


def _figure(
    run: Run,
    name: str,
    title: str,
    legend: Sequence[Element],
    curves: Sequence[Curve],
    axis: Scale | None,
    told: Callable[[Value], str],
) -> Element:
    frame = Frame(*run.span)
    gaps = list(_gaps(run, curves))
    if axis is None:
        body = el("p", "No value that can be drawn.", class_="nothing")
    else:
        body = _drawing(run, frame, name, curves, axis, told, gaps)
    notes = ([el("span", "logarithmic axis")] if axis and axis.log else []) + [
        el("span", gap, class_="gap") for gap in gaps
    ]
    return el(
        "figure",
        el(
            "figcaption",
            el("h3", words.cut(title, 80), id=f"{name}-title"),
            el("p", *legend, class_="legend"),
            el("p", *notes, class_="legend soft") if notes else None,
        ),
        body,
        class_="chart",
    )


def _look(kind: str, frame: Frame) -> str:
    """The class of a curve: training stands back where validation is beside it."""
    if kind != "training":
        return "main"
    return "second thin" if frame.count > _DASHES else "second"


def _gaps(run: Run, curves: Sequence[Curve]) -> Iterator[str]:
    """What cannot be drawn, in words."""
    for kind, values in curves:
        for what, epochs in not_finite(run.numbers, values).items():
            some = "epoch" if len(epochs) == 1 else "epochs"
            yield f"{kind}: {words.signed(what)} in {some} {words.spans(epochs)}"


def _drawing(
    run: Run,
    frame: Frame,
    name: str,
    curves: Sequence[Curve],
    axis: Scale,
    told: Callable[[Value], str],
    gaps: Sequence[str],
) -> Element:
    height = TOP + PLOT + RAIL + FOOT
    return el(
        "svg",
        el("desc", _told(run, curves, told, gaps), id=f"{name}-desc"),
        *_grid(axis),
        *_epochs(frame, TOP + PLOT + RAIL + 14),
        el("text", "epoch", class_="tick", x="-8", y=TOP + PLOT + RAIL + 14, text_anchor="end"),
        *_turns(run, frame),
        *_curves(run, frame, curves, axis),
        *_rail(run, frame),
        *_readings(run, frame, curves, axis, told),
        class_="plot",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        width="100%",
        height=height,
    )


def _told(
    run: Run, curves: Sequence[Curve], told: Callable[[Value], str], gaps: Sequence[str]
) -> str:
    """What a chart shows, for those who cannot see it."""
    first, last = run.span
    sentences = [f"By epoch, from {first} to {last}."]
    for kind, values in curves:
        there = [value for value in values if value is not None and math.isfinite(value)]
        if there:
            ends = f"{told(there[0])} at first, {told(there[-1])} at last"
            reach = f"between {told(min(there))} and {told(max(there))}"
            sentences.append(f"{kind.capitalize()}: {ends}, {reach}.")
    sentences += [f"{gap.capitalize()}." for gap in gaps]
    sentences.append("The numbers stand in the table of all epochs.")
    return " ".join(sentences)


# ---------------------------------------------------------------- the parts of a chart


def _y(axis: Scale, value: float) -> float:
    return TOP + PLOT * (1 - axis.place(value))


def _grid(axis: Scale) -> Iterator[Element]:
    for value, text in axis.ticks:
        y = short(_y(axis, value))
        yield el("line", class_="grid", x1="0", x2="100%", y1=y, y2=y)
        yield el(
            "text", text, class_="tick", x="-8", y=short(_y(axis, value) + 4), text_anchor="end"
        )


def _epochs(frame: Frame, y: int) -> Iterator[Element]:
    for epoch in epoch_ticks(frame.first, frame.last, 16 if frame.last < 100 else 6):
        # A long number at the right end would stand out of the drawing.
        anchor = "end" if frame.share(epoch) > 0.98 and epoch > 99 else "middle"
        yield el("text", f"{epoch}", class_="tick", x=frame.at(epoch), y=y, text_anchor=anchor)


def _turns(run: Run, frame: Frame) -> Iterator[Element]:
    found = turns(run, frame)
    for turn in found:
        x = frame.at(turn.epoch)
        yield el("line", class_="turn", x1=x, x2=x, y1=TOP - 3, y2=TOP + PLOT + RAIL - 8)
    for turn, text, anchor in labels(frame, found):
        x = frame.at(turn.epoch)
        yield el("text", text, class_="label", x=x, y=TOP - 8, text_anchor=anchor)


def _curves(run: Run, frame: Frame, curves: Sequence[Curve], axis: Scale) -> Iterator[Element]:
    lines, dots = [], []
    for kind, values in curves:
        look = _look(kind, frame)
        for piece in pieces(run.numbers, values):
            if kind == "rate":
                lines.append(el("path", class_="curve main steps", d=_steps(frame, piece, axis)))
                continue
            places = " ".join(f"{frame.x(n)},{short(_y(axis, v) - TOP)}" for n, v in piece)
            lines.append(el("polyline", class_=f"curve {look}", points=places))
            if frame.count <= _DOTS or len(piece) == 1:
                dots += [
                    el("circle", class_=f"dot {look}", cx=frame.at(n), cy=short(_y(axis, v)), r=2.5)
                    for n, v in piece
                ]
    yield el(
        "svg",
        *lines,
        viewBox=f"0 0 {WIDE} {PLOT}",
        preserveAspectRatio="none",
        x=0,
        y=TOP,
        width="100%",
        height=PLOT,
    )
    yield from dots


def _steps(frame: Frame, piece: Sequence[tuple[int, float]], axis: Scale) -> str:
    """A rate holds from the beginning of its epoch to its end."""
    path: list[str] = []
    ends = [number - 0.5 for number, _ in piece[1:]] + [piece[-1][0] + 0.5]
    for (number, value), end in zip(piece, ends, strict=True):
        y = short(_y(axis, value) - TOP)
        path.append(f"M{frame.x(number - 0.5)} {y}" if not path else f"V{y}")
        path.append(f"H{frame.x(end)}")
    return "".join(path)


def _rail(run: Run, frame: Frame) -> Iterator[Element]:
    fired = [(e, rule.label, n) for rule in run.rules for e, n in sorted(rule.by_epoch.items())]
    y = TOP + PLOT + RAIL - 8
    if fired:
        yield el("text", "fired", class_="tick", x="-8", y=y + 4, text_anchor="end")
    for mark in marks(frame, fired):
        yield _mark(frame, mark, y, 3, names=True)


def _mark(frame: Frame, mark: Mark, y: int, radius: float, *, names: bool) -> Element:
    if mark.last < frame.first:
        when = "before the first epoch"
    else:
        some = f"epoch {mark.first}" if mark.first == mark.last else None
        when = some or f"epochs {mark.first}–{mark.last}"
    told = [
        f"{rule} {words.times(count)}" if count > 1 else rule
        for rule, count in mark.fired.most_common(8)
    ]
    more = len(mark.fired) - len(told)
    said = ", ".join(told) + (f" and {more} more" if more > 0 else "")
    title = el("title", f"{when}: {said if names else f'fired {words.times(mark.fired.total())}'}")
    if not frame.is_dense or mark.last < frame.first:
        return el("circle", title, class_="fired", cx=frame.at(mark.first), cy=y, r=radius)
    if (mark.last - mark.first + 1) / frame.count < _THIN:
        x = frame.at((mark.first + mark.last) / 2)
        return el("line", title, class_="fired", x1=x, x2=x, y1=y - 4, y2=y + 4)
    ends = {"x1": frame.at(mark.first - 0.5), "x2": frame.at(mark.last + 0.5)}
    return el("line", title, class_="fired long", y1=y, y2=y, **ends)


def _readings(
    run: Run,
    frame: Frame,
    curves: Sequence[Curve],
    axis: Scale,
    told: Callable[[Value], str],
) -> Iterator[Element]:
    """Columns that show the values of their epoch while they are pointed at."""
    if not run.numbers:
        return
    each = -(-len(run.numbers) // _READINGS)
    chosen = list(range((each - 1) // 2, len(run.numbers), each)) or [0]
    middles = [run.numbers[index] for index in chosen]
    edges = [frame.first - 0.5, *((a + b) / 2 for a, b in pairwise(middles)), frame.last + 0.5]
    for index, (start, end) in zip(chosen, pairwise(edges), strict=True):
        epoch = run.numbers[index]
        x = frame.at(epoch)
        wide = 100 * (frame.share(end) - frame.share(start))
        texts, dots = [f"epoch {epoch}"], []
        for kind, values in curves:
            value = values[index]
            texts.append(f"{kind} {told(value)}")
            if value is not None and math.isfinite(value):
                dots.append(
                    el(
                        "circle",
                        class_=f"dot {_look(kind, frame)}",
                        cx=x,
                        cy=short(_y(axis, value)),
                        r=4,
                    )
                )
        yield el(
            "g",
            el("line", class_="cross", x1=x, x2=x, y1=TOP, y2=TOP + PLOT),
            *dots,
            el("text", " · ".join(texts), class_="reading", x="100%", y=TOP - 8, text_anchor="end"),
            el(
                "rect",
                class_="hit",
                x=frame.at(start),
                y=TOP,
                width=f"{short(wide)}%",
                height=PLOT,
            ),
            class_="at",
        )


# ---------------------------------------------------------------- a rule's own line


def lane(run: Run, rule: Rule) -> Element:
    """A line with a mark for each epoch in which a rule fired."""
    frame = Frame(*run.span)
    fired = [(epoch, rule.label, count) for epoch, count in sorted(rule.by_epoch.items())]
    epochs = [epoch for epoch, _, _ in fired if epoch > 0]
    some = "epoch" if len(epochs) == 1 else "epochs"
    when = f"fired in {some} {words.spans(epochs, 12)}" if epochs else "fired in no epoch"
    return el(
        "svg",
        el("line", class_="grid", x1="0", x2="100%", y1="10", y2="10"),
        *(_mark(frame, mark, 10, 4.5, names=False) for mark in marks(frame, fired)),
        *_epochs(frame, 32),
        class_="lane",
        role="img",
        aria_label=f"{rule.label} {when}",
        width="100%",
        height=38,
    )
