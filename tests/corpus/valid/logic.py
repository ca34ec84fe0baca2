"""Training rules, compiled by cbdsl from logic.cbr."""

import keras

from cbdsl.runtime import Improves, Rule, Stalls, float32


class PrintOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if loss < 1 and accuracy > 0.5 or val_loss < 0.2 print "a" """

    name = "logic.cbr:4"
    place = "logic.cbr:4"
    key = "297db651856b:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        accuracy = logs.get("accuracy")
        val_loss = logs.get("val_loss")
        if (loss is not None and loss < 1 and accuracy is not None and accuracy > 0.5) or (
            val_loss is not None and val_loss < float32(0.2)
        ):  # logic.cbr:4
            self.fired({"loss": loss, "accuracy": accuracy, "val_loss": val_loss})
            self.print("a")  # logic.cbr:4


class PrintOnEpochEnd2(Rule, keras.callbacks.Callback):
    """on epoch_end if loss < 1 and (accuracy > 0.5 or val_loss < 0.2) print "b" """

    name = "logic.cbr:5"
    place = "logic.cbr:5"
    key = "b3f0cf6eadea:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        accuracy = logs.get("accuracy")
        val_loss = logs.get("val_loss")
        if (
            loss is not None
            and loss < 1
            and (
                (accuracy is not None and accuracy > 0.5)
                or (val_loss is not None and val_loss < float32(0.2))
            )
        ):  # logic.cbr:5
            self.fired({"loss": loss, "accuracy": accuracy, "val_loss": val_loss})
            self.print("b")  # logic.cbr:5


class PrintOnEpochEnd3(Rule, keras.callbacks.Callback):
    """on epoch_end if not (loss < 1 or accuracy > 0.5) and not val_loss > 3 print "c" """

    name = "logic.cbr:6"
    place = "logic.cbr:6"
    key = "3c3c825aa500:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        accuracy = logs.get("accuracy")
        val_loss = logs.get("val_loss")
        if (
            loss is not None
            and not loss < 1
            and accuracy is not None
            and not accuracy > 0.5
            and val_loss is not None
            and not val_loss > 3
        ):  # logic.cbr:6
            self.fired({"loss": loss, "accuracy": accuracy, "val_loss": val_loss})
            self.print("c")  # logic.cbr:6


class PrintOnEpochEnd4(Rule, keras.callbacks.Callback):
    """on epoch_end if 0.1 < loss <= 2 print "d" """

    name = "logic.cbr:7"
    place = "logic.cbr:7"
    key = "b8c0641eecb1:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and float32(0.1) < loss <= 2:  # logic.cbr:7
            self.fired({"loss": loss})
            self.print("d")  # logic.cbr:7


class PrintOnEpochEnd5(Rule, keras.callbacks.Callback):
    """on epoch_end if not 0.1 < loss < val_loss < 3 print "e" """

    name = "logic.cbr:8"
    place = "logic.cbr:8"
    key = "81be34ddd018:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        val_loss = logs.get("val_loss")
        if (
            (loss is not None and not float32(0.1) < loss)
            or (loss is not None and val_loss is not None and not loss < val_loss)
            or (val_loss is not None and not val_loss < 3)
        ):  # logic.cbr:8
            self.fired({"loss": loss, "val_loss": val_loss})
            self.print("e")  # logic.cbr:8


class PrintOnEpochEnd6(Rule, keras.callbacks.Callback):
    """on epoch_end if loud and not strict print "f" """

    name = "logic.cbr:9"
    place = "logic.cbr:9"
    key = "d934ad76bd2f:1"

    def __init__(self, *, loud=True, strict=False):
        self.loud = loud
        self.strict = strict
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        if self.loud and not self.strict:  # logic.cbr:9
            self.fired({})
            self.print("f")  # logic.cbr:9


class PrintOnEpochEnd7(Rule, keras.callbacks.Callback):
    """on epoch_end if true and (loss > 1 or false) print "g" """

    name = "logic.cbr:10"
    place = "logic.cbr:10"
    key = "6251d5ee88a9:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if True and ((loss is not None and loss > 1) or False):  # logic.cbr:10
            self.fired({"loss": loss})
            self.print("g")  # logic.cbr:10


class PrintOnEpochEnd8(Rule, keras.callbacks.Callback):
    """on epoch_end if epoch != 3 and epoch == epochs print "h" """

    name = "logic.cbr:11"
    place = "logic.cbr:11"
    key = "9d37cb41f77e:1"

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        if epoch + 1 != 3 and epochs is not None and epoch + 1 == epochs:  # logic.cbr:11
            self.fired({})
            self.print("h")  # logic.cbr:11


class PrintOnEpochEnd9(Rule, keras.callbacks.Callback):
    """on epoch_end if not not loss > 1 print "i" """

    name = "logic.cbr:12"
    place = "logic.cbr:12"
    key = "1c4a4dff8d8d:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and loss > 1:  # logic.cbr:12
            self.fired({"loss": loss})
            self.print("i")  # logic.cbr:12


class PrintOnEpochEnd10(Rule, keras.callbacks.Callback):
    """on epoch_end if ((loss)) > ((1)) print "j" """

    name = "logic.cbr:13"
    place = "logic.cbr:13"
    key = "6fb4a6099f11:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and loss > 1:  # logic.cbr:13
            self.fired({"loss": loss})
            self.print("j")  # logic.cbr:13


class PrintOnEpochEnd11(Rule, keras.callbacks.Callback):
    """on epoch_end if val_loss improves or accuracy stalls for 3 epochs print "k" """

    name = "logic.cbr:14"
    place = "logic.cbr:14"
    key = "1e29d7641faf:1"
    memory = ("val_loss_improves", "accuracy_stalls")

    def reset(self):
        super().reset()
        self.val_loss_improves = Improves("lower")
        self.accuracy_stalls = Stalls("higher")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        accuracy = logs.get("accuracy")
        self.val_loss_improves.feed(val_loss)  # logic.cbr:14
        self.accuracy_stalls.observe(epoch + 1, accuracy)  # logic.cbr:14
        if self.val_loss_improves.holds() or self.accuracy_stalls.holds_for(3):  # logic.cbr:14
            self.fired({"val_loss": val_loss, "accuracy": accuracy})
            self.print("k")  # logic.cbr:14
            self.accuracy_stalls.restart()


class PrintOnEpochEnd12(Rule, keras.callbacks.Callback):
    """on epoch_end if not val_loss improves print "l" """

    name = "logic.cbr:15"
    place = "logic.cbr:15"
    key = "4bf9bcb50946:1"
    memory = ("val_loss_improves",)

    def reset(self):
        super().reset()
        self.val_loss_improves = Improves("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_improves.feed(val_loss)  # logic.cbr:15
        if self.val_loss_improves.fails():  # logic.cbr:15
            self.fired({"val_loss": val_loss})
            self.print("l")  # logic.cbr:15


def callbacks(*, loud=True, strict=False):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        PrintOnEpochEnd(),
        PrintOnEpochEnd2(),
        PrintOnEpochEnd3(),
        PrintOnEpochEnd4(),
        PrintOnEpochEnd5(),
        PrintOnEpochEnd6(loud=loud, strict=strict),
        PrintOnEpochEnd7(),
        PrintOnEpochEnd8(),
        PrintOnEpochEnd9(),
        PrintOnEpochEnd10(),
        PrintOnEpochEnd11(),
        PrintOnEpochEnd12(),
    ]
