"""Random programs that mean something, each with a history to run over.

A program is built as the tree of a file, so that its reading needs no parser; `Case.text` is what
is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from histories import history
from random_parts import NOWHERE, Parts, call, metric_name, name, number, percent, span
from reference import History

from cbdsl.formatter import statement
from cbdsl.syntax import nodes as n

_OF_TRAINING = ("train_begin", "train_end")
_OF_EPOCHS = ("epoch_begin", "epoch_end", "epoch_end", "epoch_end")
_OF_BATCHES = ("batch_begin", "batch_end")
_OF_TESTS = ("test_begin", "test_batch_begin", "test_batch_end", "test_end")

_CHANGES: tuple[Literal["=", "+=", "-=", "*=", "/="], ...] = ("=", "+=", "-=", "*=", "/=")

_LISTS: tuple[Literal["metrics", "logs"], ...] = ("metrics", "logs")

_SPECS = (".3f", ".1%", ".2e", ".4g", "+.2f", ">9.3f", "08.2f")


@dataclass(frozen=True)
class Case:
    """A program and a training."""

    file: n.File
    history: History

    @property
    def text(self) -> str:
        return "\n".join(map(statement, self.file.statements)) + "\n"


def case(seed: int | str) -> Case:
    """The program and the history of a seed."""
    random = Random(seed)
    return _Maker(random, history(random)).case()


class _Maker(Parts):
    """Makes the statements of one program."""

    has_logs = True
    """Whether the rule's hook has metrics of its own."""

    def case(self) -> Case:
        statements = self._metrics()
        if self.chance(0.15):
            low, high = sorted(self.random.sample((1e-4, 0.001, 0.05, 0.1, 0.2, 1.0), 2))
            statements.append(n.Limit(name("lr"), number(low), number(high), span=NOWHERE))
        for _ in range(self.random.choice((1, 2))):
            statements.append(self._schedule() if self.chance(0.06) else self._rule())
        if any(isinstance(d, n.Let) for d in self.declared) and self.chance(0.7):
            statements.append(self._watch())
        file = n.File((*self.declared, *statements), span=NOWHERE)
        return Case(file, replace(self.history, params=self.given))

    def _watch(self) -> n.Rule:
        """A rule that tells of the variables."""
        filled: list[n.Expr] = [name("step")]
        for let in [d for d in self.declared if isinstance(d, n.Let)]:
            is_truth = isinstance(let.value, n.Truth)
            filled.append(call("count", name("switch")) if is_truth else name("tally"))
        hook = "batch_end" if self.history.batches and self.chance(0.5) else "epoch_end"
        says = n.Print(_text(*(n.Placeholder(e, "", span=NOWHERE) for e in filled)), span=NOWHERE)
        on = n.On(hook, NOWHERE, span=NOWHERE)
        return n.Rule(None, on, None, None, None, (says,), span=NOWHERE)

    def _metrics(self) -> list[n.Statement]:
        """Derived metrics, and which direction is better where no name tells."""
        made: list[n.Statement] = []
        unclear: list[str] = [metric for metric in ("score", "epoch") if metric in self.metrics]
        for derived in ("gap", "smooth_loss")[: self.random.choice((0,) * 9 + (1, 2))]:
            unclear += ["gap"] if derived == "gap" else []
            made += self._directions(unclear)
            unclear = []
            made.append(n.Metric(metric_name(derived), self.number(2), span=NOWHERE))
            self.metrics += [derived] * 2
        return made + self._directions(unclear)

    def _directions(self, metrics: list[str]) -> list[n.Statement]:
        both: tuple[Literal["lower", "higher"], ...] = ("lower", "higher")
        return [
            n.Direction(metric_name(m), self.random.choice(both), span=NOWHERE) for m in metrics
        ]

    # --------------------------------------------------------------------------------- rules

    def _among_triggers(self, *weighted: tuple[float, Callable[[], n.Trigger]]) -> n.Trigger:
        return self.among(*weighted)

    def _schedule(self) -> n.Rule:
        """A rule that is a function of the epoch and the rate."""
        trigger = self._among_triggers(
            (2, lambda: n.Each("epoch", span=NOWHERE)),
            (1, lambda: n.Every(span(self.random.choice((2, 3)), "epoch"), span=NOWHERE)),
            (1, lambda: self._at("epoch")),
        )
        window = self._window("epoch") if self.chance(0.4) else None

        def some() -> n.Expr:
            return name(self.random.choice(("lr", "epoch", "epochs")))

        op = self.random.choice(("<", ">", "<=", ">="))
        test = n.Compare((op,), (some(), self.constant()), span=NOWHERE)
        condition = n.Condition(test, True, span=NOWHERE) if self.chance(0.3) else None
        rate = self._rate_of(some)
        return n.Rule(None, trigger, window, condition, None, (rate,), span=NOWHERE)

    def _rule(self) -> n.Rule:
        trigger = self._trigger()
        unit = self._unit(trigger)
        sets = self.chance(0.3)
        at_start = sets and not isinstance(trigger, n.On) and unit != "second"
        hook = trigger.hook if isinstance(trigger, n.On) else self._hook(unit, at_start)
        everywhere, self.metrics = self.metrics, self._metrics_at(hook)
        self.in_batches = hook.startswith("batch")
        self.has_logs = hook in ("epoch_end", "batch_end", "test_end")
        window = self._window(unit) if self.chance(0.3) else None
        means = [m for m in self.metrics if m in ("loss", "accuracy")]
        self.per_batch = means if hook == "batch_end" else []
        condition = self.condition() if self.chance(0.7) else None
        rule = n.Rule(
            name(f"rule_{self.random.randint(1, 10**6)}") if self.chance(0.1) else None,
            trigger,
            window,
            None if condition is None else n.Condition(condition, True, span=NOWHERE),
            self._times() if self.chance(0.15) else None,
            self._actions(sets, may_stop=not at_start),
            span=NOWHERE,
        )
        self.metrics = everywhere
        return rule

    def _hook(self, unit: str, at_start: bool) -> str:
        if unit == "second":
            return "batch_end"
        return f"{unit}_{'begin' if at_start else 'end'}"

    def _metrics_at(self, hook: str) -> list[str]:
        """The metrics that are worth asking for at a hook."""
        if hook.startswith("batch"):
            return sorted(self.history.batch_series) or self.metrics
        if hook.startswith("test"):
            inside = [m.removeprefix("val_") for m in self.metrics if m.startswith("val_")]
            return inside or self.metrics
        return self.metrics

    # ------------------------------------------------------------------------------ triggers

    def _on(self) -> n.On:
        """A hook, seldom one that this history never comes to."""
        tests = any(metric.startswith("val_") for metric in self.history.series)
        hooks = self.among(
            (1, lambda: _OF_TRAINING),
            (4, lambda: _OF_EPOCHS),
            (2 if self.history.batches else 0.05, lambda: _OF_BATCHES),
            (3 if tests else 0.05, lambda: _OF_TESTS),
            (3 if self.history.interrupt else 0.05, lambda: ("interrupt",)),
        )
        return n.On(self.random.choice(hooks), NOWHERE, span=NOWHERE)

    def _trigger(self) -> n.Trigger:
        batches = bool(self.history.batches)
        unit = "batch" if batches and self.chance(0.5) else "epoch"
        timed = 1.5 if batches and self.history.epoch_seconds else 0.1
        return self._among_triggers(
            (10, self._on),
            (2, lambda: n.Each(unit, span=NOWHERE)),
            (2, lambda: n.Every(span(self.random.choice((2, 2, 3)), unit), span=NOWHERE)),
            (0.5, lambda: n.Every(self._param_of(unit), span=NOWHERE)),
            (timed, lambda: n.Every(self.time(), span=NOWHERE)),
            (timed / 4, lambda: n.Every(span(self.param("spell"), None), span=NOWHERE)),
            (2, lambda: self._at(unit)),
        )

    def _param_of(self, unit: str) -> n.Duration:
        if self.chance(0.5):
            return span(self.param("count"), unit)
        return span(self.param("epochs" if unit == "epoch" else "batches"), None)

    def _at(self, unit: str) -> n.At:
        shares: tuple[tuple[float, Callable[[], n.Number | n.Name]], ...] = (
            (1, lambda: percent(self.random.choice((0, 10, 25, 29, 50, 60, 75, 90, 100)))),
            (0.4, lambda: name(self.param("share"))),
        )
        counts: tuple[tuple[float, Callable[[], n.Number | n.Name]], ...] = (
            (2, lambda: number(self.random.randint(1, 6))),
            (0.7, lambda: name(self.param("count"))),
        )
        makers = counts if unit == "batch" else (*counts, *shares)
        several = range(self.random.choice((1, 2, 3)))
        return n.At(unit, tuple(self.among(*makers) for _ in several), span=NOWHERE)

    def _unit(self, trigger: n.Trigger) -> str:
        """What a trigger counts: epoch, batch or second; for `on`, what its hook is about."""
        match trigger:
            case n.On():
                return trigger.hook.split("_")[0]
            case n.Every(period=n.Duration(unit=None, count=n.Name() as count)):
                kinds = {"epochs": "epoch", "batches": "batch", "spell": "second"}
                return kinds[count.name.split("_")[0]]
            case n.Every():
                assert trigger.period.unit is not None
                return (
                    trigger.period.unit if trigger.period.unit in ("epoch", "batch") else "second"
                )
            case _:
                return trigger.unit

    # ------------------------------------------------------------------------------- windows

    def _window(self, unit: str) -> n.Window:
        """A window; `unit` is that of the trigger, which alone may leave it out."""
        kind: Literal["after", "until", "from"] = self.random.choice(("after", "until", "from"))
        low, high = sorted((self.random.randint(1, 3), self.random.randint(1, 6)))
        many = self.history.batches or 1
        bare = "epoch" if unit != "epoch" or self.chance(0.6) else None
        first, last = self.among(
            (3, lambda: (span(low, bare), span(high, bare))),
            (1.5, lambda: (span(low, "batch"), span(high * many, "batch"))),
            (1.2, self._times_of_window),
            (1, lambda: (_share(self.random.choice((10, 29, 30))), _share(75))),
            (0.4, lambda: (span(self.param("share"), None), _share(100))),
            (0.3, lambda: (span(1, "epoch"), span(self.param("epochs"), None))),
            (0.3, lambda: (span(1, "batch"), span(self.param("batches"), None))),
            (0.3, lambda: (span(0.5, "second"), span(self.param("spell"), None))),
            (0.3, lambda: (span(1, "epoch"), span(self.param("count"), "epoch"))),
        )
        if kind == "after":
            return n.Window(kind, self.random.choice((first, first, last)), None, span=NOWHERE)
        if kind == "until":
            return n.Window(kind, None, self.random.choice((first, last, last)), span=NOWHERE)
        return n.Window(kind, first, last, span=NOWHERE)

    def _times_of_window(self) -> tuple[n.Duration, n.Duration]:
        seconds = self.history.epoch_seconds or 1.0
        return span(seconds, "second"), span(seconds * self.random.choice((1, 2, 4)), "second")

    def _times(self) -> n.Times:
        if self.chance(0.5):
            return n.Times(None, span=NOWHERE)
        count = self.count()
        return n.Times(name(count) if isinstance(count, str) else number(count), span=NOWHERE)

    # ------------------------------------------------------------------------------- actions

    def _actions(self, sets: bool, *, may_stop: bool) -> tuple[n.Action, ...]:
        actions: list[n.Action] = []
        if sets:
            actions.append(self._rate())
        if self.chance(0.7) or not sets:
            actions.append(self._says())
        if self.chance(0.13):
            actions.append(self._counts())
        if self.chance(0.08):
            switch = name(self.variable("switch"))
            actions.append(n.Assign(switch, "=", self.condition(1), span=NOWHERE))
        if self.chance(0.15):
            actions.append(n.Wait(self.lasting(), span=NOWHERE))
        self.random.shuffle(actions)
        if may_stop and self.chance(0.05):
            why = self._text() if self.chance(0.5) else None
            actions.append(n.Stop(why, span=NOWHERE))
        return tuple(actions)

    def _rate(self) -> n.Assign:
        return self._rate_of(lambda: self.number(1))

    def _rate_of(self, some: Callable[[], n.Expr]) -> n.Assign:
        """A change of the rate, mostly by a constant."""
        op = self.random.choice((*_CHANGES, "*="))
        value = self.constant() if self.chance(0.7) else some()
        if op in ("+=", "-=") and self.chance(0.7):
            value = number(self.random.choice((0.001, 0.01, 0.1)))
        return n.Assign(name("lr"), op, value, span=NOWHERE)

    def _counts(self) -> n.Assign:
        op = self.random.choice(_CHANGES)
        value = number(1) if self.chance(0.4) else self.number(1)
        return n.Assign(name(self.variable("tally")), op, value, span=NOWHERE)

    def _says(self) -> n.Action:
        kind = n.Warn if self.chance(0.1) else n.Print
        return kind(self._text(), span=NOWHERE)

    def _text(self) -> n.Text:
        """A text with a number or two filled in."""
        filled = [self._filled() for _ in range(self.random.choice((1, 2)))]
        parts: list[str | n.Placeholder] = []
        for placeholder in filled:
            parts += [" " if parts else "at ", placeholder]
        return n.Text(tuple(parts), span=NOWHERE)

    def _filled(self) -> n.Placeholder:
        if self.chance(0.03):
            return n.Placeholder(name(self.param("text")), "", span=NOWHERE)
        if self.has_logs and self.chance(0.03):
            return n.Placeholder(self.random.choice(_LISTS), "", span=NOWHERE)
        if self.chance(0.03):
            return n.Placeholder(self.moment(), "", span=NOWHERE)
        if self.chance(0.05):
            whole = name(self.random.choice(("epoch", "step", "batch")))
            return n.Placeholder(whole, "03d", span=NOWHERE)
        spec = self.random.choice(_SPECS) if self.chance(0.15) else ""
        return n.Placeholder(self.number(2), spec, span=NOWHERE)


def _text(*filled: n.Placeholder) -> n.Text:
    """A text of nothing but what is filled in."""
    apart = [part for placeholder in filled for part in (" ", placeholder)]
    return n.Text(tuple(apart[1:]), span=NOWHERE)


def _share(hundredths: int) -> n.Duration:
    return n.Duration(percent(hundredths), None, span=NOWHERE)
