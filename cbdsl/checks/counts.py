"""Counts are whole numbers of at least one, in units that fit, and windows end after they begin."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.hooks import ALIASES, HOOKS
from cbdsl.catalog.units import PLURAL
from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import WORDS, Context, ParamValue, params_of_file
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        yield from _trigger(context, rule.trigger)
        if rule.window:
            yield from _window(context, rule, rule.window)
        for expr in n.expressions(rule):
            for part in n.walk(expr):
                if isinstance(part, n.Stalls):
                    yield from _amount(context, part.duration, least=1, percent=False)


def counts_epochs(trigger: n.Trigger) -> bool:
    """Whether a trigger's events are epochs, so that a bare number in its window means epochs."""
    if isinstance(trigger, n.On):
        hook = HOOKS.get(ALIASES.get(trigger.hook, trigger.hook))
        return hook is not None and hook.argument == "epoch"
    return trigger.unit == "epoch"


def _trigger(context: Context, trigger: n.Trigger) -> Iterator[Diagnostic]:
    match trigger:
        case n.Every(count=n.Number() | n.Name() as count):
            problem = _bad_count(context, count, least=2, percent=False, unit=trigger.unit)
            if problem and isinstance(count, n.Number) and count.value == 1:
                help = f"write `every {trigger.unit}`"
                yield context.problem(
                    "CBR302", "`every 1` is written without a number", count, help=help
                )
            elif problem:
                yield problem
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
            and not counts_epochs(rule.trigger)
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
    context: Context, window: n.Window, first: n.Amount, last: n.Amount
) -> Iterator[Diagnostic]:
    """Both ends of a window count the same thing, and stand in order."""
    start, end = _size(context, first), _size(context, last)
    if start is None or end is None:
        return
    if (start[1] == "batch") != (end[1] == "batch"):
        yield context.problem(
            "CBR303",
            "one end of this window counts batches, the other does not",
            window,
            help="count both in batches, or both in epochs",
        )
    elif start[1] == end[1] and start[0] > end[0]:
        swapped = f"from {_text(context, last)} to {_text(context, first)}"
        yield context.problem(
            "CBR307", "this window ends before it begins", window, help=f"swap the two: `{swapped}`"
        )


def _amount(
    context: Context, amount: n.Amount | n.Duration, *, least: int, percent: bool
) -> Iterator[Diagnostic]:
    percent = percent and amount.unit is None
    problem = _bad_count(context, amount.count, least=least, percent=percent, unit=amount.unit)
    if problem:
        yield problem
    elif (
        isinstance(amount, n.Duration)
        and amount.unit is None
        and not _carries_unit(context, amount)
    ):
        name = context.source.slice(amount.span)
        why = f"`{name}` is a plain number"
        help = f"write `{name} epochs`"
        yield context.problem("CBR303", "this number needs a unit", amount, why=why, help=help)


def _carries_unit(context: Context, amount: n.Amount | n.Duration) -> bool:
    """Whether the count is a percent, or a parameter that holds a whole span."""
    if isinstance(amount.count, n.Number):
        return amount.count.is_percent
    param = context.params.get(amount.count.name)
    return param is not None and (param.kind == "span" or param.is_percent)


def _bad_count(
    context: Context, count: n.Number | n.Name, *, least: int, percent: bool, unit: str | None
) -> Diagnostic | None:
    """What is wrong with a number or a parameter that counts something."""
    if isinstance(count, n.Number):
        value, is_percent, shown = count.value, count.is_percent, f"`{count.text}`"
    else:
        param = context.params.get(count.name)
        if param is None:
            return _unknown(context, count)
        if param.kind not in ("number", "span"):
            return context.problem(
                "CBR301", f"`{count.name}` is {WORDS[param.kind]}, not a number", count
            )
        if param.kind == "span" and unit is not None:
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
    if value != int(value) or value < least:
        least_words = {0: "not negative", 1: "at least 1", 2: "at least 2"}[least]
        return context.problem(
            "CBR302", f"{shown} is not a count", count, why=f"it must be whole and {least_words}"
        )
    return None


def _unknown(context: Context, name: n.Name) -> Diagnostic | None:
    if name.name in context.lost:
        return None
    if name.name in VALUES:
        message = f"`{name.name}` is no count"
        return context.problem("CBR302", message, name, help="write a number or a parameter")
    why = params_of_file(context.params)
    help = did_you_mean(name.name, context.params) or f"write `param {name.name} = 3` above"
    return context.problem(
        "CBR204", f"there is no parameter `{name.name}`", name, why=why, help=help
    )


def _size(context: Context, amount: n.Amount) -> tuple[float, str] | None:
    """A bound as a number and the unit it is in; None where one of them is not known."""
    if isinstance(amount.count, n.Number):
        unit = "percent" if amount.count.is_percent else amount.unit or "epoch"
        return amount.count.value, unit
    param = context.params.get(amount.count.name)
    if param is None or not isinstance(param.value, int | float):
        return None
    return float(param.value), param.unit or amount.unit or "epoch"


def _text(context: Context, amount: n.Amount) -> str:
    return context.source.slice(amount.span)


def _shown(param: ParamValue) -> str:
    if param.is_percent:
        return f"{float(param.value) * 100:g}%"
    if param.kind == "span":
        return f"{float(param.value):g} {PLURAL[param.unit or 'epoch']}"
    return f"{param.value:g}" if isinstance(param.value, float) else str(param.value)
