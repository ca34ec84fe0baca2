"""What the picture and the drawing in the terminal share; x is how many epochs are done."""

from __future__ import annotations

from cbdsl.forecast.model import Forecast, Foreseen, Planned
from cbdsl.forecast.words import what

FIRES = "fires"
CAN = "can fire, if its condition holds"

_FAR = 50
"""A rate so many times smaller than the highest looks like zero."""

Range = tuple[float, float]


def ranges(rule: Foreseen, planned: Planned, gap: float = 0.0) -> list[Range]:
    """The epochs and batches of a rule's events as ranges of x; those closer than `gap` are one."""
    size = planned.batches or 1
    found: list[Range] = []
    for epoch, batch in rule.events:
        if rule.hook.name.startswith("train_"):
            start = end = float(epoch)
        elif batch is None:
            start, end = epoch - 1.0, float(epoch)
        else:
            start, end = epoch - 1 + (batch - 1) / size, epoch - 1 + batch / size
        if found and start - found[-1][1] <= max(gap, 1e-9):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def is_logarithmic(forecast: Forecast) -> bool:
    """Whether the rate is far below its highest for so long that it would look like zero."""
    ends = [x for x, _ in forecast.steps[1:]] + [float(forecast.planned.epochs)]
    rates = [rate for _, rate in forecast.steps]
    little = max(rates) / _FAR
    lasting = zip(forecast.steps, ends, strict=True)
    low = sum(end - x for (x, rate), end in lasting if rate < little)
    return min(rates) > 0 and low > forecast.planned.epochs / 4


def said(rule: Foreseen) -> str:
    """What stands beside a rule that has no events to draw, else what it does."""
    if rule.placed:
        return what(rule) if rule.is_reached else f"never: {what(rule)}"
    needs = f" (it takes {' and '.join(rule.needs)})" if rule.needs else ""
    return f"{rule.trigger}{needs}: {what(rule)}"


def shortened(text: str, width: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def ticks(epochs: int, most: int) -> list[int]:
    """Epochs to be named on an axis: the first, and round ones up to the last, at most so many."""
    scale = 1
    while True:
        for step in (scale, 2 * scale, 5 * scale):
            if epochs <= step * most:
                # Not one right behind the first.
                return [1, *(e for e in range(step, epochs + 1, step) if e - 1 > step / 2)]
        scale *= 10


def thinned(steps: list[Range], most: int) -> list[Range]:
    """Not more than about so many steps, the last among them."""
    if len(steps) <= most:
        return steps
    return [*steps[: -1 : len(steps) // most + 1], steps[-1]]
