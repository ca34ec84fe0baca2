"""Series over the last n entries, such as `median(loss, 5)`; missing while there are fewer."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from typing import Any, ClassVar

from cbdsl.runtime.series import Series


class Window(Series):
    """What is asked of the last n entries; missing while there are fewer.

    Args:
        n: how many.

    Raises:
        ValueError: n is too small for what is asked.
    """

    least: ClassVar = 1

    def __init__(self, n: int) -> None:
        super().__init__()
        if n < self.least:
            raise ValueError(f"a window of {self.least} or more is needed, not of {n}")
        self.n = n
        self.entries: deque[float] = deque()

    def add(self, x: float) -> float | None:
        self.push(x)
        return self.answer() if self.full() else None

    def full(self) -> bool:
        return len(self.entries) == self.n

    def push(self, x: float) -> None:
        """Take in an entry, the oldest leaving a full window."""
        if self.full():
            self.leave(self.entries.popleft())
        self.entries.append(x)
        self.enter(x)

    def enter(self, x: float) -> None:
        """An entry has come in."""

    def leave(self, x: float) -> None:
        """The oldest entry has gone."""

    def answer(self) -> float:
        """The answer of a full window."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        return super().state() | {"entries": list(self.entries)}

    def take_up(self, state: dict[str, Any]) -> None:
        while self.entries:
            self.leave(self.entries.popleft())
        for x in state["entries"]:
            self.push(x)
        self.value = state["value"]


class Prev(Window):
    """The n-th newest entry from before this event; also where the value of this one is missing."""

    def __init__(self, n: int = 1) -> None:
        super().__init__(n)

    def feed(self, x: float | None) -> float | None:
        self.value = self.entries[0] if self.full() else None
        if x is not None:
            self.push(float(x))
        return self.value


class Best(Window):
    """The best of the last n entries, or of all; nan is passed over.

    With n it is nan where all of them are. Without n it is missing until a value that is not nan
    came, and since no entry ever leaves, only the best can be the answer: it is a window of one
    entry into which only a better one comes.

    Args:
        better: `lower` or `higher`.
        n: how many entries; None for all.
    """

    def __init__(self, better: str, n: int | None = None) -> None:
        super().__init__(1 if n is None else n)
        self.sign = -1.0 if better == "lower" else 1.0
        self.all = n is None
        # Those that are as good as all after them, the best first (a monotonic queue).
        self.queue: deque[float] = deque()

    def add(self, x: float) -> float | None:
        if self.all and (x != x or (self.queue and self.sign * x <= self.sign * self.queue[0])):
            return self.value
        return super().add(x)

    def enter(self, x: float) -> None:
        if x == x:
            while self.queue and self.sign * x > self.sign * self.queue[-1]:
                self.queue.pop()
            self.queue.append(x)

    def leave(self, x: float) -> None:
        if self.queue and self.queue[0] == x:
            self.queue.popleft()

    def answer(self) -> float:
        return self.queue[0] if self.queue else math.nan


class Lowest(Best):
    """The lowest of the last n entries, or of all."""

    def __init__(self, n: int | None = None) -> None:
        super().__init__("lower", n)


class Highest(Best):
    """The highest of the last n entries, or of all."""

    def __init__(self, n: int | None = None) -> None:
        super().__init__("higher", n)


class Quantile(Window):
    """The value below which the share q of the n entries lies, between two of them in proportion.

    That is definition 7 of Hyndman and Fan, Sample quantiles in statistical packages (1996), the
    one that NumPy uses. Nan where one of the entries is.

    Args:
        q: the share, 0 for the lowest entry and 1 for the highest.
        n: how many entries.

    Raises:
        ValueError: q is not from 0 to 1, or n below 1.
    """

    def __init__(self, q: float, n: int) -> None:
        super().__init__(n)
        if not 0 <= q <= 1:
            raise ValueError(f"a quantile is from 0 to 1, not {q}")
        self.place = (n - 1) * q
        self.sorted: list[float] = []

    def enter(self, x: float) -> None:
        if x == x:
            insort(self.sorted, x)

    def leave(self, x: float) -> None:
        if x == x:
            del self.sorted[bisect_left(self.sorted, x)]  # Of equals the oldest.

    def answer(self) -> float:
        if len(self.sorted) < self.n:
            return math.nan
        index = int(self.place)
        low, part = self.sorted[index], self.place - index
        if not part or low == self.sorted[index + 1]:
            return low
        return low + (self.sorted[index + 1] - low) * part


class Median(Quantile):
    """The middle one of the n entries, or the middle of the two."""

    def __init__(self, n: int) -> None:
        super().__init__(0.5, n)
