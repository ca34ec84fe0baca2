"""Training rules, compiled by cbdsl from positions.cbr."""

import functools

import keras

from cbdsl.runtime import Rule, SetsRate, float32, share


def lr_at_epoch(epoch, lr, *, turn=7):
    """at epochs 2, turn, 10 lr *= 0.5"""
    if epoch + 1 in (2, turn, 10):  # positions.cbr:5
        return lr * 0.5  # positions.cbr:5
    return lr


def lr_at_epoch2(epoch, lr, *, epochs=None):
    """at epoch 4, 90% lr /= 2"""
    if epochs is not None and (
        epoch + 1 == 4 or epoch <= share(0.9, epochs) < epoch + 1
    ):  # positions.cbr:10
        return lr / 2  # positions.cbr:10
    return lr


def learning_rate(epoch, lr, *, epochs=None, turn=7):
    """The rate of the epoch that begins, counted from 0: all rules in their order."""
    lr = float32(lr_at_epoch(epoch, lr, turn=turn))
    return lr_at_epoch2(epoch, lr, epochs=epochs)


class LearningRate(keras.callbacks.LearningRateScheduler):
    """Tells `learning_rate` how many epochs are planned."""

    def on_train_begin(self, logs=None):
        epochs = self.params["epochs"]
        self.schedule = functools.partial(self.schedule, epochs=epochs)


class PrintAtEpoch(Rule, keras.callbacks.Callback):
    """at epoch 3 print "three" """

    name = "positions.cbr:4"
    place = "positions.cbr:4"
    key = "cf076f00007a:1"

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == 3:  # positions.cbr:4
            self.fired({})
            self.print("three")  # positions.cbr:4


class PrintAtBatch(Rule, keras.callbacks.Callback):
    """at batch 100, 200 print "step {step}" """

    name = "positions.cbr:6"
    place = "positions.cbr:6"
    key = "5c90760face5:1"

    def on_train_batch_end(self, batch, logs=None):
        before, step = self.advance(batch)
        if before < 100 <= step or before < 200 <= step:  # positions.cbr:6
            self.fired({})
            self.print(f"step {step}")  # positions.cbr:6


class LrAtBatch(SetsRate, keras.callbacks.Callback):
    """at batches 5 lr = 0.001"""

    name = "positions.cbr:7"
    place = "positions.cbr:7"
    key = "59b05ced4a64:1"

    def on_train_batch_begin(self, batch, logs=None):
        before, step = self.begin()
        if before < 5 <= step:  # positions.cbr:7
            self.fired({})
            self.lr = 0.001  # positions.cbr:7

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)


class PrintAtEpoch2(Rule, keras.callbacks.Callback):
    """at 25%, 50% print "a quarter" """

    name = "positions.cbr:8"
    place = "positions.cbr:8"
    key = "d38ce62e7ef7:1"

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        if epochs is not None and (
            epoch < share(0.25, epochs) <= epoch + 1 or epoch < share(0.5, epochs) <= epoch + 1
        ):  # positions.cbr:8
            self.fired({})
            self.print("a quarter")  # positions.cbr:8


class PrintAtEpoch3(Rule, keras.callbacks.Callback):
    """at epoch late print "late" """

    name = "positions.cbr:9"
    place = "positions.cbr:9"
    key = "c86aa3674332:1"

    def __init__(self, *, late=0.8):
        self.late = late
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        if (
            epochs is not None and epoch < max(share(self.late, epochs), 1) <= epoch + 1
        ):  # positions.cbr:9
            self.fired({})
            self.print("late")  # positions.cbr:9


def callbacks(*, turn=7, late=0.8):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        LearningRate(functools.partial(learning_rate, turn=turn)),
        PrintAtEpoch(),
        PrintAtBatch(),
        LrAtBatch(),
        PrintAtEpoch2(),
        PrintAtEpoch3(late=late),
    ]
