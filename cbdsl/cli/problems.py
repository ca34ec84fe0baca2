"""Diagnostics in the format that was asked for, and the option that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from cbdsl.cli.files import count, show
from cbdsl.diagnostics import Diagnostic
from cbdsl.diagnostics.formats import FORMATS


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--format`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", *FORMATS]),
        default="text",
        help="How to report: text for people on stderr, all others on stdout.",
    )(function)


def write(diagnostics: Iterable[Diagnostic], form: str) -> None:
    """Diagnostics in a format; how many there are goes to stderr in each.

    What two files include is in both, and said once.
    """
    found = list({(str(d), d.why, d.help): d for d in diagnostics}.values())
    if form == "text":
        show(found)
    else:
        # As bytes: rules are UTF-8, whatever the terminal is.
        click.echo(FORMATS[form](found).encode(), nl=False)
    if found:
        click.echo(count(found), err=True)
