"""Numbers that rules put into the logs of an epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from cbdsl.runtime.arithmetic import reported
from cbdsl.runtime.rule import Rule


class RecordedMetrics:
    """Mixed in before `keras.callbacks.Callback`, and stands before the rules.

    What is recorded is in the logs from the first epoch on, nan where nothing was: callbacks that
    write tables fix their columns then.

    Attributes:
        names: what is recorded.
    """

    names: ClassVar[tuple[str, ...]]
    key: ClassVar[str] = "record"

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Nothing is recorded, as before training."""
        self.waiting: dict[str, float] = {}
        """What was recorded within the epoch, for its end."""
        self.logs: dict[str, Any] | None = None
        """The logs of an epoch's end, while it lasts."""
        self.taken: set[str] = set()
        """The names that the model reports itself."""

    def state(self) -> dict[str, Any]:
        """What waits for the epoch's end, as plain data."""
        return {"waiting": dict(self.waiting)}

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state()` gave."""
        self.waiting = dict(state["waiting"])

    def on_train_begin(self, logs: Any = None) -> None:
        self.reset()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.logs = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.logs = {} if logs is None else logs
        self.taken = {name for name in self.names if name in self.logs}
        for name in self.names:
            if name not in self.taken:
                self.logs[name] = self.waiting.get(name, math.nan)
        self.waiting = {}

    def put(self, name: str, value: float | None) -> None:
        """Record a number; the last one of an epoch stays."""
        if name in self.taken:
            raise ValueError(f"the model reports a metric `{name}` itself")
        into = self.waiting if self.logs is None else self.logs
        into[name] = reported(value)


class Records(Rule):
    """A rule that records numbers.

    Attributes:
        recorded: where they go.
    """

    recorded: Any

    def record(self, name: str, value: float | None) -> None:
        """Put a number into the logs of this epoch."""
        self._do("record", (name, value), self._record)

    def _record(self, rule: Any, change: tuple[str, float | None]) -> None:
        self.recorded.put(*change)
