"""Every rule can be reached within the planned epochs, and before a rule stops the training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from cbdsl.checks.actions import acts_at_start
from cbdsl.checks.context import Context
from cbdsl.checks.counts import counts_epochs
from cbdsl.checks.metrics import hook_of
from cbdsl.checks.ranges import Facts, Ranges
from cbdsl.checks.when import (
    first_epoch,
    first_of,
    is_known,
    last_named,
    planned_epochs,
    scene_of,
    window_of,
)
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
        if context.epochs is not None and last is not None and last < first:
            why = f"its window holds none of the epochs: {planned_epochs(context.epochs)}"
        return _unreached(context, rule, why, "")
    if context.epochs is not None and acts > context.epochs:
        why = f"it begins with epoch {acts}, and {planned_epochs(context.epochs)}"
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
    """The epoch from which on a rule fires in each, whatever the metrics are.

    Of the epochs that `at` names it is the last: a training may begin behind the others.
    """
    hook, (first, last) = hook_of(rule), window_of(context, rule)
    in_epochs = hook.argument == "epoch" if hook else counts_epochs(context, rule.trigger)
    if not in_epochs or not is_known(context, rule) or last is not None:
        return None
    if isinstance(rule.trigger, n.At):
        return None if rule.condition else last_named(context, rule)
    if isinstance(rule.trigger, n.Every):
        return None
    if rule.condition is None:
        return first
    least = _from_epoch(context, rule, rule.condition.test)
    return None if least is None else max(first, least)


def _from_epoch(context: Context, rule: n.Rule, test: n.Expr) -> int | None:
    """The epoch from which on a condition holds that compares the epoch with numbers alone."""
    if not all(isinstance(part, _EXACT) for part in n.walk(test)):
        return None
    if {part.name for part in n.walk(test) if isinstance(part, n.Name)} != {"epoch"}:
        return None
    scene = replace(scene_of(context, rule), last=math.inf)
    try:
        boxes = Worlds(Ranges(Facts(context), scene)).of(test)
    except TooMany:
        return None
    open_ends = (values for box in boxes for values in box.values() if values.high == math.inf)
    return min((int(values.low) for values in open_ends), default=None)


_EXACT = (n.All, n.Any, n.Not, n.Compare, n.Name, n.Number)
"""Conditions made of these have exactly the cases that their boxes hold."""
