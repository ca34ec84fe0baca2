"""An independent reading of the language: what the rules of a file do, given a whole history.

Written from the language page alone, for the tests to compare the compiled rules with. It shares
no code with cbdsl but the tree of a file, and keeps nothing up to date: see reference_looks.py for
how series, clocks and predicates are worked out from all the events that there were.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import reference_numbers as num
from reference_expressions import Reader, remembers
from reference_plan import Moment, Now, Plan, Value

from cbdsl.syntax import nodes as n

Series = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class History:
    """A training: what it reports, how long it is, and how it begins.

    `series` have a value an epoch, `batch_series` a value a batch, the same in every epoch. An
    epoch has `batches` (0: nobody knows) and takes `epoch_seconds`. An `interrupt` is answered at
    the end of an epoch, or of a batch in it.
    """

    epochs: int
    series: Series
    batches: int = 0
    batch_series: Series = field(default_factory=dict)
    lr: float = 0.001
    epoch_seconds: float = 0.0
    params: Mapping[str, float | bool | str] = field(default_factory=dict)
    interrupt: tuple[int, int | None] | None = None


@dataclass(frozen=True)
class Firing:
    """A rule fired: its place among the rules of the file, when, and the texts of its actions.

    A text is None for an action that has none.
    """

    rule: int
    epoch: int
    texts: tuple[str | None, ...]


@dataclass
class Outcome:
    """What happened."""

    firings: list[Firing] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    """The rate each epoch was trained with."""
    derived: dict[str, list[float]] = field(default_factory=dict)
    """The values of the derived metrics, one an epoch."""


def run(file: n.File, history: History) -> Outcome:
    """What the rules of a file do in a training."""
    return _Training(file, history).run()


class _Training:
    """Calls every rule at every event, in the order of the training and then of the file."""

    def __init__(self, file: n.File, history: History) -> None:
        self.history = history
        self.plan = Plan(
            params={p.name.name: p.value for p in file.params},
            given=history.params,
            directions={d.metric.name: d.better for d in file.directions},
            epochs=history.epochs,
            batches=history.batches,
        )
        variables = {let.name.name: let.value.value for let in file.lets}
        self.now = Now(num.float32(history.lr), variables)
        self.derived = [(m.name.name, m.value) for m in file.metrics]
        self.readers = [Reader(self.plan, self.now, [value]) for _, value in self.derived]
        self.limits = [self._limit(limit) for limit in file.limits]
        self.rules = [_RuleRun(self, index, rule) for index, rule in enumerate(file.rules)]
        self.outcome = Outcome(derived={name: [] for name, _ in self.derived})
        self.stopped = False
        self.known: dict[str, float] = {}
        self.last_epoch: dict[str, float] = {}
        self.known_of_epochs: dict[str, float] = {}

    def _limit(self, limit: n.Limit) -> tuple[float, float]:
        reader = Reader(self.plan, self.now, [])
        nowhen = Moment("", 0, 0, 0, 0.0, 0.0, {})
        low, high = reader.read(limit.low, nowhen), reader.read(limit.high, nowhen)
        assert isinstance(low, float | int)
        assert isinstance(high, float | int)
        return low, high

    def run(self) -> Outcome:
        epochs = self.history.epochs
        self.call("train_begin", 0, 0, 0, 0.0, {})
        done = epoch = 0
        for epoch in range(1, epochs + 1):
            done = self.epoch(epoch)
            if self.stopped:
                break
        elapsed = epoch * self.history.epoch_seconds
        self.call("train_end", epoch, done, done, elapsed, self.known_of_epochs)
        return self.outcome

    def epoch(self, epoch: int) -> int:
        """One epoch; how many batches it had."""
        seconds, size = self.history.epoch_seconds, self.history.batches
        start = (epoch - 1) * seconds
        begins = self.moment("epoch_begin", epoch, 0, 0, start, self.known_of_epochs)
        for rule in self.rules:
            if rule.is_schedule:
                rule.act(begins)
        self.now.rate = num.float32(self.now.rate)
        self.call("epoch_begin", epoch, 0, 0, start, self.known_of_epochs)
        self.outcome.rates.append(self.now.rate)
        done = 0
        for batch in range(1, size + 1):
            before = (epoch - 1 + (batch - 1) / size) * seconds
            self.call("batch_begin", epoch, batch, batch - 1, before, self.known)
            done = batch
            metrics = _values(self.history.batch_series, batch - 1)
            after = (epoch - 1 + batch / size) * seconds
            if self.history.interrupt == (epoch, batch):
                # It knows of the batch that has ended, and comes before what others do then.
                self.call("interrupt", epoch, batch, batch, after, self.known | metrics)
            self.call("batch_end", epoch, batch, batch, after, metrics)
            self.known |= metrics
            if self.stopped:
                break
        metrics = _values(self.history.series, epoch - 1)
        passed = epoch - 1 + (done / size if size else 0)
        self.validate(epoch, done, passed * seconds, metrics)
        if self.history.interrupt == (epoch, None):
            self.call("interrupt", epoch, done, done, epoch * seconds, self.known)
        if any(any(rule.sets_rate) for rule in self.rules):
            metrics["learning_rate"] = self.now.rate  # by Keras's scheduler
        for (name, value), reader in zip(self.derived, self.readers, strict=True):
            at = self.moment("epoch_end", epoch, done, done, epoch * seconds, metrics)
            reader.feed(at)
            found = reader.read(value, at)
            metrics[name] = math.nan if found is None else num.float32(_number(found))
            self.outcome.derived[name].append(metrics[name])
        self.last_epoch = metrics
        self.call("epoch_end", epoch, done, done, epoch * seconds, metrics)
        self.known |= metrics
        self.known_of_epochs |= metrics
        return done

    def validate(self, epoch: int, done: int, elapsed: float, metrics: dict[str, float]) -> None:
        """A validation of one batch, if the epoch has one."""
        inside = {k.removeprefix("val_"): v for k, v in metrics.items() if k.startswith("val_")}
        if inside:
            self.call("test_begin", epoch, done, done, elapsed, self.known)
            self.call("test_batch_begin", epoch, 1, done, elapsed, self.known)
            self.call("test_batch_end", epoch, 1, done, elapsed, inside)
            self.call("test_end", epoch, done, done, elapsed, inside)

    def call(
        self,
        hook: str,
        epoch: int,
        batch: int,
        done: int,
        elapsed: float,
        metrics: Mapping[str, float],
    ) -> None:
        """An event: rules act in the order of the file."""
        at = self.moment(hook, epoch, batch, done, elapsed, metrics)
        for rule in self.rules:
            if not rule.is_schedule:
                rule.event(at)

    def moment(
        self,
        hook: str,
        epoch: int,
        batch: int,
        done: int,
        elapsed: float,
        metrics: Mapping[str, float],
    ) -> Moment:
        """An event of an epoch of which `done` batches are done; `batch` is its number."""
        epochs, size = self.history.epochs, self.history.batches
        step = (epoch - 1) * size + (batch if hook == "batch_begin" else done) if epoch else 0
        if hook in ("epoch_end", "train_end"):
            progress = epoch / epochs
        elif hook == "train_begin":
            progress = 0.0
        else:
            progress = (epoch - 1 + (done / size if size else 0)) / epochs
        return Moment(hook, epoch, batch, step, elapsed, progress, dict(metrics))


def _values(series: Series, index: int) -> dict[str, float]:
    """The metrics of one event, as the 32-bit numbers of Keras."""
    values = {name: s[index] for name, s in series.items() if index < len(s)}
    return {name: num.float32(value) for name, value in values.items() if value is not None}


class _RuleRun:
    """One rule in one training."""

    def __init__(self, training: _Training, index: int, rule: n.Rule) -> None:
        self.training = training
        self.plan = training.plan
        self.now = training.now
        self.index = index
        self.rule = rule
        expressions = list(n.expressions(rule))
        self.reader = Reader(self.plan, self.now, expressions)
        self.sets_rate = [isinstance(a, n.Assign) and a.target.name == "lr" for a in rule.actions]
        self.acts_at = self._acts_at()
        of_batches = "batch" in self.acts_at or self.acts_at == "test_end"
        self.fed_at = self.acts_at if of_batches else "epoch_end"
        self.is_schedule = self._is_schedule(expressions)
        self.firings = 0
        self.fired: Moment | None = None
        self.failures = [0] * len(rule.actions)
        self.last_batch_end = 0.0

    # --------------------------------------------------------------------------- what it is

    def _acts_at(self) -> str:
        """The hook: settings act at the start, everything else at the end."""
        trigger = self.rule.trigger
        if isinstance(trigger, n.On):
            return trigger.hook
        unit = trigger.period.unit if isinstance(trigger, n.Every) else trigger.unit
        if isinstance(trigger, n.Every):
            _, unit = self.plan.span(trigger.period)
        if unit == "second":
            return "batch_end"
        return f"{unit}_{'begin' if any(self.sets_rate) else 'end'}"

    def _is_schedule(self, expressions: list[n.Expr]) -> bool:
        """Whether it is a function of the epoch and the rate, which goes first."""
        rule = self.rule
        if isinstance(rule.trigger, n.On) or self.acts_at != "epoch_begin" or rule.times:
            return False
        if self.sets_rate != [True]:
            return False
        if any(unit != "epoch" for _, unit in self._bounds()):
            return False
        parts = [part for expr in expressions for part in n.walk(expr)]
        return all(
            part.name in ("epoch", "epochs", "lr", *self.plan.params) and not part.quoted
            for part in parts
            if isinstance(part, n.Name)
        ) and not any(map(remembers, parts))

    # ------------------------------------------------------------------------------- events

    def event(self, at: Moment) -> None:
        if at.hook == self.fed_at and self._in_window(at):
            self.reader.feed(at)
            if self._waits(at):
                self.reader.restart()
        if at.hook == self.acts_at:
            self.act(at)
        if at.hook == "batch_end":
            self.last_batch_end = at.elapsed

    def act(self, at: Moment) -> None:
        """Fires, if the trigger names this event and nothing holds the rule back."""
        if not self._named(at) or not self._in_window(at) or self._used_up() or self._waits(at):
            return
        seen = self._seen(at)
        condition = self.rule.condition
        if condition is None or self.reader.read(condition.test, seen) is True:
            self._fire(seen)

    def _seen(self, at: Moment) -> Moment:
        """A setting at the start of an epoch sees the metrics of the last one finished."""
        if isinstance(self.rule.trigger, n.On) or at.hook != "epoch_begin":
            return at
        return replace(at, metrics=self.training.last_epoch)

    # -------------------------------------------------------------------------------- gates

    def _named(self, at: Moment) -> bool:
        """Whether the trigger names this event."""
        trigger = self.rule.trigger
        match trigger:
            case n.On() | n.Each():
                return True
            case n.Every():
                return self._is_due(at, *self.plan.span(trigger.period))
            case n.At():
                return any(self._is_at(at, p, trigger.unit) for p in trigger.positions)

    def _is_due(self, at: Moment, period: float, unit: str) -> bool:
        """Whether so many more are completed at this event."""
        if unit == "second":
            return at.elapsed // period > self.last_batch_end // period
        running = at.epoch if unit == "epoch" else at.step
        done = running - 1 if at.hook.endswith("_begin") else running
        return done > 0 and done % period == 0

    def _is_at(self, at: Moment, position: n.Number | n.Name, unit: str) -> bool:
        share = self.plan.share(position)
        if share is None:
            return (at.epoch if unit == "epoch" else at.step) == self.plan.number(position)
        if at.hook == "epoch_begin":
            return at.epoch - 1 <= share < at.epoch
        return at.epoch >= share and (at.epoch == 1 or at.epoch - 1 < share)

    def _in_window(self, at: Moment) -> bool:
        window = self.rule.window
        if window is None:
            return True
        bounds = self._bounds()
        if window.kind == "after":
            ((start, unit),) = bounds
            return at.count(unit) > start
        end, unit = bounds[-1]
        if at.count(unit) > end:
            return False
        start, unit = bounds[0]
        return window.kind == "until" or at.count(unit) >= start

    def _bounds(self) -> list[tuple[float, str]]:
        """The ends of the window, as numbers and units; exact fractions of the planned epochs."""
        window = self.rule.window
        if window is None:
            return []
        return [self._bound(b) for b in (window.start, window.end) if b is not None]

    def _bound(self, bound: n.Duration) -> tuple[float, str]:
        if bound.unit is not None:
            return self.plan.span(bound)
        share = self.plan.share(bound.count)
        if share is not None:
            return share, "epoch"  # type: ignore[return-value]
        if isinstance(bound.count, n.Name):
            literal = self.plan.params[bound.count.name]
            if isinstance(literal, n.Duration):
                return self.plan.span(bound)
        return self.plan.number(bound.count), "epoch"

    def _used_up(self) -> bool:
        times = self.rule.times
        if times is None:
            return False
        return self.firings >= (1 if times.count is None else self.plan.number(times.count))

    def _waits(self, at: Moment) -> bool:
        """Whether the rule rests since it fired."""
        if self.fired is None:
            return False
        for action in self.rule.actions:
            if isinstance(action, n.Wait):
                amount, unit = self.plan.span(action.duration)
                now, until = at.count(unit), self.fired.count(unit) + amount
                return now < until if unit == "second" else now <= until
        return False

    # ------------------------------------------------------------------------------ actions

    def _fire(self, at: Moment) -> None:
        self.firings += 1
        texts = tuple(self._do(i, action, at) for i, action in enumerate(self.rule.actions))
        self.reader.restart()
        self.fired = at
        firing = Firing(self.index, at.epoch, texts)
        self.training.outcome.firings.append(firing)

    def _do(self, place: int, action: n.Action, at: Moment) -> str | None:
        match action:
            case n.Print() | n.Warn():
                return self.reader.text(action.text, at)
            case n.Stop():
                self.training.stopped = True
                return None if action.why is None else self.reader.text(action.why, at)
            case n.Assign() if self.failures[place] < 10:
                done = self._assign(action, at)
                self.failures[place] = 0 if done else self.failures[place] + 1
        return None

    def _assign(self, action: n.Assign, at: Moment) -> bool:
        """Sets the rate or a variable; whether there was something to set it to."""
        name = action.target.name
        value = self.reader.read(action.value, at)
        if value is None:
            return False
        if isinstance(value, bool):
            self.now.variables[name] = value
            return True
        old = self.now.rate if name == "lr" else self.now.variables[name]
        new = _number(value)
        if action.op != "=":
            new = num.OPERATORS[action.op[0]](old, new)
        if name == "lr":
            return self._set_rate(new)
        if math.isfinite(new):
            self.now.variables[name] = new
        return math.isfinite(new)

    def _set_rate(self, rate: float) -> bool:
        """Sets the rate within its limits and not below 0; whether that is a finite number."""
        for low, high in self.training.limits:
            rate = num.smallest(num.largest(rate, low), high)
        stored = num.float32(rate)
        if math.isfinite(stored):
            self.now.rate = max(stored, 0.0)
        return math.isfinite(stored)


def _number(value: Value) -> float:
    assert isinstance(value, float | int)
    return float(value)
