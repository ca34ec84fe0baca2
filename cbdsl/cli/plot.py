"""`cbdsl plot`: draws the rate, and when rules can fire."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from cbdsl.checks.params import Literal
from cbdsl.cli.files import fail
from cbdsl.cli.next import foresee, planned_options, say
from cbdsl.files import write_whole
from cbdsl.forecast import Forecast, Planned
from cbdsl.forecast.terminal import drawn

ENDINGS = (".png", ".svg", ".pdf")
"""What a picture's file may end in."""


@click.command("plot")
@click.argument("file")
@planned_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="The picture's file, which ends in .png, .svg or .pdf.",
)
@click.option("--terminal", is_flag=True, help="Draw with characters, on standard output.")
def command(
    file: str,
    epochs: int,
    batches: int | None,
    lr: float,
    epoch_seconds: float | None,
    params: Mapping[str, Literal],
    output: Path | None,
    terminal: bool,
) -> None:
    """Draw the learning rate under the rules of FILE, and when each rule can fire.

    Nothing is trained: what depends on metrics is left out of the rate, and said to be. `-` is
    standard input.
    """
    if output is None and not terminal:
        raise click.UsageError("say where to: -o lr.png for a picture, or --terminal")
    if output is not None and output.suffix.lower() not in ENDINGS:
        fail(f"-o {output}: a picture ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    draw = None if output is None else _picture()
    found = foresee(file, Planned(epochs, batches, lr, epoch_seconds), params)
    if terminal:
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        say(drawn(found, width=shutil.get_terminal_size().columns, colour=colour))
    if output is not None and draw is not None:
        data = draw(found, output.suffix.lower().removeprefix("."))
        try:
            write_whole(output, data)
        except OSError as e:
            fail(f"{output}: cannot be written: {e.strerror or e}")


def _picture() -> Callable[[Forecast, str], bytes]:
    """What draws pictures; exits if its library is missing."""
    try:
        from cbdsl.forecast.picture import picture
    except ImportError as e:
        fail(
            f'a picture needs matplotlib ({e}): pip install "cbdsl[plot]"; '
            "--terminal draws without it"
        )
    return picture
