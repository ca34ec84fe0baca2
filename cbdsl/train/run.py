"""One training run under rules."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbdsl.program import Program
from cbdsl.runtime.failing import TrainingFailed
from cbdsl.train import rundir
from cbdsl.train.begun import Begun
from cbdsl.train.data import Data
from cbdsl.train.errors import NotBegun, TrainError, short, user_trace
from cbdsl.train.quiet import quiet
from cbdsl.train.user_model import import_from_here

if TYPE_CHECKING:
    import keras

    from cbdsl.attach import Rules

__all__ = ["METRICS", "Run", "seed_everything", "train"]

METRICS = ("accuracy", "loss", "val_accuracy", "val_loss")
"""What stands in the logs of the default model, trained with validation."""


@dataclass(frozen=True)
class Run:
    """How a run ended.

    Attributes:
        host: the rules, with the record of what fired.
        planned: how many were planned.
        interrupted: whether Ctrl-C ended it, or a rule that answered an interrupt.
        failed: whether a rule ended it as failed.
    """

    host: Rules
    planned: int
    interrupted: bool
    failed: bool


def seed_everything(seed: int) -> None:
    """Makes weights and dropout of this process depend on `seed` alone."""
    quiet()
    import keras

    keras.utils.set_random_seed(seed % 2**32)


def train(
    program: Program,
    model: keras.Model,
    data: Data,
    *,
    epochs: int,
    run_dir: Path,
    attaching: Mapping[str, Any],
    options: Begun | None = None,
) -> Run:
    """Trains a compiled model; shows Keras's progress bar on a terminal, else a line an epoch.

    Args:
        program: the rules.
        model: takes images of `data.image_shape`.
        data: what `load_data` made for the same number of epochs.
        epochs: how many to train.
        run_dir: the run's folder, which must be there. The rules save files in it.
        attaching: more for `Program.callbacks`.
        options: what the run is begun with, to be written down there where it does not go on.

    Raises:
        TrainError: the training failed; with `strict` also where an action or a rule did.
    """
    quiet()
    from cbdsl.attach import Refused, Rules
    from cbdsl.train.history import HistoryFile

    *schedule, host = program.callbacks(run_dir=run_dir, journal=True, **attaching)
    assert isinstance(host, Rules)
    host.effects.summarized = True
    host.on_edit = functools.partial(rundir.begin, run_dir)
    interrupted = failed = False
    ended_by: BaseException | None = None
    # Functions that rules call are looked for as `python -m` looks.
    import_from_here()
    try:
        model.fit(
            data.train,
            steps_per_epoch=data.steps_per_epoch,
            epochs=epochs,
            validation_data=data.validation,
            callbacks=[*schedule, host, HistoryFile(run_dir, host, options)],
            shuffle=False,
            verbose=1 if sys.stdout.isatty() else 2,
        )
    except KeyboardInterrupt as error:
        ended_by, interrupted = error, True
    except TrainingFailed as error:
        ended_by, failed = error, True
    except Refused as error:
        raise NotBegun(str(error)) from error
    except Exception as error:
        ended_by = error
        said = "; ".join([short(error), *getattr(error, "__notes__", ())])
        # With `strict` the error is most likely a rule's, for which the sentence is enough.
        trace = "" if attaching.get("strict") else user_trace(error)
        epoch = min(host.trained + 1, epochs)
        raise TrainError(f"training failed in epoch {epoch}: {said}", trace) from error
    finally:
        host.close(ended_by or sys.exception())
    return Run(host, epochs, interrupted or (host.interrupted and not failed), failed)
