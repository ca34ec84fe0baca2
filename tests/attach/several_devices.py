"""What rules do to a model that TensorFlow trains on two devices; run by a test as a script."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)

import changes  # noqa: E402 (the devices are made first)
import keras  # noqa: E402
import numpy as np  # noqa: E402
from changes import SIZE, X, built, dense, part, train  # noqa: E402

from cbdsl.runtime import keras_model as km  # noqa: E402
from cbdsl.runtime.snapshots import BatchSnapshots, optimizer_variables  # noqa: E402

BOTH = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
BAD = 5


def optimizer() -> Any:
    return keras.optimizers.AdamW(0.05, weight_decay=0.25)


def on_both() -> Any:
    with BOTH.scope():
        return dense(optimizer(), metrics=["mae"])


def plainly(name: str, value: float) -> changes.Action:
    return lambda model: setattr(model.optimizer, name, value)


def settings() -> None:
    steps = {3: ("weight_decay", 1.5), 6: ("beta_1", 0.25), 9: ("epsilon", 0.5)}
    at = {step: lambda m, c=change: km.set_setting(m, *c) for step, change in steps.items()}
    prepare = {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay", "beta_1"])}
    found = train(on_both(), {**prepare, **at})
    assert found.traces == 2
    at = {step: plainly(*change) for step, change in steps.items()}
    expected = train(dense(optimizer(), run_eagerly=True), at)
    assert np.allclose(found.weights, expected.weights, atol=2e-6)


def layers() -> None:
    model = on_both()
    at = {3: lambda m: km.freeze(m, "first"), 6: lambda m: km.unfreeze(m, "first")}
    done = train(model, at)
    moved = [bool(part(model, update, "first").any()) for update in done.updates]
    assert moved == [True] * 3 + [False] * 3 + [True] * 6


class Batches(BatchSnapshots, keras.callbacks.Callback):
    good = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        if not math.isfinite(logs["loss"]):
            self.roll_back("last good")


def a_bad_batch() -> None:
    x = X.copy()
    x[(BAD - 1) * SIZE : BAD * SIZE] = np.nan
    found = train(on_both(), x=x, first=[Batches()])

    model = built(dense(optimizer(), metrics=["mae"]))
    start = km.copied([*model.weights, *optimizer_variables(model)])
    rows = [i for i in range(len(X)) if i // SIZE != BAD - 1]
    back = {BAD - 1: lambda _: km.put_back(start)}
    expected = train(model, back, x=X[rows], y=changes.Y[rows])
    assert np.allclose(found.weights[-1], expected.weights[-1], atol=2e-6)
    for name, value in expected.reported[0].items():
        assert abs(found.reported[0][name] - value) < 1e-5, (found.reported, expected.reported)


if __name__ == "__main__":
    settings()
    layers()
    a_bad_batch()
