"""Every parameter and every variable is used."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.words import WORDS
from cbdsl.checks.context import Context
from cbdsl.diagnostics import Diagnostic
from cbdsl.diagnostics.suggest import one_slip
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    file = context.file
    named = {
        name.name for s in (*file.computing, *file.limits, *file.schedules) for name in n.names(s)
    }
    used = named | context.unread | WORDS
    defined = [(param.name, "parameter") for param in file.params]
    defined += [(let.name, "variable") for let in file.lets]
    defined += [(variable.name, "variable") for variable in file.outside]
    # One that is misspelt where it is used is not also unused.
    unknown = named - {name.name for name, _ in defined}
    for name, what in defined:
        if name.name not in used and not any(one_slip(word, [name.name]) for word in unknown):
            message = f"no rule uses the {what} `{name.name}`"
            yield context.problem("CBR402", message, name, help="delete it, or use it")
