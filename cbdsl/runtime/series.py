"""Series: what a rule asks of the values up to this event, such as `best(loss)`.

Each is fed once an event and keeps no more than its answers need: memory is bounded by the rule,
never by the length of training, and an event costs the same at the beginning and at the end.
"""

from __future__ import annotations

import math
from typing import Any

from cbdsl.runtime.memory import Memory


class Series(Memory):
    """The value of each event goes in, the answer at that event comes out.

    A missing value leaves no entry; the answer stays.

    Attributes:
        value: the answer at the last event, None where it is missing.
    """

    def __init__(self) -> None:
        self.value: float | None = None

    def feed(self, x: float | None) -> float | None:
        """The answer at this event, x being its value, None where that is missing."""
        if x is not None:
            self.value = self.add(float(x))
        return self.value

    def add(self, x: float) -> float | None:
        """The answer with one more entry."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        return {"value": self.value}


class Change(Series):
    """The value less the entry before; missing where there is not both."""

    def __init__(self) -> None:
        super().__init__()
        self.last: float | None = None

    def feed(self, x: float | None) -> float | None:
        self.value = None
        return super().feed(x)

    def add(self, x: float) -> float | None:
        before, self.last = self.last, x
        return None if before is None else x - before

    def state(self) -> dict[str, Any]:
        return super().state() | {"last": self.last}


class SinceBest(Series):
    """How many entries came after the best one, the earliest of equals. Nan is never the best.

    Args:
        better: `lower` or `higher`.
    """

    def __init__(self, better: str) -> None:
        super().__init__()
        self.sign = -1.0 if better == "lower" else 1.0
        self.best: float | None = None

    def add(self, x: float) -> float | None:
        if x == x and (self.best is None or self.sign * x > self.sign * self.best):
            self.best = x
            return 0
        return None if self.value is None else self.value + 1

    def state(self) -> dict[str, Any]:
        return super().state() | {"best": self.best}


class Ema(Series):
    """The exponential moving average `y = a*x + (1-a)*y`, beginning with the first finite value.

    Values that are not finite are passed over.

    Args:
        a: the weight of the newest value.

    Raises:
        ValueError: a is not above 0 and at most 1.
    """

    def __init__(self, a: float) -> None:
        super().__init__()
        if not 0 < a <= 1:
            raise ValueError(f"a weight is above 0 and at most 1, not {a}")
        self.a = a

    def add(self, x: float) -> float | None:
        if not math.isfinite(x):
            return self.value
        return x if self.value is None else self.a * x + (1 - self.a) * self.value


class Count(Memory):
    """At how many events a condition was true."""

    def __init__(self) -> None:
        self.value = 0

    def feed(self, holds: bool) -> int:
        self.value += bool(holds)
        return self.value


class PerBatch(Memory):
    """The mean of the batches since the last event, from the means that Keras reports.

    Those begin with the epoch: with x after b batches and x0 after b0 it is
    `(x*b - x0*b0) / (b - b0)`. It is missing for the last batches of an epoch, since Keras does not
    say whether the last one is smaller, and where the event before is not known.
    """

    def __init__(self) -> None:
        self.value: float | None = None
        self.total = 0.0
        self.done = 0

    def feed(self, x: float | None, done: int, count: int, batches: int | None) -> float | None:
        """The answer at this event.

        Args:
            x: the mean since the epoch began, None where it is missing.
            done: how many batches of this epoch are done.
            count: how many of them since the event before.
            batches: how many the epoch has, None where that is not known.
        """
        self.value = None
        if x is None or not 0 < count <= done:
            self.done = -1  # The event behind this one cannot be taken apart.
            return None
        before = 0.0 if count == done else self.total if self.done == done - count else None
        self.total, self.done = float(x) * done, done
        if before is not None and (batches is None or done < batches):
            self.value = (self.total - before) / count
        return self.value
