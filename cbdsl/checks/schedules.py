"""Schedules set what can be scheduled, by phases that fit behind one another."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.metrics import direction
from cbdsl.catalog.optimizer import LIVE, SETTINGS
from cbdsl.catalog.units import SECONDS
from cbdsl.checks.context import Context, params_of_file, target_name
from cbdsl.checks.functions import constant, setting_value
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.syntax import nodes as n

MAX_REPEATS = 20
"""How many `repeat` a schedule may have: each may repeat all those above it."""


def check(context: Context) -> Iterator[Diagnostic]:
    seen: dict[str, n.Schedule] = {}
    for schedule in context.file.schedules:
        name = target_name(schedule.target)
        if name in seen:
            why = f"it was first given at {context.source.place(seen[name].span)}"
            message = f"the schedule of `{name}` is given twice"
            help = "write one schedule of several phases"
            yield context.problem("CBR202", message, schedule.target, why=why, help=help)
        seen.setdefault(name, schedule)
        yield from _target(context, schedule)
        yield from _phases(context, schedule.phases)
        for phase in schedule.phases:
            yield from _levels(context, phase)
            if isinstance(schedule.target, n.Setting):
                for level in _values(phase):
                    yield from setting_value(context, schedule.target.name, level)
        if name == "lr":
            yield from _rates(context, schedule)
            yield from _zero(context, schedule)


def by_batch(context: Context, schedule: n.Schedule) -> bool:
    """Whether a schedule has a value a batch; the others have one an epoch."""
    return schedule.every_batch or spans_batches(context, schedule)


def spans_batches(context: Context, schedule: n.Schedule) -> bool:
    """Whether a schedule has spans in batches."""
    spans = (span for phase in schedule.phases for span in n.stretches(phase))
    return any(isinstance(s, n.Duration) and context.unit_of(s) == "batch" for s in spans)


def _target(context: Context, schedule: n.Schedule) -> Iterator[Diagnostic]:
    target = schedule.target
    if isinstance(target, n.Setting):
        if target.name not in LIVE and by_batch(context, schedule):
            yield context.problem(
                "CBR414",
                f"`optimizer.{target.name}` at every batch",
                target,
                why="Keras traces its training step again after each such change",
                help="leave `every batch` out, and give its spans in epochs",
            )
    elif target.name != "lr" and context.kind_of(target) != "outside":
        yield _no_target(context, target)


def _no_target(context: Context, target: n.Name) -> Diagnostic:
    name, what = target.name, context.kind_of(target)
    why = "there are schedules of `lr`, of `optimizer.…` and of variables of the caller's"
    help = did_you_mean(name, context.outside)
    if name.lower() in ("learning_rate", "rate"):
        help = "write `schedule lr:`"
    elif name in SETTINGS:
        help = f"write `schedule optimizer.{name}:`"
    elif what == "variable":
        help = f"write `variable {name}` instead of `let {name}`"
    elif what == "param":
        why = "a parameter keeps its value for the whole training"
    elif what == "value":
        why = f"`{name}` counts what Keras does"
    elif name in context.derived or direction(name):
        why = f"`{name}` is a metric, which is measured and not set"
    elif not help:
        help = f"for a `keras.Variable` that the caller passes write `variable {name}` above"
    return context.problem("CBR207", f"`{name}` has no schedule", target, why=why, help=help)


def _phases(context: Context, phases: tuple[n.Phase, ...]) -> Iterator[Diagnostic]:
    """One `the rest`, and what goes on to the end stands last."""
    entries = 0
    repeats = [phase for phase in phases if isinstance(phase, n.Repeat)]
    if len(repeats) > MAX_REPEATS:
        message = f"a schedule repeats at most {MAX_REPEATS} times"
        yield context.problem("CBR104", message, repeats[MAX_REPEATS])
    for number, phase in enumerate(phases, start=1):
        is_last = number == len(phases)
        for span in n.stretches(phase):
            yield from _span(context, span)
            if isinstance(span, n.Rest) and span is not n.stretches(phase)[-1]:
                message, help = "`the rest` is how long a phase is", "write a number and a unit"
                yield context.problem("CBR415", message, span, help=help)
            elif isinstance(span, n.Rest) and not is_last:
                why = "it is what all phases above leave of the training"
                help = "say how long this is, and write `the rest` in the last phase"
                message = "`the rest` stands before the end"
                yield context.problem("CBR415", message, span, why=why, help=help)
        if not isinstance(phase, n.Repeat):
            entries += 1
            continue
        yield from _repeat(context, phase, entries, is_last)
        last = phase.last
        entries -= (entries if last is None else int(constant(context, last) or 1)) - 1


def _repeat(context: Context, phase: n.Repeat, entries: int, is_last: bool) -> Iterator[Diagnostic]:
    """Something stands above that can be repeated, and below only what is reached."""
    last = None if phase.last is None else constant(context, phase.last)
    if entries == 0:
        message = "there is nothing to repeat"
        help = "write `repeat` below the phases that come again"
        yield context.problem("CBR415", message, phase, help=help)
    elif last is not None and phase.last is not None and last > entries:
        stand = "1 stands" if entries == 1 else f"{entries} stand"
        message = f"`repeat` of {last:g} phases, where {stand} above"
        help = "write `repeat` alone for all of them"
        yield context.problem("CBR415", message, phase.last, help=help)
    if phase.times is None and not is_last:
        why = "without a number of times it goes on to the end of the training"
        help = "write how often, as in `repeat 3 times`"
        message = "the phases below this are never reached"
        yield context.problem("CBR415", message, phase, why=why, help=help)
    for factor, word in ((phase.scaling, "scaling"), (phase.stretching, "stretching")):
        value = None if factor is None else constant(context, factor)
        if factor is not None and value is not None and value <= 0:
            message = f"`{word} by` is a factor above 0"
            help = f"write `{word} by 0.5` for half of it each time"
            yield context.problem("CBR302", message, factor, help=help)


def _span(context: Context, span: n.Stretch) -> Iterator[Diagnostic]:
    if isinstance(span, n.Duration) and (span.unit in SECONDS or context.unit_of(span) == "time"):
        why = "a schedule is the same however long an epoch takes"
        help = "write epochs, batches, or a percent of the planned epochs"
        message = "a phase does not last for a time"
        yield context.problem("CBR303", message, span, why=why, help=help)


def _values(phase: n.Phase) -> tuple[n.Expr, ...]:
    """The numbers of a phase that are values of what is scheduled."""
    match phase:
        case n.Ramp(start=start, end=end):
            return (end,) if start is None else (start, end)
        case n.Hold() | n.Cycle():
            return n.levels(phase)
        case _:
            return ()


def _levels(context: Context, phase: n.Phase) -> Iterator[Diagnostic]:
    for level in n.levels(phase):
        if not context.is_constant(level):
            yield from _changes(context, phase, level)
    match phase:
        case n.Ramp(shape="exponential"):
            for end in (phase.start, phase.end):
                if end is not None and constant(context, end) == 0:
                    help = "name a small number, such as `1e-6`, or write `linear` or `cosine`"
                    message = "nothing decays exponentially from or to 0"
                    yield context.problem("CBR302", message, end, help=help)
        case n.Ramp(power=power) if power is not None:
            yield from _above_zero(context, power, "the power of a polynomial", "2")
        case n.Step(factor=factor):
            yield from _above_zero(context, factor, "what a step multiplies by", "0.5")
        case n.Decay(rate=rate):
            yield from _above_zero(context, rate, "what something decays by", "0.5")
        case _:
            pass


def _above_zero(context: Context, level: n.Expr, what: str, sample: str) -> Iterator[Diagnostic]:
    value = constant(context, level)
    if value is not None and value <= 0:
        help = f"write a number such as `{sample}`"
        yield context.problem("CBR302", f"{what} is above 0", level, help=help)


def _rates(context: Context, schedule: n.Schedule) -> Iterator[Diagnostic]:
    """A rate is never below 0."""
    for phase in schedule.phases:
        match phase:
            case n.Ramp(start=start, end=end):
                levels = [start, end]
            case n.Hold(level=level):
                levels = [level]
            case n.Cycle(low=low, high=high):
                levels = [low, high]
            case _:
                levels = []
        for level in levels:
            value = None if level is None else constant(context, level)
            if level is not None and value is not None and value < 0:
                message = "a learning rate is not below 0"
                yield context.problem("CBR302", message, level, help="write a number from 0 on")


def _changes(context: Context, phase: n.Phase, level: n.Expr) -> Iterator[Diagnostic]:
    """A number of a phase that is none, or that depends on something."""
    names = [part for part in n.walk(level) if isinstance(part, n.Name)]
    unknown = [name for name in names if context.kind_of(name) == "metric" and not name.quoted]
    known = {*context.derived, *context.expected, *(context.metrics or ())}
    for name in unknown:
        if name.name in context.lost:
            return
        if name.name not in known and direction(name.name) is None:
            help = did_you_mean(name.name, context.params)
            yield context.problem(
                "CBR204",
                f"there is no parameter `{name.name}`",
                name,
                why=params_of_file(context.params),
                help=help or f"write `param {name.name} = 0.01` above",
            )
            return
    if any(isinstance(part, n.Text | n.Truth) for part in n.walk(level)):
        # Said of all expressions where their types are looked at.
        return
    help = "a rule can scale the rate: `on epoch_end if … lr *= 0.5`"
    if isinstance(level, n.Name) and level.name == "lr":
        if isinstance(phase, n.Ramp) and level is phase.start:
            help = "leave `from lr` out: a phase begins where the one above it ended"
        elif isinstance(phase, n.Hold):
            help = "leave `at lr` out: a phase begins where the one above it ended"
    yield context.problem(
        "CBR311",
        "a number of a schedule changes",
        level,
        why="schedules are made of numbers and parameters alone",
        help=help,
    )


def _zero(context: Context, schedule: n.Schedule) -> Iterator[Diagnostic]:
    """A whole epoch at a rate of 0 trains nothing."""
    phases, in_epochs = schedule.phases, not by_batch(context, schedule)
    small, stays = "name a small number, such as `1e-6`", "nothing is learned at a rate of 0"
    for number, phase in enumerate(phases):
        zeros: list[tuple[n.Expr | None, str, str]] = []
        match phase:
            case n.Hold(level=level):
                zeros.append((level, stays, small))
            case n.Ramp(start=start, end=end, over=over):
                if in_epochs:
                    why = "the first epoch of a phase has the rate that it begins at"
                    zeros.append((start, why, f"{small}, or write `schedule lr every batch:`"))
                behind = phases[number + 1] if number + 1 < len(phases) else None
                holds = isinstance(behind, n.Hold) and behind.level is None
                if holds or (behind is None and not isinstance(over, n.Rest)):
                    zeros.append((end, f"a phase's end value holds after it, and {stays}", small))
            case _:
                pass
        for at, why, help in zeros:
            if at is not None and constant(context, at) == 0:
                message = "a rate of 0 for a whole epoch"
                yield context.problem("CBR417", message, at, why=why, help=help)
