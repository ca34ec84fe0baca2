"""What a cell of a history says: a number, that there is none, or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cbdsl.replaying.history import Series

__all__ = ["floats", "number"]

_MISSING = frozenset(["", "na", "n/a", "#n/a", "<na>", "none", "null", "-", "--", "?"])
_DIGITS = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_NUMBER = rf"({_DIGITS}(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf))"
# `[0.5]`, `np.float32(0.5)`, `array([0.5], dtype=float32)`, `tf.Tensor(0.5, shape=(), …)`,
# `<tf.Tensor: shape=(), dtype=float32, numpy=0.5>`
_WRAPPED = re.compile(
    rf"(?:<tf\.[^>]*\bnumpy=|[A-Za-z_][\w.]*\(\[*|\[+)\s*{_NUMBER}\s*(?:\]*,\s*\w+=.*|[])>]+)"
)
_PERCENT = re.compile(rf"({_DIGITS})\s*%")
_LONGEST = 200  # No number is longer, and the patterns are not tried on a novel.


def number(cell: object) -> float | None:
    """The number of a cell, None where the cell says that it is missing.

    Args:
        cell: text, or what JSON gives.

    Raises:
        ValueError: the cell holds something else, or several numbers.
    """
    while isinstance(cell, list) and len(cell) == 1:
        cell = cell[0]
    if cell is None or isinstance(cell, float):
        return cell
    if not isinstance(cell, str) or len(cell) > _LONGEST:
        raise ValueError(cell)
    text = cell.strip(" \t\n\r\"'").replace("−", "-")
    if text.lower() in _MISSING:
        return None
    if percent := _PERCENT.fullmatch(text):
        return float(percent[1] + "e-2")
    wrapped = _WRAPPED.fullmatch(text)
    return float(wrapped[1] if wrapped else text)


def floats(column: Sequence[object]) -> tuple[Series, list[int]]:
    """A column's numbers, None where one is missing, and the places of cells that are neither."""
    if all(type(cell) is str or type(cell) is float for cell in column):
        try:
            return [float(cell) for cell in column], []  # type: ignore[arg-type]
        except ValueError:
            pass
    values: Series = []
    others: list[int] = []
    for place, cell in enumerate(column):
        try:
            values.append(number(cell))
        except ValueError:
            values.append(None)
            others.append(place)
    return values, others
