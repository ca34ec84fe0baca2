"""How long the phases of a schedule are, in epochs or batches and without rounding."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Number = int | Fraction | float
"""A place or a length in time. A float only where infinite, or far out in a stretching `repeat`."""

Curve = Callable[[Number], float]
"""A value by the time since it began."""

Unit = Literal["epoch", "batch"]


def exact(x: float) -> Fraction:
    """The number as it is written: 0.3 is 3/10."""
    return Fraction(repr(float(x)))


def whole(x: Number) -> Number:
    """The same number, an int if it is a whole fraction: those are fast."""
    return x.numerator if isinstance(x, Fraction) and x.denominator == 1 else x


@dataclass(frozen=True)
class Span:
    """`5 epochs`, `100 batches`, or with the unit `share` that part of the planned epochs."""

    n: float
    unit: Literal["epoch", "batch", "share"]

    def __str__(self) -> str:
        if self.unit == "share":
            return f"{100 * self.n:g}%"
        units = {"epoch": "epochs", "batch": "batches"}
        return f"{self.n:g} {self.unit if self.n == 1 else units[self.unit]}"


@dataclass(frozen=True)
class Rest:
    """`the rest`: what the phases above leave of the planned epochs."""

    def __str__(self) -> str:
        return "the rest"


REST = Rest()


@dataclass(frozen=True)
class Units:
    """What time is counted in, and how much of it the training has.

    Attributes:
        epochs: how many are planned, None where that is not known.
        batches: how many an epoch has, None where Keras does not know.
        by: what is counted.
    """

    epochs: int | None
    batches: int | None
    by: Unit

    def of(self, span: Span | Rest, taken: Number = 0) -> Number:
        """How long a span is.

        Args:
            span: the span.
            taken: how long the phases above are, for `the rest`.

        Raises:
            ValueError: it is not above zero, or needs what is not known; says what is the matter.
                Nothing or less may be left for `the rest`, in a training cut short for a trial.
        """
        if isinstance(span, Rest):
            return whole(self._planned(span) - taken)
        if not 0 < span.n < math.inf:
            raise ValueError(f"asks for {span}, and a span is above zero and has an end")
        if span.unit == "share":
            return whole(exact(span.n) * self._planned(span))
        return whole(exact(span.n) * self._each(span.unit, span))

    def _planned(self, span: Span | Rest) -> Fraction:
        """The planned epochs in what is counted."""
        if self.epochs is None:
            raise ValueError(f"asks for {span}, and how many epochs are planned is not known")
        return self.epochs * self._each("epoch", span)

    def _each(self, unit: Unit, span: Span | Rest) -> Fraction:
        """How many of what is counted one of these is."""
        if unit == self.by:
            return Fraction(1)
        if not self.batches:
            raise ValueError(
                f"asks for {span}, and Keras does not know how many batches an epoch has"
            )
        return Fraction(self.batches) if unit == "epoch" else Fraction(1, self.batches)
