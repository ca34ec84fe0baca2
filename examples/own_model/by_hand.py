"""What `cbdsl train rules.cbr --model network:build --epochs 8` does, written by hand.

python examples/own_model/by_hand.py [DATA SET [FOLDER OF DATA SETS]]
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
import tensorflow_datasets as tfds
from network import build

from cbdsl.train import mnist_5k  # noqa: F401 (makes tfds know these digits)

SEED = 0
EPOCHS = 8
BATCH = 64
TARGET = 0.985


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


class GoodEnough(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        top_2 = logs["top_2"]
        if top_2 > TARGET:
            self.ended = (
                f"after epoch {epoch + 1} of {EPOCHS}: among the first two guesses: {top_2:.1%}"
            )
            self.model.stop_training = True


class SmallerSteps(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.done = False

    def on_epoch_end(self, epoch, logs=None):
        if logs["accuracy"] > 0.9 and not self.done:
            self.done = True
            rate = float(self.model.optimizer.learning_rate) / 10
            self.model.optimizer.learning_rate = rate
            print(f"the rate is now {rate:.6g}")


def main(name="mnist_5k", data_dir=None, folder="runs/own_model/by_hand"):
    train, validation, info = load(name, data_dir)
    keras.utils.set_random_seed(SEED)
    model = build(info.features["image"].shape, info.features["label"].num_classes)
    good_enough = GoodEnough()
    keep_best = keras.callbacks.ModelCheckpoint(
        str(Path(folder, "best.keras")), save_best_only=True, monitor="val_top_2", mode="max"
    )
    model.fit(
        train,
        steps_per_epoch=-(-info.splits["train"].num_examples // BATCH),
        epochs=EPOCHS,
        validation_data=validation,
        callbacks=[good_enough, keep_best, SmallerSteps()],
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
    )
    ended = getattr(good_enough, "ended", None)
    print(
        f"\nTraining ended {ended}" if ended else f"\nTraining ended: all {EPOCHS} epochs are done"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
