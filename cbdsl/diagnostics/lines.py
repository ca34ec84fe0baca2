"""Diagnostics as lines: one each, for editors and grep, and the commands that GitHub reads."""

from __future__ import annotations

from collections.abc import Sequence

from cbdsl.diagnostics.codes import CODES
from cbdsl.diagnostics.model import Diagnostic
from cbdsl.diagnostics.place import place
from cbdsl.source import visible


def as_concise(diagnostics: Sequence[Diagnostic]) -> str:
    """`rules.cbr:3:4: error[CBR201]: there is no hook …`, a line each."""
    return "".join(f"{d}\n" for d in diagnostics)


def as_github(diagnostics: Sequence[Diagnostic]) -> str:
    """Workflow commands of GitHub Actions, which shows them beside the lines of a pull request."""
    return "".join(f"{_command(d)}\n" for d in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    at = place(diagnostic.source, diagnostic.span)
    properties: dict[str, str | int] = {"file": at.file}
    if at.region:
        line, column, end_line, end_column = at.region
        # GitHub takes columns only within one line.
        columns = {"col": column, "endColumn": end_column} if line == end_line else {}
        properties |= {"line": line, "endLine": end_line, **columns}
    properties["title"] = f"{diagnostic.code}: {CODES[diagnostic.code].title}"
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{diagnostic.severity} {said}::{_data(explained(diagnostic))}"


def explained(diagnostic: Diagnostic) -> str:
    """The message, why, and what to write instead, in lines of plain text."""
    lines = [diagnostic.message]
    lines += [f"why: {diagnostic.why}"] * bool(diagnostic.why)
    lines += [f"help: {diagnostic.help}"] * bool(diagnostic.help)
    return "\n".join(map(visible, lines))


def _data(text: str) -> str:
    """Text behind the second `::` of a command: what could end it or begin another is escaped."""
    # A terminal may be reading, too.
    return visible(_escaped(text))


def _property(text: str) -> str:
    """A property's value; what separates properties is escaped as well."""
    return visible(_escaped(text).replace(":", "%3A").replace(",", "%2C"))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
