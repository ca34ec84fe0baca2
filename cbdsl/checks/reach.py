"""Every rule can be reached within the planned epochs."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import Context
from cbdsl.checks.counts import counts_epochs
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    if context.epochs is None:
        return
    for rule in context.file.rules:
        earliest = first_epoch(context, rule)
        if earliest > context.epochs:
            yield context.problem(
                "CBR404",
                "no event reaches this rule",
                rule.trigger if rule.window is None else rule.window,
                why=f"it begins with epoch {earliest}, and {context.epochs} are planned",
                help="plan more epochs, or give the number in percent",
            )


def first_epoch(context: Context, rule: n.Rule) -> int:
    """The first epoch in which a rule can act, as far as its trigger and window tell."""
    earliest = 1
    if isinstance(rule.trigger, n.At) and rule.trigger.unit == "epoch":
        numbers = [_epochs(context, p) for p in rule.trigger.positions]
        earliest = min((n for n in numbers if n is not None), default=1)
        if None in numbers:
            earliest = 1
    if isinstance(rule.trigger, n.Every) and rule.trigger.unit == "epoch" and rule.trigger.count:
        earliest = _epochs(context, rule.trigger.count) or 1
    window = rule.window
    if window and window.start and (window.start.unit == "epoch" or counts_epochs(rule.trigger)):
        start = _epochs(context, window.start.count) if window.start.unit != "batch" else None
        if start is not None:
            earliest = max(earliest, start + (window.kind == "after"))
    return earliest


def _epochs(context: Context, count: n.Number | n.Name) -> int | None:
    """A count of epochs; None for a percent or a count of something else."""
    if isinstance(count, n.Number):
        return None if count.is_percent or count.value != int(count.value) else int(count.value)
    param = context.params.get(count.name)
    if (
        param is None
        or param.unit not in (None, "epoch")
        or not isinstance(param.value, int | float)
    ):
        return None
    return int(param.value)
