"""A schedule rule in a process that keeps a record: its function, and how often it acted."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from cbdsl.runtime.arithmetic import NotSettable
from cbdsl.runtime.rule import Rule


class _Asked(float):
    """A rate that no other is: a function that returns it did not act."""


class Scheduled(Rule):
    """Calls the generated function of a schedule rule.

    Args:
        name: the rule's name, or its place.
        place: where it stands.
        key: what it is, for state.
        function: takes the epoch, counted from 0, and the rate, and returns the new rate.
        needs_epochs: whether it also takes `epochs`, how many are planned.
    """

    def __init__(
        self, name: str, place: str, key: str, function: Callable[..., float], needs_epochs: bool
    ) -> None:
        super().__init__()
        # Other rules have these on their class; here each object is a rule of its own.
        vars(self).update(name=name, place=place, key=key)
        self.function = function
        self.needs_epochs = needs_epochs

    def rate(self, epoch: int, lr: float, epochs: int | None) -> float:
        """The rate of the epoch that begins, counted from 0."""
        self.epoch = epoch + 1
        more: dict[str, Any] = {"epochs": epochs} if self.needs_epochs else {}
        asked = _Asked(lr)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", NotSettable)
                new = self.function(epoch, asked, **more)
        except NotSettable as warning:
            self.fired({"lr": lr})
            self.effects.failed(self, "lr", None, ValueError(str(warning)))
            return lr
        if new is asked:
            return lr
        self.fired({"lr": lr})
        self.effects.done(self, "lr", new)
        return new
