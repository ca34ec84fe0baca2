"""`cbdsl fmt`: rule files in canonical layout."""

from __future__ import annotations

import difflib
import sys

import click

from cbdsl.cli.files import FAILED, FINDINGS, Unreadable, complain, count, read_bytes, show
from cbdsl.diagnostics import CbrError, Diagnostic, visible
from cbdsl.files import write_whole
from cbdsl.formatter import Unsafe, format_source
from cbdsl.syntax import read_source


class _Unwritable(Exception):
    """A file that cannot be written, and why."""


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--check", is_flag=True, help="Change nothing; name the files that would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
def command(files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay out rule files in the one canonical way; silent when all is well.

    `-` is standard input, written to standard output. Exits with 1 if a file has syntax errors, or
    with --check or --diff would change, and with 2 if one cannot be read or written.
    """
    found: list[Diagnostic] = []
    differs = failed = False
    for file in files:
        try:
            before = read_bytes(file)
            source = read_source(before, "<stdin>" if file == "-" else file)
            text = format_source(source)
            after = text.encode()
            if check or diff:
                if before != after:
                    differs = True
                    _report(source.name, before.decode(), text, check, diff)
            elif file == "-":
                click.echo(after, nl=False)
            elif before != after:
                _write(file, after)
        except CbrError as e:
            found += e.diagnostics
        except (Unreadable, _Unwritable) as e:
            complain(str(e))
            failed = True
        except Unsafe as e:
            complain(f"{file}: internal error, nothing is changed: formatted, {e}")
            failed = True
    show(found)
    if found:
        click.echo(count(found), err=True)
    if failed:
        sys.exit(FAILED)
    if found or differs:
        sys.exit(FINDINGS)


def _report(name: str, before: str, after: str, check: bool, diff: bool) -> None:
    """Says that a file would change, and how."""
    # A file's name can hold what would steer a terminal.
    name = visible(name)
    if diff:
        lines = difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
        )
        ended = (
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )
        # As bytes: rules are UTF-8, whatever the terminal is.
        click.echo("".join(ended).encode(), nl=False)
    if check:
        click.echo(f"{name} would change", err=True)


def _write(file: str, data: bytes) -> None:
    try:
        write_whole(file, data)
    except OSError as e:
        raise _Unwritable(f"{file}: cannot be written: {e.strerror or e}") from e
