"""Random metrics, and the differences from Keras for which a history is left out.

The differences are meant, and are listed in docs/coming-from-keras.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from hypothesis import strategies as st
from parity_drive import Value

FIRST_IS_NAN = "first value nan"
MISSING = "missing value"
TIE = "tie at min_delta"

# Eighths are exact in binary, so that ties with a `min_delta` of eighths are ties for everybody.
_UNITS = (1 / 8, 1 / 8, 1 / 10, 1 / 20, 1e-3, 1e-4)
DELTAS = (0.0, 0.0, 1 / 8, 1 / 4, 0.1, 0.05, 1e-3, 1e-4)

_STEPS = (-4, -2, -1, -1, 0, 0, 0, 1, 1, 3)
_LEVELS = range(-2, 11)
_SPECIAL = (math.nan, math.nan, math.inf, -math.inf, None)


@st.composite
def histories(draw: st.DrawFn, special: Sequence[Value] = _SPECIAL) -> list[Value]:
    """One metric: a walk with plateaus, levels of a grid, or anything; 1 to 40 epochs.

    Args:
        special: what may stand in the place of some values.
    """
    size = draw(st.integers(1, draw(st.sampled_from((8, 16, 40)))))
    kind = draw(st.sampled_from(("walk", "walk", "levels", "any")))
    unit = draw(st.sampled_from(_UNITS))
    # Bytes, since they are drawn at once.
    drawn = draw(st.binary(min_size=size, max_size=size))
    if kind == "levels":
        values = [_LEVELS[byte % len(_LEVELS)] * unit for byte in drawn]
    elif kind == "walk":
        start = draw(st.sampled_from((0, 8, 30)))
        steps = (_STEPS[byte % len(_STEPS)] for byte in drawn)
        values = [number * unit for number in accumulate(steps, initial=start)][1:]
    else:
        # Evenly over most of the exponents that a 32-bit number has.
        values = [math.ldexp(byte % 16 - 8, byte // 16 * 15 - 110) for byte in drawn]
    history: list[Value] = list(values)
    if draw(st.integers(0, 2)) == 0:
        places = st.tuples(st.integers(0, size - 1), st.sampled_from(special))
        for place, value in draw(st.lists(places, min_size=1, max_size=4)):
            history[place] = value
    return [None if value is None else float(np.float32(value)) for value in history]


def difference(
    history: Sequence[Value],
    better: str,
    delta: float = 0.0,
    *,
    counts_values: bool = False,
    baseline: float | None = None,
) -> str | None:
    """The first difference from Keras that a history holds; None where it holds none.

    Args:
        history: what is monitored, from the first epoch that is.
        better: `lower` or `higher`.
        delta: Keras's `min_delta`.
        counts_values: whether the rule counts as Keras does: epochs that have a value.
        baseline: Keras's `baseline`.
    """
    values = [value for value in history if value is not None]
    if len(values) < len(history) and not counts_values:
        return MISSING
    if values and math.isnan(values[0]):
        return FIRST_IS_NAN
    return TIE if _has_tie(values, better, delta, baseline) else None


def _has_tie(values: list[float], better: str, delta: float, baseline: float | None) -> bool:
    """Whether an improvement by `delta` is one in 32 bits and is none in 64, or the reverse."""
    sign = -1.0 if better == "lower" else 1.0
    best = -sign * math.inf
    for index, value in enumerate(values):
        in_keras = sign * np.float32(value - sign * delta) > sign * np.float32(best)
        in_rules = sign * (value - best) > delta
        if index and in_keras != in_rules:
            return True
        if baseline is not None and (
            (sign * np.float32(value - sign * delta) > sign * np.float32(baseline))
            != (sign * (value - sign * delta) > sign * baseline)
        ):
            return True
        if not index or in_rules:
            best = value
    return False
