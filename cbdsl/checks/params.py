"""The values of the parameters: those of the file, and those that the caller gives instead."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any, Protocol, cast

from cbdsl.catalog.units import SECONDS
from cbdsl.checks.context import Kind, ParamValue, lost_names, params_of_file
from cbdsl.diagnostics import CbrError, Diagnostic, did_you_mean, visible
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parse_literal


class Variable(Protocol):
    """As much of a `keras.Variable` as rules need."""

    shape: Any

    def assign(self, value: Any) -> Any: ...
    def numpy(self) -> Any: ...


Given = float | int | bool | str | Variable
"""A parameter's value from a caller: what Python has for the literal in the file. A span is given
as the number of its unit, a time in seconds. On the command line it is the literal itself. For a
`variable` of the file it is a `keras.Variable`."""


class Literal(str):
    """A value still as text, as the command line has it: `90%`, `3 epochs`, `"a text"`."""

    __slots__ = ()


def params_of(
    source: SourceFile, file: n.File, given: Mapping[str, Given]
) -> tuple[dict[str, ParamValue], list[Diagnostic]]:
    """Every parameter with its value, and what is wrong with the values given."""
    values: dict[str, ParamValue] = {}
    problems: list[Diagnostic] = []
    for param in file.params:
        own = declared(param.name.name, param.value)
        if isinstance(own.value, str) and isinstance(param.value, n.Text):
            problems += [
                Diagnostic(
                    "CBR306",
                    "a parameter's text is taken as it is; nothing is filled in",
                    source,
                    p.span,
                    help="write `\\{` for a brace",
                )
                for p in param.value.placeholders
            ]
        values.setdefault(own.name, own)
    lost = lost_names(source, file)
    outside = {variable.name.name for variable in file.outside}
    for name, value in given.items():
        if name in lost:
            continue
        if name in outside:
            problems += _passed(source, name, value)
            continue
        try:
            values[name] = _given(source, values, name, value)
        except CbrError as e:
            problems += e.diagnostics
    return values, problems


def declared(name: str, literal: n.ParamLiteral) -> ParamValue:
    """A parameter with the value of a literal."""
    match literal:
        case n.Duration() if literal.unit in SECONDS:
            return ParamValue(name, "time", None, seconds(literal))
        case n.Duration():
            assert isinstance(literal.count, n.Number)
            return ParamValue(name, "span", literal.unit, literal.count.value)
        case n.Truth():
            return ParamValue(name, "truth", None, literal.value)
        case n.Text():
            return ParamValue(name, "text", None, "".join(map(_plain, literal.parts)))
        case n.Number():
            unit = "percent" if literal.is_percent else None
            return ParamValue(name, "number", unit, literal.value)


def seconds(time: n.Duration) -> float:
    """A time that is written out, in seconds."""
    assert isinstance(time.count, n.Number)
    assert time.unit is not None
    return time.count.value * SECONDS[time.unit] + sum(map(seconds, time.more))


def _plain(part: str | n.Placeholder) -> str:
    return part if isinstance(part, str) else ""


def _passed(source: SourceFile, name: str, value: Given) -> Iterator[Diagnostic]:
    """What is given for a variable of the caller's is one number that can be set."""
    if isinstance(value, str | int | float) or not hasattr(value, "assign"):
        shown = visible(str(value))
        message = f"`{name}` is a `keras.Variable` of the caller's, not `{shown}`"
        help = f"pass one in Python, or let the model have an attribute `{name}`"
        yield Diagnostic("CBR306", message, source, None, help=help)
    elif tuple(value.shape) != ():
        shape = tuple(value.shape)
        message = f"the variable `{name}` has the shape {shape}, and a rule sets one number"
        yield Diagnostic("CBR306", message, source, None)


def _given(
    source: SourceFile, params: Mapping[str, ParamValue], name: str, value: Given
) -> ParamValue:
    if name not in params:
        help = did_you_mean(name, params)
        message = f"there is no parameter `{visible(name)}`"
        why = params_of_file(params)
        raise CbrError([Diagnostic("CBR204", message, source, None, why, help)])
    param = params[name]
    new: Given | None = value
    if isinstance(value, Literal):
        new = _read(param, value)
    if new is None or not _fits(param.kind, new):
        shown = _KINDS[param.kind].format(unit=_units(param))
        message = f"the parameter `{name}` is {shown}, not `{visible(str(value))}`"
        why = "a parameter keeps the type that the file gives it"
        help = ""
        if isinstance(value, Literal):
            help = f"write a value such as `{_EXAMPLES[param.kind].format(unit=_units(param))}`"
        raise CbrError([Diagnostic("CBR306", message, source, None, why, help)])
    return ParamValue(name, param.kind, param.unit, _plain_value(new))


def _fits(kind: Kind, value: Given) -> bool:
    match kind:
        case "truth":
            return isinstance(value, bool)
        case _ if isinstance(value, bool):
            return False
        case "text":
            return isinstance(value, str) and not any(map(_is_control, value))
        case _:
            return isinstance(value, Real) and _is_finite(value)


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"


def _plain_value(value: Given) -> float | bool | str:
    """Without the types of other libraries, whose `repr` is no literal."""
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, str) else float(cast(float, value))


_KINDS = {
    "number": "a number",
    "truth": "true or false",
    "text": "a text",
    "span": "a number of {unit}",
    "time": "a time (in Python a number of seconds)",
}


_EXAMPLES = {
    "number": "0.9` or `90%",
    "truth": "true",
    "text": '"a text"',
    "span": "3 {unit}",
    "time": "30 minutes",
}


def _units(param: ParamValue) -> str:
    return f"{param.unit}s" if param.unit == "epoch" else "batches"


def _read(param: ParamValue, text: str) -> Given | None:
    """A value from the command line, where a text may go without quotes; None if it is no value."""
    if param.kind == "text" and not text.startswith('"'):
        return str(text)
    try:
        literal = declared(param.name, parse_literal(text, f"--set {param.name}"))
    except CbrError:
        return None
    # A bare number is that of the unit, as from Python.
    if literal.kind == "number" and not literal.is_percent and param.kind in ("span", "time"):
        return literal.value
    same = literal.kind == param.kind and (param.kind != "span" or literal.unit == param.unit)
    return literal.value if same else None
