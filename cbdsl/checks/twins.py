"""No rule stands there twice, and no two write one file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cbdsl.checks.context import Context
from cbdsl.checks.paths import shape_of
from cbdsl.checks.ranges import Facts, Ranges
from cbdsl.checks.when import Scene, window_of
from cbdsl.checks.worlds import TooMany, Worlds
from cbdsl.diagnostics import Diagnostic
from cbdsl.formatter import rule_text
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    yield from _twice(context)
    yield from _one_file(context)


def _twice(context: Context) -> Iterator[Diagnostic]:
    """A rule that repeats another; of more repetitions the first is enough."""
    seen: dict[str, n.Rule] = {}
    said: set[str] = set()
    for rule in context.file.rules:
        text = rule_text(replace(rule, name=None))
        if text in seen and text not in said:
            said.add(text)
            where = context.source.place(seen[text].span)
            why = f"it says what the rule at {where} says, and both act"
            help = "delete one of the two"
            yield context.problem("CBR426", "the same rule again", rule, why=why, help=help)
        seen.setdefault(text, rule)


def _one_file(context: Context) -> Iterator[Diagnostic]:
    """Two rules that save the best of different things under one name."""
    seen: dict[str, tuple[n.Rule, set[n.Expr]]] = {}
    for rule in context.file.rules:
        better = {p.operand for p in _parts(rule) if isinstance(p, n.Improves)}
        for action in rule.actions:
            if not isinstance(action, n.Save) or action.path.placeholders or not better:
                continue
            path = shape_of(action.path)
            if (
                path in seen
                and seen[path][1].isdisjoint(better)
                and _meet(context, seen[path][0], rule)
            ):
                where = context.source.place(seen[path][0].span)
                yield context.problem(
                    "CBR430",
                    f"two rules save what is best to `{path}`",
                    action.path,
                    why=f"the rule at {where} does too, and each replaces what the other saved",
                    help="choose another name for one",
                )
            seen.setdefault(path, (rule, better))


def _meet(context: Context, one: n.Rule, other: n.Rule) -> bool:
    """Whether two rules may both act in one training: a phase apart, or by the caller's choice."""
    (first, last), (begin, end) = window_of(context, one), window_of(context, other)
    if (last is not None and last < begin) or (end is not None and end < first):
        return False
    worlds = Worlds(Ranges(Facts(context), Scene()))
    tests = [rule.condition.test for rule in (one, other) if rule.condition]
    try:
        return bool(worlds.both(*map(worlds.of, tests)))
    except TooMany:
        return True


def _parts(rule: n.Rule) -> tuple[n.Expr, ...]:
    return n.walk(rule.condition.test) if rule.condition else ()
