"""When a condition can be true, and when it can be false: by cases, each a box of ranges.

A box says of some terms between which numbers they are. What it leaves out can be anything. Like
the ranges, the boxes of a condition hold every case that can come, and perhaps more: a condition
without a box can never be true, or never be false.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from math import inf, nextafter
from typing import NamedTuple

from cbdsl.checks.context import Context
from cbdsl.checks.metrics import better
from cbdsl.checks.ranges import MISSING, NOTHING, Ranges, Values
from cbdsl.syntax import nodes as n

MAX_BOXES = 64
"""Among more cases than these nothing is looked for."""


class Pair(NamedTuple):
    """How two expressions compare: -1 where the left is lower, 0 where both are equal, 1 else."""

    left: n.Expr
    right: n.Expr


class Improved(NamedTuple):
    """Whether a value has just improved, 1, or has not, 0."""

    operand: n.Expr
    by: n.Expr | None


Term = n.Expr | Pair | Improved
Box = Mapping[Term, Values]

EVERYTHING: list[Box] = [{}]
NEVER: list[Box] = []


class TooMany(Exception):
    """A condition of too many cases to look at."""


class Worlds:
    """The cases of the conditions of one rule.

    With `numbers` what is compared is a number: a comparison is not false only because of a nan.
    """

    def __init__(self, ranges: Ranges, *, numbers: bool = False) -> None:
        self.ranges = ranges
        self.numbers = numbers
        self._cases: dict[tuple[int, bool], tuple[n.Expr, list[Box] | None]] = {}
        """The cases of conditions, by identity; None where there are too many."""

    @property
    def _context(self) -> Context:
        return self.ranges.context

    def of(self, condition: n.Expr, holds: bool = True) -> list[Box]:
        """The cases in which a condition is true, or with `holds=False` false.

        Raises `TooMany` where there are more than `MAX_BOXES`.
        """
        # They are asked of a condition, then of the parts of it, and so on.
        key = id(condition), holds
        if key not in self._cases:
            try:
                self._cases[key] = condition, self._of(condition, holds)
            except TooMany:
                self._cases[key] = condition, None
        boxes = self._cases[key][1]
        if boxes is None:
            raise TooMany
        return boxes

    def _of(self, condition: n.Expr, holds: bool) -> list[Box]:
        match condition:
            case n.All() | n.Any() if isinstance(condition, n.All) is holds:
                return self.both(*(self.of(operand, holds) for operand in condition.operands))
            case n.All() | n.Any():
                return _few([b for operand in condition.operands for b in self.of(operand, holds)])
            case n.Not():
                return self.of(condition.operand, not holds)
            case n.Compare():
                pairs = zip(condition.ops, condition.operands, condition.operands[1:], strict=False)
                cases = [self._compare(op, a, b, holds) for op, a, b in pairs]
                return self.both(*cases) if holds else _few([b for case in cases for b in case])
            case n.State():
                return self._state(condition, holds != condition.negated)
            case n.Truth():
                return EVERYTHING if condition.value is holds else NEVER
            case n.Name() if self._context.kind_of(condition) == "variable":
                return self._box(condition, Values(float(holds), float(holds)))
            case n.Name():
                # A parameter is the caller's choice, and the same wherever it is asked for.
                return [{condition: Values(float(holds), float(holds))}]
            case n.Held() | n.Crosses() | n.Moves() if holds and not self.ranges.scene.is_now:
                # What was so at the last event that is remembered need not be so now.
                return EVERYTHING
            case n.Crosses() | n.Moves() if holds and self.ranges.scene.events < 2:
                return NEVER
            case n.Held() if holds:
                return self.of(condition.operand) if self._lasts(condition) else NEVER
            case n.Crosses() if holds:
                op = ">" if condition.side == "above" else "<"
                return self._compare(op, condition.operand, condition.level, True)
            case n.Moves() if holds:
                before = n.Call("prev", condition.span, (condition.operand,), span=condition.span)
                op = ">" if condition.direction == "rises" else "<"
                return self._compare(op, condition.operand, before, True)
            case n.Improves():
                improved = Improved(condition.operand, condition.by)
                now = self._box(improved, Values(float(holds), float(holds)))
                return self.both(self._box(condition.operand, Values()), now) if holds else now
            case n.Stalls() if holds:
                same = Improved(condition.operand, condition.by)
                return self._box(same, Values(0, 0)) if self._lasts(condition) else NEVER
            case _:
                return EVERYTHING

    def both(self, *cases: list[Box]) -> list[Box]:
        """The cases that are in all of some lists of cases; raises `TooMany`."""
        found = EVERYTHING
        for boxes in cases:
            met = (_meet(one, other) for one in found for other in boxes)
            found = _few([box for box in met if box is not None])
        return found

    def bounds(self, pair: Pair) -> Values:
        """How two expressions can compare, whatever they are in."""
        left, right = self.ranges.of(pair.left), self.ranges.of(pair.right)
        low = 1 if left.low > right.high else 0 if left.low >= right.high else -1
        high = -1 if left.high < right.low else 0 if left.high <= right.low else 1
        if left.low > left.high or right.low > right.high:
            low, high = 1, -1
        sides = (sign for sign in (self._extreme(*pair), _opposite(self._extreme(*pair[::-1]))))
        for sign in sides:
            low, high = (max(low, 0), high) if sign > 0 else (low, min(high, 0) if sign else high)
        if is_counted(pair):
            high = min(high, 0)
        return Values(low, high, left.nan or right.nan, whole=True)

    def _extreme(self, value: n.Expr, other: n.Expr) -> int:
        """1 where `other` is the lowest `value` so far, -1 where it is the highest, else 0."""
        if not self.ranges.scene.is_now:
            return 0
        if not isinstance(other, n.Call) or other.arguments[:1] != (value,):
            return 0
        if other.function == "best":
            return {"lower": 1, "higher": -1, None: 0}[better(self._context, value)]
        return {"lowest": 1, "highest": -1}.get(other.function, 0)

    def _compare(self, op: str, left: n.Expr, right: n.Expr, holds: bool) -> list[Box]:
        if self._is_free(left, right):
            return EVERYTHING
        if self._context.is_constant(left):
            left, right, op = right, left, _MIRRORED[op]
        # Only `!=` is true of nan, and no other comparison with it is.
        nan = holds is (op == "!=") and not self.numbers
        op = op if holds else _NEGATED[op]
        if not self._context.is_constant(right):
            swapped = repr(left) > repr(right)
            pair = Pair(right, left) if swapped else Pair(left, right)
            sign = self.bounds(pair)
            cases = _regions(_MIRRORED[op] if swapped else op, 0, 0, nan)
            return [{pair: met} for case in cases if not (met := sign.meet(_signs(case))).is_empty]
        value, known = self.ranges.of(right), self.ranges.of(left)
        exact = value.low
        if value.low != value.high:
            return EVERYTHING
        if isinstance(right, n.Name) and exact in (known.low, known.high):
            # A parameter at the end of what can be turns a rule off.
            return EVERYTHING
        rounded = _float32(exact)
        cases = _regions(op, min(exact, rounded), max(exact, rounded), nan)
        return [box for case in cases for box in self._box(left, case)]

    def _is_free(self, left: n.Expr, right: n.Expr) -> bool:
        """Whether a comparison is the caller's choice: parameters alone, or with what is counted.

        A `warmup` of 0 epochs turns a rule off, which is no mistake.
        """
        sides = (left, right)
        names = [p for side in sides for p in n.walk(side) if isinstance(p, n.Name)]
        kinds = {self._context.kind_of(name) for name in names}
        return "param" in kinds and kinds <= {"param", "value", "variable"}

    def _state(self, state: n.State, holds: bool) -> list[Box]:
        largest = nextafter(inf, 0)
        match state.state, holds:
            case "nan", True:
                cases = [NOTHING._replace(nan=True)]
            case "nan", False:
                cases = [Values()]
            case "finite", True:
                cases = [Values(-largest, largest)]
            case "finite", False:
                cases = [Values(inf, inf), Values(-inf, -inf), NOTHING._replace(nan=True)]
            case "missing", True:
                cases = [MISSING]
            case _:
                cases = [Values(nan=True)]
        return [box for case in cases for box in self._box(state.operand, case)]

    def _box(self, term: Term, values: Values) -> list[Box]:
        known = Values(0, 1, whole=True) if isinstance(term, Improved) else self._known(term)
        met = known.meet(values)
        return [] if met.is_empty else [{term: met}]

    def _known(self, term: n.Expr | Pair) -> Values:
        return self.bounds(term) if isinstance(term, Pair) else self.ranges.of(term)

    def _lasts(self, condition: n.Held | n.Stalls) -> bool:
        """Whether there are enough events for as long as a condition asks."""
        return span_of(self._context, condition) <= self.ranges.scene.events


def span_of(context: Context, condition: n.Held | n.Stalls) -> float:
    """For how many epochs or values a condition is asked; 0 for other units."""
    duration = condition.duration
    unit = context.unit_of(duration)
    if unit not in ("epoch", "value", None):
        return 0
    if isinstance(duration.count, n.Number):
        return duration.count.value
    param = context.params.get(duration.count.name)
    return float(param.value) if param and not isinstance(param.value, str) else 0


def _meet(one: Box, other: Box) -> Box | None:
    """What is in both boxes, None where nothing is."""
    met = dict(one)
    for term, values in other.items():
        met[term] = met[term].meet(values) if term in met else values
        if met[term].is_empty:
            return None
    return met


def _few(boxes: list[Box]) -> list[Box]:
    if len(boxes) > MAX_BOXES:
        raise TooMany
    return boxes


def _regions(op: str, low: float, high: float, nan: bool) -> list[Values]:
    """Where a number stands to a constant, of which rounding makes `low` or `high`."""
    below, above = Values(high=nextafter(high, -inf)), Values(low=nextafter(low, inf))
    match op:
        case "<":
            found = [below]
        case "<=":
            found = [Values(high=high)]
        case ">":
            found = [above]
        case ">=":
            found = [Values(low=low)]
        case "==":
            found = [Values(low, high)]
        case _:
            found = [below, above]
    return [found[0]._replace(nan=nan), *found[1:]]


def _signs(region: Values) -> Values:
    """A region of numbers beside 0 as one of signs."""
    low = -1 if region.low == -inf else 0 if region.low <= 0 else 1
    high = 1 if region.high == inf else 0 if region.high >= 0 else -1
    return region._replace(low=low, high=high)


def _opposite(sign: int) -> int:
    return -sign


def is_counted(pair: Pair) -> bool:
    """Whether two expressions are a count and the number planned, which it never passes."""
    names = (side.name if isinstance(side, n.Name) and not side.quoted else "" for side in pair)
    return tuple(names) in _COUNTED


def _float32(x: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", x))[0])
    except OverflowError:
        return inf if x > 0 else -inf


_COUNTED = {("epoch", "epochs"), ("batch", "batches"), ("step", "steps")}

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
