"""`cbdsl compile`: a rule file to Python."""

from __future__ import annotations

import click

from cbdsl.checks.leave import Leave
from cbdsl.cli.files import allow_option, fail, read, refuse, show
from cbdsl.diagnostics import CbrError
from cbdsl.files import write_whole
from cbdsl.program import Program


@click.command("compile")
@click.argument("file")
@click.option(
    "-o",
    "--output",
    metavar="OUT.py",
    help="Where to write; else, or with -, standard output.",
)
@click.option("--standalone", is_flag=True, help="Copy in the runtime, so that keras is enough.")
@allow_option
def command(file: str, output: str | None, standalone: bool, leave: Leave) -> None:
    """Turn a rule file into a Python module with a function callbacks().

    Writes nothing if the rules have errors, answer interrupts or are resumed, which takes more
    than callbacks. `-` is standard input.
    """
    if output not in (None, "-") and not str(output).endswith(".py"):
        fail(f"-o {output}: what is written is Python; the file's name must end in .py")
    try:
        program = Program(read(file), leave=leave)
    except CbrError as e:
        refuse(e)
    show(program.diagnostics)
    if program.plan.answering:
        place = program.plan.answering[0].named.place
        fail(
            f"{place}: `on interrupt` cannot be compiled to a file: no callback hears a signal by "
            "itself; use `cbdsl train`, `cbdsl run`, or `cbdsl.callbacks` in a script"
        )
    if program.plan.resume is not None:
        fail(
            f"{program.source.label}: `resume` cannot be compiled to a file: no callback saves "
            "what the others remember; use `cbdsl train`, `cbdsl run`, or `cbdsl.callbacks` in a "
            "script"
        )
    text = program.standalone if standalone else program.python
    if output is None or output == "-":
        # As bytes: Python source is UTF-8, whatever the terminal is.
        click.echo(text.encode(), nl=False)
        return
    try:
        write_whole(output, text.encode())
    except OSError as e:
        fail(f"{output}: cannot be written: {e.strerror or e}")
