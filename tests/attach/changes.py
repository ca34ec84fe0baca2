"""Fits in which something is done at given batches. It serves all backends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

Action = Callable[[Any], None]

_random = np.random.default_rng(3)
X = _random.normal(size=(48, 6)).astype("float32")
Y = _random.normal(size=(48, 3)).astype("float32")
SIZE = 4
BATCHES = len(X) // SIZE


class Changes(keras.callbacks.Callback):
    """Does something at the end of batches, counted from 1 over the training, and at other hooks.

    Args:
        at: what is done to the model, by batch, or by the names of hooks.

    Attributes:
        weights: all weights in one row, after each batch, as training left them.
        updates: what each batch added to them.
        traces: how often the training step was made anew.
        reported: the logs of the epochs.
    """

    def __init__(self, at: Mapping[int | str, Action] | None = None) -> None:
        super().__init__()
        self.at = at or {}
        self.weights: list[np.ndarray] = []
        self.updates: list[np.ndarray] = []
        self.reported: list[dict[str, float]] = []
        self.step = 0
        self.traces = 0

    def _do(self, when: int | str) -> None:
        if when in self.at:
            before = self.model.train_function
            self.at[when](self.model)
            self.traces += self.model.train_function is not before

    def on_train_begin(self, logs=None):
        self._do("train_begin")
        self.start = flat(self.model)

    def on_epoch_begin(self, epoch, logs=None):
        self._do(f"epoch_begin {epoch + 1}")
        self.start = flat(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        sync = getattr(self.model, "jax_state_sync", None)
        if sync:
            sync()
        self.weights.append(flat(self.model))
        # A model that was made with the first batch had no weights before.
        self.updates.append(self.weights[-1] - (self.start if self.start.size else 0))
        self._do(self.step)
        self.start = flat(self.model)

    def on_epoch_end(self, epoch, logs=None):
        self.reported.append(dict(logs))
        self._do(f"epoch_end {epoch + 1}")

    def on_train_end(self, logs=None):
        self._do("train_end")


def flat(model: Any) -> np.ndarray:
    """All weights in one row."""
    rows = [weight.ravel() for weight in model.get_weights()]
    return np.concatenate(rows) if rows else np.zeros(0)


def dense(optimizer: Any, **arguments: Any) -> Any:
    """A model of two layers, `first` and `last`, always the same at first."""
    keras.utils.set_random_seed(1)
    layers = [
        keras.layers.Dense(5, "tanh", name="first"),
        keras.layers.Dense(3, name="last"),
    ]
    model = keras.Sequential([keras.Input((6,)), *layers])
    model.compile(optimizer, "mse", **arguments)
    return model


def train(
    model: Any, at: Mapping[int | str, Action] | None = None, *, first: Any = (), **arguments: Any
) -> Changes:
    """Fit a model; what is done `at` which batches."""
    changes = Changes(at)
    given = {"x": X, "y": Y, "batch_size": SIZE, "epochs": 1, "shuffle": False, "verbose": 0}
    model.fit(**given | arguments, callbacks=[*first, changes])
    return changes


def built(model: Any) -> Any:
    """With the variables of its optimizer."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return model


def part(model: Any, row: np.ndarray, layer: str) -> np.ndarray:
    """What of a row of all weights is a layer's."""
    own = {id(variable) for each in _named(model, layer) for variable in each.weights}
    places = [np.full(v.shape, id(v) in own).ravel() for v in model.weights]
    return row[np.concatenate(places)]


def _named(model: Any, name: str) -> list[Any]:
    return [each for each in model._flatten_layers() if each.name == name]
