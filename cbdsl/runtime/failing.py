"""Ending a training because something is wrong."""

from __future__ import annotations

from typing import Any, ClassVar

from cbdsl.runtime.effects import Direct
from cbdsl.runtime.rule import Rule


class TrainingFailed(Exception):
    """A rule ended the training with `fail`; its text says why."""


class TrainingFailures:
    """Mixed in before `keras.callbacks.Callback`, and stands last: what training ends with.

    Attributes:
        first: the failure that is raised when training has ended; None without one.
    """

    key: ClassVar[str] = "fail"
    effects: Any = Direct()
    first: TrainingFailed | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.first = None

    def add(self, rule: Any, why: str) -> None:
        """A rule has the training fail; the first one counts."""
        self.first = self.first or TrainingFailed(f"{rule.name}: {why}")

    def on_train_end(self, logs: Any = None) -> None:
        if self.first is not None:
            self.effects.ended(self.first)


class Fails(Rule):
    """A rule that can end the training as failed.

    Attributes:
        failures: who raises that in the end.
    """

    failures: Any

    def fail(self, why: str) -> None:
        """End training after this batch or epoch; when it has ended `TrainingFailed` is raised."""
        self._do("fail", why, self._fail)

    def _fail(self, rule: Any, why: str) -> None:
        self.effects.stop(rule, None)
        self.failures.add(rule, why)
