"""Curves as points: pieces between gaps, thinned where there are more than anybody can see."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

Point = tuple[int, float]
"""An epoch and a finite value."""

_MOST = 400
"""How many points of a curve are drawn; a long one is drawn by the extremes of its parts."""


def pieces(numbers: Sequence[int], values: Sequence[float | None]) -> list[list[Point]]:
    """A curve without its gaps, which are the values that are nan or infinite.

    A missing value is no gap: there are validations every so many epochs.
    """
    there = [(n, v) for n, v in zip(numbers, values, strict=True) if v is not None]
    apart = groupby(there, key=lambda point: math.isfinite(point[1]))
    return thinned([list(points) for finite, points in apart if finite])


def thinned(parts: list[list[Point]]) -> list[list[Point]]:
    """All pieces with about so many points as can be told apart on a screen."""
    parts = parts[:: 1 + len(parts) // _MOST]
    count = sum(map(len, parts))
    if count <= _MOST:
        return parts
    # Four points a stretch: its first, its least, its greatest, its last.
    size = -(-4 * count // _MOST)
    return [list(_thinned(part, size)) for part in parts]


def _thinned(points: list[Point], size: int) -> Iterator[Point]:
    for start in range(0, len(points), size):
        part = points[start : start + size]
        yield from sorted({part[0], part[-1], min(part, key=_value), max(part, key=_value)})


def _value(point: Point) -> float:
    return point[1]


def not_finite(numbers: Sequence[int], values: Sequence[float | None]) -> dict[str, list[int]]:
    """The epochs whose value cannot be drawn, by `nan`, `inf` and `-inf`."""
    found: dict[str, list[int]] = {}
    for number, value in zip(numbers, values, strict=True):
        if value is not None and not math.isfinite(value):
            found.setdefault(str(value), []).append(number)
    return found
