"""What `cbdsl train examples/command_line/rules.cbr --epochs 6` does, written by hand.

python examples/command_line/by_hand.py [DATA SET [FOLDER OF DATA SETS]]
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
import tensorflow_datasets as tfds

from cbdsl.train import mnist_5k  # noqa: F401 (makes tfds know these digits)

SEED = 0
EPOCHS = 6
BATCH = 64
TARGET = 0.94


def load(name, data_dir):
    """Batches of all epochs, batches to validate with, and what the data set is like."""
    splits, info = tfds.load(
        name, split=["train", "test"], data_dir=data_dir, as_supervised=True, with_info=True
    )
    train, test = (
        pairs.map(lambda image, label: (tf.cast(image, tf.float32) / 255.0, label)).cache()
        for pairs in splits
    )
    examples = info.splits["train"].num_examples

    def epoch(number):
        # An epoch's order depends on the seed and the epoch's number alone.
        tf.random.set_seed(1 + SEED)
        order = train.shuffle(examples, seed=number, reshuffle_each_iteration=False)
        return order.batch(BATCH)

    epochs = tf.data.Dataset.range(EPOCHS).flat_map(epoch).prefetch(tf.data.AUTOTUNE)
    return epochs, test.batch(BATCH), info


def network(image_shape, classes):
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


class GoodEnough(keras.callbacks.Callback):
    """Enough is enough, on images that the network has not seen."""

    def on_epoch_end(self, epoch, logs=None):
        accuracy = logs["val_accuracy"]
        if accuracy > TARGET:
            self.ended = f"after epoch {epoch + 1} of {EPOCHS}: validation accuracy {accuracy:.1%}"
            self.model.stop_training = True


def slower(epoch, lr):
    """The same rate for two epochs, then a little less in each."""
    return lr if epoch < 2 else lr * 0.99


def main(name="mnist_5k", data_dir=None, folder="runs/command_line/by_hand"):
    train, validation, info = load(name, data_dir)
    keras.utils.set_random_seed(SEED)
    model = network(info.features["image"].shape, info.features["label"].num_classes)
    good_enough = GoodEnough()
    # Keep the weights of the best epoch.
    keep_best = keras.callbacks.ModelCheckpoint(
        str(Path(folder, "best.weights.h5")),
        save_weights_only=True,
        save_best_only=True,
        monitor="val_loss",
        mode="min",
    )
    model.fit(
        train,
        steps_per_epoch=-(-info.splits["train"].num_examples // BATCH),
        epochs=EPOCHS,
        validation_data=validation,
        callbacks=[keras.callbacks.LearningRateScheduler(slower), good_enough, keep_best],
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
    )
    ended = getattr(good_enough, "ended", None)
    print(
        f"\nTraining ended {ended}" if ended else f"\nTraining ended: all {EPOCHS} epochs are done"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
