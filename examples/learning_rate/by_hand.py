"""Lower the learning rate from the third epoch on: with Keras's LearningRateScheduler."""

import sys
from pathlib import Path

import keras

sys.path.append(str(Path(__file__).parents[1]))
from digits import train


def schedule(epoch, lr):
    if epoch < 2:  # Keras's first epoch is 0
        return lr
    return lr * 0.99


def main():
    train([keras.callbacks.LearningRateScheduler(schedule, verbose=1)], epochs=5)


if __name__ == "__main__":
    main()
