"""Schedule rules to functions for `keras.callbacks.LearningRateScheduler`."""

from __future__ import annotations

import ast

from cbdsl.checks.context import Context, ParamValue
from cbdsl.codegen.actions import changed, within
from cbdsl.codegen.emitter import Emitter
from cbdsl.codegen.expressions import Expressions, all_of
from cbdsl.codegen.gates import gate
from cbdsl.codegen.literals import literal
from cbdsl.codegen.methods import Needs, unique
from cbdsl.codegen.printing import code
from cbdsl.codegen.rules import written
from cbdsl.codegen.scope import Scope
from cbdsl.plan.build import RATE_FUNCTION
from cbdsl.plan.model import Plan, Schedule
from cbdsl.plan.naming import argument
from cbdsl.syntax import nodes as n


def rate_functions(plan: Plan, context: Context, out: Emitter, needs: Needs) -> None:
    """Write one function a schedule rule, and one that calls them all where there are several."""
    schedules = plan.schedules
    if len(schedules) == 1:
        _function(schedules[0], RATE_FUNCTION, plan, context, out, needs)
        return
    for schedule in schedules:
        _function(schedule, schedule.function, plan, context, out, needs)
        out.blank(2)
    out.line(f"def {RATE_FUNCTION}({_arguments(schedules)}):")
    with out.indented():
        out.docstring(
            "The rate of the epoch that begins, counted from 0: all rules in their order."
        )
        for schedule in schedules:
            passed = "".join(f", {name}={name}" for name in _keywords(schedule))
            rate = f"{schedule.function}(epoch, lr{passed})"
            if schedule is schedules[-1]:
                out.line(f"return {rate}")
            else:
                # Each sees the rate as the optimizer would have it, which is a 32-bit number.
                needs.helpers.add("float32")
                out.line(f"lr = float32({rate})")


def function_name(schedules: tuple[Schedule, ...], schedule: Schedule) -> str:
    """What the function of one schedule rule is called."""
    return RATE_FUNCTION if len(schedules) == 1 else schedule.function


def parameters(schedules: tuple[Schedule, ...]) -> list[ParamValue]:
    """The parameters that the schedules read."""
    return list({p.name: p for s in schedules for p in s.params}.values())


def _keywords(schedule: Schedule) -> list[str]:
    return (["epochs"] if schedule.needs_epochs else []) + [
        argument(p.name) for p in schedule.params
    ]


def _arguments(schedules: tuple[Schedule, ...]) -> str:
    keywords = [f"{argument(p.name)}={literal(p.value)}" for p in parameters(schedules)]
    if any(schedule.needs_epochs for schedule in schedules):
        keywords.insert(0, "epochs=None")
    return ", ".join(["epoch", "lr", *(["*", *keywords] if keywords else [])])


def _function(
    schedule: Schedule, name: str, plan: Plan, context: Context, out: Emitter, needs: Needs
) -> None:
    scope = Scope(context, None, helpers=needs.helpers, modules=needs.modules)
    expressions = Expressions(scope)
    span, place = schedule.named.span, schedule.named.place
    out.span = span
    out.line(f"def {name}({_arguments((schedule,))}):")
    with out.indented():
        out.docstring(written(schedule.named, context))
        known: set[str] = set()
        conditions = [part for asked in schedule.gates for part in gate(asked, scope)]
        if schedule.condition is not None:
            conditions += expressions.true(schedule.condition, known)
        rate = _rate(schedule.action, plan.limit, expressions, known)
        conditions = unique(conditions)
        if not conditions:
            out.line(f"return {rate}", span=schedule.action.span, place=place)
            out.span = None
            return
        out.line(f"if {code(all_of(conditions))}:", span=span, place=place)
        with out.indented():
            out.line(f"return {rate}", span=schedule.action.span, place=place)
        out.line("return lr")
    out.span = None


def _rate(
    action: n.Assign, limit: n.Limit | None, expressions: Expressions, known: set[str]
) -> str:
    """The new rate; where it might be no number, or below zero, the runtime sees to it."""
    new = changed(action)
    python = within(expressions.guarded(new, known), limit, expressions)
    if _is_safe(action):
        if isinstance(new, n.Number) and limit is None:
            python = ast.Constant(new.value)
        return code(python)
    return code(expressions.help("settable", python, ast.Name("lr")))


_LARGEST = 3.4028234663852886e38
"""The largest 32-bit number, which a rate is."""


def _is_safe(action: n.Assign) -> bool:
    """Whether a rate that is a number of at least zero is certain to stay one, as a float."""
    if not isinstance(action.value, n.Number):
        return False
    value = action.value.value
    match action.op:
        case "=":
            return 0 <= value <= _LARGEST
        case "*=":
            return 0 <= value <= 1
        case "/=":
            return 1 <= value < float("inf")
        case _:
            return False
