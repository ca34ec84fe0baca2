"""Training rules, compiled by cbdsl from stop_when_accurate.cbr."""

import keras

from cbdsl.runtime import Rule, float32


class GoodEnough(Rule, keras.callbacks.Callback):
    """good_enough: on epoch_end if accuracy >= target print "accuracy {accuracy:.1%} is enough", stop"""

    name = "good_enough"
    place = "stop_when_accurate.cbr:4"
    key = "good_enough:9c6d5003527b"

    def __init__(self, *, target=0.9):
        self.target = target
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        accuracy = logs.get("accuracy")
        if accuracy is not None and accuracy >= float32(self.target):  # stop_when_accurate.cbr:4
            self.fired({"accuracy": accuracy})
            self.print(f"accuracy {accuracy:.1%} is enough")  # stop_when_accurate.cbr:4
            self.stop()  # stop_when_accurate.cbr:4


class StopOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if val_accuracy > 0.95 stop "validation accuracy {val_accuracy:.2%}" """

    name = "stop_when_accurate.cbr:5"
    place = "stop_when_accurate.cbr:5"
    key = "a7a785d8bdd0:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_accuracy = logs.get("val_accuracy")
        if val_accuracy is not None and val_accuracy > float32(0.95):  # stop_when_accurate.cbr:5
            self.fired({"val_accuracy": val_accuracy})
            self.stop(f"validation accuracy {val_accuracy:.2%}")  # stop_when_accurate.cbr:5


def callbacks(*, target=0.9):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        GoodEnough(target=target),
        StopOnEpochEnd(),
    ]
