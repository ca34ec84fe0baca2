"""What rules remember, as Python: how it is made, and how it is fed."""

from __future__ import annotations

import ast

from cbdsl.catalog.functions import SERIES
from cbdsl.checks.context import Context
from cbdsl.checks.functions import constant
from cbdsl.codegen.expressions import Expressions, all_of
from cbdsl.codegen.literals import literal, number
from cbdsl.codegen.printing import code
from cbdsl.plan.model import Slot
from cbdsl.plan.naming import argument, camel
from cbdsl.syntax import nodes as n


def constructor(slot: Slot, context: Context) -> tuple[str, list[str]]:
    """The class of a memory, and the arguments it is made with."""
    arguments = [] if slot.better is None else [literal(slot.better)]
    match slot.node:
        case n.Call() as call:
            kinds = [kind for _, kind in SERIES[call.function].arguments]
            given = zip(call.arguments, kinds, strict=False)
            arguments += [_constant(value, context) for value, kind in given if kind in _CONSTANTS]
            return camel(call.function), arguments
        case n.Moves():
            arguments.append(literal(slot.node.direction))
        case n.Crosses():
            arguments.append(literal(slot.node.side))
        case n.Stalls() | n.Held() if slot.counter == "time":
            arguments.append("each=0")
        case _:
            pass
    return type(slot.node).__name__, arguments


_CONSTANTS = {"window", "lag", "quantile", "weight"}


def _constant(value: n.Expr, context: Context) -> str:
    if isinstance(value, n.Name):
        return f"self.{argument(value.name)}"
    known = constant(context, value)
    assert known is not None
    return number(known)


def feed(slot: Slot, expressions: Expressions) -> tuple[str, list[str]]:
    """The method that feeds a memory, and its arguments."""
    node, scope = slot.node, expressions.scope
    match node:
        case n.Held():
            return "observe", [scope.now(slot.counter), *truth(node.operand, expressions)]
        case n.Call(function="count", arguments=(condition,)):
            return "feed", [code(all_of(expressions.true(condition, set())))]
        case n.Call(function="per_batch", arguments=(metric,)):
            size = scope.value("batches")
            return "feed", [_number(metric, expressions), "self.batch", "step - before", size]
        case n.Call(arguments=(operand, *_)) | n.Moves(operand=operand):
            return "feed", [_number(operand, expressions)]
        case n.Crosses():
            level = expressions.beside(node.level, node.operand, set())
            return "feed", [_number(node.operand, expressions), code(level)]
        case n.Improves() | n.Stalls():
            arguments = [_number(node.operand, expressions)]
            if node.by is not None:
                arguments.append(_number(node.by, expressions))
            if isinstance(node, n.Improves):
                return "feed", arguments
            if slot.counter == "value":
                return "count", arguments
            return "observe", [scope.now(slot.counter), *arguments]
        case _:
            raise TypeError(type(node).__name__)


def _number(expr: n.Expr, expressions: Expressions) -> str:
    return code(expressions.guarded(expr, set()))


def truth(condition: n.Expr, expressions: Expressions) -> list[str]:
    """Whether a condition is true, and where that is not the opposite, whether it is false."""
    holds = all_of(expressions.true(condition, set()))
    if isinstance(condition, n.Truth):
        return [code(holds)]
    fails = all_of(expressions.false(condition, set()))
    if ast.dump(fails) == ast.dump(ast.UnaryOp(ast.Not(), holds)):
        return [code(holds)]
    return [f"holds={code(holds)}", f"fails={code(fails)}"]
