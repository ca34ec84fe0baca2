"""What rules do to a model: shown by what its weights become."""

from __future__ import annotations

import copy
import math
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import changes
import keras
import numpy as np
import pytest
import tensorflow as tf
from changes import SIZE, X, Y, built, dense, flat, part, train

from cbdsl.catalog import optimizer as catalog
from cbdsl.runtime import keras_model as km
from cbdsl.runtime.outside import own_variable

OPTIMIZERS = keras.optimizers
DATA = tf.data.Dataset.from_tensor_slices((X, Y)).batch(SIZE)


def fit(model: Any, at: Any = None, **arguments: Any) -> changes.Changes:
    """Most of a fit's time goes into preparing arrays, anew for each."""
    given = {"x": DATA, "y": None, "batch_size": None, "shuffle": True}
    with_shuffle = {k: v for k, v in (given | arguments).items() if k != "shuffle"}
    return train(model, at, **with_shuffle)


def setting(name: str, value: float) -> changes.Action:
    return lambda model: km.set_setting(model, name, value)


def plainly(name: str, value: float) -> changes.Action:
    """As a user would, which an eager fit sees."""
    return lambda model: setattr(km._inner(model.optimizer), name, float(np.float32(value)))


def eagerly(make: Callable[[], Any], steps: list[tuple[int, str, float]]) -> changes.Changes:
    """A fit that asks its settings at every step, because nothing is traced."""
    model = built(dense(make(), run_eagerly=True))
    return fit(model, {step: plainly(name, value) for step, name, value in steps})


def close(one: changes.Changes, other: changes.Changes) -> bool:
    return np.allclose(one.weights, other.weights, rtol=1e-4, atol=2e-6)


# ------------------------------------------------------------------------------------ settings

EVERY = {
    "SGD": ["weight_decay"],
    "Adam": ["weight_decay", "beta_1", "beta_2"],
    "AdamW": ["weight_decay", "beta_1", "beta_2"],
    "Adamax": ["weight_decay", "beta_1", "beta_2"],
    "Nadam": ["weight_decay", "beta_1", "beta_2"],
    "Lion": ["weight_decay", "beta_1", "beta_2"],
    "Lamb": ["weight_decay", "beta_1", "beta_2"],
    "RMSprop": ["weight_decay"],
    "Adagrad": ["weight_decay"],
    "Adadelta": ["weight_decay"],
    "Adafactor": ["weight_decay"],
    "Ftrl": ["weight_decay"],
    "Muon": ["weight_decay"],
    "ScheduleFreeAdamW": ["weight_decay", "beta_2"],
}
"""The settings of each optimizer that change without another trace."""

VALUES = {"weight_decay": 1.5, "beta_1": 0.25, "beta_2": 0.5}


def test_every_optimizer_is_looked_at() -> None:
    wrappers = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}
    kinds = {name for name in dir(OPTIMIZERS) if name[0].isupper()} - wrappers
    assert kinds == set(EVERY)
    assert km.LIVE == catalog.LIVE


def kinds(*quick: str) -> list[Any]:
    """All optimizers, of which some are enough for the quick tests."""
    return [k if k in quick else pytest.param(k, marks=pytest.mark.slow) for k in EVERY]


@pytest.mark.parametrize("kind", kinds("AdamW", "SGD"))
def test_a_live_setting_is_followed_without_another_trace(kind: str) -> None:
    def make() -> Any:
        return getattr(OPTIMIZERS, kind)(0.05, weight_decay=0.01)

    steps = [(3 * i, name, VALUES[name]) for i, name in enumerate(EVERY[kind], 1)]
    model = built(dense(make()))
    at = {step: setting(name, value) for step, name, value in steps}
    done = fit(model, {"train_begin": lambda m: km.prepare_settings(m, EVERY[kind]), **at})
    assert done.traces == 1, "only before the first batch"
    assert close(done, eagerly(make, steps))
    # Each change is to be seen in what comes behind it.
    for step, *_ in steps:
        others = eagerly(make, [each for each in steps if each[0] < step])
        assert np.array_equal(others.weights[:step], eagerly(make, steps).weights[:step])
        assert np.abs(others.weights[-1] - done.weights[-1]).max() > 1e-4


@pytest.mark.parametrize("kind", kinds("Nadam"))
def test_settings_that_are_held_and_not_changed_change_nothing(kind: str) -> None:
    made = [dense(getattr(OPTIMIZERS, kind)(0.05, weight_decay=0.01)) for _ in range(2)]
    names = EVERY[kind]
    held = fit(made[0], {"train_begin": lambda m: km.prepare_settings(m, names)})
    # To the last bit.
    assert np.array_equal(held.weights, fit(made[1]).weights)


OTHERS = [
    ("SGD", {"momentum": 0.5, "nesterov": True}, "momentum", 0.875),
    ("SGD", {}, "clipnorm", 0.01),
    ("Adam", {"amsgrad": True}, "epsilon", 0.5),
    ("RMSprop", {"momentum": 0.5, "epsilon": 0.01}, "momentum", 0.875),
    ("Muon", {}, "momentum", 0.25),
    ("RMSprop", {}, "rho", 0.25),
    ("Adadelta", {}, "rho", 0.25),
    ("Adam", {}, "clipnorm", 1e-8),
    ("SGD", {}, "clipvalue", 0.01),
    ("SGD", {"clipvalue": 0.25}, "clipvalue", 0.01),
    ("SGD", {}, "global_clipnorm", 0.01),
    ("Ftrl", {}, "l1_regularization_strength", 0.5),
    ("Ftrl", {}, "l2_regularization_strength", 0.5),
    ("Ftrl", {}, "learning_rate_power", -0.25),
    ("Ftrl", {}, "beta", 0.5),
    ("Adam", {"use_ema": True, "ema_overwrite_frequency": 4}, "ema_momentum", 0.25),
    ("Adagrad", {}, "weight_decay", 1.5),
    ("AdamW", {"gradient_accumulation_steps": 2}, "beta_1", 0.25),
]


@pytest.mark.parametrize(
    ("kind", "arguments", "name", "value"),
    [*OTHERS[:3], *(pytest.param(*each, marks=pytest.mark.slow) for each in OTHERS[3:])],
)
def test_another_setting_takes_effect_by_another_trace(
    kind: str, arguments: dict[str, Any], name: str, value: float
) -> None:
    def make() -> Any:
        return getattr(OPTIMIZERS, kind)(0.05, **arguments)

    done = fit(built(dense(make())), {4: setting(name, value)})
    assert done.traces == 1
    assert close(done, eagerly(make, [(4, name, value)]))
    assert not np.allclose(done.weights[-1], eagerly(make, []).weights[-1], atol=1e-4)


def test_the_table_of_settings_is_the_catalogs() -> None:
    tried = {name for _, _, name, _ in OTHERS} | km.LIVE
    assert tried | {"initial_accumulator_value"} == catalog.SETTINGS


@pytest.mark.parametrize("jit_compile", [pytest.param(True, marks=pytest.mark.slow), False])
def test_compiled_by_xla_or_not(jit_compile: bool) -> None:
    model = dense(OPTIMIZERS.AdamW(0.05), jit_compile=jit_compile)
    at = {4: setting("weight_decay", 1.5), 8: setting("clipnorm", 0.01)}
    done = fit(model, {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay"]), **at})
    steps = [(4, "weight_decay", 1.5), (8, "clipnorm", 0.01)]
    assert close(done, eagerly(lambda: OPTIMIZERS.AdamW(0.05), steps))


@pytest.mark.slow
def test_an_eager_fit() -> None:
    model = dense(OPTIMIZERS.AdamW(0.05), run_eagerly=True)
    prepare = {"train_begin": lambda m: km.prepare_settings(m, ["beta_1"])}
    done = fit(model, {**prepare, 4: setting("beta_1", 0.25)})
    assert close(done, eagerly(lambda: OPTIMIZERS.AdamW(0.05), [(4, "beta_1", 0.25)]))


@pytest.mark.slow
def test_several_steps_in_one_execution() -> None:
    model = dense(OPTIMIZERS.SGD(0.05, weight_decay=0.0), steps_per_execution=3)
    prepare = {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay"])}
    done = fit(model, {**prepare, 2: setting("weight_decay", 1.5)})
    eager = eagerly(lambda: OPTIMIZERS.SGD(0.05, weight_decay=0.0), [(6, "weight_decay", 1.5)])
    assert np.allclose(done.weights, eager.weights[2::3], atol=1e-6)


@pytest.mark.slow
def test_weight_decay_alone_moves_weights_without_gradients() -> None:
    model = dense(OPTIMIZERS.SGD(0.5, weight_decay=0.0), run_eagerly=False)
    data = DATA.map(lambda x, y: (x, y, tf.zeros(SIZE)))
    prepare = {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay"])}
    done = train(
        model, {**prepare, 2: setting("weight_decay", 0.1)}, x=data, y=None, batch_size=None
    )
    assert not done.updates[1].any()
    assert np.allclose(done.weights[2], done.weights[1] * (1 - 0.1 * 0.5), atol=1e-7)


def test_a_decay_that_was_off_is_live_after_its_first_trace() -> None:
    model = dense(OPTIMIZERS.Adam(0.05))
    assert km.setting(model, "weight_decay") is None
    at = {2: setting("weight_decay", 0.5), 4: setting("weight_decay", 1.5)}
    done = fit(model, {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay"]), **at})
    assert done.traces == 1
    steps = [(2, "weight_decay", 0.5), (4, "weight_decay", 1.5)]
    assert close(done, eagerly(lambda: OPTIMIZERS.Adam(0.05, weight_decay=0.0), steps))


def test_the_same_value_again_costs_nothing() -> None:
    at = {step: setting("epsilon", 1e-4) for step in range(2, 8)}
    assert fit(dense(OPTIMIZERS.Adam()), at).traces == 1


class Follows(OPTIMIZERS.SGD):
    """Somebody's own optimizer, which does more with a setting than arithmetic."""

    def update_step(self, gradient, variable, learning_rate):
        if self.weight_decay > 1:
            learning_rate = learning_rate * 0.0
        super().update_step(gradient, variable, learning_rate)


@pytest.mark.slow
def test_an_optimizer_of_somebody_elses_is_traced_again() -> None:
    model = dense(Follows(0.05, weight_decay=0.0))
    prepare = {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay"])}
    done = fit(model, {**prepare, 4: setting("weight_decay", 1.5)})
    assert done.traces == 1
    assert close(done, eagerly(lambda: Follows(0.05, weight_decay=0.0), [(4, "weight_decay", 1.5)]))


@pytest.mark.slow
def test_a_setting_that_the_user_sets_in_between() -> None:
    # It is the user's: Keras does not see it before the next trace.
    model = dense(OPTIMIZERS.SGD(0.05, weight_decay=0.5))
    prepare = {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay"])}
    at = {2: plainly("weight_decay", 1.0), 4: setting("weight_decay", 1.5)}
    done = fit(model, {**prepare, **at})
    steps = [(4, "weight_decay", 1.5)]
    assert close(done, eagerly(lambda: OPTIMIZERS.SGD(0.05, weight_decay=0.5), steps))
    assert done.traces == 2


# ---------------------------------------------------------------- momentum where there was none


def slope(_: Any, predicted: Any) -> Any:
    """A loss whose gradient is the same at every batch."""
    return tf.reduce_sum(predicted, axis=-1)


ONES = tf.data.Dataset.from_tensor_slices((np.ones((8, 2)), np.ones((8, 1)))).batch(1)


def line(optimizer: Any) -> Any:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer, slope)
    return model


@pytest.mark.parametrize("is_built", [False, True])
def test_momentum_where_the_optimizer_had_none(is_built: bool) -> None:
    model = line(OPTIMIZERS.SGD(0.5))
    if is_built:
        built(model)
    at = {2: setting("momentum", 0.5), 5: setting("momentum", 0), 6: setting("momentum", 0.25)}
    done = train(model, at, x=ONES, y=None, batch_size=None)
    # The gradient is 1, the rate 0.5; sums begin anew where there was no momentum.
    expected = [0.5, 0.5, 0.5, 0.75, 0.875, 0.5, 0.5, 0.625]
    assert np.allclose(done.updates, -np.array(expected)[:, None])
    assert done.traces == 3


@pytest.mark.slow
def test_momentum_is_saved_in_its_place(tmp_path: Path) -> None:
    model = built(dense(OPTIMIZERS.RMSprop(0.05, centered=True)))
    fit(model, {3: setting("momentum", 0.5), 9: lambda m: m.save(tmp_path / "m.keras")})
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    kinds = [variable.path.split("_")[-1] for variable in loaded.optimizer.variables]
    assert [v.path.split("_")[-1] for v in model.optimizer.variables] == kinds
    assert kinds[2:6] == ["velocity"] * 4
    rest = DATA.skip(9)
    again = train(loaded, x=rest, y=None, batch_size=None)
    assert np.allclose(again.weights[-1], flat(model), atol=1e-6)


# ------------------------------------------------------------------ what settings leave behind


def middle(action: changes.Action) -> Any:
    """A model on which something is done while it trains with settings that are held."""
    model = dense(OPTIMIZERS.AdamW(0.05, weight_decay=0.25))
    names = ["weight_decay", "beta_1", "beta_2"]
    at = {
        "train_begin": lambda m: km.prepare_settings(m, names),
        4: setting("beta_1", 0.25),
        8: action,
        "train_end": km.release_settings,
    }
    fit(model, at)
    return model


def test_a_model_saved_in_the_middle_goes_on_alike(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    model = middle(lambda m: m.save(path))
    loaded = keras.saving.load_model(path)
    config = loaded.optimizer.get_config()
    assert (config["beta_1"], config["weight_decay"]) == (0.25, 0.25)
    again = train(loaded, x=DATA.skip(8), y=None, batch_size=None)
    assert np.allclose(again.weights[-1], flat(model), atol=1e-6)


def test_copies_made_in_the_middle_go_on_alike() -> None:
    copies: list[Any] = []

    def take(model: Any) -> None:
        copies.append(pickle.loads(pickle.dumps(model)))
        copies.append(copy.deepcopy(model))
        twin = keras.models.clone_model(model)
        twin.set_weights(model.get_weights())
        optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
        twin.compile(optimizer, "mse")
        built(twin).optimizer.set_weights([v.numpy() for v in model.optimizer.variables])
        copies.append(twin)
        assert {type(model.optimizer.get_config()[n]) for n in ("beta_1",)} <= {
            float,
            km.LiveNumber,
        }

    model = middle(take)
    assert len(model.optimizer.variables) == len(copies[0].optimizer.variables)
    for each in copies:
        assert each.optimizer.beta_1 == 0.25
        again = train(each, x=DATA.skip(8), y=None, batch_size=None)
        assert np.allclose(again.weights[-1], flat(model), atol=1e-6)


def test_after_training_settings_are_numbers_and_count() -> None:
    model = middle(setting("weight_decay", 0.75))
    found = model.optimizer
    assert [type(v) for v in (found.beta_1, found.beta_2, found.weight_decay)] == [float] * 3
    assert (found.beta_1, found.beta_2, found.weight_decay) == (0.25, 0.999, 0.75)
    # A second fit without rules trains with what is there now.
    fit(model)
    # And so one with rules, from there on.
    at = {"train_begin": lambda m: km.prepare_settings(m, ["beta_1"]), 2: setting("beta_1", 0.5)}
    last = fit(model, at)

    steps = [(4, "beta_1", 0.25), (8, "weight_decay", 0.75)]
    other = built(dense(OPTIMIZERS.AdamW(0.05, weight_decay=0.25), run_eagerly=True))
    fit(other, {step: plainly(name, value) for step, name, value in steps})
    fit(other)
    assert close(last, fit(other, {2: plainly("beta_1", 0.5)}))


class Wrong(Exception):
    pass


def fails(_: Any) -> None:
    raise Wrong


def test_an_error_in_the_middle_leaves_nothing_wrong(tmp_path: Path) -> None:
    model = dense(OPTIMIZERS.AdamW(0.05, weight_decay=0.25))
    prepare = {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay"])}
    with pytest.raises(Wrong):
        fit(model, {**prepare, 4: setting("weight_decay", 1.5), 8: fails})
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.optimizer.weight_decay == 1.5
    expected = fit(loaded, {4: plainly("weight_decay", 0.5)})
    # Keras does not see what the user sets now, before it traces again.
    assert close(fit(model, {4: plainly("weight_decay", 0.5)}), expected)
    model.compile(model.optimizer, "mse")
    loaded.compile(loaded.optimizer, "mse")
    after = {4: setting("weight_decay", 0.125), "train_end": km.release_settings}
    one = fit(model, {**prepare, **after})
    assert close(one, fit(loaded, {4: setting("weight_decay", 0.125)}))
    assert type(model.optimizer.weight_decay) is float


# ------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("optimizer", "name", "value", "why"),
    [
        (lambda: OPTIMIZERS.Adam(), "momentum", 0.5, "Adam has no setting `momentum`; it has"),
        (lambda: OPTIMIZERS.SGD(), "beta_1", 0.5, "it has clipnorm, clipvalue, "),
        (lambda: OPTIMIZERS.SGD(), "nesterov_", 0.5, "has no setting"),
        (lambda: OPTIMIZERS.Adagrad(), "initial_accumulator_value", 1, "sums began"),
        (lambda: OPTIMIZERS.Adam(), "ema_momentum", 0.5, "make it with use_ema=True"),
        (lambda: OPTIMIZERS.Adam(clipnorm=1.0), "clipvalue", 1, "has a clipnorm, and Keras"),
        (lambda: OPTIMIZERS.Adam(clipvalue=1.0), "clipnorm", 1, "has a clipvalue, and Keras"),
        (lambda: OPTIMIZERS.ScheduleFreeAdamW(), "beta_1", 0.5, "has mixed its weights"),
        (lambda: OPTIMIZERS.Adam(), "beta_1", 1, "would be 1: it must be at least 0 and below 1"),
        (lambda: OPTIMIZERS.SGD(), "momentum", -0.1, "below 1"),
        (lambda: OPTIMIZERS.SGD(), "weight_decay", -1, "0 or above"),
        (lambda: OPTIMIZERS.SGD(), "clipnorm", math.nan, "would be nan"),
        (lambda: OPTIMIZERS.SGD(), "clipnorm", math.inf, "would be inf"),
        (lambda: OPTIMIZERS.Ftrl(), "learning_rate_power", 0.5, "0 or below"),
        (lambda: None, "momentum", 0.5, "without an optimizer"),
        (lambda: several(), "momentum", 0.5, "a MultiOptimizer of 2, each with settings"),
    ],
)
def test_what_cannot_be_set(
    optimizer: Callable[[], Any], name: str, value: float, why: str
) -> None:
    model = dense(optimizer())
    with pytest.raises(ValueError, match=why):
        km.set_setting(model, name, value)


def several() -> Any:
    other = {"first.*": OPTIMIZERS.SGD(0.5)}
    return OPTIMIZERS.MultiOptimizer(OPTIMIZERS.OptimizerMap(OPTIMIZERS.Adam(), other))


@pytest.mark.parametrize(
    ("optimizer", "why"),
    [
        (lambda: several(), "each with a learning rate of its own"),
        (lambda: OPTIMIZERS.SGD(OPTIMIZERS.schedules.CosineDecay(0.5, 9)), "is a CosineDecay,"),
        (lambda: OPTIMIZERS.SGD(lambda: 0.5), "is a function, which cannot be set"),
        (lambda: None, "without an optimizer"),
    ],
)
def test_rates_that_cannot_be_set(optimizer: Callable[[], Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        km.one_rate(dense(optimizer()))


def test_the_rate_of_a_schedule_can_be_read() -> None:
    model = dense(OPTIMIZERS.SGD(OPTIMIZERS.schedules.ExponentialDecay(0.5, 1, 0.5)))
    seen: list[float] = []
    fit(model, {2: lambda m: seen.append(km.rate(m))})
    assert seen == [0.125]


def test_the_rate() -> None:
    model = line(OPTIMIZERS.SGD(0.5))
    km.one_rate(model)
    done = train(
        model, {2: lambda m: km.set_rate(m, 2 * km.rate(m))}, x=ONES, y=None, batch_size=None
    )
    assert np.allclose([u[0] for u in done.updates], [-0.5] * 2 + [-1.0] * 6)


# ----------------------------------------------------------------------------- mixed precision


def test_an_optimizer_that_scales_the_loss() -> None:
    def make() -> Any:
        return OPTIMIZERS.LossScaleOptimizer(OPTIMIZERS.AdamW(0.05, weight_decay=0.25))

    def halve(model: Any) -> None:
        km.one_rate(model)
        km.set_rate(model, km.rate(model) / 2)

    model = dense(make())
    prepare = {"train_begin": lambda m: km.prepare_settings(m, ["weight_decay", "epsilon"])}
    at = {2: setting("weight_decay", 1.5), 4: setting("epsilon", 0.5), 6: halve}
    done = fit(model, {**prepare, **at, 8: lambda m: km.freeze(m, "first")})
    assert done.traces == 3
    eager = built(dense(make(), run_eagerly=True))
    reference = {2: plainly("weight_decay", 1.5), 4: plainly("epsilon", 0.5), 6: halve}
    other = fit(eager, {**reference, 8: lambda m: setattr(m.layers[0], "trainable", False)})
    assert close(done, other)
    assert not part(model, done.updates[8], "first").any()


# -------------------------------------------------------------------------------------- layers


def frozen(pattern: str) -> changes.Action:
    return lambda model: km.freeze(model, pattern)


def thawed(pattern: str) -> changes.Action:
    return lambda model: km.unfreeze(model, pattern)


def moved(model: Any, done: changes.Changes, layer: str) -> str:
    """A letter a batch: whether it changed a layer."""
    return "".join("+" if part(model, u, layer).any() else "." for u in done.updates)


@pytest.mark.parametrize("kind", kinds("Adam", "SGD"))
def test_freeze_and_unfreeze_under_every_optimizer(kind: str) -> None:
    model = dense(getattr(OPTIMIZERS, kind)(0.05))
    model.layers[0].trainable = False
    model.compile(getattr(OPTIMIZERS, kind)(0.05), "mse")
    done = fit(model, {3: thawed("first"), 6: frozen("last"), 9: thawed("last")})
    assert moved(model, done, "first") == "...+++++++++"
    assert moved(model, done, "last") == "++++++...+++"
    assert np.isfinite(done.weights).all()


def test_weights_that_stay_are_trained_on_as_if_nothing_were() -> None:
    arguments: dict[str, Any] = {"use_ema": True, "ema_overwrite_frequency": 5}

    def make() -> Any:
        return OPTIMIZERS.Nadam(0.05, gradient_accumulation_steps=2, **arguments)

    done = fit(dense(make()), {4: frozen("first")})
    # Keras alone, asked at each step which weights are trained.
    other = built(dense(make(), run_eagerly=True))
    names = ("_trainable_variables", "_model_variables_moving_average")

    def plain(model: Any) -> None:
        model.layers[0].trainable = False
        for name in names:
            vars(model.optimizer)[name] = list(getattr(model.optimizer, name))[2:]

    assert close(done, fit(other, {4: plain}))


def nested(*, recurrent: bool = False) -> Any:
    keras.utils.set_random_seed(2)
    layers = [keras.layers.Dense(4, "tanh", name=name) for name in ("low", "high")]
    inner = keras.Sequential([keras.Input((6,)), *layers], name="backbone")
    inputs = keras.Input((6,))
    x = inner(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Reshape((2, 2))(x)
    if recurrent:
        x = keras.layers.Bidirectional(keras.layers.SimpleRNN(2, name="rnn"), name="both")(x)
    else:
        x = keras.layers.TimeDistributed(keras.layers.Dense(2, name="each"), name="both")(x)
    x = keras.layers.Dense(3, name="head")(keras.layers.Flatten()(x))
    return keras.Model(inputs, x)


def compiled(model: Any, **arguments: Any) -> Any:
    model.compile(OPTIMIZERS.Adam(0.05), "mse", **arguments)
    return model


def test_layers_inside_of_others() -> None:
    model = compiled(nested())
    names = {layer.name for layer in km.layers(model, "*")}
    assert {"backbone", "low", "high", "norm", "both", "each", "head"} <= names
    at = {2: frozen("lo?"), 4: frozen("both"), 6: frozen("norm"), 8: thawed("*[hw]")}
    done = fit(model, at)
    assert moved(model, done, "low") == "++......++++"
    assert moved(model, done, "high") == "+" * 12
    assert moved(model, done, "each") == "++++....++++"
    # Its moving averages as well.
    assert moved(model, done, "norm") == "++++++......"


@pytest.mark.slow
def test_layers_that_others_make() -> None:
    model = compiled(nested(recurrent=True))
    done = fit(model, {2: frozen("forward_*"), 6: frozen("both"), 8: thawed("backward_rnn")})
    assert moved(model, done, "forward_rnn") == "++.........."
    assert moved(model, done, "backward_rnn") == "++++++..++++"


def test_unfreezing_in_what_is_frozen_leaves_its_neighbours() -> None:
    model = nested()
    model.get_layer("backbone").trainable = False
    done = fit(compiled(model), {4: thawed("high")})
    assert moved(model, done, "high") == "....++++++++"
    assert moved(model, done, "low") == "." * 12
    assert moved(model, done, "head") == "+" * 12


class Made(keras.Model):
    """A model that is made frozen; Keras does not tell its layers."""

    def __init__(self) -> None:
        super().__init__(trainable=False)
        self.low = keras.layers.Dense(4, name="low")
        self.high = keras.layers.Dense(3, name="high")

    def call(self, x: Any) -> Any:
        return self.high(self.low(x))


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
def test_unfreezing_in_a_model_that_is_frozen_as_a_whole() -> None:
    model = Made()
    model(X[:1])
    done = fit(compiled(model), {4: thawed("high")})
    assert moved(model, done, "high") == "....++++++++"
    assert moved(model, done, "low") == "." * 12


def test_what_was_frozen_is_saved_so(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    model = nested()
    model.get_layer("backbone").trainable = False
    at = {3: thawed("high"), 5: frozen("both"), 8: lambda m: m.save(path)}
    done = fit(compiled(model), at)
    loaded = keras.saving.load_model(path)
    again = train(loaded, x=DATA.skip(8), y=None, batch_size=None)
    assert np.allclose(again.weights[-1], done.weights[-1], atol=1e-5)


def test_a_second_fit_goes_on_with_what_is_trained_now() -> None:
    model = dense(OPTIMIZERS.Adam(0.05))
    fit(model, {3: frozen("first")}, validation_data=DATA)  # Keras's warning would be an error.
    done = fit(model, {3: thawed("first")}, validation_data=DATA)
    assert moved(model, done, "first") == "...+++++++++"
    # And after another compile as always.
    model.compile(OPTIMIZERS.Adam(0.05), "mse")
    done = fit(model, {"epoch_begin 1": frozen("last")})
    assert moved(model, done, "last") == "." * 12


def test_frozen_again_costs_nothing() -> None:
    done = fit(dense("adam"), {step: frozen("first") for step in range(2, 8)})
    assert done.traces == 1


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.slow
def test_everything_frozen_and_unfrozen() -> None:
    model = dense(OPTIMIZERS.Adam(0.05))
    done = fit(model, {3: frozen("*"), 6: thawed("*")})
    assert moved(model, done, "first") == moved(model, done, "last") == "+++...++++++"


def test_a_weight_that_is_averaged_and_unfrozen_is_not_averaged_with_nothing() -> None:
    model = dense("adam")
    model.layers[0].trainable = False
    model.compile(OPTIMIZERS.SGD(0.0, use_ema=True), "mse")
    before = flat(model)
    fit(model, {3: thawed("first")})
    # At its end Keras puts the averages in the place of the weights; the rate is 0.
    assert np.allclose(flat(model), before, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Layer 'unmade'")
def test_a_model_without_an_input_frozen_before_its_first_batch() -> None:
    model = keras.Sequential([keras.layers.Dense(4, name="low"), keras.layers.Dense(3)])
    compiled(model)
    done = train(model, {"train_begin": frozen("low"), 4: thawed("low")}, x=DATA, y=None)
    assert [part(model, u, "low").any() for u in done.updates[1:]] == [False] * 3 + [True] * 8


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("frist", "no layer is called 'frist'; did you mean 'first'"),
        ("conv*", "no layer is called 'conv*'; they are .*first, last"),
    ],
)
def test_layers_that_are_not_there(pattern: str, why: str) -> None:
    model = dense("adam")
    for action in (km.freeze, km.unfreeze, lambda m, p: km.prepare_layers(m, [p], [])):
        with pytest.raises(ValueError, match=re.escape(why).replace(re.escape(".*"), ".*")):
            action(model, pattern)


def test_layers_under_several_optimizers() -> None:
    with pytest.raises(ValueError, match="of 2, each for weights of its own"):
        km.freeze(dense(several()), "first")


# --------------------------------------------------------------------------- the user's variables


def test_a_variable_of_the_users() -> None:
    weight = keras.Variable(1.0, name="weight", trainable=False)
    model = line(OPTIMIZERS.SGD(0.5))
    model.compile(OPTIMIZERS.SGD(0.5), lambda y, p: weight * slope(y, p))
    own_variable(model, weight)
    done = train(model, {3: lambda m: weight.assign(2.0)}, x=ONES, y=None, batch_size=None)
    assert np.allclose([u[0] for u in done.updates], [-0.5] * 3 + [-1.0] * 5)
    with pytest.raises(ValueError, match="no single number"):
        own_variable(model, model.weights[0])


# ------------------------------------------------------------------------------ other backends


@pytest.mark.slow  # What rules do there is in tests/backends, and quick.
@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend(backend: str, slowly: bool, tmp_path: Path) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    options = ["--slow"] if slowly else []
    said = run("other_backends.py", *options, folder=tmp_path, KERAS_BACKEND=backend)
    script = (HERE / "other_backends.py").read_text("utf-8")
    assert len(said.splitlines()) == script.count("\ndef test_")


@pytest.mark.slow
def test_several_devices(tmp_path: Path) -> None:
    run("several_devices.py", folder=tmp_path)


HERE = Path(__file__).parent


def run(script: str, *options: str, folder: Path, **environment: str) -> str:
    """What a script says that must end well."""
    paths = os.pathsep.join([str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, HERE / script, *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout
