"""`cbdsl train`: train a model under the rules of a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cbdsl.checks.leave import Leave
from cbdsl.checks.params import Literal
from cbdsl.cli.files import FINDINGS, fail, read, refuse, set_option, show
from cbdsl.cli.options import Attaching, check_addresses, check_allowed, check_same, run_options
from cbdsl.diagnostics import CbrError, Diagnostic, visible
from cbdsl.program import Program
from cbdsl.runtime.saying import harmless
from cbdsl.source import SourceFile
from cbdsl.train.begun import Begun
from cbdsl.train.errors import NotBegun, TrainError
from cbdsl.train.resuming import AlreadyFinished, Start, clear, find_start
from cbdsl.train.run import METRICS

if TYPE_CHECKING:
    from cbdsl.train.data import Data

INTERRUPTED = 130
"""Exit status after an interrupt, as shells have it for Ctrl-C."""

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("train")
@click.argument("file")
@click.option(
    "--dataset",
    metavar="NAME",
    default="mnist",
    show_default=True,
    help="An image-classification set of TensorFlow Datasets.",
)
@click.option("--idx", type=_FOLDER, metavar="DIR", help="A folder of IDX files to train on.")
@click.option(
    "--data-dir",
    type=_FOLDER,
    metavar="DIR",
    help="The folder of prepared data sets; else that of TensorFlow Datasets.",
)
@click.option(
    "--model",
    metavar="MODULE:FUNCTION",
    help="What makes the model to train; imported from the working directory first.",
)
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--batch-size", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of weights and order.")
@click.option("--again", is_flag=True, help="Begin a run afresh that `resume` would take up.")
@run_options
@set_option
def command(
    file: str,
    dataset: str,
    idx: Path | None,
    data_dir: Path | None,
    model: str | None,
    epochs: int,
    batch_size: int,
    seed: int,
    again: bool,
    run_dir: Path | None,
    attaching: Attaching,
    params: Mapping[str, Literal],
) -> None:
    """Train a small network on MNIST, or what the options say, under the rules of FILE.

    Says at the end why training ended and what each rule did; the run's folder gets the rules,
    their Python, the history as CSV, and the journal: what fired and why. `-` is standard input.
    """
    source = click.get_current_context().get_parameter_source("dataset")
    if idx is not None and source is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError("--dataset and --idx are two data sets: give one of them.")
    rules = _Rules(file, params, epochs, Leave.of(attaching["allow"]))
    # What the user's own model reports is known once it is made, but most errors are not of that
    # kind: they come now, before anything slow.
    rules.check(METRICS if model is None else None)
    check_allowed(rules.program)
    check_addresses(attaching["notify"])
    try:
        if model is not None:
            from cbdsl.train.user_model import check_name

            check_name(model)
        start = find_start(rules.program, run_dir, run_name(rules.program), again=again)
        _train(rules, dataset, idx, data_dir, model, batch_size, seed, start, attaching)
    except AlreadyFinished as e:
        click.echo(visible(str(e)), err=True)
    except TrainError as e:
        click.echo(e.trace, err=True, nl=False)
        fail(str(e))
    except KeyboardInterrupt:
        _interrupted()


class _Rules:
    """The rules of a file, checked as often as more is known of what the logs will hold."""

    def __init__(self, file: str, params: Mapping[str, Literal], epochs: int, leave: Leave) -> None:
        self.params = params
        self.epochs = epochs
        self.leave = leave
        self._shown: list[Diagnostic] = []
        self.source = self._read(file)
        self.program: Program

    def _read(self, file: str) -> SourceFile:
        try:
            return read(file)
        except CbrError as e:
            refuse(e)

    def check(self, metrics: Collection[str] | None) -> None:
        """Compile; show new warnings, and exit if there are errors."""
        try:
            self.program = Program(
                self.source,
                params=self.params,
                metrics=metrics,
                epochs=self.epochs,
                leave=self.leave,
            )
        except CbrError as e:
            refuse(CbrError(self._new(e.diagnostics)))
        show(self._new(self.program.diagnostics))

    def _new(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """Those that were not shown before."""
        new = [one for one in found if one not in self._shown]
        self._shown += new
        return new


def _train(
    rules: _Rules,
    dataset: str,
    idx: Path | None,
    data_dir: Path | None,
    model_name: str | None,
    batch_size: int,
    seed: int,
    start: Start,
    attaching: Attaching,
) -> None:
    from cbdsl.train import rundir
    from cbdsl.train.data import load_data
    from cbdsl.train.run import seed_everything, train

    # What the last epoch of a run that is over did, such as a stop, is still to be finished.
    first = min(start.epochs, rules.epochs - 1)
    data = load_data(
        dataset=dataset,
        idx_dir=idx,
        data_dir=data_dir,
        batch_size=batch_size,
        seed=seed,
        epochs=rules.epochs,
        first_epoch=first,
    )
    if data.note:
        click.echo(data.note, err=True)
    options = Begun(
        {
            "data set": data.name,
            "model": model_name or "the default",
            "batch size": batch_size,
            "seed": seed,
        }
    )
    check_same(start.folder, start.begun, options, strict=attaching["strict"])
    seed_everything(seed)
    model = _model(rules, model_name, data)
    validated = f"{data.validation_examples:,}"
    validated += f", {data.validated_on}" if data.validated_on else ""
    click.echo(
        f"training on {data.name}: {data.examples:,} images, validated on {validated}", err=True
    )
    program = rules.program
    resumable = program.plan.resume is not None
    folder = start.folder or rundir.new_run_dir(run_name(program))
    if start.again:
        clear(folder, program)
    rundir.make(folder)
    try:
        run = train(
            program,
            model,
            data,
            epochs=rules.epochs,
            run_dir=folder,
            attaching=attaching,
            options=options if resumable else None,
        )

        from cbdsl.attach import summary

        lines = summary(run.host, planned=run.planned, interrupted=run.interrupted)
        click.echo(harmless("\n" + "\n".join(lines)))
    except BaseException as error:
        if start.folder is None:
            rundir.discard(folder)
        if folder.exists() and not isinstance(error, NotBegun):
            _say_where(folder, goes_on=resumable)
        raise
    _say_where(folder, goes_on=resumable and run.interrupted)
    if run.interrupted:
        sys.exit(INTERRUPTED)
    if run.failed:
        sys.exit(FINDINGS)


def _say_where(folder: Path, *, goes_on: bool) -> None:
    """Where the run is, and whether it was only broken off."""
    told = "; the same command goes on with it" if goes_on else ""
    click.echo(f"the run is in {folder}{told}", err=True)


def _model(rules: _Rules, name: str | None, data: Data) -> Any:
    from cbdsl.train.model import default_model
    from cbdsl.train.user_model import metric_names, user_model

    if name is None:
        return default_model(data.image_shape, data.classes)
    model = user_model(name, data)
    names = metric_names(model, name, data)
    if names is not None:
        rules.check(names)
    return model


def run_name(program: Program) -> str:
    """What the run is called after its rules: `mnist` for `mnist.cbr`."""
    return program.source.label.removesuffix(".cbr").strip("<>.") or "run"


def _interrupted() -> NoReturn:
    # Downloads go on in threads that cannot be told to end.
    click.echo("\ncbdsl: interrupted before training", err=True)
    sys.stderr.flush()
    os._exit(INTERRUPTED)
