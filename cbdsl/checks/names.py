"""A name means one thing: no second use, and no word of the language."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import FOREIGN, VALUES_TO_COME, WORDS
from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    yield from _defined(context)
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
            why = f"`{name.name}` is a word of the language"
            yield context.problem(
                "CBR203", f"a {what} cannot be called `{name.name}`", name, why=why
            )
        elif name.name in seen:
            first = context.source.place(seen[name.name].span)
            yield context.problem(
                "CBR202",
                f"the name `{name.name}` is given twice",
                name,
                why=f"it was first given at {first}",
                help="choose another name",
            )
        seen.setdefault(name.name, name)


def _used(context: Context, name: n.Name) -> Iterator[Diagnostic]:
    if name.quoted or name.name in VALUES:
        return
    if name.name in VALUES_TO_COME:
        yield context.problem(
            "CBR203",
            f"`{name.name}` is not in this version of cbdsl",
            name,
            help=f"for a metric of that name write `{name.name}` in backticks",
        )
    elif name.name in WORDS:
        yield context.problem(
            "CBR203",
            f"`{name.name}` is a word of the language, not a value",
            name,
            help=f"for a metric of that name write `{name.name}` in backticks",
        )
    elif name.name in FOREIGN:
        help = f"cbr says {FOREIGN[name.name]}"
        yield context.problem("CBR109", f"`{name.name}` cannot stand here", name, help=help)
