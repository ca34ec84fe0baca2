"""Tests give what rules can see, and expect what rules can do."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.hooks import INTERRUPT
from cbdsl.catalog.optimizer import SETTINGS
from cbdsl.catalog.units import SECONDS
from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import FOREIGN_ACTIONS
from cbdsl.checks.context import Context, and_list, params_of_file, target_name
from cbdsl.checks.functions import setting
from cbdsl.checks.metrics import hook_of
from cbdsl.checks.params import declared
from cbdsl.diagnostics import Diagnostic, did_you_mean, only_slip
from cbdsl.syntax import nodes as n

MAX_VALUES = 100_000
"""How many values a test may give for one metric."""

MAX_BATCHES = 200_000
"""How many batches a test may run in all: it is over in seconds, and fits into memory."""

MAX_LOOKS = 3_000_000
"""How often the tests of a file may look at a part of a rule or an expectation: for a minute, and
with what a report may ask for in 200 MB."""

_COMPILED = 100
"""How many looks at a rule it costs to compile it, as a test does that sets a parameter."""


def check(context: Context) -> Iterator[Diagnostic]:
    seen: dict[n.Text, n.Test] = {}
    looks = 0
    for test in context.file.tests:
        if test.name in seen:
            where = context.source.place(seen[test.name].span)
            why = f"it was first given at {where}"
            message = "the name of this test is given twice"
            yield context.problem("CBR202", message, test.name, why=why)
        seen.setdefault(test.name, test)
        case = _Case(context, test)
        yield from case.problems()
        before, looks = looks, looks + case.looks
        if before <= MAX_LOOKS < looks:
            message = "up to this test those of the file take too long"
            why = f"they would look at rules and expectations {looks:,} times, of {MAX_LOOKS:,}"
            help = "give fewer epochs and batches, or put some tests into another file"
            yield context.problem("CBR412", message, test.name, why=why, help=help)


class _Case:
    def __init__(self, context: Context, test: n.Test) -> None:
        self.context = context
        self.test = test
        self.rules = {rule.name.name for rule in context.file.rules if rule.name}
        self.given: set[object] = set()
        """What was given or set so far."""
        self.sizes: dict[str, int] = {}

    def problems(self) -> Iterator[Diagnostic]:
        context = self.context
        if any(not isinstance(part, str) for part in self.test.name.parts):
            message = "nothing is filled into the name of a test"
            help = "write a brace as `\\{`"
            yield context.problem("CBR412", message, self.test.name, help=help)
        if not any(isinstance(line, _EXPECTS) for line in self.test.lines):
            help = "write what should happen, as in `expect stop at epoch 7`"
            yield context.problem("CBR412", "this test expects nothing", self.test.name, help=help)
        for line in self.test.lines:
            yield from self._line(line)
        yield from self._events()

    @property
    def looks(self) -> int:
        """How often it looks at rules and expectations, as far as `problems` has seen."""
        rules = self.context.parts
        expected = sum(isinstance(line, _EXPECTS) for line in self.test.lines)
        compiled = any(isinstance(line, n.Set) for line in self.test.lines)
        # A size that is too large is a mistake by itself.
        batches = min(self.epochs * self.batches, MAX_BATCHES)
        return batches * (rules + expected) + compiled * _COMPILED * rules

    @property
    def epochs(self) -> int:
        return self.sizes.get("given epochs", self.sizes.get("epochs", 1))

    @property
    def batches(self) -> int:
        return self.sizes.get("given batches", self.sizes.get("batches", 1))

    def _line(self, line: n.Line) -> Iterator[Diagnostic]:
        match line:
            case n.Set():
                yield from self._once(("set", line.name.name), line.name)
                yield from self._set(line)
            case n.Given():
                yield from self._once((line.per_batch, line.name), line.name)
                yield from self._items(line.items)
                if isinstance(line.name, n.Setting) or line.name.name in self.context.outside:
                    yield from self._beginning(line)
                else:
                    yield from self._given(line, line.name)
            case n.GivenSize():
                yield from self._once(line.what, line)
                yield from self._size(line)
            case n.GivenTime():
                yield from self._once("time", line)
                yield from self._time(line)
            case n.GivenInterrupt():
                yield from self._once("interrupt", line)
                yield from self._where(line.where)
                yield from self._interrupt(line)
            case n.ExpectRule():
                yield from self._rule(line)
                yield from self._where(line.where)
            case n.ExpectAction():
                yield from self._text(line.text)
                yield from self._where(line.where)
            case n.ExpectValue():
                yield from self._items((line.value,))
                yield from self._value(line)
                yield from self._where(line.where)

    # -------------------------------------------------------------------------- what is given

    def _once(self, what: object, at: n.Node) -> Iterator[Diagnostic]:
        if what in self.given:
            help = "delete one of them"
            yield self.context.problem("CBR202", "this is given twice", at, help=help)
        self.given.add(what)

    def _items(self, items: tuple[n.Item, ...]) -> Iterator[Diagnostic]:
        for item in items:
            first = next(item.values(), None)
            if item.has_lost_step:
                why = "what stands behind the first value is how far it is to the next"
                help = f"say how many more there are, as in `{item.text}x5`"
                message = f"`{item.text}` does not say how many values it is"
                yield self.context.problem("CBR412", message, item, why=why, help=help)
            elif first is not None and math.isinf(first) and "inf" not in item.text:
                help = "the largest number is about 1.8e308, and infinity is `inf`"
                yield self.context.problem("CBR111", f"`{item.text}` is too large", item, help=help)

    def _set(self, line: n.Set) -> Iterator[Diagnostic]:
        name, params = line.name.name, self.context.params
        if name in self.context.lost:
            return
        if name not in params:
            message = f"there is no parameter `{name}`"
            help = "write `given lr: …`" if name == "lr" else did_you_mean(name, params)
            why = params_of_file(params)
            put = only_slip(name, params, help)
            yield self.context.problem("CBR204", message, line.name, why=why, help=help, put=put)
            return
        new = declared(name, line.value)
        if new.kind != params[name].kind or (new.kind == "span" and new.unit != params[name].unit):
            why = "a parameter keeps the type that the file gives it"
            message = f"`{name}` cannot be set to this"
            yield self.context.problem("CBR306", message, line.value, why=why)

    def _beginning(self, line: n.Given) -> Iterator[Diagnostic]:
        """What the training begins with, of something that rules set."""
        if isinstance(line.name, n.Setting):
            yield from setting(self.context, line.name)
        if line.per_batch or not _is_number(line.items):
            shown = target_name(line.name)
            message = f"`{shown}` is given as one number"
            why = "it is that of the training's beginning"
            help = f"write `given {shown}: 0.5`; what an epoch was trained with can be expected"
            yield self.context.problem("CBR412", message, line.name, why=why, help=help)

    def _given(self, line: n.Given, name: n.Name) -> Iterator[Diagnostic]:
        context = self.context
        kind = context.kind_of(name)
        if name.name in SETTINGS and not name.quoted and not self._asked(name.name):
            message = f"no rule reads a metric `{name.name}`"
            why = "it is a setting of the optimizer"
            help = f"write `given optimizer.{name.name}: 0.9`"
            yield context.problem("CBR412", message, name, why=why, help=help)
            return
        if kind == "metric" and name.name not in context.made:
            count = sum(item.count for item in line.items)
            if count > MAX_VALUES:
                message = f"{count:,} values are more than the {MAX_VALUES:,} that a test may give"
                help = "give fewer; beyond them a metric is missing"
                yield context.problem("CBR412", message, line, help=help)
            unit = "batches" if line.per_batch else "epochs"
            self.sizes[unit] = max(self.sizes.get(unit, 0), count)
            return
        why = help = ""
        message = f"`{name.name}` cannot be given"
        if name.name == "lr" and kind == "value":
            if not line.per_batch and _is_number(line.items, least=0):
                return
            message, why = "the rate is one number", "it is that of the training's beginning"
            help = "write `given lr: 0.01`; what an epoch was trained with can be expected"
        elif kind == "param":
            help = f"write `set {name.name} = …`"
        elif kind == "value":
            why = f"it is {VALUES[name.name].doc}"
            help = _GIVEN_BY.get(name.name, "`given epochs: 10` says how many there are")
        else:
            why = "the rules compute it themselves"
        yield context.problem("CBR412", message, name, why=why, help=help)

    def _size(self, line: n.GivenSize) -> Iterator[Diagnostic]:
        value = next(line.item.values(), None)
        if line.item.count == 1 and value is not None and _is_count(value) and value <= MAX_VALUES:
            self.sizes[f"given {line.what}"] = int(value)
            return
        why = f"it must be a whole number from 1 to {MAX_VALUES:,}"
        message = f"`{line.item.text}` is no number of {line.what}"
        yield self.context.problem("CBR302", message, line.item, why=why)

    def _time(self, line: n.GivenTime) -> Iterator[Diagnostic]:
        duration = line.duration
        if any(part.unit not in SECONDS for part in (duration, *duration.more)):
            help = "write seconds, minutes or hours, as in `given epoch takes 10 minutes`"
            message = "an epoch takes a time"
            yield self.context.problem("CBR303", message, duration, help=help)

    def _interrupt(self, line: n.GivenInterrupt) -> Iterator[Diagnostic]:
        """That there is one, and that a rule answers it."""
        context, epochs, batch = self.context, line.where.epochs, line.where.batch
        if len(epochs) > 1:
            message = "a training is interrupted once"
            why = "a second signal ends it at once, whatever the rules say"
            help = f"write `given interrupt at epoch {epochs[0].text}`"
            yield context.problem("CBR412", message, line.where, why=why, help=help)
        elif not (context.unread or any(hook_of(r) == INTERRUPT for r in context.file.rules)):
            message = "no rule answers an interrupt"
            why = "without one it ends the training at once"
            help = 'write a rule for it, such as `on interrupt save "last.keras", stop`'
            yield context.problem("CBR412", message, line, why=why, help=help)
        for unit, count in (("epochs", epochs[0]), ("batches", batch)):
            if count is None or not _is_count(count.value):
                continue
            if count.value > MAX_VALUES:
                message = "the interrupt comes too late for a test"
                why = f"it has {MAX_VALUES:,} {unit} at most"
                yield context.problem("CBR412", message, count, why=why)
            else:
                self.sizes[unit] = max(self.sizes.get(unit, 0), int(count.value))

    def _reached(self) -> Iterator[Diagnostic]:
        """That an interrupt comes within what a test says it is long."""
        for line in self.test.lines:
            if isinstance(line, n.GivenInterrupt):
                for unit, count in (
                    ("epochs", line.where.epochs[0]),
                    ("batches", line.where.batch),
                ):
                    size = self.sizes.get(f"given {unit}")
                    if count is not None and size is not None and count.value > size:
                        whole = "this test" if unit == "epochs" else "an epoch of this test"
                        message = f"the interrupt comes too late: {whole} has {size} {unit}"
                        help = f"write `given {unit}: {count.text}`, or name an earlier one"
                        yield self.context.problem("CBR412", message, count, help=help)

    def _events(self) -> Iterator[Diagnostic]:
        """That the batches of all epochs are not too many."""
        yield from self._reached()
        epochs, batches = self.epochs, self.batches
        if epochs * batches > MAX_BATCHES and max(epochs, batches) <= MAX_VALUES:
            message = f"{epochs:,} epochs of {batches:,} batches are more than a test may run"
            why = f"it may run {MAX_BATCHES:,} batches in all"
            yield self.context.problem("CBR412", message, self.test.name, why=why)

    # ----------------------------------------------------------------------- what is expected

    def _rule(self, line: n.ExpectRule) -> Iterator[Diagnostic]:
        name, context = line.rule.name, self.context
        if name in self.rules or name in context.unread:
            return
        message, why = f"there is no rule `{name}`", ""
        help = did_you_mean(name, self.rules)
        verb = FOREIGN_ACTIONS.get(name, _NOUNS.get(name, ""))
        known = {"lr", *context.outside, *context.made}
        if name in known or self._asked(name):
            message = f"`{name}` is no rule, and its value is missing here"
            where = "at epoch 3" if line.where is None else context.source.slice(line.where.span)
            help = f"write the value, as in `expect {name} {_sample(name)} {where}`"
        elif verb in ACTIONS and not help:
            why, help = f"`{name}` is no action either", f"write `expect {verb}`"
        elif not self.rules:
            why = "no rule of this file has a name"
            help = "write `NAME:` before a rule, or what it does, as in `expect stop`"
        elif not help:
            why = f"the rules with a name are {and_list(sorted(self.rules))}"
        put = only_slip(name, self.rules, help)
        yield context.problem("CBR212", message, line.rule, why=why, help=help, put=put)

    def _asked(self, metric: str) -> bool:
        """Whether a rule reads a metric of this name, or the model is known to report it."""
        return metric in self.context.asked or metric in (self.context.metrics or ())

    def _text(self, text: n.Text | None) -> Iterator[Diagnostic]:
        for placeholder in text.placeholders if text else ():
            help = "write what it will be, and a brace as `\\{`"
            message = "nothing is filled into what a test expects"
            yield self.context.problem("CBR412", message, placeholder, help=help)

    def _value(self, line: n.ExpectValue) -> Iterator[Diagnostic]:
        context, name = self.context, line.name.name
        if line.value.count != 1:
            help = "write a line for each epoch"
            yield context.problem("CBR412", "one value is expected here", line.value, help=help)
        if line.where.batch:
            message = "a value is expected of a whole epoch"
            help = "leave the batch out"
            yield context.problem("CBR412", message, line.where, help=help)
        if isinstance(line.name, n.Setting):
            yield from setting(context, line.name)
            return
        asked = context.kind_of(line.name) in ("metric", "outside") or name == "lr"
        if not asked and name not in context.lost:
            why = "it can be asked of metrics, and of what rules set outside themselves"
            message = f"the value of `{name}` cannot be expected"
            yield context.problem("CBR412", message, line.name, why=why)

    def _where(self, where: n.Where | None) -> Iterator[Diagnostic]:
        for number in (*where.epochs, *([where.batch] if where.batch else [])) if where else ():
            if not _is_count(number.value):
                why = "epochs and batches are counted from 1"
                message = f"`{number.text}` is not a count"
                yield self.context.problem("CBR302", message, number, why=why)


_EXPECTS = (n.ExpectRule, n.ExpectAction, n.ExpectValue)

_NOUNS = {"failure": "fail", "fails": "fail", "failed": "fail", "stops": "stop",
          "stopped": "stop", "saves": "save", "saved": "save", "prints": "print",
          "warning": "warn", "notification": "notify", "restores": "restore", "frozen": "freeze",
          "freezes": "freeze", "unfrozen": "unfreeze", "rolls": "roll back"}  # fmt: skip
"""Other forms of verbs, for which a test expects the verb."""

_GIVEN_BY = {
    "batch": "`given batches: 100` says how many an epoch has",
    "batches": "`given batches: 100` says how many an epoch has",
    "step": "`given batches: 100` says how many an epoch has",
    "steps": "`given batches: 100` says how many an epoch has",
    "elapsed": "`given epoch takes 10 minutes` lets time pass",
}
"""What to write instead of giving a value that is always there."""


def _is_count(value: float) -> bool:
    return value >= 1 and value.is_integer()


def _is_number(items: tuple[n.Item, ...], least: float = -math.inf) -> bool:
    """Whether it is one finite number."""
    if len(items) != 1 or items[0].count != 1:
        return False
    (number,) = items[0].values()
    return number is not None and math.isfinite(number) and number >= least


def _sample(name: str) -> str:
    return "0.01" if name == "lr" else "0.5"
