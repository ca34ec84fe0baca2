"""Training rules, compiled by cbdsl from plateau_in_batches.cbr."""

import keras

from cbdsl.runtime import Improves, Rule, Stalls, text


class WarnOnBatchEnd(Rule, keras.callbacks.Callback):
    """on batch_end if loss stalls for 100 batches warn "{step}: the loss does not move" """

    name = "plateau_in_batches.cbr:2"
    place = "plateau_in_batches.cbr:2"
    key = "1e33e9d0fa71:1"
    memory = ("loss_stalls",)

    def reset(self):
        super().reset()
        self.loss_stalls = Stalls("lower")

    def on_train_batch_end(self, batch, logs=None):
        _, step = self.advance(batch)
        logs = logs or {}
        loss = logs.get("loss")
        self.loss_stalls.observe(step, loss)  # plateau_in_batches.cbr:2
        if self.loss_stalls.holds_for(100):  # plateau_in_batches.cbr:2
            self.fired({"loss": loss})
            self.warn(f"{step}: the loss does not move")  # plateau_in_batches.cbr:2
            self.loss_stalls.restart()


class PrintEvery50Batches(Rule, keras.callbacks.Callback):
    """every 50 batches after 100 batches if loss improves print "{batch} of {batches}: {loss:.3f}" """

    name = "plateau_in_batches.cbr:3"
    place = "plateau_in_batches.cbr:3"
    key = "60859321117f:1"
    memory = ("loss_improves",)

    def reset(self):
        super().reset()
        self.loss_improves = Improves("lower")

    def on_train_batch_end(self, batch, logs=None):
        before, step = self.advance(batch)
        logs = logs or {}
        batches = self.batches
        loss = logs.get("loss")
        if step <= 100:  # plateau_in_batches.cbr:3
            return
        self.loss_improves.feed(loss)  # plateau_in_batches.cbr:3
        if step // 50 > before // 50 and self.loss_improves.holds():  # plateau_in_batches.cbr:3
            self.fired({"loss": loss})
            self.print(
                f"{self.batch} of {text(batches)}: {text(loss, '.3f')}"
            )  # plateau_in_batches.cbr:3


class StopOnBatchEnd(Rule, keras.callbacks.Callback):
    """on batch_end if loss stalls for 2 epochs stop"""

    name = "plateau_in_batches.cbr:4"
    place = "plateau_in_batches.cbr:4"
    key = "15c58ebb7051:1"
    memory = ("loss_stalls",)

    def reset(self):
        super().reset()
        self.loss_stalls = Stalls("lower")

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        self.loss_stalls.observe(self.epoch, loss)  # plateau_in_batches.cbr:4
        if self.loss_stalls.holds_for(2):  # plateau_in_batches.cbr:4
            self.fired({"loss": loss})
            self.stop()  # plateau_in_batches.cbr:4
            self.loss_stalls.restart()


def callbacks():
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        WarnOnBatchEnd(),
        PrintEvery50Batches(),
        StopOnBatchEnd(),
    ]
