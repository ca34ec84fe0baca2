"""Lark's trees of expressions to nodes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any as Anything
from typing import cast

from lark import Token, Tree

from cbdsl.catalog.units import SECONDS, SINGULAR
from cbdsl.diagnostics import CbrError, Diagnostic, Fix
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import nodes as n
from cbdsl.syntax.templates import read_text

Branch = Tree[Token]
Parse = Callable[[SourceFile, Span], Branch]


class ExpressionBuilder:
    """Builds the expressions of one source; `parse` reads those inside templates.

    Attributes:
        problems: what is wrong in what was built.
    """

    def __init__(self, source: SourceFile, parse: Parse) -> None:
        self.source = source
        self.parse = parse
        self.problems: list[Diagnostic] = []

    def expr(self, tree: Branch) -> n.Expr:
        """An expression; a rung of the grammar that holds one thing only is that thing."""
        parts, span = cast(list[Branch], tree.children), span_of(tree)
        match tree.data:
            case "any_of" | "all_of" | "compare" | "paren" if len(parts) == 1:
                return self.expr(parts[0])
            case "any_of":
                return n.Any(tuple(self.expr(p) for p in parts), span=span)
            case "all_of":
                return n.All(tuple(self.expr(p) for p in parts), span=span)
            case "negate":
                return n.Not(self.expr(parts[0]), span=span)
            case "compare":
                ops = tuple(str(op.children[0]) for op in parts[1::2])
                return n.Compare(ops, tuple(self.expr(p) for p in parts[::2]), span=span)
            case "improves":
                by = None if parts[1] is None else self.expr(parts[1])
                return n.Improves(self.expr(parts[0]), by, span=span)
            case "stalls":
                by = None if parts[2] is None else self.expr(parts[2])
                lasting = self.duration(parts[1])
                return n.Stalls(self.expr(parts[0]), lasting, by, span=span)
            case "held":
                return n.Held(self.expr(parts[0]), self.duration(parts[1]), span=span)
            case "moves":
                word = cast(Anything, str(parts[1].children[0]))
                return n.Moves(self.expr(parts[0]), word, span=span)
            case "crosses":
                side = cast(Anything, str(parts[1].children[0]))
                return n.Crosses(self.expr(parts[0]), side, self.expr(parts[2]), span=span)
            case "call":
                function, *arguments = tree.children
                given = (self.expr(cast(Branch, a)) for a in arguments if a is not None)
                name = cast(Branch, function).children[0]
                return n.Call(str(name), span_of(name), tuple(given), span=span)
            case "setting":
                return n.Setting(str(tree.children[0]), span=span)
            case "state":
                state = cast(Anything, str(parts[2].children[0]))
                return n.State(self.expr(parts[0]), state, parts[1] is not None, span=span)
            case "binary":
                left, op, right = parts
                sides = self.expr(left), self.expr(right)
                return n.Binary(str(op.children[0]), *sides, span=span)
            case "power":
                return n.Binary("**", self.expr(parts[0]), self.expr(parts[1]), span=span)
            case "minus":
                return n.Minus(self.expr(parts[0]), span=span)
            case "name" | "backtick":
                return self.metric(tree)
            case _:
                return cast(n.Expr, self.literal(tree))

    def literal(self, tree: Branch) -> n.ParamLiteral:
        """A value written out."""
        span = span_of(tree)
        match tree.data:
            case "true" | "false":
                return n.Truth(tree.data == "true", span=span)
            case "string":
                return self.text(tree.children[0])
            case "duration":
                return self.duration(tree)
            case "minus_number" | "minus_percent":
                number = self.number(tree.children[0])
                return n.Number(-number.value, "-" + number.text, span=span)
            case _:
                return self.number(tree.children[0])

    def duration(self, tree: Branch) -> n.Duration:
        """A span of the training, or a number or a name that stands for one."""
        span = span_of(tree)
        match tree.data:
            case "duration" | "given_time":
                count, unit, more = tree.children
                further = cast(Branch, more).children
                parts = tuple(
                    n.Duration(self.number(c), unit_of(u), span=span_of(c).to(span_of(u)))
                    for c, u in zip(further[::2], further[1::2], strict=True)
                )
                duration = n.Duration(self.count(count), unit_of(unit), parts, span=span)
                self._one_kind(duration)
                return duration
            case "values":
                return n.Duration(self.count(tree.children[0]), "value", span=span)
            case _:
                return n.Duration(self.count(tree.children[0]), None, span=span)

    def _one_kind(self, duration: n.Duration) -> None:
        """Only times have several parts, all of them written out."""
        is_time = all(part.unit in SECONDS for part in (duration, *duration.more))
        if duration.more and not (is_time and isinstance(duration.count, n.Number)):
            help = "write one number and one unit; only a time such as `1 hour 30 minutes` has more"
            message = "these numbers do not add up to one span"
            self._problem("CBR303", message, duration.span, help=help)

    def count(self, item: Branch | Token) -> n.Number | n.Name:
        """A number or the name of a parameter."""
        token = item if isinstance(item, Token) else cast(Token, item.children[0])
        return self.name(token) if token.type == "NAME" else self.number(token)

    def number(self, item: Branch | Token) -> n.Number:
        token = item if isinstance(item, Token) else cast(Token, item.children[0])
        text = str(token)
        value = percent_of(text) if text.endswith("%") else float(text)
        if math.isinf(value):
            message, help = f"`{text}` is too large", "the largest number is about 1.8e308"
            self._problem("CBR111", message, span_of(token), help=help)
        return n.Number(value, text, span=span_of(token))

    def name(self, item: Branch | Token) -> n.Name:
        return n.Name(str(item), span=span_of(item))

    def metric(self, item: Branch | Token) -> n.Name:
        """A name, or one in backticks."""
        token = item if isinstance(item, Token) else cast(Token, item.children[0])
        if token.type == "BACKTICK":
            return n.Name(str(token)[1:-1], quoted=True, span=span_of(token))
        return self.name(token)

    def text(self, item: Branch | Token) -> n.Text:
        span = span_of(item)
        try:
            return read_text(self.source, span, self._expression_at)
        except CbrError as e:
            self.problems += e.diagnostics
            return n.Text((), span=span)

    def _expression_at(self, span: Span) -> n.Expr:
        return self.expr(self.parse(self.source, span))

    def _problem(
        self,
        code: str,
        message: str,
        at: Span,
        why: str = "",
        help: str = "",
        fix: Fix | None = None,
    ) -> None:
        self.problems.append(Diagnostic(code, message, self.source, at, why, help, fix))


def percent_of(text: str) -> float:
    """`29%` is the number nearest to 0.29, which is not always that of 29 / 100 by parts."""
    digits = text[:-1]
    return float(f"{digits}e-2")


def item_of(item: Branch | Token) -> n.Item:
    return n.Item(str(item), span=span_of(item))


def unit_of(item: Branch | Token | None) -> str:
    """Units are singular from here on."""
    word = str(cast(Branch, item).children[0])
    return SINGULAR.get(word, word)


def span_of(item: Branch | Token) -> Span:
    place = item if isinstance(item, Token) else item.meta
    return Span(cast(int, place.start_pos), cast(int, place.end_pos))
