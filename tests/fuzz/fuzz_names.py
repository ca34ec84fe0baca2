"""The names that generated Python may hold: these tables, and what names of a file become."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cbdsl import runtime
from cbdsl.catalog.hooks import EVENTS
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.plan import Plan, UsePlan
from cbdsl.plan.naming import argument, variable
from cbdsl.program import Program
from cbdsl.runtime import rule

MODULES = {"functools", "keras", "math", "os"}
"""What a module that imports the runtime imports beside it."""

DOTTED = {
    "functools.partial",
    "keras.callbacks",
    "keras.callbacks.Callback",
    "keras.callbacks.LearningRateScheduler",
    "math.isfinite",
    "math.isnan",
    "os.path",
    "os.path.join",
    *(f"keras.callbacks.{name}" for name in KERAS_CALLBACKS),
}
"""All that is asked of a module."""

BUILTINS = {"abs", "frozenset", "max", "super"}

FUNCTIONS = {
    "callbacks", "learning_rate", "on_interrupt", "phases", "reset", "within", "__init__",
    *(event.method for event in EVENTS.values()),
}  # fmt: skip
"""Functions and methods that a module defines, beside those named after rules."""

CLASSES = {
    "Failures", "LearningRate", "Messages", "Outside", "Recorded", "Snapshots", "Variables",
}  # fmt: skip

VARIABLES = {
    "_", "allow", "batch", "batches", "before", "best", "calls", "earlier", "elapsed", "epoch",
    "epochs", "failures", "frozen", "functions", "good", "key", "logs", "lr", "made", "memory",
    "rate", "name", "notices", "notify", "outside", "place", "progress", "recorded", "rolled_to",
    "run_dir", "self", "setting_name", "settings", "snapshots", "start", "step", "steps",
    "unfrozen", "variable_name", "variables",
}  # fmt: skip

METHODS = {
    "advance", "batch", "batches", "begin", "call", "count", "effects", "elapsed", "epoch",
    "epochs", "fail", "fails", "fails_for", "failures", "feed", "fired", "firings", "freeze",
    "functions", "get", "holds", "holds_for", "known", "learning_rate", "left", "lr", "note",
    "notices", "notify", "observe", "outside", "params", "passed", "print", "probe", "progress",
    "record", "recorded", "restart", "restore", "roll_back", "save", "save_best", "save_newest",
    "scale_lr", "schedule", "set", "set_outside", "set_setting", "setting", "snapshot",
    "snapshots", "step", "steps", "stop", "tick", "unfreeze", "value", "variables", "wait",
    "waiting", "warn",
}  # fmt: skip
"""Attributes of a rule, of its memories and of what rules share."""

KEYWORDS = {
    "append", "each", "epochs", "fails", "holds", "keep", "last", "limit", "scaling", "stretching",
    "times", *(a.name for callback in KERAS_CALLBACKS.values() for a in callback.arguments),
}  # fmt: skip

FORBIDDEN = {*keyword.kwlist, *dir(builtins)}


class StrangeName(AssertionError):
    """Generated Python holds a name that is in no table."""


def check_names(program: Program, text: str) -> None:
    """Raises `StrangeName` for a name in a program's module that nobody knows there."""
    own = own_names(program.plan)
    for name in own:
        if name in FORBIDDEN or name.startswith("__") or not name.isidentifier():
            raise StrangeName(f"{name!r} is made of a name of the rules")
    for place, name in names_of(text):
        if name in TABLES[place] or (place in OWN and _is_own(name, own)):
            continue
        raise StrangeName(f"{name!r}, {place}")


TABLES = {
    "imported": {*MODULES, *runtime.__all__},
    "imported from": {"cbdsl.runtime"},
    "dotted": DOTTED,
    "a function": FUNCTIONS,
    "a class": CLASSES,
    "a name": {*VARIABLES, *BUILTINS, *MODULES, *CLASSES, *FUNCTIONS, *runtime.__all__},
    "an attribute": {*METHODS, *FUNCTIONS},
    "an argument": VARIABLES | {"learning_rate"},
    "a keyword": {*KEYWORDS, *VARIABLES},
}
"""What may stand where, whatever the rules are."""

OWN = {"a function", "a class", "a name", "an attribute", "an argument", "a keyword"}
"""Where names that are made of a program's may stand."""


def names_of(text: str) -> Iterator[tuple[str, str]]:
    """Every name in a module with the table that it must be in."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import():
                yield from (("imported", alias.name) for alias in node.names)
                yield from (("imported", alias.asname) for alias in node.names if alias.asname)
            case ast.ImportFrom():
                yield "imported from", "." * node.level + (node.module or "")
                yield from (("imported", alias.name) for alias in node.names)
                yield from (("imported", alias.asname) for alias in node.names if alias.asname)
            case ast.Attribute() if (dotted := _dotted(node)) is not None:
                yield "dotted", dotted
            case ast.Attribute():
                yield "an attribute", node.attr
            case ast.FunctionDef():
                yield "a function", node.name
            case ast.ClassDef():
                yield "a class", node.name
            case ast.Name():
                yield "a name", node.id
            case ast.arg():
                yield "an argument", node.arg
            case ast.keyword():
                yield "a keyword", node.arg or "**"
            case ast.Lambda() | ast.Global() | ast.Nonlocal() | ast.AsyncFunctionDef():
                yield "a name", type(node).__name__
            case _:
                pass


def _dotted(node: ast.Attribute) -> str | None:
    """`keras.callbacks.Callback`; None for what does not begin with a module."""
    names = [node.attr]
    inner = node.value
    while isinstance(inner, ast.Attribute):
        names.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or inner.id not in MODULES:
        return None
    return ".".join([inner.id, *reversed(names)])


def own_names(plan: Plan) -> set[str]:
    """What `plan.naming` makes of the rules, parameters, metrics and variables of a program."""
    own = {schedule.function for schedule in plan.schedules}
    for callback in (*plan.callbacks, *plan.metrics, *plan.blocks):
        own.add(callback.function if isinstance(callback, UsePlan) else callback.class_name)
    own |= {slot.name for each in plan.classes for slot in each.slots}
    read = {metric for each in plan.classes for metric in each.reads}
    own |= {variable(metric) for metric in read | plan.made}
    own |= {argument(name) for name in (*plan.params, *plan.outside, *plan.variables)}
    return own | _settings(plan)


def _settings(plan: Plan) -> set[str]:
    """The settings of the optimizer that rules read: names as they are in the text."""
    told = [each.named.text for each in plan.classes]
    return {name for text in told for name in re.findall(r"optimizer\s*\.\s*([A-Za-z_]\w*)", text)}


def _is_own(name: str, own: set[str]) -> bool:
    """Whether it is one of a program's names, or one with the number that tells it from another."""
    return name in own or re.sub(r"\d+\Z", "", name) in own


def check_standalone(program: Program, text: str) -> None:
    """Raises `StrangeName` for a name that neither the runtime nor the program has."""
    known = {*_runtime_names(), *names_of(program.python)}
    for place, name in names_of(text):
        if (place, name) not in known:
            raise StrangeName(f"{name!r}, {place} of a standalone module")


@cache
def _runtime_names() -> frozenset[tuple[str, str]]:
    folder = Path(rule.__file__).parent
    texts = (path.read_text("utf-8") for path in folder.glob("*.py"))
    return frozenset(found for text in texts for found in names_of(text))
