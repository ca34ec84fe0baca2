"""Cuts a text into statements: logical lines, each with the indented lines it owns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from cbdsl.diagnostics import Diagnostic, Fix
from cbdsl.source import SourceFile, Span

MAX_LINE = 1 << 14
"""The longest statement that is read, in characters."""

MAX_LINES = 3000
"""How many logical lines are read: more than a person writes, and read in about a second."""

TOO_LARGE = "rules are sentences that a person wrote; this is likely made by a program"
"""Why nothing of a text is read that is longer."""

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

_BLANK = re.compile(r"(?:[ \t\r]*(?:\#[^\n]*)?\n)*")

_INDENT = re.compile("[ \t]*")

_STARTS = re.compile(
    r"""^[ ]*(?:(?:on|every|at|param|metric|expects|minimize|maximize|let|variable|limit|include
        |resume|schedule|test|use|language)\b|[A-Za-z_]\w*[ ]*:)""",
    re.MULTILINE | re.VERBOSE,
)


_BLOCKS = re.compile(r"(?P<test_line>test\b)|(?P<phase>schedule\b)|")

Block = Literal["test_line", "phase", "actions"]
"""What the lines below one that ends in a colon are."""


def block_below(source: SourceFile, head: Span) -> Block:
    """What the lines are that a line with a colon owns."""
    found = _BLOCKS.match(source.text, *head)
    return cast(Block, (found and found.lastgroup) or "actions")


@dataclass(frozen=True)
class Line:
    """A logical line: where its code begins and ends, and how far it is indented."""

    span: Span
    indent: int
    opens: bool
    """Whether it ends in a colon and so owns the lines below it."""


@dataclass(frozen=True)
class Unread:
    """A part of the text that is not given to the parser, and why."""

    problem: Diagnostic
    span: Span
    indent: int = 0
    is_rest: bool = False
    """Whether the text is too long, and this is all that is left of it."""

    @property
    def is_tab(self) -> bool:
        """Whether a tab in its indentation is all that is known to be wrong with it."""
        return self.problem.code == "CBR103"


@dataclass(frozen=True)
class Chunk:
    """A statement's text: its first line, and the indented lines below it."""

    head: Line
    block: tuple[Line, ...]


class _Refused(Exception):
    """A line that is not given to the parser; `resume` is where reading goes on."""

    def __init__(self, problem: Diagnostic, resume: int) -> None:
        self.problem = problem
        self.resume = resume


def cut(source: SourceFile, start: int = 0) -> Iterator[Chunk | Unread]:
    """The statements of a text from `start` on, and what is wrong with its lines."""
    lines = list(_lines(source, start))
    # Rules in a script stand in its margin.
    margin = min((x.indent for x in lines if isinstance(x, Line) or x.is_tab), default=0)
    head: Line | Unread | None = None
    below: list[Line | Unread] = []
    for line in lines:
        if line.indent <= margin:
            yield from _statement(source, head, below)
            head, below = line, []
        else:
            below.append(line)
    yield from _statement(source, head, below)


def _statement(
    source: SourceFile, head: Line | Unread | None, below: list[Line | Unread]
) -> Iterator[Chunk | Unread]:
    match head:
        case Unread():
            # Its indented lines are its own, whatever they are; but a tab is a mistake of its line.
            yield head
            yield from (x for x in below if head.is_tab and isinstance(x, Unread) and x.is_tab)
        case Line(opens=True) if not below:
            yield Unread(_empty_block(source, head), head.span)
        case Line():
            block = list(_block(source, below))
            yield Chunk(head, tuple(line for line in block if isinstance(line, Line)))
            yield from (line for line in block if isinstance(line, Unread))
        case None if below:
            first = below[0]
            yield first if isinstance(first, Unread) else misplaced(source, first, _ALONE)


def _block(source: SourceFile, below: list[Line | Unread]) -> Iterator[Line | Unread]:
    """The lines of a block; the first of those in a column of their own is refused."""
    refused = False
    for line in below:
        if isinstance(line, Unread) or line.indent == below[0].indent:
            # What stands below a line with a colon is a mistake that this line has already.
            refused = refused or (isinstance(line, Line) and line.opens)
            yield line
        elif not refused:
            refused = True
            yield misplaced(source, line, "the lines of a block begin in one column")


def misplaced(source: SourceFile, line: Line, why: str) -> Unread:
    """A line in a column where none can begin."""
    message = "this line is indented for no reason"
    help = "begin it in the column of the lines around it"
    return Unread(Diagnostic("CBR107", message, source, line.span, why, help), line.span)


_ALONE = "no line above it ends in `:`"


def _empty_block(source: SourceFile, head: Line) -> Diagnostic:
    match block_below(source, head.span):
        case "test_line":
            why = "a test owns the indented lines below it"
            help = "indent its lines, which begin with `set`, `given` or `expect`"
        case "phase":
            why = "a schedule owns the indented lines below it, one phase a line"
            help = "indent its phases, such as `linear from 0 to 0.01 over 5 epochs`"
        case "actions":
            why = "it owns the lines below that are indented further, one action a line"
            help = "indent the actions below it, or write them behind the condition instead of `:`"
    return Diagnostic(
        "CBR108",
        "a line that ends in `:` needs indented lines below it",
        source,
        Span(head.span.end - 1, head.span.end),
        why,
        help,
    )


def _lines(source: SourceFile, position: int) -> Iterator[Line | Unread]:
    text = source.text
    for number in range(MAX_LINES + 1):
        blank = _BLANK.match(text, position)
        start = blank.end() if blank else position
        indent = _INDENT.match(text, start)
        if start == len(text):
            return
        if number == MAX_LINES:
            yield _rest(source, start)
            return
        try:
            line, position = _line(source, start)
        except _Refused as refused:
            position = refused.resume
            spaces = len(indent.group().expandtabs(_TAB)) if indent else 0
            yield Unread(refused.problem, Span(start, position), spaces)
        else:
            if line:
                yield line


def _line(source: SourceFile, start: int) -> tuple[Line | None, int]:
    """The logical line that begins at `start` (None if it is blank), and where the next begins."""
    text = source.text
    begin: int | None = None
    end = start
    too_long = False
    open_brackets: list[int] = []
    next_line = _after(text, start)
    for piece in _PIECE.finditer(text, start):
        kind, at = piece.lastgroup, piece.start()
        too_long = at - start > MAX_LINE
        if too_long:
            break
        if kind == "newline":
            if not open_brackets:
                return _made(source, start, begin, end), piece.end()
            continue
        if kind in ("space", "comment"):
            continue
        begin = at if begin is None else begin
        end = piece.end()
        if kind in ("open_text", "open_metric"):
            raise _Refused(_unclosed(source, piece.group()[0], at), _behind(text, next_line))
        if piece.group() == "(":
            open_brackets.append(at)
            if len(open_brackets) > MAX_NESTING:
                raise _Refused(_too_deep(source, at), _statement_after(text, at))
        elif piece.group() == ")":
            if not open_brackets:
                raise _Refused(_unopened(source, at), next_line)
            open_brackets.pop()
    if open_brackets:
        problem = _unclosed(source, "(", open_brackets[0])
        raise _Refused(problem, _statement_after(text, next_line - 1))
    if too_long or end - start > MAX_LINE:
        raise _Refused(_too_long(source, start if begin is None else begin), next_line)
    return _made(source, start, begin, end), len(text)


def _made(source: SourceFile, start: int, begin: int | None, end: int) -> Line | None:
    if begin is None:
        return None
    indentation = source.text[start:begin]
    if "\t" in indentation:
        at = start + indentation.index("\t")
        raise _Refused(_tab(source, at, Span(start, begin)), _after(source.text, end))
    return Line(Span(begin, end), begin - start, source.text[end - 1] == ":")


def _after(text: str, position: int) -> int:
    """The start of the physical line below the one that holds `position`."""
    newline = text.find("\n", position)
    return len(text) if newline < 0 else newline + 1


def _behind(text: str, line: int) -> int:
    """Where reading goes on below a text that does not end: its rest may stand on this line."""
    below = _after(text, line)
    is_rest = text.count('"', line, below) % 2 == 1 and not _STARTS.match(text, line)
    return below if is_rest else line


def _statement_after(text: str, position: int) -> int:
    """The start of the next line that looks like a statement, whatever brackets are open."""
    found = _STARTS.search(text, _after(text, position))
    return found.start() if found else len(text)


# ------------------------------------------------------------------------------ what is wrong


def _rest(source: SourceFile, position: int) -> Unread:
    message = f"more than {MAX_LINES:,} lines: the text is not read"
    at = Span(position, position + 1)
    problem = Diagnostic("CBR104", message, source, at, TOO_LARGE)
    return Unread(problem, Span(position, len(source.text)), is_rest=True)


def _tab(source: SourceFile, at: int, indentation: Span) -> Diagnostic:
    # Behind a blank line or a comment the indentation is that of the last line.
    line = source.text.rfind("\n", *indentation) + 1 or indentation.start
    spaces = source.text[line : indentation.end].expandtabs(_TAB)
    return Diagnostic(
        "CBR103",
        "a tab in the indentation",
        source,
        Span(at, at + 1),
        why="a tab is as wide as the reader's editor says, so blocks would not be certain",
        help="indent with spaces",
        fix=Fix(Span(line, indentation.end), spaces) if line <= at else None,
    )


_TAB = 4


def _too_long(source: SourceFile, at: int) -> Diagnostic:
    message = f"this line is longer than {MAX_LINE:,} characters"
    return Diagnostic("CBR104", message, source, Span(at, at + 1), "a rule is one sentence")


def _too_deep(source: SourceFile, at: int) -> Diagnostic:
    message = f"brackets are nested more than {MAX_NESTING} deep"
    help = "split the condition into several rules"
    return Diagnostic("CBR104", message, source, Span(at, at + 1), help=help)


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
