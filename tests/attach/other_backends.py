"""What rules do to a model, on the backend that `KERAS_BACKEND` names; run by tests as a script."""

from __future__ import annotations

import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import changes
import keras
import numpy as np
import pytest
from changes import BATCHES, SIZE, X, Y, built, dense, flat, part, train

from cbdsl.runtime import keras_model as km
from cbdsl.runtime.outside import own_variable
from cbdsl.runtime.snapshots import BatchSnapshots, WeightSnapshots, optimizer_variables

BACKEND = os.environ["KERAS_BACKEND"]
JAX = BACKEND == "jax"
SLOWLY = "--slow" in sys.argv
"""With all that takes its time."""
OPTIMIZERS = keras.optimizers


def slow(test: Any) -> Any:
    """A test that is left out unless `--slow` is given."""
    return test if SLOWLY else lambda: None


def setting(name: str, value: float) -> changes.Action:
    return lambda model: km.set_setting(model, name, value)


def plainly(name: str, value: float) -> changes.Action:
    return lambda model: setattr(km._inner(model.optimizer), name, float(np.float32(value)))


def close(one: changes.Changes, other: changes.Changes) -> bool:
    return np.allclose(one.weights, other.weights, rtol=1e-4, atol=5e-6)


def moved(model: Any, done: changes.Changes, layer: str) -> str:
    return "".join("+" if part(model, u, layer).any() else "." for u in done.updates)


def refused(why: str, action: Any, *args: Any) -> None:
    with pytest.raises(ValueError, match=why):
        action(*args)


# ------------------------------------------------------------------------------------ settings

STEPS = [
    (2, "weight_decay", 1.5),
    (4, "beta_1", 0.25),
    (6, "beta_2", 0.5),
    (8, "epsilon", 0.5),
    (10, "clipnorm", 0.01),
]


@slow
def test_settings() -> None:
    def make() -> Any:
        return OPTIMIZERS.AdamW(0.05, weight_decay=0.25)

    prepare = {"train_begin": lambda m: km.prepare_settings(m, [name for _, name, _ in STEPS])}
    at = {step: setting(name, value) for step, name, value in STEPS}
    model = dense(make())
    done = train(model, {**prepare, **at, "train_end": km.release_settings})
    assert done.traces == len(STEPS)
    # Eagerly, JAX takes seconds for a batch.
    eager = dense(make(), run_eagerly=True)
    at = {step: plainly(name, value) for step, name, value in STEPS}
    assert close(done, train(eager, at))
    # A second fit.
    if SLOWLY:
        assert close(train(model), train(eager))


def test_back_to_an_earlier_value() -> None:
    # What was traced for it then must not be taken for what is traced now.
    values = [0.0, 1.5, 0.0, 1.5]
    at = {2 + 2 * i: setting("weight_decay", value) for i, value in enumerate(values)}
    done = train(dense(OPTIMIZERS.SGD(0.05, weight_decay=0.5)), at)
    at = {2 + 2 * i: plainly("weight_decay", value) for i, value in enumerate(values)}
    assert close(done, train(dense(OPTIMIZERS.SGD(0.05, weight_decay=0.5), run_eagerly=True), at))


def test_momentum() -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(OPTIMIZERS.SGD(0.5), lambda _, p: keras.ops.sum(p, axis=-1))
    at = {2: setting("momentum", 0.5), 5: setting("momentum", 0), 6: setting("momentum", 0.25)}
    done = train(model, at, x=np.ones((8, 2)), y=np.ones((8, 1)), batch_size=1)
    expected = [0.5, 0.5, 0.5, 0.75, 0.875, 0.5, 0.5, 0.625]
    assert np.allclose(done.updates, -np.array(expected)[:, None])


def test_the_rate_at_a_batch() -> None:
    done = train(dense(OPTIMIZERS.SGD(0.5)), {4: lambda m: km.set_rate(m, 0 * km.rate(m))})
    assert [bool(u.any()) for u in done.updates] == [True] * 4 + [False] * 8


@slow
def test_an_optimizer_that_scales_the_loss() -> None:
    def make() -> Any:
        return OPTIMIZERS.LossScaleOptimizer(OPTIMIZERS.SGD(0.05))

    at = {
        2: setting("weight_decay", 1.5),
        4: lambda m: km.freeze(m, "first"),
        6: setting("momentum", 0.5),
        8: lambda m: km.unfreeze(m, "first"),
    }
    model = dense(make())
    done = train(model, at)
    assert moved(model, done, "first") == "++++....++++"
    assert np.isfinite(done.weights).all()
    assert np.allclose(
        part(model, done.weights[2], "first"),
        part(model, done.weights[1] * (1 - 1.5 * 0.05), "first"),
        atol=0.1,
    )


def test_an_error_in_the_middle() -> None:
    def fail(_: Any) -> None:
        raise KeyError

    model = dense(OPTIMIZERS.Adam(0.05))
    at = {2: setting("weight_decay", 1.5), 3: lambda m: km.freeze(m, "first"), 4: fail}
    with pytest.raises(KeyError):
        train(model, at)
    done = train(model, {2: lambda m: km.unfreeze(m, "first")})
    assert moved(model, done, "first") == "..++++++++++"


# -------------------------------------------------------------------------------------- layers

KINDS = ["Adam", "SGD", "Nadam", "RMSprop", "Lion", "Adafactor"] if SLOWLY else ["Adam"]


def test_freeze_and_unfreeze() -> None:
    for kind in KINDS:
        optimizer = getattr(OPTIMIZERS, kind)(0.05)
        model = dense(optimizer)
        model.layers[0].trainable = False
        model.compile(optimizer, "mse")
        at = {
            3: lambda m: km.unfreeze(m, "first"),
            6: lambda m: km.freeze(m, "last"),
            9: lambda m: km.unfreeze(m, "last"),
        }
        done = train(model, at, validation_data=(X[:8], Y[:8]))
        assert moved(model, done, "first") == "...+++++++++", kind
        assert moved(model, done, "last") == "++++++...+++", kind
        assert np.isfinite(done.weights).all()


@slow
def test_weights_that_stay_are_trained_on() -> None:
    def freeze(model: Any) -> None:
        if JAX:
            km.freeze(model, "first")
        else:
            model.layers[0].trainable = False

    done = train(dense(OPTIMIZERS.Adam(0.05)), {4: lambda m: km.freeze(m, "first")})
    other = dense(OPTIMIZERS.Adam(0.05), run_eagerly=True)
    assert close(done, train(other, {4: freeze}))


def test_with_averages_and_accumulated_gradients() -> None:
    optimizer = OPTIMIZERS.Adam(
        0.05, use_ema=True, ema_overwrite_frequency=4, gradient_accumulation_steps=2
    )
    model = dense(optimizer)
    model.layers[0].trainable = False
    model.compile(optimizer, "mse")
    at = {4: lambda m: km.unfreeze(m, "first"), 8: lambda m: km.freeze(m, "last")}
    done = train(model, at)
    assert np.isfinite(done.weights).all()
    assert "+" in moved(model, done, "first")[4:]
    assert "+" not in moved(model, done, "first")[:4]
    assert "+" not in moved(model, done, "last")[8:]
    # Weights that were frozen are not averaged with nothing.
    assert np.abs(part(model, done.weights[4], "first")).max() > 0.1


@slow
def test_everything_frozen() -> None:
    model = dense(OPTIMIZERS.Adam(0.05))
    done = train(model, {3: lambda m: km.freeze(m, "*"), 6: lambda m: km.unfreeze(m, "*")})
    assert moved(model, done, "first") == moved(model, done, "last") == "+++...++++++"


@slow
def test_batch_normalization_and_what_is_nested() -> None:
    inner = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(4, name="low"), keras.layers.Dense(4, name="high")],
        name="backbone",
    )
    layers = [inner, keras.layers.BatchNormalization(name="norm"), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((6,)), *layers])
    inner.trainable = False
    model.compile(OPTIMIZERS.Adam(0.05), "mse")
    at = {4: lambda m: km.unfreeze(m, "high"), 8: lambda m: km.freeze(m, "norm")}
    done = train(model, at)
    assert moved(model, done, "high") == "....++++++++"
    assert moved(model, done, "low") == "." * 12
    assert moved(model, done, "norm") == "++++++++...."


def test_saved_in_the_middle() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.keras"
        at = {
            2: setting("beta_1", 0.25),
            4: lambda m: km.freeze(m, "first"),
            8: lambda m: m.save(path),
        }
        done = train(dense(OPTIMIZERS.AdamW(0.05)), at)
        loaded = keras.saving.load_model(path)
    assert loaded.optimizer.beta_1 == 0.25
    again = train(loaded, x=X[8 * SIZE :], y=Y[8 * SIZE :])
    assert np.allclose(again.weights[-1], done.weights[-1], atol=1e-5)


# --------------------------------------------------------------------------- the user's variables


class Scaled(keras.layers.Layer):
    def __init__(self, weight: Any, own: bool) -> None:
        super().__init__()
        if own:
            self.weight = weight
        else:
            vars(self)["weight"] = weight

    def call(self, x: Any) -> Any:
        return x * keras.ops.cast(self.weight, x.dtype)


def test_a_variable_of_the_users() -> None:
    for own in (True, False):
        weight = keras.Variable(1.0, trainable=False, name="weight")
        layers = [Scaled(weight, own), keras.layers.Dense(1, use_bias=False)]
        model = keras.Sequential([keras.Input((2,)), *layers])
        model.compile(OPTIMIZERS.SGD(0.5), lambda _, p: keras.ops.sum(p, axis=-1))
        model.build((None, 2))

        def double(model: Any, weight: Any = weight) -> None:
            km.sync(model)
            weight.assign(2 * weight.numpy())

        if JAX and not own:
            refused("on JAX a variable that is none of the model's", own_variable, model, weight)
            continue
        own_variable(model, weight)
        done = train(model, {4: double}, x=np.ones((8, 2)), y=np.ones((8, 1)), batch_size=1)
        kernel = [row[-2:] for row in done.updates]
        assert np.allclose(kernel, -0.5 * np.repeat([1, 2], 4)[:, None])


# ------------------------------------------------------------------------------------ snapshots


class Epochs(WeightSnapshots, keras.callbacks.Callback):
    good = True
    best = {"loss": "lower"}  # noqa: RUF012


class Batches(BatchSnapshots, keras.callbacks.Callback):
    good = True


class Rule(keras.callbacks.Callback):
    def __init__(self, snapshots: Any) -> None:
        super().__init__()
        self.snapshots = snapshots
        self.step = 0
        self.fired: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        if not all(map(math.isfinite, logs.values())):
            self.fired.append(self.step)
            self.snapshots.roll_back("last good")


def inside(model: Any) -> np.ndarray:
    variables = [*model.weights, *model.optimizer.variables]
    return np.concatenate([variable.numpy().ravel() for variable in variables])


def network(width: int = 5) -> Any:
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(width, "tanh"), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((6,)), *layers])
    model.compile(OPTIMIZERS.Adam(0.05), "mse", metrics=["mae"])
    return model


def means(left_out: int) -> dict[str, float]:
    model = built(network())
    start = km.copied([*model.weights, *optimizer_variables(model)])

    def back(model: Any) -> None:
        km.sync(model)
        km.put_back(start)

    rows = [i for i in range(len(X)) if i // SIZE != left_out - 1]
    return train(model, {left_out - 1: back}, x=X[rows], y=Y[rows]).reported[0]


def test_a_bad_batch() -> None:
    for bad in (1, 5, BATCHES) if SLOWLY else (5,):
        x = X.copy()
        x[(bad - 1) * SIZE : bad * SIZE] = np.nan
        snapshots = Batches()
        rule = Rule(snapshots)
        model = network()
        done = train(model, x=x, first=[snapshots, rule])
        assert rule.fired == [bad]
        other = built(network())
        if bad < BATCHES:
            train(other, x=X[bad * SIZE :], y=Y[bad * SIZE :])
        assert np.allclose(inside(other), inside(model), atol=1e-5), bad
        expected = means(bad)
        assert done.reported[0].keys() == expected.keys()
        assert all(abs(done.reported[0][n] - v) < 1e-5 for n, v in expected.items()), bad


def test_an_epoch_of_nothing_but_bad_batches() -> None:
    snapshots = Batches()
    rule = Rule(snapshots)
    model = network()
    done = train(model, x=X * np.nan, first=[snapshots, rule])
    assert len(rule.fired) == BATCHES
    assert all(math.isnan(value) for value in done.reported[0].values())
    assert np.isfinite(inside(model)).all()


def test_what_is_kept_stays_as_it_is() -> None:
    # Wide enough for arrays that a backend may share with us, and write into.
    snapshots = Batches()
    rows: list[np.ndarray] = []

    def back(model: Any) -> None:
        snapshots.roll_back("last good")
        rows.append(inside(model))

    at = dict.fromkeys((3, 5, 6, 9), back)
    train(network(3000), at, first=[snapshots])
    assert all(np.array_equal(rows[0], row) for row in rows)


def test_back_to_the_best() -> None:
    snapshots = Epochs()
    ends: list[np.ndarray] = []

    class Ends(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                km.set_rate(self.model, 50.0)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                snapshots.restore_best("loss")
            ends.append(flat(self.model))

    train(network(), epochs=3, first=[snapshots, Ends()])
    assert np.array_equal(ends[2], ends[1])
    assert not np.array_equal(ends[1], ends[0])


def test_what_the_optimizer_did_not_have() -> None:
    snapshots = Batches()
    model = dense(OPTIMIZERS.SGD(0.05))
    model.layers[0].trainable = False
    model.compile(model.optimizer, "mse")

    def more(model: Any) -> None:
        km.set_setting(model, "momentum", 0.5)
        km.unfreeze(model, "first")

    at = {3: more, 6: lambda _: snapshots.roll_back("last good")}
    done = train(model, at, first=[snapshots])
    assert moved(model, done, "first") == "...+++++++++"
    # Its sums began anew.
    first = part(model, done.updates[6], "first")
    assert np.isfinite(first).all()
    assert np.abs(first).max() < 2 * np.abs(part(model, done.updates[3], "first")).max()


if __name__ == "__main__":
    assert keras.backend.backend() == BACKEND
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(name)
