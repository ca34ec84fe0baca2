"""`cbdsl train`: train a model on MNIST under the rules of a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cbdsl.checks.params import Literal
from cbdsl.cli.files import fail, read, refuse, set_option, show
from cbdsl.diagnostics import CbrError
from cbdsl.program import Program
from cbdsl.train.errors import TrainError
from cbdsl.train.run import METRICS

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


@click.command("train")
@click.argument("file")
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--batch-size", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of weights and order.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of prepared data sets; else that of TensorFlow Datasets.",
)
@click.option(
    "--run-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where rules save files; else a new folder runs/NAME-N.",
)
@click.option("--strict", is_flag=True, help="End the training when an action or a rule fails.")
@set_option
def command(
    file: str,
    epochs: int,
    batch_size: int,
    seed: int,
    data_dir: Path | None,
    run_dir: Path | None,
    strict: bool,
    params: Mapping[str, Literal],
) -> None:
    """Train a small network on MNIST under the rules of FILE.

    Says at the end why training ended and what each rule did. `-` is standard input.
    """
    try:
        program = Program(read(file), params=params, metrics=METRICS, epochs=epochs)
    except CbrError as e:
        refuse(e)
    show(program.diagnostics)
    try:
        _train(program, epochs, batch_size, seed, data_dir, run_dir, strict)
    except TrainError as e:
        fail(str(e))
    except KeyboardInterrupt:
        # Downloads go on in threads that cannot be told to end.
        click.echo("\ncbdsl: interrupted before training", err=True)
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _train(
    program: Program,
    epochs: int,
    batch_size: int,
    seed: int,
    data_dir: Path | None,
    run_dir: Path | None,
    strict: bool,
) -> None:
    from cbdsl.train.data import load_data
    from cbdsl.train.model import default_model
    from cbdsl.train.run import seed_everything, train
    from cbdsl.train.rundir import new_run_dir

    data = load_data(data_dir=data_dir, batch_size=batch_size, seed=seed, epochs=epochs)
    if data.note:
        click.echo(data.note, err=True)
    click.echo(
        f"training on {data.name}: {data.examples:,} images, "
        f"validated on {data.validation_examples:,}",
        err=True,
    )
    seed_everything(seed)
    model = default_model(data.image_shape, data.classes)
    folder = run_dir or new_run_dir(_stem(program.source.label))
    run = train(program, model, data, epochs=epochs, run_dir=folder, strict=strict)

    from cbdsl.attach import summary

    lines = summary(run.host, planned=run.planned, interrupted=run.interrupted)
    click.echo("\n" + "\n".join(lines))
    if run.interrupted:
        sys.exit(INTERRUPTED)


def _stem(label: str) -> str:
    """`mnist.cbr` as the name of a run: `mnist`."""
    return label.removesuffix(".cbr").strip("<>.") or "run"
