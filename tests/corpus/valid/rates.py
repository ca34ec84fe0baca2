"""Training rules, compiled by cbdsl from rates.cbr."""

import keras

from cbdsl.runtime import SetsRate, divide, float32


class LrOnEpochEnd(SetsRate, keras.callbacks.Callback):
    """on epoch_end if loss > 5 lr = 0.001"""

    name = "rates.cbr:3"
    place = "rates.cbr:3"
    key = "a4a96c7b3ece:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and loss > 5:  # rates.cbr:3
            self.fired({"loss": loss})
            self.lr = 0.001  # rates.cbr:3


class LrOnEpochEnd2(SetsRate, keras.callbacks.Callback):
    """on epoch_end if loss > 6 lr += 0.0001"""

    name = "rates.cbr:4"
    place = "rates.cbr:4"
    key = "ad7ec9c4a2cc:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and loss > 6:  # rates.cbr:4
            self.fired({"loss": loss})
            self.lr += 0.0001  # rates.cbr:4


class LrOnEpochEnd3(SetsRate, keras.callbacks.Callback):
    """on epoch_end if loss > 7 lr -= low"""

    name = "rates.cbr:5"
    place = "rates.cbr:5"
    key = "2bd3a7c4ff7c:1"

    def __init__(self, *, low=0.0001):
        self.low = low
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and loss > 7:  # rates.cbr:5
            self.fired({"loss": loss})
            self.lr -= self.low  # rates.cbr:5


class LrOnEpochEnd4(SetsRate, keras.callbacks.Callback):
    """on epoch_end if val_loss > 8 lr *= 0.5"""

    name = "rates.cbr:6"
    place = "rates.cbr:6"
    key = "0052ccef97da:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        if val_loss is not None and val_loss > 8:  # rates.cbr:6
            self.fired({"val_loss": val_loss})
            self.lr *= 0.5  # rates.cbr:6


class LrOnEpochEnd5(SetsRate, keras.callbacks.Callback):
    """on epoch_end if val_loss > 9 lr /= loss"""

    name = "rates.cbr:7"
    place = "rates.cbr:7"
    key = "7d928b7b06e5:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        loss = logs.get("loss")
        if val_loss is not None and val_loss > 9:  # rates.cbr:7
            self.fired({"val_loss": val_loss, "loss": loss})
            self.lr = None if loss is None else divide(self.lr, loss)  # rates.cbr:7


class LrOnBatchBegin(SetsRate, keras.callbacks.Callback):
    """on batch_begin if step < 100 lr = low + 0.00001 * step"""

    name = "rates.cbr:8"
    place = "rates.cbr:8"
    key = "e4e05b05420f:1"

    def __init__(self, *, low=0.0001):
        self.low = low
        super().__init__()

    def on_train_batch_begin(self, batch, logs=None):
        _, step = self.begin()
        if step < 100:  # rates.cbr:8
            self.fired({})
            self.lr = self.low + 1e-05 * step  # rates.cbr:8

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)


class LrOnEpochEnd6(SetsRate, keras.callbacks.Callback):
    """on epoch_end if lr < low lr = low"""

    name = "rates.cbr:9"
    place = "rates.cbr:9"
    key = "d2cfa0369435:1"

    def __init__(self, *, low=0.0001):
        self.low = low
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        if self.lr < float32(self.low):  # rates.cbr:9
            self.fired({})
            self.lr = self.low  # rates.cbr:9


class LrEvery3Epochs(SetsRate, keras.callbacks.Callback):
    """every 3 epochs if val_loss > 1 lr = lr * 0.5 + loss * 1e-6"""

    name = "rates.cbr:10"
    place = "rates.cbr:10"
    key = "b1cf93abfc0f:1"

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        val_loss = self.known.get("val_loss")
        loss = self.known.get("loss")
        if epoch > 0 and epoch % 3 == 0 and val_loss is not None and val_loss > 1:  # rates.cbr:10
            self.fired({"val_loss": val_loss, "loss": loss})
            self.lr = None if loss is None else self.lr * 0.5 + loss * 1e-06  # rates.cbr:10

    def on_epoch_end(self, epoch, logs=None):
        self.note(logs)


def callbacks(*, low=0.0001):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        LrOnEpochEnd(),
        LrOnEpochEnd2(),
        LrOnEpochEnd3(low=low),
        LrOnEpochEnd4(),
        LrOnEpochEnd5(),
        LrOnBatchBegin(low=low),
        LrOnEpochEnd6(low=low),
        LrEvery3Epochs(),
    ]
