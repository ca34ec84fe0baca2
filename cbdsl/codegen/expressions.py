"""Expressions and conditions to Python.

A condition on a missing value is neither true nor false, and a rule fires on true alone. So each
condition has two translations, `true` and `false`, and `not` asks for the other one: there is no
third value in the generated code, only `x is not None and …`.
"""

from __future__ import annotations

import ast
import struct

from cbdsl.catalog.functions import SERIES
from cbdsl.checks.params import seconds
from cbdsl.codegen.literals import number
from cbdsl.codegen.scope import Scope
from cbdsl.plan.naming import argument
from cbdsl.syntax import nodes as n

_OPS: dict[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
_OPS |= {"/": ast.Div, "%": ast.Mod}
_HELPERS = {"/": "divide", "%": "modulo", "**": "power"}
_FUNCTIONS = {"min": "minimum", "max": "maximum", "round": "rounded"}
"""Functions that the runtime calls otherwise, since Python has its own of that name."""
_AS_GIVEN = {"abs", "prev", "best", "lowest", "highest"}
"""Functions that give a whole number where they are given some."""
COUNTS = {"epoch", "epochs", "batch", "batches", "step", "steps"}

MAX_WHOLE = 2**200
"""Whole numbers are turned into floats before they can grow beyond this."""


def python(code: str) -> ast.expr:
    """The tree of a piece of Python."""
    return ast.parse(code, mode="eval").body


def call(name: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name), list(args), [])


def all_of(parts: list[ast.expr]) -> ast.expr:
    if not parts:
        return ast.Constant(True)
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), _flat(parts, ast.And))


def any_of(parts: list[ast.expr]) -> ast.expr:
    if not parts:
        return ast.Constant(False)
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), _flat(parts, ast.Or))


def _flat(parts: list[ast.expr], op: type[ast.boolop]) -> list[ast.expr]:
    """Without brackets around an `and` inside an `and`."""
    flat: list[ast.expr] = []
    for part in parts:
        same = isinstance(part, ast.BoolOp) and isinstance(part.op, op)
        flat += part.values if same and isinstance(part, ast.BoolOp) else [part]
    return flat


class Expressions:
    """Translates the expressions of one function."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    # ------------------------------------------------------------------------------- numbers

    def value(self, expr: n.Expr) -> ast.expr:
        """A number or text; whoever asks has made sure that nothing in it is missing."""
        match expr:
            case n.Number():
                return ast.Constant(int(expr.value) if _is_whole(expr) else expr.value)
            case n.Truth():
                return ast.Constant(expr.value)
            case n.Name():
                return python(self._name(expr))
            case n.Duration():
                return python(number(seconds(expr)))
            case n.Setting():
                return ast.Name(self.scope.setting(expr.name))
            case n.Call():
                return self._call(expr)
            case n.Minus():
                return ast.UnaryOp(ast.USub(), self.value(expr.operand))
            case n.Binary():
                return self._binary(expr)
            case _:
                raise TypeError(f"no number: {type(expr).__name__}")

    def _name(self, name: n.Name) -> str:
        match self.scope.context.kind_of(name):
            case "metric":
                return self.scope.metric(name.name)
            case "param":
                return self.scope.param(name.name)
            case "variable":
                return f"self.variables.{argument(name.name)}"
            case "outside":
                return self.scope.variable(name.name)
            case "value":
                return self.scope.value(name.name)

    def _call(self, call: n.Call) -> ast.expr:
        if call.function == "count":
            return python(f"self.{self.scope.slot(call).name}.value")
        if call.function in SERIES:
            return ast.Name(self.scope.answer(call))
        arguments = [self.value(argument) for argument in call.arguments]
        if call.function == "abs":
            return ast.Call(ast.Name("abs"), arguments, [])
        return self.help(_FUNCTIONS.get(call.function, call.function), *arguments)

    def _binary(self, expr: n.Binary) -> ast.expr:
        left, right = self.value(expr.left), self.value(expr.right)
        # Division by a number that is not zero cannot raise; a power can always overflow.
        safe = expr.op in "+-*" or (isinstance(expr.right, n.Number) and expr.right.value != 0)
        if expr.op == "**" or not safe:
            return self.help(_HELPERS[expr.op], left, right)
        if self._bound(expr) > MAX_WHOLE:
            left = call("float", left)
        return ast.BinOp(left, _OPS[expr.op](), right)

    def _bound(self, expr: n.Expr) -> int:
        """How large the whole number can get that Python would compute; 0 for floats."""
        match expr:
            case n.Number():
                return int(abs(expr.value)) if _is_whole(expr) else 0
            case n.Name():
                return 2**53 if expr.name in COUNTS and not expr.quoted else 0
            case n.Minus():
                return self._bound(expr.operand)
            case n.Call(function="count" | "since_best"):
                return 2**53
            case n.Call(function=function, arguments=(first, *_)) if function in _AS_GIVEN:
                return self._bound(first)
            case n.Binary(op="+" | "-" | "*"):
                sides = self._bound(expr.left), self._bound(expr.right)
                if 0 in sides:
                    return 0
                return sides[0] * sides[1] if expr.op == "*" else sum(sides)
            case n.Binary(op="%"):
                return self._bound(expr.right) if self._bound(expr.left) else 0
            case _:
                return 0

    def help(self, name: str, *args: ast.expr) -> ast.expr:
        """A call of a runtime function."""
        self.scope.helpers.add(name)
        return call(name, *args)

    def beside(self, constant: n.Expr, other: n.Expr, known: set[str]) -> ast.expr:
        """`constant` as it is compared with `other`, None where something in it is missing."""
        if self.scope.context.is_constant(constant):
            return self._rounded(constant, (other,))
        return self.guarded(constant, known)

    def guarded(self, expr: n.Expr, known: set[str]) -> ast.expr:
        """A number that is None where something in it is missing."""
        missing = [name for name in self.scope.optional(expr) if name not in known]
        if not missing or self._is_variable(expr):
            return self.value(expr)
        absent = any_of([python(f"{name} is None") for name in missing])
        return ast.IfExp(absent, ast.Constant(None), self.value(expr))

    def _is_variable(self, expr: n.Expr) -> bool:
        """Whether an expression is one variable, which is None itself where it is missing."""
        is_series = isinstance(expr, n.Call) and expr.function in SERIES
        return is_series or isinstance(expr, n.Name | n.Setting)

    # ---------------------------------------------------------------------------- conditions

    def true(self, expr: n.Expr, known: set[str]) -> list[ast.expr]:
        """What must all hold for a condition to be true.

        `known` are the variables that are not None here; those that the condition proves to be
        there are added to it.
        """
        match expr:
            case n.All():
                return [part for operand in expr.operands for part in self.true(operand, known)]
            case n.Any():
                branches = [(set(known), operand) for operand in expr.operands]
                parts = [all_of(self.true(operand, inner)) for inner, operand in branches]
                known |= set.intersection(*(inner for inner, _ in branches))
                return [any_of(parts)]
            case n.Not():
                return self.false(expr.operand, known)
            case n.State():
                return self._state(expr, known, expr.negated)
            case n.Compare() if self._is_mixed(expr):
                return [part for pair in _pairs(expr) for part in self.true(pair, known)]
            case n.Compare():
                return [*self._present(expr, known), self._chain(expr)]
            case _:
                return [self._atom(expr, holds=True)]

    def false(self, expr: n.Expr, known: set[str]) -> list[ast.expr]:
        """What must all hold for a condition to be false, which is more than not to be true."""
        match expr:
            case n.All():
                return self._dual(expr.operands, known)
            case n.Any():
                return [part for operand in expr.operands for part in self.false(operand, known)]
            case n.Not():
                return self.true(expr.operand, known)
            case n.State():
                return self._state(expr, known, not expr.negated)
            case n.Compare() if len(expr.ops) > 1:
                return self._dual(_pairs(expr), known)
            case n.Compare():
                return [*self._present(expr, known), ast.UnaryOp(ast.Not(), self._chain(expr))]
            case _:
                return [self._atom(expr, holds=False)]

    def _dual(self, operands: tuple[n.Expr, ...], known: set[str]) -> list[ast.expr]:
        """False because one of the operands is."""
        inner = [set(known) for _ in operands]
        parts = [all_of(self.false(o, k)) for o, k in zip(operands, inner, strict=True)]
        known |= set.intersection(*inner)
        return [any_of(parts)]

    def _present(self, expr: n.Expr, known: set[str]) -> list[ast.expr]:
        missing = [name for name in self.scope.optional(expr) if name not in known]
        known.update(missing)
        return [python(f"{name} is not None") for name in missing]

    def _is_mixed(self, chain: n.Compare) -> bool:
        """Whether a constant is compared with a 32-bit number and with another one."""
        is_32_bit = [self.scope.is_32_bit(operand) for operand in chain.operands]
        return any(
            before != behind and self.scope.context.is_constant(operand)
            for before, operand, behind in zip(
                is_32_bit, chain.operands[1:], is_32_bit[2:], strict=False
            )
        )

    def _chain(self, expr: n.Compare) -> ast.expr:
        operands = expr.operands
        rounded = [
            self._rounded(operand, operands[max(0, i - 1) : i] + operands[i + 1 : i + 2])
            for i, operand in enumerate(operands)
        ]
        ops: list[ast.cmpop] = [_COMPARE[op]() for op in expr.ops]
        return ast.Compare(rounded[0], ops, rounded[1:])

    def _rounded(self, expr: n.Expr, neighbours: tuple[n.Expr, ...]) -> ast.expr:
        """A constant beside a 32-bit number is rounded as that number was."""
        value = self.value(expr)
        if not self.scope.context.is_constant(expr):
            return value
        if not any(self.scope.is_32_bit(other) for other in neighbours):
            return value
        if isinstance(expr, n.Number) and _is_exact(expr.value):
            return value
        return self.help("float32", value)

    def _state(self, expr: n.State, known: set[str], negated: bool) -> list[ast.expr]:
        optional = [name for name in self.scope.optional(expr.operand) if name not in known]
        if expr.state == "missing":
            if negated:
                return self._present(expr.operand, known) or [ast.Constant(True)]
            return [any_of([python(f"{name} is None") for name in optional])]
        self.scope.modules.add("math")
        function = "math.isnan" if expr.state == "nan" else "math.isfinite"
        present = self._present(expr.operand, known)
        test: ast.expr = ast.Call(python(function), [self.value(expr.operand)], [])
        return [*present, ast.UnaryOp(ast.Not(), test) if negated else test]

    def _atom(self, expr: n.Expr, *, holds: bool) -> ast.expr:
        match expr:
            case n.Improves() | n.Moves() | n.Crosses():
                slot = self.scope.slot(expr)
                return python(f"self.{slot.name}.{'holds' if holds else 'fails'}()")
            case n.Stalls() | n.Held():
                slot = self.scope.slot(expr)
                verb = "holds_for" if holds else "fails_for"
                assert slot.span is not None
                return python(f"self.{slot.name}.{verb}({self.scope.amount(slot.span)})")
            case n.Truth():
                return ast.Constant(expr.value is holds)
            case _:
                value = self.value(expr)
                return value if holds else ast.UnaryOp(ast.Not(), value)


_COMPARE: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
}


def _pairs(expr: n.Compare) -> tuple[n.Expr, ...]:
    """`a < b < c` as `a < b` and `b < c`."""
    sides = zip(expr.ops, expr.operands, expr.operands[1:], strict=False)
    return tuple(n.Compare((op,), (a, b), span=expr.span) for op, a, b in sides)


def _is_whole(expr: n.Number) -> bool:
    return expr.text.isdigit() and expr.value < 2**53


def _is_exact(value: float) -> bool:
    """Whether a number is a 32-bit number already."""
    try:
        return bool(struct.unpack("f", struct.pack("f", value))[0] == value)
    except OverflowError:
        return False
