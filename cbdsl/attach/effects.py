"""What rules do in a real training, on record."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from cbdsl.attach.journal import Journal
from cbdsl.runtime.effects import Direct
from cbdsl.runtime.record import Recording


class Live(Recording):
    """Acts on the model and the terminal; with `strict` an action that fails ends the training.

    Attributes:
        now: the time in training at this event, in seconds.
        journal: where it is written down, if it is.
        step: the batch that is running, counted over the training, where that is known.
    """

    now = 0.0
    journal: Journal | None = None
    step: int | None = None
    failure: Exception | None = None
    """What the training ends with, if a rule has it fail."""

    def __init__(
        self, run_dir: str | os.PathLike[str], strict: bool, allow: Collection[str] = ()
    ) -> None:
        super().__init__(run_dir, allow)
        self.strict = strict

    def ended(self, error: Exception) -> None:
        # Raised when everything else is done.
        self.failure = self.failure or error

    def at_batch(self, index: int, epoch: int, size: int | None) -> None:
        """An event at a batch, both counted from 0, where an epoch has `size` batches."""
        # With `steps_per_execution` Keras tells of more than there are at an epoch's end.
        self.batch = index + 1 if size is None else min(index + 1, size)
        self.step = None if size is None else epoch * size + self.batch

    def elapsed(self, rule: Any) -> float:
        return self.now

    def fired(self, rule: Any, values: dict[str, Any]) -> None:
        super().fired(rule, values)
        if self.journal is not None:
            self.journal.fired(self._current[rule.key], step=self.step, time=self.now)

    def failed(self, rule: Any, verb: str, detail: Any, error: Exception) -> None:
        super().failed(rule, verb, detail, error)
        if self.journal is not None:
            self.journal.failed(rule, verb, error, time=self.now)
        if self.strict:
            raise error
        Direct.failed(self, rule, verb, detail, error)

    def given_up(self, rule: Any, verb: str, detail: Any, first: bool) -> None:
        super().given_up(rule, verb, detail, first)
        Direct.given_up(self, rule, verb, detail, first)
