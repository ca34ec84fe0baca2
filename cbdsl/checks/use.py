"""Keras's own callbacks exist, and their arguments are ones they take."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS, REFUSED, Argument, Required
from cbdsl.checks.context import Context, and_list
from cbdsl.checks.paths import shape_of, trouble_with
from cbdsl.checks.types import spec_problems
from cbdsl.diagnostics import Diagnostic, did_you_mean, one_slip, only_slip, visible
from cbdsl.source import Span
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for use in context.file.uses:
        name = use.callback.name
        if name in KERAS_CALLBACKS:
            yield from _leave(context, use)
            yield from _arguments(context, use)
            if name == "ReduceLROnPlateau" and "lr" in context.scheduled:
                where = context.source.place(context.scheduled["lr"].span)
                message = f"what `{name}` cuts does not last"
                why = f"the schedule at {where} sets the rate again at each of its steps"
                help = "write `on epoch_end if val_loss stalls for 10 epochs lr *= 0.1`"
                yield context.problem("CBR419", message, use.callback, why=why, help=help)
            continue
        refused = name in REFUSED
        yield context.problem(
            "CBR208",
            f"`{name}` cannot be used in rules" if refused else f"Keras has no callback `{name}`",
            use.callback,
            why=REFUSED.get(name, f"those that can be used are {and_list(KERAS_CALLBACKS)}"),
            help="" if refused else did_you_mean(name, KERAS_CALLBACKS),
            put="" if refused else _SPELLED.get(_spelled(name), one_slip(name, KERAS_CALLBACKS)),
        )


def _leave(context: Context, use: n.Use) -> Iterator[Diagnostic]:
    """What reaches the network is for the caller to allow."""
    name = use.callback.name
    if KERAS_CALLBACKS[name].asks_leave and not context.leave.network:
        message = f"`{name}` reaches the network, which the caller must allow"
        help = '`allow=["network"]` in Python, `--allow network` on the command line'
        yield context.problem("CBR208", message, use.callback, help=help)


def _spelled(name: str) -> str:
    """A name without what spellings differ in."""
    return name.replace("_", "").lower()


_SPELLED = {_spelled(name): name for name in KERAS_CALLBACKS}


def value_of(context: Context, value: n.ParamLiteral | None) -> bool | int | float | str | None:
    """What an argument is given, as Python has it; Keras itself fills in the braces of texts."""
    match value:
        case None:
            return None
        case n.Truth() as truth:
            return truth.value
        case n.Text() as text:
            return "".join(p if isinstance(p, str) else _braced(context, p) for p in text.parts)
        case n.Number() as number:
            whole = number.text.removeprefix("-").isdigit()
            return int(number.value) if whole else number.value
        case n.Duration() as span:
            raise TypeError(f"no callback of Keras takes a span of {span.unit}s")


def _braced(context: Context, placeholder: n.Placeholder) -> str:
    """What is filled in, as Python's formats have it, which take no spaces."""
    if isinstance(placeholder.value, n.Name):
        spec = f":{placeholder.spec}" if placeholder.spec else ""
        return f"{{{placeholder.value.name}{spec}}}"
    return context.source.slice(placeholder.span)


def given(context: Context, use: n.Use, name: str) -> bool | int | float | str | None:
    """What an argument of a callback that Keras has is: as given, else its default."""
    for argument in use.arguments:
        if argument.name.name == name and not isinstance(argument.value, n.Duration):
            return value_of(context, argument.value)
    known = {a.name: a.default for a in KERAS_CALLBACKS[use.callback.name].arguments}
    default = known.get(name)
    return None if isinstance(default, type) else default


def _arguments(context: Context, use: n.Use) -> Iterator[Diagnostic]:
    callback = KERAS_CALLBACKS[use.callback.name]
    known = {argument.name: argument for argument in callback.arguments}
    seen: set[str] = set()
    for argument in use.arguments:
        name = argument.name.name
        if name in seen:
            message = f"the argument `{name}` is given twice"
            yield context.problem("CBR202", message, argument.name, help="delete one of them")
        elif name not in known:
            yield context.problem(
                "CBR209",
                f"`{callback.name}` has no argument `{name}`",
                argument.name,
                why=f"it takes {and_list(known)}",
                help=did_you_mean(name, known),
                put=only_slip(name, known, did_you_mean(name, known)),
            )
        else:
            yield from _value(context, use, argument, known[name])
        seen.add(name)
    for left_out in callback.arguments:
        if left_out.kind == "metric" and left_out.name not in seen:
            yield from _reported(context, str(left_out.default), use.callback.span)
    missing = [a.name for a in callback.arguments if a.default is Required and a.name not in seen]
    if missing:
        message = f"`{callback.name}` needs the argument `{missing[0]}`"
        help = f'write `{callback.name}({missing[0]}="…")`'
        yield context.problem("CBR209", message, use.callback, help=help)


def _value(
    context: Context, use: n.Use, argument: n.Argument, asked: Argument
) -> Iterator[Diagnostic]:
    wanted = _wanted(context, argument.value, asked)
    if wanted:
        shown = context.source.slice(argument.value_span)
        yield context.problem(
            "CBR309",
            f"`{asked.name}` of `{use.callback.name}` cannot be `{shown}`",
            argument.value_span,
            why=f"it is {wanted}",
        )
        return
    given = value_of(context, argument.value)
    if isinstance(given, str) and visible(given) != given:
        yield context.problem(
            "CBR309",
            f"`{asked.name}` of `{use.callback.name}` holds what would steer a terminal or a CI",
            argument.value_span,
            why="Keras writes it as it is",
            help="leave out line ends, tabs, `::` and `##…[`",
        )
        return
    if asked.name == "separator" and isinstance(given, str) and len(given) != 1:
        message = f"`separator` of `{use.callback.name}` is one character"
        yield context.problem("CBR309", message, argument.value_span)
    if asked.kind == "path" and isinstance(argument.value, n.Text):
        path = shape_of(argument.value)
        problem = trouble_with(context, path) or _ending(context, use, path)
        if problem:
            message, help = problem
            yield context.problem("CBR308", message, argument.value_span, help=help)
        yield from _filled_in(context, use, argument.value)
    factor = argument.value.value if isinstance(argument.value, n.Number) else 0
    if asked.name == "factor" and factor >= 1:
        yield context.problem(
            "CBR309",
            f"`factor` of `{use.callback.name}` is below 1",
            argument.value_span,
            why="the rate is multiplied by it, and is to fall",
            help="half the rate is `factor=0.5`",
        )
    if asked.kind == "metric":
        metric = str(value_of(context, argument.value))
        yield from _reported(context, metric, argument.value_span)


def _filled_in(context: Context, use: n.Use, path: n.Text) -> Iterator[Diagnostic]:
    """One callback fills in names of the logs, in Python's way, which must find nothing else."""
    if any(set("{}") & set(part) for part in path.parts if isinstance(part, str)):
        why = "Keras would fill something in"
        yield context.problem("CBR308", "a brace cannot stand in this path", path, why=why)
    for placeholder in path.placeholders:
        if use.callback.name != "ModelCheckpoint":
            message = f"`{use.callback.name}` fills nothing in"
            yield context.problem("CBR308", message, placeholder, help="name one file or folder")
        elif not _is_logged(context, placeholder.value):
            yield context.problem(
                "CBR308",
                "Keras fills in metrics, `epoch` and `batch` alone",
                placeholder,
                help="write one of them, as in `{epoch:02d}`",
            )
        elif placeholder.spec:
            yield from spec_problems(context, placeholder, "number")


def _is_logged(context: Context, value: n.Expr | str) -> bool:
    """Whether Keras knows it by this name when it fills in a path."""
    if not isinstance(value, n.Name) or value.quoted:
        return False
    return value.name in ("epoch", "batch") or context.kind_of(value) == "metric"


def _reported(context: Context, metric: str, at: Span) -> Iterator[Diagnostic]:
    """Keras only warns of a name that never comes, in every epoch."""
    if context.metrics is None or metric in context.metrics | {"learning_rate"}:
        return
    yield context.problem(
        "CBR205",
        f"the model does not report `{metric}`",
        at,
        why=f"it reports {and_list(sorted(context.metrics))}",
        help=did_you_mean(metric, context.metrics),
    )


def _wanted(context: Context, value: n.ParamLiteral | None, asked: Argument) -> str:
    """What an argument should have been; empty if it is that."""
    if value is None:
        return "" if asked.default is None else _WORDS[asked.kind]
    whole = isinstance(value, n.Number) and value.text.isdigit()
    match asked.kind:
        case "truth":
            right = isinstance(value, n.Truth)
        case "whole":
            right = whole
        case "number":
            right = isinstance(value, n.Number) and math.isfinite(value.value)
        case "text" | "path" | "metric":
            right = isinstance(value, n.Text)
        case "choice":
            right = isinstance(value, n.Text) and value_of(context, value) in asked.choices
        case "frequency":
            right = whole or (
                isinstance(value, n.Text) and value_of(context, value) in asked.choices
            )
    choices = ", ".join(f'"{choice}"' for choice in asked.choices)
    return "" if right else _WORDS[asked.kind].format(choices=choices)


_WORDS = {
    "truth": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "text": "a text",
    "path": "a path, as a text",
    "metric": "a metric's name, as a text",
    "choice": "one of {choices}",
    "frequency": "{choices} or a whole number of batches",
}


def _ending(context: Context, use: n.Use, path: str) -> tuple[str, str] | None:
    """Keras asks for endings, and says so only when the training begins."""
    if use.callback.name == "CSVLogger" and not path.endswith((".csv", ".tsv", ".txt")):
        return "this writes text", "end the name in `.csv`"
    if use.callback.name != "ModelCheckpoint":
        return None
    weights = any(
        a.name.name == "save_weights_only" and value_of(context, a.value) is True
        for a in use.arguments
    )
    ending = ".weights.h5" if weights else ".keras"
    if path.endswith(ending) and not (ending == ".keras" and path.endswith(".weights.keras")):
        return None
    saved = "weights" if weights else "a model"
    return f"a file with {saved} ends in `{ending}`", f"end the name in `{ending}`"
