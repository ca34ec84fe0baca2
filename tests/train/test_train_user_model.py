"""`--model module:function`."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from cbdsl.train.data import Data
from cbdsl.train.errors import TrainError
from cbdsl.train.user_model import check_name, metric_names, user_model

NUMBERS = itertools.count()

MODEL = """
import keras
{before}
def build({parameters}):
    inputs = keras.Input({shape})
    x = keras.layers.{flat}()(inputs)
    x = keras.layers.Dropout(0.5)(x)
    x = keras.layers.BatchNormalization()(x)
    model = keras.Model(inputs, keras.layers.Dense({classes}, activation="softmax")(x))
    model.compile({compile})
    return model
"""
DEFAULTS = {
    "before": "",
    "flat": "Flatten",
    "parameters": "",
    "shape": "(4, 3, 1)",
    "classes": "2",
    "compile": '"adam", "sparse_categorical_crossentropy", metrics=["accuracy"]',
}


def text(**parts: str) -> str:
    return MODEL.format(**DEFAULTS | parts)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


@pytest.fixture(scope="module")
def data() -> Data:
    import tensorflow as tf

    images = np.random.default_rng(0).random((8, 4, 3, 1), np.float32)
    batches = tf.data.Dataset.from_tensor_slices((images, np.arange(8) % 2)).batch(4)
    return Data("made", batches, batches, batches.take(1), 2, 8, 8, "", (4, 3, 1), 2, None)


def module(folder: Path, source: str) -> str:
    """A module of this text in the working directory; gives its name."""
    name = f"cbdsl_test_model_{next(NUMBERS)}"
    (folder / f"{name}.py").write_text(source)
    return name


def refused(name: str, data: Data) -> TrainError:
    with pytest.raises(TrainError) as caught:
        metric_names(user_model(name, data), name, data)
    return caught.value


# ----------------------------------------------------------------------------- what will do


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"parameters": "image_shape, classes", "shape": "image_shape", "classes": "classes"},
        {"parameters": "*, classes=7, width=3, **more", "classes": "classes"},
        {"shape": "(None, None, 1)", "flat": "GlobalMaxPooling2D"},
    ],
)
def test_a_function_that_makes_a_model(folder: Path, data: Data, parts: dict[str, str]) -> None:
    name = module(folder, text(**parts)) + ":build"
    model = user_model(name, data)
    assert model.output_shape == (None, 2)
    assert metric_names(model, name, data) == ("accuracy", "loss", "val_accuracy", "val_loss")


def test_a_module_in_a_package_and_a_class(folder: Path, data: Data) -> None:
    (folder / "cbdsl_test_package").mkdir()
    (folder / "cbdsl_test_package" / "inner.py").write_text(
        "import keras\n"
        "class Net(keras.Model):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.flat, self.dense = keras.layers.Flatten(), keras.layers.Dense(2)\n"
        "        metrics = ['mae', keras.metrics.RootMeanSquaredError()]\n"
        "        self.compile('sgd', 'mse', metrics=metrics)\n"
        "    def call(self, x):\n"
        "        return keras.ops.max(self.dense(self.flat(x)), axis=-1)\n"
    )
    name = "cbdsl_test_package.inner:Net"
    names = metric_names(user_model(name, data), name, data)
    assert names is not None
    metrics = ["loss", "mae", "root_mean_squared_error"]
    assert sorted(names) == [*metrics, *(f"val_{metric}" for metric in metrics)]


def test_asking_for_the_names_changes_nothing(folder: Path, data: Data) -> None:
    import keras

    before = """
class Counts(keras.layers.Layer):
    def build(self, shape):
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False)
    def call(self, x):
        self.seen.assign_add(1.0)
        return x
keras.layers.Dropout = lambda rate: Counts()
"""
    dropout = keras.layers.Dropout
    name = module(folder, text(before=before)) + ":build"
    model = user_model(name, data)
    keras.layers.Dropout = dropout
    weights = [weight.copy() for weight in model.get_weights()]
    names = metric_names(model, name, data)
    assert names == ("accuracy", "loss", "val_accuracy", "val_loss")
    assert len(weights) == 7
    assert all(map(np.array_equal, weights, model.get_weights()))
    assert all(not variable.numpy().any() for variable in model.metrics_variables)
    assert not model.optimizer.built or int(model.optimizer.iterations) == 0
    # The names are those of a training.
    history = model.fit(
        data.train, validation_data=data.validation, shuffle=False, verbose=0
    ).history
    assert sorted(history) == list(names)


def test_a_training_step_of_its_own_reports_what_it_likes(folder: Path, data: Data) -> None:
    before = """
class Own(keras.Model):
    def train_step(self, data):
        return super().train_step(data) | {"own": 1.0}
keras.Model = Own
"""
    import keras

    usual = keras.Model
    name = module(folder, text(before=before)) + ":build"
    try:
        model = user_model(name, data)
    finally:
        keras.Model = usual
    assert metric_names(model, name, data) is None


# -------------------------------------------------------------------------- what will not do


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("model", "model:build"),
        ("nets.small", "nets.small:build"),
        ("nets/small.py:make", "nets.small:make"),
        ("model:", "model:build"),
        (":make", "model:make"),
        ("model:a.b", "model:build"),
        ("model:build()", "model:build"),
        ("a b:c", "model:c"),
        ("", "model:build"),
    ],
)
def test_what_is_not_module_and_function(name: str, example: str) -> None:
    with pytest.raises(TrainError) as caught:
        check_name(name)
    assert str(caught.value) == f"--model {name} is not module:function, such as {example}"


def test_modules_that_are_not_there(folder: Path, data: Data) -> None:
    (folder / "cbdsl_test_network.py").touch()
    said = str(refused("cbdsl_test_netwrk:build", data))
    assert said == (
        f"--model: there is no module cbdsl_test_netwrk in {folder}; "
        "did you mean `cbdsl_test_network`?"
    )
    assert str(refused("zzz.y:build", data)).endswith(
        f"module zzz.y in {folder}, nor is one installed"
    )
    assert "there is no module cbdsl_test_network.x " in str(
        refused("cbdsl_test_network.x:f", data)
    )


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("import cbdsl_nowhere", "ModuleNotFoundError: No module named 'cbdsl_nowhere'"),
        ("x = 1\n1 / 0", "ZeroDivisionError: division by zero"),
        ("def build(:", "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_modules_that_cannot_be_imported(folder: Path, data: Data, source: str, last: str) -> None:
    name = module(folder, source)
    error = refused(f"{name}:build", data)
    assert str(error) == f"--model: {name} cannot be imported"
    assert error.trace.splitlines()[-1] == last
    assert f"{name}.py" in error.trace
    assert "user_model.py" not in error.trace
    assert "importlib" not in error.trace


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def biuld(): pass", "{path} has no `build`; did you mean `biuld`?"),
        ("x = 1", "{path} has no `build`"),
        (
            "build = 3",
            "--model {name} is a value of type int: name a function that makes the model",
        ),
        (
            "import keras; build = keras.Sequential()",
            "--model {name} is a value of type Sequential: name a function that makes the model",
        ),
        ("def build(): pass", "{name} returned None, not a keras.Model"),
        ("def build(): return 'x'", "{name} returned a value of type str, not a keras.Model"),
        (
            "import keras\ndef build(): return keras.Sequential()",
            "{name} returned a model that is not compiled: call model.compile(…)",
        ),
        (
            "def build(width, depth=1, *more, height): pass",
            "{name} wants width, height: it can be given image_shape and classes, no more",
        ),
        (
            text(shape="(28, 28, 1)"),
            "{name}: the model takes 28 × 28 × 1, but the images of made are 4 × 3 × 1; "
            "a function with a parameter `image_shape` is given it",
        ),
        (
            text(shape="(None, 3, 3)", flat="GlobalMaxPooling2D"),
            "the model takes any × 3 × 3, but the images of made are",
        ),
        (text(shape="(12,)"), "the model takes 12, but the images of made are 4 × 3 × 1"),
        (
            text(compile='loss="categorical_crossentropy"'),
            "{name}: the model cannot be tested on a batch of made (images (4, 4, 3, 1), "
            "labels (4,) from 0 to 1): ValueError: ",
        ),
    ],
)
def test_functions_that_will_not_do(folder: Path, data: Data, source: str, said: str) -> None:
    module_name = module(folder, source)
    name = f"{module_name}:build"
    error = refused(name, data)
    assert said.format(name=name, path=folder / f"{module_name}.py") in str(error)
    assert error.trace == ""


def test_a_model_that_finds_out_itself(folder: Path, data: Data) -> None:
    source = (
        "import keras\n"
        "def build():\n"
        "    model = keras.Sequential([keras.layers.Conv2D(2, 9)])\n"
        "    model.compile(loss='mse')\n"
        "    return model\n"
    )
    said = str(refused(module(folder, source) + ":build", data))
    assert "cannot be tested on a batch of made (images (4, 4, 3, 1), " in said


def test_functions_that_fail_show_where(folder: Path, data: Data) -> None:
    name = module(folder, "def build():\n    return 1 / 0\n") + ":build"
    error = refused(name, data)
    assert str(error) == f"{name} failed: ZeroDivisionError: division by zero"
    assert "return 1 / 0" in error.trace
    assert "user_model.py" not in error.trace


def test_several_inputs(folder: Path, data: Data) -> None:
    source = (
        "import keras\n"
        "def build():\n"
        "    a, b = keras.Input((4, 3, 1)), keras.Input((4, 3, 1))\n"
        "    model = keras.Model([a, b], a + b)\n"
        "    model.compile(loss='mse')\n"
        "    return model\n"
    )
    assert "the model takes several inputs, [" in str(
        refused(module(folder, source) + ":build", data)
    )


def test_the_shape_of_the_data_is_what_counts(folder: Path, data: Data) -> None:
    wide = dataclasses.replace(data, image_shape=(4, 9, 1))
    assert "the images of made are 4 × 9 × 1" in str(
        refused(module(folder, text()) + ":build", wide)
    )
