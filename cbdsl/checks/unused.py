"""Every parameter is used."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.words import WORDS
from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    used = {name for rule in context.file.rules for name in params_in(rule)}
    used |= context.unread | WORDS
    for param in context.file.params:
        name = param.name.name
        if name not in used:
            yield context.problem(
                "CBR402",
                f"no rule uses the parameter `{name}`",
                param.name,
                help="delete it, or use it",
            )


def params_in(rule: n.Rule) -> list[str]:
    """Every bare name that a rule holds, in the order of the text; parameters are among them."""
    names: list[str] = []

    def add(count: n.Number | n.Name | None) -> None:
        if isinstance(count, n.Name):
            names.append(count.name)

    match rule.trigger:
        case n.Every():
            add(rule.trigger.count)
        case n.At():
            for position in rule.trigger.positions:
                add(position)
        case n.On():
            pass
    for bound in (rule.window.start, rule.window.end) if rule.window else ():
        add(bound.count if bound else None)
    for expr in n.expressions(rule):
        for part in n.walk(expr):
            if isinstance(part, n.Stalls):
                add(part.duration.count)
            elif isinstance(part, n.Name) and not part.quoted:
                names.append(part.name)
    return list(dict.fromkeys(names))
