"""Calls the hooks in Keras's order, with given numbers for the metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cbdsl.codegen import GeneratedModule
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.loading import Members, Options, members
from cbdsl.plan import Plan
from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.keras_model import set_setting
from cbdsl.runtime.record import Record, Recording
from cbdsl.simulate.standin import Model, Variable, keras

Series = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Simulated:
    """What happened: the record, and the rate each epoch was trained with.

    Attributes:
        record: what fired and was done.
        rates: the rate that each epoch began with.
        held: what else rules set, at the beginning of each epoch: settings as `optimizer.NAME`, and
            the caller's variables.
    """

    record: Record
    rates: list[float]
    held: list[dict[str, float | None]]
    logs: list[dict[str, float]]
    """The metrics of each epoch's end, derived ones too."""
    probes: list[Probe] = field(default_factory=list)
    """What the parts of conditions were, if the module tells."""

    @property
    def epochs(self) -> int:
        """How many epochs ran."""
        return len(self.rates)


@dataclass(frozen=True)
class Probe:
    """What a rule's condition was at one event.

    Attributes:
        rule: the rule's key.
        asked: whether the rule's trigger and window named the event.
        values: the metrics and series that the condition is about.
        parts: for each part of it, joined by `and`, `or` and `not`: true, false or not known.
        sides: for each part the numbers that decide it: the sides of a comparison, or how long
            something has lasted and how long it must; none where it is of another kind.
    """

    rule: str
    epoch: int
    batch: int | None
    asked: bool
    values: dict[str, float | None]
    parts: tuple[bool | None, ...]
    sides: tuple[tuple[float | None, ...], ...] = ()


class Silent(Recording):
    """Records what rules do, and leaves terminal, disk and clock alone."""

    def __init__(self) -> None:
        super().__init__()
        self.probes: list[Probe] = []

    def probe(
        self,
        rule: Any,
        asked: bool,
        values: dict[str, float | None],
        parts: list[tuple[bool, bool]],
        sides: list[tuple[float | None, ...]],
    ) -> None:
        """What each part of a condition is: whether it is true, and whether it is false."""
        known = tuple(True if holds else False if fails else None for holds, fails in parts)
        place = rule.epoch, self.batch
        self.probes.append(Probe(rule.key, *place, bool(asked), values, known, tuple(sides)))

    now = 0.0
    """The time in training, in seconds."""

    def elapsed(self, rule: Any) -> float:
        return self.now

    # A run is looked at when it is over.
    summarized = True

    def print(self, rule: Any, message: str) -> None:
        pass

    def warn(self, rule: Any, message: str) -> None:
        pass

    def save(self, rule: Any, path: str) -> None:
        pass

    def remove(self, rule: Any, path: str) -> None:
        pass

    def reach(self, action: Callable[..., Any], *args: Any) -> Any:
        """Nothing is outside of a simulation; settings are those of its optimizer."""
        if action is set_setting:
            model, name, value = args
            setattr(model.optimizer, name, float32(value))

    def ended(self, error: Exception) -> None:
        pass


def simulate(
    plan: Plan,
    module: GeneratedModule,
    series: Series,
    *,
    epochs: int | None = None,
    batches: int | None = None,
    batch_series: Series | None = None,
    lr: float = 0.001,
    given: Mapping[str, float] | None = None,
    epoch_seconds: float = 0.0,
    known_rates: Sequence[float | None] | None = None,
    trained: int | None = None,
    interrupt: tuple[int, int | None] | None = None,
    effects: Silent | None = None,
) -> Simulated:
    """Run a program over given metrics.

    Args:
        plan: the program's plan.
        module: its generated source.
        series: a value an epoch for each metric, None where it is missing.
        epochs: how many are planned; as many as the longest series has values unless said.
        batches: how many batches an epoch has; as many as the longest batch series, else none.
        batch_series: a value a batch for each metric, the same in every epoch.
        lr: the rate when training begins.
        given: what else rules can set, when training begins: settings as `optimizer.NAME`, and the
            caller's variables. What is not given is missing.
        epoch_seconds: how long an epoch takes; its batches take equal parts of it.
        known_rates: the rate that each epoch begins with, where that is known.
        trained: how many epochs are trained of those that are planned; all unless said.
        interrupt: the epoch at whose end an interrupt is answered, counted from 1; with a batch of
            it, at that batch's end.
        effects: what rules act by, if not the usual ones, which only keep the record.
    """
    effects = Silent() if effects is None else effects
    batch_series = batch_series or {}
    longest = max((len(values) for values in series.values()), default=0)
    planned = longest if epochs is None else epochs
    size = max((len(v) for v in batch_series.values()), default=0) if batches is None else batches
    given = given or {}
    outside = {name: Variable(given.get(name)) for name in plan.outside}
    settings = {n.removeprefix(_SETTING): v for n, v in given.items() if n.startswith(_SETTING)}
    who = members(plan, module, Options(outside=outside), keras=keras)
    run = Run(who, Model(lr, settings), effects, planned, size, plan.sets_rate, epoch_seconds)
    run.interrupt, run.answers_last = interrupt, plan.answers_last
    asked = {f"{_SETTING}{name}" for name in plan.settings}.union(given).union(outside)
    held: list[dict[str, float | None]] = []
    rates: list[float] = []
    logged: list[dict[str, float]] = []
    run.begin_training(plan)
    logs: dict[str, float] = {}
    for epoch in range(planned if trained is None else trained):
        logs = _at(series, epoch)
        known = known_rates[epoch] if known_rates and epoch < len(known_rates) else None
        if known is not None:
            run.model.optimizer.learning_rate = known
        run.begin(epoch)
        rates.append(run.model.optimizer.learning_rate)
        held.append({name: _value(name, run.model, outside) for name in asked})
        ended = run.epoch(epoch, logs, [_at(batch_series, b) for b in range(size)])
        logged.append(ended)
        # Asked only here: after a stop before it, Keras still trains one batch.
        if run.model.stop_training:
            break
    run.call("on_train_end", dict(logs))
    return Simulated(effects.record, rates, held, logged, effects.probes)


class Run:
    """A training that is gone through, hook by hook in Keras's order."""

    interrupt: tuple[int, int | None] | None = None
    """Where an interrupt is answered: the epoch, counted from 1, and the batch if it is one."""
    answers_last = False

    def __init__(
        self,
        who: Members,
        model: Model,
        effects: Silent,
        epochs: int,
        batches: int,
        sets_rate: bool,
        epoch_seconds: float,
    ) -> None:
        self.effects = effects
        self.epoch_seconds = epoch_seconds
        self.members = who
        self.model = model
        self.epochs = epochs
        self.batches = batches
        self.sets_rate = sets_rate
        params = {"verbose": 0, "epochs": epochs, "steps": batches or None}
        who.act_by(effects)
        for member in who.own:
            member.params, member.model = params, model

    def call(self, method: str, *args: Any) -> None:
        for member in self.members.callbacks:
            self._call(member, method, *args)

    def ended(self, method: str, epoch: int, *args: Any) -> None:
        """The end of an epoch, counted from 0, or of the batch that runs in it."""
        if self.interrupt != (epoch + 1, self.effects.batch):
            self.call(method, *args)
            return
        for member, each in self.members.interrupted(method, last=self.answers_last):
            self._call(member, each, *(args if each == method else ()))

    def _call(self, member: Any, method: str, *args: Any) -> None:
        hook = getattr(member, method, None)
        if hook is not None:
            hook(*args)

    def begin_training(self, plan: Plan) -> None:
        """The beginning; raises `CbrError` where a schedule has no place in it."""
        blocks = {block.named.key: block.named.span for block in plan.blocks}
        sizeless = {b.named.key for b in plan.blocks if b.by_batch and not b.spans_batches}
        for member in self.members.own:
            if not self.batches and member.key in sizeless:
                # What it says at an epoch's beginning is the same for any number of batches.
                member.params = member.params | {"steps": 1}
            try:
                self._call(member, "on_train_begin")
            except ValueError as problem:
                if member.key not in blocks:
                    raise
                message = "this schedule does not fit the training"
                span = blocks[member.key]
                help = "" if self.batches else "say how many: `given batches: 100`, `--batches 100`"
                wrong = Diagnostic("CBR501", message, plan.source, span, str(problem), help)
                raise CbrError([wrong]) from problem

    def begin(self, epoch: int) -> None:
        """The beginning of an epoch."""
        optimizer = self.model.optimizer
        self._clock(epoch)
        optimizer.learning_rate = self.members.rate(epoch, optimizer.learning_rate, self.epochs)
        self.call("on_epoch_begin", epoch, {})

    def epoch(
        self, epoch: int, logs: dict[str, float], batches: list[dict[str, float]]
    ) -> dict[str, float]:
        """What follows in an epoch; returns its metrics with the derived ones."""
        for batch, batch_logs in enumerate(batches):
            self.effects.batch = batch + 1
            self._clock(epoch + batch / len(batches))
            self.call("on_train_batch_begin", batch, {})
            self._clock(epoch + (batch + 1) / len(batches))
            self.ended("on_train_batch_end", epoch, batch, dict(batch_logs))
            if self.model.stop_training:
                break
        self.effects.batch = None
        validation = {n.removeprefix("val_"): v for n, v in logs.items() if n.startswith("val_")}
        if validation:
            self.call("on_test_begin")
            # As a validation of one batch.
            self.call("on_test_batch_begin", 0, {})
            self.call("on_test_batch_end", 0, dict(validation))
            self.call("on_test_end", dict(validation))
        self._clock(epoch + 1)
        # What Keras's scheduler, which stands before the rules, puts there.
        rate = self.model.optimizer.learning_rate
        ended = logs | ({"learning_rate": rate} if self.sets_rate else {})
        self.ended("on_epoch_end", epoch, epoch, ended)
        return ended

    def _clock(self, epochs: float) -> None:
        """That so many epochs are done."""
        self.effects.now = epochs * self.epoch_seconds


_SETTING = "optimizer."


def _value(name: str, model: Model, outside: Mapping[str, Variable]) -> float | None:
    """What something is that rules can set."""
    if name in outside:
        return outside[name].numpy()
    return getattr(model.optimizer, name.removeprefix(_SETTING), None)


def _at(series: Series, index: int) -> dict[str, float]:
    """The values of one event, as the 32-bit numbers that Keras would give."""
    values = {name: s[index] for name, s in series.items() if index < len(s)}
    return {name: float32(value) for name, value in values.items() if value is not None}
