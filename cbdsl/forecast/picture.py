"""Draws a forecast with matplotlib: the rate, and below it when each rule can fire."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from cbdsl.diagnostics import visible
from cbdsl.forecast.drawing import (
    CAN,
    FIRES,
    Range,
    is_logarithmic,
    ranges,
    said,
    shortened,
    thinned,
    ticks,
)
from cbdsl.forecast.model import Forecast, Foreseen
from cbdsl.forecast.report import ending, left_out, title

_INK, _SOFT, _LINE = "#1f2328", "#656d76", "#d8dee4"
_CURVE, _FIRES, _CAN, _STOP = "#0969da", "#1a7f37", "#ffffff", "#cf222e"

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": _INK,
    "text.parse_math": False,  # a name may hold a dollar
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _INK,
    "axes.facecolor": "white",
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "svg.hashsalt": "cbdsl",  # the same picture is the same file
    "savefig.dpi": 130,
}

# Without the time, for the same reason.
_METADATA = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}

_WIDTH, _RATE_HEIGHT, _ROW_HEIGHT = 9.0, 2.6, 0.42
"""In inches."""

_MOST_ROWS = 40
"""How many rules are drawn."""

_MOST_STEPS = 5000
"""How many steps of the rate are drawn: more are not seen."""

_POINTS = 1500
"""How many places along x can be told apart."""


def picture(forecast: Forecast, form: str) -> bytes:
    """The picture as a file of a form: `png`, `svg` or `pdf`."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # The user's own settings would make another picture.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        # A name may hold letters that the font has not.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        file = io.BytesIO()
        _figure(forecast).savefig(file, format=form, metadata=_METADATA[form])
    return file.getvalue()


def _figure(forecast: Forecast) -> Figure:
    rules = forecast.rules[:_MOST_ROWS]
    heights = (_RATE_HEIGHT, _ROW_HEIGHT * max(len(rules), 1))
    figure = Figure(figsize=(_WIDTH, sum(heights) + 1.5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    figure.suptitle(_line(title(forecast)), x=0.01, ha="left", fontsize=10, fontweight="bold")
    for axes in (upper, lower):
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set_axisbelow(True)
        if forecast.ending is not None:
            axes.axvline(forecast.ending.epoch, color=_STOP, linewidth=1, linestyle=(0, (4, 3)))
    _rate(upper, forecast)
    _rules(lower, forecast, rules)
    return figure


def _line(text: str, width: int = 110) -> str:
    return shortened(visible(text), width)


def _rate(axes: Axes, forecast: Forecast) -> None:
    steps = thinned(forecast.steps, _MOST_STEPS)
    xs = [*(x for x, _ in steps), forecast.planned.epochs]
    rates = [rate for _, rate in steps]
    axes.stairs(rates, xs, baseline=None, color=_CURVE, linewidth=2, clip_on=False)
    if is_logarithmic(forecast):
        axes.set_yscale("log")
        axes.minorticks_off()
    else:
        axes.set_ylim(0, max(rates) * 1.1 or 1.0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_ylabel("learning rate")
    axes.grid(axis="y", color=_LINE, linewidth=0.7)
    beside = "; ".join(filter(None, (left_out(forecast), ending(forecast))))
    axes.set_title(_line(beside, 150), loc="left", fontsize=8.5, color=_SOFT)


def _rules(axes: Axes, forecast: Forecast, rules: Sequence[Foreseen]) -> None:
    planned = forecast.planned
    for row, rule in enumerate(rules):
        axes.axhline(row, color=_LINE, linewidth=0.7, zorder=0)
        found = ranges(rule, planned, gap=planned.epochs / _POINTS)
        colour = _FIRES if rule.certain else _CAN
        axes.broken_barh(_bars(found), (row - 0.13, 0.26), color=colour, edgecolor=_FIRES)
        axes.text(0, row - 0.22, _line(said(rule)), fontsize=7.5, color=_SOFT, va="bottom")
    axes.set_ylim(max(len(rules), 1) - 0.6, -0.75)
    axes.set_yticks(range(len(rules)), [shortened(visible(r.label), 24) for r in rules])
    axes.tick_params(axis="y", labelcolor=_INK)
    named = ticks(planned.epochs, 15)
    axes.set_xlim(-planned.epochs / 200, planned.epochs * 1.005)
    axes.set_xticks([epoch - 0.5 for epoch in named], [str(epoch) for epoch in named])
    hidden = len(forecast.rules) - len(rules)
    axes.set_xlabel(f"epoch ({hidden} more rules are not drawn)" if hidden else "epoch")
    drawn = (Patch(facecolor=_FIRES, label=FIRES), Patch(facecolor=_CAN, label=CAN))
    for patch in drawn:
        patch.set_edgecolor(_FIRES)
    axes.legend(
        handles=drawn, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=8
    )


def _bars(found: list[Range]) -> list[Range]:
    """Ranges as their starts and lengths."""
    return [(start, end - start) for start, end in found]
