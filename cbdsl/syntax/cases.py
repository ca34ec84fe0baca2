"""The nodes of tests: what is given, and what is expected."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from cbdsl.source import Span
from cbdsl.syntax.expressions import Duration, Name, Node, Number, Text, Truth

_ITEM = re.compile(
    r"(?P<start>_|nan|[-+]?inf|[-+]?[\d.]+(?:[eE][-+]?\d+)?%?)(?P<step>[-+].*?)?(?:x(?P<times>\d+))?"
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
        return int(times) if start == "_" else int(times) + 1

    def values(self) -> Iterator[float | None]:
        """Its values, computed without rounding; None stands for a missing one."""
        start, step, _ = self._parts()
        for number in range(self.count):
            if start == "_":
                yield None
            elif start[-3:] in ("nan", "inf"):
                yield math.nan if start == "nan" else math.copysign(math.inf, _sign(start))
            else:
                yield float(_exact(start) + number * _exact(step or "0"))

    def _parts(self) -> tuple[str, str | None, str | None]:
        found = _ITEM.fullmatch(self.text)
        assert found is not None
        return found["start"], found["step"], found["times"]


def _sign(text: str) -> float:
    return -1.0 if text.startswith("-") else 1.0


def _exact(text: str) -> Fraction:
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


@dataclass(frozen=True)
class Set(Node):
    """`set PARAM = literal`."""

    name: Name
    value: Number | Truth | Text | Duration


@dataclass(frozen=True)
class Given(Node):
    """`given loss: 0.5 0.4`, a value an epoch; `given batch loss: …`, a value a batch."""

    name: Name
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
    """`expect lr 0.01 at epoch 3`: the value of the rate or of a metric."""

    name: Name
    value: Item
    where: Where


Line = Set | Given | GivenSize | GivenTime | ExpectRule | ExpectAction | ExpectValue


@dataclass(frozen=True)
class Test(Node):
    """`test "name":` and the lines below it."""

    name: Text
    lines: tuple[Line, ...]
