"""What an expression can be: between which numbers, whether nan, whether missing.

Interval arithmetic: every answer holds all values that can come, and perhaps more. (Moore,
Kearfott, Cloud: Introduction to Interval Analysis, SIAM 2009, chapter 2.)
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import product
from typing import NamedTuple

from cbdsl.catalog.functions import FUNCTIONS, SERIES
from cbdsl.catalog.metrics import bounds_of
from cbdsl.catalog.optimizer import FRACTIONS
from cbdsl.catalog.units import SECONDS
from cbdsl.checks.context import Context
from cbdsl.checks.params import seconds
from cbdsl.checks.when import Scene, scene_of
from cbdsl.syntax import nodes as n

INF = math.inf


class Values(NamedTuple):
    """The numbers from `low` to `high`, both included, and perhaps nan or nothing at all.

    `whole` says that the numbers are whole ones.
    """

    low: float = -INF
    high: float = INF
    nan: bool = False
    missing: bool = False
    whole: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.low <= self.high or self.nan or self.missing)

    @property
    def is_infinite(self) -> bool:
        """Whether one of the numbers can be infinite."""
        return self.low == -INF or self.high == INF

    @property
    def has_zero(self) -> bool:
        return self.low <= 0 <= self.high

    def meet(self, other: Values) -> Values:
        """What both can be."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        whole = self.whole or other.whole
        if whole:
            low, high = _whole(math.ceil, low), _whole(math.floor, high)
        return Values(low, high, self.nan and other.nan, self.missing and other.missing, whole)

    def join(self, other: Values) -> Values:
        """What one of the two can be."""
        return Values(
            min(self.low, other.low),
            max(self.high, other.high),
            self.nan or other.nan,
            self.missing or other.missing,
            self.whole and other.whole,
        )


NOTHING = Values(INF, -INF)
MISSING = NOTHING._replace(missing=True)
ANYTHING = Values(nan=True, missing=True)
BOTH = Values(0, 1, whole=True)
"""True and false."""


def _whole(rounded: Callable[[float], int], bound: float) -> float:
    return bound if math.isinf(bound) else rounded(bound)


def hull(values: Iterable[Values]) -> Values:
    """The smallest range that holds all of some ranges."""
    joined = NOTHING
    for one in values:
        joined = joined.join(one) if joined != NOTHING else one
    return joined


class Facts:
    """What is the same for all rules of a file: its derived metrics and its variables."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @cached_property
    def derived(self) -> dict[str, Values]:
        """What the derived metrics can be, each by those above it."""
        found: dict[str, Values] = {}
        for metric in self.context.file.metrics:
            ranges = Ranges(self, scene_of(self.context, metric), found)
            value = ranges.of(metric.value)._replace(nan=True, missing=True)
            found.setdefault(metric.name.name, value)
        return found

    @cached_property
    def variables(self) -> dict[str, Values]:
        """What the variables of the file begin with, and what rules make of them."""
        constants = Ranges(self, Scene(), {})
        found = {name: constants.of(let.value) for name, let in self.context.variables.items()}
        for rule in self.context.file.rules:
            for action in rule.actions:
                if isinstance(action, n.Assign) and isinstance(action.target, n.Name):
                    name = action.target.name
                    if name in found:
                        made = self._assigned(constants, found[name], action)
                        found[name] = found[name].join(made)
        return found

    def _assigned(self, constants: Ranges, before: Values, action: n.Assign) -> Values:
        is_constant = self.context.is_constant(action.value) or isinstance(action.value, n.Truth)
        if not is_constant:
            return ANYTHING._replace(missing=False)
        by = constants.of(action.value)
        if action.op == "=":
            return by
        rises = (action.op, by.low >= 0) in (("+=", True), ("-=", False))
        falls = (action.op, by.high <= 0) in (("+=", True), ("-=", False))
        if action.op not in ("+=", "-=") or not (rises or falls):
            return Values(nan=True)
        low, high = (before.low, INF) if rises else (-INF, before.high)
        return Values(low, high, whole=before.whole and by.whole)


class Ranges:
    """What the expressions of one rule can be, in its scene.

    `derived` are the derived metrics that are known; without it all of them are.
    """

    def __init__(
        self, facts: Facts, scene: Scene, derived: Mapping[str, Values] | None = None
    ) -> None:
        self.facts = facts
        self.context = facts.context
        self.scene = scene
        self._derived = derived
        self._known: dict[int, tuple[n.Expr, Values]] = {}
        """By identity: the hash of an expression is made of those of all that is inside it."""

    @cached_property
    def remembered(self) -> Ranges:
        """The same for the parts of what the rule remembers."""
        scene = self.scene.remembered
        return self if scene == self.scene else Ranges(self.facts, scene, self._derived)

    def of(self, expr: n.Expr) -> Values:
        """What an expression can be."""
        known = self._known.get(id(expr))
        if known is None:
            # The expression is kept, so that its identity stays its own.
            known = self._known[id(expr)] = (expr, self._of(expr))
        return known[1]

    def _of(self, expr: n.Expr) -> Values:
        match expr:
            case n.Number():
                return _exactly(expr.value)
            case n.Truth():
                return _exactly(expr.value)
            case n.Duration() if expr.unit in SECONDS:
                return _exactly(seconds(expr))
            case n.Setting():
                high = 1.0 if expr.name in FRACTIONS else INF
                low = -INF if expr.name == "learning_rate_power" else 0.0
                return Values(low, high, missing=True)
            case n.Name():
                return self._name(expr)
            case n.Minus():
                inner = self.of(expr.operand)
                return inner._replace(low=-inner.high, high=-inner.low)
            case n.Binary():
                return self._binary(expr)
            case n.Call():
                return self._call(expr)
            case n.Text() | n.Duration():
                # No number, which is said elsewhere.
                return ANYTHING
            case _:
                return BOTH._replace(missing=True)

    def _name(self, name: n.Name) -> Values:
        context, scene = self.context, self.scene
        match context.kind_of(name):
            case "param":
                value = context.params[name.name].value
                return ANYTHING if isinstance(value, str) else _exactly(value)
            case "variable":
                return self.facts.variables[name.name]
            case "outside":
                return ANYTHING
            case "metric":
                if name.name in context.derived:
                    known = self.facts.derived if self._derived is None else self._derived
                    return known.get(name.name, ANYTHING)
                if name.name in context.made:
                    return ANYTHING
                low, high = bounds_of(name.name)
                return Values(low, high, nan=True, missing=True)
        in_training = 1 if scene.in_batches else 0
        match name.name:
            case "epoch":
                return Values(scene.first, scene.last, whole=True)
            case "batch" | "step":
                return Values(in_training, INF, whole=True)
            case "epochs" | "batches" | "steps":
                # A file is for trainings of any length: what is planned now is no bound.
                return Values(1, INF, missing=True, whole=True)
            case "progress":
                return Values(0, 1, missing=True)
            case _:
                return Values(0, INF)

    def _binary(self, expr: n.Binary) -> Values:
        left, right = self.of(expr.left), self.of(expr.right)
        missing = left.missing or right.missing
        if left.low > left.high or right.low > right.high:
            return NOTHING._replace(nan=left.nan or right.nan, missing=missing)
        nan = left.nan or right.nan
        whole = left.whole and right.whole
        both = left.is_infinite and right.is_infinite
        match expr.op:
            case "+":
                (low, high), nan = _corners(_sum, left, right), nan or both
            case "-":
                flipped = right._replace(low=-right.high, high=-right.low)
                (low, high), nan = _corners(_sum, left, flipped), nan or both
            case "*":
                lost = (left.has_zero and right.is_infinite) or (
                    right.has_zero and left.is_infinite
                )
                (low, high), nan = _corners(_product, left, right), nan or lost
            case "/" if right.low > 0 or right.high < 0:
                (low, high), nan, whole = _corners(_ratio, left, right), nan or both, False
            case "%" if right.low == right.high and 0 < right.high < INF:
                low, high, nan = 0.0, right.high, nan or left.is_infinite
            case "**" if left.low >= 0 or _is_even(right):
                low, high, whole = 0.0, INF, False
            case _:
                low, high, nan, whole = -INF, INF, True, False
        return Values(low, high, nan, missing, whole)

    def _call(self, call: n.Call) -> Values:
        if call.function == "count":
            return Values(0, self.scene.events, whole=True)
        of = self.remembered.of if call.function in SERIES else self.of
        args = [of(argument) for argument in call.arguments]
        function = FUNCTIONS.get(call.function) or SERIES.get(call.function)
        if function is None or len(args) < function.least:
            return ANYTHING
        x = args[0]._replace(nan=True)
        needs = needed(call, args)
        if needs is not None and needs > self.scene.events:
            return MISSING
        last = x._replace(missing=True)
        missing = any(arg.missing for arg in args)
        match call.function:
            case "prev" | "best" | "lowest" | "highest" | "per_batch":
                return last
            case "mean" | "median" | "quantile" | "ema":
                return last._replace(whole=False)
            case "std":
                return Values(0, _width(x), nan=True, missing=True)
            case "since_best":
                return Values(0, self.scene.events, nan=True, missing=True, whole=True)
            case "change":
                return Values(-_width(x), _width(x), nan=True, missing=True, whole=x.whole)
            case "slope" | "zscore":
                return ANYTHING
            case "abs":
                low = max(x.low, -x.high, 0.0)
                return x._replace(low=low, high=max(-x.low, x.high))
            case "min" | "max":
                pick = min if call.function == "min" else max
                low, high = pick(a.low for a in args), pick(a.high for a in args)
                return Values(low, high, True, missing, all(a.whole for a in args))
            case "clamp":
                bounds = hull(args[1:])
                return Values(bounds.low, bounds.high, True, missing)
            case "floor" | "ceil" | "round":
                low, high = _whole(math.floor, x.low), _whole(math.ceil, x.high)
                return x._replace(low=low, high=high, whole=True)
            case "sqrt" | "exp":
                return Values(0, INF, True, missing)
            case "sin" | "cos" | "tanh":
                return Values(-1, 1, True, missing)
            case _:
                return Values(nan=True, missing=missing)


def needed(call: n.Call, args: list[Values]) -> float | None:
    """How many values a series takes before it answers; None where that is not said."""
    lag = args[-1].low if len(args) > 1 else 1.0
    match call.function:
        case "mean" | "median" | "std" | "slope" | "quantile":
            return lag
        case "lowest" | "highest":
            return lag if len(args) > 1 else None
        case "prev" | "zscore":
            return lag + 1
        case "change":
            return 2
        case _:
            return None


def _exactly(value: float) -> Values:
    value = float(value)
    if math.isnan(value):
        return NOTHING._replace(nan=True)
    return Values(value, value, whole=value.is_integer())


def _width(x: Values) -> float:
    return INF if x.is_infinite else x.high - x.low


def _is_even(x: Values) -> bool:
    return x.low == x.high and x.low % 2 == 0


Corner = tuple[float, float]


def _corners(op: Callable[[float, float], Corner], left: Values, right: Values) -> Corner:
    """The bounds of an operation that is monotone in both: those of the four corners."""
    found = [op(a, b) for a, b in product((left.low, left.high), (right.low, right.high))]
    return min(low for low, _ in found), max(high for _, high in found)


def _sum(a: float, b: float) -> Corner:
    # The two infinities cancel to nan; near them the sum is anything.
    return (-INF, INF) if math.isnan(a + b) else (a + b, a + b)


def _product(a: float, b: float) -> Corner:
    return (0.0, 0.0) if 0 in (a, b) else (a * b, a * b)


def _ratio(a: float, b: float) -> Corner:
    if math.isinf(b):
        return (-INF, INF) if math.isinf(a) else (0.0, 0.0)
    if abs(b) < sys.float_info.min:
        return -INF, INF
    return a / b, a / b
