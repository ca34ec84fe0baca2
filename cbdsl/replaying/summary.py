"""Many replays in a few numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from cbdsl.replaying.decide import Decided


@dataclass(frozen=True)
class Summary:
    """What rules would have decided on many runs.

    Attributes:
        runs: how many were replayed.
        stopped: how many of them would have been stopped early.
        epochs: how many epochs they had in all.
        saved: how many of those would not have been trained.
        judged: of how many a metric tells what a stop would have cost.
        unharmed: how many of these would have lost nothing.
        median_lost: the median of what they would have lost, as a share of the run's best value.
        mean_lost: the mean of the same, without what is infinite.
        worst_lost: the largest such share, and
        worst_run: the run it is of; None where nothing was lost.
    """

    runs: int
    stopped: int
    epochs: int
    saved: int
    judged: int
    unharmed: int
    median_lost: float
    mean_lost: float
    worst_lost: float
    worst_run: str | None

    @property
    def saved_share(self) -> float:
        """The epochs saved as a part of all."""
        return self.saved / self.epochs if self.epochs else 0.0


class Tally:
    """Takes replays one by one, and keeps one number of each."""

    def __init__(self) -> None:
        self.runs = self.stopped = self.epochs = self.saved = 0
        self.lost: list[float] = []
        self.worst: tuple[float, str | None] = 0.0, None

    def add(self, decided: Decided) -> None:
        """One more run."""
        self.runs += 1
        self.stopped += decided.stopped is not None
        self.epochs += decided.epochs
        self.saved += decided.saved
        if decided.watched is not None:
            share = decided.watched.lost_share
            self.lost.append(share)
            if share > self.worst[0]:
                self.worst = share, decided.run

    def summary(self) -> Summary:
        """What it comes to so far."""
        finite = [share for share in self.lost if math.isfinite(share)]
        return Summary(
            runs=self.runs,
            stopped=self.stopped,
            epochs=self.epochs,
            saved=self.saved,
            judged=len(self.lost),
            unharmed=sum(share == 0 for share in self.lost),
            median_lost=median(self.lost) if self.lost else 0.0,
            mean_lost=sum(finite) / len(finite) if finite else 0.0,
            worst_lost=self.worst[0],
            worst_run=self.worst[1],
        )


def summary(decided: Iterable[Decided]) -> Summary:
    """The numbers of some replays."""
    tally = Tally()
    for one in decided:
        tally.add(one)
    return tally.summary()
