"""Runs the rules of a run once more over the epochs of its journal, to see what they saw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from cbdsl.diagnostics import CbrError
from cbdsl.journal import Journal
from cbdsl.plan import Plan, RulePlan
from cbdsl.plan.model import Schedule
from cbdsl.program import Program
from cbdsl.simulate import Simulated, simulate
from cbdsl.simulate.drive import Silent
from cbdsl.simulate.seen import Seen, WholeRecord, seen_rules
from cbdsl.syntax import nodes as n
from cbdsl.syntax import read_source

MOST_BATCHES = 100_000
"""How many batches are gone through; of more, rules that count them are not known."""

MOST_EPOCHS = 100_000
"""Over how many epochs rules are run once more: more of them, or an epoch 0, nobody trained."""


class Replayed:
    """What the rules of a journal saw, as far as its epochs tell.

    Args:
        journal: of the run.
        source: the text of its rules.

    Attributes:
        program: the rules; None where this version of cbdsl cannot compile them.
        seen: what each of them saw, by its key; nothing where the epochs cannot be gone through.
    """

    def __init__(self, journal: Journal, source: str) -> None:
        self.journal = journal
        self.program = _compiled(journal, source)
        self.born = {rule.key: 1 for rule in journal.rules}
        for change in journal.changes:
            self.born |= dict.fromkeys(change.difference.new, change.epoch)
        self.last = max((epoch.epoch for epoch in journal.epochs), default=0)
        batches = journal.header.batches or 0
        self.counts_batches = 0 < batches * self.last <= MOST_BATCHES
        self.seen: dict[str, Seen] = {}
        self.rates_differ = False
        self.has_numbers = all(0 < epoch.epoch <= MOST_EPOCHS for epoch in journal.epochs)
        """Whether the epochs have numbers such as those of a training."""
        if self.program is not None and self.has_numbers:
            try:
                self._look(self.program)
            except CbrError:
                # A schedule that does not fit: the journal is not of these rules.
                self.seen = {}

    def _look(self, program: Program) -> None:
        """Look once for each epoch in which rules were born: before it they saw nothing."""
        for born in sorted(set(self.born.values())):
            done = self._simulated(program, born)
            for seen in seen_rules(program.plan, done):
                if self.born.get(seen.named.key, 1) == born:
                    self.seen[seen.named.key] = seen
            if born == 1:
                self.rates_differ = self._differs(done.rates)

    def _simulated(self, program: Program, born: int) -> Simulated:
        journal, plan = self.journal, program.plan
        series: dict[str, list[float | None]] = {}
        rates: list[float | None] = [None] * self.last
        for epoch in journal.epochs:
            rates[epoch.epoch - 1] = epoch.lr
            if epoch.epoch >= born:
                for name, value in epoch.logs.items():
                    if isinstance(value, int | float):
                        series.setdefault(name, [None] * self.last)[epoch.epoch - 1] = value
        known = (rate for rate in (journal.header.lr, *rates) if _is_rate(rate))
        effects = _Past([0.0, *self._times()])
        effects.record = WholeRecord()
        return simulate(
            plan,
            program.probed,
            series,
            epochs=max(journal.planned or 0, self.last),
            batches=journal.header.batches if self.counts_batches else 0,
            lr=next(known, 0.001),
            epoch_seconds=1.0,
            known_rates=None if plan.sets_rate else [r if _is_rate(r) else None for r in rates],
            trained=self.last,
            effects=effects,
        )

    def _times(self) -> list[float]:
        """The time in training at each epoch's end."""
        times = {epoch.epoch: epoch.time for epoch in self.journal.epochs}
        told: list[float] = []
        for epoch in range(1, self.last + 1):
            told.append(times.get(epoch, told[-1] if told else 0.0))
        return told

    def _differs(self, rates: list[float]) -> bool:
        """Whether the rate was another one than the rules alone make it."""
        known = {epoch.epoch: epoch.lr for epoch in self.journal.epochs}
        return any(
            rate is not None and not math.isclose(rate, rates[epoch - 1], rel_tol=1e-5)
            for epoch, rate in known.items()
        )

    def doubt(self, key: str) -> str:
        """Why what a rule saw cannot be told from the epochs alone; empty where it can."""
        seen = self.seen[key]
        parts = n.walk(seen.rule.condition) if seen.rule.condition is not None else ()
        names = {part.name for part in parts if isinstance(part, n.Name) and not part.quoted}
        assert self.program is not None
        plan = self.program.plan
        if any(isinstance(part, n.Setting) for part in parts):
            return "a journal does not hold the settings of the optimizer"
        if held := sorted(names.intersection(plan.outside)):
            return f"a journal does not hold the variable `{held[0]}`"
        if names & {"batch", "batches", "step", "steps"} and not self.counts_batches:
            return "it counts batches, and the journal does not tell how many there were"
        if "lr" in names and self.rates_differ:
            return "the learning rate was changed in ways that the epochs do not tell"
        if changed := sorted(n for n in names if self._is_lost(plan, n)):
            return f"the epochs do not tell what the variable `{changed[0]}` was"
        if [p for p in seen.fired if p[1] is None] != self._fired(key):
            return "the epochs alone do not tell what it saw"
        return ""

    def _fired(self, key: str) -> list[tuple[int, None]]:
        """Where the journal says that it fired, but for batches."""
        firings = self.journal.firings
        return [(f.epoch, None) for f in firings if f.key == key and f.batch is None]

    def _is_lost(self, plan: Plan, variable: str) -> bool:
        """Whether a variable was set by a rule that fired otherwise than it does here."""
        return variable in plan.variables and any(
            _sets(rule, variable)
            and (rule.acts.is_batch or [*self.seen[rule.named.key].fired] != self._fired(key))
            for rule in plan.rules
            if (key := rule.named.key) in self.seen
        )


class _Past(Silent):
    """Rules see the times of the run, and nothing that they do ends it.

    Args:
        times: the time in training, in seconds, after so many epochs.
    """

    def __init__(self, times: list[float]) -> None:
        super().__init__()
        self.times = times

    def elapsed(self, rule: Any) -> float:
        whole = min(int(self.now), len(self.times) - 1)
        before, behind = self.times[whole], self.times[min(whole + 1, len(self.times) - 1)]
        return before + (self.now - whole) * (behind - before)

    def stop(self, rule: Any, why: str | None) -> None:
        pass


def _compiled(journal: Journal, source: str) -> Program | None:
    params: Mapping[str, Any] = journal.params
    try:
        return Program(read_source(source, "rules.cbr"), params=params)
    except CbrError:
        return None


def _is_rate(rate: float | None) -> TypeGuard[float]:
    return rate is not None and math.isfinite(rate) and rate >= 0


def _sets(rule: RulePlan | Schedule, variable: str) -> bool:
    actions = rule.actions if isinstance(rule, RulePlan) else (rule.action,)
    targets = [action.target for action in actions if isinstance(action, n.Assign)]
    return any(isinstance(t, n.Name) and not t.quoted and t.name == variable for t in targets)
