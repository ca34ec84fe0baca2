"""The parts of a run between which its rules were changed, and when each rule was among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cbdsl.journal import Epoch, Journal, Reloaded, Resumed, RuleText, Run


@dataclass
class Segment:
    """A part of a run in which the same rules were in force, with the same parameters.

    Attributes:
        first: the first epoch of it, counted from 1.
        planned: how many epochs were planned.
        batches: how many an epoch had; None where Keras does not know.
        epochs: those that were trained to their end, each later than the one before.
        time: how long the training had lasted at its end, in seconds.
        is_whole: whether the journal has all epochs between the last segment and this one.
    """

    first: int
    rules: tuple[RuleText, ...]
    source: str
    params: Mapping[str, Any]
    planned: int | None
    batches: int | None
    is_whole: bool = True
    time: float = 0.0
    epochs: list[Epoch] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The last epoch that was trained to its end; 0 without any."""
        return self.epochs[-1].epoch if self.epochs else 0

    @cached_property
    def logged(self) -> dict[str, None]:
        """The names that were in the logs."""
        return {name: None for epoch in self.epochs for name in epoch.logs}

    def goes_on(self, other: Segment) -> bool:
        """Whether it has the same rules as another one, and all that they go by."""
        return self._what == other._what

    @property
    def _what(self) -> tuple[Any, ...]:
        keys = [rule.key for rule in self.rules]
        # As text: what is compared came from a file, where nan is not equal to itself.
        return keys, self.source, repr(self.params), self.planned, self.batches


def segments(journal: Journal) -> list[Segment]:
    """The parts of a run, in their order; one at least."""
    parts = [_begun(journal.header, 1)]
    last = 0
    for entry in journal.entries:
        if isinstance(entry, Resumed | Reloaded):
            found = _begun(entry, entry.epoch, parts[-1])
            found.is_whole = entry.epoch == last + 1 or not (last or isinstance(entry, Resumed))
            if not found.goes_on(parts[-1]):
                parts.append(found)
            elif not found.is_whole:
                parts[-1].is_whole = False
        elif isinstance(entry, Epoch) and entry.epoch > last:
            # An epoch of a number that was there before, nobody has trained.
            parts[-1].is_whole &= not last or entry.epoch == last + 1
            parts[-1].epochs.append(entry)
            last = entry.epoch
        parts[-1].time = getattr(entry, "time", parts[-1].time)
    return parts


def _begun(change: Run | Resumed | Reloaded, first: int, before: Segment | None = None) -> Segment:
    planned = before.planned if isinstance(change, Reloaded) and before else None
    batches = before.batches if isinstance(change, Reloaded) and before else None
    if not isinstance(change, Reloaded):
        planned, batches = change.epochs, change.batches
    time = before.time if before else 0.0
    return Segment(first, change.rules, change.source, change.params, planned, batches, time=time)


@dataclass
class Stay:
    """When a rule was among the rules of a run.

    Attributes:
        rule: as the journal lists it last.
        came: the epoch with which it came, where it was not there from the beginning.
        dropped: the epoch in which other rules took its place for good.
        parts: the segments in which it was in force.
    """

    rule: RuleText
    came: int | None
    dropped: int | None = None
    parts: list[Segment] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The last epoch that was trained to its end while it was there; 0 without any."""
        return max(part.last for part in self.parts)

    @property
    def is_partial(self) -> bool:
        """Whether it was not there all the time."""
        return self.came is not None or self.dropped is not None

    @property
    def epochs(self) -> list[Epoch]:
        return [epoch for part in self.parts for epoch in part.epochs]

    @property
    def logged(self) -> dict[str, None]:
        """The names that were in the logs while it was there."""
        return {name: None for part in self.parts for name in part.logged}


def stays(parts: list[Segment]) -> dict[str, Stay]:
    """When each rule was there, by its key: first those of the end, then in the order they went."""
    found: dict[str, Stay] = {}
    before: set[str] = set()
    for number, part in enumerate(parts):
        here = {rule.key for rule in part.rules}
        for key in before - here:
            found[key].dropped = part.first
        before = here
        for rule in part.rules:
            stay = found.setdefault(rule.key, Stay(rule, part.first if number else None))
            stay.rule, stay.dropped = rule, None
            stay.parts.append(part)
    places = {rule.key: place for place, rule in enumerate(parts[-1].rules)}
    ends = {id(part): number for number, part in enumerate(parts)}
    order = sorted(
        found, key=lambda key: (key not in places, places.get(key, ends[id(found[key].parts[-1])]))
    )
    return {key: found[key] for key in order}
