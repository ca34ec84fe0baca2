"""A stop leaves the rules that are to help before it the time to do so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.checks.actions import is_setting
from cbdsl.checks.context import Context
from cbdsl.checks.functions import constant
from cbdsl.checks.use import value_of
from cbdsl.checks.worlds import span_of
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


@dataclass(frozen=True)
class _Stall:
    """For how many epochs of no improvement a rule, or a callback of Keras's, waits."""

    statement: n.Rule | n.Use
    at: n.Node
    metric: n.Name
    epochs: float
    by: float
    is_bare: bool
    """Whether nothing else is asked, in any epoch."""


def check(context: Context) -> Iterator[Diagnostic]:
    stalls = [s for rule in context.file.rules for s in _of_rule(context, rule)]
    stalls += [s for use in context.file.uses for s in _of_use(context, use)]
    stops = [s for s in stalls if s.is_bare and _stops(s.statement)]
    for stall in stalls:
        for stop in stops:
            if not _stops(stall.statement) and _is_before(stop, stall):
                where = context.source.place(stop.statement.span)
                stalled = f"`{stall.metric.name}` stalls for {stall.epochs:g} epochs"
                yield context.problem(
                    "CBR429",
                    f"training has stopped before {stalled}",
                    stall.at,
                    why=f"{where} stops it after {stop.epochs:g} epochs without an improvement",
                    help="give the stop more patience than this",
                )
                break


def _is_before(stop: _Stall, other: _Stall) -> bool:
    """Whether a stop never lets the other come, or gives what it sets no epoch to work in."""
    if stop.metric != other.metric or (stop.by != other.by and other.by != 0):
        return False
    if type(stop.statement) is not type(other.statement):
        # Keras counts epochs that have a value, and from another one on.
        return other.epochs >= stop.epochs + 2
    if isinstance(other.statement, n.Use):
        return other.epochs >= stop.epochs
    late = any(is_setting(action) for action in other.statement.actions)
    return other.epochs > stop.epochs or (late and other.epochs == stop.epochs)


def _stops(statement: n.Rule | n.Use) -> bool:
    if isinstance(statement, n.Use):
        return statement.callback.name == "EarlyStopping"
    return any(isinstance(action, n.Stop | n.Fail) for action in statement.actions)


def _of_rule(context: Context, rule: n.Rule) -> Iterator[_Stall]:
    trigger = rule.trigger
    each = isinstance(trigger, n.Each) and trigger.unit == "epoch"
    if not (each or (isinstance(trigger, n.On) and trigger.hook == "epoch_end")):
        return
    test = rule.condition.test if rule.condition else None
    for part in test.operands if isinstance(test, n.All) else (test,):
        if not isinstance(part, n.Stalls) or context.unit_of(part.duration) not in ("epoch", None):
            continue
        by = 0.0 if part.by is None else constant(context, part.by)
        if isinstance(part.operand, n.Name) and by is not None:
            is_bare = part is test and rule.window is None and rule.times is None
            epochs = span_of(context, part)
            yield _Stall(rule, part, part.operand, epochs, by, is_bare)


def _of_use(context: Context, use: n.Use) -> Iterator[_Stall]:
    if use.callback.name not in ("EarlyStopping", "ReduceLROnPlateau"):
        return
    callback = KERAS_CALLBACKS[use.callback.name]
    said: dict[str, object] = {a.name: a.default for a in callback.arguments}
    for argument in use.arguments:
        if not isinstance(argument.value, n.Duration):
            said[argument.name.name] = value_of(context, argument.value)
    epochs, by = said["patience"], said["min_delta"]
    if isinstance(epochs, int | float) and isinstance(by, int | float):
        is_bare = said.get("baseline") is None and not said.get("start_from_epoch")
        metric = n.Name(str(said["monitor"]), span=use.span)
        yield _Stall(use, use.callback, metric, epochs, by, is_bare)
