"""What expressions say at an event, and what series and predicates remember.

Part of the independent reading of the language in reference.py. `None` stands for missing and for
unknown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

import reference_numbers as num
from reference_looks import (
    Look,
    before,
    entries,
    held,
    improvements,
    known,
    last,
    latest,
    number,
    per_batch,
    stalled,
)
from reference_numbers import Better
from reference_plan import Moment, Now, Plan, Value

from cbdsl.syntax import nodes as n

SERIES = frozenset(
    """
    prev best lowest highest mean median std quantile ema slope zscore change since_best count
    per_batch
    """.split()
)

NO_TIMES = frozenset("std slope zscore since_best count".split())
"""Series that are a number, also those of times."""

LOWER = frozenset("loss error mae mse perplexity".split())
HIGHER = frozenset("accuracy auc precision recall f1 iou dice".split())


class Reader:
    """Reads the expressions of one rule; remembers what each of their constructs looked at."""

    def __init__(self, plan: Plan, now: Now, expressions: Sequence[n.Expr]) -> None:
        self.plan = plan
        self.now = now
        inner_first = [part for expr in expressions for part in _inner_first(expr)]
        self.remembering = [part for part in inner_first if remembers(part)]
        self.looks: dict[int, list[Look]] = {id(part): [] for part in self.remembering}

    def feed(self, at: Moment) -> None:
        """An event: everything that remembers looks at it, the inner first."""
        for part in self.remembering:
            first, *rest = n.children(part)
            second = rest[0] if rest and not isinstance(part, n.Call) else None
            seen = None if second is None else self.read(second, at)
            self.looks[id(part)].append(Look(at, self.read(first, at), seen))

    def restart(self) -> None:
        """All clocks begin again."""
        for looks in self.looks.values():
            if looks:
                looks[-1].restarted = True

    def read(self, node: n.Expr, at: Moment) -> Value:
        """The value of an expression at an event."""
        match node:
            case n.Number() | n.Truth():
                return node.value
            case n.Text():
                return self.text(node, at)
            case n.Name():
                return self._name(node, at)
            case n.Duration():
                return self.plan.span(node)[0]
            case n.Minus():
                return _applied(lambda x: -x, self.read(node.operand, at))
            case n.Binary():
                left, right = self.read(node.left, at), self.read(node.right, at)
                return _applied(num.OPERATORS[node.op], left, right)
            case n.Compare():
                return self._compared(node, at)
            case n.All():
                return _all([self.read(o, at) for o in node.operands])
            case n.Any():
                return _not(_all([_not(self.read(o, at)) for o in node.operands]))
            case n.Not():
                return _not(self.read(node.operand, at))
            case n.State():
                return _state(node, self.read(node.operand, at))
            case n.Call() if node.function not in SERIES:
                arguments = [self.read(argument, at) for argument in node.arguments]
                return _applied(num.FUNCTIONS[node.function], *arguments)
            case n.Setting():
                return None  # there is no optimizer that could have it
            case _:
                return self._remembered(node)

    def text(self, text: n.Text, at: Moment) -> str:
        """A text with its expressions filled in."""
        return "".join(
            part if isinstance(part, str) else self._filled(part, at) for part in text.parts
        )

    def _filled(self, placeholder: n.Placeholder, at: Moment) -> str:
        node = placeholder.value
        if node == "metrics":
            return ", ".join(at.metrics)
        if isinstance(node, str):
            return ", ".join(f"{name} {x:.4g}" for name, x in at.metrics.items())
        value = self.read(node, at)
        if value is None:
            return "missing"
        if isinstance(value, str):
            return format(value, placeholder.spec)
        if placeholder.spec:
            whole = isinstance(node, n.Name) and node.name in WHOLE and not node.quoted
            return format(int(value) if whole else value, placeholder.spec)
        if self._is_time(node):
            return num.shown_time(value)
        return num.shown32(value) if self.is_32_bit(node) else num.shown(float(value))

    def _is_time(self, node: n.Expr) -> bool:
        """Whether a value is a time; its seconds are what is counted with."""
        match node:
            case n.Duration():
                return True
            case n.Name():
                param = None if node.quoted else self.plan.params.get(node.name)
                return isinstance(param, n.Duration) or (node.name == "elapsed" and not node.quoted)
            case n.Binary(op="*"):
                return self._is_time(node.left) or self._is_time(node.right)
            case n.Binary(op="/"):
                return self._is_time(node.left) and not self._is_time(node.right)
            case n.Minus() | n.Binary():
                return self._is_time(n.children(node)[0])
            case n.Call():
                return node.function not in NO_TIMES and self._is_time(node.arguments[0])
            case _:
                return False

    def _name(self, node: n.Name, at: Moment) -> Value:
        if node.quoted:
            return at.metrics.get(node.name)
        if node.name in VALUES:
            return VALUES[node.name](at, self.plan, self.now)
        if node.name in self.plan.params:
            return self.plan.param(node.name)
        if node.name in self.now.variables:
            return self.now.variables[node.name]
        return at.metrics.get(node.name)

    # ------------------------------------------------------------------------- comparisons

    def _compared(self, node: n.Compare, at: Moment) -> bool | None:
        pairs = zip(node.ops, node.operands, node.operands[1:], strict=False)
        return _all([self._pair(op, left, right, at) for op, left, right in pairs])

    def _pair(self, op: str, left: n.Expr, right: n.Expr, at: Moment) -> Value:
        a = self._beside(left, right, self.read(left, at))
        b = self._beside(right, left, self.read(right, at))
        return _applied(num.COMPARISONS[op], a, b)

    def _beside(self, node: n.Expr, other: n.Expr, value: Value) -> Value:
        """A constant that is compared with a 32-bit number is rounded to one."""
        if isinstance(value, float | int) and self._is_constant(node) and self.is_32_bit(other):
            return num.float32(value)
        return value

    def _is_constant(self, node: n.Expr) -> bool:
        match node:
            case n.Number():
                return True
            case n.Name():
                return not node.quoted and node.name in self.plan.params
            case n.Minus() | n.Binary():
                return all(map(self._is_constant, n.children(node)))
            case _:
                return False

    def is_32_bit(self, node: n.Expr) -> bool:
        """Whether an expression is a metric, the rate, or one of several of them unchanged."""
        match node:
            case n.Name():
                named = node.name in self.plan.params or node.name in self.now.variables
                return node.quoted or node.name == "lr" or not (named or node.name in VALUES)
            case n.Setting():
                return True
            case n.Minus():
                return self.is_32_bit(node.operand)
            case n.Call(function="prev" | "best" | "lowest" | "highest" | "abs"):
                return self.is_32_bit(node.arguments[0])
            case n.Call(function="min" | "max"):
                return all(map(self.is_32_bit, node.arguments))
            case _:
                return False

    # ------------------------------------------------------------------- what is remembered

    def _remembered(self, node: n.Expr) -> Value:
        """The answer of a series or a predicate, as of the last event at which it was fed."""
        looks = self.looks[id(node)]
        match node:
            case n.Call():
                return self._series(node, looks)
            case n.Improves():
                if not known(looks, node.by):
                    return None
                return improvements(looks, node.by, self._better(node.operand))[-1]
            case n.Stalls():
                if not known(looks, node.by):
                    return None
                improved = improvements(looks, node.by, self._better(node.operand))
                return stalled(looks, node.by, improved, *self.plan.span(node.duration))
            case n.Held():
                return held(looks, *self.plan.span(node.duration))
            case n.Moves():
                op = num.COMPARISONS[">" if node.direction == "rises" else "<"]
                return _applied(op, latest(looks), before(looks, 1))
            case n.Crosses():
                return self._crossed(node, looks)
            case _:
                raise AssertionError(node)

    def _crossed(self, node: n.Crosses, looks: list[Look]) -> bool | None:
        op = num.COMPARISONS[">" if node.side == "above" else "<"]
        past = [
            _applied(op, look.value, self._beside(node.level, node.operand, look.second))
            for look in looks
        ]
        if not past or past[-1] is None:
            return None
        known = [one for one in past if one is not None]
        return len(known) > 1 and bool(known[-1]) and not known[-2]

    def _series(self, call: n.Call, looks: list[Look]) -> float | None:
        name, (x, *constants) = call.function, call.arguments
        numbers = [self._constant(c) for c in constants]
        values = entries(looks)
        match name:
            case "count":
                return float(sum(look.value is True for look in looks))
            case "prev":
                return before(looks, int(numbers[0]) if numbers else 1)
            case "change":
                return number(_applied(num.OPERATORS["-"], latest(looks), before(looks, 1)))
            case "per_batch":
                return per_batch(looks, self.plan.batches)
            case "ema":
                return num.ema(values, numbers[0])
            case "best":
                return num.extreme(values, self._better(x))
            case "since_best":
                return num.since_best(values, self._better(x))
            case "lowest" | "highest":
                better: Better = "lower" if name == "lowest" else "higher"
                if not numbers:
                    return num.extreme(values, better)
                newest = last(values, numbers[0])
                if newest is None:
                    return None
                best = num.extreme(newest, better)
                return math.nan if best is None else best
            case _:
                newest = last(values, numbers[-1] + (name == "zscore"))
                return None if newest is None else self._of_window(name, newest, numbers)

    def _of_window(self, name: str, window: list[float], numbers: list[float]) -> float:
        match name:
            case "quantile":
                return num.quantile(window, numbers[0])
            case "median":
                return num.quantile(window, 0.5)
            case "mean":
                return num.mean(window)
            case "std":
                return num.std(window)
            case "slope":
                return num.slope(window)
            case _:
                return num.zscore(window)

    def _constant(self, node: n.Expr) -> float:
        assert isinstance(node, n.Number | n.Name)
        return self.plan.number(node)

    def _better(self, node: n.Expr) -> Better:
        """Which direction of X is better: that of the metric it is made of."""
        match node:
            case n.Name() if node.name in self.plan.directions:
                return self.plan.directions[node.name]
            case n.Name():
                telling = [w for w in re.split("[^a-z0-9]+", node.name) if w in LOWER | HIGHER]
                return "lower" if telling[-1] in LOWER else "higher"
            case n.Minus():
                return "higher" if self._better(node.operand) == "lower" else "lower"
            case n.Binary():
                return self._better(node.right if self._is_constant(node.left) else node.left)
            case n.Call():
                return self._better(node.arguments[0])
            case _:
                raise AssertionError(node)


WHOLE = frozenset("epoch epochs batch batches step steps".split())

VALUES: dict[str, Callable[[Moment, Plan, Now], float | None]] = {
    "epoch": lambda at, plan, now: float(at.epoch),
    "epochs": lambda at, plan, now: float(plan.epochs),
    "batch": lambda at, plan, now: float(at.batch),
    "batches": lambda at, plan, now: float(plan.batches) or None,
    "step": lambda at, plan, now: float(at.step),
    "steps": lambda at, plan, now: float(plan.batches * plan.epochs) or None,
    "lr": lambda at, plan, now: now.rate,
    "elapsed": lambda at, plan, now: at.elapsed,
    "progress": lambda at, plan, now: at.progress,
}


def remembers(node: n.Expr) -> bool:
    """Whether an expression's value depends on the events before."""
    if isinstance(node, n.Call):
        return node.function in SERIES
    return isinstance(node, n.Improves | n.Stalls | n.Held | n.Moves | n.Crosses)


def _inner_first(node: n.Expr) -> Iterator[n.Expr]:
    for child in n.children(node):
        yield from _inner_first(child)
    yield node


# ------------------------------------------------------------------------- true, false, unknown


def _applied(function: Callable[..., float | bool], *values: Value) -> float | bool | None:
    """A function of numbers; missing where one of them is."""
    return None if any(v is None for v in values) else function(*values)


def _not(value: Value) -> bool | None:
    return None if value is None else not value


def _all(values: Sequence[Value]) -> bool | None:
    if any(v is False for v in values):
        return False
    return None if any(v is None for v in values) else True


def _state(node: n.State, value: Value) -> bool | None:
    if node.state == "missing":
        return (value is None) != node.negated
    if value is None:
        return None
    assert not isinstance(value, str)
    is_so = math.isnan(value) if node.state == "nan" else math.isfinite(value)
    return is_so != node.negated
