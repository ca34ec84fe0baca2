"""Rules that set the learning rate."""

from __future__ import annotations

from typing import Any

from cbdsl.runtime.keras_model import one_rate
from cbdsl.runtime.rule import Rule


class SetsRate(Rule):
    """A rule that sets the learning rate."""

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        # Said now, and not at the first change, hours later.
        self.effects.reach(one_rate, self.model)

    @property
    def lr(self) -> float:
        """The learning rate."""
        rate: float = self.effects.rate(self)
        return rate

    @lr.setter
    def lr(self, rate: float | None) -> None:
        self._do("lr", rate, self.effects.set_rate)


class ScalesRate(Rule):
    """A rule that multiplies what a schedule says.

    Attributes:
        learning_rate: the schedule, a `RateSchedule`.
    """

    learning_rate: Any

    def scale_lr(self, factor: float | None) -> None:
        """Multiply the rate, now and in all that the schedule sets from here on."""
        if factor is None:
            self._do("lr", None, self.effects.set_rate)
            return
        after, rate = self.learning_rate.scaled(factor)
        self._do("lr", rate, lambda rule, rate: self.effects.scale_rate(rule, rate, after))
