"""Ending a training because something is wrong, or not beginning it."""

from __future__ import annotations

from typing import Any

from cbdsl.runtime.rule import Rule


class TrainingFailed(Exception):
    """A rule ended the training with `fail`; its text says why."""


class Fails(Rule):
    """A rule that can end the training as failed.

    Attributes:
        failure: why it did; None if it did not.
    """

    failure: str | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        self.failure = None

    def fail(self, why: str) -> None:
        """End training after this batch or epoch; when it has ended `TrainingFailed` is raised."""
        self._do("fail", why, self._fail)

    def _fail(self, rule: Any, why: str) -> None:
        self.effects.stop(rule, None)
        self.failure = why

    def on_train_end(self, logs: Any = None) -> None:
        super().on_train_end(logs)
        if self.failure is not None:
            self.effects.ended(TrainingFailed(f"{self.name}: {self.failure}"))
