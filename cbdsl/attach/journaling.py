"""What a host tells its journal, beside the firings: beginning, epochs and end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbdsl.attach.journal import Journal
from cbdsl.journal import NAME, Difference
from cbdsl.runtime.failing import TrainingFailed
from cbdsl.runtime.keras_model import rate

if TYPE_CHECKING:
    from cbdsl.attach.host import Rules


def journal_of(
    given: bool | str | os.PathLike[str], run_dir: str | os.PathLike[str], *, strict: bool
) -> Journal | None:
    """The journal that a caller asks for: none, that of the run's folder, or a file."""
    if given is False:
        return None
    path = Path(run_dir) / NAME if given is True else Path(given)
    return Journal(path, strict=strict)


def begin(host: Rules) -> None:
    """A training of the host begins, or one is taken up whose journal is gone."""
    if host.journal is not None:
        epochs, batches = _planned(host)
        lr = learning_rate(host)
        host.journal.begin(host.program, epochs=epochs, batches=batches, lr=lr)


def go_on(host: Rules, position: int | None, *, epoch: int, difference: Difference) -> None:
    """A training is taken up.

    Args:
        host: the rules.
        position: what `Journal.position()` gave when the state was saved.
        epoch: the first that is trained now, counted from 1.
        difference: what became of the rules.
    """
    if host.journal is None:
        return
    if position is None or not host.journal.cut_back(position):
        begin(host)
    epochs, batches = _planned(host)
    host.journal.resumed(
        host.program, epoch=epoch, epochs=epochs, batches=batches, difference=difference
    )


def epoch_over(host: Rules, logs: Mapping[str, Any] | None) -> int | None:
    """An epoch is over; how long the journal is now, if the disk has it."""
    if host.journal is None:
        return None
    now = host.effects.now
    host.journal.epoch(host.trained, time=now, logs=logs, lr=host.began_with)
    return host.journal.position() if host.run_state is not None else None


def over(host: Rules, error: BaseException | None = None) -> None:
    """The training is over, by an error or as Keras ends it."""
    if host.journal is not None:
        how, by, why = how_ended(host, error)
        host.journal.end(how, by, why, epoch=host.trained, time=host.elapsed)


def how_ended(
    host: Rules, error: BaseException | None = None
) -> tuple[str, str | None, str | None]:
    """How a training ended, by whom, and with what words."""
    stopped = host.record.stopped
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", None, None
    if error is not None and not isinstance(error, TrainingFailed):
        return "error", None, f"{type(error).__name__}: {error}"
    if stopped is not None:
        ends = [action for action in stopped.actions if action.verb in ("stop", "fail")]
        why = next((str(action.detail) for action in ends if action.detail), None)
        is_failure = any(action.verb == "fail" for action in ends)
        how = "interrupted" if host.interrupted else "stopped"
        return "failed" if is_failure else how, stopped.rule, why
    if host.stopped_by:
        return "stopped", host.stopped_by, None
    epochs, _ = _planned(host)
    return "stopped" if host.trained < (epochs or 0) else "done", None, None


def learning_rate(host: Rules) -> float | None:
    """The rate of the model; None where it has none that is one number."""
    try:
        return rate(host.model)
    except (AttributeError, TypeError, ValueError):
        return None


def _planned(host: Rules) -> tuple[int | None, int | None]:
    """How many epochs are planned, and how many batches an epoch has."""
    params = host.params or {}
    return params.get("epochs"), params.get("steps")
