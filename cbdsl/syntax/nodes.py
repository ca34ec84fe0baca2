"""The tree of a rule file: frozen values, each with the span it was read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Literal

from cbdsl.source import Span
from cbdsl.syntax.actions import (
    Action,
    Assign,
    Fail,
    Freeze,
    Invoke,
    Keep,
    Notify,
    Print,
    Record,
    Restore,
    RollBack,
    Save,
    Snapshot,
    Stop,
    Target,
    Unfreeze,
    Wait,
    Warn,
    best_of,
    expressions_of,
)
from cbdsl.syntax.cases import (
    ExpectAction,
    ExpectRule,
    ExpectValue,
    Given,
    GivenInterrupt,
    GivenSize,
    GivenTime,
    Item,
    Line,
    Set,
    Test,
    Where,
)
from cbdsl.syntax.expressions import (
    All,
    Any,
    Binary,
    Call,
    Compare,
    Crosses,
    Duration,
    Expr,
    Held,
    Improves,
    Minus,
    Moves,
    Name,
    Node,
    Not,
    Number,
    Placeholder,
    Setting,
    Stalls,
    State,
    Text,
    Truth,
    children,
    parts,
    walk,
)
from cbdsl.syntax.phases import (
    Cycle,
    Decay,
    Hold,
    Phase,
    Ramp,
    Repeat,
    Rest,
    Schedule,
    Step,
    Stretch,
    levels,
    stretches,
)

__all__ = [
    "Action", "All", "Any", "Argument", "Assign", "At", "Binary", "Call", "Compare",
    "Computing", "Condition", "Crosses", "Cycle", "Decay", "Direction", "Duration", "Each",
    "Every", "ExpectAction", "ExpectRule", "ExpectValue", "Expects", "Expr", "Fail", "File",
    "Freeze", "Given", "GivenInterrupt", "GivenSize", "GivenTime", "Held", "Hold", "Improves",
    "Include", "Invoke", "Item", "Keep", "Language", "Let", "Limit", "Line", "Metric", "Minus",
    "Moves", "Name", "Node", "Not", "Notify", "Number", "On", "Param", "ParamLiteral", "Phase",
    "Placeholder", "Print", "Ramp", "Record", "Repeat", "Rest", "Restore", "Resume",
    "RollBack", "Rule", "Save", "Schedule", "Set", "Setting", "Snapshot", "Stalls", "State",
    "Statement", "Step", "Stop", "Stretch", "Target", "Test", "Text", "Times", "Trigger",
    "Truth", "Unfreeze", "Use", "Variable", "Wait", "Warn", "Where", "Window", "best_of",
    "children", "durations", "expressions", "expressions_of", "levels", "names", "parts",
    "stretches", "walk",
]  # fmt: skip

# ------------------------------------------------------------------------------------ rules


@dataclass(frozen=True)
class On(Node):
    """`on HOOK`, the hook by its short name."""

    hook: str
    hook_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Each(Node):
    """`every epoch`, `every batch`."""

    unit: str


@dataclass(frozen=True)
class Every(Node):
    """`every N epochs`, `every 10 minutes`."""

    period: Duration


@dataclass(frozen=True)
class At(Node):
    """`at epoch 3, 5`, or `at 50%` (the unit is `epoch` then)."""

    unit: str
    positions: tuple[Number | Name, ...]


Trigger = On | Each | Every | At


@dataclass(frozen=True)
class Window(Node):
    """`after N` has a `start`, `until N` an `end`, `from N to M` both."""

    kind: Literal["after", "until", "from"]
    start: Duration | None
    end: Duration | None


@dataclass(frozen=True)
class Condition(Node):
    """`if EXPR [then]`; the word `then` means nothing."""

    test: Expr
    then: bool = field(compare=False)


@dataclass(frozen=True)
class Times(Node):
    """How often a rule may fire in all: `at most N times`, or `once` (no count)."""

    count: Number | Name | None


# ------------------------------------------------------------------------------- statements


@dataclass(frozen=True)
class Language(Node):
    """`language 1`."""

    version: Number


ParamLiteral = Number | Truth | Text | Duration


@dataclass(frozen=True)
class Param(Node):
    """`param NAME = literal`."""

    name: Name
    value: ParamLiteral


@dataclass(frozen=True)
class Direction(Node):
    """`minimize NAME` or `maximize NAME`."""

    metric: Name
    better: Literal["lower", "higher"]


@dataclass(frozen=True)
class Metric(Node):
    """`metric NAME = expression`: a metric computed from others at every epoch's end."""

    name: Name
    value: Expr


@dataclass(frozen=True)
class Expects(Node):
    """`expects NAME, …`: metrics that come from elsewhere."""

    metrics: tuple[Name, ...]


@dataclass(frozen=True)
class Let(Node):
    """`let NAME = literal`: a variable, and its value when training begins."""

    name: Name
    value: Number | Truth


@dataclass(frozen=True)
class Variable(Node):
    """`variable NAME`: a `keras.Variable` that the caller passes."""

    name: Name


@dataclass(frozen=True)
class Limit(Node):
    """`limit lr from A to B`."""

    target: Name
    low: Expr
    high: Expr


@dataclass(frozen=True)
class Include(Node):
    """`include "other.cbr"`."""

    path: Text


@dataclass(frozen=True)
class Resume(Node):
    """`resume from "folder"`."""

    folder: Text


@dataclass(frozen=True)
class Rule(Node):
    """`[NAME:] TRIGGER [WINDOW] [if CONDITION [then]] [once | at most N times] ACTION, …`."""

    name: Name | None
    trigger: Trigger
    window: Window | None
    condition: Condition | None
    times: Times | None
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Argument(Node):
    """`name=value` of a Keras callback; None stands for `none`."""

    name: Name
    value: ParamLiteral | None
    value_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Use(Node):
    """`use Name(name=value, …)`: one of Keras's own callbacks."""

    callback: Name
    arguments: tuple[Argument, ...]


Statement = (
    Language
    | Param
    | Metric
    | Expects
    | Direction
    | Let
    | Variable
    | Limit
    | Include
    | Resume
    | Use
    | Rule
    | Schedule
    | Test
)


@dataclass(frozen=True)
class File(Node):
    """All statements of a file that could be read, in order.

    What it holds of a kind is asked for again and again, and so looked for once.
    """

    statements: tuple[Statement, ...]
    unread: tuple[Span, ...] = ()
    """The parts of the text that could not be read."""

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(s for s in self.statements if isinstance(s, Rule))

    @cached_property
    def computing(self) -> tuple[Computing, ...]:
        """The rules and the derived metrics, in the order of the file."""
        return tuple(s for s in self.statements if isinstance(s, Computing))

    @cached_property
    def tests(self) -> tuple[Test, ...]:
        return tuple(s for s in self.statements if isinstance(s, Test))

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        return tuple(s for s in self.statements if isinstance(s, Use))

    @cached_property
    def params(self) -> tuple[Param, ...]:
        return tuple(s for s in self.statements if isinstance(s, Param))

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(s for s in self.statements if isinstance(s, Metric))

    @cached_property
    def lets(self) -> tuple[Let, ...]:
        return tuple(s for s in self.statements if isinstance(s, Let))

    @cached_property
    def resumes(self) -> tuple[Resume, ...]:
        return tuple(s for s in self.statements if isinstance(s, Resume))

    @cached_property
    def outside(self) -> tuple[Variable, ...]:
        """The variables that the caller passes."""
        return tuple(s for s in self.statements if isinstance(s, Variable))

    @cached_property
    def schedules(self) -> tuple[Schedule, ...]:
        return tuple(s for s in self.statements if isinstance(s, Schedule))

    @cached_property
    def recorded(self) -> frozenset[str]:
        """The metrics that rules record."""
        actions = (action for rule in self.rules for action in rule.actions)
        return frozenset(a.metric.name for a in actions if isinstance(a, Record))

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        return tuple(s for s in self.statements if isinstance(s, Limit))

    @cached_property
    def expected(self) -> frozenset[str]:
        """The metrics that come from elsewhere."""
        every = (s.metrics for s in self.statements if isinstance(s, Expects))
        return frozenset(metric.name for metrics in every for metric in metrics)

    @cached_property
    def directions(self) -> tuple[Direction, ...]:
        return tuple(s for s in self.statements if isinstance(s, Direction))


Computing = Rule | Metric
"""The statements that compute something while a model trains."""


_NAMED = Computing | Param | Let | Variable
"""The statements that have a name of their own."""


def names(node: object) -> Iterator[Name]:
    """Every bare name inside a node, its own name left out, in the order of the text."""
    if isinstance(node, Name):
        if not node.quoted:
            yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from names(part)
    elif isinstance(node, Node):
        for part in fields(node):
            if part.name != "name" or not isinstance(node, _NAMED):
                yield from names(getattr(node, part.name))


def durations(node: object) -> Iterator[Duration]:
    """Every span inside a node."""
    if isinstance(node, Duration):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from durations(part)
    elif isinstance(node, Node):
        for part in fields(node):
            yield from durations(getattr(node, part.name))


def expressions(statement: Computing | Schedule) -> tuple[Expr, ...]:
    """Every expression of a rule: its condition, then those of its actions, in order."""
    if isinstance(statement, Metric):
        return (statement.value,)
    if isinstance(statement, Schedule):
        return tuple(level for phase in statement.phases for level in levels(phase))
    condition = [] if statement.condition is None else [statement.condition.test]
    return (*condition, *expressions_of(statement.actions))
