"""What a statement reads, counts and remembers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TypeGuard

from cbdsl.catalog.functions import SERIES
from cbdsl.catalog.units import SECONDS
from cbdsl.checks.context import Context, ParamValue, target_name
from cbdsl.checks.metrics import better, directed
from cbdsl.checks.params import seconds
from cbdsl.plan.model import Count, Counter, Remembering, Shared, Slot
from cbdsl.plan.naming import Identifiers, argument, variable
from cbdsl.syntax import nodes as n

COUNTERS: dict[str, Counter] = {"epoch": "epoch", "batch": "step", "time": "time", "value": "value"}


def sets_rate(statement: n.Statement) -> bool:
    """Whether it is a rule or a schedule that sets the rate."""
    match statement:
        case n.Schedule(target=target):
            return target_name(target) == "lr"
        case n.Rule(actions=actions):
            targets = [action.target for action in actions if isinstance(action, n.Assign)]
            return any(target_name(target) == "lr" for target in targets)
        case _:
            return False


class Reader:
    """The names that a rule, a derived metric or a schedule asks for."""

    def __init__(self, context: Context, statement: n.Computing | n.Schedule) -> None:
        self.context = context
        self.statement = statement

    @cached_property
    def params(self) -> tuple[ParamValue, ...]:
        """Its parameters; a rule that sets the rate also has those of the rate's limit."""
        named = [name.name for name in n.names(self.statement)]
        if self._limited():
            named += [name.name for limit in self.context.file.limits for name in n.names(limit)]
        params = self.context.params
        return tuple(params[name] for name in dict.fromkeys(named) if name in params)

    def _limited(self) -> bool:
        """Whether it writes the rate itself, and so looks after its limit."""
        if isinstance(self.statement, n.Schedule):
            return target_name(self.statement.target) == "lr"
        return "lr" not in self.context.scheduled and sets_rate(self.statement)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics it asks for."""
        exprs = n.expressions(self.statement)
        read = [m.name for e in exprs for m in self.context.metrics_in(e)]
        if isinstance(self.statement, n.Rule):
            read += [m.name for m in map(n.best_of, self.statement.actions) if m]
        return tuple(dict.fromkeys(read))

    @cached_property
    def values(self) -> set[str]:
        """The values it asks for that are always there."""
        return self._of_kind("value")

    @property
    def shared(self) -> tuple[Shared, ...]:
        """What it shares with other rules."""
        names = {name.name for name in n.names(self.statement)}
        asked: list[Shared] = []
        if names & set(self.context.variables):
            asked.append("variables")
        if names & set(self.context.outside):
            asked.append("outside")
        if isinstance(self.statement, n.Rule):
            asked += [s for s in map(self._of, self.statement.actions) if s]
        return tuple(dict.fromkeys(asked))

    def _of(self, action: n.Action) -> Shared | None:
        """What an action needs that others need too."""
        match action:
            case n.Record():
                return "recorded"
            case n.Restore() | n.RollBack() | n.Snapshot():
                return "snapshots"
            case n.Assign(target=n.Name(name="lr")) if "lr" in self.context.scheduled:
                return "learning_rate"
            case n.Notify():
                return "notices"
            case n.Invoke():
                return "functions"
            case n.Fail():
                return "failures"
            case _:
                return None

    def _of_kind(self, kind: str) -> set[str]:
        return {
            part.name
            for expr in n.expressions(self.statement)
            for part in n.walk(expr)
            if isinstance(part, n.Name) and self.context.kind_of(part) == kind
        }


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
