"""The nodes of tests: what is given, and what is expected."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import repeat
from typing import Literal

from cbdsl.source import Span
from cbdsl.syntax.expressions import Duration, Name, Node, Number, Setting, Text, Truth

_ITEM = re.compile(
    r"(?P<start>_|nan|[-+]?inf|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?%?)(?P<step>[-+].*?)?"
    r"(?:x(?P<times>[0-9]+))?"
)


@dataclass(frozen=True)
class Item(Node):
    """One or several values of a series: `0.5`, `0.7+0.05x5`, `_x3`, `nan`."""

    text: str

    @property
    def count(self) -> int:
        """How many values it is: `axn` is a and n more, `_xn` is n missing ones."""
        start, _, times = self._parts()
        if times is None:
            return 1
        # More than Python counts to nobody runs.
        more = int(times) if len(times) < 19 else sys.maxsize - 1
        return more if start == "_" else more + 1

    @property
    def has_lost_step(self) -> bool:
        """Whether it says how far it is to the next value, and not how many there are."""
        _, step, times = self._parts()
        return step is not None and times is None

    def values(self) -> Iterator[float | None]:
        """Its values, computed without rounding; None stands for a missing one."""
        start, step, _ = self._parts()
        value: float | None = None
        if start.endswith("nan"):
            value = math.nan
        elif start.endswith("inf"):
            value = -math.inf if start.startswith("-") else math.inf
        elif start != "_":
            first, higher = _exact(start), _exact(step or "0")
            # Whole numbers over one denominator: fractions would be reduced for every value.
            below = math.lcm(first.denominator, higher.denominator)
            above, more = int(first * below), int(higher * below)
            yield from (_rounded(above + number * more, below) for number in range(self.count))
            return
        yield from repeat(value, self.count)

    def _parts(self) -> tuple[str, str | None, str | None]:
        found = _ITEM.fullmatch(self.text)
        assert found is not None
        return found["start"], found["step"], found["times"]


_MOST_EXPONENT = 20_000
_MOST_DIGITS = 1000
"""Beyond these no number of a file is anything but 0 or inf."""


def _exact(text: str) -> Fraction:
    number, _, exponent = text.rstrip("%").lower().partition("e")
    digits = exponent.lstrip("+-").lstrip("0") or "0"
    power = min(int(digits[:6]), _MOST_EXPONENT) * (-1 if exponent.startswith("-") else 1)
    scale = Fraction(10) ** power / (100 if text.endswith("%") else 1)
    return Fraction(number[:_MOST_DIGITS]) * scale


def _rounded(above: int, below: int) -> float:
    """The nearest number to a fraction, which is what Python's division of whole ones gives."""
    try:
        return above / below
    except OverflowError:
        return math.inf if above > 0 else -math.inf


@dataclass(frozen=True)
class Set(Node):
    """`set PARAM = literal`."""

    name: Name
    value: Number | Truth | Text | Duration


@dataclass(frozen=True)
class Given(Node):
    """`given loss: 0.5 0.4`, a value an epoch; `given batch loss: …`, a value a batch."""

    name: Name | Setting
    items: tuple[Item, ...]
    per_batch: bool


@dataclass(frozen=True)
class GivenSize(Node):
    """`given epochs: 10`, `given batches: 8`."""

    what: Literal["epochs", "batches"]
    item: Item


@dataclass(frozen=True)
class GivenTime(Node):
    """`given epoch takes 10 minutes`."""

    duration: Duration


@dataclass(frozen=True)
class Where(Node):
    """`at epoch 3, 5`, `at epoch 3 batch 2`."""

    epochs: tuple[Number, ...]
    batch: Number | None


@dataclass(frozen=True)
class GivenInterrupt(Node):
    """`given interrupt at epoch 3`, at its end; `at epoch 3 batch 2`, at that batch's end."""

    where: Where


@dataclass(frozen=True)
class ExpectRule(Node):
    """`expect [no] RULE [at epoch N]`: that a rule fires."""

    negated: bool
    rule: Name
    where: Where | None


@dataclass(frozen=True)
class ExpectAction(Node):
    """`expect [no] stop ["why"] [at epoch N]`: that an action is done."""

    negated: bool
    verb: str
    text: Text | None
    where: Where | None
    verb_span: Span = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class ExpectValue(Node):
    """`expect lr 0.01 at epoch 3`: the value of a metric, or of something that rules set."""

    name: Name | Setting
    value: Item
    where: Where


Line = (
    Set | Given | GivenSize | GivenTime | GivenInterrupt | ExpectRule | ExpectAction | ExpectValue
)


@dataclass(frozen=True)
class Test(Node):
    """`test "name":` and the lines below it."""

    name: Text
    lines: tuple[Line, ...]
