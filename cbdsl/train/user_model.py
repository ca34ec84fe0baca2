"""The model that the user names: `--model module:function`."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cbdsl.diagnostics import did_you_mean
from cbdsl.train.data import Data
from cbdsl.train.errors import TrainError, short, user_trace
from cbdsl.train.quiet import quiet

if TYPE_CHECKING:
    import keras

__all__ = ["check_name", "metric_names", "user_model"]

Maker = Callable[..., Any]


def check_name(name: str) -> tuple[str, str]:
    """Splits `module:function`; raises a TrainError if it is something else."""
    module, colon, function = name.partition(":")
    parts = [*module.split("."), function]
    if colon and all(part.isidentifier() for part in parts):
        return module, function
    stem = module.removesuffix(".py").replace(os.sep, ".").strip(".")
    fits = stem and all(part.isidentifier() for part in stem.split("."))
    example = f"{stem if fits else 'model'}:{function if function.isidentifier() else 'build'}"
    raise TrainError(f"--model {name} is not module:function, such as {example}")


def user_model(name: str, data: Data) -> keras.Model:
    """Imports a module, from the working directory first, and calls its function.

    The function is given `image_shape` and `classes` if it names parameters so.

    Args:
        name: `module:function`.
        data: what the model will be trained on.

    Returns:
        A compiled model that takes images of `data.image_shape`, as far as it tells.

    Raises:
        TrainError: there is no such function, it fails, or what it returns is something else.
    """
    module_name, function_name = check_name(name)
    quiet()
    import keras

    function = _function(_module(module_name), function_name, name)
    arguments = _arguments(function, name, data)
    try:
        model = function(**arguments)
    except (Exception, SystemExit) as error:
        raise TrainError(f"{name} failed: {short(error)}", user_trace(error)) from error
    if not isinstance(model, keras.Model):
        raise TrainError(f"{name} returned {_what(model)}, not a keras.Model")
    if not getattr(model, "compiled", False):
        raise TrainError(f"{name} returned a model that is not compiled: call model.compile(…)")
    _check_input(model, name, data)
    return model


def metric_names(model: keras.Model, name: str, data: Data) -> tuple[str, ...] | None:
    """The names that will stand in the logs; None where only a training can tell.

    Compiled metrics have no names before they have seen a batch. So the model is tested on one,
    after which its variables and metrics are put back.

    Args:
        model: a compiled model.
        name: what to call it in messages.
        data: what it will be trained on.

    Raises:
        TrainError: the model cannot take the data.
    """
    import keras

    before = {id(variable): variable.numpy() for variable in model.variables}
    images, labels = (part.numpy() for part in next(iter(data.sample)))
    try:
        logs = model.test_on_batch(images, labels, return_dict=True)
    except Exception as error:
        given = f"images {tuple(images.shape)}, labels {tuple(labels.shape)} from 0 to "
        raise TrainError(
            f"{name}: the model cannot be tested on a batch of {data.name} "
            f"({given}{data.classes - 1}): {short(error)}"
        ) from error
    model.reset_metrics()
    for variable in model.variables:
        if id(variable) in before:
            variable.assign(before[id(variable)])
    for step in ("train_step", "test_step"):
        if getattr(type(model), step) is not getattr(keras.Model, step):
            return None  # It may report what it likes.
    return tuple(sorted([*logs, *(f"val_{metric}" for metric in logs)]))


def import_from_here() -> None:
    """Have modules looked for in the working directory first, as `python -m` does."""
    if os.getcwd() not in sys.path[:1]:
        sys.path.insert(0, os.getcwd())


def _module(name: str) -> ModuleType:
    import_from_here()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            near = did_you_mean(name, (path.stem for path in Path().glob("*.py")))
            raise TrainError(
                f"--model: there is no module {name} in {os.getcwd()}"
                + (f"; {near}" if near else ", nor is one installed")
            ) from None
        raise TrainError(f"--model: {name} cannot be imported", user_trace(error)) from error


def _function(module: ModuleType, name: str, shown: str) -> Maker:
    import keras

    where = getattr(module, "__file__", None) or module.__name__
    found = getattr(module, name, None)
    if not hasattr(module, name):
        own = [key for key, value in vars(module).items() if callable(value)]
        near = did_you_mean(name, own)
        raise TrainError(f"--model: {where} has no `{name}`" + (f"; {near}" if near else ""))
    if isinstance(found, keras.Model) or not callable(found):
        raise TrainError(f"--model {shown} is {_what(found)}: name a function that makes the model")
    function: Maker = found
    return function


def _arguments(function: Maker, name: str, data: Data) -> dict[str, Any]:
    """What to call it with: the two things that it may ask for by name."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # Written in C.
        return {}
    offered = {"image_shape": data.image_shape, "classes": data.classes}
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    taken = {k: v for k, v in offered.items() if k in parameters and parameters[k].kind in by_name}
    others = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = [
        key
        for key, one in parameters.items()
        if key not in taken and one.default is one.empty and one.kind not in others
    ]
    if wanted:
        raise TrainError(
            f"{name} wants {', '.join(wanted)}: it can be given image_shape and classes, no more"
        )
    return taken


def _check_input(model: keras.Model, name: str, data: Data) -> None:
    """Compares shapes where the model is built; elsewhere the first batch tells."""
    takes = getattr(model, "input_shape", None) if model.built else None
    if takes is None:
        return
    shape = takes[1:] if isinstance(takes, tuple) else None
    if shape is not None and len(shape) == len(data.image_shape):
        pairs = zip(shape, data.image_shape, strict=True)
        if all(one in (None, other) for one, other in pairs):
            return
    shown = _size(shape) if shape is not None else f"several inputs, {takes}"
    raise TrainError(
        f"{name}: the model takes {shown}, but the images of {data.name} are "
        f"{_size(data.image_shape)}; a function with a parameter `image_shape` is given it"
    )


def _size(shape: tuple[int | None, ...]) -> str:
    return " × ".join("any" if size is None else str(size) for size in shape)


def _what(value: Any) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
