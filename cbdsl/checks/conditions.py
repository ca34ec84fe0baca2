"""Conditions that say something else than they seem to."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        if rule.condition is None:
            continue
        for part in n.walk(rule.condition.test):
            if isinstance(part, n.All):
                yield from _hidden(context, part)
            elif isinstance(part, n.Compare):
                yield from _equal(context, part)


def _hidden(context: Context, condition: n.All) -> Iterator[Diagnostic]:
    for operand in condition.operands:
        if isinstance(operand, n.Improves):
            yield context.problem(
                "CBR406",
                "an improvement while the rest of the condition is false is never seen again",
                operand,
                why="`improves` compares with the last improvement, whether the rule fired or not",
                help="make two rules of it, if each improvement should count",
            )


def _equal(context: Context, comparison: n.Compare) -> Iterator[Diagnostic]:
    for op, left, right in zip(
        comparison.ops, comparison.operands, comparison.operands[1:], strict=False
    ):
        if op in ("==", "!=") and (context.metrics_in(left) or context.metrics_in(right)):
            yield context.problem(
                "CBR407",
                f"a metric compared with `{op}`",
                comparison,
                why="metrics are rarely equal to the last digit",
                help="compare with `<`, `>`, `<=` or `>=`",
            )
