"""Training rules, compiled by cbdsl from schedule_blocks.cbr."""

import keras

from cbdsl.runtime import (
    REST,
    Cosine,
    Cycle,
    Decay,
    EveryBatch,
    Exponential,
    Hold,
    Linear,
    OutsideVariables,
    Polynomial,
    RateSchedule,
    Repeat,
    Rule,
    ScalesRate,
    SettingSchedule,
    Span,
    Sqrt,
    Stalls,
    Step,
    VariableSchedule,
    float32,
    limited,
    text32,
)


class Outside(OutsideVariables, keras.callbacks.Callback):
    """The variables of the caller's, which rules read and set."""

    names = ("temperature",)


class LearningRate(EveryBatch, RateSchedule, keras.callbacks.Callback):
    """
    schedule lr every batch:
        linear from 0 to top over warmup
        hold for 1 epoch
        cosine to 1e-3 over share
        repeat last 1 phase 2 times scaling by 0.5 stretching by 1.5
        hold at 5e-4 for 10 batches
        polynomial(power) to 1e-5 over the rest
    """

    name = "schedule lr"
    place = "schedule_blocks.cbr:9"
    key = "schedule lr:115550c06754"

    def __init__(self, *, top=0.01, warmup=2, share_=0.1, power_=2):
        self.top = top
        self.warmup = warmup
        self.share_ = share_
        self.power_ = power_
        super().__init__()

    def phases(self):
        return [
            Linear(0, self.top, Span(self.warmup, "epoch")),  # schedule_blocks.cbr:10
            Hold(None, Span(1, "epoch")),  # schedule_blocks.cbr:11
            Cosine(None, 0.001, Span(self.share_, "share")),  # schedule_blocks.cbr:12
            Repeat(last=1, times=2, scaling=0.5, stretching=1.5),  # schedule_blocks.cbr:13
            Hold(0.0005, Span(10, "batch")),  # schedule_blocks.cbr:14
            Polynomial(self.power_, None, 1e-05, REST),  # schedule_blocks.cbr:15
        ]

    def within(self, rate):
        return limited(rate, 1e-06, 0.02)


class MomentumSchedule(SettingSchedule, keras.callbacks.Callback):
    """
    schedule optimizer.momentum:
        exponential from 0.8 to 0.9 over 4 epochs
        sqrt to 0.95 over 4 epochs
        cycle from 0.85 to 0.95 every 4 epochs for 8 epochs
        polynomial(3) from 0.9 to 0.8 over 2 epochs
    """

    name = "schedule optimizer.momentum"
    place = "schedule_blocks.cbr:17"
    key = "schedule optimizer.momentum:fc48165fafb5"
    setting_name = "momentum"

    def phases(self):
        return [
            Exponential(0.8, 0.9, Span(4, "epoch")),  # schedule_blocks.cbr:18
            Sqrt(None, 0.95, Span(4, "epoch")),  # schedule_blocks.cbr:19
            Cycle(0.85, 0.95, Span(4, "epoch"), Span(8, "epoch")),  # schedule_blocks.cbr:20
            Polynomial(3, 0.9, 0.8, Span(2, "epoch")),  # schedule_blocks.cbr:21
        ]


class TemperatureSchedule(EveryBatch, VariableSchedule, keras.callbacks.Callback):
    """
    schedule temperature:
        step by 0.5 every 3 epochs for 9 epochs
        decay exponential by 0.9 per 1 epoch for 3 epochs
        decay inverse by 0.5 per 2 epochs for 2 epochs
        decay inverse_sqrt by 0.5 per 10 batches for 1 epoch
        repeat
    """

    name = "schedule temperature"
    place = "schedule_blocks.cbr:23"
    key = "schedule temperature:68430deb13ff"
    variable_name = "temperature"

    def __init__(self, outside):
        self.outside = outside
        super().__init__()

    def phases(self):
        return [
            Step(0.5, Span(3, "epoch"), Span(9, "epoch")),  # schedule_blocks.cbr:24
            Decay("exponential", 0.9, Span(1, "epoch"), Span(3, "epoch")),  # schedule_blocks.cbr:25
            Decay("inverse", 0.5, Span(2, "epoch"), Span(2, "epoch")),  # schedule_blocks.cbr:26
            Decay(
                "inverse_sqrt", 0.5, Span(10, "batch"), Span(1, "epoch")
            ),  # schedule_blocks.cbr:27
            Repeat(),  # schedule_blocks.cbr:28
        ]


class Slower(ScalesRate, keras.callbacks.Callback):
    """slower: on epoch_end if val_loss stalls for 3 epochs lr *= 0.5, wait 2 epochs"""

    name = "slower"
    place = "schedule_blocks.cbr:30"
    key = "slower:3ceb569b1f0d"
    memory = ("val_loss_stalls",)

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate
        super().__init__()

    def reset(self):
        super().reset()
        self.val_loss_stalls = Stalls("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_stalls.observe(epoch + 1, val_loss)  # schedule_blocks.cbr:30
        if self.waiting():  # schedule_blocks.cbr:30
            self.val_loss_stalls.restart()
        elif self.val_loss_stalls.holds_for(3):  # schedule_blocks.cbr:30
            self.fired({"val_loss": val_loss})
            self.scale_lr(0.5)  # schedule_blocks.cbr:30
            self.wait(2, "epoch")  # schedule_blocks.cbr:30
            self.val_loss_stalls.restart()


class LrOnEpochEnd(ScalesRate, keras.callbacks.Callback):
    """on epoch_end if val_loss > 10 lr /= 3"""

    name = "schedule_blocks.cbr:31"
    place = "schedule_blocks.cbr:31"
    key = "e054ba7cf396:1"

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        if val_loss is not None and val_loss > 10:  # schedule_blocks.cbr:31
            self.fired({"val_loss": val_loss})
            self.scale_lr(1 / 3)  # schedule_blocks.cbr:31


class LrEveryEpoch(ScalesRate, keras.callbacks.Callback):
    """every epoch after 5 lr *= 0.99"""

    name = "schedule_blocks.cbr:32"
    place = "schedule_blocks.cbr:32"
    key = "8326c9ed0402:1"

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate
        super().__init__()

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch >= 5:  # schedule_blocks.cbr:32
            self.fired({})
            self.scale_lr(0.99)  # schedule_blocks.cbr:32


class StopOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if temperature < 0.1 stop "cold: {temperature}" """

    name = "schedule_blocks.cbr:33"
    place = "schedule_blocks.cbr:33"
    key = "d8e255413466:1"

    def __init__(self, outside):
        self.outside = outside
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        temperature = self.outside.value("temperature")
        if temperature is not None and temperature < float32(0.1):  # schedule_blocks.cbr:33
            self.fired({})
            self.stop(f"cold: {text32(temperature)}")  # schedule_blocks.cbr:33


def callbacks(*, warmup=2, power_=2, top=0.01, share_=0.1, temperature=None):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    outside = Outside({"temperature": temperature})
    learning_rate = LearningRate(top=top, warmup=warmup, share_=share_, power_=power_)
    return [
        outside,
        learning_rate,
        MomentumSchedule(),
        TemperatureSchedule(outside),
        Slower(learning_rate),
        LrOnEpochEnd(learning_rate),
        LrEveryEpoch(learning_rate),
        StopOnEpochEnd(outside),
    ]
