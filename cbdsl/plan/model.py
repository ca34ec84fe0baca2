"""The plan: no text, no keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cbdsl.catalog.hooks import Hook
from cbdsl.catalog.metrics import Better
from cbdsl.checks.context import ParamValue
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import nodes as n

Counter = Literal["epoch", "step"]


@dataclass(frozen=True)
class Count:
    """A number in a gate: a literal or a parameter, `is_share` if it is a part of the epochs."""

    value: float
    param: str | None
    is_share: bool


@dataclass(frozen=True)
class Gate:
    """What a trigger or a window asks of a counter.

    `every`: another `counts[0]` are done. `at`: one of `counts` is reached. `after`: later than
    the count. `until`: not later. `from`: between two, both included.
    """

    kind: Literal["every", "at", "after", "until", "from"]
    counter: Counter
    counts: tuple[Count, ...]
    span: Span


@dataclass(frozen=True)
class Slot:
    """A predicate's memory: the attribute that holds it and what it is fed."""

    name: str
    node: n.Improves | n.Stalls
    better: Better
    counter: Counter


@dataclass(frozen=True)
class Named:
    """What a rule is called, where it stands and what it says."""

    name: str | None
    label: str
    """For people: its name, or its place."""
    place: str
    key: str
    text: str
    begins: int
    """The first epoch in which it can act, as far as its trigger and window tell."""
    span: Span


@dataclass(frozen=True)
class Schedule:
    """A rule that compiles to a function `(epoch, lr)` for the LearningRateScheduler."""

    named: Named
    function: str
    params: tuple[ParamValue, ...]
    gates: tuple[Gate, ...]
    condition: n.Expr | None
    action: n.Assign
    needs_epochs: bool


@dataclass(frozen=True)
class RulePlan:
    """A rule that compiles to a callback class.

    It acts at `acts`, and feeds its memory at `feeds`, which differs where it acts at the start
    of an epoch. `window` is None or a gate; `notes` are the hooks at which it must remember the
    metrics, since where it acts there are none; it `keeps_notes` of metrics that the last logs
    did not hold, unless it asks for those of the last epoch.
    """

    named: Named
    class_name: str
    params: tuple[ParamValue, ...]
    acts: Hook
    feeds: Hook
    notes: tuple[Hook, ...]
    keeps_notes: bool
    reads: tuple[str, ...]
    """The metrics it asks for."""
    gate: Gate | None
    window: Gate | None
    once: bool
    condition: n.Expr | None
    slots: tuple[Slot, ...]
    actions: tuple[n.Action, ...]
    counts_steps: bool


@dataclass(frozen=True)
class UsePlan:
    """One of Keras's own callbacks, made by a function; `paths` names the arguments that are
    paths below the run directory."""

    named: Named
    function: str
    callback: str
    arguments: Mapping[str, bool | int | float | str | None]
    paths: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """Everything a rule file becomes: schedules, then callbacks, each in the order of the file."""

    source: SourceFile
    params: Mapping[str, ParamValue]
    schedules: tuple[Schedule, ...]
    callbacks: tuple[RulePlan | UsePlan, ...]
    sets_rate: bool
    """Whether a rule writes the learning rate."""

    @property
    def rules(self) -> tuple[RulePlan, ...]:
        """The callbacks that are rules."""
        return tuple(c for c in self.callbacks if isinstance(c, RulePlan))

    @property
    def needs_run_dir(self) -> bool:
        """Whether a callback of Keras is told where to write."""
        return any(isinstance(c, UsePlan) and c.paths for c in self.callbacks)

    @property
    def named(self) -> tuple[Named, ...]:
        """All rules, schedules too, in the order of the file."""
        every = [s.named for s in self.schedules] + [r.named for r in self.rules]
        return tuple(sorted(every, key=lambda named: named.span))
