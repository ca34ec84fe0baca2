"""Statements to lines: on one line where it fits, else as a block and broken inside brackets."""

from __future__ import annotations

from collections.abc import Iterable

from cbdsl.formatter.expressions import (
    ATOM,
    HELD,
    NOT,
    OR,
    duration,
    expression,
    operands,
    placed,
    strength,
)
from cbdsl.formatter.layout import (
    action,
    argument,
    assign_start,
    clauses,
    clauses_before,
    clauses_behind,
    label,
    metric_start,
    statement,
)
from cbdsl.syntax import nodes as n
from cbdsl.syntax.statements import MAX_NESTING

WIDTH = 100
"""The longest line that is written where it can be broken, in characters."""

INDENT = "    "


def fits(line: str) -> bool:
    """Whether a line is short enough."""
    return len(line) <= WIDTH


def statement_lines(node: n.Statement) -> list[str]:
    """A statement that owns no lines."""
    whole = statement(node)
    match node:
        case n.Metric() if not fits(whole):
            return _bracketed(metric_start(node), node.value, "", WIDTH)
        case n.Use() if node.arguments and not fits(whole):
            arguments = [f"{argument(a)}," for a in node.arguments]
            return [f"use {node.callback.name}(", *indented(arguments), ")"]
        case _:
            return [whole]


def head_lines(rule: n.Rule) -> list[str]:
    """The first line of a rule's block, up to and with its colon."""
    whole = f"{label(rule)}{clauses(rule)}:"
    if rule.condition is None or fits(whole):
        return [whole]
    before, behind = label(rule) + clauses_before(rule), f"{clauses_behind(rule)}:"
    return _bracketed(before, rule.condition.test, behind, WIDTH)


def action_lines(actions: Iterable[n.Action]) -> list[str]:
    """A line of a rule's block for each action, indented."""
    room = WIDTH - len(INDENT)
    return indented(line for node in actions for line in _action_lines(node, room))


def _action_lines(node: n.Action, room: int) -> list[str]:
    whole = action(node)
    if len(whole) <= room or not isinstance(node, n.Assign | n.Record):
        return [whole]
    return _bracketed(assign_start(node), node.value, "", room)


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one step further in."""
    return [INDENT + line for line in lines]


def _bracketed(before: str, node: n.Expr, behind: str, room: int) -> list[str]:
    """An expression that does not fit on a line, broken in its own brackets or in new ones."""
    # One bracket more than the reader takes would be too many.
    is_deep = expression(node).count("(") >= MAX_NESTING
    if is_deep or (strength(node) == ATOM and not isinstance(node, n.Call)):
        lines = [expression(node)]
    else:
        lines = _laid(node, OR, room, len(before) + len(behind))
        if len(lines) == 1:
            lines = _in_brackets(node, room)
    return _between(before, lines, behind)


def _laid(node: n.Expr, place: int, room: int, taken: int) -> list[str]:
    """An expression, broken at its own brackets if it does not fit.

    `room` is the width of a line, `taken` how much of it the text beside the expression needs.
    """
    whole = placed(node, place)
    if len(whole) + taken <= room:
        return [whole]
    if strength(node) < place:
        return _in_brackets(node, room)
    match node:
        case n.Not():
            return _between("not ", _laid(node.operand, NOT, room, taken + len("not ")), "")
        case n.Held():
            behind = f" for {duration(node.duration)}"
            return _between("", _laid(node.operand, HELD, room, taken + len(behind)), behind)
        case n.Call(arguments=[*others, last]):
            arguments = [
                line
                for sign, given in (*((",", a) for a in others), ("", last))
                for line in _between("", _laid(given, OR, room - len(INDENT), len(sign)), sign)
            ]
            return [f"{node.function}(", *indented(arguments), ")"]
        case _:
            return [whole]


def _in_brackets(node: n.Expr, room: int) -> list[str]:
    """An expression in brackets, an operand a line."""
    inside: list[str] = []
    for sign, operand, place in operands(node):
        before = f"{sign} " if sign else ""
        inside += _between(before, _laid(operand, place, room - len(INDENT), len(before)), "")
    return ["(", *indented(inside), ")"]


def _between(before: str, lines: list[str], behind: str) -> list[str]:
    first, *rest = lines
    *above, last = [before + first, *rest]
    return [*above, last + behind]
