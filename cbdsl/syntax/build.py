"""Lark's trees to nodes: one method an alternative of the grammar."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any as Anything
from typing import TypeVar, cast

from lark import Token, Tree

from cbdsl.catalog.hooks import ALIASES
from cbdsl.catalog.metrics import Better
from cbdsl.catalog.units import SECONDS, SINGULAR
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import nodes as n
from cbdsl.syntax.templates import read_text

Branch = Tree[Token]
N = TypeVar("N")
Parse = Callable[[SourceFile, Span], Branch]


class Builder:
    """Builds the nodes of one source; `parse` reads the expressions inside templates."""

    def __init__(self, source: SourceFile, parse: Parse) -> None:
        self.source = source
        self.parse = parse
        self.problems: list[Diagnostic] = []

    # ---------------------------------------------------------------------------- statements

    def statement(self, tree: Branch, span: Span) -> n.Statement:
        """A statement on a line of its own; raises `CbrError` for what is wrong inside it."""
        return self.whole(self._statement(tree, span))

    def block(self, head: Branch, lines: list[Branch], span: Span) -> n.Rule | n.Test:
        """A rule whose actions stand below it, one or more a line, or a test.

        Raises `CbrError` for what is wrong inside it.
        """
        if head.data == "test_head":
            tests = tuple(map(self.case, lines))
            return self.whole(n.Test(self.text(head.children[0]), tests, span=span))
        return self.whole(self.rule(cast(Branch, head.children[0]), lines, span))

    def whole(self, node: N) -> N:
        """A node that was built; raises `CbrError` if something in it could not be."""
        if self.problems:
            raise CbrError(self.problems)
        return node

    def _statement(self, tree: Branch, span: Span) -> n.Statement:
        match tree.data:
            case "language":
                return n.Language(self.number(tree.children[0]), span=span)
            case "param":
                name, value = tree.children
                return n.Param(self.name(name), self.literal(cast(Branch, value)), span=span)
            case "use":
                callback, *arguments = tree.children
                given = (self.argument(cast(Branch, a)) for a in arguments if a is not None)
                return n.Use(self.name(callback), tuple(given), span=span)
            case "metric":
                name, value = tree.children
                return n.Metric(self.metric(name), self.expr(cast(Branch, value)), span=span)
            case "expects":
                return n.Expects(tuple(self.metric(m) for m in tree.children), span=span)
            case "let":
                name, value = tree.children
                start = cast(Anything, self.literal(cast(Branch, value)))
                return n.Let(self.name(name), start, span=span)
            case "limit":
                target, low, high = cast(list[Branch], tree.children)
                return n.Limit(self.name(target), self.expr(low), self.expr(high), span=span)
            case "include":
                return n.Include(self.text(tree.children[0]), span=span)
            case "minimize" | "maximize":
                metric = self.metric(tree.children[0])
                better: Better = "lower" if tree.data == "minimize" else "higher"
                return n.Direction(metric, better, span=span)
            case _:
                clauses, actions = cast(list[Branch], tree.children)
                return self.rule(clauses, [actions], span)

    # --------------------------------------------------------------------------------- tests

    def case(self, tree: Branch) -> n.Line:
        """A line of a test."""
        parts, span = tree.children, _span(tree)
        match tree.data:
            case "set":
                name, value = parts
                return n.Set(self.name(name), self.literal(cast(Branch, value)), span=span)
            case "given" | "given_batches":
                name, *items = parts
                per_batch = tree.data == "given_batches"
                return n.Given(self.metric(name), tuple(map(_item, items)), per_batch, span=span)
            case "given_size":
                what = cast(Anything, str(cast(Branch, parts[0]).children[0]))
                return n.GivenSize(what, _item(parts[1]), span=span)
            case "given_time":
                return n.GivenTime(self.duration(tree), span=span)
            case "expect_rule":
                no, rule, where = parts
                return n.ExpectRule(no is not None, self.name(rule), self.where(where), span=span)
            case "expect_action":
                no, verb, text, where = parts
                word = cast(Token, cast(Branch, verb).children[0])
                return n.ExpectAction(
                    no is not None,
                    str(word),
                    None if text is None else self.text(text),
                    self.where(where),
                    verb_span=_span(word),
                    span=span,
                )
            case _:
                name, value, where = parts
                place = self.where(where)
                assert place is not None
                return n.ExpectValue(self.metric(name), _item(value), place, span=span)

    def where(self, tree: Branch | Token | None) -> n.Where | None:
        """The epochs and the batch at which something is expected."""
        if tree is None:
            return None
        *epochs, batch = cast(Branch, tree).children
        numbers = tuple(map(self.number, epochs))
        return n.Where(numbers, None if batch is None else self.number(batch), span=_span(tree))

    # --------------------------------------------------------------------------------- rules

    def argument(self, tree: Branch) -> n.Argument:
        name, value = tree.children
        none = isinstance(value, Tree) and value.data == "none"
        given = None if none else self.literal(cast(Branch, value))
        return n.Argument(self.name(name), given, _span(value), span=_span(tree))

    def rule(self, clauses: Branch, lines: list[Branch], span: Span) -> n.Rule:
        label, trigger, window, condition, times = cast(list[Branch | None], clauses.children)
        assert trigger is not None
        rule = n.Rule(
            name=None if label is None else self.name(label.children[0]),
            trigger=self.trigger(trigger),
            window=None if window is None else self.window(window),
            condition=None if condition is None else self.condition(condition),
            times=None if times is None else self.times(times),
            actions=tuple(self.action(cast(Branch, a)) for line in lines for a in line.children),
            span=span,
        )
        if rule.times and rule.condition and not rule.condition.then:
            at = rule.times.span
            why = "without it the condition and the word behind it could run together"
            word = "once" if rule.times.count is None else "at most"
            help = f"write `then {word}`"
            self._problem("CBR114", f"`then` is missing before `{word}`", at, why, help)
        return rule

    def times(self, tree: Branch) -> n.Times:
        count = self.count(tree.children[0]) if tree.data == "at_most" else None
        return n.Times(count, span=_span(tree))

    def trigger(self, tree: Branch) -> n.Trigger:
        parts, span = tree.children, _span(tree)
        match tree.data:
            case "on":
                hook = cast(Token, parts[0])
                return n.On(ALIASES.get(hook, str(hook)), _span(hook), span=span)
            case "each":
                return n.Each(_unit(parts[0]), span=span)
            case "every":
                return n.Every(self.duration(cast(Branch, parts[0])), span=span)
            case "at":
                positions = tuple(self.count(p) for p in parts[1:])
                return n.At(_unit(parts[0]), positions, span=span)
            case _:
                return n.At("epoch", tuple(self.count(p) for p in parts), span=span)

    def window(self, tree: Branch) -> n.Window:
        amounts = [self.duration(cast(Branch, a)) for a in tree.children]
        span = _span(tree)
        match tree.data:
            case "after":
                return n.Window("after", amounts[0], None, span=span)
            case "until":
                return n.Window("until", None, amounts[0], span=span)
            case _:
                return n.Window("from", amounts[0], amounts[1], span=span)

    def condition(self, tree: Branch) -> n.Condition:
        test, then = cast(list[Branch], tree.children)
        return n.Condition(self.expr(test), then is not None, span=_span(tree))

    def action(self, tree: Branch) -> n.Action:
        parts, span = tree.children, _span(tree)
        match tree.data:
            case "stop":
                return n.Stop(None if parts[0] is None else self.text(parts[0]), span=span)
            case "print":
                return n.Print(self.text(parts[0]), span=span)
            case "warn":
                return n.Warn(self.text(parts[0]), span=span)
            case "save":
                return n.Save(self.text(parts[0]), span=span)
            case "wait":
                return n.Wait(self.duration(cast(Branch, parts[0])), span=span)
            case _:
                target, op, value = parts
                symbol = cast(Anything, str(cast(Branch, op).children[0]))
                assigned = self.expr(cast(Branch, value))
                return n.Assign(self.name(target), symbol, assigned, span=span)

    # --------------------------------------------------------------------------- expressions

    def expr(self, tree: Branch) -> n.Expr:
        """An expression; a rung of the grammar that holds one thing only is that thing."""
        parts, span = cast(list[Branch], tree.children), _span(tree)
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
                return n.Call(str(name), _span(name), tuple(given), span=span)
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
        span = _span(tree)
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
        span = _span(tree)
        match tree.data:
            case "duration" | "given_time":
                count, unit, more = tree.children
                further = cast(Branch, more).children
                parts = tuple(
                    n.Duration(self.number(c), _unit(u), span=_span(c).to(_span(u)))
                    for c, u in zip(further[::2], further[1::2], strict=True)
                )
                duration = n.Duration(self.count(count), _unit(unit), parts, span=span)
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
        value = _percent(text) if text.endswith("%") else float(text)
        if math.isinf(value):
            message, help = f"`{text}` is too large", "the largest number is about 1.8e308"
            self._problem("CBR111", message, _span(token), help=help)
        return n.Number(value, text, span=_span(token))

    def name(self, item: Branch | Token) -> n.Name:
        return n.Name(str(item), span=_span(item))

    def metric(self, item: Branch | Token) -> n.Name:
        """A name, or one in backticks."""
        token = item if isinstance(item, Token) else cast(Token, item.children[0])
        if token.type == "BACKTICK":
            return n.Name(str(token)[1:-1], quoted=True, span=_span(token))
        return self.name(token)

    def text(self, item: Branch | Token) -> n.Text:
        span = _span(item)
        try:
            return read_text(self.source, span, self._expression_at)
        except CbrError as e:
            self.problems += e.diagnostics
            return n.Text((), span=span)

    def _expression_at(self, span: Span) -> n.Expr:
        return self.expr(self.parse(self.source, span))

    def _problem(self, code: str, message: str, at: Span, why: str = "", help: str = "") -> None:
        self.problems.append(Diagnostic(code, message, self.source, at, why, help))


def _percent(text: str) -> float:
    """`29%` is the number nearest to 0.29, which is not always that of 29 / 100 by parts."""
    digits = text[:-1]
    return float(f"{digits}e-2")


def _item(item: Branch | Token) -> n.Item:
    return n.Item(str(item), span=_span(item))


def _unit(item: Branch | Token | None) -> str:
    """Units are singular from here on."""
    word = str(cast(Branch, item).children[0])
    return SINGULAR.get(word, word)


def _span(item: Branch | Token) -> Span:
    place = item if isinstance(item, Token) else item.meta
    return Span(cast(int, place.start_pos), cast(int, place.end_pos))
