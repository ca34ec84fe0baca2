"""Draws a forecast with the characters of a terminal."""

from __future__ import annotations

import math
from bisect import bisect_right

from cbdsl.diagnostics import visible
from cbdsl.forecast.drawing import CAN, FIRES, is_logarithmic, ranges, shortened, ticks
from cbdsl.forecast.model import Forecast, Foreseen, Planned
from cbdsl.forecast.report import ending, left_out, title

_HEIGHT = 10
"""How many lines the curve takes."""

_LEAST = 20
"""How many columns the curve has at least, however narrow the terminal."""

_LABEL = 20
"""How long the name of a rule may be."""

_COLOURS = {"curve": "36", "fires": "32", "can": "33"}

# The dots of a braille character by line and column, as bits behind U+2800.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def drawn(forecast: Forecast, *, width: int, colour: bool = False) -> str:
    """The rate as a curve, and below it a line a rule.

    Args:
        forecast: what to draw.
        width: how many columns the terminal has.
        colour: whether it may be steered to show colours.
    """

    def paint(text: str, role: str) -> str:
        return f"\x1b[{_COLOURS[role]}m{text}\x1b[0m" if colour and text.strip() else text

    scale = _Scale(forecast)
    names = [shortened(visible(rule.label), _LABEL) for rule in forecast.rules]
    margin = max(len(text) for text in [*names, *scale.labels])
    columns = max(width - margin - 2, _LEAST)
    curve = _curve(forecast, scale, columns)
    labels = [scale.labels[0], *[""] * (len(curve) - 2), scale.labels[1]]
    lines = [visible(title(forecast)), "", "learning rate"]
    for label, line in zip(labels, curve, strict=True):
        lines.append(f"{label:>{margin}} {'┤' if label else '│'}{paint(line, 'curve')}")
    lines.append(f"{'':>{margin}} └{'─' * columns}")
    lines.append(f"{'epoch':>{margin}}  {_axis(forecast.planned.epochs, columns)}")
    for name, rule in zip(names, forecast.rules, strict=True):
        role = "fires" if rule.certain else "can"
        strip = paint(_strip(rule, forecast.planned, columns), role)
        lines.append(f"{name:>{margin}}  {strip}")
    known = f"█ {FIRES}   ░ {CAN}"
    notes = filter(None, (left_out(forecast), ending(forecast)))
    lines += ["", known, *map(visible, notes)]
    return "\n".join(line.rstrip() for line in lines)


class _Scale:
    """Where a rate stands between the lowest and the highest that are drawn, from 0 to 1."""

    def __init__(self, forecast: Forecast) -> None:
        rates = [lr for _, lr in forecast.steps]
        self.log = is_logarithmic(forecast)
        self.high = max(rates) or 1.0
        self.low = min(rates) if self.log else 0.0
        self.labels = (f"{self.high:.3g}", f"{self.low:.3g}")

    def of(self, lr: float) -> float:
        if self.log:
            return math.log(lr / self.low) / math.log(self.high / self.low)
        return lr / self.high


def _curve(forecast: Forecast, scale: _Scale, columns: int) -> list[str]:
    starts = [x for x, _ in forecast.steps]
    cells = [[0x2800] * columns for _ in range(_HEIGHT)]
    last = None
    for dot in range(2 * columns):
        x = forecast.planned.epochs * (dot + 0.5) / (2 * columns)
        _, lr = forecast.steps[bisect_right(starts, x) - 1]
        y = round((1 - scale.of(lr)) * (4 * _HEIGHT - 1))
        # A step is drawn from where the curve was to where it is.
        begin = y if last is None or abs(last - y) < 2 else last + (1 if last < y else -1)
        for height in range(min(begin, y), max(begin, y) + 1):
            cells[height // 4][dot // 2] |= _DOTS[height % 4][dot % 2]
        last = y
    return ["".join(map(chr, line)).replace("\u2800", " ") for line in cells]


def _axis(epochs: int, columns: int) -> str:
    """Numbers of epochs, each below the middle of its epoch."""
    line = ""
    for epoch in ticks(epochs, max(columns // 8, 2)):
        place = int((epoch - 0.5) * columns / epochs)
        number = str(epoch)
        start = min(max(place - len(number) // 2, 0), columns - len(number))
        if not line or start > len(line):
            line = f"{line:<{start}}{number}"
    return line


def _strip(rule: Foreseen, planned: Planned, columns: int) -> str:
    """A line of the terminal, filled where a rule fires or can fire."""
    if not rule.placed:
        needs = f": {' and '.join(rule.needs)} would tell when" if rule.needs else ""
        return visible(f"({rule.trigger}{needs})")
    if not rule.events:
        return "(never)"
    filled = [" "] * columns
    for start, end in ranges(rule, planned):
        first = min(int(start * columns / planned.epochs), columns - 1)
        behind = max(math.ceil(round(end * columns / planned.epochs, 6)), first + 1)
        filled[first:behind] = ("█" if rule.certain else "░") * (behind - first)
    return "".join(filled)
