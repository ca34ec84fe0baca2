"""All of a model that training changes, as arrays; and put back into a model of the same kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from cbdsl.attach.keras_private import train_layers, trained_layers
from cbdsl.program import Program
from cbdsl.runtime.keras_model import prepare_settings, release_settings, set_setting, setting, sync
from cbdsl.runtime.snapshots import build
from cbdsl.saving import CannotResume

Arrays = Mapping[str, np.ndarray]


class Another(ValueError):
    """The state is of another model than this one; says where they differ."""


def facts_of(model: Any, settings: Iterable[str], *, freezes: bool) -> dict[str, Any]:
    """What rules change that is no variable.

    Args:
        model: the model.
        settings: those of the optimizer that rules set.
        freezes: whether rules change which layers are trained.
    """
    return {
        "settings": {name: setting(model, name) for name in sorted(settings)},
        "trained": trained_layers(model) if freezes else None,
    }


def arrays_of(model: Any, program: Program) -> dict[str, np.ndarray]:
    """Every variable of the model, seeds too, of the optimizer, and of the caller's."""
    sync(model)
    return {name: _array(variable) for name, variable in _variables(model, program)}


def check_model(model: Any) -> None:
    """Raise CannotResume if nothing can be put back into a model like this as training begins."""
    if not all(layer.built for layer in model._flatten_layers()) or not build(model):
        raise CannotResume(
            "`resume` needs a model that has its weights before its first batch: make it with an "
            "Input as its first layer"
        )


def put_into(model: Any, program: Program, facts: Mapping[str, Any], arrays: Arrays) -> None:
    """Make a model what it was when `facts_of` and `arrays_of` were taken.

    Raises:
        Another: it is another model; it was left as it was.
    """
    before = trained_layers(model)
    # What is as it was stays, since what is set is rounded to 32 bits.
    settings = {
        name: value
        for name, value in facts["settings"].items()
        if value is not None and value != setting(model, name)
    }
    try:
        _train(model, before if facts["trained"] is None else facts["trained"])
        sync(model)
        variables = dict(_variables(model, program))
        _compare(variables, arrays)
        prepare_settings(model, settings)
    except BaseException:
        train_layers(model, before)
        release_settings(model)
        raise
    for name, value in settings.items():
        set_setting(model, name, value)
    for name, variable in variables.items():
        variable.assign(arrays[name].copy())


def _train(model: Any, flags: Sequence[bool]) -> None:
    if len(flags) != len(trained_layers(model)):
        raise Another("it has another number of layers")
    train_layers(model, flags)


def _variables(model: Any, program: Program) -> Iterator[tuple[str, Any]]:
    """The variables by names that are the same in every process."""
    yield from _numbered("model", model.variables)
    yield from _numbered("optimizer", model.optimizer.variables)
    yield from ((f"outside/{name}", variable) for name, variable in _outside(program, model))


def _numbered(of: str, variables: list[Any]) -> Iterator[tuple[str, Any]]:
    # Not by their paths: Keras numbers names that repeat, on through all models of a process.
    return ((f"{of}/{number}", variable) for number, variable in enumerate(variables))


def _outside(program: Program, model: Any) -> Iterator[tuple[str, Any]]:
    """The caller's variables, but for those that are variables of the model already."""
    known = {id(variable) for variable in model.variables}
    for name in program.plan.outside:
        variable = program.outside.get(name, getattr(model, name, None))
        if variable is not None and id(variable) not in known:
            yield name, variable


def _compare(variables: Mapping[str, Any], arrays: Arrays) -> None:
    mine = set(variables)
    theirs = {name for name in arrays if name.split("/")[0] in ("model", "optimizer", "outside")}
    if mine != theirs:
        raise Another(f"it has {len(mine)} variables, and the saved one {len(theirs)}")
    for name, variable in variables.items():
        here, there = tuple(variable.shape), arrays[name].shape
        if here != there:
            path = getattr(variable, "path", name)
            raise Another(f"the variable {path} has the shape {here}, and the saved one {there}")


def _array(variable: Any) -> np.ndarray:
    array: np.ndarray = keras.ops.convert_to_numpy(variable)
    return array
