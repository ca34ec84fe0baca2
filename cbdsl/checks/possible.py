"""Conditions can be true, and can be false: found out by reasoning over ranges, not by trying."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from itertools import combinations

from cbdsl.catalog.functions import SERIES
from cbdsl.checks.context import Context
from cbdsl.checks.ranges import Facts, Ranges, needed
from cbdsl.checks.reach import is_reached
from cbdsl.checks.when import scene_of
from cbdsl.checks.worlds import Pair, TooMany, Worlds, is_counted, span_of
from cbdsl.diagnostics import Diagnostic
from cbdsl.formatter import expression
from cbdsl.syntax import nodes as n

_CONDITIONS = (
    n.All, n.Any, n.Not, n.Compare, n.State, n.Held, n.Crosses, n.Moves, n.Improves, n.Stalls,
)  # fmt: skip


def check(context: Context) -> Iterator[Diagnostic]:
    if context.unread:
        # What could not be read may set what a condition asks for.
        return
    facts = Facts(context)
    for statement in context.file.computing:
        if isinstance(statement, n.Rule) and not is_reached(context, statement):
            continue
        ranges = Ranges(facts, scene_of(context, statement))
        looked = _Conditions(context, ranges)
        for expr in n.expressions(statement):
            if isinstance(expr, _CONDITIONS):
                yield from looked.at(expr)
            else:
                # The conditions that a `count` in a value or a message counts.
                yield from looked.inside(expr)


class _Conditions:
    """What can be said of the conditions of one rule."""

    def __init__(self, context: Context, ranges: Ranges) -> None:
        self.context = context
        self.ranges = ranges
        self.worlds = Worlds(ranges)
        self.numbers = Worlds(ranges, numbers=True)

    def at(self, condition: n.Expr) -> Iterator[Diagnostic]:
        """What is wrong with a condition, or with the parts of it."""
        if self._never(condition):
            yield from self._blame(condition)
        elif self._always(condition):
            yield from self._plain(condition)
        else:
            yield from self.inside(condition)

    def inside(self, expr: n.Expr) -> Iterator[Diagnostic]:
        """What is wrong with the conditions inside an expression."""
        looked = self._remembered if _remembers(expr) else self
        for child in n.children(expr):
            if isinstance(child, _CONDITIONS):
                yield from looked.at(child)
            else:
                yield from looked.inside(child)

    @cached_property
    def _remembered(self) -> _Conditions:
        """The same for the parts of what the rule remembers."""
        remembered = self.ranges.remembered
        return self if remembered is self.ranges else _Conditions(self.context, remembered)

    def _never(self, *conditions: n.Expr) -> bool:
        """Whether some conditions cannot all be true."""
        try:
            return not self.worlds.both(*(self.worlds.of(c) for c in conditions))
        except TooMany:
            return False

    def _always(self, condition: n.Expr) -> bool:
        try:
            return not self.numbers.of(condition, holds=False)
        except TooMany:
            return False

    def _plain(self, condition: n.Expr) -> Iterator[Diagnostic]:
        """The smallest parts of a condition for which it is always true."""
        match condition:
            case n.All():
                for operand in condition.operands:
                    yield from self._plain(operand)
                return
            case n.Any() if always := next(filter(self._always, condition.operands), None):
                yield from self._plain(always)
                return
            case n.Not() if self._never(condition.operand):
                yield from self._blame(condition.operand)
                return
        why, help = self._reason(condition, always=True)
        yield self.context.problem(
            "CBR421",
            f"`{expression(condition)}` always holds",
            condition,
            why=why,
            help=help or "leave it out, or mend the number",
        )

    def _blame(self, condition: n.Expr) -> Iterator[Diagnostic]:
        """The smallest part of a condition for which it cannot be true."""
        if isinstance(condition, n.Any):
            for operand in condition.operands:
                yield from self._blame(operand)
            return
        if isinstance(condition, n.All):
            for operand in condition.operands:
                if self._never(operand):
                    yield from self._blame(operand)
                    return
            yield self._clash(condition)
            return
        if isinstance(condition, n.Held) and self._never(condition.operand):
            yield from self._blame(condition.operand)
            return
        why, help = self._reason(condition)
        message = f"`{expression(condition)}` never holds"
        yield self.context.problem("CBR420", message, condition, why=why, help=help)

    def _clash(self, condition: n.All) -> Diagnostic:
        """Parts of an `and` of which each can be true, but not all at once."""
        why = "its parts exclude each other"
        cases = {operand: self.worlds.of(operand) for operand in condition.operands}
        for one, two in combinations(condition.operands, 2):
            if not self.worlds.both(cases[one], cases[two]):
                why = f"`{expression(one)}` and `{expression(two)}` exclude each other"
                break
        return self.context.problem(
            "CBR420",
            "this condition never holds",
            condition,
            why=why,
            help="write `or` where one of them is enough",
        )

    def _reason(self, condition: n.Expr, *, always: bool = False) -> tuple[str, str]:
        """Why a condition never or always holds, and what to write instead."""
        scene = self.ranges.scene
        for part in n.walk(condition):
            asked = 0.0
            if isinstance(part, n.Held | n.Stalls):
                asked = span_of(self.context, part)
            elif isinstance(part, n.Moves | n.Crosses):
                asked = 2
            elif isinstance(part, n.Call):
                asked = needed(part, [self.ranges.of(a) for a in part.arguments]) or 0
            if asked > scene.events:
                unit = "epoch" if asked == 1 else "epochs"
                there = f"{scene.events:g} at most" if scene.events else "none"
                why = f"it takes {asked:g} {unit}, and this rule sees {there}"
                return (f"{why}: {scene.why}" if scene.why else why), ""
        if isinstance(condition, n.Name):
            return f"`{condition.name}` is false, and no rule sets it", ""
        if isinstance(condition, n.Crosses):
            return self._compared(condition.operand, condition.level, always)
        if isinstance(condition, n.Compare) and len(condition.ops) == 1:
            left, right = condition.operands
            return self._compared(left, right, always)
        if isinstance(condition, n.Compare) and not always:
            return "no number is all of this at once", ""
        return "", ""

    def _compared(self, left: n.Expr, right: n.Expr, always: bool) -> tuple[str, str]:
        """What is known of the two sides of a comparison."""
        context = self.context
        if context.is_constant(left):
            left, right = right, left
        if context.is_constant(right):
            level = self.ranges.of(right).low
            return self._known(left), self._meant(left, right, level, always)
        if is_counted(Pair(left, right)) or is_counted(Pair(right, left)):
            return "what is counted never passes what is planned", ""
        for value, series in ((left, right), (right, left)):
            if isinstance(series, n.Call) and value in series.arguments:
                shown = expression(value)
                why = f"`{expression(series)}` is taken with the `{shown}` of this event"
                return why, f"a new best is `{shown} improves`"
        facts = (self._known(side) for side in (left, right))
        return ", and ".join(fact for fact in facts if fact), ""

    def _known(self, expr: n.Expr) -> str:
        """Between which numbers an expression is, as a sentence."""
        values, scene = self.ranges.of(expr), self.ranges.scene
        shown = f"`{expression(expr)}`"
        if isinstance(expr, n.Name) and expr.name == "epoch" and not expr.quoted:
            if scene.first <= 1 and scene.last == math.inf:
                return "the first epoch is 1"
            if scene.first == scene.last:
                return f"this rule acts in epoch {scene.first} alone"
            last = "on" if scene.last == math.inf else f"to {scene.last:g}"
            return f"this rule acts in epochs {scene.first} {last}"
        low, high = values.low, values.high
        if low == high:
            is_variable = isinstance(expr, n.Name) and self.context.kind_of(expr) == "variable"
            return f"{shown} is always {low:g}" + (", as no rule sets it" if is_variable else "")
        if -math.inf < low and high < math.inf:
            return f"{shown} is between {low:g} and {high:g}"
        if low > -math.inf:
            return f"{shown} is never below {low:g}"
        return f"{shown} is never above {high:g}" if high < math.inf else ""

    def _meant(self, expr: n.Expr, constant: n.Expr, level: float, always: bool) -> str:
        """What was likely meant by a number that is out of reach."""
        values = self.ranges.of(expr)
        if values.low in (-1, 0) and values.high == 1 and not values.whole and 1 < level < 100:
            named = f"param {constant.name} = " if isinstance(constant, n.Name) else ""
            return f"write `{named}{level:g}%`"
        if isinstance(expr, n.Name) and expr.name in ("epoch", "batch", "step") and level == 0:
            first = f"`{expr.name} == 1`"
            if always:
                return f"the first is {first}, all others are `{expr.name} > 1`"
            return f"write {first} for the first"
        return ""


def _remembers(expr: n.Expr) -> bool:
    """Whether an expression is made of what was, and not of what is alone."""
    if isinstance(expr, n.Call):
        return expr.function in SERIES
    return isinstance(expr, n.Held | n.Stalls | n.Improves | n.Moves | n.Crosses)
