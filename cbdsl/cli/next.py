"""`cbdsl next`: what rules will do in a training, without the training."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from cbdsl.checks.leave import ANYTHING
from cbdsl.checks.params import Literal
from cbdsl.cli.files import read, refuse, set_option, show
from cbdsl.diagnostics import CbrError
from cbdsl.forecast import Forecast, Planned, forecast
from cbdsl.forecast.report import as_json, as_text
from cbdsl.program import Program

MOST = 1_000_000
"""How many batches, or epochs where nothing is said of batches, a forecast goes through."""


def _finite(ctx: click.Context, param: click.Parameter, given: float | None) -> float | None:
    if given is not None and not math.isfinite(given):
        raise click.BadParameter(f"{given} is no number of that kind", ctx, param)
    return given


def _epochs(ctx: click.Context, param: click.Parameter, given: int | None) -> int:
    if given is None:
        why = "how many epochs are planned decides when rules can fire; write --epochs 30"
        raise click.UsageError(f"--epochs is missing: {why}", ctx)
    return given


def planned_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is planned, and `--set`."""
    options = (
        click.option(
            "--epochs",
            type=click.IntRange(min=1),
            callback=_epochs,
            help="How many are planned; always needed.",
        ),
        click.option(
            "--batches",
            type=click.IntRange(min=1),
            metavar="M",
            help="How many an epoch has; places the rules that count batches.",
        ),
        click.option(
            "--lr",
            type=click.FloatRange(min=0),
            callback=_finite,
            default=0.001,
            show_default=True,
            metavar="V",
            help="The learning rate when training begins.",
        ),
        click.option(
            "--epoch-seconds",
            type=click.FloatRange(min=0, min_open=True),
            callback=_finite,
            metavar="S",
            help="How long an epoch takes; places the rules that count time.",
        ),
        set_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def foresee(file: str, planned: Planned, params: Mapping[str, Literal]) -> Forecast:
    """The forecast of a file; shows what is wrong with it, and exits if those are errors."""
    if planned.epochs * (planned.batches or 1) > MOST:
        batches = "" if planned.batches is None else f" of {planned.batches:,} batches"
        raise click.UsageError(
            f"{planned.epochs:,} epochs{batches} are too many: "
            f"a forecast goes through {MOST:,} at most"
        )
    try:
        source = read(file)
        program = Program(source, params=params, epochs=planned.epochs, leave=ANYTHING)
    except CbrError as e:
        refuse(e)
    show(program.diagnostics)
    try:
        return forecast(program, planned)
    except CbrError as e:
        refuse(e)


def say(text: str) -> None:
    """A text on standard output; what the terminal cannot show becomes `?`."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding))


@click.command("next")
@click.argument("file")
@planned_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to report.",
)
def command(
    file: str,
    epochs: int,
    batches: int | None,
    lr: float,
    epoch_seconds: float | None,
    params: Mapping[str, Literal],
    form: str,
) -> None:
    """Say which rules of FILE can fire when, and the learning rate of each epoch.

    Nothing is trained: what depends on metrics is shown with its condition, and left out of the
    rate. `-` is standard input.
    """
    found = foresee(file, Planned(epochs, batches, lr, epoch_seconds), params)
    say(as_json(found) if form == "json" else as_text(found))
