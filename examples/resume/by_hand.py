"""What `cbdsl train examples/resume/rules.cbr --epochs 8` does, written by hand.

python examples/resume/by_hand.py [DATA SET [FOLDER OF DATA SETS]]
"""

import json
import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
import tensorflow_datasets as tfds

from cbdsl.train import mnist_5k  # noqa: F401 (makes tfds know these digits)

SEED = 0
EPOCHS = 8
BATCH = 64
RATE = 0.003


def load(name, data_dir, first):
    """Batches of the epochs that are left, batches to validate with, and what the set is like."""
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

    epochs = tf.data.Dataset.range(first, EPOCHS).flat_map(epoch).prefetch(tf.data.AUTOTUNE)
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
        optimizer=keras.optimizers.Adam(RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


class Plateau(keras.callbacks.Callback):
    """Half the rate after two epochs without progress. ReduceLROnPlateau forgets its counting."""

    def __init__(self):
        super().__init__()
        self.memory = {"best": None, "waited": 0}

    def on_epoch_end(self, epoch, logs=None):
        if self.model.stop_training:
            # The epoch was cut short, and is trained again from its beginning.
            return
        best = self.memory["best"]
        if best is None or logs["val_loss"] < best:
            self.memory = {"best": logs["val_loss"], "waited": 0}
            return
        self.memory["waited"] += 1
        if self.memory["waited"] == 2:
            self.memory["waited"] = 0
            rate = float(self.model.optimizer.learning_rate) * 0.5
            self.model.optimizer.learning_rate = rate
            print(f"no progress for 2 epochs, the rate is now {rate:.6f}")


class KeepBest(keras.callbacks.Callback):
    """Keep the weights of the best epoch. ModelCheckpoint forgets which one that was."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.memory = {"best": None}

    def on_epoch_end(self, epoch, logs=None):
        if self.model.stop_training:
            # The epoch was cut short, and is trained again from its beginning.
            return
        best = self.memory["best"]
        if best is None or logs["val_loss"] < best:
            self.memory["best"] = logs["val_loss"]
            self.model.save_weights(self.folder / "best.weights.h5")


class Leave(keras.callbacks.Callback):
    """Ctrl-C, or a cluster that wants its machine back: answered at the end of a batch."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.came = False
        self.left = None

    def on_train_begin(self, logs=None):
        self.before = {n: signal.signal(n, self.hear) for n in (signal.SIGINT, signal.SIGTERM)}

    def hear(self, number, frame):
        if self.came:
            # The second one ends the process as it would have.
            self.on_train_end()
            signal.raise_signal(number)
        self.came = True

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        if self.came and not self.left:
            self.left = f"interrupted in epoch {self.epoch}, batch {batch + 1}"
            self.model.save_weights(self.folder / "last.weights.h5")
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        for number, handler in self.before.items():
            signal.signal(number, handler)


class State(keras.callbacks.Callback):
    """Saves what another process needs to go on, at each epoch's end."""

    def __init__(self, folder, remember):
        super().__init__()
        self.folder = folder / "state"
        self.remember = remember

    def read(self):
        """How many epochs are done, and the model then; what callbacks remember is put back."""
        try:
            facts = json.loads((self.folder / "state.json").read_text())
        except FileNotFoundError:
            return 0, None
        for callback, memory in zip(self.remember, facts["memories"], strict=True):
            callback.memory = memory
        return facts["epochs"], keras.saving.load_model(self.folder / facts["model"])

    def on_epoch_end(self, epoch, logs=None):
        if self.model.stop_training:
            return
        name = f"epoch-{epoch + 1}.keras"
        self.folder.mkdir(exist_ok=True)
        self.model.save(self.folder / name)
        memories = [callback.memory for callback in self.remember]
        facts = {"epochs": epoch + 1, "model": name, "memories": memories}
        # A process that is killed here leaves the old file or the new one, and its model.
        unfinished = self.folder / "state.json.new"
        unfinished.write_text(json.dumps(facts))
        os.replace(unfinished, self.folder / "state.json")
        for old in self.folder.glob("epoch-*.keras"):
            if old.name != name:
                old.unlink()


def main(name="mnist_5k", data_dir=None, folder="runs/resume/by_hand"):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    plateau, keep_best, leave = Plateau(), KeepBest(folder), Leave(folder)
    state = State(folder, [plateau, keep_best])
    first, model = state.read()
    if first == EPOCHS:
        print(f"{folder} is finished", file=sys.stderr)
        return
    train, validation, info = load(name, data_dir, first)
    keras.utils.set_random_seed(SEED)
    if model is None:
        model = network(info.features["image"].shape, info.features["label"].num_classes)
    else:
        print(f"this training goes on behind epoch {first}, from {state.folder}", file=sys.stderr)
    model.fit(
        train,
        initial_epoch=first,
        steps_per_epoch=-(-info.splits["train"].num_examples // BATCH),
        epochs=EPOCHS,
        validation_data=validation,
        callbacks=[leave, plateau, keep_best, state],
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
    )
    if leave.left:
        done = leave.epoch - 1
        print(f"\nTraining was interrupted after epoch {done} of {EPOCHS}: {leave.left}")
        sys.exit(130)
    print(f"\nTraining ended: all {EPOCHS} epochs are done")


if __name__ == "__main__":
    main(*sys.argv[1:])
