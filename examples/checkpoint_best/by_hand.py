"""Save the weights of the best epoch: with Keras's ModelCheckpoint."""

import sys
from pathlib import Path

import keras

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train


def main(folder="runs/checkpoint_best/by_hand"):
    checkpoint = keras.callbacks.ModelCheckpoint(
        f"{folder}/best.weights.h5",
        save_weights_only=True,
        save_best_only=True,
        monitor="accuracy",
        mode="max",
        verbose=1,
    )
    # With so high a rate, not every epoch is better than those before it.
    train([checkpoint], epochs=6, learning_rate=0.06)
    list_files(folder)


if __name__ == "__main__":
    main()
