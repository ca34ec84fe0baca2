"""Training rules, compiled by cbdsl from rules.cbr."""

import math
import os

import keras

from cbdsl.runtime import (
    REST,
    BatchSnapshots,
    Best,
    Calls,
    Change,
    Cosine,
    Count,
    Crosses,
    Cycle,
    Decay,
    Ema,
    EveryBatch,
    Exponential,
    Fails,
    Freezes,
    Functions,
    Held,
    Highest,
    Hold,
    Improves,
    Keeps,
    Linear,
    Lowest,
    Mean,
    Median,
    Moves,
    Notices,
    Notifies,
    OutsideVariables,
    PerBatch,
    Polynomial,
    Prev,
    Quantile,
    RateSchedule,
    RecordedMetrics,
    Records,
    Repeat,
    Restores,
    Rule,
    ScalesRate,
    SetsOptimizer,
    SettingSchedule,
    Shared,
    SinceBest,
    Slope,
    Span,
    Sqrt,
    Stalls,
    Std,
    Step,
    TrainingFailures,
    VariableSchedule,
    Zscore,
    ceil,
    clamp,
    cos,
    exp,
    float32,
    floor,
    limited,
    listed,
    log,
    log10,
    maximum,
    minimum,
    names,
    power,
    reported,
    rounded,
    share,
    sin,
    sqrt,
    tanh,
    text,
    text32,
    time_text,
    writing_to,
)


class Variables(Shared, keras.callbacks.Callback):
    """The variables of the rules, set again whenever training begins."""

    start = {"warned": False, "cuts": 0.0}


class Outside(OutsideVariables, keras.callbacks.Callback):
    """The variables of the caller's, which rules read and set."""

    names = ("noise",)


class Recorded(RecordedMetrics, keras.callbacks.Callback):
    """The metrics that rules record: in the logs of every epoch, nan where none did."""

    names = ("share of errors",)


class Snapshots(BatchSnapshots, keras.callbacks.Callback):
    """The weights that rules go back to."""

    best = {"val_loss": "lower"}
    rolled_to = frozenset({"val_loss"})
    good = True
    made = frozenset({"gap", "share of errors", "smooth"})


class Messages(Notices, keras.callbacks.Callback):
    """Sends the messages of rules to the addresses that the caller gives."""


class Failures(TrainingFailures, keras.callbacks.Callback):
    """Raises what a rule has the training fail with, when everything else is done."""


class LearningRate(EveryBatch, RateSchedule, keras.callbacks.Callback):
    """
    schedule lr every batch:
        linear from 0 to 0.01 over span
        hold for 10 batches
        cosine to 0.002 over 30%
        repeat last 1 phase 2 times scaling by 0.5 stretching by 1.5
        polynomial(2) to 1e-4 over the rest
    """

    name = "schedule lr"
    place = "rules.cbr:28"
    key = "schedule lr:d173b40cb1f0"

    def __init__(self, *, span=2):
        self.span = span
        super().__init__()

    def phases(self):
        return [
            Linear(0, 0.01, Span(self.span, "epoch")),  # rules.cbr:29
            Hold(None, Span(10, "batch")),  # rules.cbr:30
            Cosine(None, 0.002, Span(0.3, "share")),  # rules.cbr:31
            Repeat(last=1, times=2, scaling=0.5, stretching=1.5),  # rules.cbr:32
            Polynomial(2, None, 0.0001, REST),  # rules.cbr:33
        ]

    def within(self, rate):
        return limited(rate, 1e-06, 0.05)


class Beta1Schedule(SettingSchedule, keras.callbacks.Callback):
    """
    schedule optimizer.beta_1:
        exponential from 0.85 to 0.9 over 3 epochs
        sqrt to 0.95 over 2 epochs
        hold at 0.9 for 1 epoch
        step by 0.99 every 1 epoch for 2 epochs
        cycle from 0.85 to 0.9 every 2 epochs for the rest
    """

    name = "schedule optimizer.beta_1"
    place = "rules.cbr:35"
    key = "schedule optimizer.beta_1:ba45a8a15c0f"
    setting_name = "beta_1"

    def phases(self):
        return [
            Exponential(0.85, 0.9, Span(3, "epoch")),  # rules.cbr:36
            Sqrt(None, 0.95, Span(2, "epoch")),  # rules.cbr:37
            Hold(0.9, Span(1, "epoch")),  # rules.cbr:38
            Step(0.99, Span(1, "epoch"), Span(2, "epoch")),  # rules.cbr:39
            Cycle(0.85, 0.9, Span(2, "epoch"), REST),  # rules.cbr:40
        ]


class NoiseSchedule(VariableSchedule, keras.callbacks.Callback):
    """
    schedule noise:
        decay exponential by 0.9 per 1 epoch for 2 epochs
        decay inverse by 0.5 per 2 epochs for 2 epochs
        decay inverse_sqrt by 0.5 per 2 epochs for the rest
    """

    name = "schedule noise"
    place = "rules.cbr:42"
    key = "schedule noise:0f79e5d18f4a"
    variable_name = "noise"

    def __init__(self, outside):
        self.outside = outside
        super().__init__()

    def phases(self):
        return [
            Decay("exponential", 0.9, Span(1, "epoch"), Span(2, "epoch")),  # rules.cbr:43
            Decay("inverse", 0.5, Span(2, "epoch"), Span(2, "epoch")),  # rules.cbr:44
            Decay("inverse_sqrt", 0.5, Span(2, "epoch"), REST),  # rules.cbr:45
        ]


class Gap(Rule, keras.callbacks.Callback):
    """metric gap = val_loss - loss"""

    name = "gap"
    place = "rules.cbr:13"
    key = "metric gap:e0faa3f95e51"

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        val_loss = logs.get("val_loss")
        loss = logs.get("loss")
        logs["gap"] = reported(
            None if val_loss is None or loss is None else val_loss - loss
        )  # rules.cbr:13


class Smooth(Rule, keras.callbacks.Callback):
    """metric smooth = ema(val_loss, 0.3)"""

    name = "smooth"
    place = "rules.cbr:14"
    key = "metric smooth:1b78009235f2"
    memory = ("ema_val_loss",)

    def reset(self):
        super().reset()
        self.ema_val_loss = Ema(0.3)

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        val_loss = logs.get("val_loss")
        ema_val_loss = self.ema_val_loss.feed(val_loss)  # rules.cbr:14
        logs["smooth"] = reported(ema_val_loss)  # rules.cbr:14


class Far(Rule, keras.callbacks.Callback):
    """
    far: on epoch_end if abs(change(loss)) > 1 or zscore(loss, 5) > 4:
        print "a jump: {prev(loss):.3f} to {loss:.3f}"
    """

    name = "far"
    place = "more.cbr:4"
    key = "far:509b50bfe468"
    memory = ("change_loss", "zscore_loss_5", "prev_loss")

    def reset(self):
        super().reset()
        self.change_loss = Change()
        self.zscore_loss_5 = Zscore(5)
        self.prev_loss = Prev()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        change_loss = self.change_loss.feed(loss)  # more.cbr:4
        zscore_loss_5 = self.zscore_loss_5.feed(loss)  # more.cbr:4
        prev_loss = self.prev_loss.feed(loss)  # more.cbr:4
        if (change_loss is not None and abs(change_loss) > 1) or (
            zscore_loss_5 is not None and zscore_loss_5 > 4
        ):  # more.cbr:4
            self.fired(
                {
                    "loss": loss,
                    "change(loss)": change_loss,
                    "zscore(loss, 5)": zscore_loss_5,
                    "prev(loss)": prev_loss,
                }
            )
            self.print(f"a jump: {text(prev_loss, '.3f')} to {text(loss, '.3f')}")  # more.cbr:4


class Calm(Rule, keras.callbacks.Callback):
    """
    calm: on epoch_end if (std(loss, 3) < 0.001 and slope(loss, 3) > -0.001) for 3 epochs:
        print "nothing moves"
    """

    name = "calm"
    place = "more.cbr:6"
    key = "calm:c8c1dd9881fb"
    memory = ("std_loss_3", "slope_loss_3", "loss_held")

    def reset(self):
        super().reset()
        self.std_loss_3 = Std(3)
        self.slope_loss_3 = Slope(3)
        self.loss_held = Held()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        std_loss_3 = self.std_loss_3.feed(loss)  # more.cbr:6
        slope_loss_3 = self.slope_loss_3.feed(loss)  # more.cbr:6
        self.loss_held.observe(
            epoch + 1,
            holds=std_loss_3 is not None
            and std_loss_3 < 0.001
            and slope_loss_3 is not None
            and slope_loss_3 > -0.001,
            fails=(std_loss_3 is not None and not std_loss_3 < 0.001)
            or (slope_loss_3 is not None and not slope_loss_3 > -0.001),
        )  # more.cbr:6
        if self.loss_held.holds_for(3):  # more.cbr:6
            self.fired({"loss": loss, "std(loss, 3)": std_loss_3, "slope(loss, 3)": slope_loss_3})
            self.print("nothing moves")  # more.cbr:6
            self.loss_held.restart()


class Wild(Rule, keras.callbacks.Callback):
    """wild: on epoch_end if highest(loss, 4) - lowest(loss, 4) > clamp(level, 0.1, 10) print "it swings" """

    name = "wild"
    place = "more.cbr:8"
    key = "wild:3f95018c084a"
    memory = ("highest_loss_4", "lowest_loss_4")

    def __init__(self, *, level=0.5):
        self.level = level
        super().__init__()

    def reset(self):
        super().reset()
        self.highest_loss_4 = Highest(4)
        self.lowest_loss_4 = Lowest(4)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        highest_loss_4 = self.highest_loss_4.feed(loss)  # more.cbr:8
        lowest_loss_4 = self.lowest_loss_4.feed(loss)  # more.cbr:8
        if (
            highest_loss_4 is not None
            and lowest_loss_4 is not None
            and highest_loss_4 - lowest_loss_4 > clamp(self.level, 0.1, 10)
        ):  # more.cbr:8
            self.fired(
                {"loss": loss, "highest(loss, 4)": highest_loss_4, "lowest(loss, 4)": lowest_loss_4}
            )
            self.print("it swings")  # more.cbr:8


class Stale(Rule, keras.callbacks.Callback):
    """
    stale: on epoch_end if since_best(val_loss) > 5 or val_loss stalls for 4 values:
        print "best was {best(val_loss):.4f}"
    """

    name = "stale"
    place = "more.cbr:9"
    key = "stale:07d043ac84c6"
    memory = ("since_best_val_loss", "val_loss_stalls", "best_val_loss")

    def reset(self):
        super().reset()
        self.since_best_val_loss = SinceBest("lower")
        self.val_loss_stalls = Stalls("lower")
        self.best_val_loss = Best("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        since_best_val_loss = self.since_best_val_loss.feed(val_loss)  # more.cbr:9
        self.val_loss_stalls.count(val_loss)  # more.cbr:9
        best_val_loss = self.best_val_loss.feed(val_loss)  # more.cbr:9
        if (
            since_best_val_loss is not None and since_best_val_loss > 5
        ) or self.val_loss_stalls.holds_for(4):  # more.cbr:9
            self.fired(
                {
                    "val_loss": val_loss,
                    "since_best(val_loss)": since_best_val_loss,
                    "best(val_loss)": best_val_loss,
                }
            )
            self.print(f"best was {text(best_val_loss, '.4f')}")  # more.cbr:9
            self.val_loss_stalls.restart()


class Falling(Rule, keras.callbacks.Callback):
    """falling: on epoch_end if val_loss falls and loss rises print "validation falls, training does not" """

    name = "falling"
    place = "more.cbr:11"
    key = "falling:6f7f99705fe7"
    memory = ("val_loss_falls", "loss_rises")

    def reset(self):
        super().reset()
        self.val_loss_falls = Moves("falls")
        self.loss_rises = Moves("rises")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        loss = logs.get("loss")
        self.val_loss_falls.feed(val_loss)  # more.cbr:11
        self.loss_rises.feed(loss)  # more.cbr:11
        if self.val_loss_falls.holds() and self.loss_rises.holds():  # more.cbr:11
            self.fired({"val_loss": val_loss, "loss": loss})
            self.print("validation falls, training does not")  # more.cbr:11


class Past(Rule, keras.callbacks.Callback):
    """past: on epoch_end if accuracy crosses above 90% print "past 90 %: {metrics}" """

    name = "past"
    place = "more.cbr:12"
    key = "past:eb354e87f144"
    memory = ("accuracy_crosses",)

    def reset(self):
        super().reset()
        self.accuracy_crosses = Crosses("above")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        accuracy = logs.get("accuracy")
        self.accuracy_crosses.feed(accuracy, float32(0.9))  # more.cbr:12
        if self.accuracy_crosses.holds():  # more.cbr:12
            self.fired({"accuracy": accuracy})
            self.print(f"past 90 %: {names(logs)}")  # more.cbr:12


class Under(Rule, keras.callbacks.Callback):
    """under: on epoch_end if accuracy crosses below level print "under {level}" """

    name = "under"
    place = "more.cbr:13"
    key = "under:0e8938317d76"
    memory = ("accuracy_crosses",)

    def __init__(self, *, level=0.5):
        self.level = level
        super().__init__()

    def reset(self):
        super().reset()
        self.accuracy_crosses = Crosses("below")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        accuracy = logs.get("accuracy")
        self.accuracy_crosses.feed(accuracy, float32(self.level))  # more.cbr:13
        if self.accuracy_crosses.holds():  # more.cbr:13
            self.fired({"accuracy": accuracy})
            self.print(f"under {text(self.level)}")  # more.cbr:13


class Band(Rule, keras.callbacks.Callback):
    """band: on epoch_end if 0.1 < loss < 2 and not median(loss, 3) is finite print "odd" """

    name = "band"
    place = "more.cbr:14"
    key = "band:94325c486724"
    memory = ("median_loss_3",)

    def reset(self):
        super().reset()
        self.median_loss_3 = Median(3)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        median_loss_3 = self.median_loss_3.feed(loss)  # more.cbr:14
        if (
            loss is not None
            and float32(0.1) < loss < 2
            and median_loss_3 is not None
            and not math.isfinite(median_loss_3)
        ):  # more.cbr:14
            self.fired({"loss": loss, "median(loss, 3)": median_loss_3})
            self.print("odd")  # more.cbr:14


class Often(Rule, keras.callbacks.Callback):
    """often: on epoch_end if count(loss > quantile(loss, 0.9, 5)) >= 3 print "the loss is high" """

    name = "often"
    place = "more.cbr:15"
    key = "often:2462c5152f5b"
    memory = ("quantile_loss_5", "count_loss")

    def reset(self):
        super().reset()
        self.quantile_loss_5 = Quantile(0.9, 5)
        self.count_loss = Count()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        quantile_loss_5 = self.quantile_loss_5.feed(loss)  # more.cbr:15
        self.count_loss.feed(
            loss is not None and quantile_loss_5 is not None and loss > quantile_loss_5
        )  # more.cbr:15
        if self.count_loss.value >= 3:  # more.cbr:15
            self.fired(
                {
                    "loss": loss,
                    "count(loss > quantile(loss, 0.9, 5))": self.count_loss.value,
                    "quantile(loss, 0.9, 5)": quantile_loss_5,
                }
            )
            self.print("the loss is high")  # more.cbr:15


class Means(Rule, keras.callbacks.Callback):
    """means: on epoch_end if mean(loss, 3) >= max(level, min(1, 2)) print "mean {mean(loss, 3):.3f}" """

    name = "means"
    place = "more.cbr:16"
    key = "means:9e77d12627a4"
    memory = ("mean_loss_3",)

    def __init__(self, *, level=0.5):
        self.level = level
        super().__init__()

    def reset(self):
        super().reset()
        self.mean_loss_3 = Mean(3)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        mean_loss_3 = self.mean_loss_3.feed(loss)  # more.cbr:16
        if mean_loss_3 is not None and mean_loss_3 >= maximum(
            self.level, minimum(1, 2)
        ):  # more.cbr:16
            self.fired({"loss": loss, "mean(loss, 3)": mean_loss_3})
            self.print(f"mean {mean_loss_3:.3f}")  # more.cbr:16


class Numbers(Rule, keras.callbacks.Callback):
    """
    numbers: on epoch_end if (
        floor(loss) <= round(loss) <= ceil(loss)
        and sqrt(exp(log(loss))) > -log10(loss)
    ):
        print "numbers"
    """

    name = "numbers"
    place = "more.cbr:17"
    key = "numbers:a800e036e6e9"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if (
            loss is not None
            and floor(loss) <= rounded(loss) <= ceil(loss)
            and sqrt(exp(log(loss))) > -log10(loss)
        ):  # more.cbr:17
            self.fired({"loss": loss})
            self.print("numbers")  # more.cbr:17


class Waves(Rule, keras.callbacks.Callback):
    """
    waves: on epoch_end if sin(epoch) ** 2 + cos(epoch) ** 2 - tanh(0) <= 1 + 1e-9 then once:
        print "as it should be"
    """

    name = "waves"
    place = "more.cbr:22"
    key = "waves:10b0f927c93c"

    def on_epoch_end(self, epoch, logs=None):
        if (
            self.firings == 0
            and power(sin(epoch + 1), 2) + power(cos(epoch + 1), 2) - tanh(0) <= 1 + 1e-09
        ):  # more.cbr:22
            self.fired({})
            self.print("as it should be")  # more.cbr:22


class Clock(Rule, keras.callbacks.Callback):
    """clock: every 30 minutes print "{elapsed}: {progress:.0%} is done" """

    name = "clock"
    place = "more.cbr:24"
    key = "clock:6f2ee6d38f08"

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)
        earlier, elapsed = self.tick()
        progress = self.progress(self.epoch - 1, self.batch)
        if elapsed // 1800 > earlier // 1800:  # more.cbr:24
            self.fired({})
            self.print(f"{time_text(elapsed)}: {text(progress, '.0%')} is done")  # more.cbr:24


class First(Rule, keras.callbacks.Callback):
    """first: at batch 1, 10 print "batch {batch} of {batches}, step {step}" """

    name = "first"
    place = "more.cbr:25"
    key = "first:4619004e7ece"

    def on_train_batch_end(self, batch, logs=None):
        before, step = self.advance(batch)
        batches = self.batches
        if before < 1 <= step or before < 10 <= step:  # more.cbr:25
            self.fired({})
            self.print(f"batch {self.batch} of {text(batches)}, step {step}")  # more.cbr:25


class Third(Rule, keras.callbacks.Callback):
    """third: at 50%, 90% print "{epoch} of {epochs} epochs" """

    name = "third"
    place = "more.cbr:26"
    key = "third:258c609f651f"

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        if epochs is not None and (
            epoch < share(0.5, epochs) <= epoch + 1 or epoch < share(0.9, epochs) <= epoch + 1
        ):  # more.cbr:26
            self.fired({})
            self.print(f"{epoch + 1} of {epochs} epochs")  # more.cbr:26


class Start(Rule, keras.callbacks.Callback):
    """
    start: every batch from 2 epochs to 3 epochs if step % 10 == 0 then at most 2 times:
        print "step {step} of {steps}"
    """

    name = "start"
    place = "more.cbr:27"
    key = "start:07179e1ba178"

    def on_train_batch_end(self, batch, logs=None):
        _, step = self.advance(batch)
        steps = self.steps
        if 2 <= self.epoch <= 3 and self.firings < 2 and step % 10 == 0:  # more.cbr:27
            self.fired({})
            self.print(f"step {step} of {text(steps)}")  # more.cbr:27


class Slow(Rule, keras.callbacks.Callback):
    """slow: on epoch_end if loss > 5 for 2 hours 30 minutes print "for hours" """

    name = "slow"
    place = "more.cbr:29"
    key = "slow:b43f97a983ab"
    memory = ("loss_held",)

    def reset(self):
        super().reset()
        self.loss_held = Held(each=0)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        elapsed = self.elapsed
        loss = logs.get("loss")
        self.loss_held.observe(
            elapsed, holds=loss is not None and loss > 5, fails=loss is not None and not loss > 5
        )  # more.cbr:29
        if self.loss_held.holds_for(9000):  # more.cbr:29
            self.fired({"loss": loss})
            self.print("for hours")  # more.cbr:29
            self.loss_held.restart()


def csv_logger(run_dir="."):
    """use CSVLogger(filename="log.csv", append=false)"""
    return keras.callbacks.CSVLogger(
        filename=os.path.join(run_dir, "log.csv"), append=False
    )  # rules.cbr:25


class Hello(Rule, keras.callbacks.Callback):
    """hello: on train_begin print "{greeting}: training for {epochs} epochs, {steps} batches in all" """

    name = "hello"
    place = "rules.cbr:48"
    key = "hello:a84213c0c983"

    def __init__(self, *, greeting="digits"):
        self.greeting = greeting
        super().__init__()

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        epochs = self.epochs
        steps = self.steps
        self.fired({})
        self.print(
            f"{self.greeting}: training for {text(epochs)} epochs, {text(steps)} batches in all"
        )  # rules.cbr:48


class Enough(Rule, keras.callbacks.Callback):
    """enough: on epoch_end if accuracy > target and val_accuracy > target stop "{accuracy:.1%} is enough" """

    name = "enough"
    place = "rules.cbr:49"
    key = "enough:d8a82c9f7f32"

    def __init__(self, *, target=0.99):
        self.target = target
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        accuracy = logs.get("accuracy")
        val_accuracy = logs.get("val_accuracy")
        if (
            accuracy is not None
            and accuracy > float32(self.target)
            and val_accuracy is not None
            and val_accuracy > float32(self.target)
        ):  # rules.cbr:49
            self.fired({"accuracy": accuracy, "val_accuracy": val_accuracy})
            self.stop(f"{accuracy:.1%} is enough")  # rules.cbr:49


class Late(Rule, keras.callbacks.Callback):
    """late: on batch_end if elapsed > budget then once stop "the time is over after {elapsed}" """

    name = "late"
    place = "rules.cbr:50"
    key = "late:cb75c52a802c"

    def __init__(self, *, budget=5400):
        self.budget = budget
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        elapsed = self.elapsed
        if self.firings == 0 and elapsed > self.budget:  # rules.cbr:50
            self.fired({})
            self.stop(f"the time is over after {time_text(elapsed)}")  # rules.cbr:50


class KeepBest(Keeps, keras.callbacks.Callback):
    """
    keep_best: on epoch_end if val_loss improves by 0.001:
        save "best-{epoch}.weights.h5" keep best 2 of val_loss
    """

    name = "keep_best"
    place = "rules.cbr:51"
    key = "keep_best:b58f4c545537"
    memory = ("val_loss_improves",)

    def reset(self):
        super().reset()
        self.val_loss_improves = Improves("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_improves.feed(val_loss, 0.001)  # rules.cbr:51
        if self.val_loss_improves.holds():  # rules.cbr:51
            self.fired({"val_loss": val_loss})
            self.save_best(f"best-{epoch + 1}.weights.h5", 2, val_loss, "lower")  # rules.cbr:51


class Each(Keeps, keras.callbacks.Callback):
    """each: every 2 epochs save "models/digits-{epoch}.keras" keep patience"""

    name = "each"
    place = "rules.cbr:53"
    key = "each:97d0465ef442"

    def __init__(self, *, patience=3):
        self.patience = patience
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % 2 == 0:  # rules.cbr:53
            self.fired({})
            self.save_newest(f"models/digits-{epoch + 1}.keras", self.patience)  # rules.cbr:53


class Slower(ScalesRate, keras.callbacks.Callback):
    """slower: on epoch_end if val_loss stalls for patience epochs lr *= 0.5, cuts += 1, wait 2 epochs"""

    name = "slower"
    place = "rules.cbr:54"
    key = "slower:c23217f00da8"
    memory = ("val_loss_stalls",)

    def __init__(self, variables, learning_rate, *, patience=3):
        self.variables = variables
        self.learning_rate = learning_rate
        self.patience = patience
        super().__init__()

    def reset(self):
        super().reset()
        self.val_loss_stalls = Stalls("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_stalls.observe(epoch + 1, val_loss)  # rules.cbr:54
        if self.waiting():  # rules.cbr:54
            self.val_loss_stalls.restart()
        elif self.val_loss_stalls.holds_for(self.patience):  # rules.cbr:54
            self.fired({"val_loss": val_loss})
            self.scale_lr(0.5)  # rules.cbr:54
            self.set("cuts", self.variables.cuts + 1)  # rules.cbr:54
            self.wait(2, "epoch")  # rules.cbr:54
            self.val_loss_stalls.restart()


class Broken(ScalesRate, Restores, keras.callbacks.Callback):
    """
    broken: on batch_end if careful and loss is not finite then at most 3 times:
        roll back to last good
        lr *= 0.5
    """

    name = "broken"
    place = "rules.cbr:55"
    key = "broken:e6b3f48e031d"

    def __init__(self, snapshots, learning_rate, *, careful=True):
        self.snapshots = snapshots
        self.learning_rate = learning_rate
        self.careful = careful
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if (
            self.firings < 3 and self.careful and loss is not None and not math.isfinite(loss)
        ):  # rules.cbr:55
            self.fired({"loss": loss})
            self.roll_back(limit=None)  # rules.cbr:55
            self.scale_lr(0.5)  # rules.cbr:55


class Worse(Restores, keras.callbacks.Callback):
    """worse: on epoch_end if val_loss > 2 * best(val_loss) roll back to best of val_loss"""

    name = "worse"
    place = "rules.cbr:58"
    key = "worse:b79132456390"
    memory = ("best_val_loss",)

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def reset(self):
        super().reset()
        self.best_val_loss = Best("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        best_val_loss = self.best_val_loss.feed(val_loss)  # rules.cbr:58
        if (
            val_loss is not None and best_val_loss is not None and val_loss > 2 * best_val_loss
        ):  # rules.cbr:58
            self.fired({"val_loss": val_loss, "best(val_loss)": best_val_loss})
            self.roll_back("val_loss")  # rules.cbr:58


class Anchor(Restores, keras.callbacks.Callback):
    """anchor: every 5 epochs snapshot"""

    name = "anchor"
    place = "rules.cbr:59"
    key = "anchor:86269d67b259"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % 5 == 0:  # rules.cbr:59
            self.fired({})
            self.snapshot()  # rules.cbr:59


class Finish(Restores, keras.callbacks.Callback):
    """finish: on train_end restore best of val_loss"""

    name = "finish"
    place = "rules.cbr:60"
    key = "finish:43e65be0fd0f"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_train_end(self, logs=None):
        self.fired({})
        self.restore("val_loss")  # rules.cbr:60


class Early(Rule, keras.callbacks.Callback):
    """early: on epoch_end until 5 if loss > 10 warn "this begins badly" """

    name = "early"
    place = "rules.cbr:61"
    key = "early:ee26f0712196"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        loss = logs.get("loss")
        if epoch < 5 and loss is not None and loss > 10:  # rules.cbr:61
            self.fired({"loss": loss})
            self.warn("this begins badly")  # rules.cbr:61


class Thaw(SetsOptimizer, Freezes, keras.callbacks.Callback):
    """thaw: at epoch 3 unfreeze "block_*", freeze "head", optimizer.weight_decay = 1e-4"""

    name = "thaw"
    place = "rules.cbr:62"
    key = "thaw:9cfc45f80dde"
    settings = ("weight_decay",)
    frozen = ("head",)
    unfrozen = ("block_*",)

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch + 1 == 3:  # rules.cbr:62
            self.fired({})
            self.unfreeze("block_*")  # rules.cbr:62
            self.freeze("head")  # rules.cbr:62
            self.set_setting("weight_decay", 0.0001)  # rules.cbr:62


class Clip(SetsOptimizer, keras.callbacks.Callback):
    """clip: every 20 batches after 1 epoch if per_batch(loss) > 3 then once optimizer.clipnorm = 1"""

    name = "clip"
    place = "rules.cbr:63"
    key = "clip:fe36bd92525e"
    memory = ("per_batch_loss",)
    settings = ("clipnorm",)

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def reset(self):
        super().reset()
        self.per_batch_loss = PerBatch()

    def on_epoch_end(self, epoch, logs=None):
        self.note(self.snapshots.left(logs), keep=True)

    def on_train_batch_begin(self, batch, logs=None):
        before, step = self.begin()
        batches = self.batches
        loss = self.known.get("loss")
        if self.epoch <= 1:  # rules.cbr:63
            return
        per_batch_loss = self.per_batch_loss.feed(
            loss, self.batch, step - before, batches
        )  # rules.cbr:63
        if (
            step > 1
            and (step - 1) // 20 > (before - 1) // 20
            and self.firings == 0
            and per_batch_loss is not None
            and per_batch_loss > 3
        ):  # rules.cbr:63
            self.fired({"loss": loss, "per_batch(loss)": per_batch_loss})
            self.set_setting("clipnorm", 1)  # rules.cbr:63

    def on_train_batch_end(self, batch, logs=None):
        self.note(logs, keep=True)
        self.advance(batch)


class Errors(Records, keras.callbacks.Callback):
    """errors: on test_end record `share of errors` = 1 - accuracy"""

    name = "errors"
    place = "rules.cbr:64"
    key = "errors:6a2a858bbf89"

    def __init__(self, recorded):
        self.recorded = recorded
        super().__init__()

    def on_test_end(self, logs=None):
        logs = logs or {}
        accuracy = logs.get("accuracy")
        self.fired({"accuracy": accuracy})
        self.record("share of errors", None if accuracy is None else 1 - accuracy)  # rules.cbr:64


class Tell(Notifies, Calls, keras.callbacks.Callback):
    """
    tell: on epoch_end if cuts >= 2 and not warned:
        warn "the rate was cut {cuts} times, it is {lr:.2g}"
        notify "slow: {logs}"
        call hooks.look
        warned = true
    """

    name = "tell"
    place = "rules.cbr:65"
    key = "tell:478e3eae062e"
    calls = ("hooks.look",)

    def __init__(self, variables, notices, functions, snapshots):
        self.variables = variables
        self.notices = notices
        self.functions = functions
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        if self.variables.cuts >= 2 and not self.variables.warned:  # rules.cbr:65
            self.fired({})
            self.warn(
                f"the rate was cut {text(self.variables.cuts)} times, it is {self.lr:.2g}"
            )  # rules.cbr:65
            self.notify(f"slow: {listed(logs)}")  # rules.cbr:65
            self.call("hooks.look", logs)  # rules.cbr:65
            self.set("warned", True)  # rules.cbr:65


class Fast(Rule, keras.callbacks.Callback):
    """fast: on epoch_end if best(images_per_second) > 1e6 print "fast" """

    name = "fast"
    place = "rules.cbr:70"
    key = "fast:f31a873600eb"
    memory = ("best_images_per_second",)

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def reset(self):
        super().reset()
        self.best_images_per_second = Best("higher")

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        images_per_second = logs.get("images_per_second")
        best_images_per_second = self.best_images_per_second.feed(images_per_second)  # rules.cbr:70
        if (
            best_images_per_second is not None and best_images_per_second > 1000000.0
        ):  # rules.cbr:70
            self.fired(
                {
                    "images_per_second": images_per_second,
                    "best(images_per_second)": best_images_per_second,
                }
            )
            self.print("fast")  # rules.cbr:70


class Odd(Fails, keras.callbacks.Callback):
    """odd: on epoch_end from 3 to 80% if loss is nan or gap is missing fail "the loss is {loss}" """

    name = "odd"
    place = "rules.cbr:71"
    key = "odd:632f42b939c6"

    def __init__(self, failures, snapshots):
        self.failures = failures
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        epochs = self.epochs
        loss = logs.get("loss")
        gap = logs.get("gap")
        if (
            epochs is not None
            and 3 <= epoch + 1 <= share(0.8, epochs)
            and ((loss is not None and math.isnan(loss)) or gap is None)
        ):  # rules.cbr:71
            self.fired({"loss": loss, "gap": gap})
            self.fail(f"the loss is {text32(loss)}")  # rules.cbr:71


def callbacks(
    *,
    target=0.99,
    patience=3,
    span=2,
    budget=5400,
    careful=True,
    greeting="digits",
    level=0.5,
    noise=None,
    run_dir=".",
    notify=(),
    allow=(),
):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    variables = Variables()
    outside = Outside({"noise": noise})
    recorded = Recorded()
    snapshots = Snapshots(outside)
    learning_rate = LearningRate(span=span)
    notices = Messages(notify)
    functions = Functions(allow)
    failures = Failures()
    made = [
        variables,
        outside,
        recorded,
        Gap(),
        Smooth(),
        snapshots,
        learning_rate,
        Beta1Schedule(),
        NoiseSchedule(outside),
        Far(),
        Calm(),
        Wild(level=level),
        Stale(),
        Falling(),
        Past(),
        Under(level=level),
        Band(),
        Often(),
        Means(level=level),
        Numbers(),
        Waves(),
        Clock(),
        First(),
        Third(),
        Start(),
        Slow(),
        csv_logger(run_dir),
        Hello(greeting=greeting),
        Enough(target=target),
        Late(budget=budget),
        KeepBest(),
        Each(patience=patience),
        Slower(variables, learning_rate, patience=patience),
        Broken(snapshots, learning_rate, careful=careful),
        Worse(snapshots),
        Anchor(snapshots),
        Finish(snapshots),
        Early(snapshots),
        Thaw(),
        Clip(snapshots),
        Errors(recorded),
        Tell(variables, notices, functions, snapshots),
        Fast(snapshots),
        Odd(failures, snapshots),
        notices,
        failures,
    ]
    return writing_to(run_dir, made)
