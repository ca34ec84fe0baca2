"""Reads a text in quotes: escapes, and the expressions between its braces."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, cast

from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.source import SourceFile, Span
from cbdsl.syntax.nodes import Expr, Placeholder, Text

_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "{": "{", "}": "}"}

_PIECE = re.compile(r"\\(?P<escape>.)|(?P<open>\{)|(?P<close>\})|(?P<plain>[^\\{}]+)")
# What stands between braces: metrics in backticks may hold any character.
_INSIDE = re.compile(r"(?P<value>(?:`[^`]*`|[^`:{}\\])*)(?::(?P<spec>[^{}\\]*))?(?P<end>\}?)")


def read_text(source: SourceFile, span: Span, expression: Callable[[Span], Expr]) -> Text:
    """The parts of the text whose quotes stand at both ends of `span`."""
    parts: list[str | Placeholder] = []
    position, end = span.start + 1, span.end - 1
    while position < end:
        piece = _PIECE.match(source.text, position, end)
        assert piece is not None
        if piece["open"]:
            placeholder = _placeholder(source, Span(position, end), expression)
            parts.append(placeholder)
            position = placeholder.span.end
            continue
        parts.append(piece["plain"] or _escape(source, piece))
        position = piece.end()
    return Text(tuple(_joined(parts)), span=span)


def _joined(parts: list[str | Placeholder]) -> list[str | Placeholder]:
    joined: list[str | Placeholder] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _escape(source: SourceFile, piece: re.Match[str]) -> str:
    at = Span(*piece.span())
    if piece["close"]:
        raise _problem(source, at, "this `}` closes nothing", "for a brace write `\\}`")
    if piece["escape"] not in _ESCAPES:
        known = " ".join(f"\\{e}" for e in _ESCAPES)
        help = f"write one of {known}, and paths with `/`"
        raise _problem(source, at, f"`\\{piece['escape']}` is no escape", help)
    return _ESCAPES[piece["escape"]]


def _placeholder(source: SourceFile, rest: Span, expression: Callable[[Span], Expr]) -> Placeholder:
    inside = _INSIDE.match(source.text, rest.start + 1, rest.end)
    assert inside is not None
    span = Span(rest.start, inside.end())
    if not inside["end"]:
        message, help = "this `{` is never closed", "close it with `}`; for a brace write `\\{`"
        if source.text[inside.end()] == "{":
            message, help = (
                "braces inside braces",
                "close the first with `}`; for a brace in a text write `\\{`",
            )
        raise _problem(source, Span(rest.start, rest.start + 1), message, help)
    spec = inside["spec"] or ""
    name = inside["value"].strip()
    if not name:
        help = "write an expression between the braces; for a brace in a text write `\\{`"
        raise _problem(source, span, "there is nothing between these braces", help)
    if name in ("metrics", "logs"):
        if spec:
            raise _problem(source, span, f"`{{{name}}}` takes no format", f"write `{{{name}}}`")
        return Placeholder(cast(Literal["metrics", "logs"], name), "", span=span)
    return Placeholder(expression(Span(*inside.span("value"))), spec, span=span)


def _problem(source: SourceFile, span: Span, message: str, help: str) -> CbrError:
    return CbrError([Diagnostic("CBR112", message, source, span, help=help)])
