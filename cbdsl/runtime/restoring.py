"""Rules that go back to earlier weights."""

from __future__ import annotations

from typing import Any

from cbdsl.runtime.rule import Rule

MAX_ROLL_BACKS = 3
"""After so many without a good epoch in between a rule ends the training."""


class Restores(Rule):
    """A rule that keeps weights, or goes back to some.

    Attributes:
        snapshots: the weights that rules go back to.
        rolled: how many epochs were good when it last rolled back, and how often it did so then.
    """

    snapshots: Any
    _counters = (*Rule._counters, "rolled")

    def reset(self) -> None:
        super().reset()
        self.rolled: tuple[int, int] = (0, 0)

    def snapshot(self) -> None:
        """Keep weights and optimizer as the last good ones."""
        self._do("snapshot", None, lambda rule, _: self.snapshots.snapshot())

    def restore(self, metric: str) -> None:
        """Put the weights back to those of the epoch in which a metric was best."""
        self._do("restore", metric, lambda rule, metric: self.snapshots.restore_best(metric))

    def roll_back(self, to: str = "last good", limit: int | None = MAX_ROLL_BACKS) -> None:
        """Put weights and optimizer back, and take this event out of the metrics.

        With a limit training ends when it has rolled back so often without a good epoch in between.
        """
        before = self.rolled
        self._do("roll back", to, self._roll_back)
        if limit is not None and self.rolled != before and self.rolled[1] >= limit:
            self.stop(f"rolled back {limit} times without a good epoch in between")

    def _roll_back(self, rule: Any, to: str) -> None:
        self.snapshots.roll_back(to)
        epochs, count = self.rolled
        now = self.snapshots.good_epochs
        self.rolled = (now, count + 1 if now == epochs else 1)
