"""What resuming needs of Keras and Keras does not document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cbdsl.runtime.keras_model import train_others


def begin_with(model: Any, epoch: int | None) -> None:
    """Let the `fit` that is beginning start with an epoch, counted from 0; None: as it was told.

    Keras looks at it once, behind `on_train_begin`. It stays on the model, and another `fit` would
    begin there too.
    """
    model._initial_epoch = epoch


def trained_layers(model: Any) -> list[bool]:
    """For each layer, outer ones first, whether it is trained."""
    return [bool(layer._trainable) for layer in model._flatten_layers()]


def train_layers(model: Any, flags: Sequence[bool]) -> None:
    """Set for each layer whether it is trained, and go on with the weights that then are."""
    if trained_layers(model) == list(flags):
        return
    for layer, flag in zip(model._flatten_layers(), flags, strict=True):
        # TensorFlow leaves out what seems done, though what is in a layer may say otherwise. What
        # this sets inside is set again: inner layers come later.
        layer._trainable = not flag
        layer.trainable = flag
    train_others(model)
