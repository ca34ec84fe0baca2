"""Training rules, compiled by cbdsl from schedules.cbr."""

import functools

import keras

from cbdsl.runtime import divide, float32, power, settable, share


def warm_up(epoch, lr, *, warm=5, peak=0.01):
    """warm_up: every epoch until warm lr = peak * epoch / warm"""
    if epoch < warm:  # schedules.cbr:7
        return settable(divide(peak * (epoch + 1), warm), lr)  # schedules.cbr:7
    return lr


def fall(epoch, lr, *, warm=5, floor_=0.0001, peak=0.01):
    """fall: every epoch after warm if lr > floor lr = peak * 0.9 ** (epoch - warm)"""
    if epoch >= warm and lr > float32(floor_):  # schedules.cbr:8
        return settable(peak * power(0.9, epoch + 1 - warm), lr)  # schedules.cbr:8
    return lr


def lr_at_epoch(epoch, lr, *, epochs=None):
    """at 50%, 75% lr *= 0.1"""
    if epochs is not None and (
        epoch <= share(0.5, epochs) < epoch + 1 or epoch <= share(0.75, epochs) < epoch + 1
    ):  # schedules.cbr:9
        return lr * 0.1  # schedules.cbr:9
    return lr


def lr_every_epoch(epoch, lr, *, epochs=None):
    """every epoch from 80% to 100% if epochs > 10 and epoch % 2 == 0 lr -= 0.00001"""
    if (
        epochs is not None
        and share(0.8, epochs) <= epoch + 1 <= share(1, epochs)
        and epochs > 10
        and (epoch + 1) % 2 == 0
    ):  # schedules.cbr:10
        return settable(lr - 1e-05, lr)  # schedules.cbr:10
    return lr


def learning_rate(epoch, lr, *, epochs=None, warm=5, peak=0.01, floor_=0.0001):
    """The rate of the epoch that begins, counted from 0: all rules in their order."""
    lr = float32(warm_up(epoch, lr, warm=warm, peak=peak))
    lr = float32(fall(epoch, lr, warm=warm, floor_=floor_, peak=peak))
    lr = float32(lr_at_epoch(epoch, lr, epochs=epochs))
    return lr_every_epoch(epoch, lr, epochs=epochs)


class LearningRate(keras.callbacks.LearningRateScheduler):
    """Tells `learning_rate` how many epochs are planned."""

    def on_train_begin(self, logs=None):
        epochs = self.params["epochs"]
        self.schedule = functools.partial(self.schedule, epochs=epochs)


def callbacks(*, peak=0.01, warm=5, floor_=0.0001):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        LearningRate(functools.partial(learning_rate, warm=warm, peak=peak, floor_=floor_)),
    ]
