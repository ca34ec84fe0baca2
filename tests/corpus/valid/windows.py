"""Training rules, compiled by cbdsl from windows.cbr."""

import keras

from cbdsl.runtime import Rule, share


class PrintOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end after 3 print "a" """

    name = "windows.cbr:6"
    place = "windows.cbr:6"
    key = "37ac798cc8c7:1"

    def on_epoch_end(self, epoch, logs=None):
        if epoch >= 3:  # windows.cbr:6
            self.fired({})
            self.print("a")  # windows.cbr:6


class PrintOnEpochBegin(Rule, keras.callbacks.Callback):
    """on epoch_begin until 10 epochs print "b" """

    name = "windows.cbr:7"
    place = "windows.cbr:7"
    key = "b5855f50c77d:1"

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch < 10:  # windows.cbr:7
            self.fired({})
            self.print("b")  # windows.cbr:7


class PrintEveryEpoch(Rule, keras.callbacks.Callback):
    """every epoch from 5 to 8 print "c" """

    name = "windows.cbr:8"
    place = "windows.cbr:8"
    key = "bfa36393c022:1"

    def on_epoch_end(self, epoch, logs=None):
        if 5 <= epoch + 1 <= 8:  # windows.cbr:8
            self.fired({})
            self.print("c")  # windows.cbr:8


class PrintEvery2Epochs(Rule, keras.callbacks.Callback):
    """every 2 epochs from from_here to 60% print "d" """

    name = "windows.cbr:9"
    place = "windows.cbr:9"
    key = "78acd097dfb9:1"

    def __init__(self, *, from_here=5):
        self.from_here = from_here
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        if (
            epochs is not None
            and self.from_here <= epoch + 1 <= share(0.6, epochs)
            and (epoch + 1) % 2 == 0
        ):  # windows.cbr:9
            self.fired({})
            self.print("d")  # windows.cbr:9


class PrintOnBatchEnd(Rule, keras.callbacks.Callback):
    """on batch_end after 2 epochs if loss > 5 print "e" """

    name = "windows.cbr:10"
    place = "windows.cbr:10"
    key = "9373511bd31a:1"

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if self.epoch > 2 and loss is not None and loss > 5:  # windows.cbr:10
            self.fired({"loss": loss})
            self.print("e")  # windows.cbr:10


class PrintEvery10Batches(Rule, keras.callbacks.Callback):
    """every 10 batches from 100 batches to 200 batches print "f" """

    name = "windows.cbr:11"
    place = "windows.cbr:11"
    key = "cfd8f1f8b7c9:1"

    def on_train_batch_end(self, batch, logs=None):
        before, step = self.advance(batch)
        if 100 <= step <= 200 and step // 10 > before // 10:  # windows.cbr:11
            self.fired({})
            self.print("f")  # windows.cbr:11


class PrintEveryBatch(Rule, keras.callbacks.Callback):
    """every batch until at_most if loss > 5 print "g" """

    name = "windows.cbr:12"
    place = "windows.cbr:12"
    key = "aa6b25ee6b62:1"

    def __init__(self, *, at_most=300):
        self.at_most = at_most
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        _, step = self.advance(batch)
        logs = logs or {}
        loss = logs.get("loss")
        if step <= self.at_most and loss is not None and loss > 5:  # windows.cbr:12
            self.fired({"loss": loss})
            self.print("g")  # windows.cbr:12


class PrintOnEpochEnd2(Rule, keras.callbacks.Callback):
    """on epoch_end after part print "h" """

    name = "windows.cbr:13"
    place = "windows.cbr:13"
    key = "2a956630f359:1"

    def __init__(self, *, part=0.2):
        self.part = part
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        if epochs is not None and epoch + 1 > share(self.part, epochs):  # windows.cbr:13
            self.fired({})
            self.print("h")  # windows.cbr:13


class PrintOnBatchBegin(Rule, keras.callbacks.Callback):
    """on batch_begin after 50% if step % 100 == 0 print "i" """

    name = "windows.cbr:14"
    place = "windows.cbr:14"
    key = "ec1177c1c8f3:1"

    def on_train_batch_begin(self, batch, logs=None):
        _, step = self.begin()
        epochs = self.epochs
        if (
            epochs is not None and self.epoch > share(0.5, epochs) and step % 100 == 0
        ):  # windows.cbr:14
            self.fired({})
            self.print("i")  # windows.cbr:14

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)


class PrintEvery100Batches(Rule, keras.callbacks.Callback):
    """every 100 batches after from_here epochs print "j" """

    name = "windows.cbr:15"
    place = "windows.cbr:15"
    key = "f58f45ba9a7a:1"

    def __init__(self, *, from_here=5):
        self.from_here = from_here
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        before, step = self.advance(batch)
        if self.epoch > self.from_here and step // 100 > before // 100:  # windows.cbr:15
            self.fired({})
            self.print("j")  # windows.cbr:15


class PrintOnTrainEnd(Rule, keras.callbacks.Callback):
    """on train_end after 3 epochs print "k" """

    name = "windows.cbr:16"
    place = "windows.cbr:16"
    key = "266f65bbfa00:1"

    def on_train_end(self, logs=None):
        if self.epoch > 3:  # windows.cbr:16
            self.fired({})
            self.print("k")  # windows.cbr:16


def callbacks(*, from_here=5, part=0.2, at_most=300):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        PrintOnEpochEnd(),
        PrintOnEpochBegin(),
        PrintEveryEpoch(),
        PrintEvery2Epochs(from_here=from_here),
        PrintOnBatchEnd(),
        PrintEvery10Batches(),
        PrintEveryBatch(at_most=at_most),
        PrintOnEpochEnd2(part=part),
        PrintOnBatchBegin(),
        PrintEvery100Batches(from_here=from_here),
        PrintOnTrainEnd(),
    ]
