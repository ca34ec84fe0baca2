"""`cbdsl init`: a rule file to begin with."""

from __future__ import annotations

import contextlib
import shlex
from importlib.resources import files
from pathlib import Path

import click

from cbdsl.cli.files import fail


@click.command("init")
@click.argument("file", type=click.Path(path_type=Path), default="rules.cbr", required=False)
def command(file: Path) -> None:
    """Write FILE (rules.cbr), which shows what rules look like; a file that is there stays."""
    if file.suffix != ".cbr":
        fail(f"{file}: rules are in a file that ends in .cbr; write {file.with_suffix('.cbr')}")
    text = files("cbdsl.cli").joinpath("init.cbr").read_text("utf-8")
    name = shlex.quote(str(file))
    if name.isprintable():
        # The comments in it show how to call it.
        text = text.replace("rules.cbr ", f"{name} ")
    try:
        new = file.open("xb")
    except FileExistsError:
        fail(f"{file} is there already: give another name")
    except OSError as e:
        fail(f"{file}: cannot be written: {e.strerror or e}")
    try:
        with new:
            new.write(text.encode())
    except OSError as e:
        with contextlib.suppress(OSError):
            file.unlink()
        fail(f"{file}: cannot be written: {e.strerror or e}")
    click.echo(f"{file} is written; read it, change it, and then", err=True)
    click.echo(f"    cbdsl check {name}\n    cbdsl train {name}", err=True)
