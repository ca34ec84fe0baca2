"""An `include` stands in a file, beside which the other one lies."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for statement in context.file.statements:
        # In files that were read each stands for the statements of another.
        if isinstance(statement, n.Include):
            yield context.problem(
                "CBR116",
                "there is no file that this include is relative to",
                statement,
                why="these rules are a text and not a file",
                help="keep the rules in a file",
            )
