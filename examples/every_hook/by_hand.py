"""Be told of every hook in fit, evaluate and predict: with a callback of one's own."""

import sys
from pathlib import Path

import keras

sys.path.append(str(Path(__file__).parents[1]))
from digits import digits, network


class EveryHook(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        print("Training begins")

    def on_train_end(self, logs=None):
        print(f"Training ends; the logs hold: {', '.join(logs)}")

    def on_epoch_begin(self, epoch, logs=None):
        print(f"Epoch {epoch + 1} begins")

    def on_epoch_end(self, epoch, logs=None):
        print(f"Epoch {epoch + 1} ends; the logs hold: {', '.join(logs)}")

    def on_train_batch_begin(self, batch, logs=None):
        print(f"  Batch {batch + 1} begins")

    def on_train_batch_end(self, batch, logs=None):
        print(f"  Batch {batch + 1} ends; the logs hold: {', '.join(logs)}")

    def on_test_begin(self, logs=None):
        print("Testing begins")

    def on_test_end(self, logs=None):
        print(f"Testing ends; the logs hold: {', '.join(logs)}")

    def on_test_batch_begin(self, batch, logs=None):
        print(f"  Test batch {batch + 1} begins")

    def on_test_batch_end(self, batch, logs=None):
        print(f"  Test batch {batch + 1} ends; the logs hold: {', '.join(logs)}")

    def on_predict_begin(self, logs=None):
        print("Predicting begins")

    def on_predict_end(self, logs=None):
        print("Predicting ends")

    def on_predict_batch_begin(self, batch, logs=None):
        print(f"  Predict batch {batch + 1} begins")

    def on_predict_batch_end(self, batch, logs=None):
        print(f"  Predict batch {batch + 1} ends")


def main():
    callbacks = [EveryHook()]
    model = network()
    (images, labels), held_out = digits()
    # Of all images every twentieth, so that there are few batches.
    images, labels = images[::20], labels[::20]
    held_out = held_out[0][::10], held_out[1][::10]

    print("-- fit")
    model.fit(
        images,
        labels,
        batch_size=100,
        epochs=2,
        validation_data=held_out,
        validation_batch_size=50,
        callbacks=callbacks,
        verbose=0,
    )
    print("-- evaluate")
    model.evaluate(*held_out, batch_size=50, callbacks=callbacks, verbose=0)
    print("-- predict")
    model.predict(held_out[0], batch_size=50, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    main()
