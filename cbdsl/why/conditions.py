"""Conditions in words: what made one true, and how near one came that never was."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from cbdsl.catalog.functions import FUNCTIONS, SERIES
from cbdsl.catalog.units import SECONDS
from cbdsl.formatter import expression
from cbdsl.plan import RulePlan
from cbdsl.plan.model import Counter, Schedule
from cbdsl.runtime.words import span_text, text, time_text
from cbdsl.simulate import Probe
from cbdsl.simulate.places import Place, listed
from cbdsl.simulate.seen import holds
from cbdsl.syntax import nodes as n

MOST_PARTS = 3
"""Of how many parts of a condition it is said how near they came."""

_OPPOSITE = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_UNITS: dict[Counter, str] = {"epoch": "epoch", "step": "batch", "value": "value"}


def reasons(rule: RulePlan | Schedule, probe: Probe) -> str:
    """The parts of a condition that were true when its rule fired, with their numbers."""
    assert rule.condition is not None
    parts = zip(n.parts(rule.condition), probe.parts, probe.sides, strict=True)
    told = [_true(rule, part, sides, probe.values) for part, was, sides in parts if was]
    return " and ".join(told) or expression(rule.condition)


def _true(
    rule: RulePlan | Schedule,
    part: n.Expr,
    sides: Sequence[float | None],
    values: Mapping[str, float | None],
) -> str:
    said = expression(part)
    match part:
        case n.Improves(operand=operand) | n.Moves(operand=operand):
            value = values.get(expression(operand).strip("`"))
            say = _said_by(rule, (operand,))
            return said if value is None else f"{said} (it was {say(value)})"
        case n.Compare() if _are_known(sides):
            say = _said_by(rule, part.operands)
            if len(sides) == 2 and isinstance(part.operands[1], n.Number | n.Duration):
                return f"{said} (it was {say(*sides)})"
            pairs = [say(*sides[i : i + 2]) for i in range(len(sides) - 1)]
            last = say(sides[-1], sides[-2])
            numbers = [f"{side} {op}" for side, op in zip(pairs, part.ops, strict=True)]
            return f"{said} ({' '.join([*numbers, last])})"
        case n.Crosses() if _are_known(sides):
            return f"{said} (it was {_said_by(rule, n.children(part))(*sides)})"
        case n.Stalls() | n.Held() if sides[0] is not None:
            return f"{said} (for {lasted(sides[0], counter_of(rule, part))})"
        case _:
            return said


class Nearness:
    """How near the condition of a rule came to being true.

    Args:
        rule: the rule.
        probes: what its condition was wherever trigger and window asked for it, at least once.
    """

    def __init__(self, rule: RulePlan | Schedule, probes: Sequence[Probe]) -> None:
        self.rule = rule
        self.probes = probes

    def words(self) -> str:
        """A sentence, without what the rule is called."""
        assert self.rule.condition is not None
        return self._words(self.rule.condition, 0)

    def _words(self, expr: n.Expr, at: int) -> str:
        match expr:
            case n.All() | n.Any():
                return self._joined(expr, at)
            case n.Not():
                return f"{expression(expr.operand)} always held"
            case _:
                return self._part(expr, at)

    def _joined(self, expr: n.All | n.Any, at: int) -> str:
        """`and` and `or`: how near those came that were never true."""
        places = [at]
        for operand in expr.operands:
            places.append(places[-1] + len(n.parts(operand)))
        each = list(zip(expr.operands, places, strict=False))
        never = [(o, i) for o, i in each if True not in self._truths(o, i)]
        if never:
            told = [self._words(operand, index) for operand, index in never[:MOST_PARTS]]
            return "; ".join(told)
        held = [f"{expression(o)} held {during(self._where(o, i))}" for o, i in each[:MOST_PARTS]]
        return f"its parts never held together: {'; '.join(held)}"

    def _truths(self, expr: n.Expr, at: int) -> list[bool | None]:
        return [holds(expr, iter(probe.parts[at:])) for probe in self.probes]

    def _where(self, expr: n.Expr, at: int) -> list[Place]:
        truths = zip(self.probes, self._truths(expr, at), strict=True)
        return [(probe.epoch, probe.batch) for probe, was in truths if was]

    # ------------------------------------------------------------------------- one part

    def _part(self, part: n.Expr, at: int) -> str:
        said = expression(part)
        known = [(p, p.sides[at]) for p in self.probes if p.parts[at] is not None]
        if not known:
            return f"{said} was never known{self._lost(part)}"
        match part:
            case n.Compare() if len(part.operands) == 2:
                return f"{said}: {self._nearest(part, known)}"
            case n.Compare():
                return f"{said}: {self._between(part, known)}"
            case n.Stalls():
                return f"{said}: {self._longest(part, known)}"
            case n.Held(operand=inner):
                if any(math.isfinite(sides[0] or 0.0) and sides[0] for _, sides in known):
                    return f"{said}: {self._longest(part, known)}"
                if isinstance(inner, n.Compare) and len(inner.operands) == 2:
                    behind = [(probe, sides[2:]) for probe, sides in known]
                    return f"{said}: it never held, {self._nearest(inner, behind)}"
                return f"{said}: it never held"
            case n.Crosses(side=side):
                compare = n.Compare(
                    (">" if side == "above" else "<",), n.children(part), span=part.span
                )
                return f"{said}: it never did, {self._nearest(compare, known)}"
            case n.Improves() | n.Moves():
                return f"{said}: it never did"
            case n.State(state="missing", negated=False):
                return f"{said}: it always was there"
            case n.State(negated=True):
                return f"{said}: it always was"
            case _:
                return f"{said}: it never was"

    def _lost(self, part: n.Expr) -> str:
        """What a part that is not known asks for in vain."""
        inside = {expression(each) for each in n.walk(part)}
        values = [probe.values for probe in self.probes]
        names = [name for name in values[0] if name in inside]
        never = [name for name in names if all(each.get(name) is None for each in values)]
        return f": {never[0]} never had a value" if never else ""

    def _nearest(self, part: n.Compare, known: list[tuple[Probe, tuple[float | None, ...]]]) -> str:
        (left, right), (op,) = part.operands, part.ops
        there = [(p, (a, b)) for p, (a, b) in known if a is not None and b is not None]
        there = [(p, pair) for p, pair in there if not any(map(math.isnan, pair))]
        if not there:
            return "it was nan"
        if len({b for _, (_, b) in there}) > 1 and len({a for _, (a, _) in there}) == 1:
            left, right, op = right, left, _OPPOSITE.get(op, op)
            there = [(p, (b, a)) for p, (a, b) in there]
        probe, (mine, other) = max(there, key=lambda each: _closeness(op, *each[1]))
        where, say = _at(probe), _said_by(self.rule, part.operands)
        if len({b for _, (_, b) in there}) > 1:
            return f"it came nearest {where}, with {say(mine, other)} against {say(other, mine)}"
        is_plain = isinstance(right, n.Number | n.Duration)
        level = "" if is_plain else f", and {expression(right)} is {say(other, mine)}"
        if op == "!=":
            return f"it always was {say(mine)}"
        most = {">": "highest", "<": "lowest", "=": "nearest"}[op[0]]
        return f"the {most} was {say(mine, other)}, {where}{level}"

    def _between(self, part: n.Compare, known: list[tuple[Probe, tuple[float | None, ...]]]) -> str:
        """A chain: from where to where what stands in its midst went."""
        middle = [sides[1] for _, sides in known if sides[1] is not None and sides[1] == sides[1]]
        if len(part.operands) > 3 or not middle:
            return "it never was"
        low, high = map(_said_by(self.rule, part.operands), (min(middle), max(middle)))
        return f"{expression(part.operands[1])} went from {low} to {high}"

    def _longest(
        self, part: n.Stalls | n.Held, known: list[tuple[Probe, tuple[float | None, ...]]]
    ) -> str:
        probe, sides = max(known, key=lambda each: each[1][0] or 0.0)
        longest, asked = sides[0] or 0.0, sides[1] or 0.0
        counter = counter_of(self.rule, part)
        if not longest:
            return "it improved each time"
        span = lasted(longest, counter, of=asked)
        if isinstance(part, n.Stalls):
            return f"the longest stall was {span}, {_at(probe)}"
        return f"it held for {span} at most, {_at(probe)}"


def during(places: Iterable[Place]) -> str:
    """`in epoch 3`, `in epochs 1 to 3, 5`, `before epoch 1`."""
    return listed(places).replace("at epoch", "in epoch")


def counter_of(rule: RulePlan | Schedule, part: n.Expr) -> Counter:
    """What the clock of a part counts."""
    slots = rule.slots if isinstance(rule, RulePlan) else ()
    return next((slot.counter for slot in slots if slot.node == part), "epoch")


def lasted(span: float, counter: Counter, of: float | None = None) -> str:
    """`3 epochs`, `2 of 3 epochs`, `1 minute of 2 minutes`."""
    if counter == "time":
        return time_text(span) + (f" of {time_text(of)}" if of is not None else "")
    if of is None:
        return span_text(span, _UNITS[counter])
    return f"{text(span)} of {span_text(of, _UNITS[counter])}"


def number(value: Any, beside: float | None = None) -> str:
    """A number in as many digits as tell people something, and tell it from another one.

    What is no number, as in a journal that is not cbdsl's, is told as it is.
    """
    if not isinstance(value, int | float):
        return "missing" if value is None else str(value)
    # A whole number of a journal may be larger than those with a fraction can be.
    if isinstance(value, int) or not math.isfinite(value):
        return text(value)
    if value.is_integer() and abs(value) < 1e16:
        return text(value)
    for digits in range(4, 17):
        short = float(f"{value:.{digits}g}")
        if beside is None or beside == value or short != float(f"{beside:.{digits}g}"):
            return text(short)
    return text(value)


def _time(value: float | None, beside: float | None = None) -> str:
    """A time in its units; in seconds where those do not tell it from another one."""
    told = time_text(value)
    if beside is None or beside == value or told != time_text(beside):
        return told
    return f"{number(value, beside)} seconds"


def _said_by(rule: RulePlan | Schedule, exprs: Iterable[n.Expr]) -> Callable[..., str]:
    """How the values of expressions are told that are compared: as numbers, or as times."""
    times = {param.name for param in rule.params if param.kind == "time"} | {"elapsed"}
    return _time if any(_is_time(expr, times) for expr in exprs) else number


def _is_time(expr: n.Expr, times: Set[str]) -> bool:
    """Whether the value of an expression is a time, as `checks.types` has it."""
    match expr:
        case n.Name():
            return not expr.quoted and expr.name in times
        case n.Duration():
            return expr.unit in SECONDS
        case n.Binary(op="/"):
            return _is_time(expr.left, times) and not _is_time(expr.right, times)
        case n.Call(function=name):
            function = FUNCTIONS.get(name) or SERIES.get(name)
            is_alike = function is not None and function.same_kind
            return is_alike and any(_is_time(each, times) for each in expr.arguments)
        case n.Minus() | n.Binary():
            return any(_is_time(each, times) for each in n.children(expr))
        case _:
            return False


def _are_known(sides: Sequence[float | None]) -> bool:
    return bool(sides) and None not in sides


def _at(probe: Probe) -> str:
    return during([(probe.epoch, probe.batch)])


def _closeness(op: str, mine: float, other: float) -> float:
    measure: Callable[[float, float], float] = {
        ">": lambda a, b: a - b,
        "<": lambda a, b: b - a,
    }.get(op[0], lambda a, b: -abs(a - b))
    gap = measure(mine, other)
    return -math.inf if math.isnan(gap) else gap
