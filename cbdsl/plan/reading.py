"""What a statement reads, counts and remembers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TypeGuard

from cbdsl.catalog.functions import SERIES
from cbdsl.catalog.units import SECONDS
from cbdsl.checks.context import Context, ParamValue
from cbdsl.checks.metrics import better, directed
from cbdsl.checks.params import seconds
from cbdsl.plan.model import Count, Counter, Remembering, Slot
from cbdsl.plan.naming import Identifiers, argument, variable
from cbdsl.syntax import nodes as n

COUNTERS: dict[str, Counter] = {"epoch": "epoch", "batch": "step", "time": "time", "value": "value"}


class Reader:
    """The names that a rule or a derived metric asks for."""

    def __init__(self, context: Context, statement: n.Computing) -> None:
        self.context = context
        self.statement = statement

    @cached_property
    def params(self) -> tuple[ParamValue, ...]:
        """Its parameters; a rule that sets the rate also has those of the rate's limit."""
        named = [name.name for name in n.names(self.statement)]
        if isinstance(self.statement, n.Rule) and _sets_rate(self.statement):
            named += [name.name for limit in self.context.file.limits for name in n.names(limit)]
        params = self.context.params
        return tuple(params[name] for name in dict.fromkeys(named) if name in params)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics it asks for."""
        exprs = n.expressions(self.statement)
        return tuple(dict.fromkeys(m.name for e in exprs for m in self.context.metrics_in(e)))

    @cached_property
    def values(self) -> set[str]:
        """The values it asks for that are always there."""
        return self._of_kind("value")

    @property
    def uses_variables(self) -> bool:
        """Whether it reads or sets a variable."""
        return any(name.name in self.context.variables for name in n.names(self.statement))

    def _of_kind(self, kind: str) -> set[str]:
        return {
            part.name
            for expr in n.expressions(self.statement)
            for part in n.walk(expr)
            if isinstance(part, n.Name) and self.context.kind_of(part) == kind
        }


def _sets_rate(rule: n.Rule) -> bool:
    return any(isinstance(a, n.Assign) and a.target.name == "lr" for a in rule.actions)


# ---------------------------------------------------------------------------------- counts


def number_of(context: Context, number: n.Number | n.Name) -> Count:
    """A number, or a parameter that holds one."""
    if isinstance(number, n.Number):
        return Count(number.value, is_share=number.is_percent)
    param = context.params[number.name]
    return Count(float(param.value), number.name, is_share=param.is_percent)


def count_of(context: Context, duration: n.Duration) -> Count:
    """How much of its counter a span is; times are in seconds."""
    if isinstance(duration.count, n.Number) and duration.unit in SECONDS:
        return Count(seconds(duration))
    count = number_of(context, duration.count)
    factor = SECONDS.get(duration.unit or "", 1)
    return Count(count.value * factor, count.param, factor, count.is_share)


def counter_of(context: Context, duration: n.Duration) -> Counter:
    """What a span counts; epochs where nothing is said, or where it is a percent of them."""
    return COUNTERS.get(context.unit_of(duration) or "epoch", "epoch")


# ---------------------------------------------------------------------------------- memory


def remembers(part: n.Expr) -> TypeGuard[Remembering]:
    """Whether an expression is about more than the event at hand."""
    if isinstance(part, n.Call):
        return part.function in SERIES
    return isinstance(part, n.Improves | n.Stalls | n.Held | n.Moves | n.Crosses)


def slots_of(context: Context, statement: n.Computing) -> tuple[Slot, ...]:
    """The memories of a statement, those that others are made of first."""
    taken = Identifiers(argument(name) for name in context.params)
    slots: dict[n.Expr, Slot] = {}
    for expr in n.expressions(statement):
        for part in _inner_first(expr):
            if remembers(part) and part not in slots:
                slots[part] = _slot(context, part, taken)
    return tuple(slots.values())


def _inner_first(expr: n.Expr) -> Iterator[n.Expr]:
    for child in n.children(expr):
        yield from _inner_first(child)
    yield expr


def _slot(context: Context, part: Remembering, taken: Identifiers) -> Slot:
    operand = directed(part)
    name = taken.free(_called(context, part))
    direction = None if operand is None else better(context, operand)
    if not isinstance(part, n.Stalls | n.Held):
        return Slot(name, part, direction)
    span = count_of(context, part.duration)
    return Slot(name, part, direction, counter_of(context, part.duration), span)


def _called(context: Context, part: Remembering) -> str:
    """What a memory is called: `loss_improves`, `prev_loss`, `mean_loss_5`."""
    first = part.arguments[0] if isinstance(part, n.Call) else part.operand
    about = next((x.name for x in n.walk(first) if isinstance(x, n.Name)), "value")
    stem = variable(about)
    match part:
        case n.Call():
            whole = (a.text for a in part.arguments[1:] if isinstance(a, n.Number))
            return "_".join([part.function, stem, *filter(str.isdigit, whole)])
        case n.Moves():
            return f"{stem}_{part.direction}"
        case n.Held():
            return f"{stem}_held"
        case _:
            return f"{stem}_{type(part).__name__.lower()}"
