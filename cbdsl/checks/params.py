"""The values of the parameters: those of the file, and those that the caller gives instead."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from numbers import Real

from cbdsl.checks.context import Kind, ParamValue
from cbdsl.diagnostics import CbrError, Diagnostic, did_you_mean
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parse_literal

Given = float | int | bool | str
"""A parameter's value from a caller: what Python has for the literal in the file. A span is given
as the number of its unit. On the command line it is the literal itself."""


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
        declared = _declared(param.name.name, param.value)
        if isinstance(declared.value, str) and isinstance(param.value, n.Text):
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
        values.setdefault(declared.name, declared)
    for name, value in given.items():
        try:
            values[name] = _given(source, values, name, value)
        except CbrError as e:
            problems += e.diagnostics
    return values, problems


def _declared(name: str, literal: n.ParamLiteral) -> ParamValue:
    match literal:
        case n.SpanLiteral():
            return ParamValue(name, "span", literal.unit, literal.count.value)
        case n.Truth():
            return ParamValue(name, "truth", None, literal.value)
        case n.Text():
            return ParamValue(name, "text", None, "".join(map(_plain, literal.parts)))
        case n.Number():
            unit = "percent" if literal.is_percent else None
            return ParamValue(name, "number", unit, literal.value)


def _plain(part: str | n.Placeholder) -> str:
    return part if isinstance(part, str) else ""


def _given(
    source: SourceFile, declared: Mapping[str, ParamValue], name: str, value: Given
) -> ParamValue:
    if name not in declared:
        known = ", ".join(f"`{d}`" for d in declared) or "none"
        help = did_you_mean(name, declared)
        message = f"there is no parameter `{name}`"
        why = f"the file's parameters: {known}"
        raise CbrError([Diagnostic("CBR204", message, source, None, why, help)])
    param = declared[name]
    if isinstance(value, Literal):
        literal = _read(name, value, param.kind)
        new: Given = literal.value
        right = literal.kind == param.kind and _fits(param.kind, new)
        right = right and (param.kind != "span" or literal.unit == param.unit)
    else:
        right = _fits(param.kind, value)
        new = value
    if not right:
        shown = _KINDS[param.kind].format(unit=_units(param))
        # As ASCII: a value that is refused may hold what no terminal shows.
        message = f"the parameter `{name}` is {shown}, not {value!a}"
        why = "a parameter keeps the type that the file gives it"
        raise CbrError([Diagnostic("CBR306", message, source, None, why)])
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
    return str(value) if isinstance(value, str) else float(value)


_KINDS = {
    "number": "a number",
    "truth": "true or false",
    "text": "a text",
    "span": "a number of {unit}",
}


def _units(param: ParamValue) -> str:
    return f"{param.unit}s" if param.unit == "epoch" else "batches"


def _read(name: str, text: str, kind: Kind) -> ParamValue:
    """A value from the command line; there a text may go without quotes."""
    label = f"--set {name}={text}"
    if kind == "text" and not text.startswith('"'):
        return ParamValue(name, "text", None, str(text))
    try:
        return _declared(name, parse_literal(text, label))
    except CbrError as e:
        raise CbrError([_moved(d, label) for d in e.diagnostics]) from None


def _moved(problem: Diagnostic, label: str) -> Diagnostic:
    return Diagnostic(
        "CBR306",
        f"this is no value: {problem.message}",
        SourceFile(label, problem.source.text),
        problem.span or Span(0, 1),
        help="write a literal, such as `0.9`, `90%`, `true`, `3 epochs` or a text",
    )
