"""Replays over a range of a parameter: epochs saved against metric lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product

from cbdsl.replaying.summary import Summary

MAX_POINTS = 500
"""How many combinations a sweep may try."""


class BadSweep(ValueError):
    """A sweep that says nothing; its text says why."""


@dataclass(frozen=True)
class Range:
    """A parameter and the values it is given."""

    param: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Point:
    """The parameters' values, and what the rules would have decided with them."""

    params: dict[str, float]
    summary: Summary


def read_range(text: str) -> Range:
    """`patience=2..10`, `target=0.8..0.95..0.05`, `patience=2,5,10`; raises `BadSweep`.

    Both ends are included.
    """
    name, equals, written = text.partition("=")
    name, written = name.strip(), written.strip()
    if not equals or not name or not written:
        raise BadSweep(f"`{text}` is no sweep: write one such as `patience=2..10`")
    try:
        values = tuple(float(value) for value in _values(written))
    except InvalidOperation:
        raise BadSweep(
            f"`{written}` is no range: write `2..10`, `0.8..0.95..0.05` or `2,5`"
        ) from None
    if not values:
        raise BadSweep(f"the range `{written}` is empty")
    return Range(name, values)


def _values(written: str) -> Iterator[Decimal]:
    if ".." not in written:
        yield from (Decimal(value.strip()) for value in written.split(","))
        return
    first, *rest = (Decimal(part.strip()) for part in written.split(".."))
    last, step = rest[0], rest[1] if len(rest) == 2 else Decimal(1)
    if len(rest) > 2 or not step > 0 or not all(x.is_finite() for x in (first, last, step)):
        raise BadSweep(f"`{written}` is no range: write `first..last` or `first..last..step`")
    count = int((last - first) / step) + 1
    if count > MAX_POINTS:
        raise BadSweep(f"`{written}` are {count:,} values, more than {MAX_POINTS}")
    yield from (first + number * step for number in range(count))


def combinations(ranges: list[Range]) -> list[dict[str, float]]:
    """Every combination of the parameters' values; raises `BadSweep` for too many."""
    names = [one.param for one in ranges]
    if len(set(names)) < len(names):
        raise BadSweep("a parameter can be swept once")
    found = [dict(zip(names, v, strict=True)) for v in product(*(one.values for one in ranges))]
    if len(found) > MAX_POINTS:
        raise BadSweep(f"these are {len(found):,} combinations, more than {MAX_POINTS}")
    return found


def sweep_text(points: list[Point]) -> str:
    """A line a combination."""
    names = list(points[0].params)
    rows = [(*names, "ended early", "epochs saved", "lost nothing", "median lost", "mean lost")]
    for point in points:
        of = point.summary
        rows.append(
            (
                *(f"{point.params[name]:g}" for name in names),
                f"{of.stopped} of {of.runs}",
                f"{of.saved_share:.1%}",
                f"{of.unharmed} of {of.judged}",
                f"{of.median_lost:.2%}",
                f"{of.mean_lost:.2%}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
