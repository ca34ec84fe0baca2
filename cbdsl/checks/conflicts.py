"""Rules do not undo one another: what a rule sets lasts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cbdsl.checks.actions import acts_at_start, is_setting
from cbdsl.checks.context import Context, target_name
from cbdsl.checks.counts import counts_epochs
from cbdsl.checks.metrics import hook_of
from cbdsl.checks.ranges import Ranges
from cbdsl.checks.when import is_known, is_schedule, scene_of, window_of
from cbdsl.checks.worlds import TooMany, Worlds
from cbdsl.diagnostics import Diagnostic
from cbdsl.formatter import expression
from cbdsl.syntax import nodes as n

MAX_WRITERS = 50
"""Among more rules that set one thing, none is compared with another."""


def check(context: Context) -> Iterator[Diagnostic]:
    writers: dict[str, list[tuple[n.Rule, n.Assign]]] = {}
    for rule in context.file.rules:
        for action in rule.actions:
            if isinstance(action, n.Assign) and is_setting(action):
                writers.setdefault(target_name(action.target), []).append((rule, action))
    for written in writers.values():
        if len(written) <= MAX_WRITERS:
            yield from _undone(context, written)
    yield from _plateau(context, writers.get("lr", []))


def _plateau(context: Context, written: list[tuple[n.Rule, n.Assign]]) -> Iterator[Diagnostic]:
    """What Keras's callback cuts, a rule sets again."""
    for use in context.file.uses:
        for rule, action in written:
            first, last = window_of(context, rule)
            is_always = _is_fresh(action) and not _rests(rule) and first <= 2 and last is None
            if use.callback.name == "ReduceLROnPlateau" and is_always:
                if not _sets_each_epoch(context, rule):
                    continue
                where = context.source.place(rule.span)
                yield context.problem(
                    "CBR419",
                    f"what `{use.callback.name}` cuts does not last",
                    use.callback,
                    why=f"the rule at {where} sets the rate at the start of each epoch",
                    help="say the rate with `schedule lr:`, and the cut with "
                    "`on epoch_end if val_loss stalls for 10 epochs lr *= 0.1`",
                )
                break


def _undone(context: Context, written: list[tuple[n.Rule, n.Assign]]) -> Iterator[Diagnostic]:
    # Schedule rules act first, and each kind in the order of the file.
    order = [(not is_schedule(context, rule), place) for place, (rule, _) in enumerate(written)]
    for place, (rule, action) in enumerate(written):
        for other_place, (other, later) in enumerate(written):
            if other is rule or not _is_fresh(later) or _rests(other):
                continue
            shown = f"`{expression(action.target)}`"
            where = context.source.place(other.span)
            if order[place] < order[other_place] and _always_beside(context, rule, other):
                yield context.problem(
                    "CBR422",
                    f"this change of {shown} is overwritten at once",
                    action,
                    why=f"the rule at {where} sets it at the same moment, whenever this one does",
                    # Schedule rules act before the others, wherever they stand.
                    help="write this rule below that one, or delete it"
                    if order[place][0] == order[other_place][0]
                    else "delete one of the two",
                )
                break
            if _sets_each_epoch(context, other) and _is_within(context, rule, other):
                yield context.problem(
                    "CBR422",
                    f"this change of {shown} lasts until the next epoch only",
                    action,
                    why=f"the rule at {where} sets it at the start of each",
                    help=_lasting(later),
                )
                break


def _lasting(later: n.Assign) -> str:
    name = expression(later.target)
    if name == "lr":
        return "say the rate with `schedule lr:`, which keeps the factors of rules"
    return f"let that rule change `{name}` by a factor, or only in a window"


def _is_fresh(action: n.Assign) -> bool:
    """Whether what is set does not depend on what it was before."""
    return action.op == "=" and action.target not in n.walk(action.value)


def _rests(rule: n.Rule) -> bool:
    return rule.times is not None or any(isinstance(a, n.Wait) for a in rule.actions)


def _moment(context: Context, rule: n.Rule) -> tuple[object, ...]:
    """At which events a rule acts, its window and condition left aside."""
    trigger = rule.trigger
    if isinstance(trigger, n.On):
        return (trigger.hook,)
    if isinstance(trigger, n.Each):
        return ("each", trigger.unit)
    return (trigger,)


def _always_beside(context: Context, rule: n.Rule, other: n.Rule) -> bool:
    """Whether another rule fires whenever a rule does, at the same moment."""
    if _moment(context, rule) != _moment(context, other):
        return False
    if other.window is not None and rule.window != other.window:
        if not (is_known(context, rule) and is_known(context, other)):
            return False
        (first, last), (begin, end) = window_of(context, rule), window_of(context, other)
        if first < begin or (end is not None and (last is None or last > end)):
            return False
    if other.condition is None:
        return True
    return rule.condition is not None and _implies(
        context, rule, rule.condition.test, other.condition.test
    )


def _implies(context: Context, rule: n.Rule, one: n.Expr, two: n.Expr) -> bool:
    """Whether a condition is true whenever another one of the same rule's scene is."""
    if one == two:
        return True
    worlds = Worlds(Ranges(context, scene_of(context, rule)))
    try:
        true, false = worlds.of(one), worlds.of(two, holds=False)
        if worlds.both(true, false):
            return False
    except TooMany:
        return False
    # Nor may it be unknown, because something is missing.
    asked = {term for box in false for term in box}
    known = ({term for term, values in box.items() if not values.missing} for box in true)
    return all(asked <= terms for terms in known)


def _sets_each_epoch(context: Context, rule: n.Rule) -> bool:
    """Whether a rule sets something at the start of every epoch of its window."""
    each = isinstance(rule.trigger, n.Each) and rule.trigger.unit == "epoch"
    hook = hook_of(rule)
    each = each or (hook is not None and hook.name == "epoch_begin")
    return each and rule.condition is None and is_known(context, rule)


def _is_within(context: Context, rule: n.Rule, other: n.Rule) -> bool:
    """Whether what a rule changes in its epochs is set by the other at the start of the next."""
    hook = hook_of(rule)
    if hook is not None and hook.name not in ("epoch_end", "batch_begin", "batch_end"):
        return False
    if hook is None and acts_at_start(context, rule) and counts_epochs(context, rule.trigger):
        return False
    if not is_known(context, rule):
        return False
    scene, (begin, end) = scene_of(context, rule), window_of(context, other)
    return scene.first + 1 >= begin and scene.last + 1 <= (math.inf if end is None else end)
