"""What rules do in a real training, on record."""

from __future__ import annotations

import os
from typing import Any

from cbdsl.runtime.effects import Direct
from cbdsl.runtime.record import Recording


class Live(Recording):
    """Acts on the model and the terminal; with `strict` an action that fails ends the training.

    Attributes:
        now: the time in training at this event, in seconds.
    """

    now = 0.0
    failure: Exception | None = None
    """What the training ends with, if a rule has it fail."""

    def __init__(self, run_dir: str | os.PathLike[str], strict: bool) -> None:
        super().__init__(run_dir)
        self.strict = strict

    def ended(self, error: Exception) -> None:
        # Raised when everything else is done.
        self.failure = self.failure or error

    def elapsed(self, rule: Any) -> float:
        return self.now

    def failed(self, rule: Any, verb: str, detail: Any, error: Exception) -> None:
        super().failed(rule, verb, detail, error)
        if self.strict:
            raise error
        Direct.failed(self, rule, verb, detail, error)

    def given_up(self, rule: Any, verb: str, detail: Any, first: bool) -> None:
        super().given_up(rule, verb, detail, first)
        Direct.given_up(self, rule, verb, detail, first)
