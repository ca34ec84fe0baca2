"""The nodes of schedules: what is set, and the phases that it goes through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cbdsl.syntax.expressions import Duration, Expr, Name, Node, Number, Setting

Shape = Literal["linear", "cosine", "exponential", "sqrt", "polynomial"]
Law = Literal["exponential", "inverse", "inverse_sqrt"]


@dataclass(frozen=True)
class Rest(Node):
    """`the rest`: what the phases above leave of the training."""


Stretch = Duration | Rest
"""How long a phase is."""


@dataclass(frozen=True)
class Ramp(Node):
    """`linear [from A] to B over SPAN`; `power` is that of `polynomial(p)`, else None."""

    shape: Shape
    power: Expr | None
    start: Expr | None
    end: Expr
    over: Stretch


@dataclass(frozen=True)
class Hold(Node):
    """`hold [at V] for SPAN`."""

    level: Expr | None
    lasting: Stretch


@dataclass(frozen=True)
class Step(Node):
    """`step by F every SPAN for SPAN`."""

    factor: Expr
    every: Stretch
    lasting: Stretch


@dataclass(frozen=True)
class Decay(Node):
    """`decay exponential by R per SPAN for SPAN`."""

    law: Law
    rate: Expr
    per: Stretch
    lasting: Stretch


@dataclass(frozen=True)
class Cycle(Node):
    """`cycle from A to B every SPAN for SPAN`."""

    low: Expr
    high: Expr
    every: Stretch
    lasting: Stretch


@dataclass(frozen=True)
class Repeat(Node):
    """`repeat [last N phases] [M times] [scaling by F] [stretching by G]`."""

    last: Number | Name | None
    times: Number | Name | None
    scaling: Expr | None
    stretching: Expr | None


Phase = Ramp | Hold | Step | Decay | Cycle | Repeat


@dataclass(frozen=True)
class Schedule(Node):
    """`schedule lr:` and the phases below it; with `every batch` a value a batch."""

    target: Name | Setting
    every_batch: bool
    phases: tuple[Phase, ...]


def stretches(phase: Phase) -> tuple[Stretch, ...]:
    """The spans of a phase; how long it is comes last."""
    match phase:
        case Ramp():
            return (phase.over,)
        case Hold():
            return (phase.lasting,)
        case Step() | Cycle():
            return (phase.every, phase.lasting)
        case Decay():
            return (phase.per, phase.lasting)
        case Repeat():
            return ()


def levels(phase: Phase) -> tuple[Expr, ...]:
    """The numbers of a phase that are values, factors or rates, in the order of the text."""
    given: tuple[Expr | None, ...]
    match phase:
        case Ramp():
            given = (phase.power, phase.start, phase.end)
        case Hold():
            given = (phase.level,)
        case Step():
            given = (phase.factor,)
        case Decay():
            given = (phase.rate,)
        case Cycle():
            given = (phase.low, phase.high)
        case Repeat():
            given = (phase.scaling, phase.stretching)
    return tuple(level for level in given if level is not None)
