"""Every rule can be reached within the planned epochs, and before a rule stops the training."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.actions import acts_at_start
from cbdsl.checks.context import Context
from cbdsl.checks.counts import counts_epochs
from cbdsl.checks.metrics import hook_of
from cbdsl.checks.ranges import Ranges
from cbdsl.checks.when import first_epoch, first_of, is_known, scene_of, window_of
from cbdsl.checks.worlds import TooMany, Worlds
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    stop = _stop(context)
    for rule in context.file.rules:
        problem = _out_of_reach(context, rule)
        if problem:
            yield problem
        elif stop and (acts := first_epoch(context, rule)) > stop[0]:
            where = context.source.place(stop[1].span)
            why = f"it begins with epoch {acts}, and {where} stops the training in epoch {stop[0]}"
            yield _unreached(context, rule, why, "")


def is_reached(context: Context, rule: n.Rule) -> bool:
    """Whether there are events for a rule, as far as its window and the planned epochs tell."""
    return _out_of_reach(context, rule) is None


def _out_of_reach(context: Context, rule: n.Rule) -> Diagnostic | None:
    first, last = window_of(context, rule)
    acts = first_of(context, rule, first)
    if acts is None or (last is not None and acts > last):
        why = "its window leaves out every epoch that its trigger names"
        return _unreached(context, rule, why, "")
    if context.epochs is not None and acts > context.epochs:
        why = f"it begins with epoch {acts}, and {context.epochs} are planned"
        help = "plan more epochs, or name an earlier one"
        if acts_at_start(context, rule):
            help += "; a setting acts at the start of an epoch"
        return _unreached(context, rule, why, help)
    return None


def _unreached(context: Context, rule: n.Rule, why: str, help: str) -> Diagnostic:
    what = rule.trigger if rule.window is None else rule.window
    return context.problem("CBR404", "no event reaches this rule", what, why=why, help=help)


def _stop(context: Context) -> tuple[int, n.Rule] | None:
    """The first epoch in which a rule surely stops the training, and the rule."""
    found: list[tuple[int, n.Rule]] = []
    for rule in context.file.rules:
        if any(isinstance(action, n.Stop | n.Fail) for action in rule.actions):
            epoch = _surely(context, rule)
            found += [(epoch, rule)] if epoch is not None else []
    return min(found, key=lambda stop: stop[0], default=None)


def _surely(context: Context, rule: n.Rule) -> int | None:
    """The first epoch in which a rule fires, whatever the metrics are."""
    hook = hook_of(rule)
    in_epochs = hook.argument == "epoch" if hook else counts_epochs(context, rule.trigger)
    if not in_epochs or not is_known(context, rule):
        return None
    first, last = window_of(context, rule)
    if rule.condition is not None:
        least = _from_epoch(context, rule, rule.condition.test)
        if least is None:
            return None
        first = max(first, least)
    acts = first_of(context, rule, first)
    return None if acts is None or (last is not None and acts > last) else acts


def _from_epoch(context: Context, rule: n.Rule, test: n.Expr) -> int | None:
    """The first epoch in which a condition holds that compares the epoch with numbers alone."""
    if not all(isinstance(part, _EXACT) for part in n.walk(test)):
        return None
    if {part.name for part in n.walk(test) if isinstance(part, n.Name)} != {"epoch"}:
        return None
    try:
        boxes = Worlds(Ranges(context, scene_of(context, rule))).of(test)
    except TooMany:
        return None
    return min((int(epochs.low) for box in boxes for epochs in box.values()), default=None)


_EXACT = (n.All, n.Any, n.Not, n.Compare, n.Name, n.Number)
"""Conditions made of these have exactly the cases that their boxes hold."""
