"""Series that are sums over a window, such as `mean(loss, 5)`: exact, however long they run.

Every finite float is a multiple of 2**-1074, the smallest one above zero. So the sums are whole
numbers: what enters is added and what leaves is taken off without rounding, nothing drifts, 1e16
hides no 1, and what follows from the sums is rounded once, at the end.
"""

from __future__ import annotations

import math

from cbdsl.runtime.arithmetic import divide
from cbdsl.runtime.windows import Window


class Sums(Window):
    """Exact sums over the last n entries, in units of 2**-1074.

    Attributes:
        total: the sum of the finite entries.
        nans, ups, downs: how many entries are nan, infinity, minus infinity.
    """

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.total = self.nans = self.ups = self.downs = 0

    def enter(self, x: float) -> None:
        self.turn(x, 1)

    def leave(self, x: float) -> None:
        self.turn(x, -1)

    def turn(self, x: float, by: int) -> None:
        """An entry comes in where `by` is 1; where it is -1 it goes."""
        if math.isfinite(x):
            self.tally(*_exact(x), by)
            return
        if x != x:
            self.nans += by
        elif x > 0:
            self.ups += by
        else:
            self.downs += by
        self.tally(0, 0, by)

    def tally(self, whole: int, shift: int, by: int) -> None:
        """The same for the sums, to which the entry gives `whole << shift`, or 0 if not finite."""
        self.total += by * whole << shift

    def wild(self) -> float:
        """What the entries that are not finite add up to; zero where there are none."""
        if self.nans or (self.ups and self.downs):
            return math.nan
        if self.ups or self.downs:
            return math.inf if self.ups else -math.inf
        return 0.0


class Mean(Sums):
    """The mean of the n entries: infinite where entries are of one sign, nan where of both."""

    def answer(self) -> float:
        return self.wild() or _ratio(self.total, self.n << 1074)


class Slope(Sums):
    """The slope of the least-squares line through the n entries, per event.

    With x = 0 … n-1 it is `6*(2*Σxy - (n-1)*Σy) / (n*(n²-1))`. Nan unless all are finite.

    Attributes:
        moment: Σxy.
    """

    least = 2

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.moment = 0

    def tally(self, whole: int, shift: int, by: int) -> None:
        super().tally(whole, shift, by)
        if by > 0:
            self.moment += (len(self.entries) - 1) * whole << shift
        else:
            # The one that went was at 0, and all others move down by one.
            self.moment -= self.total

    def answer(self) -> float:
        if self.wild():
            return math.nan
        n = self.n
        return _ratio(6 * (2 * self.moment - (n - 1) * self.total), n * (n * n - 1) << 1074)


class Moments(Sums):
    """Sums of the entries and of their squares.

    Attributes:
        squares: the sum of the squares of the finite entries, in units of 2**-2148.
    """

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.squares = 0

    def tally(self, whole: int, shift: int, by: int) -> None:
        super().tally(whole, shift, by)
        self.squares += by * whole * whole << 2 * shift

    def spread(self) -> int:
        """The variance of the finite entries times n², in units of 2**-2148."""
        return self.n * self.squares - self.total * self.total


class Std(Moments):
    """The standard deviation of the n entries, that of a population. Nan unless all are finite."""

    def answer(self) -> float:
        return math.nan if self.wild() else _root(self.spread(), self.n * self.n << 2148)


class Zscore(Moments):
    """How many standard deviations the newest entry lies above the mean of the n before it.

    Divided as IEEE 754 has it: infinite, or nan, where those n are all equal. Nan where one of
    them is not finite.
    """

    least = 2

    def add(self, x: float) -> float | None:
        score = self.score(x) if self.full() else None
        self.push(x)
        return score

    def score(self, x: float) -> float:
        if self.wild():
            return math.nan
        if not math.isfinite(x):
            return x
        whole, shift = _exact(x)
        above, spread = (self.n * whole << shift) - self.total, self.spread()
        sign = float((above > 0) - (above < 0))
        return sign * _root(above * above, spread) if spread else divide(sign, 0.0)


def _exact(x: float) -> tuple[int, int]:
    """How many times 2**-1074 a finite x is: a whole number, and by how much to shift it left."""
    whole, denominator = x.as_integer_ratio()
    return whole, 1075 - denominator.bit_length()


def _ratio(p: int, q: int) -> float:
    """p / q for a q above zero, correctly rounded."""
    try:
        return p / q
    except OverflowError:
        return math.inf if p > 0 else -math.inf


def _root(p: int, q: int) -> float:
    """√(p / q) for a p of zero or more and a q above zero, correctly rounded.

    The ratio is scaled to 110 bits or more, so that its whole root has 55 or more. The last of them
    is set where that is not exact, and the one rounding that follows sees on which side of a tie it
    lies (round to odd: Boldo and Melquiond, When double rounding is odd, 2005).
    """
    scale = (111 - p.bit_length() + q.bit_length()) // 2
    if scale > 0:
        p <<= 2 * scale
    else:
        q <<= -2 * scale
    square, rest = divmod(p, q)
    root = math.isqrt(square)
    root |= rest > 0 or root * root < square
    return _ratio(root << max(-scale, 0), 1 << max(scale, 0))
