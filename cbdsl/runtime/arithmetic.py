"""Arithmetic that gives inf or nan where Python raises, goes complex or grows without end."""

from __future__ import annotations

import math
import struct
import warnings
from fractions import Fraction


def divide(x: float, y: float) -> float:
    """`x / y` as IEEE 754 has it: ±inf for a number by zero, nan for zero by zero."""
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0 or x != x:
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1.0, y)


def modulo(x: float, y: float) -> float:
    """`x % y` with the sign of y, as in Python; nan for a y of zero."""
    try:
        return x % y
    except ZeroDivisionError:
        return math.nan


def power(x: float, y: float) -> float:
    """`x ** y` as IEEE 754 has it; nan where the result is not real, inf where it overflows."""
    x, y = float(x), float(y)
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        # Zero to a negative power divides by zero; a root of a negative number is not real.
        if x != 0:
            return math.nan
        return math.copysign(math.inf, x) if y % 2 == 1 else math.inf


def float32(x: float) -> float:
    """The 32-bit number nearest to x, which is what Keras's metrics and rates are."""
    try:
        return float(struct.unpack("f", struct.pack("f", x))[0])
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def share(part: float, whole: float) -> Fraction:
    """A part of `whole` without rounding: 30 % of 10 epochs is 3, and 29 % of 100 is 29."""
    return Fraction(repr(float(part))) * int(whole)


def limited(rate: float | None, low: float, high: float) -> float | None:
    """A rate between two bounds; what is no number stays what it is."""
    return rate if rate is None or rate != rate else min(max(rate, low), high)


def reported(value: float | None) -> float:
    """A derived metric as the logs hold it: a 32-bit number, nan where there is none."""
    return math.nan if value is None else float32(value)


class NotSettable(RuntimeWarning):
    """A rule set the learning rate to what is no number, and it stays as it is."""


def settable(new: float | None, old: float) -> float:
    """The rate to set: `new`, never below zero; `old`, with a warning, where `new` is no number."""
    if new is None or not math.isfinite(float32(new)):
        given = "missing" if new is None else new
        message = f"the learning rate stays {old:g}: a rule set it to {given}"
        warnings.warn(message, NotSettable, stacklevel=2)
        return float(old)
    return max(float(new), 0.0)
