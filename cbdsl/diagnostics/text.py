"""Draws a diagnostic for a terminal: the line, a caret, why, and what to write instead."""

from __future__ import annotations

import unicodedata

from cbdsl.diagnostics.model import Diagnostic
from cbdsl.source import SourceFile, Span, visible

_WIDTH = 100
_RESET = "\x1b[0m"
_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "gutter": "\x1b[34m", "bold": "\x1b[1m"}


def render(diagnostic: Diagnostic, *, colour: bool = False) -> str:
    """A diagnostic as several lines of text, without a newline at the end."""

    def paint(text: str, style: str) -> str:
        return f"{_COLOURS[style]}{text}{_RESET}" if colour else text

    where = _where(diagnostic)
    label = paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity)
    lines = [f"{where}: {label}: {paint(visible(diagnostic.message), 'bold')}"]
    margin = ""
    if diagnostic.span is not None:
        number = str(diagnostic.source.position(diagnostic.span).line)
        margin = " " * len(number)
        text, caret = excerpt(diagnostic.source, diagnostic.span)
        bar = paint("|", "gutter")
        lines += [
            f"{margin} {bar}",
            f"{paint(number, 'gutter')} {bar} {text}",
            f"{margin} {bar} {paint(caret, diagnostic.severity)}",
        ]
    for title, body in (("why", diagnostic.why), ("help", diagnostic.help)):
        if body:
            lines.append(f"{margin} {paint('=', 'gutter')} {title}: {visible(body)}")
    return "\n".join(lines)


def _where(diagnostic: Diagnostic) -> str:
    if diagnostic.span is None:
        return visible(diagnostic.source.name)
    name = visible(diagnostic.source.part(diagnostic.span).name)
    line, column = diagnostic.source.position(diagnostic.span)
    return f"{name}:{line}:{column}"


def excerpt(source: SourceFile, span: Span) -> tuple[str, str]:
    """The line a span begins in, cut to the terminal where it is long, and the carets below it."""
    text = visible(source.line(span))
    begin = source.position(span).column - 1
    end = min(begin + span.end - span.start, len(text))
    before = after = ""
    if width_of(text) > _WIDTH:
        start, stop = _window(text, begin)
        before = "…" if start else ""
        after = "…" if stop < len(text) else ""
        text = text[start:stop]
        begin, end = begin - start, min(end, stop) - start
    indent = width_of(before + text[:begin])
    return before + text + after, " " * indent + "^" * max(1, width_of(text[begin:end]))


def _window(text: str, begin: int) -> tuple[int, int]:
    """What is shown of a long line: half of it before the place, as far as there is so much."""
    start = begin
    while start and width_of(text[start - 1 : begin]) <= _WIDTH // 2:
        start -= 1
    stop = start
    while stop < len(text) and width_of(text[start : stop + 1]) <= _WIDTH:
        stop += 1
    return start, stop


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: two for wide characters, none for accents."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
