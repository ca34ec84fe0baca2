"""A program as the list of callbacks that `fit` takes."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Any

import keras

from cbdsl.attach.host import Rules
from cbdsl.program import Program


def attach(
    program: Program,
    *,
    run_dir: str | os.PathLike[str],
    watch: bool = False,
    strict: bool,
    allow: Collection[str] = (),
    notify: Sequence[str] = (),
    journal: bool | str | os.PathLike[str] = False,
) -> list[keras.callbacks.Callback]:
    """A program's callbacks: the host, after a scheduler if something writes the rate, or may."""
    host = Rules(
        program,
        run_dir=run_dir,
        strict=strict,
        allow=allow,
        notify=notify,
        journal=journal,
        watch=watch,
    )
    return [RateScheduler(host), host] if program.plan.sets_rate or watch else [host]


class RateScheduler(keras.callbacks.LearningRateScheduler):
    """Keras's scheduler over a host's rate, where its rules set one.

    It leaves the model behind when it is copied.
    """

    def __init__(self, host: Rules) -> None:
        super().__init__(host.rate)
        self.host = host

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        # The rules of this epoch give it its rate.
        self.host.look()
        if self.host.program.plan.sets_rate:
            super().on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.host.program.plan.sets_rate:
            super().on_epoch_end(epoch, logs)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_model": None, "params": None}
