"""Conditions that say something else than they seem to."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.formatter import expression
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        if rule.condition is None:
            continue
        yield from _between(context, rule, rule.condition.test)
        # To count them all parts are looked at together, so nothing is hidden there.
        counted = {p for c in n.walk(rule.condition.test) if _counts(c) for p in n.walk(c)}
        for part in n.walk(rule.condition.test):
            if isinstance(part, n.All) and part not in counted:
                yield from _hidden(context, part)
            elif isinstance(part, n.Compare):
                yield from _equal(context, part)
            if isinstance(part, n.All | n.Any):
                yield from _lasting(context, part)


def _counts(part: n.Expr) -> bool:
    return isinstance(part, n.Call) and part.function == "count"


def _hidden(context: Context, condition: n.All) -> Iterator[Diagnostic]:
    for operand in condition.operands:
        others = [other for other in condition.operands if other is not operand]
        hides = not all(_hides_nothing(context, operand, other) for other in others)
        if isinstance(operand, n.Improves) and hides:
            yield context.problem(
                "CBR406",
                "an improvement while the rest of the condition is false is never seen again",
                operand,
                why="`improves` compares with the last improvement, whether the rule fired or not",
                help="make two rules of it, if each improvement should count",
            )


def _hides_nothing(context: Context, improves: n.Expr, other: n.Expr) -> bool:
    """Whether a part is the caller's choice, or true whenever something improves."""
    if isinstance(other, n.State) and isinstance(improves, n.Improves):
        sound = (other.state == "finite") is not other.negated
        return sound and other.operand == improves.operand
    kinds = {context.kind_of(part) for part in n.walk(other) if isinstance(part, n.Name)}
    return kinds == {"param"}


def _between(context: Context, rule: n.Rule, test: n.Expr) -> Iterator[Diagnostic]:
    """A best epoch that is not saved, as the rule looks at some epochs only."""
    saves = any(isinstance(a, n.Save) and a.keep is None for a in rule.actions)
    if not isinstance(test, n.Improves) or not saves:
        return
    seldom = isinstance(rule.trigger, n.Every | n.At) and context.trigger_unit(rule.trigger)
    waits = any(isinstance(action, n.Wait) for action in rule.actions)
    if seldom == "epoch" or waits:
        metric = expression(test.operand)
        yield context.problem(
            "CBR406",
            "a best epoch between two looks is never saved",
            test,
            why=f"`{metric} improves` compares with every epoch, also those this rule leaves out",
            help="look at `every epoch`, or save each look and `keep best 1 of` the metric",
        )


def _lasting(context: Context, condition: n.All | n.Any) -> Iterator[Diagnostic]:
    """`a and b for 3 epochs`: whether `for` is about `b` or about both, a reader cannot tell."""
    last = condition.operands[-1]
    if not isinstance(last, n.Held) or _is_bracketed(context, last):
        return
    word = "and" if isinstance(condition, n.All) else "or"
    every = type(condition)((*condition.operands[:-1], last.operand), span=condition.span)
    held = n.Held(every, last.duration, span=condition.span)
    yield context.problem(
        "CBR408",
        f"`for` is about the last part of this `{word}` only",
        last,
        why=f"it is read as `{expression(condition)}`",
        help=f"put brackets around it, or write `{expression(held)}`",
    )


def _is_bracketed(context: Context, part: n.Expr) -> bool:
    return context.source.text[: part.span.start].rstrip().endswith("(")


def _is_measured(context: Context, expr: n.Expr) -> bool:
    """Whether a value comes from a metric, and does not only count its values."""
    if isinstance(expr, n.Call) and expr.function in ("count", "since_best"):
        return False
    return bool(context.metrics_in(expr))


def _is_extreme(value: n.Expr, other: n.Expr) -> bool:
    """Whether `other` is the best, lowest or highest of a value, which may be this very one."""
    extremes = ("best", "lowest", "highest")
    return isinstance(other, n.Call) and other.function in extremes and value in other.arguments[:1]


def _equal(context: Context, comparison: n.Compare) -> Iterator[Diagnostic]:
    for op, left, right in zip(
        comparison.ops, comparison.operands, comparison.operands[1:], strict=False
    ):
        own = _is_extreme(left, right) or _is_extreme(right, left)
        measured = _is_measured(context, left) or _is_measured(context, right)
        if op in ("==", "!=") and measured and not own:
            why = "metrics are rarely equal to the last digit"
            help = "compare with `<`, `>`, `<=` or `>=`"
            if left == right:
                why = "only nan differs from itself"
                help = f"write `{expression(left)} is {'not ' if op == '==' else ''}nan`"
            yield context.problem(
                "CBR407", f"a metric compared with `{op}`", comparison, why=why, help=help
            )
