"""The Lark facade: statements in, nodes and diagnostics out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

from lark import Lark, TextSlice, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lexer import PatternStr

from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import WORDS
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.source import Part, SourceFile, Span
from cbdsl.syntax.build import Builder
from cbdsl.syntax.messages import Glued, explain
from cbdsl.syntax.nodes import File, Include, ParamLiteral, Statement
from cbdsl.syntax.statements import (
    MAX_LINES,
    TOO_LARGE,
    Chunk,
    Line,
    Unread,
    block_below,
    cut,
    misplaced,
)
from cbdsl.syntax.trouble import words_in

Start = Literal["statement", "head", "actions", "phase", "test_line", "expr", "literal"]

MAX_DEPTH = 100
"""How deep an expression's tree may be; a sum of n terms is n deep."""

MAX_BAD = 100
"""After so many mistakes the rest of a text is not read: it is likely no rule file."""

MAX_WORDS = 50_000
"""How many words and signs are read, with those of included files: what takes a few seconds."""

_WORD = re.compile(r"\w+|[^\w\s]")

Chunks = Mapping[Part, Sequence[Chunk | Unread]]
"""The statements of each file, not read yet."""


def parse_source(source: SourceFile) -> tuple[File, list[Diagnostic]]:
    """All statements that can be read, and what is wrong with the others.

    The statements of an included file stand in the place of its `include`. Of a text that is too
    large nothing is read.
    """
    span = Span(0, len(source.text))
    chunks = {part: [*cut(source.upto(part.span.end), part.span.start)] for part in source.parts}
    if problem := _too_large(source, chunks):
        return File((), (span,), span=span), [problem]
    reader = _Reader(source, chunks)
    reader.read(source.parts[0])
    return File(tuple(reader.statements), tuple(reader.unread), span=span), reader.problems


def _too_large(source: SourceFile, chunks: Chunks) -> Diagnostic | None:
    """What a text is too large in, where that begins."""
    words = 0
    for number, chunk in enumerate(chain.from_iterable(chunks.values()), start=1):
        if isinstance(chunk, Unread) and chunk.is_rest:
            return chunk.problem
        place = _place(chunk)
        words += sum(1 for _ in _WORD.finditer(source.text, *place))
        if number > MAX_LINES or words > MAX_WORDS:
            what = f"{MAX_LINES:,} statements"
            if words > MAX_WORDS:
                what = f"{MAX_WORDS:,} words and signs"
            message = f"more than {what} in all files: none of them is read"
            at = Span(place.start, place.start + 1)
            return Diagnostic("CBR104", message, source, at, TOO_LARGE)
    return None


class _Reader:
    """Reads the statements of a file and of those it includes."""

    def __init__(self, source: SourceFile, chunks: Chunks) -> None:
        self.source = source
        self.chunks = chunks
        self.includes = {span.start: part for span, part in source.included}
        self.statements: list[Statement] = []
        self.problems: list[Diagnostic] = []
        self.unread: list[Span] = []
        self.is_full = False
        """Whether the rest of the text, and of the files around it, is left."""

    def read(self, part: Part) -> None:
        """The statements of one file; the rest of a text with too many mistakes is left."""
        source = self.source.upto(part.span.end)
        for chunk in self.chunks[part]:
            if len(self.problems) >= MAX_BAD:
                rest = Span(_place(chunk).start, part.span.end)
                if not self.is_full:
                    self.problems.append(_too_many(source, rest))
                self.unread.append(rest)
                self.is_full = True
                return
            self._chunk(source, chunk)

    def _chunk(self, source: SourceFile, chunk: Chunk | Unread) -> None:
        if isinstance(chunk, Unread):
            self.problems.append(chunk.problem)
            self.unread.append(chunk.span)
            return
        try:
            statement = _statement(source, chunk)
        except CbrError as e:
            self.problems += e.diagnostics
            self.unread.append(_place(chunk))
            return
        if isinstance(statement, Include) and statement.span.start in self.includes:
            self.read(self.includes[statement.span.start])
        else:
            self.statements.append(statement)


def includes_in(source: SourceFile, part: Part) -> list[Include]:
    """The `include` statements of a file that can be read."""
    text = source.upto(part.span.end)
    reader = _Reader(source, {})
    for chunk in cut(text, part.span.start):
        if isinstance(chunk, Chunk) and text.slice(chunk.head.span).startswith("include"):
            reader._chunk(text, chunk)
    return [s for s in reader.statements if isinstance(s, Include)]


def _place(chunk: Chunk | Unread) -> Span:
    if isinstance(chunk, Unread):
        return chunk.span
    return chunk.head.span.to((*chunk.block, chunk.head)[0].span)


def parse_literal(text: str, name: str) -> ParamLiteral:
    """A parameter's value as the caller wrote it: `0.9`, `90%`, `true`, `"text"`, `3 epochs`.

    Raises `CbrError` if it is not one literal.
    """
    source = SourceFile(name, text)
    builder = Builder(source, _subexpression)
    tree = _parse(source, Span(0, len(text)), "literal")
    return builder.whole(builder.literal(tree))


def _statement(source: SourceFile, chunk: Chunk) -> Statement:
    builder = Builder(source, _subexpression)
    head, block = chunk.head, chunk.block
    if not head.opens:
        tree = _parse(source, head.span, "statement", bool(block))
        if block:
            raise CbrError([misplaced(source, block[0], "no line above it ends in `:`").problem])
        return builder.statement(tree, head.span)
    problems: list[Diagnostic] = []
    trees: list[Tree[Token]] = []
    for line, start in _lines(source, chunk):
        try:
            trees.append(_parse(source, line.span, start))
        except CbrError as e:
            problems += e.diagnostics
            if line is head and not _KNOWN_BLOCK.match(source.text, *head.span):
                # Nobody knows what its block would be.
                break
    if problems or not block:
        raise CbrError(problems)
    return builder.block(trees[0], trees[1:], head.span.to(block[-1].span))


_KNOWN_BLOCK = re.compile(r"(?:[A-Za-z_]\w*[ ]*:[ ]*)?(?:on|every|at)\b|(?:test|schedule)\b")


def _lines(source: SourceFile, chunk: Chunk) -> Iterator[tuple[Line, Start]]:
    yield chunk.head, "head"
    below = block_below(source, chunk.head.span)
    for line in chunk.block:
        yield line, below


def _subexpression(source: SourceFile, span: Span) -> Tree[Token]:
    return _parse(source, span, "expr")


def _parse(
    source: SourceFile, span: Span, start: Start, owns: bool = False, fixed: int = 0
) -> Tree[Token]:
    """The tree of a piece of text; its positions are counted from the start of the source.

    `owns` says that indented lines stand below it; `fixed` is how often it was put right before.
    """
    try:
        tree = _lark().parse(TextSlice(source.text, span.start, span.end), start=start)
    except (UnexpectedInput, Glued) as e:
        problem = explain(e, source, span, start, owns, _words(), partial(_reads, start))
        raise CbrError([_with_a_good_fix(problem, span, start, owns, fixed)]) from None
    if _depth(tree) > MAX_DEPTH:
        message = f"this expression is more than {MAX_DEPTH} operations deep"
        help = "split it into several rules"
        raise CbrError([Diagnostic("CBR104", message, source, span, help=help)])
    return tree


MOST_FIXES = 6
"""How many fixes, one after another, a statement is tried to be put right by."""


def _with_a_good_fix(
    problem: Diagnostic, span: Span, start: Start, owns: bool, fixed: int
) -> Diagnostic:
    """A diagnostic, without its fix if the statement could not be read then.

    What is wrong behind it must have a fix too: who knows else whether other words were meant.
    """
    fix = problem.fix
    if fix is None or not (span.start <= fix.span.start and fix.span.end <= span.end):
        return problem
    text = problem.source.text
    before = text[span.start : fix.span.start] + fix.text
    if owns and before.endswith(":") and fix.span.end == span.end:
        start = "head"
    text = before + text[fix.span.end : span.end]
    words = words_in(text, 0, len(text))
    # A list of actions may end too early, and all of it may be a comment now.
    if not words or (words[-1].text == "," and _read_to(start, text) >= words[-1].span.end):
        return problem
    try:
        if fixed < MOST_FIXES:
            _parse(SourceFile("", text), Span(0, len(text)), start, owns, fixed + 1)
            return problem
    except CbrError as e:
        if all(d.fix for d in e.diagnostics):
            return problem
    return replace(problem, fix=None)


def _reads(start: Start, text: str) -> bool:
    """Whether a text can be read as a whole."""
    return _read_to(start, text) > len(text)


def _read_to(start: Start, text: str) -> int:
    """How far a text can be read; beyond its end if as a whole."""
    try:
        _lark().parse(text, start=start)
    except UnexpectedToken as e:
        return len(text) if e.token.type == "$END" else e.pos_in_stream or 0
    except UnexpectedInput as e:
        return e.pos_in_stream or 0
    except Glued as e:
        return e.before.start_pos or 0
    return len(text) + 1


@cache
def _words() -> dict[str, str]:
    """The grammar's own words and signs, by the names that Lark gives them."""
    terminals = _lark().terminals
    return {t.name: t.pattern.value for t in terminals if isinstance(t.pattern, PatternStr)}


def _depth(tree: Tree[Token]) -> int:
    deepest, stack = 0, [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        # A rung of the grammar that holds one thing only is that thing.
        depth += node.data in _SIGNS or (node.data in _OPERATIONS and len(node.children) > 1)
        deepest = max(deepest, depth)
        stack.extend((child, depth) for child in node.children if isinstance(child, Tree))
    return deepest


_SIGNS = {"negate", "minus"}
_OPERATIONS = {"any_of", "all_of", "compare", "binary", "power"}


class _Words:
    """Refuses words that touch, and words of the language where a name is read.

    The lexer alone would read `stalls forever` as `for`, `ever`, and in `if loss > stop` a metric.
    """

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        before: Token | None = None
        for token in stream:
            if before is not None and _touch(before, token):
                raise Glued(before, token)
            # What a hook or a parameter cannot be called is left to the checks.
            named = before is not None and before.type in _NAMES
            if token.type == "NAME" and not named and token in _RESERVED:
                # No rule of the grammar takes it, so Lark says what it would have taken.
                token = Token.new_borrow_pos("RESERVED", token, token)
            yield token
            before = token


_RESERVED = WORDS - set(VALUES)
_NAMES = frozenset({"ON", "PARAM", "LET", "VARIABLE", "METRIC"})
"""What stands before a name that the checks look at."""


def _touch(before: Token, token: Token) -> bool:
    return (
        before.end_pos == token.start_pos
        and before[-1:].isidentifier()
        and ("_" + token[:1]).isidentifier()
    )


@cache
def _lark() -> Lark:
    return Lark(
        _grammar().read_text("utf-8"),
        parser="lalr",
        start=list(get_args(Start)),
        propagate_positions=True,
        maybe_placeholders=True,
        postlex=_Words(),
    )


def _grammar() -> Path:
    """In a wheel the grammar lies inside the package, in a checkout beside it."""
    package = Path(__file__).parent.parent
    inside = package / "grammars" / "cbr.lark"
    return inside if inside.exists() else package.parent / "grammars" / "cbr.lark"


def _too_many(source: SourceFile, rest: Span) -> Diagnostic:
    message = f"more than {MAX_BAD} mistakes: from here on the text is not read"
    at = Span(rest.start, rest.start + 1)
    return Diagnostic("CBR104", message, source, at, "it is likely no rule file")
