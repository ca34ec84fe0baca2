"""In which epochs a rule can act, as far as its trigger, its window and the plan tell."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from cbdsl.catalog.functions import SERIES
from cbdsl.catalog.hooks import Hook
from cbdsl.checks.actions import acts_at_start
from cbdsl.checks.context import Context
from cbdsl.checks.counts import counts_epochs
from cbdsl.checks.metrics import hook_of
from cbdsl.syntax import nodes as n


@dataclass(frozen=True)
class Scene:
    """Where the expressions of a rule are looked at.

    The rule acts in the epochs `first` to `last` (inf where nothing tells). What it remembers is
    of the epochs `begin` to `end`, at most `events` values; `why` says what bounds them.
    `in_batches` says that its events are batches of the training, and `is_now` that what it
    remembers holds the values of the event at which it acts, and not only those before.
    """

    first: int = 0
    last: float = math.inf
    begin: int = 0
    end: float = math.inf
    events: float = math.inf
    why: str = ""
    in_batches: bool = False
    is_now: bool = False

    @property
    def remembered(self) -> Scene:
        """Where the parts of what is remembered were looked at."""
        return replace(self, first=self.begin, last=self.end)


def scene_of(context: Context, statement: n.Computing) -> Scene:
    """The scene of a rule or a derived metric."""
    planned = math.inf if context.epochs is None else context.epochs
    why = planned_epochs(context.epochs) if context.epochs is not None else ""
    if isinstance(statement, n.Metric):
        return Scene(1, planned, 1, planned, planned, why, is_now=True)
    begin, until = window_of(context, statement)
    if until is not None and until <= planned:
        planned, why = until, f"its window ends with epoch {until}"
    hook, trigger = hook_of(statement), statement.trigger
    if isinstance(trigger, n.On) and hook is None:
        # There is no such hook.
        return Scene()
    if hook and not _in_epochs(hook):
        # Of a validation or a prediction there can be more than the training has epochs.
        events = max(planned - begin + 1, 0) if hook.name == "train_end" else math.inf
        return Scene(0, planned, 0, planned, events, why)
    if hook:
        in_batches = hook.is_batch
    else:
        assert not isinstance(trigger, n.On)
        in_batches = context.trigger_unit(trigger) != "epoch"
    late = hook.begins if hook else acts_at_start(context, statement)
    first, last = first_of(context, statement, begin) or begin, _last(context, statement, planned)
    if in_batches:
        return Scene(first, last, begin, planned, why=why, in_batches=True, is_now=not late)
    if last < planned:
        why = f"it acts in epoch {last:g} for the last time"
    events = max(last - late - begin + 1, 0)
    return Scene(first, last, begin, planned, events, why, is_now=not late)


def planned_epochs(epochs: int) -> str:
    """`30 epochs are planned`."""
    return "1 epoch is planned" if epochs == 1 else f"{epochs} are planned"


def is_schedule(context: Context, rule: n.Rule) -> bool:
    """Whether a rule depends on the epoch and the rate alone: a schedule rule of the language.

    Such rules set the rate at the start of an epoch before any other rule acts.
    """
    trigger, window = rule.trigger, rule.window
    if isinstance(trigger, n.On) or context.trigger_unit(trigger) != "epoch":
        return False
    match rule.actions:
        case (n.Assign(target=n.Name(name="lr")),):
            pass
        case _:
            return False
    # Beside a schedule a rule scales what that says, and the factor lasts.
    if rule.times or "lr" in context.scheduled:
        return False
    bounds = (window.start, window.end) if window else ()
    if not all(bound is None or _is_in_epochs(context, rule, bound) for bound in bounds):
        return False
    return all(_of_schedules(context, p) for expr in n.expressions(rule) for p in n.walk(expr))


def _of_schedules(context: Context, part: n.Expr) -> bool:
    match part:
        case n.Name():
            kind = context.kind_of(part)
            return kind == "param" or (kind == "value" and part.name in _READ_BY_SCHEDULES)
        case n.Call():
            return part.function not in SERIES
        case _:
            return not isinstance(part, _REMEMBERS | n.Setting)


_READ_BY_SCHEDULES = frozenset({"epoch", "epochs", "lr"})
_REMEMBERS = n.Improves | n.Stalls | n.Held | n.Moves | n.Crosses


def _in_epochs(hook: Hook) -> bool:
    return hook.name.startswith(("epoch_", "batch_"))


def window_of(context: Context, rule: n.Rule) -> tuple[int, int | None]:
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


def first_epoch(context: Context, rule: n.Rule) -> int:
    """The first epoch in which a rule can act, as far as its trigger and window tell."""
    first, _ = window_of(context, rule)
    return first_of(context, rule, first) or first


def first_of(context: Context, rule: n.Rule, first: int) -> int | None:
    """The first epoch from `first` on that a rule's trigger names, None if it names none."""
    # A setting acts at the start of the epoch behind a whole number of them.
    late = int(acts_at_start(context, rule))
    trigger = rule.trigger
    if isinstance(trigger, n.Every) and context.trigger_unit(trigger) == "epoch":
        count = _epochs(context, trigger.period.count)
        if count is None or count < 1:
            return first
        return math.ceil(max(first - late, 1) / count) * int(count) + late
    named = _named(context, trigger, bool(late))
    return first if named is None else min((e for e in named if e >= first), default=None)


def _last(context: Context, rule: n.Rule, last: float) -> float:
    """The last epoch up to `last` that a rule's trigger names."""
    late = acts_at_start(context, rule)
    trigger = rule.trigger
    if isinstance(trigger, n.Every) and context.trigger_unit(trigger) == "epoch":
        count = _epochs(context, trigger.period.count)
        if count is not None and count >= 1 and last < math.inf:
            return (last - late) // int(count) * int(count) + late
    named = _named(context, trigger, late)
    return last if named is None else max((e for e in named if e <= last), default=last)


def last_named(context: Context, rule: n.Rule) -> int | None:
    """The last epoch that `at` names in a rule's window; None where it is not known."""
    first, _ = window_of(context, rule)
    named = _named(context, rule.trigger, acts_at_start(context, rule))
    return max((epoch for epoch in named or () if epoch >= first), default=None)


def _named(context: Context, trigger: n.Trigger, late: bool) -> list[int] | None:
    """The epochs that `at` names; None where they are not known, or the trigger is another."""
    if not isinstance(trigger, n.At) or trigger.unit != "epoch":
        return None
    named = [_position(context, position, late) for position in trigger.positions]
    known = [epoch for epoch in named if epoch is not None]
    return known if len(known) == len(named) else None


def is_known(context: Context, rule: n.Rule) -> bool:
    """Whether the epochs that a rule's trigger and window name are all known."""
    bounds = (rule.window.start, rule.window.end) if rule.window else ()
    for bound in bounds:
        in_epochs = bound is None or _is_in_epochs(context, rule, bound)
        if not in_epochs or (bound and _epochs(context, bound.count) is None):
            return False
    if isinstance(rule.trigger, n.Every):
        count = _epochs(context, rule.trigger.period.count)
        return count is not None and count >= 1
    return not isinstance(rule.trigger, n.At) or _named(context, rule.trigger, False) is not None


def _is_in_epochs(context: Context, rule: n.Rule, bound: n.Duration) -> bool:
    unit = context.unit_of(bound)
    return unit in ("epoch", "percent") or (unit is None and counts_epochs(context, rule.trigger))


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
