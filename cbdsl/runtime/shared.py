"""The variables that the rules of a file share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Shared:
    """Mixed in before `keras.callbacks.Callback`: one attribute a variable.

    Attributes:
        start: the variables and their values when training begins.
    """

    key: ClassVar[str] = "let"
    start: ClassVar[Mapping[str, float | bool]]

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Every variable as it is when training begins."""
        vars(self).update(self.start)

    def state(self) -> dict[str, Any]:
        """The variables as plain data."""
        return {name: getattr(self, name) for name in self.start}

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state()` gave; new variables, and of another type, keep their start."""
        for name, start in self.start.items():
            if name in state and isinstance(state[name], bool) == isinstance(start, bool):
                setattr(self, name, state[name])

    def on_train_begin(self, logs: Any = None) -> None:
        self.reset()
