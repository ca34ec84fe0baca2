"""The functions of the language: of any number a float, inf or nan where Python raises."""

from __future__ import annotations

import math


def minimum(*values: float) -> float:
    """The smallest value; nan where one is."""
    return math.nan if any(value != value for value in values) else float(min(values))


def maximum(*values: float) -> float:
    """The largest value; nan where one is."""
    return math.nan if any(value != value for value in values) else float(max(values))


def clamp(x: float, low: float, high: float) -> float:
    """x between two bounds; nan where one of the three is."""
    return minimum(maximum(x, low), high)


def floor(x: float) -> float:
    """The largest whole number that is not above x."""
    return float(math.floor(x)) if math.isfinite(x) else float(x)


def ceil(x: float) -> float:
    """The smallest whole number that is not below x."""
    return float(math.ceil(x)) if math.isfinite(x) else float(x)


def rounded(x: float) -> float:
    """The nearest whole number, halves to the even one."""
    return float(round(x)) if math.isfinite(x) else float(x)


def sqrt(x: float) -> float:
    """The square root; nan for a negative number."""
    return math.sqrt(x) if x >= 0 else math.nan


def exp(x: float) -> float:
    """e to the power x."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """The natural logarithm; -inf for zero, nan for a negative number."""
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def log10(x: float) -> float:
    """The logarithm to base 10; -inf for zero, nan for a negative number."""
    return math.log10(x) if x > 0 else -math.inf if x == 0 else math.nan


def sin(x: float) -> float:
    """The sine of x in radians; nan for inf."""
    return math.sin(x) if math.isfinite(x) else math.nan


def cos(x: float) -> float:
    """The cosine of x in radians; nan for inf."""
    return math.cos(x) if math.isfinite(x) else math.nan


def tanh(x: float) -> float:
    """The hyperbolic tangent."""
    return math.tanh(x)
