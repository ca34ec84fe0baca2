"""Functions exist, take what they are given, and stand where they mean something."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbdsl.catalog.functions import FUNCTIONS, MAX_WINDOW, MEANS, SERIES, Function, Kind
from cbdsl.catalog.metrics import JOINED
from cbdsl.catalog.optimizer import FRACTIONS, SETTINGS, may_be
from cbdsl.catalog.words import FOREIGN_FUNCTIONS
from cbdsl.checks.context import Context, and_list
from cbdsl.checks.metrics import hook_of
from cbdsl.diagnostics import Diagnostic, did_you_mean, only_slip
from cbdsl.syntax import nodes as n

_ALL = FUNCTIONS | SERIES


def check(context: Context) -> Iterator[Diagnostic]:
    for limit in context.file.limits:
        for bound in (limit.low, limit.high):
            yield from _parts(context, bound, None)
    for schedule in context.file.schedules:
        if isinstance(schedule.target, n.Setting):
            yield from setting(context, schedule.target)
        for phase in schedule.phases:
            for level in n.levels(phase):
                yield from _parts(context, level, None)
    for statement in context.file.computing:
        for expr in n.expressions(statement):
            yield from _parts(context, expr, statement)
    for rule in context.file.rules:
        for action in rule.actions:
            if isinstance(action, n.Assign) and isinstance(action.target, n.Setting):
                yield from setting(context, action.target)
                if action.op == "=":
                    yield from setting_value(context, action.target.name, action.value)


def _parts(context: Context, expr: n.Expr, statement: n.Computing | None) -> Iterator[Diagnostic]:
    for part in n.walk(expr):
        if isinstance(part, n.Setting):
            yield from setting(context, part)
        elif isinstance(part, n.Call):
            yield from _call(context, part)
            if part.function == "per_batch":
                yield from _per_batch(context, part, statement)


def setting(context: Context, setting: n.Setting) -> Iterator[Diagnostic]:
    """Whether optimizers have a setting of this name."""
    if setting.name in SETTINGS:
        return
    if setting.name in ("lr", "learning_rate"):
        message = "the learning rate is called `lr`"
        yield context.problem("CBR211", message, setting, help="write `lr`", put="lr")
        return
    help = did_you_mean(setting.name, SETTINGS)
    slip = only_slip(setting.name, SETTINGS, help)
    yield context.problem(
        "CBR211",
        f"optimizers have no setting `{setting.name}`",
        setting,
        why="" if help else f"they have {and_list(sorted(SETTINGS))}",
        help=help,
        put=slip and f"optimizer.{slip}",
    )


def setting_value(context: Context, name: str, value: n.Expr) -> Iterator[Diagnostic]:
    """Whether optimizers take a number, where it is known."""
    known = constant(context, value)
    if known is None or name not in SETTINGS or may_be(name, known):
        return
    limits = "at least 0 and below 1" if name in FRACTIONS else "0 or above"
    if name == "learning_rate_power":
        limits = "0 or below"
    message = f"`optimizer.{name}` cannot be `{context.source.slice(value.span)}`"
    yield context.problem("CBR302", message, value, why=f"it is {limits}")


def _call(context: Context, call: n.Call) -> Iterator[Diagnostic]:
    function = _ALL.get(call.function)
    if function is None:
        help = did_you_mean(call.function, _ALL)
        put = only_slip(call.function, _ALL, help)
        if call.function in FOREIGN_FUNCTIONS:
            help, put = f"write {FOREIGN_FUNCTIONS[call.function]}", _ours(call)
        message = f"there is no function `{call.function}`"
        why = "" if help else f"the functions are {and_list(_ALL)}"
        yield context.problem("CBR210", message, call.function_span, why=why, help=help, put=put)
        return
    given = len(call.arguments)
    if given < function.least or (function.most is not None and given > function.most):
        message = f"`{call.function}` takes {_number(function)}, not {given}"
        help = f"write `{function.form}`"
        if function.optional == 0 and given == function.least - 1 and _last(function) == "window":
            help += ", where n is how many values it looks at"
        yield context.problem("CBR310", message, call, help=help)
        return
    for argument, (name, kind) in zip(call.arguments, function.arguments, strict=False):
        problem = _constant(context, call, argument, name, kind)
        if problem:
            yield problem


def _ours(call: n.Call) -> str:
    """The function of cbr that is called alike with as many values; empty if there is none."""
    form = re.fullmatch(r"`(\w+)\(([^`]*)\)`", FOREIGN_FUNCTIONS[call.function])
    if form is None or call.function in _OTHERWISE:
        return ""
    return form[1] if form[2].count(",") + 1 == len(call.arguments) else ""


_OTHERWISE = frozenset({"int", "percentile", "smooth"})
"""Functions of others that take or give something else than those of cbr."""


def _last(function: Function) -> Kind:
    return function.arguments[-1][1]


def _number(function: Function) -> str:
    least, most = function.least, function.most
    if most is None:
        return f"{least} arguments or more"
    if least != most:
        return f"{least} to {most} arguments"
    return f"{least} argument{'s' if least > 1 else ''}"


_FORMS: dict[Kind, str] = {
    "window": f"a whole number from {{least}} to {MAX_WINDOW:,}",
    "lag": f"a whole number from 1 to {MAX_WINDOW:,}",
    "quantile": "a number from 0 to 1",
    "weight": "a number above 0 and up to 1",
}

_LEAST = {"slope": 2, "zscore": 2}
"""The shortest windows in which a function means something."""


def _constant(
    context: Context, call: n.Call, argument: n.Expr, name: str, kind: Kind
) -> Diagnostic | None:
    """What is wrong with an argument that must be a number or a parameter."""
    if kind not in _FORMS:
        return None
    form = _FORMS[kind].format(least=_LEAST.get(call.function, 1))
    value = constant(context, argument)
    if value is None:
        if isinstance(argument, n.Name) and argument.name in context.lost:
            return None
        why = f"it is {form}, or a parameter"
        return context.problem(
            "CBR311", f"`{name}` of `{call.function}` must stay the same", argument, why=why
        )
    whole = value == int(value) and _LEAST.get(call.function, 1) <= value <= MAX_WINDOW
    fits = {
        "window": whole,
        "lag": value == int(value) and 1 <= value <= MAX_WINDOW,
        "quantile": 0 <= value <= 1,
        "weight": 0 < value <= 1,
    }
    if fits[kind]:
        return None
    shown = context.source.slice(argument.span)
    message = f"`{name}` of `{call.function}` cannot be `{shown}`"
    return context.problem("CBR302", message, argument, why=f"it is {form}")


def constant(context: Context, argument: n.Expr) -> float | None:
    """The value of a number or of a parameter that is one; None for everything else."""
    match argument:
        case n.Number():
            return argument.value
        case n.Minus(operand=n.Number() as number):
            return -number.value
        case n.Name() if context.kind_of(argument) == "param":
            param = context.params[argument.name]
            return float(param.value) if param.kind == "number" else None
        case _:
            return None


def _per_batch(
    context: Context, call: n.Call, statement: n.Computing | None
) -> Iterator[Diagnostic]:
    """It undoes the mean that Keras reports at batch hooks, which only plain means allow."""
    on_batches = False
    if isinstance(statement, n.Rule):
        hook = hook_of(statement)
        if hook is not None:
            on_batches = hook.metrics == "batch"
        elif not isinstance(statement.trigger, n.On):
            on_batches = context.trigger_unit(statement.trigger) in ("batch", "time")
    if not on_batches:
        yield context.problem(
            "CBR411",
            "`per_batch` means something at a batch's end only",
            call,
            why="elsewhere Keras reports no mean over batches to take apart",
            help="write `on batch_end` or `every batch`",
        )
    for argument in call.arguments[:1]:
        is_metric = isinstance(argument, n.Name) and context.kind_of(argument) == "metric"
        if not is_metric or not _is_mean(argument):
            yield context.problem(
                "CBR411",
                f"`{context.source.slice(argument.span)}` is not known to be a plain mean",
                argument,
                why="only of a mean can the part of the last batches be told",
                help="`per_batch` takes the loss, an accuracy, an error",
            )


def _is_mean(metric: n.Expr) -> bool:
    """Whether a metric is the mean over the samples, as its name tells."""
    name = metric.name.lower() if isinstance(metric, n.Name) else ""
    for apart, together in JOINED.items():
        name = name.replace(apart, together)
    words = [word for word in re.split("[^a-z0-9]+", name) if word and not word.isdigit()]
    return bool(words) and words[-1] in MEANS and "root" not in words
