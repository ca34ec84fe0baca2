"""The time in training."""

from __future__ import annotations

import time


class Clock:
    """Counts the seconds of a training; they never go back, whatever the computer's clock does."""

    def __init__(self) -> None:
        self.begin()

    def begin(self, elapsed: float = 0.0) -> None:
        """Count from now on, so many seconds being over."""
        self._started, self._latest = time.monotonic() - elapsed, elapsed

    @property
    def elapsed(self) -> float:
        """The seconds in training."""
        self._latest = max(self._latest, time.monotonic() - self._started)
        return self._latest
