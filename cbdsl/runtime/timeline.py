"""Phases behind one another and again: the value at any place of a training.

A value follows from its place alone. So it costs the same wherever training stands, a resumed run
finds the same ones, and nothing is remembered.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, takewhile

from cbdsl.runtime.arithmetic import power
from cbdsl.runtime.phases import Phase, Repeat
from cbdsl.runtime.spans import REST, Curve, Number, Unit, Units, exact, whole

TABLE = 100
"""How many stretched passes are placed without rounding."""

LONGEST = 2**64
"""More epochs or batches than any training has."""

NO_MORE = 1e-300
"""What is left at least of passes that shrink, where rounding says nothing or less."""


class Piece:
    """Values over a length of time.

    Attributes:
        length: how long.
        end: the value when it is over.
    """

    length: Number
    end: float

    def value(self, u: Number) -> float:
        """The value when u of the length is done."""
        raise NotImplementedError


class _Single(Piece):
    """A phase."""

    def __init__(self, length: Number, curve: Curve) -> None:
        self.length, self.curve, self.end = length, curve, curve(length)

    def value(self, u: Number) -> float:
        return self.curve(u)


class _Chain(Piece):
    """Pieces behind one another; the end value of the last one holds ever after."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces, self.end = pieces, pieces[-1].end
        *self.begins, self.length = accumulate((piece.length for piece in pieces), initial=0)

    def value(self, u: Number) -> float:
        if u >= self.length:
            return self.end
        index = bisect_right(self.begins, u) - 1
        return self.pieces[index].value(u - self.begins[index])


class _Repeated(Piece):
    """A piece, and passes over it again: `E + (v-E)·F^k` in pass k.

    Args:
        piece: pass 0.
        times: how many passes more; None for all that there is room for.
        scaling: F.
    """

    def __init__(self, piece: Piece, times: int | None, scaling: float) -> None:
        self.piece, self.times, self.scaling, self.end = piece, times, scaling, piece.end
        self.length = self.limit() if times is None else self.begin(times + 1)

    def value(self, u: Number) -> float:
        k, within = self.find(u)
        v, height = self.piece.value(within), power(self.scaling, k)
        # Not scaled, or nothing to scale: without the rounding, and never inf * 0.
        return v if height == 1 or v == self.end else self.end + (v - self.end) * height

    def begin(self, k: int) -> Number:
        """Where pass k begins."""
        return whole(self.piece.length * k)

    def limit(self) -> Number:
        """Where no pass begins any more."""
        return math.inf

    def find(self, u: Number) -> tuple[int, Number]:
        """Which pass is at a place, and where in pass 0 the same is found."""
        return int(u // self.piece.length), u % self.piece.length


class _Stretched(_Repeated):
    """Passes of G^k times the length L: pass k begins at `L·(G^k - 1)/(G - 1)`.

    The first passes stand in a table and are exact. Those behind it are placed with rounding, since
    exact numbers would grow to thousands of digits. That takes none for the one before it: the
    table of a whole G reaches beyond any training, and with any other G no pass this late begins
    at a whole epoch or batch.

    Args:
        stretching: G, above 0 and not 1.
    """

    def __init__(
        self, piece: Piece, times: int | None, scaling: float, stretching: Fraction
    ) -> None:
        self.stretching, self.log = stretching, math.log(stretching)
        begins = accumulate((piece.length * stretching**k for k in range(TABLE)), initial=0)
        self.begins = [whole(begin) for begin in takewhile(lambda at: at < LONGEST, begins)]
        super().__init__(piece, times, scaling)

    def begin(self, k: int) -> Number:
        return self.begins[k] if k < len(self.begins) else self.taken(k)

    def limit(self) -> Number:
        if self.stretching > 1:
            return math.inf
        return whole(self.piece.length / (1 - self.stretching))

    def find(self, u: Number) -> tuple[int, Number]:
        k = bisect_right(self.begins, u) - 1
        if k + 1 < len(self.begins):
            return k, (u - self.begins[k]) / self.stretching**k
        # u = L·(G^passes - 1)/(G - 1), solved for the passes.
        grown = 1 + Fraction(u) * (self.stretching - 1) / Fraction(self.piece.length)
        passes = max(math.log(max(float(grown), NO_MORE)) / self.log, k)
        k = int(passes) if self.times is None else min(int(passes), self.times)
        return k, min(self.taken(passes - k), self.piece.length)

    def taken(self, passes: float) -> float:
        """How long so many passes are, a part of one too; inf where that is beyond a float."""
        try:
            grown = math.expm1(passes * self.log)
        except OverflowError:
            return math.inf
        return float(self.piece.length) * grown / float(self.stretching - 1)


class Timeline(_Chain):
    """The values of a `schedule` block in one training.

    Args:
        phases: those of the block, in their order.
        start: the value when training began.
        epochs: how many are planned, None where that is not known.
        batches: how many an epoch has, None where Keras does not know.
        by: what lengths and places are counted in, epochs or batches of the whole training.

    Raises:
        ValueError: a phase cannot be; says which one and why.
    """

    def __init__(
        self,
        phases: Sequence[Phase | Repeat],
        start: float,
        epochs: int | None = None,
        batches: int | None = None,
        by: Unit = "epoch",
    ) -> None:
        if not phases:
            raise ValueError("a schedule has at least one phase")
        units = Units(epochs, batches, by)
        pieces: list[Piece] = []
        endless = False
        for number, phase in enumerate(phases, 1):
            try:
                if endless:
                    raise ValueError("is never reached: the one above goes on to the end")
                _all_numbers(phase)
                if isinstance(phase, Repeat):
                    pieces.append(_repeated(phase, pieces))
                    endless = phase.times is None or pieces[-1].length == math.inf
                    continue
                length = units.of(phase.over, sum(piece.length for piece in pieces))
                endless = phase.over == REST
                if length > 0:
                    pieces.append(
                        _single(phase, length, pieces[-1].end if pieces else start, units)
                    )
            except ValueError as problem:
                what = f"phase {number} of the schedule, `{phase.word}`,"
                raise ValueError(f"{what} {problem}") from None
        if not pieces:
            raise ValueError("a schedule has at least one phase, and no epoch is planned")
        super().__init__(pieces)


def _all_numbers(phase: Phase | Repeat) -> None:
    """Raise a ValueError where a number of a phase is none."""
    for name, x in vars(phase).items():
        if isinstance(x, int | float) and not math.isfinite(x):
            raise ValueError(f"has {x} for its {name}, which is no finite number")


def _single(phase: Phase, length: Number, before: float, units: Units) -> Piece:
    """A phase behind others, or behind the value that training began with."""
    a = phase.first(before)
    if not math.isfinite(a):
        raise ValueError(f"begins at {a}, which is no finite number")
    piece = _Single(length, phase.curve(a, length, units))
    if not math.isfinite(piece.end):
        raise ValueError(f"ends at {piece.end}, which is no finite number")
    return piece


def _repeated(repeat: Repeat, above: list[Piece]) -> Piece:
    """A `repeat`, with what it repeats taken off those above."""
    last, times = repeat.last, repeat.times
    if not above:
        raise ValueError("has nothing above it to repeat")
    if last is None:
        last = len(above)
    if last not in range(1, len(above) + 1):
        there = "there is 1" if len(above) == 1 else f"there are {len(above)}"
        raise ValueError(f"repeats the last {last}, and above it {there}")
    if times is not None and times < 0:
        raise ValueError(f"repeats {times} times, which is below 0")
    if repeat.stretching <= 0:
        raise ValueError(f"stretches by {repeat.stretching:g}, which is not above 0")
    piece = _Chain(above[-last:])
    del above[-last:]
    if repeat.stretching == 1:
        return _Repeated(piece, times, repeat.scaling)
    return _Stretched(piece, times, repeat.scaling, exact(repeat.stretching))
