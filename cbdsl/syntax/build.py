"""Lark's trees to nodes: one method an alternative of the grammar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as Anything
from typing import TypeVar, cast

from lark import Token, Tree

from cbdsl.catalog.hooks import ALIASES
from cbdsl.catalog.metrics import Better
from cbdsl.diagnostics import CbrError, Fix
from cbdsl.source import Span
from cbdsl.syntax import nodes as n
from cbdsl.syntax.build_expressions import Branch, ExpressionBuilder, item_of, span_of, unit_of
from cbdsl.syntax.phases import Shape

N = TypeVar("N")


class Builder(ExpressionBuilder):
    """Builds the statements of one source."""

    # ---------------------------------------------------------------------------- statements

    def statement(self, tree: Branch, span: Span) -> n.Statement:
        """A statement on a line of its own; raises `CbrError` for what is wrong inside it."""
        return self.whole(self._statement(tree, span))

    def block(self, head: Branch, lines: list[Branch], span: Span) -> n.Statement:
        """A statement that owns lines: a rule with one or more actions a line, and others.

        Raises `CbrError` for what is wrong inside it.
        """
        match head.data:
            case "test_head":
                tests = tuple(map(self.case, lines))
                return self.whole(n.Test(self.text(head.children[0]), tests, span=span))
            case "schedule_head":
                target, batch = head.children
                phases = tuple(map(self.phase, lines))
                what = self.target(cast(Branch, target))
                return self.whole(n.Schedule(what, batch is not None, phases, span=span))
            case _:
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
            case "variable":
                return n.Variable(self.name(tree.children[0]), span=span)
            case "limit":
                target, low, high = cast(list[Branch], tree.children)
                return n.Limit(self.name(target), self.expr(low), self.expr(high), span=span)
            case "include":
                return n.Include(self.text(tree.children[0]), span=span)
            case "resume":
                return n.Resume(self.text(tree.children[0]), span=span)
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
        parts, span = tree.children, span_of(tree)
        match tree.data:
            case "set":
                name, value = parts
                return n.Set(self.name(name), self.literal(cast(Branch, value)), span=span)
            case "given" | "given_batches":
                name, *items = parts
                per_batch = tree.data == "given_batches"
                return n.Given(self.metric(name), tuple(map(item_of, items)), per_batch, span=span)
            case "given_setting":
                name, *items = parts
                setting = n.Setting(str(name), span=span_of(name))
                return n.Given(setting, tuple(map(item_of, items)), False, span=span)
            case "given_size":
                what = cast(Anything, str(cast(Branch, parts[0]).children[0]))
                return n.GivenSize(what, item_of(parts[1]), span=span)
            case "given_time":
                return n.GivenTime(self.duration(tree), span=span)
            case "given_interrupt":
                place = self.where(parts[0])
                assert place is not None
                return n.GivenInterrupt(place, span=span)
            case "expect_rule":
                no, rule, where = parts
                return n.ExpectRule(no is not None, self.name(rule), self.where(where), span=span)
            case "expect_action":
                no, verb, text, where = parts
                words = cast(Branch, verb).children
                return n.ExpectAction(
                    no is not None,
                    " ".join(map(str, words)),
                    None if text is None else self.text(text),
                    self.where(where),
                    verb_span=span_of(words[0]).to(span_of(words[-1])),
                    span=span,
                )
            case _:
                name, value, where = parts
                place = self.where(where)
                assert place is not None
                is_setting = tree.data == "expect_setting"
                what = n.Setting(str(name), span=span_of(name)) if is_setting else self.metric(name)
                return n.ExpectValue(what, item_of(value), place, span=span)

    def where(self, tree: Branch | Token | None) -> n.Where | None:
        """The epochs and the batch at which something is expected."""
        if tree is None:
            return None
        *epochs, batch = cast(Branch, tree).children
        numbers = tuple(map(self.number, epochs))
        return n.Where(numbers, None if batch is None else self.number(batch), span=span_of(tree))

    # ----------------------------------------------------------------------------- schedules

    def target(self, tree: Branch) -> n.Target:
        """What is set: a name, or a setting of the optimizer."""
        if tree.data == "setting":
            return n.Setting(str(tree.children[0]), span=span_of(tree))
        return self.name(tree.children[0])

    def phase(self, tree: Branch) -> n.Phase:
        """A line of a schedule."""
        parts, span = cast(list[Branch | None], tree.children), span_of(tree)
        match tree.data:
            case "ramp":
                shape, start, end, over = parts
                word = cast(Anything, str(cast(Branch, shape).children[0]))
                return self._ramp(word, None, (start, end, over), span)
            case "polynomial":
                power, start, end, over = parts
                return self._ramp("polynomial", self._maybe(power), (start, end, over), span)
            case "hold":
                level, lasting = parts
                return n.Hold(self._maybe(level), self.stretch(lasting), span=span)
            case "step":
                factor, every, lasting = parts
                spans = self.stretch(every), self.stretch(lasting)
                return n.Step(self.expr(cast(Branch, factor)), *spans, span=span)
            case "decay":
                law, rate, per, lasting = parts
                word = cast(Anything, str(cast(Branch, law).children[0]))
                spans = self.stretch(per), self.stretch(lasting)
                return n.Decay(word, self.expr(cast(Branch, rate)), *spans, span=span)
            case "cycle":
                low, high, every, lasting = parts
                ends = self.expr(cast(Branch, low)), self.expr(cast(Branch, high))
                return n.Cycle(*ends, self.stretch(every), self.stretch(lasting), span=span)
            case _:
                last, again, scaling, stretching = parts
                return n.Repeat(
                    None if last is None else self.count(last.children[0]),
                    None if again is None else self.count(again.children[0]),
                    self._maybe(scaling),
                    self._maybe(stretching),
                    span=span,
                )

    def _ramp(
        self,
        shape: Shape,
        power: n.Expr | None,
        parts: tuple[Branch | None, Branch | None, Branch | None],
        span: Span,
    ) -> n.Ramp:
        start, end, over = parts
        last = self.expr(cast(Branch, end))
        return n.Ramp(shape, power, self._maybe(start), last, self.stretch(over), span=span)

    def stretch(self, tree: Branch | None) -> n.Stretch:
        """How long a phase is."""
        assert tree is not None
        return n.Rest(span=span_of(tree)) if tree.data == "rest" else self.duration(tree)

    def _maybe(self, tree: Branch | None) -> n.Expr | None:
        return None if tree is None else self.expr(tree)

    # --------------------------------------------------------------------------------- rules

    def argument(self, tree: Branch) -> n.Argument:
        name, value = tree.children
        none = isinstance(value, Tree) and value.data == "none"
        given = None if none else self.literal(cast(Branch, value))
        return n.Argument(self.name(name), given, span_of(value), span=span_of(tree))

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
            fix = Fix(at, f"then {self.source.slice(at)}")
            self._problem("CBR114", f"`then` is missing before `{word}`", at, why, help, fix)
        return rule

    def times(self, tree: Branch) -> n.Times:
        count = self.count(tree.children[0]) if tree.data == "at_most" else None
        return n.Times(count, span=span_of(tree))

    def trigger(self, tree: Branch) -> n.Trigger:
        parts, span = tree.children, span_of(tree)
        match tree.data:
            case "on":
                hook = cast(Token, parts[0])
                return n.On(ALIASES.get(hook, str(hook)), span_of(hook), span=span)
            case "each":
                return n.Each(unit_of(parts[0]), span=span)
            case "every":
                return n.Every(self.duration(cast(Branch, parts[0])), span=span)
            case "at":
                positions = tuple(self.count(p) for p in parts[1:])
                return n.At(unit_of(parts[0]), positions, span=span)
            case _:
                return n.At("epoch", tuple(self.count(p) for p in parts), span=span)

    def window(self, tree: Branch) -> n.Window:
        amounts = [self.duration(cast(Branch, a)) for a in tree.children]
        span = span_of(tree)
        match tree.data:
            case "after":
                return n.Window("after", amounts[0], None, span=span)
            case "until":
                return n.Window("until", None, amounts[0], span=span)
            case _:
                return n.Window("from", amounts[0], amounts[1], span=span)

    def condition(self, tree: Branch) -> n.Condition:
        test, then = cast(list[Branch], tree.children)
        return n.Condition(self.expr(test), then is not None, span=span_of(tree))

    def action(self, tree: Branch) -> n.Action:
        parts, span = tree.children, span_of(tree)
        match tree.data:
            case "stop":
                return n.Stop(None if parts[0] is None else self.text(parts[0]), span=span)
            case "save":
                path, keep = parts
                return n.Save(self.text(path), self.keep(keep), span=span)
            case "restore":
                return n.Restore(self.metric(parts[0]), span=span)
            case "roll_back_to_best":
                return n.RollBack(self.metric(parts[0]), span=span)
            case "roll_back":
                return n.RollBack(None, span=span)
            case "snapshot":
                return n.Snapshot(span=span)
            case "record":
                metric, value = parts
                return n.Record(self.metric(metric), self.expr(cast(Branch, value)), span=span)
            case "wait":
                return n.Wait(self.duration(cast(Branch, parts[0])), span=span)
            case "invoke":
                return n.Invoke(str(parts[0]), span=span)
            case "assign":
                target, op, value = cast(list[Branch], parts)
                symbol = cast(Anything, str(op.children[0]))
                return n.Assign(self.target(target), symbol, self.expr(value), span=span)
            case verb:
                return _OF_TEXT[verb](self.text(parts[0]), span=span)

    def keep(self, tree: Branch | Token | None) -> n.Keep | None:
        """Which of the files that a rule saves stay."""
        if tree is None:
            return None
        count, *metric = cast(Branch, tree).children
        best_of = self.metric(metric[0]) if metric else None
        return n.Keep(self.count(count), best_of, span=span_of(tree))


_OF_TEXT: dict[str, Callable[..., n.Action]] = {
    "fail": n.Fail,
    "print": n.Print,
    "warn": n.Warn,
    "notify": n.Notify,
    "freeze": n.Freeze,
    "unfreeze": n.Unfreeze,
}
"""The actions that are a verb and a text."""
