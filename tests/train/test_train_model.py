"""The default model."""

from __future__ import annotations

import numpy as np
import pytest

from cbdsl.train.errors import TrainError
from cbdsl.train.model import default_model


def test_the_default_model() -> None:
    model = default_model((28, 28, 1), 10)
    assert [type(layer).__name__ for layer in model.layers] == ["Conv2D", "Flatten", "Dense"]
    assert model.count_params() == 9 * 32 + 32 + 26 * 26 * 32 * 10 + 10
    assert type(model.optimizer).__name__ == "Adam"
    assert model.predict(np.zeros((2, 28, 28, 1), np.float32), verbose=0).shape == (2, 10)
    logs = model.evaluate(
        np.zeros((4, 28, 28, 1), np.float32), np.zeros(4), verbose=0, return_dict=True
    )
    assert list(logs) == ["accuracy", "loss"]


def test_it_takes_images_of_another_shape() -> None:
    assert default_model((8, 6, 3), 4).output_shape == (None, 4)


def test_images_that_are_too_small_for_it() -> None:
    assert default_model((3, 3, 1), 2).output_shape == (None, 2)
    with pytest.raises(TrainError, match=r"^images of 9 × 2 pixels are too small .* --model"):
        default_model((9, 2, 1), 4)
