"""Rules do not undo one another: what a rule sets lasts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from cbdsl.catalog.functions import SERIES
from cbdsl.checks.actions import acts_at_start, is_setting
from cbdsl.checks.context import Context, target_name
from cbdsl.checks.counts import counts_epochs
from cbdsl.checks.metrics import hook_of
from cbdsl.checks.ranges import Facts, Ranges
from cbdsl.checks.when import Scene, is_known, is_schedule, scene_of, window_of
from cbdsl.checks.worlds import EVERYTHING, MAX_BOXES, NEVER, Box, TooMany, Worlds
from cbdsl.diagnostics import Diagnostic
from cbdsl.formatter import expression
from cbdsl.syntax import nodes as n

MAX_WRITERS = 30
"""Among more rules that set one thing, none is compared with another."""


def check(context: Context) -> Iterator[Diagnostic]:
    writers: dict[str, list[_Writer]] = {}
    for place, rule in enumerate(context.file.rules):
        for action in rule.actions:
            if isinstance(action, n.Assign) and is_setting(action):
                writer = _Writer(context, place, rule, action)
                writers.setdefault(target_name(action.target), []).append(writer)
    for written in writers.values():
        if len(written) <= MAX_WRITERS:
            yield from _undone(context, written)
    yield from _plateau(context, writers.get("lr", []))


class _Writer:
    """A rule that sets something, and what it sets."""

    def __init__(self, context: Context, place: int, rule: n.Rule, action: n.Assign) -> None:
        self.context = context
        self.place = place
        self.rule = rule
        self.action = action

    @property
    def test(self) -> n.Expr | None:
        return self.rule.condition.test if self.rule.condition else None

    @cached_property
    def is_sure(self) -> bool:
        """Whether it sets what it says, whatever that was, and whatever the metrics are."""
        if self.action.op != "=" or self.rule.times is not None or _waits(self.rule):
            return False
        value = self.action.value
        names = [part for part in n.walk(value) if isinstance(part, n.Name)]
        if any(name.name != "epoch" and self.context.kind_of(name) != "param" for name in names):
            return False
        if any(isinstance(part, n.Setting) for part in n.walk(value)):
            return False
        known = Ranges(Facts(self.context), scene_of(self.context, self.rule)).of(value)
        return not (known.nan or known.missing)

    @cached_property
    def cases(self) -> tuple[list[Box], list[Box]] | None:
        """When its condition is true, and when it is false; None where there are too many cases."""
        worlds = Worlds(Ranges(Facts(self.context), Scene(is_now=True)))
        if self.test is None:
            return EVERYTHING, NEVER
        try:
            return worlds.of(self.test), worlds.of(self.test, holds=False)
        except TooMany:
            return None

    @cached_property
    def sets_each_epoch(self) -> bool:
        """Whether it sets something at the start of every epoch of its window."""
        trigger, hook = self.rule.trigger, hook_of(self.rule)
        each = isinstance(trigger, n.Each) and trigger.unit == "epoch"
        each = each or (hook is not None and hook.name == "epoch_begin")
        return each and self.is_sure and self.test is None and is_known(self.context, self.rule)


def _waits(rule: n.Rule) -> bool:
    return any(isinstance(action, n.Wait) for action in rule.actions)


def _plateau(context: Context, written: list[_Writer]) -> Iterator[Diagnostic]:
    """What Keras's callback cuts, a rule sets again."""
    for use in context.file.uses:
        if use.callback.name != "ReduceLROnPlateau":
            continue
        for writer in written:
            first, last = window_of(context, writer.rule)
            if first <= 2 and last is None and writer.sets_each_epoch:
                where = context.source.place(writer.rule.span)
                yield context.problem(
                    "CBR419",
                    f"what `{use.callback.name}` cuts does not last",
                    use.callback,
                    why=f"the rule at {where} sets the rate at the start of each epoch",
                    help="say the rate with `schedule lr:`, and the cut with "
                    "`on epoch_end if val_loss stalls for 10 epochs lr *= 0.1`",
                )
                break


def _undone(context: Context, written: list[_Writer]) -> Iterator[Diagnostic]:
    # Schedule rules act first, and each kind in the order of the file.
    order = [(not is_schedule(context, w.rule), place) for place, w in enumerate(written)]
    for place, writer in enumerate(written):
        for other_place, other in enumerate(written):
            if other.rule is writer.rule or not other.is_sure:
                continue
            shown = f"`{expression(writer.action.target)}`"
            where = context.source.place(other.rule.span)
            if order[place] < order[other_place] and _always_beside(writer, other):
                yield context.problem(
                    "CBR422",
                    f"this change of {shown} is overwritten at once",
                    writer.action,
                    why=f"the rule at {where} sets it at the same moment, whenever this one does",
                    # Schedule rules act before the others, wherever they stand.
                    help="write this rule below that one, or delete it"
                    if order[place][0] == order[other_place][0]
                    else "delete one of the two",
                )
                break
            if other.sets_each_epoch and _is_within(writer, other):
                yield context.problem(
                    "CBR422",
                    f"this change of {shown} lasts until the next epoch only",
                    writer.action,
                    why=f"the rule at {where} sets it at the start of each",
                    help=_lasting(other.action),
                )
                break


def _lasting(later: n.Assign) -> str:
    name = expression(later.target)
    if name == "lr":
        return "say the rate with `schedule lr:`, which keeps the factors of rules"
    return f"let that rule change `{name}` by a factor, or only in a window"


def _moment(context: Context, rule: n.Rule) -> tuple[object, ...]:
    """At which events a rule acts, its window and condition left aside."""
    trigger = rule.trigger
    if isinstance(trigger, n.On):
        return (trigger.hook,)
    if isinstance(trigger, n.Each):
        return ("each", trigger.unit)
    return (trigger,)


def _always_beside(writer: _Writer, other: _Writer) -> bool:
    """Whether another rule sets the same whenever a rule does, and nobody looks in between."""
    context, rule, later = writer.context, writer.rule, other.rule
    if _moment(context, rule) != _moment(context, later):
        return False
    if later.window is not None and rule.window != later.window:
        if not (is_known(context, rule) and is_known(context, later)):
            return False
        (first, last), (begin, end) = window_of(context, rule), window_of(context, later)
        if first < begin or (end is not None and (last is None or last > end)):
            return False
    if other.test is None:
        return not _is_read_between(writer, other)
    if writer.test is None or _changes(context, other.test):
        return False
    same_memory = rule.window == later.window and not (rule.times or _waits(rule))
    if not same_memory and (_has_memory(writer.test) or _has_memory(other.test)):
        return False
    same = writer.test == other.test or _implies(writer, other)
    return same and not _is_read_between(writer, other)


def _changes(context: Context, test: n.Expr) -> bool:
    """Whether what a condition asks for can be changed by the rules above it."""
    changing = ("variable", "outside")
    return any(
        isinstance(part, n.Setting)
        or (
            isinstance(part, n.Name)
            and (part.name == "lr" or context.kind_of(part) in changing)
            and not part.quoted
        )
        for part in n.walk(test)
    )


def _has_memory(test: n.Expr) -> bool:
    return any(
        isinstance(part, n.Improves | n.Stalls | n.Held | n.Moves | n.Crosses)
        or (isinstance(part, n.Call) and part.function in SERIES)
        for part in n.walk(test)
    )


def _is_read_between(writer: _Writer, other: _Writer) -> bool:
    """Whether somebody reads what was set before it is set again."""
    target, others = writer.action.target, writer.rule.actions
    read = n.expressions_of(tuple(action for action in others if action is not writer.action))
    if any(target in n.walk(expr) for expr in read):
        return True
    between = writer.context.file.rules[writer.place + 1 : other.place]
    return any(target in n.walk(expr) for rule in between for expr in n.expressions(rule))


def _implies(writer: _Writer, other: _Writer) -> bool:
    """Whether a rule's condition is true whenever another one's is."""
    if writer.cases is None or other.cases is None:
        return False
    (true, _), (_, false) = writer.cases, other.cases
    if len(true) * len(false) > MAX_BOXES:
        return False
    try:
        if Worlds(Ranges(Facts(writer.context), Scene())).both(true, false):
            return False
    except TooMany:
        return False
    # Nor may it be unknown, because something is missing.
    asked = {term for box in false for term in box}
    known = ({term for term, values in box.items() if not values.missing} for box in true)
    return all(asked <= terms for terms in known)


def _is_within(writer: _Writer, other: _Writer) -> bool:
    """Whether what a rule changes in its epochs is set by the other at the start of the next."""
    context, rule = writer.context, writer.rule
    hook, in_epochs = hook_of(rule), counts_epochs(context, rule.trigger)
    if hook is not None and hook.name not in ("epoch_end", "batch_begin", "batch_end"):
        return False
    if (hook is None and in_epochs and acts_at_start(context, rule)) or not is_known(context, rule):
        return False
    if not in_epochs and not (writer.test and context.metrics_in(writer.test)):
        # A schedule within the epoch, which begins anew with each.
        return False
    scene, (begin, end) = scene_of(context, rule), window_of(context, other.rule)
    return scene.first + 1 >= begin and scene.last + 1 <= (math.inf if end is None else end)
