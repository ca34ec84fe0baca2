"""Save the weights after every epoch: with Keras's ModelCheckpoint."""

import sys
from pathlib import Path

import keras

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train


def main(folder="runs/checkpoint_every_epoch/by_hand"):
    checkpoint = keras.callbacks.ModelCheckpoint(
        f"{folder}/weights-{{epoch:02d}}.weights.h5",
        save_weights_only=True,
        monitor="accuracy",
    )
    train([checkpoint], epochs=3)
    list_files(folder)


if __name__ == "__main__":
    main()
