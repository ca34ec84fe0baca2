"""Rules that call functions of the user's."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import Any, ClassVar

from cbdsl.runtime.calling import function
from cbdsl.runtime.keras_model import copied, put_back, sync
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.words import numbers


class Functions:
    """The functions that rules may call.

    Args:
        allow: what the caller allows; `call` must be among it.
    """

    def __init__(self, allow: Collection[str] = ()) -> None:
        self.allowed = "call" in allow

    def find(self, name: str) -> Callable[..., Any]:
        """A function by its dotted name.

        Raises:
            ValueError: it is not allowed, is not there, or cannot be called.
        """
        self.allow(name)
        return function(name)

    def allow(self, name: str) -> None:
        """Raise ValueError if functions must not be called."""
        if not self.allowed:
            raise ValueError(
                f"the rule calls `{name}`, which the caller must allow: "
                'allow=["call"] in Python, --allow call on the command line'
            )


class Calls(Rule):
    """A rule that calls functions.

    Attributes:
        functions: those that may be called.
        calls: the names of those that it calls.
    """

    functions: Any
    calls: ClassVar[tuple[str, ...]] = ()

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        for name in self.calls:
            self.effects.reach(self.functions.find, name)

    def call(self, name: str, logs: Any) -> None:
        """Call a function with the model, the epoch and the metrics at this event."""
        self._do("call", name, lambda rule, name: self.effects.reach(self._call, name, logs))

    def _call(self, name: str, logs: Any) -> None:
        # Whatever evaluates the model resets the means of the epoch.
        sync(self.model)
        means = copied(self.model.metrics_variables)
        process = os.getpid()
        try:
            self.functions.find(name)(self.model, self.epoch, numbers(logs))
        except SystemExit as error:
            raise RuntimeError(
                f"it would have ended Python, with the status {error.code}"
            ) from None
        finally:
            if os.getpid() != process:
                # It forked, and this is the child: one process trains.
                os._exit(0)
            put_back(means)
