"""What is said of a training before it, and what is foreseen of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cbdsl.catalog.hooks import Hook
from cbdsl.checks.context import ParamValue
from cbdsl.plan.model import Counter


@dataclass(frozen=True)
class Planned:
    """What the caller says of a training.

    Attributes:
        epochs: how many are planned.
        batches: how many an epoch has; None where that is not said.
        lr: the rate when training begins.
        epoch_seconds: how long an epoch takes; None where that is not said.
    """

    epochs: int
    batches: int | None = None
    lr: float = 0.001
    epoch_seconds: float | None = None

    def missing(self, counter: Counter, hook: Hook) -> list[str]:
        """The options that would have to be given to know a counter at a hook."""
        found = []
        if self.batches is None and (counter == "step" or (counter == "time" and hook.is_batch)):
            found.append("--batches")
        if self.epoch_seconds is None and counter == "time":
            found.append("--epoch-seconds")
        return found


class Event(NamedTuple):
    """An event of a training: the epoch (0 before the first), and the batch in it if it is one."""

    epoch: int
    batch: int | None = None


@dataclass(frozen=True)
class Foreseen:
    """What is known of a rule before training.

    Attributes:
        hook: where it acts.
        events: where it fires; if it is not `certain`, where it can fire. In the order of time.
        certain: whether it fires at all its events; else that depends on what training brings.
        placed: whether it is known which events its trigger and window name; if not, `events` is
            empty.
        needs: the options that would tell when it fires, or can fire.
        trigger: its trigger and window, as they are written.
        condition: its condition as text, if it has one.
        most: how often it may fire, such as `once`, if that is limited.
        actions: what it does, as text.
        trouble: why it cannot set the rate, the first time it could not.
    """

    label: str
    place: str
    hook: Hook
    events: tuple[Event, ...]
    certain: bool
    placed: bool
    needs: tuple[str, ...]
    trigger: str
    condition: str | None
    most: str | None
    actions: tuple[str, ...]
    trouble: str | None

    @property
    def is_open(self) -> bool:
        """Whether its condition decides in a training whether it fires."""
        return not self.certain and self.condition is not None and self.is_reached

    @property
    def is_reached(self) -> bool:
        """Whether there are events for it, as far as that is known."""
        return bool(self.events) or not self.placed

    @cached_property
    def epochs(self) -> list[int]:
        """The epochs of its events, each once."""
        return list(dict.fromkeys(event.epoch for event in self.events))


class Change(NamedTuple):
    """A rate that is set while an epoch runs, and how many of its batches are done then."""

    epoch: int
    done: int
    rate: float


class LeftOut(NamedTuple):
    """A rule or a callback of Keras that may set the rate, but not in the forecast.

    `needs` are the options without which it is left out; without any it depends on the training.
    """

    rule: str
    needs: tuple[str, ...] = ()


class Ending(NamedTuple):
    """A rule that is certain to stop training, and the epoch."""

    rule: str
    epoch: int


@dataclass(frozen=True)
class Forecast:
    """What a program will do in a training, as far as that is known before it.

    Attributes:
        name: the rule file.
        params: the parameters.
        rules: all rules, in the order of the file.
        rates: the rate at the beginning of each epoch.
        changes: the rates set within epochs, in the order of time.
        left_out: what may also set the rate, nobody knows when or to what.
        sets_rate: whether a rule sets the rate at all.
        ending: the first rule that is certain to stop training. Nothing ends a forecast.
    """

    name: str
    planned: Planned
    params: Mapping[str, ParamValue]
    rules: tuple[Foreseen, ...]
    rates: tuple[float, ...]
    changes: tuple[Change, ...]
    left_out: tuple[LeftOut, ...]
    sets_rate: bool
    ending: Ending | None

    @cached_property
    def steps(self) -> list[tuple[float, float]]:
        """The rate as steps: how many epochs are done, as a fraction, and the rate from then on."""
        return [
            (epoch - 1 + done / (self.planned.batches or 1), rate)
            for epoch, pieces in enumerate(self.pieces, start=1)
            for done, rate in pieces
        ]

    @cached_property
    def pieces(self) -> list[list[tuple[int, float]]]:
        """For each epoch its rates, each with how many batches are done when it begins to hold."""
        pieces = [{0: rate} for rate in self.rates]
        for epoch, done, rate in self.changes:
            if done < (self.planned.batches or 1):
                pieces[epoch - 1][done] = rate
        return [list(_changing(piece.items())) for piece in pieces]


def _changing(pieces: Iterable[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    """Without those that are like the one before."""
    last = None
    for done, rate in pieces:
        if rate != last:
            yield done, rate
        last = rate
