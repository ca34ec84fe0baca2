"""Counts are whole numbers of at least one, in units that fit, and windows end after they begin."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.hooks import ALIASES, EVENTS
from cbdsl.catalog.units import COUNTS, PLURAL, SECONDS
from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import WORDS, Context, ParamValue, params_of_file
from cbdsl.checks.params import seconds
from cbdsl.diagnostics import Diagnostic, did_you_mean, only_slip
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        yield from _trigger(context, rule.trigger)
        if rule.window:
            yield from _window(context, rule, rule.window)
        if rule.times and rule.times.count:
            yield from _whole(context, rule.times.count)
        for action in rule.actions:
            if isinstance(action, n.Wait):
                yield from _amount(context, action.duration, least=1, percent=False)
            elif isinstance(action, n.Save) and action.keep:
                yield from _whole(context, action.keep.count)
    for schedule in context.file.schedules:
        for phase in schedule.phases:
            for span in n.stretches(phase):
                if isinstance(span, n.Duration):
                    yield from _lasting(context, span)
            if isinstance(phase, n.Repeat):
                for count in (phase.last, phase.times):
                    yield from _whole(context, count) if count else ()
    for statement in context.file.computing:
        for expr in n.expressions(statement):
            for part in n.walk(expr):
                if isinstance(part, n.Stalls | n.Held):
                    yield from _amount(context, part.duration, least=1, percent=False)


def counts_epochs(context: Context, trigger: n.Trigger) -> bool:
    """Whether a trigger's events are epochs, so that a bare number in its window means epochs."""
    if isinstance(trigger, n.On):
        hook = EVENTS.get(ALIASES.get(trigger.hook, trigger.hook))
        return hook is not None and hook.argument == "epoch"
    return context.trigger_unit(trigger) == "epoch"


def _whole(context: Context, count: n.Number | n.Name) -> Iterator[Diagnostic]:
    """A number of times."""
    problem = _bad_count(context, count, least=1, percent=False, unit="times")
    if problem:
        yield problem


def _trigger(context: Context, trigger: n.Trigger) -> Iterator[Diagnostic]:
    match trigger:
        case n.Every(period=period):
            count, unit = period.count, context.unit_of(period)
            one = isinstance(count, n.Number) and count.value == 1
            if one and unit in COUNTS:
                yield context.problem(
                    "CBR302",
                    "`every 1` is written without a number",
                    count,
                    help=f"write `every {unit}`",
                )
            else:
                yield from _amount(context, period, least=2, percent=False)
        case n.At():
            for position in trigger.positions:
                percent = trigger.unit == "epoch"
                problem = _bad_count(context, position, least=1, percent=percent, unit=trigger.unit)
                if problem:
                    yield problem
        case _:
            pass


def _window(context: Context, rule: n.Rule, window: n.Window) -> Iterator[Diagnostic]:
    bounds = [b for b in (window.start, window.end) if b is not None]
    for bound in bounds:
        least = 1 if window.kind == "from" else 0
        yield from _amount(context, bound, least=least, percent=True)
        if (
            bound.unit is None
            and not counts_epochs(context, rule.trigger)
            and not _carries_unit(context, bound)
        ):
            yield context.problem(
                "CBR303",
                "this number needs a unit",
                bound,
                why="only a rule about epochs may leave it out",
                help=f"write `{context.source.slice(bound.span)} epochs` or `… batches`",
            )
    if window.start and window.end:
        yield from _both(context, window, window.start, window.end)


def _both(
    context: Context, window: n.Window, first: n.Duration, last: n.Duration
) -> Iterator[Diagnostic]:
    """Both ends of a window count the same thing, and stand in order."""
    start, end = _size(context, first), _size(context, last)
    if start is None or end is None:
        return
    kinds = {"epoch" if unit == "percent" else unit for _, unit in (start, end)}
    if len(kinds) > 1:
        yield context.problem(
            "CBR303",
            "the two ends of this window do not count the same",
            window,
            help="write both in epochs, both in batches, or both as times",
        )
    elif start[1] == end[1] and start[0] > end[0]:
        swapped = f"from {_text(context, last)} to {_text(context, first)}"
        yield context.problem(
            "CBR307", "this window ends before it begins", window, help=f"swap the two: `{swapped}`"
        )


def _amount(
    context: Context, amount: n.Duration, *, least: int, percent: bool
) -> Iterator[Diagnostic]:
    """What is wrong with a span; with `percent` it is the bound of a window."""
    percent_fits = percent and amount.unit is None
    problem = _bad_count(context, amount.count, least=least, percent=percent_fits, unit=amount.unit)
    if problem:
        yield problem
    elif not percent and amount.unit is None and not _carries_unit(context, amount):
        name = context.source.slice(amount.span)
        why = f"`{name}` is a plain number"
        help = f"write `{name} epochs`"
        yield context.problem("CBR303", "this number needs a unit", amount, why=why, help=help)


def _lasting(context: Context, span: n.Duration) -> Iterator[Diagnostic]:
    """How long a phase is: more than nothing, and with a unit or a percent."""
    problems = list(_amount(context, span, least=1, percent=True))
    yield from problems
    size = None if problems else _size(context, span)
    if size is not None and size[0] <= 0:
        yield context.problem("CBR302", "a phase lasts longer than nothing", span)
    elif not problems and span.unit is None and not _carries_unit(context, span):
        name = context.source.slice(span.span)
        why, help = f"`{name}` is a plain number", f"write `{name} epochs`"
        yield context.problem("CBR303", "this number needs a unit", span, why=why, help=help)


def _carries_unit(context: Context, amount: n.Duration) -> bool:
    """Whether the count is a percent, or a parameter that holds a whole span."""
    return context.unit_of(amount) is not None


def _bad_count(
    context: Context, count: n.Number | n.Name, *, least: int, percent: bool, unit: str | None
) -> Diagnostic | None:
    """What is wrong with a number or a parameter that counts something."""
    if isinstance(count, n.Number):
        value, is_percent, shown = count.value, count.is_percent, f"`{count.text}`"
        param = None
    else:
        param = context.params.get(count.name)
        if param is None:
            return _unknown(context, count, unit)
        if param.kind not in ("number", "span", "time"):
            return context.problem(
                "CBR301", f"`{count.name}` is {WORDS[param.kind]}, not a number", count
            )
        if param.kind in ("span", "time") and unit is not None:
            return context.problem(
                "CBR303",
                f"`{count.name}` holds its unit already",
                count,
                why=f"it is `{_shown(param)}`",
                help=f"write `{count.name}` alone",
            )
        assert isinstance(param.value, int | float)
        value, is_percent = float(param.value), param.is_percent
        shown = f"`{count.name}`, which is {_shown(param)},"
    if is_percent:
        if not percent:
            help = "a percent is one of the planned epochs, and has no unit"
            return context.problem("CBR303", f"{shown} is a percent", count, help=help)
        if not 0 <= value <= 1:
            return context.problem("CBR302", f"{shown} lies outside 0% to 100%", count)
        return None
    if unit in SECONDS or (param is not None and param.kind == "time"):
        if value > 0 or (value == 0 and least == 0):
            return None
        return context.problem("CBR302", f"{shown} is no time that passes", count)
    if value != int(value) or value < least:
        least_words = {0: "not negative", 1: "at least 1", 2: "at least 2"}[least]
        return context.problem(
            "CBR302", f"{shown} is not a count", count, why=f"it must be whole and {least_words}"
        )
    return None


_ONE = {"epoch": "1 epoch", "batch": "1 batch", "step": "1 batch"}
_SOME = {"epochs": "3 epochs", "batches": "100 batches", "steps": "100 batches"}
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
            "nine": 9, "ten": 10, "other": 2}  # fmt: skip
_REST = frozenset({"remaining", "remainder", "ever", "forever", "all", "everything"})


def _unknown(context: Context, name: n.Name, unit: str | None) -> Diagnostic | None:
    if name.name in context.lost:
        return None
    if name.name in VALUES:
        message, help = f"`{name.name}` is no count", "write a number or a parameter"
        if name.name in _ONE and unit is None:
            help = f"write `{_ONE[name.name]}`"
        elif name.name in _SOME:
            help = f"write how many, as in `{_SOME[name.name]}`"
        return context.problem("CBR302", message, name, help=help)
    why = params_of_file(context.params)
    some = "3" if unit else "3 epochs"
    help = did_you_mean(name.name, context.params) or f"write `param {name.name} = {some}` above"
    put = only_slip(name.name, context.params, help)
    if name.name in EVENTS:
        help = f"write `on {name.name}`"
    elif name.name in _NUMBERS:
        help = f"write the number `{_NUMBERS[name.name]}`"
        put = str(_NUMBERS[name.name])
    elif name.name in _REST and unit is None:
        help = "the last phase of a schedule can go on `for the rest`, or lead `over the rest`"
    elif name.name in _REST and unit == "times":
        help = "leave this out for all of them"
    elif name.name in _PLACES:
        help = f"write {_PLACES[name.name]}"
    message = f"there is no parameter `{name.name}`"
    return context.problem("CBR204", message, name, why=why, help=help, put=put)


_PLACES = {
    "start": "`on train_begin`",
    "beginning": "`on train_begin`",
    "end": "`on train_end`",
    "half": "`at 50%`",
    "halfway": "`at 50%`",
}
"""What others say behind `at`."""


def _size(context: Context, amount: n.Duration) -> tuple[float, str] | None:
    """A bound as a number and the unit it is in; None where one of them is not known."""
    unit = context.unit_of(amount) or "epoch"
    if isinstance(amount.count, n.Number):
        return seconds(amount) if unit == "time" else amount.count.value, unit
    param = context.params.get(amount.count.name)
    if param is None or not isinstance(param.value, int | float):
        return None
    return float(param.value) * SECONDS.get(amount.unit or "", 1), unit


def _text(context: Context, amount: n.Duration) -> str:
    return context.source.slice(amount.span)


def _shown(param: ParamValue) -> str:
    if param.is_percent:
        return f"{float(param.value) * 100:g}%"
    if param.kind == "span":
        return f"{float(param.value):g} {PLURAL[param.unit or 'epoch']}"
    if param.kind == "time":
        return f"{float(param.value):g} seconds"
    return f"{param.value:g}" if isinstance(param.value, float) else str(param.value)
