"""The catalog of Keras's callbacks against the installed Keras."""

from __future__ import annotations

import inspect

import keras
import pytest

from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS, LEFT_OUT, REFUSED, Required


def installed() -> set[str]:
    names = (name for name in dir(keras.callbacks) if not name.startswith("_"))
    return {name for name in names if inspect.isclass(getattr(keras.callbacks, name))}


def test_every_callback_of_keras_is_known() -> None:
    assert installed() == set(KERAS_CALLBACKS) | set(REFUSED)
    assert not set(KERAS_CALLBACKS) & set(REFUSED)


@pytest.mark.parametrize("name", KERAS_CALLBACKS)
def test_arguments_and_defaults_are_those_of_keras(name: str) -> None:
    signature = inspect.signature(getattr(keras.callbacks, name).__init__)
    theirs = {
        p.name: Required if p.default is inspect.Parameter.empty else p.default
        for p in signature.parameters.values()
        if p.name != "self" and p.kind is not inspect.Parameter.VAR_KEYWORD
    }
    ours = {a.name: a.default for a in KERAS_CALLBACKS[name].arguments}
    for left_out in LEFT_OUT.get(name, ()):
        del theirs[left_out]
    assert ours == theirs
