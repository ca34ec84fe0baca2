"""One text for a file of rules and those it includes."""

from __future__ import annotations

from cbdsl.formatter.layout import statement
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parse_source


def flattened(source: SourceFile) -> str:
    """The text of a file; where it includes others, all statements in canonical layout.

    Raises nothing for a file that was checked.
    """
    if not source.included:
        return source.text
    file, _ = parse_source(source)
    names = ", ".join(part.label for part in source.parts[1:])
    lines = [f"# {source.label}, with what it includes: {names}"]
    for node in file.statements:
        # One says which language all of it is in, and only as the first.
        if not isinstance(node, n.Language) or len(lines) == 1:
            lines.append(statement(node))
    return "\n".join(lines) + "\n"
