"""The rules of a run once more over the epochs of its journal, handed on from edit to edit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from cbdsl.journal import Epoch
from cbdsl.loading import Members, Options, begin_late, handed_on, members
from cbdsl.plan import Plan
from cbdsl.program import Program
from cbdsl.runtime.arithmetic import float32
from cbdsl.simulate import Simulated, keras
from cbdsl.simulate.drive import Run, Silent
from cbdsl.simulate.seen import WholeRecord
from cbdsl.simulate.standin import Model, Variable
from cbdsl.syntax import nodes as n
from cbdsl.why.segments import Segment


class Again:
    """Runs the rules of a run once more, each over the epochs in which it was in force.

    As in the run itself, rules that stay keep what they remember when others take over, and so do
    variables; new ones begin afresh, and what is over does not happen again.

    Args:
        parts: of the run.
        programs: their rules, one program each.
        lr: the rate when training began.
        counts_batches: whether the batches are gone through, of which no metrics are known.

    Attributes:
        rates_differ: whether the rate was another one than the rules alone make it.
        differing: the metrics that rules made in the run, and that are others here.
    """

    def __init__(
        self, parts: Sequence[Segment], programs: Sequence[Program], lr: float, counts_batches: bool
    ) -> None:
        self.parts = parts
        self.programs = programs
        self.counts_batches = counts_batches
        self.effects = _Past(_times(parts))
        self.effects.record = WholeRecord()
        self.model = Model(lr)
        self.outside: dict[str, Variable] = {}
        self.rates_differ = False
        self.differing: set[str] = set()

    def done(self) -> Simulated:
        """What happened. Raises `CbrError` where a schedule does not fit the training."""
        who: Members | None = None
        for part, program in zip(self.parts, self.programs, strict=True):
            who = self._part(part, program, who)
        return Simulated(self.effects.record, [], [], [], self.effects.probes)

    def _part(self, part: Segment, program: Program, before: Members | None) -> Members:
        plan = program.plan
        outside = {name: self.outside.setdefault(name, Variable()) for name in plan.outside}
        who = members(plan, program.probed, Options(outside=outside), keras=keras)
        size = part.batches or 0 if self.counts_batches else 0
        planned = max(part.planned or 0, part.last)
        run = Run(who, self.model, self.effects, planned, size, plan.sets_rate, 1.0)
        if before is None:
            run.begin_training(plan)
        else:
            self._go_on(run, plan, before.state())
        for epoch in part.epochs:
            self._epoch(run, plan, epoch)
        if part is self.parts[-1]:
            run.call("on_train_end", _logs(part.epochs[-1]) if part.epochs else {})
        return who

    def _go_on(self, run: Run, plan: Plan, state: Mapping[str, Any]) -> None:
        """Other rules take over: they go on with what was remembered."""
        for member in run.members.own:
            begin_late(member)
        run.members.take_up(handed_on(state, plan), elapsed=self.effects.elapsed(None))

    def _epoch(self, run: Run, plan: Plan, epoch: Epoch) -> None:
        index, optimizer, made = epoch.epoch - 1, self.model.optimizer, _made(plan)
        if _is_rate(epoch.lr) and not plan.sets_rate:
            optimizer.learning_rate = epoch.lr
        self.model.stop_training = False
        run.begin(index)
        if epoch.lr is not None and not is_same(epoch.lr, optimizer.learning_rate):
            self.rates_differ = True
        logs = _logs(epoch)
        given = {name: value for name, value in logs.items() if name not in made}
        ended = run.epoch(index, given, [{} for _ in range(run.batches)])
        self.differing |= {
            name for name in made & logs.keys() if not is_same(logs[name], ended.get(name))
        }


class _Past(Silent):
    """Rules see the times of the run, and nothing that they do ends it.

    Args:
        times: the time in training, in seconds, after so many epochs.
    """

    def __init__(self, times: Sequence[float]) -> None:
        super().__init__()
        self.times = times

    def elapsed(self, rule: Any) -> float:
        whole = min(int(self.now), len(self.times) - 1)
        before, behind = self.times[whole], self.times[min(whole + 1, len(self.times) - 1)]
        return before + (self.now - whole) * (behind - before)

    def stop(self, rule: Any, why: str | None) -> None:
        pass


def _times(parts: Sequence[Segment]) -> list[float]:
    """The time in training after so many epochs."""
    told = [0.0]
    for part in parts:
        for epoch in part.epochs:
            told += [told[-1]] * (epoch.epoch - len(told)) + [epoch.time]
    return told


def _logs(epoch: Epoch) -> dict[str, float]:
    """The numbers in the logs of an epoch, of 32 bits as those of Keras."""
    logs = epoch.logs.items()
    return {name: float32(value) for name, value in logs if isinstance(value, int | float)}


def _made(plan: Plan) -> set[str]:
    """The metrics that rules make at an epoch's end, and make here once more."""
    recorded = {
        action.metric.name
        for rule in plan.rules
        if rule.acts.name == "epoch_end"
        for action in rule.actions
        if isinstance(action, n.Record)
    }
    return recorded.union(metric.metric for metric in plan.metrics)


def is_same(value: Any, other: Any) -> bool:
    """Whether two values are the same, as 32-bit numbers are; None is a missing one."""
    if not isinstance(value, int | float) or not isinstance(other, int | float):
        return bool(value == other)
    return math.isclose(value, other, rel_tol=1e-5) or (value != value and other != other)


def _is_rate(rate: float | None) -> TypeGuard[float]:
    return rate is not None and math.isfinite(rate) and rate >= 0


def first_rate(lr: float | None, parts: Sequence[Segment]) -> float:
    """The rate when training began, as far as that is known."""
    rates = (lr, *(epoch.lr for part in parts for epoch in part.epochs))
    return next((rate for rate in rates if _is_rate(rate)), 0.001)
