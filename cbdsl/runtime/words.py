"""Numbers and logs as words in messages and paths."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from numbers import Real
from typing import Any


def text(value: float | None, spec: str = "") -> str:
    """A value as a message shows it: `missing` for None, whole numbers without a point."""
    if value is None:
        return "missing"
    if spec:
        return format(value, spec)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return str(value)


def text32(value: float | None) -> str:
    """A 32-bit number in the fewest digits that still name it: `0.1`, not `0.10000000149…`."""
    if value is None or isinstance(value, int) or not math.isfinite(value):
        return text(value)
    try:
        exact = struct.pack("f", value)
    except OverflowError:
        return text(value)
    if struct.unpack("f", exact)[0] != value:
        return text(value)
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == exact:
            return text(short)
    return text(value)


def span_text(value: float, unit: str) -> str:
    """A number of epochs or batches: `1 epoch`, `3 batches`."""
    plural = "batches" if unit == "batch" else f"{unit}s"
    return f"{text(value)} {unit if value == 1 else plural}"


def time_text(seconds: float | None) -> str:
    """A time in its units: `1 hour 23 minutes 45 seconds`; below a minute to the tenth."""
    if seconds is None or not math.isfinite(seconds):
        return text(seconds)
    if abs(seconds) < 60:
        return span_text(round(float(seconds), 1), "second")
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    counted = ((hours, "hour"), (minutes, "minute"), (rest, "second"))
    parts = [span_text(count, unit) for count, unit in counted if count]
    return ("-" if seconds < 0 else "") + " ".join(parts)


def numbers(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The logs without what is no number, such as the outputs of a prediction."""
    # NumPy's numbers, which other callbacks may put there, are no plain data.
    return {
        name: value if isinstance(value, int | float) else float(value)
        for name, value in (logs or {}).items()
        if isinstance(value, Real)
    }


def names(logs: Mapping[str, Any] | None) -> str:
    """The names of the metrics in the logs: `accuracy, loss`."""
    return ", ".join(numbers(logs))


def listed(logs: Mapping[str, Any] | None) -> str:
    """The metrics in the logs with their values: `accuracy 0.912, loss 0.31`."""
    return ", ".join(f"{name} {value:.4g}" for name, value in numbers(logs).items())
