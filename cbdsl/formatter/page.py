"""A whole file in canonical layout: statements, comments and empty lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.formatter.comments import Comment, comments_of
from cbdsl.formatter.layout import statement
from cbdsl.formatter.lines import INDENT, action_lines, fits, head_lines, statement_lines
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parse_source, read_source
from cbdsl.syntax.statements import MAX_LINE, Chunk, cut


class Unsafe(Exception):
    """The formatted text is not as good as the text that was read: a bug of the formatter."""


def format_source(source: SourceFile) -> str:
    """The text of a file in canonical layout.

    Raises `CbrError` if it has syntax errors, or would be too long to be read again, and `Unsafe`
    instead of changing what it says.
    """
    file, problems = parse_source(source)
    if problems:
        raise CbrError(problems)
    text = _laid_out(source, file)
    if text != source.text:
        _must_say_the_same(source, file, text)
    return text


def _must_say_the_same(source: SourceFile, file: n.File, text: str) -> None:
    try:
        again = read_source(text.encode(), source.name)
        file_again, problems = parse_source(again)
        if problems:
            raise CbrError(problems)
    except CbrError as e:
        if all(d.code == "CBR104" for d in e.diagnostics):
            raise CbrError([_too_long(source, e.diagnostics[0].message)]) from None
        raise Unsafe(f"it could not be read again: {e.diagnostics[0].message}") from e
    if file_again.statements != file.statements:
        raise Unsafe("it would say something else")
    if [c.text for c in comments_of(again)] != [c.text for c in comments_of(source)]:
        raise Unsafe("its comments would not be the same")


def _too_long(source: SourceFile, why: str) -> Diagnostic:
    message = "laid out, these rules could not be read"
    why = f"with the spaces and lines of the layout {why}"
    help = "write several files, and `include` them"
    return Diagnostic("CBR104", message, source, None, why, help)


@dataclass(frozen=True)
class _Piece:
    """A logical line of the source, and the lines it becomes."""

    span: Span
    lines: list[str]
    indent: str = ""
    """What stands before comments above it."""
    comment_at: int = -1
    """The line that takes a comment behind it."""
    opens: bool = False
    """Whether the lines of a block follow."""


def _laid_out(source: SourceFile, file: n.File) -> str:
    # A text without mistakes is made of chunks alone, one a statement.
    chunks = [chunk for chunk in cut(source) if isinstance(chunk, Chunk)]
    page = _Page(source, margin=chunks[0].head.indent if chunks else 0)
    for chunk, node in zip(chunks, file.statements, strict=True):
        for piece in _pieces(chunk, node):
            if len("\n".join(piece.lines)) > MAX_LINE:
                raise CbrError([_too_long(source, "a statement is too long")])
            page.add(piece)
    return page.finished()


def _pieces(chunk: Chunk, node: n.Statement) -> Iterator[_Piece]:
    """The logical lines of a statement; one that is a block stays one."""
    span = chunk.head.span
    if isinstance(node, n.Rule) and chunk.head.opens:
        yield _Piece(span, head_lines(node), opens=True)
        for line in chunk.block:
            actions = [a for a in node.actions if line.span.start <= a.span.start < line.span.end]
            yield _Piece(line.span, action_lines(actions), INDENT)
        return
    if isinstance(node, n.Test | n.Schedule):
        first, *below = statement(node).split("\n")
        yield _Piece(span, [first], opens=True)
        for line, written in zip(chunk.block, below, strict=True):
            yield _Piece(line.span, [written], INDENT)
        return
    lines = statement_lines(node)
    if isinstance(node, n.Rule) and not fits(lines[0]):
        head = head_lines(node)
        yield _Piece(span, [*head, *action_lines(node.actions)], comment_at=len(head) - 1)
    else:
        yield _Piece(span, lines)


class _Page:
    """The lines written so far, and what of the source is to come."""

    def __init__(self, source: SourceFile, margin: int) -> None:
        self._source = source
        self._margin = margin
        self._comments = deque(comments_of(source))
        self._lines: list[str] = []
        self._end = 0
        """Where in the source that ends which is written."""
        self._indent = ""
        """What stands before the last line."""
        self._opened = False
        """Whether the last line is the head of a block."""

    def add(self, piece: _Piece) -> None:
        """Writes a logical line with the comments above, inside and behind it."""
        self._add_comments(piece.span.start, piece.indent)
        self._indent = piece.indent
        inside = [piece.indent + c.text for c in self._take(piece.span.end)]
        lines, end = list(piece.lines), piece.span.end
        if self._comments and "\n" not in self._gap(end, self._comments[0].span.start):
            behind = self._comments.popleft()
            lines[piece.comment_at] += f"  {behind.text}"
            end = behind.span.end
        self._put([*inside, *lines], Span(piece.span.start, end))
        self._opened = piece.opens

    def finished(self) -> str:
        """The whole text."""
        self._add_comments(len(self._source.text), "")
        return "".join(f"{line}\n" for line in self._lines)

    def _add_comments(self, before: int, indent: str) -> None:
        """Writes the comments that have lines of their own above a place."""
        for comment in self._take(before):
            # Below a block those that are indented still belong to it.
            if indent or self._column(comment) <= self._margin:
                self._indent = indent
            self._put([self._indent + comment.text], comment.span)

    def _take(self, before: int) -> Iterator[Comment]:
        while self._comments and self._comments[0].span.start < before:
            yield self._comments.popleft()

    def _put(self, lines: list[str], span: Span) -> None:
        is_apart = self._gap(self._end, span.start).count("\n") > 1
        if is_apart and self._lines and not self._opened:
            self._lines.append("")
        self._lines += lines
        self._end = span.end
        self._opened = False

    def _gap(self, start: int, end: int) -> str:
        return self._source.text[start:end]

    def _column(self, comment: Comment) -> int:
        return comment.span.start - self._source.text.rfind("\n", 0, comment.span.start) - 1
