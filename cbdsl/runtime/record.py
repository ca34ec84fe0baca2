"""What rules did: the record that a run, a test and a replay keep."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from cbdsl.runtime.effects import Direct

MAX_FIRINGS = 1000
"""How many firings of one rule are kept one by one; those beyond are only counted."""


@dataclass
class Done:
    """An action: its verb, what it was given, and why it failed if it did."""

    verb: str
    detail: Any = None
    error: str | None = None


@dataclass
class Firing:
    """One firing: where in training, what the rule saw, and what it did."""

    rule: str
    place: str
    key: str
    epoch: int
    values: dict[str, Any]
    batch: int | None = None
    """The batch within the epoch, where somebody counts them."""
    actions: list[Done] = field(default_factory=list)


@dataclass
class Record:
    """All firings, in their order."""

    firings: list[Firing] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    """The epoch of each rule's last firing, by key."""
    stopped: Firing | None = None
    """The first firing that ended training."""

    def add(self, firing: Firing) -> None:
        count = self.counts.get(firing.key, 0) + 1
        self.counts[firing.key] = count
        self.last[firing.key] = firing.epoch
        if count <= MAX_FIRINGS:
            self.firings.append(firing)


class Recording(Direct):
    """Effects that also keep a record."""

    batch: int | None = None
    """The batch that is running, where somebody counts them."""

    def __init__(self, run_dir: Any = ".", allow: Collection[str] = ()) -> None:
        super().__init__(run_dir, allow)
        self.record = Record()
        self._current: dict[str, Firing] = {}

    def fired(self, rule: Any, values: dict[str, Any]) -> None:
        firing = Firing(rule.name, rule.place, rule.key, rule.epoch, dict(values), self.batch)
        self._current[rule.key] = firing
        self.record.add(firing)

    def done(self, rule: Any, verb: str, detail: Any) -> None:
        self._note(rule, Done(verb, detail))
        if verb in ("stop", "fail") and self.record.stopped is None:
            self.record.stopped = self._current.get(rule.key)

    def failed(self, rule: Any, verb: str, detail: Any, error: Exception) -> None:
        self._note(rule, Done(verb, detail, f"{type(error).__name__}: {error}"))

    def given_up(self, rule: Any, verb: str, detail: Any, first: bool) -> None:
        self._note(rule, Done(verb, detail, "given up after ten failures in a row"))

    def _note(self, rule: Any, done: Done) -> None:
        if rule.key in self._current:
            self._current[rule.key].actions.append(done)
