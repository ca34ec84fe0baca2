"""Cuts a text into statements: logical lines, each with the indented lines it owns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cbdsl.diagnostics import Diagnostic
from cbdsl.source import SourceFile, Span

MAX_LINE = 1 << 16
"""The longest statement that is read, in characters."""

MAX_NESTING = 64
"""How deep brackets may be nested."""

_PIECE = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<text>"(?:\\.|[^"\\\n])*")
      | (?P<open_text>"[^\n]*)
      | (?P<metric>`[^`\n]*`)
      | (?P<open_metric>`[^\n]*)
      | (?P<bracket>[()])
      | (?P<newline>\n)
      | (?P<space>[ \t\r]+)
      | (?P<code>[^\#"`()\n \t\r]+)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Line:
    """A logical line: where its code begins and ends, and how far it is indented."""

    span: Span
    indent: int
    opens: bool
    """Whether it ends in a colon and so owns the lines below it."""


@dataclass(frozen=True)
class Chunk:
    """A statement's text: its first line, and the lines of its block."""

    head: Line
    block: tuple[Line, ...]


class _Refused(Exception):
    """A line that is not given to the parser; `resume` is where reading goes on."""

    def __init__(self, diagnostic: Diagnostic, resume: int) -> None:
        self.diagnostic = diagnostic
        self.resume = resume


def cut(source: SourceFile) -> Iterator[Chunk | Diagnostic]:
    """The statements of a text and what is wrong with its lines, in order."""
    margin = _margin(source.text)
    head: Line | None = None
    block: list[Line] = []
    for item in _lines(source):
        if isinstance(item, Diagnostic):
            yield item
        elif item.indent <= margin:
            if head:
                yield from _finished(source, head, block)
            head, block = item, []
        elif head is None or not head.opens:
            yield _misplaced(source, item, "no line above it ends in `:`")
        elif block and block[0].indent != item.indent:
            yield _misplaced(source, item, "the lines of a block begin in the same column")
        else:
            block.append(item)
    if head:
        yield from _finished(source, head, block)


def _finished(source: SourceFile, head: Line, block: list[Line]) -> Iterator[Chunk | Diagnostic]:
    if head.opens and not block:
        yield Diagnostic(
            "CBR108",
            "a line that ends in `:` needs indented lines below it",
            source,
            Span(head.span.end - 1, head.span.end),
            why="it owns the lines below that are indented further, one action a line",
            help="indent the actions below it, or write them behind the condition instead of `:`",
        )
    else:
        yield Chunk(head, tuple(block))


def _misplaced(source: SourceFile, line: Line, why: str) -> Diagnostic:
    help = "begin it in the column of the lines around it"
    return Diagnostic("CBR107", "this line is indented for no reason", source, line.span, why, help)


def _margin(text: str) -> int:
    """The indentation common to all lines that hold more than a comment."""
    indents = (len(m.group(1)) for m in re.finditer(r"^([ ]*)[^\s#]", text, re.MULTILINE))
    return min(indents, default=0)


def _lines(source: SourceFile) -> Iterator[Line | Diagnostic]:
    position = 0
    while position < len(source.text):
        try:
            line, position = _line(source, position)
        except _Refused as refused:
            yield refused.diagnostic
            position = refused.resume
        else:
            if line:
                yield line


def _line(source: SourceFile, start: int) -> tuple[Line | None, int]:
    """The logical line that begins at `start` (None if it is blank), and where the next begins."""
    text = source.text
    begin: int | None = None
    end = start
    open_brackets: list[int] = []
    next_line = _after(text, start)
    for piece in _PIECE.finditer(text, start):
        kind, at = piece.lastgroup, piece.start()
        if at - start > MAX_LINE:
            raise _too_long(source, start, begin, open_brackets, next_line)
        if kind == "newline":
            if not open_brackets:
                return _made(source, start, begin, end), piece.end()
            continue
        if kind in ("space", "comment"):
            continue
        begin = at if begin is None else begin
        end = piece.end()
        if kind in ("open_text", "open_metric"):
            raise _Refused(_unclosed(source, piece.group()[0], at), next_line)
        if piece.group() == "(":
            open_brackets.append(at)
            if len(open_brackets) > MAX_NESTING:
                raise _Refused(_too_deep(source, at), max(next_line, _after(text, at)))
        elif piece.group() == ")":
            if not open_brackets:
                raise _Refused(_unopened(source, at), next_line)
            open_brackets.pop()
    if open_brackets:
        raise _Refused(_unclosed(source, "(", open_brackets[-1]), next_line)
    if end - start > MAX_LINE:
        raise _too_long(source, start, begin, open_brackets, next_line)
    return _made(source, start, begin, end), len(text)


def _made(source: SourceFile, start: int, begin: int | None, end: int) -> Line | None:
    if begin is None:
        return None
    indentation = source.text[start:begin]
    if "\t" in indentation:
        at = start + indentation.index("\t")
        raise _Refused(
            Diagnostic(
                "CBR103",
                "a tab in the indentation",
                source,
                Span(at, at + 1),
                why="a tab is as wide as the reader's editor says, so blocks would not be certain",
                help="indent with spaces",
            ),
            _after(source.text, end),
        )
    return Line(Span(begin, end), begin - start, source.text[end - 1] == ":")


def _after(text: str, position: int) -> int:
    """The start of the physical line below the one that holds `position`."""
    newline = text.find("\n", position)
    return len(text) if newline < 0 else newline + 1


def _too_long(
    source: SourceFile, start: int, begin: int | None, brackets: list[int], resume: int
) -> _Refused:
    if brackets:
        return _Refused(_unclosed(source, "(", brackets[-1]), resume)
    at = start if begin is None else begin
    message = f"this line is longer than {MAX_LINE:,} characters"
    why = "a rule is one sentence"
    return _Refused(Diagnostic("CBR104", message, source, Span(at, at + 1), why), resume)


def _too_deep(source: SourceFile, at: int) -> Diagnostic:
    return Diagnostic(
        "CBR104",
        f"brackets are nested more than {MAX_NESTING} deep",
        source,
        Span(at, at + 1),
        help="split the condition into several rules",
    )


def _unopened(source: SourceFile, at: int) -> Diagnostic:
    message = "this `)` closes nothing"
    return Diagnostic("CBR106", message, source, Span(at, at + 1), help="delete it, or open it")


def _unclosed(source: SourceFile, opening: str, at: int) -> Diagnostic:
    what, why = {
        '"': ("this text does not end", "a text ends in the line it begins in"),
        "`": ("this metric's name does not end", "a name in backticks ends in its line"),
        "(": ("this bracket is never closed", "a line goes on until its brackets are closed"),
    }[opening]
    closing = ")" if opening == "(" else opening
    help = f"close it with `{closing}`" if closing != "`" else "close it with a second backtick"
    return Diagnostic("CBR106", what, source, Span(at, at + 1), why, help)
