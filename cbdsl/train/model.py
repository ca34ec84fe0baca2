"""The model that is trained where the user names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbdsl.train.errors import TrainError
from cbdsl.train.quiet import quiet

if TYPE_CHECKING:
    import keras

__all__ = ["default_model"]


def default_model(image_shape: tuple[int, ...], classes: int) -> keras.Model:
    """Builds and compiles a small classifier: one convolution, then one dense layer.

    Args:
        image_shape: (height, width, channels) in pixels, height and width at least 3.
        classes: how many labels there are; labels are integers from 0.

    Returns:
        A model from float32 images (batch, *image_shape) to probabilities (batch, classes),
        compiled with Adam at its default rate, cross-entropy and the metric `accuracy`.

    Raises:
        TrainError: the images are too small, or TensorFlow is not installed.
    """
    if min(image_shape[:2]) < 3:
        size = "{} × {}".format(*image_shape)
        raise TrainError(
            f"images of {size} pixels are too small for the built-in network: "
            "name another with --model module:function"
        )
    quiet()
    import keras

    model = keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model
