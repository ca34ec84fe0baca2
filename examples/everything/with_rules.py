"""Train a small network under a file that has every construct of the language.

python examples/everything/with_rules.py
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]
from digits import digits

import cbdsl

EPOCHS = 10


class Noise(keras.layers.Layer):
    """Noise whose strength a schedule sets."""

    def __init__(self, **named):
        super().__init__(**named)
        self.strength = keras.Variable(1.0, dtype="float32", trainable=False, name="noise")
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, images, training=False):
        if not training:
            return images
        drawn = keras.random.normal(keras.ops.shape(images), seed=self.seeds)
        return images + 0.1 * self.strength * drawn


class Speed(keras.callbacks.Callback):
    """Puts a metric into the logs that only this script knows: rules call that `expects`."""

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        logs["images_per_second"] = 4000 / (time.monotonic() - self.began)


def network():
    keras.utils.set_random_seed(0)
    noise = Noise()
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            noise,
            keras.layers.Dense(64, activation="relu", name="block_1", trainable=False),
            keras.layers.Dense(64, activation="relu", name="block_2"),
            keras.layers.Dense(10, activation="softmax", name="head"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(0.001, weight_decay=0.0),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, noise


def main(folder="runs/everything"):
    model, noise = network()
    rules = cbdsl.callbacks(
        Path(__file__).with_name("rules.cbr"),
        params={"noise": noise.strength, "target": 0.97},
        run_dir=folder,
        allow=["call"],
    )
    (images, labels), held_out = digits()
    model.fit(
        images,
        labels,
        batch_size=64,
        epochs=EPOCHS,
        validation_data=held_out,
        callbacks=[Speed(), *rules],
        verbose=2,
    )
    return model


if __name__ == "__main__":
    main()
