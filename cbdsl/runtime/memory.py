"""What rules remember: small objects of plain data that are fed one value an event.

Each answers twice, since a condition on a missing value is neither true nor false: `holds` says
that it is true, `fails` that it is false.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar


class Memory:
    """Plain data that can be taken out and put back.

    Attributes:
        made_with: the attributes that say what it is, and not what it remembers.
    """

    made_with: ClassVar[tuple[str, ...]] = ()

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as plain data."""
        return {k: v for k, v in vars(self).items() if k not in self.made_with}

    def take_up(self, state: dict[str, Any]) -> None:
        """Remember what another one did when its `state()` was taken."""
        vars(self).update(state)


class Improves(Memory):
    """Whether the value just fed is better than at the last improvement.

    The first value that is not nan is an improvement; nan never is.

    Args:
        better: `lower` or `higher`.
    """

    made_with: ClassVar[tuple[str, ...]] = ("sign",)

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
        # Other callbacks may report numbers of NumPy, whose truth is not `True` itself.
        self.improved = bool(value == value and (self.best is None or gain > by))
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
        each: how much of the clock an event itself takes: 1 where it counts events, 0 for a time.
    """

    made_with = ("sign", "each")

    def __init__(self, better: str, each: int = 1) -> None:
        super().__init__(better)
        self.each = each
        self.now: float | None = None
        self.since: float | None = None
        self.values = 0

    def observe(self, now: float, value: float | None, by: float | None = 0.0) -> None:
        """The value of the event at `now`: an epoch or batch, counted from 1, or a time."""
        self.feed(value, by)
        # The clock begins with the first event of the window.
        since = now - self.each if self.since is None else self.since
        self.since = now if self.improved else since
        self.now = now

    def count(self, value: float | None, by: float | None = 0.0) -> None:
        """The value of an event, for a clock that counts values and not epochs."""
        if value is None:
            self.improved = None
            return
        self.values += 1
        self.observe(self.values, value, by)

    def holds_for(self, span: float) -> bool:
        return self.improved is not None and self.passed() >= span

    def fails_for(self, span: float) -> bool:
        return self.improved is not None and self.passed() < span

    def restart(self) -> None:
        """Count from here on, as after a firing."""
        self.since = self.now

    def passed(self) -> float:
        """For how long there was no improvement."""
        return 0 if self.now is None or self.since is None else self.now - self.since


class Held(Memory):
    """For how long a condition has been true; the clock starts again when the rule fires.

    An event at which the condition is neither true nor false does not break it.

    Args:
        each: how much of the clock an event itself takes: 1 where it counts events, 0 for a time.
    """

    made_with = ("each",)

    def __init__(self, each: int = 1) -> None:
        self.each = each
        self.now: float = 0
        self.since: float | None = None
        self.holding: bool | None = None

    def observe(self, now: float, holds: bool, fails: bool | None = None) -> None:
        """Whether the condition is true and whether it is false at the event at `now`.

        Without `fails` it is false where it is not true.
        """
        fails = not holds if fails is None else fails
        self.now = now
        self.holding = True if holds else False if fails else None
        if fails:
            self.since = None
        elif holds and self.since is None:
            self.since = now - self.each

    def holds_for(self, span: float) -> bool:
        return self.holding is True and self.passed() >= span

    def fails_for(self, span: float) -> bool:
        return self.holding is not None and not self.holds_for(span)

    def restart(self) -> None:
        """Begin afresh with the next event, as after a firing."""
        self.since = None

    def passed(self) -> float:
        """For how long it has been true; -inf where it is not."""
        return -math.inf if self.since is None else self.now - self.since


class Moves(Memory):
    """Whether the value just fed is higher, or lower, than the one before.

    Args:
        direction: `rises` or `falls`.
    """

    made_with = ("sign",)

    def __init__(self, direction: str) -> None:
        self.sign = 1.0 if direction == "rises" else -1.0
        self.last: float | None = None
        self.moved: bool | None = None

    def feed(self, value: float | None) -> None:
        """The value of this event, None where it is missing."""
        self.moved = None
        if value is None:
            return
        if self.last is not None:
            self.moved = bool(self.sign * value > self.sign * self.last)
        self.last = float(value)

    def holds(self) -> bool:
        return self.moved is True

    def fails(self) -> bool:
        return self.moved is False


class Crosses(Memory):
    """Whether the value just fed is past a level, and at the event before was not.

    Args:
        side: `above` or `below`.
    """

    made_with = ("sign",)

    def __init__(self, side: str) -> None:
        self.sign = 1.0 if side == "above" else -1.0
        self.past: bool | None = None
        self.crossed: bool | None = None

    def feed(self, value: float | None, level: float | None) -> None:
        """The value and the level of this event, None where they are missing."""
        self.crossed = None
        if value is None or level is None:
            return
        past = bool(self.sign * value > self.sign * level)
        self.crossed = past and self.past is False
        self.past = past

    def holds(self) -> bool:
        return self.crossed is True

    def fails(self) -> bool:
        return self.crossed is False
