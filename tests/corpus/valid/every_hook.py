"""Training rules, compiled by cbdsl from every_hook.cbr."""

import keras

from cbdsl.runtime import Rule, text32


class PrintOnTrainBegin(Rule, keras.callbacks.Callback):
    """on train_begin print "train begin" """

    name = "every_hook.cbr:1"
    place = "every_hook.cbr:1"
    key = "a96e098aca8a:1"

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.fired({})
        self.print("train begin")  # every_hook.cbr:1


class PrintOnTrainEnd(Rule, keras.callbacks.Callback):
    """on train_end print "train end after {epoch} epochs" """

    name = "every_hook.cbr:2"
    place = "every_hook.cbr:2"
    key = "e1257233123a:1"

    def on_train_end(self, logs=None):
        self.fired({})
        self.print(f"train end after {self.epoch} epochs")  # every_hook.cbr:2


class PrintOnEpochBegin(Rule, keras.callbacks.Callback):
    """on epoch_begin print "epoch {epoch} begins" """

    name = "every_hook.cbr:3"
    place = "every_hook.cbr:3"
    key = "7e643ea337ec:1"

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self.fired({})
        self.print(f"epoch {epoch + 1} begins")  # every_hook.cbr:3


class PrintOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end print "epoch {epoch} ends" """

    name = "every_hook.cbr:4"
    place = "every_hook.cbr:4"
    key = "534fbce34638:1"

    def on_epoch_end(self, epoch, logs=None):
        self.fired({})
        self.print(f"epoch {epoch + 1} ends")  # every_hook.cbr:4


class PrintOnBatchBegin(Rule, keras.callbacks.Callback):
    """on batch_begin if batch == 1 print "batch begins" """

    name = "every_hook.cbr:5"
    place = "every_hook.cbr:5"
    key = "582cb6da28b7:1"

    def on_train_batch_begin(self, batch, logs=None):
        self.begin()
        if self.batch + 1 == 1:  # every_hook.cbr:5
            self.fired({})
            self.print("batch begins")  # every_hook.cbr:5

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)


class PrintOnBatchEnd(Rule, keras.callbacks.Callback):
    """on batch_end if batch == batches print "last batch" """

    name = "every_hook.cbr:6"
    place = "every_hook.cbr:6"
    key = "5131d8c0224a:1"

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)
        batches = self.batches
        if batches is not None and self.batch == batches:  # every_hook.cbr:6
            self.fired({})
            self.print("last batch")  # every_hook.cbr:6


class PrintOnTestBegin(Rule, keras.callbacks.Callback):
    """on test_begin print "validation begins" """

    name = "every_hook.cbr:7"
    place = "every_hook.cbr:7"
    key = "f5a0beadcfa6:1"

    def on_test_begin(self, logs=None):
        self.fired({})
        self.print("validation begins")  # every_hook.cbr:7


class PrintOnTestEnd(Rule, keras.callbacks.Callback):
    """on test_end if loss > 1 print "validation loss {loss:.3f}" """

    name = "every_hook.cbr:8"
    place = "every_hook.cbr:8"
    key = "de97620e676a:1"

    def on_test_end(self, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and loss > 1:  # every_hook.cbr:8
            self.fired({"loss": loss})
            self.print(f"validation loss {loss:.3f}")  # every_hook.cbr:8


class PrintOnTestBatchBegin(Rule, keras.callbacks.Callback):
    """on test_batch_begin once print "first validation batch" """

    name = "every_hook.cbr:9"
    place = "every_hook.cbr:9"
    key = "b7e61b324349:1"

    def on_test_batch_begin(self, batch, logs=None):
        if self.firings == 0:  # every_hook.cbr:9
            self.fired({})
            self.print("first validation batch")  # every_hook.cbr:9


class PrintOnTestBatchEnd(Rule, keras.callbacks.Callback):
    """on test_batch_end if loss > 2 then once print "a bad validation batch: {loss}" """

    name = "every_hook.cbr:10"
    place = "every_hook.cbr:10"
    key = "49a774592d7b:1"

    def on_test_batch_end(self, batch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if self.firings == 0 and loss is not None and loss > 2:  # every_hook.cbr:10
            self.fired({"loss": loss})
            self.print(f"a bad validation batch: {text32(loss)}")  # every_hook.cbr:10


class PrintOnPredictBegin(Rule, keras.callbacks.Callback):
    """on predict_begin print "prediction begins" """

    name = "every_hook.cbr:11"
    place = "every_hook.cbr:11"
    key = "642b11acca94:1"

    def on_predict_begin(self, logs=None):
        self.fired({})
        self.print("prediction begins")  # every_hook.cbr:11


class PrintOnPredictEnd(Rule, keras.callbacks.Callback):
    """on predict_end print "prediction ends" """

    name = "every_hook.cbr:12"
    place = "every_hook.cbr:12"
    key = "331171aff1fe:1"

    def on_predict_end(self, logs=None):
        self.fired({})
        self.print("prediction ends")  # every_hook.cbr:12


class PrintOnPredictBatchBegin(Rule, keras.callbacks.Callback):
    """on predict_batch_begin once print "first prediction batch" """

    name = "every_hook.cbr:13"
    place = "every_hook.cbr:13"
    key = "53341ac5bd5a:1"

    def on_predict_batch_begin(self, batch, logs=None):
        if self.firings == 0:  # every_hook.cbr:13
            self.fired({})
            self.print("first prediction batch")  # every_hook.cbr:13


class PrintOnPredictBatchEnd(Rule, keras.callbacks.Callback):
    """on predict_batch_end once print "first prediction batch done" """

    name = "every_hook.cbr:14"
    place = "every_hook.cbr:14"
    key = "379f2f82500a:1"

    def on_predict_batch_end(self, batch, logs=None):
        if self.firings == 0:  # every_hook.cbr:14
            self.fired({})
            self.print("first prediction batch done")  # every_hook.cbr:14


def callbacks():
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        PrintOnTrainBegin(),
        PrintOnTrainEnd(),
        PrintOnEpochBegin(),
        PrintOnEpochEnd(),
        PrintOnBatchBegin(),
        PrintOnBatchEnd(),
        PrintOnTestBegin(),
        PrintOnTestEnd(),
        PrintOnTestBatchBegin(),
        PrintOnTestBatchEnd(),
        PrintOnPredictBegin(),
        PrintOnPredictEnd(),
        PrintOnPredictBatchBegin(),
        PrintOnPredictBatchEnd(),
    ]
