"""Draws a table of texts for a terminal, as narrow as it can be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cbdsl.diagnostics.text import width_of
from cbdsl.simulate.places import Place

WIDTH = 100
"""How wide a table should be, in columns of a terminal."""

LEAST = 4
"""So many columns of numbers are shown, even where the table is wider then."""

_LONGEST_NAME = 40


@dataclass(frozen=True)
class Row:
    """A metric, a part of a condition or a rule, and a cell for each column."""

    name: str
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """Epochs, or batches of one epoch, and what was seen in them.

    Attributes:
        in_epoch: the epoch whose batches are shown; None if epochs are.
        columns: their numbers.
        focus: the one of them that it is about.
        rows: what was given, and for each rule in question what it saw and whether it fired.
    """

    in_epoch: int | None
    columns: list[int]
    focus: int
    rows: list[Row]

    @property
    def places(self) -> list[Place]:
        """The places that the columns stand for."""
        if self.in_epoch is None:
            return [(number, None) for number in self.columns]
        return [(self.in_epoch, number) for number in self.columns]

    def lines(self) -> list[str]:
        """The table as text, of fewer columns where it would be too wide."""
        unit = "epoch" if self.in_epoch is None else f"batch of epoch {self.in_epoch}"
        rows = [Row(unit, list(map(str, self.columns))), *self.rows]
        names = _aligned([_cut(row.name) for row in rows], left=True)
        columns = [_aligned(cells) for cells in zip(*(row.cells for row in rows), strict=True)]
        first, last = self._fitting([width_of(c[0]) for c in columns], WIDTH - width_of(names[0]))
        return [
            "  ".join(cells).rstrip() for cells in zip(names, *columns[first:last], strict=True)
        ]

    def _fitting(self, widths: list[int], room: int) -> tuple[int, int]:
        """From which column to which one there is room, the one in question among them."""
        first, last, focus = 0, len(widths), self.columns.index(self.focus)
        while last - first > LEAST and sum(widths[first:last]) + 2 * (last - first) > room:
            # Twice as many before it as behind it: what led to it tells more.
            if focus - first > 2 * (last - 1 - focus):
                first += 1
            else:
                last -= 1
        return first, last


def _aligned(cells: Iterable[str], *, left: bool = False) -> list[str]:
    """Texts filled up with blanks to the width of the longest."""
    texts = list(cells)
    width = max(map(width_of, texts))
    blanks = [" " * (width - width_of(text)) for text in texts]
    return [f"{t}{b}" if left else f"{b}{t}" for t, b in zip(texts, blanks, strict=True)]


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
