"""Runs rules over a past run: what they would have decided, and what that would have cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeGuard

from cbdsl.catalog.hooks import INTERRUPT
from cbdsl.catalog.metrics import Better, direction
from cbdsl.diagnostics import CbrError, did_you_mean
from cbdsl.plan import MetricPlan, Plan, RulePlan
from cbdsl.program import Program
from cbdsl.replaying.history import Run, Series, Unreadable
from cbdsl.runtime.record import Firing
from cbdsl.simulate import simulate
from cbdsl.syntax import nodes as n

MAX_EPOCHS_TOLD = 1000
"""How many epochs in which a rule fired are kept one by one."""

_RATES = ("learning_rate", "lr")
"""What the column with the learning rate is called."""

_RATE = 0.001


@dataclass(frozen=True)
class Fired:
    """How often a rule fired, and in which epochs, the first thousand of them."""

    rule: str
    place: str
    count: int
    epochs: tuple[int, ...]


@dataclass(frozen=True)
class Watched:
    """The metric by which a stop is judged.

    Attributes:
        name: the metric.
        best: its best value in the whole run, and
        best_epoch: the epoch it came in.
        kept: its best value up to the stop, and
        kept_epoch: the epoch it came in.
    """

    name: str
    best: float
    best_epoch: int
    kept: float
    kept_epoch: int

    @property
    def lost(self) -> float:
        """By how much the run got better behind the stop; 0 if it did not."""
        return 0.0 if self.best == self.kept else abs(self.best - self.kept)

    @property
    def lost_share(self) -> float:
        """The same as a part of the best value; inf where that is 0."""
        if not self.lost:
            return 0.0
        share = self.lost / abs(self.best) if self.best else math.inf
        return math.inf if math.isnan(share) else share


@dataclass(frozen=True)
class Decided:
    """What rules would have decided on a past run.

    Attributes:
        run: its name.
        epochs: how many it had.
        first_epoch: the number of the first of them.
        fired: the rules, in the order of the file.
        stopped: the epoch behind which training would have ended; None if it would not.
        stopper: the rule that would have ended it, and
        why: what it would have said.
        watched: the metric by which that is judged; None where the run has none.
        notes: what the reader and the replay have to say of the run.
    """

    run: str
    epochs: int
    first_epoch: int
    fired: tuple[Fired, ...]
    stopped: int | None
    stopper: str | None
    why: str | None
    watched: Watched | None
    notes: tuple[str, ...] = ()

    @property
    def saved(self) -> int:
        """How many epochs would not have been trained."""
        last = self.first_epoch + self.epochs - 1
        return 0 if self.stopped is None else last - self.stopped


def decide(program: Program, run: Run, metric: str | None = None) -> Decided:
    """What the rules of a program would have decided on a run.

    Args:
        program: the rules.
        run: what a training reported.
        metric: by which a stop is judged; without one what the rules that stop look at.

    Raises:
        Unreadable: the run lacks a metric that the rules ask for.
    """
    plan = program.plan
    if "lr" in run.series and "learning_rate" not in run.series:
        run = replace(run, series=run.series | {"learning_rate": run.series["lr"]})
    _must_have(plan, run)
    if metric is not None and metric not in run.series:
        raise Unreadable(f"it has no `{metric}`; {did_you_mean(metric, run.series)}".rstrip("; "))
    # Before its first epoch nothing is known of a run that begins in the midst.
    ahead = run.first_epoch - 1
    unknown: Series = [None] * ahead
    # What rules recorded then they record anew.
    own = (each for each in run.series.items() if each[0] not in plan.recorded)
    series = {name: unknown + values for name, values in own}
    rates = next((run.series[name] for name in _RATES if name in run.series), [])
    rate = next((r for r in rates if _is_rate(r)), None)
    try:
        done = simulate(
            plan,
            program.module,
            series,
            epochs=ahead + run.epochs,
            lr=_RATE if rate is None else rate,
            # Where rules change the rate, it is theirs from the first epoch on.
            known_rates=None if plan.sets_rate else unknown + _sound(rates),
        )
    except CbrError as e:
        (wrong,) = e.diagnostics
        raise Unreadable(f"{wrong.message}: {wrong.why}") from None
    firings = [f for f in done.record.firings if f.epoch > ahead or not ahead]
    stopped = done.record.stopped
    # After a stop before the first epoch Keras still trains that.
    end = done.epochs
    return Decided(
        run=run.name,
        epochs=run.epochs,
        first_epoch=run.first_epoch,
        fired=tuple(_fired(plan, firings, done.record.counts)),
        stopped=end if stopped else None,
        stopper=stopped.rule if stopped else None,
        why=_why(stopped),
        watched=_watched(program, run, metric, end),
        notes=(*run.notes, *_not_replayed(plan)),
    )


def _sound(rates: Series) -> Series:
    return [rate if _is_rate(rate) else None for rate in rates]


def _is_rate(rate: float | None) -> TypeGuard[float]:
    return rate is not None and math.isfinite(rate) and rate >= 0


def _fired(plan: Plan, firings: list[Firing], counts: dict[str, int]) -> list[Fired]:
    told: list[Fired] = []
    for named in plan.named:
        epochs = [firing.epoch for firing in firings if firing.key == named.key]
        count = max(len(epochs), counts.get(named.key, 0) if len(epochs) == MAX_EPOCHS_TOLD else 0)
        told.append(Fired(named.label, named.place, count, tuple(epochs)))
    return told


def _why(stopped: Firing | None) -> str | None:
    actions = stopped.actions if stopped else []
    return next((str(a.detail) for a in actions if a.verb == "stop" and a.detail), None)


def _must_have(plan: Plan, run: Run) -> None:
    """A metric that a run never had would be missing in every epoch, and no rule would fire."""
    has = set(run.series) | plan.expected | ({"learning_rate"} if plan.sets_rate else set())
    for name in asked(plan):
        if name not in has:
            near = did_you_mean(name, run.series)
            raise Unreadable(
                f"the rules ask for `{name}`, and it has {', '.join(sorted(run.series))}"
                + (f"; {near}" if near else ""),
                run.path,
            )


def asked(plan: Plan) -> list[str]:
    """The metrics that rules read at the ends of epochs and validations, and do not make."""
    names: list[str] = []
    for one in plan.classes:
        if isinstance(one, RulePlan) and (one.acts.is_batch or one.acts == INTERRUPT):
            continue
        prefix = _prefix(one)
        names += [prefix + name for name in one.reads if name not in plan.made]
    return list(dict.fromkeys(names))


def _prefix(one: RulePlan | MetricPlan) -> str:
    validates = isinstance(one, RulePlan) and one.acts.metrics == "validation"
    return "val_" if validates else ""


def _not_replayed(plan: Plan) -> list[str]:
    """Rules of which a history by epochs says nothing."""
    labels = [rule.named.label for rule in plan.rules if rule.acts.is_batch]
    predicts = [r.named.label for r in plan.rules if r.acts.name.startswith("predict")]
    answering = [rule.named.label for rule in plan.answering]
    timed = [r.named.label for r in plan.rules if r.gate and r.gate.counter == "time"]
    notes = []
    if labels:
        notes.append(f"{_listed(labels)}: a history has no batches, so nothing is known of them")
    if predicts:
        notes.append(f"{_listed(predicts)}: a history has no predictions")
    if answering:
        need = "needs" if len(answering) == 1 else "need"
        notes.append(f"{_listed(answering)}: {need} an interrupt, and a history has none")
    if plan.reads_clock and not timed:
        notes.append("a history has no times, so `elapsed` stays 0")
    return notes


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))


# ------------------------------------------------------------------------ what a stop costs


def _watched(program: Program, run: Run, metric: str | None, end: int) -> Watched | None:
    name = metric or _looked_at(program, run)
    if name is None or name not in run.series:
        return None
    better = program.directions.get(name) or direction(name)
    if better is None:
        return None
    pick: Callable[[float, float], bool] = _BETTER[better]
    values = [(e, v) for e, v in enumerate(run.series[name], run.first_epoch) if _is_number(v)]
    best = _best(values, pick)
    kept = _best([(e, v) for e, v in values if e <= end], pick)
    if best is None or kept is None:
        return None
    return Watched(name, best[1], best[0], kept[1], kept[0])


_BETTER: dict[Better, Callable[[float, float], bool]] = {
    "lower": lambda a, b: a < b,
    "higher": lambda a, b: a > b,
}


def _is_number(value: float | None) -> bool:
    return value is not None and value == value


def _best(
    values: list[tuple[int, float | None]], better: Callable[[float, float], bool]
) -> tuple[int, float] | None:
    best: tuple[int, float] | None = None
    for epoch, value in values:
        if value is not None and (best is None or better(value, best[1])):
            best = epoch, value
    return best


def _looked_at(program: Program, run: Run) -> str | None:
    """What the rules that stop training look at; else the loss of the validation, or the loss."""
    for rule in program.plan.rules:
        if any(isinstance(action, n.Stop) for action in rule.actions):
            prefix = _prefix(rule)
            for name in rule.reads:
                known = prefix + name in run.series
                if known and (program.directions.get(name) or direction(name)):
                    return prefix + name
    return next((name for name in ("val_loss", "loss") if name in run.series), None)
