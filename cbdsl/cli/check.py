"""`cbdsl check`: what is wrong with rule files."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from cbdsl.checks.leave import Leave
from cbdsl.checks.params import Literal
from cbdsl.cli.files import (
    FAILED,
    FINDINGS,
    Unreadable,
    allow_option,
    complain,
    open_file,
    set_option,
)
from cbdsl.cli.fixing import Left, fix_files
from cbdsl.cli.problems import format_option, write
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.program import Program
from cbdsl.source import SourceFile


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--metrics",
    metavar="A,B",
    help="All names that the logs will hold, such as loss,accuracy,val_loss.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="How many epochs are planned.")
@click.option("--fix", is_flag=True, help="First put right in the files what can be, for certain.")
@format_option
@allow_option
@set_option
def command(
    files: tuple[str, ...],
    metrics: str | None,
    epochs: int | None,
    fix: bool,
    form: str,
    leave: Leave,
    params: Mapping[str, Literal],
) -> None:
    """Say what is wrong with rule files; silent when all is well.

    Exits with 1 if there are errors, and with 2 if a file cannot be read. `-` is standard input,
    with --fix written to standard output.
    """
    if fix and "-" in files and form != "text":
        raise click.UsageError("--fix writes the rules of standard input where --format reports")
    names = None if metrics is None else [m.strip() for m in metrics.split(",") if m.strip()]
    found: list[Diagnostic] = []

    def problems(source: SourceFile) -> list[Diagnostic]:
        try:
            program = Program(source, params=params, metrics=names, epochs=epochs, leave=leave)
            return program.diagnostics
        except CbrError as e:
            return e.diagnostics

    # What a file includes may be put right behind it, so what is left is looked for in the end.
    left = fix_files(files, problems) if fix else Left({}, frozenset(), False)
    unreadable = left.failed
    for file in files:
        if file in left.lost:
            continue
        try:
            found += left.read[file] if file in left.read else problems(open_file(file))
        except CbrError as e:
            found += e.diagnostics
        except Unreadable as e:
            complain(str(e))
            unreadable = True
    write(found, form)
    if unreadable:
        sys.exit(FAILED)
    if any(d.is_error for d in found):
        sys.exit(FINDINGS)
