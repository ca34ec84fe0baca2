"""A checkpoint, a schedule and a reason to stop, together: as three callbacks."""

import sys
from pathlib import Path

import keras

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train

TARGET = 0.93


class GoodEnough(keras.callbacks.Callback):
    """Enough is enough."""

    def on_epoch_end(self, epoch, logs=None):
        accuracy = logs["accuracy"]
        if accuracy > TARGET:
            print(f"Epoch {epoch + 1}: accuracy {accuracy:.1%} is enough")
            self.model.stop_training = True


def schedule(epoch, lr):
    """The same rate for two epochs, then a little less in each."""
    return lr if epoch < 2 else lr * 0.99


def main(folder="runs/together/by_hand"):
    # Keep the weights of the best epoch.
    checkpoint = keras.callbacks.ModelCheckpoint(
        f"{folder}/best.weights.h5",
        save_weights_only=True,
        save_best_only=True,
        monitor="val_loss",
        mode="min",
    )
    scheduler = keras.callbacks.LearningRateScheduler(schedule)
    train([GoodEnough(), scheduler, checkpoint], epochs=10)
    list_files(folder)


if __name__ == "__main__":
    main()
