"""Training rules, compiled by cbdsl from spans.cbr."""

import functools

import keras

from cbdsl.runtime import Held, Rule, Stalls, float32, share, span_text, text, time_text


def lr_at_epoch(epoch, lr, *, epochs=None, half=0.5):
    """at half lr = 0.001"""
    if epochs is not None and epoch <= share(half, epochs) < epoch + 1:  # spans.cbr:11
        return 0.001  # spans.cbr:11
    return lr


def lr_at_epoch2(epoch, lr, *, few=2):
    """at epoch few, 5 lr *= 0.1"""
    if epoch + 1 in (few, 5):  # spans.cbr:12
        return lr * 0.1  # spans.cbr:12
    return lr


def learning_rate(epoch, lr, *, epochs=None, half=0.5, few=2):
    """The rate of the epoch that begins, counted from 0: all rules in their order."""
    lr = float32(lr_at_epoch(epoch, lr, epochs=epochs, half=half))
    return lr_at_epoch2(epoch, lr, few=few)


class LearningRate(keras.callbacks.LearningRateScheduler):
    """Tells `learning_rate` how many epochs are planned."""

    def on_train_begin(self, logs=None):
        epochs = self.params["epochs"]
        self.schedule = functools.partial(self.schedule, epochs=epochs)


class PrintEveryPause(Rule, keras.callbacks.Callback):
    """every pause print "{elapsed}, every {pause}" """

    name = "spans.cbr:8"
    place = "spans.cbr:8"
    key = "24fb93c25050:1"

    def __init__(self, *, pause=600):
        self.pause = pause
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        earlier, elapsed = self.tick()
        if elapsed // self.pause > earlier // self.pause:  # spans.cbr:8
            self.fired({})
            self.print(f"{time_text(elapsed)}, every {time_text(self.pause)}")  # spans.cbr:8


class PrintEveryStride(Rule, keras.callbacks.Callback):
    """every stride after few print "{stride} {many}" """

    name = "spans.cbr:9"
    place = "spans.cbr:9"
    key = "429fc983ba75:1"

    def __init__(self, *, stride=3, few=2, many=200):
        self.stride = stride
        self.few = few
        self.many = many
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        if epoch >= self.few and (epoch + 1) % self.stride == 0:  # spans.cbr:9
            self.fired({})
            self.print(
                f"{span_text(self.stride, 'epoch')} {span_text(self.many, 'batch')}"
            )  # spans.cbr:9


class PrintEveryMany(Rule, keras.callbacks.Callback):
    """every many until half if loss > 1 print "{step}" """

    name = "spans.cbr:10"
    place = "spans.cbr:10"
    key = "27e8326a6ada:1"

    def __init__(self, *, many=200, half=0.5):
        self.many = many
        self.half = half
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        before, step = self.advance(batch)
        logs = logs or {}
        epochs = self.epochs
        loss = logs.get("loss")
        if (
            epochs is not None
            and self.epoch <= share(self.half, epochs)
            and step // self.many > before // self.many
            and loss is not None
            and loss > 1
        ):  # spans.cbr:10
            self.fired({"loss": loss})
            self.print(f"{step}")  # spans.cbr:10


class PrintEveryMinute(Rule, keras.callbacks.Callback):
    """every few minutes until 2 hours print "{few} minutes" """

    name = "spans.cbr:13"
    place = "spans.cbr:13"
    key = "0595bb8ce792:1"

    def __init__(self, *, few=2):
        self.few = few
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        earlier, elapsed = self.tick()
        if elapsed <= 7200 and elapsed // (60 * self.few) > earlier // (
            60 * self.few
        ):  # spans.cbr:13
            self.fired({})
            self.print(f"{text(self.few)} minutes")  # spans.cbr:13


class PrintOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if loss > 1 for stride and loss stalls for many then at most few times print "held", wait stride"""

    name = "spans.cbr:14"
    place = "spans.cbr:14"
    key = "48aa8a0f10a8:1"
    memory = ("loss_held", "loss_stalls")

    def __init__(self, *, stride=3, many=200, few=2):
        self.stride = stride
        self.many = many
        self.few = few
        super().__init__()

    def reset(self):
        super().reset()
        self.loss_held = Held()
        self.loss_stalls = Stalls("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        self.loss_held.observe(
            epoch + 1, holds=loss is not None and loss > 1, fails=loss is not None and not loss > 1
        )  # spans.cbr:14
        self.loss_stalls.observe(self.step, loss)  # spans.cbr:14
        if self.waiting():  # spans.cbr:14
            self.loss_held.restart()
            self.loss_stalls.restart()
        elif (
            self.firings < self.few
            and self.loss_held.holds_for(self.stride)
            and self.loss_stalls.holds_for(self.many)
        ):  # spans.cbr:14
            self.fired({"loss": loss})
            self.print("held")  # spans.cbr:14
            self.wait(self.stride, "epoch")  # spans.cbr:14
            self.loss_held.restart()
            self.loss_stalls.restart()

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)


class PrintOnBatchEnd(Rule, keras.callbacks.Callback):
    """on batch_end after pause if loss > 1 for few batches print "held", wait pause"""

    name = "spans.cbr:15"
    place = "spans.cbr:15"
    key = "5d7a64ad7ca4:1"
    memory = ("loss_held",)

    def __init__(self, *, pause=600, few=2):
        self.pause = pause
        self.few = few
        super().__init__()

    def reset(self):
        super().reset()
        self.loss_held = Held()

    def on_train_batch_end(self, batch, logs=None):
        _, step = self.advance(batch)
        logs = logs or {}
        elapsed = self.elapsed
        loss = logs.get("loss")
        if elapsed <= self.pause:  # spans.cbr:15
            return
        self.loss_held.observe(
            step, holds=loss is not None and loss > 1, fails=loss is not None and not loss > 1
        )  # spans.cbr:15
        if self.waiting():  # spans.cbr:15
            self.loss_held.restart()
        elif self.loss_held.holds_for(self.few):  # spans.cbr:15
            self.fired({"loss": loss})
            self.print("held")  # spans.cbr:15
            self.wait(self.pause, "second")  # spans.cbr:15
            self.loss_held.restart()


class PrintOnBatchEnd2(Rule, keras.callbacks.Callback):
    """on batch_end if loss > 3 print "waits", wait few batches"""

    name = "spans.cbr:16"
    place = "spans.cbr:16"
    key = "b8edb3c803c0:1"

    def __init__(self, *, few=2):
        self.few = few
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)
        logs = logs or {}
        loss = logs.get("loss")
        if not self.waiting() and loss is not None and loss > 3:  # spans.cbr:16
            self.fired({"loss": loss})
            self.print("waits")  # spans.cbr:16
            self.wait(self.few, "batch")  # spans.cbr:16


def callbacks(*, half=0.5, pause=600, stride=3, many=200, few=2):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        LearningRate(functools.partial(learning_rate, half=half, few=few)),
        PrintEveryPause(pause=pause),
        PrintEveryStride(stride=stride, few=few, many=many),
        PrintEveryMany(many=many, half=half),
        PrintEveryMinute(few=few),
        PrintOnEpochEnd(stride=stride, many=many, few=few),
        PrintOnBatchEnd(pause=pause, few=few),
        PrintOnBatchEnd2(few=few),
    ]
