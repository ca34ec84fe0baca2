"""Stop above 90 % accuracy, on training, on validation or at a batch's end: with callbacks.

python examples/stop_on_accuracy/by_hand.py [training | validation | batch]
"""

import sys
from pathlib import Path

import keras

sys.path.append(str(Path(__file__).parents[1]))
from digits import train


class StopOnTraining(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        accuracy = logs["accuracy"]
        if accuracy > 0.9:
            print(f"Epoch {epoch + 1}: accuracy {accuracy:.1%} on the training images is enough")
            self.model.stop_training = True


class StopOnValidation(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        accuracy = logs["val_accuracy"]
        if accuracy > 0.9:
            print(f"Epoch {epoch + 1}: accuracy {accuracy:.1%} on the validation images is enough")
            self.model.stop_training = True


class StopAtBatch(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch  # a batch's hook is not told which epoch it is in

    def on_train_batch_end(self, batch, logs=None):
        accuracy = logs["accuracy"]
        if accuracy > 0.9:
            print(
                f"Epoch {self.epoch + 1}, batch {batch + 1}: "
                f"accuracy {accuracy:.1%} so far is enough"
            )
            self.model.stop_training = True


CALLBACKS = {"training": StopOnTraining, "validation": StopOnValidation, "batch": StopAtBatch}


def main(where="training"):
    train([CALLBACKS[where]()], epochs=10)


if __name__ == "__main__":
    main(*sys.argv[1:])
