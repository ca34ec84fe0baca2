"""A name means one thing: no second use, and no word of the language."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.words import FOREIGN, WORDS
from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    yield from _defined(context)
    yield from _directions(context)
    for rule in context.file.rules:
        for expr in n.expressions(rule):
            for part in n.walk(expr):
                if isinstance(part, n.Name):
                    yield from _used(context, part)


def _defined(context: Context) -> Iterator[Diagnostic]:
    seen: dict[str, n.Name] = {}
    for statement in context.file.statements:
        if not isinstance(statement, n.Param | n.Rule) or statement.name is None:
            continue
        name = statement.name
        what = "parameter" if isinstance(statement, n.Param) else "rule"
        if name.name in WORDS:
            message = f"a {what} cannot be called `{name.name}`"
            why = f"`{name.name}` is a word of the language"
            help = f"choose another name, such as `my_{name.name}`"
            yield context.problem("CBR203", message, name, why=why, help=help)
        elif name.name in seen:
            yield _twice(context, f"the name `{name.name}`", name, seen[name.name])
        elif what == "parameter" and name.name in (context.metrics or ()):
            yield context.problem(
                "CBR202",
                f"the name `{name.name}` is given twice",
                name,
                why="the model reports a metric of that name",
                help="choose another name",
            )
        seen.setdefault(name.name, name)


def _directions(context: Context) -> Iterator[Diagnostic]:
    """`minimize` and `maximize` name metrics, each once."""
    seen: dict[str, n.Name] = {}
    for direction in context.file.directions:
        metric = direction.metric
        kind = context.kind_of(metric)
        if kind == "value":
            message = f"`{metric.name}` is a word of the language, not a metric"
            help = f"for a metric of that name write `{metric.name}` in backticks"
            yield context.problem("CBR203", message, metric, help=help)
        elif kind == "param":
            message = f"`{metric.name}` is a parameter, not a metric"
            yield context.problem("CBR202", message, metric, help="choose another name for one")
        elif metric.name in seen:
            what = f"the better direction of `{metric.name}`"
            yield _twice(context, what, metric, seen[metric.name])
        seen.setdefault(metric.name, metric)


def _twice(context: Context, what: str, name: n.Name, first: n.Name) -> Diagnostic:
    where = context.source.place(first.span)
    is_direction = what.startswith("the better")
    help = "delete one of the two" if is_direction else "choose another name"
    why = f"it was first given at {where}"
    return context.problem("CBR202", f"{what} is given twice", name, why=why, help=help)


def _used(context: Context, name: n.Name) -> Iterator[Diagnostic]:
    """A word of another language; those of the language itself are no names to the parser."""
    if name.quoted or name.name not in FOREIGN or name.name in context.params:
        return
    if name.name not in (context.metrics or ()):
        help = f"write {FOREIGN[name.name]}"
        yield context.problem("CBR109", f"`{name.name}` cannot stand here", name, help=help)
