"""The tree of a rule file: frozen values, each with the span it was read from.

Spans are left out of comparisons, so two trees are equal when they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cbdsl.source import Span


@dataclass(frozen=True)
class Node:
    """Whatever has a place in the text."""

    span: Span = field(compare=False, repr=False, kw_only=True)


# ------------------------------------------------------------------------------ expressions


@dataclass(frozen=True)
class Number(Node):
    """`3`, `0.5`, `90%`: `value` is what it stands for (0.9), `text` how it was written."""

    value: float
    text: str

    @property
    def is_percent(self) -> bool:
        return self.text.endswith("%")


@dataclass(frozen=True)
class Truth(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True)
class Placeholder(Node):
    """`{loss:.3f}` in a text: an expression, or the word `metrics` or `logs`."""

    value: Expr | Literal["metrics", "logs"]
    spec: str


@dataclass(frozen=True)
class Text(Node):
    """A text in quotes, cut into what stands there as it is and what is filled in."""

    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(p for p in self.parts if isinstance(p, Placeholder))


@dataclass(frozen=True)
class Name(Node):
    """A bare name, or one in backticks, which is always a metric."""

    name: str
    quoted: bool = False


@dataclass(frozen=True)
class Minus(Node):
    """`-x`."""

    operand: Expr


@dataclass(frozen=True)
class Binary(Node):
    """`left op right`, for `+ - * / % **`."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Compare(Node):
    """A chain of comparisons: `0.1 < loss < 2` has two `ops` and three `operands`."""

    ops: tuple[str, ...]
    operands: tuple[Expr, ...]


@dataclass(frozen=True)
class All(Node):
    """`a and b and …`."""

    operands: tuple[Expr, ...]


@dataclass(frozen=True)
class Any(Node):
    """`a or b or …`."""

    operands: tuple[Expr, ...]


@dataclass(frozen=True)
class Not(Node):
    """`not a`."""

    operand: Expr


@dataclass(frozen=True)
class State(Node):
    """`x is [not] nan`, `finite` or `missing`."""

    operand: Expr
    state: Literal["nan", "finite", "missing"]
    negated: bool


@dataclass(frozen=True)
class Duration(Node):
    """`3 epochs`, `n batches`, or a parameter that holds a whole span (no unit then)."""

    count: Number | Name
    unit: str | None


@dataclass(frozen=True)
class Improves(Node):
    """`x improves [by d]`."""

    operand: Expr
    by: Expr | None


@dataclass(frozen=True)
class Stalls(Node):
    """`x stalls for N epochs [by d]`."""

    operand: Expr
    duration: Duration
    by: Expr | None


Expr = (
    Number
    | Truth
    | Text
    | Name
    | Minus
    | Binary
    | Compare
    | All
    | Any
    | Not
    | State
    | Improves
    | Stalls
)


def children(node: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside an expression, in the order of the text."""
    match node:
        case Minus() | Not() | State():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Compare() | All() | Any():
            return node.operands
        case Improves() | Stalls():
            return (node.operand,) if node.by is None else (node.operand, node.by)
        case Text():
            return tuple(p.value for p in node.placeholders if not isinstance(p.value, str))
        case Number() | Truth() | Name():
            return ()


def walk(node: Expr) -> tuple[Expr, ...]:
    """An expression and everything inside it, outermost first, in the order of the text."""
    return (node, *(inner for child in children(node) for inner in walk(child)))


# ------------------------------------------------------------------------------------ rules


@dataclass(frozen=True)
class On(Node):
    """`on HOOK`, the hook by its short name."""

    hook: str
    hook_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Every(Node):
    """`every epoch` (no count) or `every N batches`."""

    count: Number | Name | None
    unit: str


@dataclass(frozen=True)
class At(Node):
    """`at epoch 3, 5`, or `at 50%` (the unit is `epoch` then)."""

    unit: str
    positions: tuple[Number | Name, ...]


Trigger = On | Every | At


@dataclass(frozen=True)
class Amount(Node):
    """A bound of a window: a number or a parameter, with or without a unit."""

    count: Number | Name
    unit: str | None


@dataclass(frozen=True)
class Window(Node):
    """`after N` has a `start`, `until N` an `end`, `from N to M` both."""

    kind: Literal["after", "until", "from"]
    start: Amount | None
    end: Amount | None


@dataclass(frozen=True)
class Condition(Node):
    """`if EXPR [then]`; the word `then` means nothing."""

    test: Expr
    then: bool = field(compare=False)


@dataclass(frozen=True)
class Times(Node):
    """How often a rule may fire in all; None stands for any number."""

    count: Literal[1] = 1


@dataclass(frozen=True)
class Stop(Node):
    """`stop ["why"]`."""

    why: Text | None


@dataclass(frozen=True)
class Print(Node):
    """`print "…"`."""

    text: Text


@dataclass(frozen=True)
class Warn(Node):
    """`warn "…"`."""

    text: Text


@dataclass(frozen=True)
class Save(Node):
    """`save "path"`."""

    path: Text


@dataclass(frozen=True)
class Assign(Node):
    """`target = value`, or with one of `+= -= *= /=`."""

    target: Name
    op: Literal["=", "+=", "-=", "*=", "/="]
    value: Expr


Action = Stop | Print | Warn | Save | Assign


# ------------------------------------------------------------------------------- statements


@dataclass(frozen=True)
class Language(Node):
    """`language 1`."""

    version: Number


@dataclass(frozen=True)
class SpanLiteral(Node):
    """A duration as a parameter's value: `3 epochs`."""

    count: Number
    unit: str


ParamLiteral = Number | Truth | Text | SpanLiteral


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
class Rule(Node):
    """`[NAME:] TRIGGER [WINDOW] [if CONDITION [then]] [once] ACTION, …`."""

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


Statement = Language | Param | Direction | Use | Rule


@dataclass(frozen=True)
class File(Node):
    """All statements of a file that could be read, in order."""

    statements: tuple[Statement, ...]
    unread: tuple[Span, ...] = ()
    """The parts of the text that could not be read."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(s for s in self.statements if isinstance(s, Rule))

    @property
    def uses(self) -> tuple[Use, ...]:
        return tuple(s for s in self.statements if isinstance(s, Use))

    @property
    def params(self) -> tuple[Param, ...]:
        return tuple(s for s in self.statements if isinstance(s, Param))

    @property
    def directions(self) -> tuple[Direction, ...]:
        return tuple(s for s in self.statements if isinstance(s, Direction))


def expressions(rule: Rule) -> tuple[Expr, ...]:
    """Every expression of a rule: its condition, then those of its actions, in order."""
    found: list[Expr] = [] if rule.condition is None else [rule.condition.test]
    for action in rule.actions:
        match action:
            case Stop(why=None):
                pass
            case Stop(why=Text() as text) | Print(text=text) | Warn(text=text) | Save(path=text):
                found.append(text)
            case Assign():
                found.append(action.value)
    return tuple(found)
