"""The nodes of actions: what a rule does when it fires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cbdsl.syntax.expressions import Duration, Expr, Name, Node, Number, Setting, Text


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
class Fail(Node):
    """`fail "why"`."""

    why: Text


@dataclass(frozen=True)
class Notify(Node):
    """`notify "…"`."""

    text: Text


@dataclass(frozen=True)
class Keep(Node):
    """`keep N`, or `keep best N of X`: which of the files that a rule saves stay."""

    count: Number | Name
    best_of: Name | None


@dataclass(frozen=True)
class Save(Node):
    """`save "path"`, with or without `keep N`."""

    path: Text
    keep: Keep | None = None


@dataclass(frozen=True)
class Restore(Node):
    """`restore best of X`."""

    best_of: Name


@dataclass(frozen=True)
class RollBack(Node):
    """`roll back to best of X`; without a metric `roll back to last good`."""

    best_of: Name | None


@dataclass(frozen=True)
class Snapshot(Node):
    """`snapshot`."""


@dataclass(frozen=True)
class Freeze(Node):
    """`freeze "glob"`."""

    layers: Text


@dataclass(frozen=True)
class Unfreeze(Node):
    """`unfreeze "glob"`."""

    layers: Text


@dataclass(frozen=True)
class Record(Node):
    """`record NAME = value`: a number into the logs of the epoch."""

    metric: Name
    value: Expr


@dataclass(frozen=True)
class Invoke(Node):
    """`call module.function`."""

    function: str


Target = Name | Setting
"""What can be set: `lr`, a variable, or a setting of the optimizer."""


@dataclass(frozen=True)
class Assign(Node):
    """`target = value`, or with one of `+= -= *= /=`."""

    target: Target
    op: Literal["=", "+=", "-=", "*=", "/="]
    value: Expr


@dataclass(frozen=True)
class Wait(Node):
    """`wait N epochs`."""

    duration: Duration


Action = (
    Stop
    | Fail
    | Print
    | Warn
    | Notify
    | Save
    | Restore
    | RollBack
    | Snapshot
    | Freeze
    | Unfreeze
    | Record
    | Assign
    | Wait
    | Invoke
)


def expressions_of(actions: tuple[Action, ...]) -> tuple[Expr, ...]:
    """Every expression of some actions, in order."""
    found: list[Expr] = []
    for action in actions:
        match action:
            case Stop(why=Text() as text) | Fail(why=text) | Freeze(layers=text):
                found.append(text)
            case Print(text=text) | Warn(text=text) | Notify(text=text) | Unfreeze(layers=text):
                found.append(text)
            case Save(path=text, keep=Keep(best_of=Name() as metric)):
                found += (text, metric)
            case Save(path=text):
                found.append(text)
            case Assign() | Record():
                found.append(action.value)
            case _:
                pass
    return tuple(found)


def best_of(action: Action) -> Name | None:
    """The metric whose best value an action goes by, if it goes by one."""
    match action:
        case Restore(best_of=metric) | RollBack(best_of=metric):
            return metric
        case Save(keep=Keep(best_of=metric)):
            return metric
        case _:
            return None
