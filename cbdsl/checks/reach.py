"""Every rule can be reached within the planned epochs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from cbdsl.checks.actions import acts_at_start
from cbdsl.checks.context import Context
from cbdsl.checks.counts import counts_epochs
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        first, last = _window(context, rule)
        acts = _first(context, rule, first)
        what = rule.trigger if rule.window is None else rule.window
        message = "no event reaches this rule"
        if acts is None or (last is not None and acts > last):
            why = "its window leaves out every epoch that its trigger names"
            yield context.problem("CBR404", message, what, why=why)
        elif context.epochs is not None and acts > context.epochs:
            why = f"it begins with epoch {acts}, and {context.epochs} are planned"
            help = "plan more epochs, or name an earlier one"
            if acts_at_start(context, rule):
                help += "; a setting acts at the start of an epoch"
            yield context.problem("CBR404", message, what, why=why, help=help)


def first_epoch(context: Context, rule: n.Rule) -> int:
    """The first epoch in which a rule can act, as far as its trigger and window tell."""
    first, _ = _window(context, rule)
    return _first(context, rule, first) or first


def _window(context: Context, rule: n.Rule) -> tuple[int, int | None]:
    """The first and the last epoch of a rule's window; None for no last one, or one unknown."""
    first, last = 1, None
    window = rule.window
    if window and window.start and _is_in_epochs(context, rule, window.start):
        start = _epochs(context, window.start.count)
        if start is not None:
            first = math.floor(start) + 1 if window.kind == "after" else math.ceil(start)
    if window and window.end and _is_in_epochs(context, rule, window.end):
        end = _epochs(context, window.end.count)
        last = None if end is None else math.floor(end)
    return max(first, 1), last


def _is_in_epochs(context: Context, rule: n.Rule, bound: n.Duration) -> bool:
    unit = context.unit_of(bound)
    return unit in ("epoch", "percent") or (unit is None and counts_epochs(context, rule.trigger))


def _first(context: Context, rule: n.Rule, first: int) -> int | None:
    """The first epoch from `first` on that a rule's trigger names, None if it names none."""
    # A setting acts at the start of the epoch behind a whole number of them.
    late = int(acts_at_start(context, rule))
    trigger = rule.trigger
    if isinstance(trigger, n.Every) and context.trigger_unit(trigger) == "epoch":
        count = _epochs(context, trigger.period.count)
        if count is None or count < 1:
            return first
        return math.ceil(max(first - late, 1) / count) * int(count) + late
    if isinstance(trigger, n.At) and trigger.unit == "epoch":
        named = [_position(context, position, bool(late)) for position in trigger.positions]
        if None in named:
            return first
        return min((epoch for epoch in named if epoch and epoch >= first), default=None)
    return first


def _position(context: Context, position: n.Number | n.Name, late: bool) -> int | None:
    """The epoch that a position of `at` names; None where that is not known."""
    epochs = _epochs(context, position)
    if epochs is None:
        return None
    if _is_share(context, position):
        return math.floor(epochs) + 1 if late else max(math.ceil(epochs), 1)
    return int(epochs)


def _is_share(context: Context, count: n.Number | n.Name) -> bool:
    if isinstance(count, n.Number):
        return count.is_percent
    return count.name in context.params and context.params[count.name].is_percent


def _epochs(context: Context, count: n.Number | n.Name) -> Fraction | None:
    """A count of epochs, or a share of those planned; None for what is not known or not right."""
    if isinstance(count, n.Number):
        value: float | bool | str = count.value
    else:
        param = context.params.get(count.name)
        if param is None or param.unit == "batch" or param.kind not in ("number", "span"):
            return None
        value = param.value
    number = Fraction(repr(float(value)))
    if _is_share(context, count):
        return None if context.epochs is None else number * context.epochs
    return number if number.denominator == 1 else None
