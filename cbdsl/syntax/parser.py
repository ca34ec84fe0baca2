"""The Lark facade: statements in, nodes and diagnostics out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from lark import Lark, TextSlice, Token, Tree
from lark.exceptions import UnexpectedInput

from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.source import SourceFile, Span
from cbdsl.syntax.build import Builder
from cbdsl.syntax.messages import Glued, explain
from cbdsl.syntax.nodes import File, ParamLiteral, Statement
from cbdsl.syntax.statements import Chunk, Line, cut

Start = Literal["statement", "head", "actions", "expr", "literal"]

MAX_DEPTH = 100
"""How deep an expression's tree may be; a sum of n terms is n deep."""

MAX_BAD = 100
"""After so many bad statements the rest of a text is not read: it is likely no rule file."""


def parse_source(source: SourceFile) -> tuple[File, list[Diagnostic]]:
    """All statements that can be read, and what is wrong with the others."""
    statements: list[Statement] = []
    problems: list[Diagnostic] = []
    for chunk in cut(source):
        if isinstance(chunk, Diagnostic):
            problems.append(chunk)
        else:
            try:
                statements.append(_statement(source, chunk))
            except CbrError as e:
                problems += e.diagnostics
        if len(problems) >= MAX_BAD:
            break
    if not statements and not problems:
        problems.append(_nothing(source))
    return File(tuple(statements), span=Span(0, len(source.text))), problems


def parse_literal(text: str, name: str) -> ParamLiteral:
    """A parameter's value as the caller wrote it: `0.9`, `90%`, `true`, `"text"`, `3 epochs`.

    Raises `CbrError` if it is not one literal.
    """
    source = SourceFile(name, text)
    builder = Builder(source, _subexpression)
    return builder.literal(_parse(source, Span(0, len(text)), "literal"))


def _statement(source: SourceFile, chunk: Chunk) -> Statement:
    builder = Builder(source, _subexpression)
    if not chunk.head.opens:
        return builder.statement(_parse(source, chunk.head.span, "statement"), chunk.head.span)
    problems: list[Diagnostic] = []
    trees: list[Tree[Token]] = []
    for line, start in _block(chunk):
        try:
            trees.append(_parse(source, line.span, start))
        except CbrError as e:
            problems += e.diagnostics
    if problems:
        raise CbrError(problems)
    span = chunk.head.span.to(chunk.block[-1].span)
    return builder.block(trees[0], trees[1:], span)


def _block(chunk: Chunk) -> Iterator[tuple[Line, Start]]:
    yield chunk.head, "head"
    for line in chunk.block:
        yield line, "actions"


def _subexpression(source: SourceFile, span: Span) -> Tree[Token]:
    return _parse(source, span, "expr")


def _parse(source: SourceFile, span: Span, start: Start) -> Tree[Token]:
    """The tree of a piece of text; its positions are counted from the start of the source."""
    try:
        tree = _lark().parse(TextSlice(source.text, span.start, span.end), start=start)
    except (UnexpectedInput, Glued) as e:
        raise CbrError([explain(e, source, span, start)]) from None
    if _depth(tree) > MAX_DEPTH:
        message = f"this expression is more than {MAX_DEPTH} operations deep"
        help = "split it into several rules"
        raise CbrError([Diagnostic("CBR104", message, source, span, help=help)])
    return tree


def _depth(tree: Tree[Token]) -> int:
    deepest, stack = 0, [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        # Only rules with a choice of their own nest; the rungs between them are Lark's.
        depth += node.data in _NESTING
        deepest = max(deepest, depth)
        stack.extend((child, depth) for child in node.children if isinstance(child, Tree))
    return deepest


_NESTING = {"any_of", "all_of", "compare", "negate", "binary", "minus", "power", "paren"}


class _Adjacent:
    """Refuses words that touch: the lexer alone would read `stalls forever` as `for`, `ever`."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        before: Token | None = None
        for token in stream:
            if (
                before is not None
                and before.end_pos == token.start_pos
                and before[-1:].isidentifier()
                and ("_" + token[:1]).isidentifier()
            ):
                raise Glued(before, token)
            yield token
            before = token


@cache
def _lark() -> Lark:
    return Lark(
        _grammar().read_text("utf-8"),
        parser="lalr",
        start=["statement", "head", "actions", "expr", "literal"],
        propagate_positions=True,
        maybe_placeholders=True,
        postlex=_Adjacent(),
    )


def _grammar() -> Path:
    """In a wheel the grammar lies inside the package, in a checkout beside it."""
    package = Path(__file__).parent.parent
    inside = package / "grammars" / "cbr.lark"
    return inside if inside.exists() else package.parent / "grammars" / "cbr.lark"


def _nothing(source: SourceFile) -> Diagnostic:
    return Diagnostic(
        "CBR105",
        "there are no rules in this text",
        source,
        Span(0, 0),
        help="write one, such as `on epoch_end if accuracy > 0.9 stop`",
    )
