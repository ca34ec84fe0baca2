"""Training rules, compiled by cbdsl from include.cbr."""

import math

import keras

from cbdsl.runtime import Rule, float32, settable, text32


def warm(epoch, lr):
    """warm: every epoch until 3 lr = 0.001 * epoch"""
    if epoch < 3:  # warm.cbr:1
        return settable(0.001 * (epoch + 1), lr)  # warm.cbr:1
    return lr


def falling(epoch, lr):
    """falling: every epoch after 3 lr *= 0.9"""
    if epoch >= 3:  # rates.cbr:2
        return lr * 0.9  # rates.cbr:2
    return lr


def learning_rate(epoch, lr):
    """The rate of the epoch that begins, counted from 0: all rules in their order."""
    lr = float32(warm(epoch, lr))
    return falling(epoch, lr)


class Careful(Rule, keras.callbacks.Callback):
    """careful: on epoch_end if loss is not finite stop "the loss is {loss}" """

    name = "careful"
    place = "warm.cbr:2"
    key = "careful:6d210576a5f8"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and not math.isfinite(loss):  # warm.cbr:2
            self.fired({"loss": loss})
            self.stop(f"the loss is {text32(loss)}")  # warm.cbr:2


class Enough(Rule, keras.callbacks.Callback):
    """enough: on epoch_end if accuracy > target stop"""

    name = "enough"
    place = "include.cbr:5"
    key = "enough:b5ec6494be11"

    def __init__(self, *, target=0.9):
        self.target = target
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        accuracy = logs.get("accuracy")
        if accuracy is not None and accuracy > float32(self.target):  # include.cbr:5
            self.fired({"accuracy": accuracy})
            self.stop()  # include.cbr:5


def callbacks(*, target=0.9):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        keras.callbacks.LearningRateScheduler(learning_rate),
        Careful(),
        Enough(target=target),
    ]
