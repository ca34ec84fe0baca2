"""Calls callbacks as Keras's `fit` does, over given metrics and a stand-in for the model."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import cbdsl
from cbdsl.runtime import Direct, Rule

Value = float | None
Logs = dict[str, Value]


class Optimizer:
    """A learning rate that is a 32-bit number, as Keras's is."""

    def __init__(self, rate: float) -> None:
        self.learning_rate = rate

    @property
    def learning_rate(self) -> np.float32:
        return self._rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._rate = np.float32(rate)


@dataclass
class Seen:
    """What callbacks did to the model, and when."""

    stopped: tuple[int, int] | None = None
    """The epoch, and the batches done in it, after which training ended; the first epoch is 1."""
    rates: list[float] = field(default_factory=list)
    """The rate at each epoch's begin and end."""
    saved: list[tuple[int, int, str]] = field(default_factory=list)
    """Epoch, batches done in it, and path."""

    @property
    def reduced(self) -> list[int]:
        """The epochs at whose end the rate was another than at their begin."""
        pairs = zip(self.rates[::2], self.rates[1::2], strict=True)
        return [epoch for epoch, (begin, end) in enumerate(pairs, 1) if begin != end]

    @property
    def saved_in(self) -> list[int]:
        """The epochs in which something was saved."""
        return [epoch for epoch, *_ in self.saved]


class Model:
    """As much of a model as callbacks touch."""

    def __init__(self, rate: float) -> None:
        self.optimizer = Optimizer(rate)
        self.stop_training = False
        self.now = (0, 0)
        self.seen = Seen()

    def save(self, path: str, overwrite: bool = True) -> None:
        self.seen.saved.append((*self.now, path))

    save_weights = save

    def look(self) -> None:
        self.seen.rates.append(float(self.optimizer.learning_rate))


class Saves(Direct):
    """The effects of rules, but for files, which the model is only told of."""

    def save(self, rule: Any, path: str) -> None:
        rule.model.save(path)


def drive(
    callbacks: list[Any],
    ends: Sequence[Logs],
    *,
    batches: Sequence[Sequence[Logs]] = (),
    rate: float = 0.1,
    first: int = 0,
    stride: int = 1,
) -> Seen:
    """Call the hooks of a training.

    Args:
        callbacks: Keras's, or compiled rules.
        ends: the logs of each epoch's end; None stands for a metric that is missing.
        batches: those of each epoch's batches.
        rate: the rate when training begins.
        first: Keras's `initial_epoch`.
        stride: Keras's `steps_per_execution`: it tells of every so many batches, by the index of
            the last, and at an epoch's end of one that there is not.
    """
    model = Model(rate)
    size = len(batches[0]) if batches else 0
    params = {"epochs": first + len(ends), "steps": size or None}
    for callback in callbacks:
        if isinstance(callback, Rule):
            callback.effects = Saves()
        callback.set_params(params)
        callback.set_model(model)

    def call(hook: str, *arguments: Any) -> None:
        for callback in callbacks:
            getattr(callback, hook)(*arguments)

    call("on_train_begin", None)
    for index, end in enumerate(ends):
        epoch = first + index
        model.now = (epoch + 1, 0)
        call("on_epoch_begin", epoch, None)
        model.look()
        for batch in range(0, size, stride):
            last = batch + stride - 1
            call("on_train_batch_begin", batch, None)
            model.now = (epoch + 1, min(last + 1, size))
            call("on_train_batch_end", last, _present(batches[index][model.now[1] - 1]))
            if model.stop_training:
                break
        call("on_epoch_end", epoch, _present(end))
        model.look()
        if model.stop_training:
            model.seen.stopped = model.now
            break
    call("on_train_end", _present(end))
    return model.seen


def _present(logs: Logs) -> dict[str, float]:
    """The 32-bit numbers that Keras reports."""
    return {name: float(np.float32(value)) for name, value in logs.items() if value is not None}


@functools.cache
def compiled(rules: str) -> Callable[..., list[Any]]:
    """`callbacks` of the compiled rules, which takes the parameters; compiled once."""
    program = cbdsl.compile(rules)
    # Two schedules overwrite each other here, and models are saved often, because Keras's do.
    assert {d.code for d in program.diagnostics} <= {"CBR422", "CBR424"}
    scope: dict[str, Any] = {}
    exec(compile(program.python, "rules.py", "exec"), scope)
    callbacks: Callable[..., list[Any]] = scope["callbacks"]
    return callbacks
