"""`language 1` may be the first statement, and no other version is known."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.source import Part
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    first: dict[Part, int] = {}
    spans = [statement.span for statement in context.file.statements]
    for span in sorted([*spans, *(span for span, _ in context.source.included)]):
        first.setdefault(context.source.part(span), span.start)
    for statement in context.file.statements:
        if not isinstance(statement, n.Language):
            continue
        is_first = first[context.source.part(statement.span)] == statement.span.start
        if statement.version.value != 1:
            yield context.problem(
                "CBR113",
                f"this cbdsl knows language 1, not {statement.version.text}",
                statement.version,
                help="write `language 1`, or install a newer cbdsl",
            )
        if not is_first:
            help = "move it to the top of the file"
            yield context.problem(
                "CBR113", "`language` can only be the first statement", statement, help=help
            )
