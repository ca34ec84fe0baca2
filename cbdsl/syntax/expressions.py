"""The nodes of expressions: frozen values, each with the span it was read from.

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
    """`3 epochs`, `n batches`, `1 hour 30 minutes`.

    Without a unit it is a bare number, a percent, or a parameter that may hold a whole span.
    `unit` is singular: `epoch`, `batch`, `second`, `minute`, `hour`, or behind `stalls` `value`.
    `more` are the further parts of a time, each a number and a unit.
    """

    count: Number | Name
    unit: str | None
    more: tuple[Duration, ...] = ()


@dataclass(frozen=True)
class Setting(Node):
    """`optimizer.NAME`: a number that the optimizer has."""

    name: str


@dataclass(frozen=True)
class Call(Node):
    """`name(argument, …)`: a function of the language, or a series."""

    function: str
    function_span: Span = field(compare=False, repr=False)
    arguments: tuple[Expr, ...]


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


@dataclass(frozen=True)
class Held(Node):
    """`c for N epochs`: the condition `c` has been true that long."""

    operand: Expr
    duration: Duration


@dataclass(frozen=True)
class Moves(Node):
    """`x rises`, `x falls`."""

    operand: Expr
    direction: Literal["rises", "falls"]


@dataclass(frozen=True)
class Crosses(Node):
    """`x crosses above level`, `x crosses below level`."""

    operand: Expr
    side: Literal["above", "below"]
    level: Expr


Expr = (
    Number
    | Truth
    | Text
    | Name
    | Duration
    | Setting
    | Call
    | Minus
    | Binary
    | Compare
    | All
    | Any
    | Not
    | State
    | Improves
    | Stalls
    | Held
    | Moves
    | Crosses
)


def children(node: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside an expression, in the order of the text."""
    match node:
        case Minus() | Not() | State() | Held() | Moves():
            return (node.operand,)
        case Call():
            return node.arguments
        case Crosses():
            return (node.operand, node.level)
        case Binary():
            return (node.left, node.right)
        case Compare() | All() | Any():
            return node.operands
        case Improves() | Stalls():
            return (node.operand,) if node.by is None else (node.operand, node.by)
        case Text():
            return tuple(p.value for p in node.placeholders if not isinstance(p.value, str))
        case Number() | Truth() | Name() | Duration() | Setting():
            return ()


def parts(condition: Expr) -> tuple[Expr, ...]:
    """What `and`, `or` and `not` join in a condition, in the order of the text."""
    match condition:
        case All() | Any():
            return tuple(part for operand in condition.operands for part in parts(operand))
        case Not():
            return parts(condition.operand)
        case _:
            return (condition,)


def walk(node: Expr) -> tuple[Expr, ...]:
    """An expression and everything inside it, outermost first, in the order of the text."""
    # Not by recursion, where each would be handed on by all those around it.
    found: list[Expr] = []
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        found.append(inner)
        waiting.extend(reversed(children(inner)))
    return tuple(found)
