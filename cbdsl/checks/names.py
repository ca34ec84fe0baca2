"""A name means one thing: no second use, and no word of the language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbdsl.catalog.words import FOREIGN, WORDS
from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.source import Span
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    yield from _defined(context)
    yield from _directions(context)
    yield from _order(context)
    yield from _recorded(context)
    for statement in context.file.computing:
        for expr in n.expressions(statement):
            for part in n.walk(expr):
                if isinstance(part, n.Name):
                    yield from _used(context, part)


def _order(context: Context) -> Iterator[Diagnostic]:
    """A derived metric is made of those above it."""
    above: set[str] = set()
    for metric in context.file.metrics:
        for name in context.metrics_in(metric.value):
            if name.name in context.derived and name.name not in above:
                own = name.name == metric.name.name
                yield context.problem(
                    "CBR410",
                    f"`{name.name}` is computed from itself"
                    if own
                    else f"`{name.name}` is computed below",
                    name,
                    why="derived metrics are computed in the order of the file",
                    help="for its value before write `prev(…)` of what it is made of"
                    if own
                    else f"move `metric {name.name} = …` above this line",
                )
        above.add(metric.name.name)


def _defined(context: Context) -> Iterator[Diagnostic]:
    seen: dict[str, n.Name] = {}
    for statement in context.file.statements:
        if not isinstance(statement, _NAMED) or statement.name is None:
            continue
        name = statement.name
        what = _WHAT[type(statement)]
        if name.name in WORDS and not name.quoted:
            message = f"a {what} cannot be called `{name.name}`"
            why = f"`{name.name}` is a word of the language"
            help = f"choose another name, such as `my_{name.name}`"
            yield context.problem("CBR203", message, name, why=why, help=help)
        elif name.name in seen:
            yield _twice(context, f"the name `{name.name}`", name, seen[name.name])
        elif what != "rule" and name.name in (context.metrics or ()):
            yield context.problem(
                "CBR202",
                f"the name `{name.name}` is given twice",
                name,
                why="the model reports a metric of that name",
                help="choose another name",
            )
        seen.setdefault(name.name, name)


_WHAT: dict[type[n.Statement], str] = {
    n.Param: "parameter",
    n.Let: "variable",
    n.Variable: "variable",
    n.Metric: "derived metric",
    n.Rule: "rule",
}
_NAMED = (n.Param, n.Let, n.Variable, n.Metric, n.Rule)


def _recorded(context: Context) -> Iterator[Diagnostic]:
    """What is recorded becomes a metric, and is none yet."""
    for rule in context.file.rules:
        for action in rule.actions:
            if not isinstance(action, n.Record):
                continue
            name, kind = action.metric, context.kind_of(action.metric)
            why, help = "", "choose another name"
            if kind != "metric":
                what = "a word of the language" if kind == "value" else f"a {_KINDS[kind]}"
                why = f"`{name.name}` is {what}"
                if kind in ("variable", "outside"):
                    help = f"to set it write `{name.name} = …` without `record`"
            elif name.name in context.derived:
                why = "it is a derived metric"
            elif name.name in (context.metrics or ()):
                why = "the model reports a metric of that name"
            else:
                continue
            message = f"`{name.name}` cannot be recorded"
            yield context.problem("CBR202", message, name, why=why, help=help)


_KINDS = {"param": "parameter", "variable": "variable", "outside": "variable"}


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
        elif kind in ("param", "variable", "outside"):
            what = "parameter" if kind == "param" else "variable"
            message = f"`{metric.name}` is a {what}, not a metric"
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
    if name.name not in FOREIGN or context.kind_of(name) != "metric" or name.quoted:
        return
    if name.name not in {*(context.metrics or ()), *context.made, *context.expected}:
        help = f"write {FOREIGN[name.name]}"
        put = name.name.lower() if name.name in ("True", "False") else ""
        before = re.search(r"([=!]=)\s*$", context.source.text[: name.span.start])
        if name.name == "None" and before:
            # Read as a metric that is compared.
            put = "is missing" if before[1] == "==" else "is not missing"
            at = Span(before.start(), name.span.end)
            message, help = "`None` cannot stand here", f"write `{put}`"
            yield context.problem("CBR109", message, at, help=help, put=put)
            return
        yield context.problem(
            "CBR109", f"`{name.name}` cannot stand here", name, help=help, put=put
        )
