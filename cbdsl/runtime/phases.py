"""The phases of a `schedule` block: how a value goes over a span of the training.

A phase takes n epochs, or n batches in a block that is read by batch. It is read when u = 0, 1, 2 …
of them are done since it began, at t = u/n; its value at t = 1 is where the next phase finds it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from cbdsl.runtime.arithmetic import power
from cbdsl.runtime.spans import Curve, Number, Rest, Span, Units


class Phase:
    """What all phases but `repeat` have in common.

    Attributes:
        word: what it is called in the language.
        over: how long it is.
    """

    word: ClassVar[str]
    over: Span | Rest

    def first(self, before: float) -> float:
        """The value at t = 0, `before` being the one where the last phase ended."""
        return before

    def curve(self, a: float, n: Number, units: Units) -> Curve:
        """The value by u, from a at u = 0 up to and with u = n.

        Raises:
            ValueError: there is no such phase; says what it does that it must not.
        """
        raise NotImplementedError


# ---------------------------------------------------------------- from a value to another


class _Ramp(Phase):
    """`[from A] to B over SPAN`."""

    start: float | None
    end: float

    def first(self, before: float) -> float:
        return before if self.start is None else self.start

    def curve(self, a: float, n: Number, units: Units) -> Curve:
        b = self.end
        self.check(a, b)
        return lambda u: b if u >= n else self.between(a, b, float(u / n))

    def check(self, a: float, b: float) -> None:
        """Raise a ValueError where there is no way from a to b."""

    def between(self, a: float, b: float, t: float) -> float:
        """The value at t, from 0 on and below 1."""
        raise NotImplementedError


@dataclass(frozen=True)
class _FromTo(_Ramp):
    start: float | None
    end: float
    over: Span | Rest


class Linear(_FromTo):
    """`A + (B-A)·t`, as in `torch.optim.lr_scheduler.LinearLR`."""

    word = "linear"

    def between(self, a: float, b: float, t: float) -> float:
        return a + (b - a) * t


class Cosine(_FromTo):
    """`B + (A-B)·(1 + cos πt)/2`, as in `keras.optimizers.schedules.CosineDecay`.

    Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017).
    """

    word = "cosine"

    def between(self, a: float, b: float, t: float) -> float:
        return b + (a - b) * (1 + math.cos(math.pi * t)) / 2


class Exponential(_FromTo):
    """`A·(B/A)^t`, as in `torch.optim.lr_scheduler.ExponentialLR` with `gamma = (B/A)^(1/n)`.

    Computed as `A^(1-t)·B^t`, which no pair of values overflows.
    """

    word = "exponential"

    def check(self, a: float, b: float) -> None:
        if not (a > 0 < b or a < 0 > b):
            raise ValueError(f"goes from {a:g} to {b:g}, and needs both above 0 or both below")

    def between(self, a: float, b: float, t: float) -> float:
        return math.copysign(power(abs(a), 1 - t) * power(abs(b), t), b)


class Sqrt(_FromTo):
    """`A + (B-A)·√t`: with B = 0 the cooldown `1 - sqrt`.

    Hägele and others, Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations
    (2024).
    """

    word = "sqrt"

    def between(self, a: float, b: float, t: float) -> float:
        return a + (b - a) * math.sqrt(t)


@dataclass(frozen=True)
class Polynomial(_Ramp):
    """`B + (A-B)·(1-t)^p`, as in `keras.optimizers.schedules.PolynomialDecay`; p is above 0."""

    power: float
    start: float | None
    end: float
    over: Span | Rest
    word: ClassVar = "polynomial"

    def check(self, a: float, b: float) -> None:
        if self.power <= 0:
            raise ValueError(f"has the power {self.power:g}, which is not above 0")

    def between(self, a: float, b: float, t: float) -> float:
        return b + (a - b) * power(1 - t, self.power)


# ---------------------------------------------------------------- from where it is


@dataclass(frozen=True)
class Hold(Phase):
    """`V`, as in `torch.optim.lr_scheduler.ConstantLR`; without one the value it finds."""

    level: float | None
    over: Span | Rest
    word: ClassVar = "hold"

    def first(self, before: float) -> float:
        return before if self.level is None else self.level

    def curve(self, a: float, n: Number, units: Units) -> Curve:
        return lambda u: a


@dataclass(frozen=True)
class Step(Phase):
    """`A·F^⌊u/every⌋`, as in `torch.optim.lr_scheduler.StepLR`."""

    factor: float
    every: Span
    over: Span | Rest
    word: ClassVar = "step"

    def curve(self, a: float, n: Number, units: Units) -> Curve:
        every = units.of(self.every)
        return lambda u: a * power(self.factor, u // every)


@dataclass(frozen=True)
class Decay(Phase):
    """With `x = u/per`, after `keras.optimizers.schedules` but for the last:

    - exponential, `A·R^x`, as `ExponentialDecay`; R is above 0,
    - inverse, `A/(1 + R·x)`, as `InverseTimeDecay`,
    - inverse_sqrt, `A/√(1 + R·x)`: behind a warm-up over `per` and with R = 1 that of Vaswani and
      others, Attention Is All You Need (2017).
    """

    law: Literal["exponential", "inverse", "inverse_sqrt"]
    rate: float
    per: Span
    over: Span | Rest
    word: ClassVar = "decay"

    def curve(self, a: float, n: Number, units: Units) -> Curve:
        rate, per = self.rate, units.of(self.per)
        if self.law == "exponential":
            if rate <= 0:
                raise ValueError(f"decays exponentially by {rate:g}, which is not above 0")
            return lambda u: a * power(rate, float(u / per))
        if 1 + rate * float(n / per) <= 0:
            raise ValueError(f"decays by {rate:g} for so long that it divides by zero")
        if self.law == "inverse":
            return lambda u: a / (1 + rate * float(u / per))
        return lambda u: a / math.sqrt(1 + rate * float(u / per))


@dataclass(frozen=True)
class Cycle(Phase):
    """`A·g + B·(1-g)`, g = |2x-1| and x = u/every less its whole part: A, B at half, A.

    As in `torch.optim.lr_scheduler.CyclicLR`; Smith, Cyclical Learning Rates for Training Neural
    Networks (2017).
    """

    low: float
    high: float
    every: Span
    over: Span | Rest
    word: ClassVar = "cycle"

    def first(self, before: float) -> float:
        return self.low

    def curve(self, a: float, n: Number, units: Units) -> Curve:
        b, every = self.high, units.of(self.every)

        def triangle(u: Number) -> float:
            g = abs(2 * float(u % every / every) - 1)
            return a * g + b * (1 - g)

        return triangle


# ---------------------------------------------------------------- again


@dataclass(frozen=True)
class Repeat:
    """The last of the entries above, again: in the k-th time `E + (v-E)·F^k`, spans times `G^k`.

    v is the value in the first pass, and E the one at which that ended. An entry is a phase, or a
    `repeat` with all that it repeats. Behind a cosine it is
    `keras.optimizers.schedules.CosineDecayRestarts`, F being `m_mul` and G `t_mul`.

    Attributes:
        last: how many entries; None for all.
        times: how many times more; None for up to the end of the training.
        scaling: F.
        stretching: G, above 0. With G below 1 endless repeating comes to a limit, and E holds.
    """

    last: int | None = None
    times: int | None = None
    scaling: float = 1.0
    stretching: float = 1.0
    word: ClassVar = "repeat"
