"""Training rules, compiled by cbdsl from plateau.cbr."""

import keras

from cbdsl.runtime import Rule, SetsRate, Stalls, text


class Plateau(SetsRate, keras.callbacks.Callback):
    """
    plateau: on epoch_end if val_loss stalls for patience epochs:
        lr *= 0.5
        print "no progress for {patience} epochs: the rate is now {lr:.2e}"
    """

    name = "plateau"
    place = "plateau.cbr:6"
    key = "plateau:fb2ddb696029"
    memory = ("val_loss_stalls",)

    def __init__(self, *, patience=3):
        self.patience = patience
        super().__init__()

    def reset(self):
        super().reset()
        self.val_loss_stalls = Stalls("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_stalls.observe(epoch + 1, val_loss)  # plateau.cbr:6
        if self.val_loss_stalls.holds_for(self.patience):  # plateau.cbr:6
            self.fired({"val_loss": val_loss})
            self.lr *= 0.5  # plateau.cbr:6
            self.print(
                f"no progress for {text(self.patience)} epochs: the rate is now {self.lr:.2e}"
            )  # plateau.cbr:6
            self.val_loss_stalls.restart()


class StopOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if val_loss stalls for 10 epochs by least stop "no progress" """

    name = "plateau.cbr:9"
    place = "plateau.cbr:9"
    key = "0863580428fd:1"
    memory = ("val_loss_stalls",)

    def __init__(self, *, least=0.001):
        self.least = least
        super().__init__()

    def reset(self):
        super().reset()
        self.val_loss_stalls = Stalls("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_stalls.observe(epoch + 1, val_loss, self.least)  # plateau.cbr:9
        if self.val_loss_stalls.holds_for(10):  # plateau.cbr:9
            self.fired({"val_loss": val_loss})
            self.stop("no progress")  # plateau.cbr:9
            self.val_loss_stalls.restart()


class WarnOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if loss stalls for long by 0.01 warn "the training loss does not move" """

    name = "plateau.cbr:10"
    place = "plateau.cbr:10"
    key = "b3809d514162:1"
    memory = ("loss_stalls",)

    def __init__(self, *, long=8):
        self.long = long
        super().__init__()

    def reset(self):
        super().reset()
        self.loss_stalls = Stalls("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        self.loss_stalls.observe(epoch + 1, loss, 0.01)  # plateau.cbr:10
        if self.loss_stalls.holds_for(self.long):  # plateau.cbr:10
            self.fired({"loss": loss})
            self.warn("the training loss does not move")  # plateau.cbr:10
            self.loss_stalls.restart()


def callbacks(*, patience=3, least=0.001, long=8):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        Plateau(patience=patience),
        StopOnEpochEnd(least=least),
        WarnOnEpochEnd(long=long),
    ]
