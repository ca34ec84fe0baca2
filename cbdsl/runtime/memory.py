"""What rules remember: small objects of plain data that are fed one value an event.

Each answers twice, since a condition on a missing value is neither true nor false: `holds` says
that it is true, `fails` that it is false.
"""

from __future__ import annotations

from typing import Any


class Memory:
    """Plain data that can be taken out and put back."""

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as plain data."""
        return dict(vars(self))

    def take_up(self, state: dict[str, Any]) -> None:
        """Remember what another one did when its `state()` was taken."""
        vars(self).update(state)


class Improves(Memory):
    """Whether the value just fed is better than at the last improvement.

    The first value that is not nan is an improvement; nan never is.

    Args:
        better: `lower` or `higher`.
    """

    def __init__(self, better: str) -> None:
        self.sign = -1.0 if better == "lower" else 1.0
        self.best: float | None = None
        self.improved: bool | None = None

    def feed(self, value: float | None, by: float | None = 0.0) -> None:
        """The value of this event, None where it is missing, and by how much it must be better."""
        if value is None or by is None:
            self.improved = None
            return
        gain = by if self.best is None else self.sign * (value - self.best)
        self.improved = value == value and (self.best is None or gain > by)
        if self.improved:
            self.best = float(value)

    def holds(self) -> bool:
        return self.improved is True

    def fails(self) -> bool:
        return self.improved is False


class Stalls(Improves):
    """For how long there was no improvement; the clock starts again when the rule fires.

    Args:
        better: `lower` or `higher`.
    """

    def __init__(self, better: str) -> None:
        super().__init__(better)
        self.now: int | None = None
        self.since: int | None = None

    def observe(self, now: int, value: float | None, by: float | None = 0.0) -> None:
        """The value at the end of epoch (or step) `now`, both counted from 1."""
        self.feed(value, by)
        # The count begins with the first event of the window, whose end is one after its start.
        since = now - 1 if self.since is None else self.since
        self.since = now if self.improved else since
        self.now = now

    def holds_for(self, span: float) -> bool:
        return self.improved is not None and self._passed() >= span

    def fails_for(self, span: float) -> bool:
        return self.improved is not None and self._passed() < span

    def restart(self) -> None:
        """Count from here on, as after a firing."""
        self.since = self.now

    def _passed(self) -> int:
        return 0 if self.now is None or self.since is None else self.now - self.since
