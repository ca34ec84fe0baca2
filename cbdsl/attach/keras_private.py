"""What resuming needs of Keras and Keras does not document."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cbdsl.attach.running_fit import RunningFit, running_fit
from cbdsl.runtime.keras_model import backend, train_others


def begin_with(model: Any, epoch: int | None) -> None:
    """Let the `fit` that is beginning start with an epoch, counted from 0; None: as it was told.

    Keras looks at it once, behind `on_train_begin`. It stays on the model, where another `fit` must
    not find it, if this one fails in between.
    """
    model._initial_epoch = None if epoch is None else _Epoch(epoch)


class _Epoch(int):
    """An epoch that is nothing but in the `fit` that it was made for, as Keras's `or` asks."""

    def __new__(cls, epoch: int) -> _Epoch:
        self = super().__new__(cls, epoch)
        self.fit = running_fit()
        return self

    fit: RunningFit | None

    def __bool__(self) -> bool:
        return int(self) != 0 and (self.fit is None or self.fit.is_above(sys._getframe()))


def look_at_paths(checkpoint: Any, look: Callable[[str], None]) -> None:
    """Have a ModelCheckpoint look at each path, once filled in, before it writes there."""
    fill_in = getattr(checkpoint, "_get_file_path", None)
    if fill_in is None or "_get_file_path" in vars(checkpoint):
        return

    def filled_in(*args: Any, **named: Any) -> Any:
        path = fill_in(*args, **named)
        look(str(path))
        return path

    checkpoint._get_file_path = filled_in


def random_state(model: Any) -> dict[str, np.ndarray]:
    """What draws random numbers and is no variable: PyTorch's own generators, by device."""
    if backend(model) != "torch":
        return {}
    torch = sys.modules["torch"]
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states |= {f"cuda:{n}": s for n, s in enumerate(torch.cuda.get_rng_state_all())}
    return {name: state.numpy() for name, state in states.items()}


def put_random_state(model: Any, states: Mapping[str, np.ndarray]) -> None:
    """Draw as when `random_state` was taken, on the devices that are there."""
    if backend(model) != "torch":
        return
    torch = sys.modules["torch"]
    for name, state in states.items():
        if name == "cpu":
            torch.set_rng_state(torch.from_numpy(state.copy()))
        elif int(name.partition(":")[2]) < torch.cuda.device_count():
            torch.cuda.set_rng_state(torch.from_numpy(state.copy()), name)


def trained_layers(model: Any) -> list[bool]:
    """For each layer, outer ones first, whether it is trained."""
    return [bool(layer._trainable) for layer in model._flatten_layers()]


def train_layers(model: Any, flags: Sequence[bool]) -> None:
    """Set for each layer whether it is trained, and go on with the weights that then are."""
    if trained_layers(model) == list(flags):
        return
    for layer, flag in zip(model._flatten_layers(), flags, strict=True):
        # TensorFlow leaves out what seems done, though what is in a layer may say otherwise. What
        # this sets inside is set again: inner layers come later.
        layer._trainable = not flag
        layer.trainable = flag
    train_others(model)
