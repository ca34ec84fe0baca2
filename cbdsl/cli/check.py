"""`cbdsl check`: what is wrong with rule files."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from cbdsl.checks.params import Literal
from cbdsl.cli.files import (
    FAILED,
    FINDINGS,
    Unreadable,
    complain,
    count,
    open_file,
    set_option,
    show,
)
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.program import Program


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--metrics",
    metavar="A,B",
    help="All names that the logs will hold, such as loss,accuracy,val_loss.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="How many epochs are planned.")
@set_option
def command(
    files: tuple[str, ...],
    metrics: str | None,
    epochs: int | None,
    params: Mapping[str, Literal],
) -> None:
    """Say what is wrong with rule files; silent when all is well.

    Exits with 1 if there are errors, and with 2 if a file cannot be read. `-` is standard input.
    """
    names = None if metrics is None else [m.strip() for m in metrics.split(",") if m.strip()]
    found: list[Diagnostic] = []
    unreadable = False
    for file in files:
        try:
            program = Program(open_file(file), params=params, metrics=names, epochs=epochs)
            found += program.diagnostics
        except CbrError as e:
            found += e.diagnostics
        except Unreadable as e:
            complain(str(e))
            unreadable = True
    show(found)
    if found:
        click.echo(count(found), err=True)
    if unreadable:
        sys.exit(FAILED)
    if any(d.is_error for d in found):
        sys.exit(FINDINGS)
