"""A stop leaves the rules that are to help before it the time to do so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cbdsl.checks.actions import is_setting
from cbdsl.checks.context import Context
from cbdsl.checks.functions import constant
from cbdsl.checks.use import given
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


MAX_STOPS = 30
"""With more stops on one metric, the first of them are compared with what else waits for it."""


def check(context: Context) -> Iterator[Diagnostic]:
    stalls = [s for rule in context.file.rules for s in _of_rule(context, rule)]
    stalls += [s for use in context.file.uses for s in _of_use(context, use)]
    stops: dict[str, list[_Stall]] = {}
    for stall in stalls:
        same = stops.setdefault(stall.metric.name, [])
        if stall.is_bare and _stops(stall.statement) and len(same) < MAX_STOPS:
            same.append(stall)
    for stall in stalls:
        if _stops(stall.statement):
            continue
        before = (stop for stop in stops.get(stall.metric.name, ()) if _is_before(stop, stall))
        if stop := next(before, None):
            name, where = stall.metric.name, context.source.place(stop.statement.span)
            validated = ", if each epoch is validated" if name.startswith("val_") else ""
            yield context.problem(
                "CBR429",
                f"training ends before `{name}` stalls for {stall.epochs:g} epochs",
                stall.at,
                why=f"{where} stops it after {stop.epochs:g} without an improvement{validated}",
                help="give the stop more patience than this",
            )


def _is_before(stop: _Stall, other: _Stall) -> bool:
    """Whether a stop never lets the other come, or gives what it sets no epoch to work in."""
    if stop.metric != other.metric or (stop.by != other.by and other.by != 0):
        return False
    if type(stop.statement) is not type(other.statement):
        # Keras counts epochs that have a value, and from another one on.
        validated = stop.metric.name.startswith("val_")
        return not validated and other.epochs >= stop.epochs + 2
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
    epochs, by = given(context, use, "patience"), given(context, use, "min_delta")
    if isinstance(epochs, int | float) and isinstance(by, int | float):
        is_bare = True
        if use.callback.name == "EarlyStopping":
            late = given(context, use, "start_from_epoch")
            is_bare = given(context, use, "baseline") is None and not late
        metric = n.Name(str(given(context, use, "monitor")), span=use.span)
        yield _Stall(use, use.callback, metric, epochs, by, is_bare)
