"""From values to places on a chart, and the round numbers that name them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cbdsl.report import words

_LINES = 5.5
"""An axis is named at no more than about so many places."""

_FAR = 30
"""Values so many times apart are easier to compare on a logarithmic axis."""


@dataclass(frozen=True)
class Scale:
    """A vertical axis: `low` is at the bottom, `high` at the top.

    Attributes:
        ticks: the round numbers on it, each with its text.
        log: whether it is logarithmic.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def place(self, value: float) -> float:
        """Where a finite value stands: 0 at the bottom, 1 at the top."""
        if self.log:
            low, high = math.log10(self.low), math.log10(self.high)
            return (math.log10(value) - low) / (high - low)
        # In halves, for the difference of two numbers may be larger than any.
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)


def scale(values: Sequence[float], *, share: bool = False, log: bool | None = None) -> Scale:
    """An axis for finite values, at least one; percent for shares.

    `log` asks for a logarithmic axis, where all values let it; None lets the values decide.
    """
    low, high = min(values), max(values)
    far = low > 0 and high / low >= _FAR if log is None else low > 0 and log
    if far and high / low > 2 and math.isfinite(high / low):
        return _logarithmic(low, high)
    return _linear(low, high, share)


def _linear(low: float, high: float, share: bool) -> Scale:
    if math.isclose(low, high, rel_tol=1e-6):
        room = abs(low) / 10 or 0.5
    else:
        room = (high / 2 - low / 2) / 8
    # A value that is never below 0 gets an axis that is not either.
    bottom = max(low - room, 0.0) if low >= 0 else low - room
    top = high + room
    if share:
        top = min(top, 1.0) if high < 1 or low < 1 else 1.05
    bottom, top = max(bottom, -sys.float_info.max), min(top, sys.float_info.max)
    step = _step(top / _LINES - bottom / _LINES)
    first, last = math.ceil(bottom / step - 1e-9), math.floor(top / step + 1e-9)
    if not math.isfinite(step) or last - first > 8:
        marks = [bottom, top]
    else:
        marks = [n * step for n in range(first, last + 1)]
    told = _shares(step) if share else _plain(step, max(abs(low), abs(high)))
    return Scale(bottom, top, tuple((mark, told(mark)) for mark in marks))


def _step(about: float) -> float:
    """A round number near it: 1, 2 or 5 with any power of ten."""
    if about <= 0 or not math.isfinite(about):
        return math.inf
    power = 10.0 ** math.floor(math.log10(about))
    if power == 0:
        return math.inf
    return next((n * power for n in (1, 2, 5) if about <= n * power * 1.001), 10 * power)


def _shares(step: float) -> Callable[[float], str]:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9) - 2)
    return lambda value: words.signed(f"{100 * value:.{decimals}f}%")


def _plain(step: float, largest: float) -> Callable[[float], str]:
    if not math.isfinite(step) or step < 1e-6 or largest >= 1e5:
        return words.number
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return lambda value: words.signed(f"{value:,.{decimals}f}")


def _logarithmic(low: float, high: float) -> Scale:
    width = math.log10(high) - math.log10(low)
    bottom = max(10 ** (math.log10(low) - width / 10), 5e-324)
    top = max(10 ** min(math.log10(high) + width / 10, 308), high)
    first, last = math.floor(math.log10(bottom)), math.ceil(math.log10(top))
    heads = (1, 2, 5) if width < 1.5 else (1, 3) if width < 2.5 else (1,)
    each = max(1, (last - first) // 6)
    powers = [n for n in range(first, last + 1, each) if -308 < n <= 308]
    marks = [head * 10.0**n for n in powers for head in heads]
    shown = [mark for mark in marks if bottom <= mark <= top]
    return Scale(bottom, top, tuple((mark, words.number(mark)) for mark in shown), log=True)


def epoch_ticks(first: int, last: int, most: int = 10) -> list[int]:
    """The epochs named below a chart: round ones, at most about so many, and the first."""
    count = last - first + 1
    steps = (head * 10**power for power in range(20) for head in (1, 2, 5))
    step = next((step for step in steps if count <= step * most), count)
    if step == 1:
        return list(range(first, last + 1))
    round_ones = range(-(-first // step) * step, last + 1, step)
    # The first one is named too, and nothing that stands too close to it.
    return [first, *(epoch for epoch in round_ones if epoch - first >= step / 2)]
