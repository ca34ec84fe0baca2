"""The plan: no text, no keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.hooks import INTERRUPT, Hook
from cbdsl.catalog.metrics import Better
from cbdsl.checks.actions import verb
from cbdsl.checks.context import ParamValue
from cbdsl.source import SourceFile, Span
from cbdsl.syntax import nodes as n

Remembering = n.Improves | n.Stalls | n.Held | n.Moves | n.Crosses | n.Call
"""Expressions with a memory; of the calls those of a series."""

Shared = Literal[
    "variables",
    "outside",
    "recorded",
    "snapshots",
    "learning_rate",
    "notices",
    "functions",
    "failures",
]
"""What several rules share, by the attribute that holds it: the variables, those from outside, the
metrics that are recorded, the weights to go back to, the schedule of the rate, who sends messages,
the functions that may be called, and what training fails with."""

Counter = Literal["epoch", "step", "time", "value"]
"""What a gate or a clock counts; a time is in seconds."""


COUNTED: dict[Counter, str] = {"epoch": "epoch", "step": "batch", "time": "second"}
"""The unit of what a gate or a clock counts."""


@dataclass(frozen=True)
class Count:
    """A number: a literal, or a parameter times `factor`; `is_share` if it is a part of the epochs.

    `value` is what it is in this run.
    """

    value: float
    param: str | None = None
    factor: int = 1
    is_share: bool = False


@dataclass(frozen=True)
class Gate:
    """What a trigger or a window asks of a counter.

    `each`: a new one begins, of which Keras sometimes tells twice. `every`: another `counts[0]` are
    done. `at`: one of `counts` is reached. `after`: later than the count. `until`: not later.
    `from`: between two, both included.
    """

    kind: Literal["each", "every", "at", "after", "until", "from"]
    counter: Counter
    counts: tuple[Count, ...]
    span: Span


@dataclass(frozen=True)
class Slot:
    """The memory of a predicate or a series: the attribute that holds it and what it is fed.

    `better` is a direction where it asks for one; `counter` and `span` belong to its clock.
    """

    name: str
    node: Remembering
    better: Better | None = None
    counter: Counter = "epoch"
    span: Count | None = None

    @property
    def is_clock(self) -> bool:
        """Whether it starts again when the rule fires."""
        return isinstance(self.node, n.Stalls | n.Held)

    @property
    def is_series(self) -> bool:
        return isinstance(self.node, n.Call)


@dataclass(frozen=True)
class Named:
    """What a rule is called, where it stands and what it says."""

    name: str | None
    label: str
    """For people: its name, or its place."""
    place: str
    key: str
    text: str
    """As it is written, with its name."""
    canonical: str
    """In canonical layout, a rule without its name: what its key is made of."""
    begins: int
    """The first epoch in which it can act, as far as its trigger and window tell."""
    order: int
    """Its place among the rules, those of included files among them."""
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
    reads_logs: bool
    """Whether it asks for metrics where it acts: by name, for a list of them, or for a function."""
    gate: Gate | None
    window: Gate | None
    most: Count | None
    """How often it may fire in all."""
    wait: Count | None
    """For how long it rests when it has fired, counted by `wait_by`."""
    wait_by: Counter
    condition: n.Expr | None
    slots: tuple[Slot, ...]
    actions: tuple[n.Action, ...]
    counts_steps: bool
    shared: tuple[Shared, ...]
    follows_roll_back: bool = False
    """Whether a rule above may have rolled back at the end of the same epoch."""

    @property
    def calls(self) -> tuple[str, ...]:
        """The functions that it calls."""
        return tuple(a.function for a in self.actions if isinstance(a, n.Invoke))


@dataclass(frozen=True)
class MetricPlan:
    """A derived metric: a callback that puts it into the logs at every epoch's end."""

    named: Named
    class_name: str
    params: tuple[ParamValue, ...]
    metric: str
    reads: tuple[str, ...]
    """The metrics it is computed from."""
    value: n.Expr
    slots: tuple[Slot, ...]
    counts_steps: bool
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class BlockPlan:
    """A `schedule` block: a callback that sets something at every epoch's or batch's start."""

    named: Named
    class_name: str
    params: tuple[ParamValue, ...]
    target: n.Target
    by_batch: bool
    spans_batches: bool
    """Whether some of its spans are given in batches."""
    phases: tuple[n.Phase, ...]
    shared: tuple[Shared, ...]

    @property
    def is_rate(self) -> bool:
        """Whether it sets the learning rate."""
        return isinstance(self.target, n.Name) and self.target.name == "lr"


@dataclass(frozen=True)
class SnapshotsPlan:
    """The weights that rules go back to.

    Attributes:
        best: the metrics whose best epoch is kept, each with the better direction.
        rolled_to: those of them that a rule rolls back to.
        good: whether the last good weights are.
        batches: whether a rule may roll back within an epoch.
    """

    best: Mapping[str, Better]
    rolled_to: frozenset[str]
    good: bool
    batches: bool


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
    variables: Mapping[str, float | bool]
    """The variables and their values when training begins."""
    outside: tuple[str, ...]
    """The variables that the caller passes."""
    recorded: tuple[str, ...]
    """The metrics that rules record."""
    snapshots: SnapshotsPlan | None
    limit: n.Limit | None
    """Between what the learning rate is kept."""
    schedules: tuple[Schedule, ...]
    blocks: tuple[BlockPlan, ...]
    metrics: tuple[MetricPlan, ...]
    callbacks: tuple[RulePlan | UsePlan, ...]
    sets_rate: bool
    """Whether a rule writes the learning rate."""
    expected: frozenset[str]
    """Metrics that come from elsewhere, sooner or later."""
    reads_clock: bool
    """Whether a rule asks how long training has lasted."""
    resume: str | None
    """The folder in the run's directory that a training is taken up from."""
    leaves: bool
    """Whether a rule saves where the caller allows it beside the run's directory."""

    @property
    def rules(self) -> tuple[RulePlan, ...]:
        """The callbacks that are rules."""
        return tuple(c for c in self.callbacks if isinstance(c, RulePlan))

    @property
    def classes(self) -> tuple[MetricPlan | RulePlan, ...]:
        """Everything that becomes a class with a memory, in the order in which they act."""
        return (*self.metrics, *self.rules)

    @property
    def shared(self) -> frozenset[Shared]:
        """What rules share, of all that they can share."""
        given = [part for each in (*self.classes, *self.blocks) for part in each.shared]
        return frozenset(given)

    @property
    def settings(self) -> frozenset[str]:
        """The settings of the optimizer that rules or schedules set."""
        targets = [block.target for block in self.blocks]
        actions = (action for rule in self.rules for action in rule.actions)
        targets += [action.target for action in actions if isinstance(action, n.Assign)]
        return frozenset(target.name for target in targets if isinstance(target, n.Setting))

    @property
    def schedules_rate(self) -> bool:
        """Whether a `schedule` block sets the rate, which rules scale."""
        return any(block.is_rate for block in self.blocks)

    @property
    def made(self) -> frozenset[str]:
        """The metrics that the rules make themselves."""
        return frozenset(self.recorded).union(metric.metric for metric in self.metrics)

    @property
    def answering(self) -> tuple[RulePlan, ...]:
        """The rules that answer an interrupt."""
        return tuple(rule for rule in self.rules if rule.acts == INTERRUPT)

    @property
    def answers_last(self) -> bool:
        """Whether interrupts are answered behind all else that belongs to an event of training.

        So it is where a rule then changes weights, or what Keras has traced: what the others see
        and save belongs to the weights that there were, and a validation is of one model.
        """
        actions = (action for rule in self.answering for action in rule.actions)
        return any(ACTIONS[verb(action)].touches_model for action in actions)

    @property
    def needs_run_dir(self) -> bool:
        """Whether a callback of Keras is told where to write."""
        return any(isinstance(c, UsePlan) and c.paths for c in self.callbacks)

    @property
    def freezes(self) -> bool:
        """Whether a rule changes which layers are trained."""
        return any(isinstance(a, n.Freeze | n.Unfreeze) for r in self.rules for a in r.actions)

    @property
    def saves(self) -> bool:
        """Whether a rule saves files."""
        return any(isinstance(a, n.Save) for r in self.rules for a in r.actions)

    @property
    def keyed(self) -> tuple[Named, ...]:
        """All that remembers something: rules, schedules, derived metrics; as in the file."""
        more = [m.named for m in self.metrics] + [b.named for b in self.blocks]
        return tuple(sorted([*self.named, *more], key=lambda named: named.order))

    @property
    def named(self) -> tuple[Named, ...]:
        """All rules, schedules too, in the order of the file."""
        every = [s.named for s in self.schedules] + [r.named for r in self.rules]
        return tuple(sorted(every, key=lambda named: named.order))
