"""`cbdsl compile`: a rule file to Python."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cbdsl.cli.files import fail, read, refuse, show
from cbdsl.diagnostics import CbrError
from cbdsl.program import Program


@click.command("compile")
@click.argument("file")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where to write; else stdout."
)
@click.option("--standalone", is_flag=True, help="Copy in the runtime, so that keras is enough.")
def command(file: str, output: Path | None, standalone: bool) -> None:
    """Turn a rule file into a Python module with a function callbacks()."""
    try:
        program = Program(read(file))
    except CbrError as e:
        refuse(e)
    show(program.diagnostics)
    text = program.standalone if standalone else program.python
    if output is None:
        click.echo(text, nl=False)
        return
    if output.suffix != ".py":
        fail(f"{output}: what is written is Python; write -o {output.with_suffix('.py')}")
    try:
        _write_whole(output, text)
    except OSError as e:
        fail(f"{output}: cannot be written: {e.strerror or e}")


def _write_whole(path: Path, text: str) -> None:
    """The new file or the old one, never half of one."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
