"""Tests give what rules can see, and expect what rules can do."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import Context, and_list
from cbdsl.checks.params import declared
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.syntax import nodes as n

MAX_VALUES = 100_000
"""How many values a test may give for one metric."""


def check(context: Context) -> Iterator[Diagnostic]:
    seen: dict[n.Text, n.Test] = {}
    for test in context.file.tests:
        if test.name in seen:
            where = context.source.place(seen[test.name].span)
            why = f"it was first given at {where}"
            message = "the name of this test is given twice"
            yield context.problem("CBR202", message, test.name, why=why)
        seen.setdefault(test.name, test)
        yield from _Case(context, test).problems()


class _Case:
    def __init__(self, context: Context, test: n.Test) -> None:
        self.context = context
        self.test = test
        self.rules = {rule.name.name for rule in context.file.rules if rule.name}

    def problems(self) -> Iterator[Diagnostic]:
        context = self.context
        if any(not isinstance(part, str) for part in self.test.name.parts):
            message = "nothing is filled into the name of a test"
            yield context.problem("CBR412", message, self.test.name)
        expects = (n.ExpectRule, n.ExpectAction, n.ExpectValue)
        if not any(isinstance(line, expects) for line in self.test.lines):
            help = "write what should happen, as in `expect stop at epoch 7`"
            yield context.problem("CBR412", "this test expects nothing", self.test.name, help=help)
        given: set[tuple[str, bool]] = set()
        for line in self.test.lines:
            match line:
                case n.Set():
                    yield from self._set(line)
                case n.Given():
                    yield from self._given(line)
                    if (line.name.name, line.per_batch) in given:
                        yield self._twice(line.name)
                    given.add((line.name.name, line.per_batch))
                case n.GivenSize():
                    yield from self._size(line)
                    if (line.what, True) in given:
                        yield self._twice(line)
                    given.add((line.what, True))
                case n.ExpectRule():
                    yield from self._rule(line)
                    yield from self._where(line.where)
                case n.ExpectAction():
                    yield from self._text(line.text)
                    yield from self._where(line.where)
                case n.ExpectValue():
                    yield from self._value(line)
                    yield from self._where(line.where)
                case n.GivenTime():
                    pass

    def _twice(self, at: n.Node) -> Diagnostic:
        return self.context.problem("CBR202", "this is given twice", at, help="delete one of them")

    def _set(self, line: n.Set) -> Iterator[Diagnostic]:
        name, params = line.name.name, self.context.params
        if name not in params:
            message = f"there is no parameter `{name}`"
            help = did_you_mean(name, params)
            yield self.context.problem("CBR204", message, line.name, help=help)
            return
        new = declared(name, line.value)
        if new.kind != params[name].kind or (new.kind == "span" and new.unit != params[name].unit):
            why = "a parameter keeps the type that the file gives it"
            message = f"`{name}` cannot be set to this"
            yield self.context.problem("CBR306", message, line.value, why=why)

    def _given(self, line: n.Given) -> Iterator[Diagnostic]:
        name, context = line.name, self.context
        kind = context.kind_of(name)
        if kind == "metric" and name.name not in context.derived:
            count = sum(item.count for item in line.items)
            if count > MAX_VALUES:
                message = f"{count:,} values are more than the {MAX_VALUES:,} that a test may give"
                yield context.problem("CBR412", message, line)
            return
        is_rate = name.name == "lr" and kind == "value"
        if is_rate and not line.per_batch and len(line.items) == 1 and line.items[0].count == 1:
            return
        message, why, help = f"`{name.name}` cannot be given", "", ""
        if is_rate:
            message, why = "the rate is given once", "it is that of the training's beginning"
        elif kind == "param":
            help = f"write `set {name.name} = …`"
        elif kind == "value":
            why, help = (
                f"it is {VALUES[name.name].doc}",
                "`given epochs: 10` says how many there are",
            )
        else:
            why = "the rules compute it themselves"
        yield context.problem("CBR412", message, name, why=why, help=help)

    def _size(self, line: n.GivenSize) -> Iterator[Diagnostic]:
        value = next(line.item.values())
        whole = value is not None and value >= 1 and value == int(value) and value <= MAX_VALUES
        if not whole or line.item.count > 1:
            why = f"it must be a whole number from 1 to {MAX_VALUES:,}"
            message = f"`{line.item.text}` is no number of {line.what}"
            yield self.context.problem("CBR302", message, line.item, why=why)

    def _rule(self, line: n.ExpectRule) -> Iterator[Diagnostic]:
        name = line.rule.name
        if name not in self.rules:
            yield self.context.problem(
                "CBR212",
                f"there is no rule `{name}`",
                line.rule,
                why=f"the rules with a name are {and_list(sorted(self.rules)) or 'none'}",
                help=did_you_mean(name, self.rules),
            )

    def _text(self, text: n.Text | None) -> Iterator[Diagnostic]:
        for placeholder in text.placeholders if text else ():
            help = "write what it will be, and a brace as `\\{`"
            message = "nothing is filled into what a test expects"
            yield self.context.problem("CBR412", message, placeholder, help=help)

    def _value(self, line: n.ExpectValue) -> Iterator[Diagnostic]:
        kind = self.context.kind_of(line.name)
        if line.value.count > 1:
            yield self.context.problem("CBR412", "one value is expected here", line.value)
        if line.where.batch:
            message = "a value is expected of a whole epoch"
            yield self.context.problem("CBR412", message, line.where)
        if kind != "metric" and line.name.name != "lr":
            why = "it can be asked of the rate and of metrics"
            message = f"the value of `{line.name.name}` cannot be expected"
            yield self.context.problem("CBR412", message, line.name, why=why)

    def _where(self, where: n.Where | None) -> Iterator[Diagnostic]:
        for number in (*where.epochs, *([where.batch] if where.batch else [])) if where else ():
            if number.value < 1 or number.value != int(number.value):
                why = "epochs and batches are counted from 1"
                message = f"`{number.text}` is not a count"
                yield self.context.problem("CBR302", message, number, why=why)
