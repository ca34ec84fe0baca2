"""Numbers as the language page has them: arithmetic, functions, series over lists, printing.

Part of the independent reading of the language in reference.py. `None` stands for missing.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

Better = Literal["lower", "higher"]

# ------------------------------------------------------------------------------- 32 and 64 bits


def float32(value: float) -> float:
    """The nearest 32-bit number, as Keras has its metrics and rates."""
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


def shown(value: float) -> str:
    """A 64-bit number without a format: whole ones as integers, else Python's shortest form."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)


def shown32(value: float) -> str:
    """A 32-bit number without a format: the fewest digits that round to it."""
    if not math.isfinite(value):
        return repr(value)
    tries = (float(f"{value:.{digits}g}") for digits in range(1, 10))
    return shown(next(short for short in tries if float32(short) == value))


def shown_time(seconds: float) -> str:
    """A time in hours, minutes and whole seconds, one below a minute in tenths of a second."""
    if not math.isfinite(seconds):
        return repr(seconds)
    if abs(seconds) < 60:
        tenths = round(float(seconds), 1)
        return f"{shown(tenths)} second{'' if tenths == 1 else 's'}"
    whole = round(abs(seconds))
    parts = {"hour": whole // 3600, "minute": whole // 60 % 60, "second": whole % 60}
    words = [f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in parts.items() if count]
    return ("-" if seconds < 0 else "") + " ".join(words)


# ----------------------------------------------------------------------------------- arithmetic


def divided(a: float, b: float) -> float:
    """IEEE 754's division: by zero it is inf or nan."""
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def remainder(a: float, b: float) -> float:
    """Python's `%`, nan where it has no value."""
    return a % b if b != 0 and math.isfinite(a) else math.nan


def power(a: float, b: float) -> float:
    """IEEE 754's pow: nan where the result is not real, inf where it is too large."""
    odd = b.is_integer() and b % 2 == 1
    if a == 0 and b < 0:
        return math.copysign(math.inf, a) if odd else math.inf
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and odd else math.inf
    except ValueError:
        return math.nan


OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divided,
    "%": remainder,
    "**": power,
}

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}

# ------------------------------------------------------------------------------------ functions


def smallest(*values: float) -> float:
    return math.nan if any(map(math.isnan, values)) else min(values)


def largest(*values: float) -> float:
    return math.nan if any(map(math.isnan, values)) else max(values)


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """Rounding to whole numbers; inf and nan stay what they are."""
    return lambda x: float(function(x)) if math.isfinite(x) else x


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    def log(x: float) -> float:
        if x == 0:
            return -math.inf
        return math.nan if x < 0 else function(x)

    return log


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _circular(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: math.nan if math.isinf(x) else function(x)


FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "min": smallest,
    "max": largest,
    "clamp": lambda x, a, b: smallest(largest(x, a), b),
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "round": _whole(round),
    "sqrt": lambda x: math.nan if x < 0 else math.sqrt(x),
    "exp": _exp,
    "log": _logarithm(math.log),
    "log10": _logarithm(math.log10),
    "sin": _circular(math.sin),
    "cos": _circular(math.cos),
    "tanh": math.tanh,
}

# ---------------------------------------------------------------------- series, over whole lists


def mean(values: Sequence[float]) -> float:
    if any(map(math.isnan, values)):
        return math.nan
    infinite = [v for v in values if math.isinf(v)]
    if infinite:
        return sum(infinite)  # one sign is that infinity, both are nan
    return _rounded(_mean(list(map(Fraction, values))))


def std(values: Sequence[float]) -> float:
    """The population's standard deviation."""
    if not all(map(math.isfinite, values)):
        return math.nan
    return _root(_variance(list(map(Fraction, values))))


def slope(values: Sequence[float]) -> float:
    """The least-squares line's, the values standing at 0, 1, 2, …"""
    if not all(map(math.isfinite, values)):
        return math.nan
    places = range(len(values))
    middle = Fraction(sum(places), len(values))
    above = sum(
        ((x - middle) * Fraction(v) for x, v in zip(places, values, strict=True)), Fraction()
    )
    return _rounded(above / sum((x - middle) ** 2 for x in places))


def zscore(values: Sequence[float]) -> float:
    """How many deviations the newest is from the mean of those before it."""
    *before, newest = values
    deviation = std(before)
    if not math.isfinite(newest) or not deviation > 0:
        return divided(newest - mean(before), deviation)
    exact = list(map(Fraction, before))
    above = Fraction(newest) - _mean(exact)
    return math.copysign(_root(above**2 / _variance(exact)), above)


def quantile(values: Sequence[float], q: float) -> float:
    """The value that a share `q` of all lie below, linear between two."""
    if any(map(math.isnan, values)):
        return math.nan
    ordered = sorted(values)
    h = (len(ordered) - 1) * q
    i = math.floor(h)
    if h == i or ordered[i] == ordered[i + 1]:
        return ordered[i]
    return ordered[i] + (ordered[i + 1] - ordered[i]) * (h - i)


def ema(values: Sequence[float], weight: float) -> float | None:
    """The moving average in which the newest value has `weight`; it passes over nan and inf."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return None
    average = finite[0]
    for value in finite[1:]:
        average = weight * value + (1 - weight) * average
    return average


def extreme(values: Sequence[float], better: Better) -> float | None:
    """The best value that is not nan; None where there is none."""
    real = [v for v in values if not math.isnan(v)]
    if not real:
        return None
    return min(real) if better == "lower" else max(real)


def since_best(values: Sequence[float], better: Better) -> float | None:
    """How many values came after the first of the best ones."""
    best = extreme(values, better)
    return None if best is None else float(len(values) - 1 - list(values).index(best))


def is_better(value: float, than: float, by: float, better: Better) -> bool:
    gain = than - value if better == "lower" else value - than
    return gain > by


def _mean(exact: Sequence[Fraction]) -> Fraction:
    return sum(exact, Fraction()) / len(exact)


def _variance(exact: Sequence[Fraction]) -> Fraction:
    middle = _mean(exact)
    return _mean([(v - middle) ** 2 for v in exact])


def _rounded(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.copysign(math.inf, exact)


def _root(exact: Fraction) -> float:
    """The square root, rounded once: of 80 bits, the last one set where more would follow."""
    if exact == 0:
        return 0.0
    shift = max(0, 160 + exact.denominator.bit_length() - exact.numerator.bit_length())
    shift += shift % 2
    scaled = exact.numerator << shift
    root = math.isqrt(scaled // exact.denominator)
    more = root * root * exact.denominator != scaled
    return _rounded(Fraction(2 * root + more, 2 << (shift // 2)))
