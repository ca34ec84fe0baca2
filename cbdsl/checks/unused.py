"""Every parameter and every variable is used."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.words import WORDS
from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    file = context.file
    used = {
        name.name for s in (*file.computing, *file.limits, *file.schedules) for name in n.names(s)
    }
    used |= context.unread | WORDS
    defined = [(param.name, "parameter") for param in file.params]
    defined += [(let.name, "variable") for let in file.lets]
    defined += [(variable.name, "variable") for variable in file.outside]
    for name, what in defined:
        if name.name not in used:
            message = f"no rule uses the {what} `{name.name}`"
            yield context.problem("CBR402", message, name, help="delete it, or use it")
