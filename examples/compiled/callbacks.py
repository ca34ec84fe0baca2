"""Training rules, compiled by cbdsl from rules.cbr."""

import keras

from cbdsl.runtime import Improves, Rule, float32, writing_to


def learning_rate(epoch, lr):
    """slower: every epoch after 2 lr *= 0.99"""
    if epoch >= 2:  # rules.cbr:6
        return lr * 0.99  # rules.cbr:6
    return lr


class GoodEnough(Rule, keras.callbacks.Callback):
    """good_enough: on epoch_end if accuracy > target print "{accuracy:.1%} is enough", stop"""

    name = "good_enough"
    place = "rules.cbr:4"
    key = "good_enough:d70303dd505a"

    def __init__(self, *, target=0.93):
        self.target = target
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        accuracy = logs.get("accuracy")
        if accuracy is not None and accuracy > float32(self.target):  # rules.cbr:4
            self.fired({"accuracy": accuracy})
            self.print(f"{accuracy:.1%} is enough")  # rules.cbr:4
            self.stop()  # rules.cbr:4


class KeepBest(Rule, keras.callbacks.Callback):
    """keep_best: on epoch_end if val_loss improves save "best.weights.h5" """

    name = "keep_best"
    place = "rules.cbr:8"
    key = "keep_best:6b5d8fe4a3b1"
    memory = ("val_loss_improves",)

    def reset(self):
        super().reset()
        self.val_loss_improves = Improves("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_improves.feed(val_loss)  # rules.cbr:8
        if self.val_loss_improves.holds():  # rules.cbr:8
            self.fired({"val_loss": val_loss})
            self.save("best.weights.h5")  # rules.cbr:8


def callbacks(*, target=0.93, run_dir="."):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    made = [
        keras.callbacks.LearningRateScheduler(learning_rate),
        GoodEnough(target=target),
        KeepBest(),
    ]
    return writing_to(run_dir, made)
