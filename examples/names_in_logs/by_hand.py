"""Print the names in the logs after every epoch: with a callback of one's own."""

import sys
from pathlib import Path

import keras

sys.path.append(str(Path(__file__).parents[1]))
from digits import train


class NamesInLogs(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(f"End of epoch {epoch + 1}; the logs hold: {', '.join(logs)}")


def main():
    train([NamesInLogs()], epochs=2)


if __name__ == "__main__":
    main()
