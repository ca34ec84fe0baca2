"""A tiny model with its data, and callbacks that give metrics and watch. Imports no cbdsl."""

from __future__ import annotations

import functools
import json
import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

RATE = 0.5
BATCHES = 8
"""How many batches an epoch has."""

_random = np.random.default_rng(7)
X = _random.normal(size=(4 * BATCHES, 4)).astype("float32")
Y = (X.sum(1) + _random.normal(size=len(X)) > 0).astype("float32")
# Data sets of TensorFlow: most of a fit's time goes into preparing arrays, anew for each.
DATA = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
VALIDATION = tf.data.Dataset.from_tensor_slices((X[::2] + 0.5, Y[::2])).batch(16)
"""All in one batch."""


@functools.cache
def _model(steps_per_execution: int) -> tuple[keras.Model, list[np.ndarray]]:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(
        keras.optimizers.SGD(RATE),
        "binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )
    return model, model.get_weights()


def fresh(*, rate: float = RATE, steps_per_execution: int = 1) -> keras.Model:
    """The model as before any training. It is one object, since tracing another costs a second."""
    model, weights = _model(steps_per_execution)
    model.set_weights(weights)
    model.optimizer.learning_rate = rate
    model.optimizer.iterations.assign(0)
    model.stop_training = False
    return model


def fit(callbacks: list[Any], model: keras.Model | None = None, **arguments: Any) -> keras.Model:
    """Train a fresh model with `callbacks`; the arguments are those of `fit`."""
    model = model or fresh()
    given = {"x": DATA, "validation_data": VALIDATION, "shuffle": False, "verbose": 0}
    model.fit(**given | arguments, callbacks=callbacks)
    return model


class Given(keras.callbacks.Callback):
    """Stands first in a list and puts given numbers in the place of what the model reports.

    Args:
        series: a value an epoch for each metric, None where it is missing.
        batch_series: a value a batch for each metric, the same in every epoch.
    """

    def __init__(self, series: dict[str, list], batch_series: dict[str, list] | None = None):
        super().__init__()
        self.series = series
        self.batch_series = batch_series or {}
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        _put(logs, self.batch_series, batch)

    def on_test_batch_end(self, batch, logs=None):
        _put(logs, self._validation(), self.epoch)

    def on_test_end(self, logs=None):
        _put(logs, self._validation(), self.epoch)

    def on_epoch_end(self, epoch, logs=None):
        _put(logs, self.series, epoch)

    def on_train_end(self, logs=None):
        _put(logs, self.series, self.epoch)

    def _validation(self) -> dict[str, list]:
        return {n.removeprefix("val_"): s for n, s in self.series.items() if n.startswith("val_")}


def _put(logs: dict[str, Any], series: dict[str, list], index: int) -> None:
    logs.clear()
    for name, values in series.items():
        if index < len(values) and values[index] is not None:
            logs[name] = float(np.float32(values[index]))


class Watch(keras.callbacks.Callback):
    """Stands last in a list; keeps the rate each epoch was trained with, and what was trained."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: list[float] = []
        self.batches = 0
        self.ends: list[float] = []

    def on_epoch_begin(self, epoch, logs=None):
        self.rates.append(rate_of(self.model))

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(rate_of(self.model))


def rate_of(model: keras.Model) -> float:
    return float(model.optimizer.learning_rate)


# What rules did, in plain data; numbers as text, since nan is not itself.


def decisions(record: Any) -> list[list[Any]]:
    """The firings of a `Record`: who, when, what it saw, what it did."""
    return [
        [
            f.rule,
            f.epoch,
            _plain(f.values),
            [[a.verb, _plain(a.detail), a.error] for a in f.actions],
        ]
        for f in record.firings
    ]


class Decided:
    """Effects that keep `decisions`, for compiled files; acts by `direct`, which may be theirs."""

    def __init__(self, direct: Any) -> None:
        self.direct = direct
        self.decisions: list[list[Any]] = []
        self._last: dict[str, list[Any]] = {}

    def fired(self, rule, values):
        self._last[rule.name] = []
        self.decisions.append([rule.name, rule.epoch, _plain(values), self._last[rule.name]])

    def done(self, rule, verb, detail):
        self._last[rule.name].append([verb, _plain(detail), None])

    def failed(self, rule, verb, detail, error):
        said = f"{type(error).__name__}: {error}"
        self._last[rule.name].append([verb, _plain(detail), said])

    def __getattr__(self, name):
        return getattr(self.direct, name)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, float):
        return f"{value!r}"
    return value


def plain(value: Any) -> Any:
    """As it is after a journey through JSON."""
    return json.loads(json.dumps(value))


# ---------------------------------------------------------------- rules that use everything

RULES = """\
param target = 80%
param patience = 2

shrink: every epoch after 2 lr *= 0.9
halve: at 50% lr /= 2
keep_best: on epoch_end if val_loss improves save "best.weights.h5"
slow: on epoch_end if val_loss stalls for patience epochs lr *= 0.5, print "{lr} from {epoch}"
first: on epoch_end if accuracy > target then once print "accuracy {accuracy:.1%}, {auc}"
fives: every 5 batches print "{step} {batch} {loss} {lr}, {batches} {steps}"
bad: on batch_end if loss is nan warn "loss {loss} at {step}"
up: every 2 epochs if loss improves by 0.05 lr *= 1.5
later: on epoch_begin if loss > 0.4 and not auc < 0.5 print "{loss} before {epoch}"
still: every 4 batches from 3 epochs to 5 epochs if loss stalls for 6 batches print "stalls"
sixes: every 6 batches if accuracy > 50% lr = lr * 1.01
low: on test_end if loss < 0.75 print "validated {loss} {logs}"
nothing: on epoch_end if acc > 2 print "never"
wrong: at epoch 4 if loss is finite lr = loss / 0
enough: on epoch_end if accuracy >= 95% stop "enough"
at_last: on train_end print "{metrics} after {epoch}"
"""

nan = math.nan
SERIES = {
    "loss": [1.0, 0.7, 0.68, 0.5, 0.5, nan, 0.41, 0.3, 0.2, 0.1],
    "accuracy": [0.4, 0.6, 0.8, 0.85, 0.8, 0.9, 0.91, 0.95, 0.99, 1.0],
    "val_loss": [0.9, 0.8, 0.85, 0.82, 0.7, nan, 0.71, 0.6, 0.5, 0.4],
    "auc": [None, 0.6, None, 0.4, None, 0.7, None, 0.9],
}
BATCH_SERIES = {
    "loss": [0.9, 0.8, 0.8, 0.8, nan, 0.9, 0.9, 0.9],
    "accuracy": [0.1, 0.2, 0.3, 0.6, 0.5, 0.6, 0.7, 0.8],
}
EPOCHS = 10
