"""Train on JAX: with callbacks written by hand."""

import os

os.environ["KERAS_BACKEND"] = "jax"  # before anything imports keras

import sys
from pathlib import Path

import keras

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train

TARGET = 0.93


class WarmUp(keras.callbacks.Callback):
    """From a small rate to the full one over the first 100 batches."""

    def on_train_begin(self, logs=None):
        self.step = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.step += 1
        if self.step <= 100:
            # On JAX it must be self.model: Keras then puts the state of the running epoch into
            # the model first. What is set on another reference to it is lost.
            self.model.optimizer.learning_rate = 0.001 * self.step / 100


class GoodEnough(keras.callbacks.Callback):
    """Enough is enough."""

    def on_epoch_end(self, epoch, logs=None):
        accuracy = logs["accuracy"]
        if accuracy > TARGET:
            rate = float(self.model.optimizer.learning_rate)
            print(f"Epoch {epoch + 1}: accuracy {accuracy:.1%} is enough, the rate was {rate:.6f}")
            self.model.stop_training = True


def slower(epoch, lr):
    """Then a little less in each epoch from the third on."""
    return lr if epoch < 2 else lr * 0.99


def main(folder="runs/on_jax/by_hand"):
    # Keep the weights of the best epoch.
    keep_best = keras.callbacks.ModelCheckpoint(
        f"{folder}/best.weights.h5",
        save_weights_only=True,
        save_best_only=True,
        monitor="val_loss",
        mode="min",
    )
    scheduler = keras.callbacks.LearningRateScheduler(slower)
    train([scheduler, WarmUp(), keep_best, GoodEnough()], epochs=10)
    list_files(folder)


if __name__ == "__main__":
    main()
