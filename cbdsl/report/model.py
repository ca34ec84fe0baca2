"""What a page shows of a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cbdsl.journal import End, Firing
from cbdsl.report import words

Value = float | None
"""A metric's value; None where the logs did not hold it."""

TURNS = frozenset(
    ["stop", "fail", "lr", "set", "optimizer", "restore", "roll back", "freeze", "unfreeze"]
)
"""Verbs of actions that change the course of a training."""


@dataclass(frozen=True)
class Note:
    """What else the journal tells: `about` is a rule or what happened, `text` says more.

    `bad` is for what went wrong.
    """

    epoch: int
    time: float | None
    about: str
    text: str
    bad: bool = False


Entry = Firing | Note


@dataclass(frozen=True)
class Logged:
    """What was logged at the end of an epoch, and the rate it began with."""

    number: int
    time: float
    logs: dict[str, Value]
    lr: Value


@dataclass
class Rule:
    """A rule, and how it fared.

    Attributes:
        count: how often it fired.
        last: the epoch of its last firing, 0 before the first.
        by_epoch: how often it fired in each epoch.
        error: the last action of it that failed, and why.
        broken: why it is switched off, if it is.
        course: from when it was there, or until when, where that is not the whole run.
        is_dropped: whether it is not among the rules any more.
        kept: what kept it, where that is known and it did not fire.
    """

    label: str
    key: str
    place: str
    text: str
    count: int = 0
    last: int = 0
    by_epoch: Counter[int] = field(default_factory=Counter)
    error: str | None = None
    broken: str | None = None
    course: str | None = None
    is_dropped: bool = False
    kept: str | None = None

    @property
    def did(self) -> str:
        """How often it fired, and when last."""
        if not self.count:
            return f"did not fire: {self.kept}" if self.kept else "did not fire"
        once = "once, " if self.count == 1 else f"{self.count:,} times, last "
        return f"fired {once}{f'in epoch {self.last}' if self.last else 'before the first epoch'}"


@dataclass(frozen=True)
class Metric:
    """One metric in training and in validation, a value an epoch each; None if never logged."""

    name: str
    train: Sequence[Value] | None
    val: Sequence[Value] | None

    @property
    def curves(self) -> list[tuple[str, Sequence[Value]]]:
        """The curves there are by what they are called: `value` is one that stands alone."""
        first = "value" if self.val is None else "training"
        both = ((first, self.train), ("validation", self.val))
        return [(name, values) for name, values in both if values is not None]

    @cached_property
    def finite(self) -> list[float]:
        """All values that can be drawn."""
        return [v for _, curve in self.curves for v in curve if v is not None and math.isfinite(v)]

    @cached_property
    def is_share(self) -> bool:
        return words.is_share(self.name, self.finite)

    def told(self, value: Value) -> str:
        """A value as text."""
        return words.percent(value) if self.is_share else words.number(value)


@dataclass(frozen=True)
class Run:
    """A run, as its journal tells it.

    Attributes:
        name: what the folder is called.
        journal: the file's name.
        began: the date and time, as text.
        planned: how many epochs were planned at last.
        rules: all rules that ever were in the run, in the order of the file.
        epochs: in their order, each once.
        entries: firings and notes in the order in which they happened.
        unwritten: how many firings were counted and not written.
        changes: the epochs with which the run was `resumed`, or went on with `edited` rules.
        ending: None if the journal has no end.
    """

    name: str
    journal: str
    version: str
    began: str
    planned: int | None
    params: Mapping[str, object]
    rules: tuple[Rule, ...]
    epochs: tuple[Logged, ...]
    entries: tuple[Entry, ...]
    unwritten: int
    changes: tuple[tuple[int, str], ...]
    ending: End | None

    @cached_property
    def firings(self) -> list[Firing]:
        return [entry for entry in self.entries if isinstance(entry, Firing)]

    @property
    def count(self) -> int:
        """How many firings there were, written or not."""
        return sum(rule.count for rule in self.rules)

    @property
    def trained(self) -> int:
        """The last epoch that was trained to its end."""
        return self.epochs[-1].number if self.epochs else 0

    @cached_property
    def seconds(self) -> Value:
        """The last time in training that the journal tells."""
        found = [one.time for one in (*self.epochs, *self.entries) if one.time is not None]
        return max(found, default=None)

    @cached_property
    def span(self) -> tuple[int, int]:
        """The first epoch that charts show, and the last."""
        numbers = [epoch.number for epoch in self.epochs]
        fired = [epoch for rule in self.rules for epoch in rule.by_epoch if epoch > 0]
        first = min([*numbers, *fired], default=1)
        return first, max([*numbers, *fired], default=first)

    @cached_property
    def numbers(self) -> list[int]:
        return [epoch.number for epoch in self.epochs]

    @cached_property
    def rates(self) -> list[Value] | None:
        """The rate each epoch began with; None if the journal has none."""
        rates = [epoch.lr for epoch in self.epochs]
        if any(rate is not None for rate in rates):
            return rates
        logged = [epoch.logs.get("learning_rate") for epoch in self.epochs]
        return logged if any(rate is not None for rate in logged) else None

    @cached_property
    def columns(self) -> list[str]:
        """The names of all that was logged, losses first, validation behind training."""
        logged = dict.fromkeys(name for epoch in self.epochs for name in epoch.logs)
        if self.rates is not None:
            logged.pop("learning_rate", None)
        bases = dict.fromkeys(map(_base, logged))
        first = sorted(bases, key=lambda name: name != "loss")
        return [one for base in first for one in (base, f"val_{base}") if one in logged]

    @cached_property
    def metrics(self) -> list[Metric]:
        bases = dict.fromkeys(map(_base, self.columns))
        return [Metric(base, self._logged(base), self._logged(f"val_{base}")) for base in bases]

    def _logged(self, name: str) -> list[Value] | None:
        if name not in self.columns:
            return None
        return [epoch.logs.get(name) for epoch in self.epochs]


def _base(name: str) -> str:
    """`accuracy` for `val_accuracy`, also where only that was logged."""
    return name.removeprefix("val_") or name
