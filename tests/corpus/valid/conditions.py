"""Training rules, compiled by cbdsl from conditions.cbr."""

import math

import keras

from cbdsl.runtime import (
    Best,
    Change,
    Count,
    Crosses,
    Ema,
    Held,
    Highest,
    Improves,
    Lowest,
    Mean,
    Median,
    Moves,
    PerBatch,
    Prev,
    Quantile,
    RecordedMetrics,
    Records,
    Rule,
    SetsRate,
    Shared,
    SinceBest,
    Slope,
    Stalls,
    Std,
    Zscore,
    ceil,
    clamp,
    cos,
    divide,
    exp,
    float32,
    floor,
    limited,
    log,
    log10,
    maximum,
    minimum,
    reported,
    rounded,
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

    start = {"lowered": 0.0, "calm": True}


class Recorded(RecordedMetrics, keras.callbacks.Callback):
    """The metrics that rules record: in the logs of every epoch, nan where none did."""

    names = ("curve",)


class Gap(Rule, keras.callbacks.Callback):
    """metric gap = val_loss - loss"""

    name = "gap"
    place = "conditions.cbr:8"
    key = "metric gap:ab1313effeb3"

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        val_loss = logs.get("val_loss")
        loss = logs.get("loss")
        logs["gap"] = reported(
            None if val_loss is None or loss is None else val_loss - loss
        )  # conditions.cbr:8


class Smooth(Rule, keras.callbacks.Callback):
    """metric smooth = ema(loss, 0.1)"""

    name = "smooth"
    place = "conditions.cbr:9"
    key = "metric smooth:08d1aeeec48f"
    memory = ("ema_loss",)

    def reset(self):
        super().reset()
        self.ema_loss = Ema(0.1)

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        loss = logs.get("loss")
        ema_loss = self.ema_loss.feed(loss)  # conditions.cbr:9
        logs["smooth"] = reported(ema_loss)  # conditions.cbr:9


class Improved(Rule, keras.callbacks.Callback):
    """improved: on epoch_end if val_loss improves by margin save "best.keras" """

    name = "improved"
    place = "conditions.cbr:15"
    key = "improved:d0693314303d"
    memory = ("val_loss_improves",)

    def __init__(self, *, margin=0.01):
        self.margin = margin
        super().__init__()

    def reset(self):
        super().reset()
        self.val_loss_improves = Improves("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_improves.feed(val_loss, self.margin)  # conditions.cbr:15
        if self.val_loss_improves.holds():  # conditions.cbr:15
            self.fired({"val_loss": val_loss})
            self.save("best.keras")  # conditions.cbr:15


class Stalled(SetsRate, keras.callbacks.Callback):
    """stalled: on epoch_end if val_loss stalls for patience epochs by 0.001 lr *= 0.5, wait 2 epochs"""

    name = "stalled"
    place = "conditions.cbr:16"
    key = "stalled:0887c3127cb4"
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
        self.val_loss_stalls.observe(epoch + 1, val_loss, 0.001)  # conditions.cbr:16
        if self.waiting():  # conditions.cbr:16
            self.val_loss_stalls.restart()
        elif self.val_loss_stalls.holds_for(self.patience):  # conditions.cbr:16
            self.fired({"val_loss": val_loss})
            self.lr = limited(self.lr * 0.5, 1e-06, 0.1)  # conditions.cbr:16
            self.wait(2, "epoch")  # conditions.cbr:16
            self.val_loss_stalls.restart()


class StalledValues(SetsRate, keras.callbacks.Callback):
    """stalled_values: on epoch_end if val_loss stalls for 3 values then at most 2 times lr *= 0.5"""

    name = "stalled_values"
    place = "conditions.cbr:17"
    key = "stalled_values:88795035d660"
    memory = ("val_loss_stalls",)

    def reset(self):
        super().reset()
        self.val_loss_stalls = Stalls("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_stalls.count(val_loss)  # conditions.cbr:17
        if self.firings < 2 and self.val_loss_stalls.holds_for(3):  # conditions.cbr:17
            self.fired({"val_loss": val_loss})
            self.lr = limited(self.lr * 0.5, 1e-06, 0.1)  # conditions.cbr:17
            self.val_loss_stalls.restart()


class StalledTime(Rule, keras.callbacks.Callback):
    """stalled_time: on batch_end if loss stalls for 10 minutes then once warn "no progress since {elapsed}" """

    name = "stalled_time"
    place = "conditions.cbr:18"
    key = "stalled_time:09a7bba66e83"
    memory = ("loss_stalls",)

    def reset(self):
        super().reset()
        self.loss_stalls = Stalls("lower", each=0)

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        elapsed = self.elapsed
        loss = logs.get("loss")
        self.loss_stalls.observe(elapsed, loss)  # conditions.cbr:18
        if self.firings == 0 and self.loss_stalls.holds_for(600):  # conditions.cbr:18
            self.fired({"loss": loss})
            self.warn(f"no progress since {time_text(elapsed)}")  # conditions.cbr:18
            self.loss_stalls.restart()


class Lasting(Rule, keras.callbacks.Callback):
    """lasting: on epoch_end if (accuracy > 90% and not gap > 0.1) for patience epochs stop "good enough" """

    name = "lasting"
    place = "conditions.cbr:19"
    key = "lasting:7242334902e3"
    memory = ("accuracy_held",)

    def __init__(self, *, patience=3):
        self.patience = patience
        super().__init__()

    def reset(self):
        super().reset()
        self.accuracy_held = Held()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        accuracy = logs.get("accuracy")
        gap = logs.get("gap")
        self.accuracy_held.observe(
            epoch + 1,
            holds=accuracy is not None
            and accuracy > float32(0.9)
            and gap is not None
            and not gap > float32(0.1),
            fails=(accuracy is not None and not accuracy > float32(0.9))
            or (gap is not None and gap > float32(0.1)),
        )  # conditions.cbr:19
        if self.accuracy_held.holds_for(self.patience):  # conditions.cbr:19
            self.fired({"accuracy": accuracy, "gap": gap})
            self.stop("good enough")  # conditions.cbr:19
            self.accuracy_held.restart()


class LastingTime(Rule, keras.callbacks.Callback):
    """lasting_time: on batch_end if loss > 2 for grace stop "too slow" """

    name = "lasting_time"
    place = "conditions.cbr:20"
    key = "lasting_time:6fa9886f1e1c"
    memory = ("loss_held",)

    def __init__(self, *, grace=5400):
        self.grace = grace
        super().__init__()

    def reset(self):
        super().reset()
        self.loss_held = Held(each=0)

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        elapsed = self.elapsed
        loss = logs.get("loss")
        self.loss_held.observe(
            elapsed, holds=loss is not None and loss > 2, fails=loss is not None and not loss > 2
        )  # conditions.cbr:20
        if self.loss_held.holds_for(self.grace):  # conditions.cbr:20
            self.fired({"loss": loss})
            self.stop("too slow")  # conditions.cbr:20
            self.loss_held.restart()


class LastingBatches(Rule, keras.callbacks.Callback):
    """lasting_batches: on batch_end if loss is nan for 100 batches stop"""

    name = "lasting_batches"
    place = "conditions.cbr:21"
    key = "lasting_batches:ea9c609f8d21"
    memory = ("loss_held",)

    def reset(self):
        super().reset()
        self.loss_held = Held()

    def on_train_batch_end(self, batch, logs=None):
        _, step = self.advance(batch)
        logs = logs or {}
        loss = logs.get("loss")
        self.loss_held.observe(
            step,
            holds=loss is not None and math.isnan(loss),
            fails=loss is not None and not math.isnan(loss),
        )  # conditions.cbr:21
        if self.loss_held.holds_for(100):  # conditions.cbr:21
            self.fired({"loss": loss})
            self.stop()  # conditions.cbr:21
            self.loss_held.restart()


class Rising(Rule, keras.callbacks.Callback):
    """rising: on epoch_end if val_loss rises and accuracy rises print "overfits at {epoch}" """

    name = "rising"
    place = "conditions.cbr:22"
    key = "rising:a6aeca6d99b2"
    memory = ("val_loss_rises", "accuracy_rises")

    def reset(self):
        super().reset()
        self.val_loss_rises = Moves("rises")
        self.accuracy_rises = Moves("rises")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        accuracy = logs.get("accuracy")
        self.val_loss_rises.feed(val_loss)  # conditions.cbr:22
        self.accuracy_rises.feed(accuracy)  # conditions.cbr:22
        if self.val_loss_rises.holds() and self.accuracy_rises.holds():  # conditions.cbr:22
            self.fired({"val_loss": val_loss, "accuracy": accuracy})
            self.print(f"overfits at {epoch + 1}")  # conditions.cbr:22


class Falling(Rule, keras.callbacks.Callback):
    """falling: on epoch_end if val_accuracy falls or `f1 score` falls then at most patience times warn "falls" """

    name = "falling"
    place = "conditions.cbr:23"
    key = "falling:dcd709e72fe1"
    memory = ("val_accuracy_falls", "f1_score_falls")

    def __init__(self, *, patience=3):
        self.patience = patience
        super().__init__()

    def reset(self):
        super().reset()
        self.val_accuracy_falls = Moves("falls")
        self.f1_score_falls = Moves("falls")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_accuracy = logs.get("val_accuracy")
        f1_score = logs.get("f1 score")
        self.val_accuracy_falls.feed(val_accuracy)  # conditions.cbr:23
        self.f1_score_falls.feed(f1_score)  # conditions.cbr:23
        if self.firings < self.patience and (
            self.val_accuracy_falls.holds() or self.f1_score_falls.holds()
        ):  # conditions.cbr:23
            self.fired({"val_accuracy": val_accuracy, "f1 score": f1_score})
            self.warn("falls")  # conditions.cbr:23


class Past(Rule, keras.callbacks.Callback):
    """past: on epoch_end if val_accuracy crosses above 0.9 print "past 90 %" """

    name = "past"
    place = "conditions.cbr:24"
    key = "past:3a8b908718e3"
    memory = ("val_accuracy_crosses",)

    def reset(self):
        super().reset()
        self.val_accuracy_crosses = Crosses("above")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_accuracy = logs.get("val_accuracy")
        self.val_accuracy_crosses.feed(val_accuracy, float32(0.9))  # conditions.cbr:24
        if self.val_accuracy_crosses.holds():  # conditions.cbr:24
            self.fired({"val_accuracy": val_accuracy})
            self.print("past 90 %")  # conditions.cbr:24


class Under(Rule, keras.callbacks.Callback):
    """under: on epoch_end if loss crosses below best(val_loss) print "{loss:.3f}" """

    name = "under"
    place = "conditions.cbr:25"
    key = "under:19b38c5ef102"
    memory = ("best_val_loss", "loss_crosses")

    def reset(self):
        super().reset()
        self.best_val_loss = Best("lower")
        self.loss_crosses = Crosses("below")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        val_loss = logs.get("val_loss")
        best_val_loss = self.best_val_loss.feed(val_loss)  # conditions.cbr:25
        self.loss_crosses.feed(loss, best_val_loss)  # conditions.cbr:25
        if self.loss_crosses.holds():  # conditions.cbr:25
            self.fired({"loss": loss, "val_loss": val_loss, "best(val_loss)": best_val_loss})
            self.print(text(loss, ".3f"))  # conditions.cbr:25


class States(Rule, keras.callbacks.Callback):
    """states: on epoch_end if loss is nan or val_loss is missing or gap is not finite print "no value" """

    name = "states"
    place = "conditions.cbr:26"
    key = "states:39a83e0dbeae"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        val_loss = logs.get("val_loss")
        gap = logs.get("gap")
        if (
            (loss is not None and math.isnan(loss))
            or val_loss is None
            or (gap is not None and not math.isfinite(gap))
        ):  # conditions.cbr:26
            self.fired({"loss": loss, "val_loss": val_loss, "gap": gap})
            self.print("no value")  # conditions.cbr:26


class Before(Rule, keras.callbacks.Callback):
    """before: on epoch_end if prev(loss) < loss and prev(loss, 3) > loss print "{change(loss):+.4f}" """

    name = "before"
    place = "conditions.cbr:28"
    key = "before:1fe0ea4f5152"
    memory = ("prev_loss", "prev_loss_3", "change_loss")

    def reset(self):
        super().reset()
        self.prev_loss = Prev()
        self.prev_loss_3 = Prev(3)
        self.change_loss = Change()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        prev_loss = self.prev_loss.feed(loss)  # conditions.cbr:28
        prev_loss_3 = self.prev_loss_3.feed(loss)  # conditions.cbr:28
        change_loss = self.change_loss.feed(loss)  # conditions.cbr:28
        if (
            prev_loss is not None
            and loss is not None
            and prev_loss < loss
            and prev_loss_3 is not None
            and prev_loss_3 > loss
        ):  # conditions.cbr:28
            self.fired(
                {
                    "loss": loss,
                    "prev(loss)": prev_loss,
                    "prev(loss, 3)": prev_loss_3,
                    "change(loss)": change_loss,
                }
            )
            self.print(text(change_loss, "+.4f"))  # conditions.cbr:28


class Records2(Rule, keras.callbacks.Callback):
    """records: on epoch_end if since_best(val_loss) >= window and best(val_loss) < 1 print "{best(val_loss)}" """

    name = "records"
    place = "conditions.cbr:29"
    key = "records:68e278ed8d85"
    memory = ("since_best_val_loss", "best_val_loss")

    def __init__(self, *, window=5):
        self.window = window
        super().__init__()

    def reset(self):
        super().reset()
        self.since_best_val_loss = SinceBest("lower")
        self.best_val_loss = Best("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        since_best_val_loss = self.since_best_val_loss.feed(val_loss)  # conditions.cbr:29
        best_val_loss = self.best_val_loss.feed(val_loss)  # conditions.cbr:29
        if (
            since_best_val_loss is not None
            and since_best_val_loss >= self.window
            and best_val_loss is not None
            and best_val_loss < 1
        ):  # conditions.cbr:29
            self.fired(
                {
                    "val_loss": val_loss,
                    "since_best(val_loss)": since_best_val_loss,
                    "best(val_loss)": best_val_loss,
                }
            )
            self.print(text32(best_val_loss))  # conditions.cbr:29


class Ranges(Rule, keras.callbacks.Callback):
    """ranges: on epoch_end if highest(loss) - lowest(loss, 4) > 1 print "{highest(loss, window)} {lowest(loss)}" """

    name = "ranges"
    place = "conditions.cbr:30"
    key = "ranges:ffb56d219ebb"
    memory = ("highest_loss", "lowest_loss_4", "highest_loss2", "lowest_loss")

    def __init__(self, *, window=5):
        self.window = window
        super().__init__()

    def reset(self):
        super().reset()
        self.highest_loss = Highest()
        self.lowest_loss_4 = Lowest(4)
        self.highest_loss2 = Highest(self.window)
        self.lowest_loss = Lowest()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        highest_loss = self.highest_loss.feed(loss)  # conditions.cbr:30
        lowest_loss_4 = self.lowest_loss_4.feed(loss)  # conditions.cbr:30
        highest_loss2 = self.highest_loss2.feed(loss)  # conditions.cbr:30
        lowest_loss = self.lowest_loss.feed(loss)  # conditions.cbr:30
        if (
            highest_loss is not None
            and lowest_loss_4 is not None
            and highest_loss - lowest_loss_4 > 1
        ):  # conditions.cbr:30
            self.fired(
                {
                    "loss": loss,
                    "highest(loss)": highest_loss,
                    "lowest(loss, 4)": lowest_loss_4,
                    "highest(loss, window)": highest_loss2,
                    "lowest(loss)": lowest_loss,
                }
            )
            self.print(f"{text32(highest_loss2)} {text32(lowest_loss)}")  # conditions.cbr:30


class Averages(Rule, keras.callbacks.Callback):
    """averages: on epoch_end if mean(loss, window) > median(loss, 5) print "{std(loss, 4):.3f}" """

    name = "averages"
    place = "conditions.cbr:31"
    key = "averages:d373ee761296"
    memory = ("mean_loss", "median_loss_5", "std_loss_4")

    def __init__(self, *, window=5):
        self.window = window
        super().__init__()

    def reset(self):
        super().reset()
        self.mean_loss = Mean(self.window)
        self.median_loss_5 = Median(5)
        self.std_loss_4 = Std(4)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        mean_loss = self.mean_loss.feed(loss)  # conditions.cbr:31
        median_loss_5 = self.median_loss_5.feed(loss)  # conditions.cbr:31
        std_loss_4 = self.std_loss_4.feed(loss)  # conditions.cbr:31
        if (
            mean_loss is not None and median_loss_5 is not None and mean_loss > median_loss_5
        ):  # conditions.cbr:31
            self.fired(
                {
                    "loss": loss,
                    "mean(loss, window)": mean_loss,
                    "median(loss, 5)": median_loss_5,
                    "std(loss, 4)": std_loss_4,
                }
            )
            self.print(text(std_loss_4, ".3f"))  # conditions.cbr:31


class Tails(Rule, keras.callbacks.Callback):
    """tails: on epoch_end if quantile(loss, 90%, 10) > 2 * ema(loss, 0.3) print "a tail" """

    name = "tails"
    place = "conditions.cbr:32"
    key = "tails:be3b3415a0f4"
    memory = ("quantile_loss_10", "ema_loss")

    def reset(self):
        super().reset()
        self.quantile_loss_10 = Quantile(0.9, 10)
        self.ema_loss = Ema(0.3)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        quantile_loss_10 = self.quantile_loss_10.feed(loss)  # conditions.cbr:32
        ema_loss = self.ema_loss.feed(loss)  # conditions.cbr:32
        if (
            quantile_loss_10 is not None
            and ema_loss is not None
            and quantile_loss_10 > 2 * ema_loss
        ):  # conditions.cbr:32
            self.fired(
                {
                    "loss": loss,
                    "quantile(loss, 90%, 10)": quantile_loss_10,
                    "ema(loss, 0.3)": ema_loss,
                }
            )
            self.print("a tail")  # conditions.cbr:32


class Trend(SetsRate, keras.callbacks.Callback):
    """trend: on epoch_end if slope(mean(val_loss, 3), 4) > 0 for 3 epochs lr /= 2"""

    name = "trend"
    place = "conditions.cbr:33"
    key = "trend:677c69dfd465"
    memory = ("mean_val_loss_3", "slope_val_loss_4", "val_loss_held")

    def reset(self):
        super().reset()
        self.mean_val_loss_3 = Mean(3)
        self.slope_val_loss_4 = Slope(4)
        self.val_loss_held = Held()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        mean_val_loss_3 = self.mean_val_loss_3.feed(val_loss)  # conditions.cbr:33
        slope_val_loss_4 = self.slope_val_loss_4.feed(mean_val_loss_3)  # conditions.cbr:33
        self.val_loss_held.observe(
            epoch + 1,
            holds=slope_val_loss_4 is not None and slope_val_loss_4 > 0,
            fails=slope_val_loss_4 is not None and not slope_val_loss_4 > 0,
        )  # conditions.cbr:33
        if self.val_loss_held.holds_for(3):  # conditions.cbr:33
            self.fired(
                {
                    "val_loss": val_loss,
                    "slope(mean(val_loss, 3), 4)": slope_val_loss_4,
                    "mean(val_loss, 3)": mean_val_loss_3,
                }
            )
            self.lr = limited(self.lr / 2, 1e-06, 0.1)  # conditions.cbr:33
            self.val_loss_held.restart()


class Outlier(Rule, keras.callbacks.Callback):
    """outlier: on batch_end if zscore(per_batch(loss), 50) > 4 and per_batch(loss) > 3 * mean(loss, 20) then once warn "odd" """

    name = "outlier"
    place = "conditions.cbr:34"
    key = "outlier:2736bda568cc"
    memory = ("per_batch_loss", "zscore_loss_50", "mean_loss_20")

    def reset(self):
        super().reset()
        self.per_batch_loss = PerBatch()
        self.zscore_loss_50 = Zscore(50)
        self.mean_loss_20 = Mean(20)

    def on_train_batch_end(self, batch, logs=None):
        before, step = self.advance(batch)
        logs = logs or {}
        batches = self.batches
        loss = logs.get("loss")
        per_batch_loss = self.per_batch_loss.feed(
            loss, self.batch, step - before, batches
        )  # conditions.cbr:34
        zscore_loss_50 = self.zscore_loss_50.feed(per_batch_loss)  # conditions.cbr:34
        mean_loss_20 = self.mean_loss_20.feed(loss)  # conditions.cbr:34
        if (
            self.firings == 0
            and zscore_loss_50 is not None
            and zscore_loss_50 > 4
            and per_batch_loss is not None
            and mean_loss_20 is not None
            and per_batch_loss > 3 * mean_loss_20
        ):  # conditions.cbr:34
            self.fired(
                {
                    "loss": loss,
                    "zscore(per_batch(loss), 50)": zscore_loss_50,
                    "per_batch(loss)": per_batch_loss,
                    "mean(loss, 20)": mean_loss_20,
                }
            )
            self.warn("odd")  # conditions.cbr:34


class Counted(Rule, keras.callbacks.Callback):
    """counted: on epoch_end if count(val_loss rises) == 5 then once stop"""

    name = "counted"
    place = "conditions.cbr:35"
    key = "counted:1b896838d87c"
    memory = ("val_loss_rises", "count_val_loss")

    def reset(self):
        super().reset()
        self.val_loss_rises = Moves("rises")
        self.count_val_loss = Count()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_rises.feed(val_loss)  # conditions.cbr:35
        self.count_val_loss.feed(self.val_loss_rises.holds())  # conditions.cbr:35
        if self.firings == 0 and self.count_val_loss.value == 5:  # conditions.cbr:35
            self.fired({"val_loss": val_loss, "count(val_loss rises)": self.count_val_loss.value})
            self.stop()  # conditions.cbr:35


class Curves(Records, keras.callbacks.Callback):
    """curves: on epoch_end record curve = (1 + cos(3.14159 * epoch / max(epochs, 1))) / 2"""

    name = "curves"
    place = "conditions.cbr:36"
    key = "curves:3ed2e3317138"

    def __init__(self, recorded):
        self.recorded = recorded
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        self.fired({})
        self.record(
            "curve",
            None
            if epochs is None
            else (1 + cos(divide(3.14159 * (epoch + 1), maximum(epochs, 1)))) / 2,
        )  # conditions.cbr:36


class Functions2(Rule, keras.callbacks.Callback):
    """functions: on epoch_end if abs(gap) > sqrt(exp(-epoch)) + log(2) + log10(10) print "{floor(loss)} {ceil(loss)} {round(loss)}" """

    name = "functions"
    place = "conditions.cbr:37"
    key = "functions:d228b51d45f9"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        gap = logs.get("gap")
        loss = logs.get("loss")
        if gap is not None and abs(gap) > sqrt(exp(-(epoch + 1))) + log(2) + log10(
            10
        ):  # conditions.cbr:37
            self.fired({"gap": gap, "loss": loss})
            self.print(
                f"{text(None if loss is None else floor(loss))} {text(None if loss is None else ceil(loss))} {text(None if loss is None else rounded(loss))}"
            )  # conditions.cbr:37


class More(Rule, keras.callbacks.Callback):
    """more: on epoch_end if clamp(loss, 0, 1) > min(sin(loss), tanh(loss), 1) print "{progress:.0%}" """

    name = "more"
    place = "conditions.cbr:38"
    key = "more:ffeeda162c9e"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        progress = self.progress(epoch + 1)
        loss = logs.get("loss")
        if loss is not None and clamp(loss, 0, 1) > minimum(
            sin(loss), tanh(loss), 1
        ):  # conditions.cbr:38
            self.fired({"loss": loss})
            self.print(text(progress, ".0%"))  # conditions.cbr:38


class Setting(Rule, keras.callbacks.Callback):
    """setting: on epoch_end if optimizer.momentum < 0.9 print "{optimizer.momentum}" """

    name = "setting"
    place = "conditions.cbr:39"
    key = "setting:eb1b2c35d47b"

    def on_epoch_end(self, epoch, logs=None):
        momentum = self.setting("momentum")
        if momentum is not None and momentum < float32(0.9):  # conditions.cbr:39
            self.fired({})
            self.print(text32(momentum))  # conditions.cbr:39


class Clock(Rule, keras.callbacks.Callback):
    """clock: every 30 minutes after 1 hour print "{elapsed}, {progress:.0%} done" """

    name = "clock"
    place = "conditions.cbr:41"
    key = "clock:52eab90b2bc2"

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)
        earlier, elapsed = self.tick()
        progress = self.progress(self.epoch - 1, self.batch)
        if elapsed > 3600 and elapsed // 1800 > earlier // 1800:  # conditions.cbr:41
            self.fired({})
            self.print(f"{time_text(elapsed)}, {text(progress, '.0%')} done")  # conditions.cbr:41


class Pace(Rule, keras.callbacks.Callback):
    """pace: on epoch_end if change(elapsed) > 2 * mean(change(elapsed), 4) warn "a slow epoch: {change(elapsed)}" """

    name = "pace"
    place = "conditions.cbr:42"
    key = "pace:65a980aedd9c"
    memory = ("change_elapsed", "mean_elapsed_4")

    def reset(self):
        super().reset()
        self.change_elapsed = Change()
        self.mean_elapsed_4 = Mean(4)

    def on_epoch_end(self, epoch, logs=None):
        elapsed = self.elapsed
        change_elapsed = self.change_elapsed.feed(elapsed)  # conditions.cbr:42
        mean_elapsed_4 = self.mean_elapsed_4.feed(change_elapsed)  # conditions.cbr:42
        if (
            change_elapsed is not None
            and mean_elapsed_4 is not None
            and change_elapsed > 2 * mean_elapsed_4
        ):  # conditions.cbr:42
            self.fired(
                {"change(elapsed)": change_elapsed, "mean(change(elapsed), 4)": mean_elapsed_4}
            )
            self.warn(f"a slow epoch: {time_text(change_elapsed)}")  # conditions.cbr:42


class Budget(Rule, keras.callbacks.Callback):
    """budget: on batch_end from 10 minutes to 8 hours if elapsed > grace then once print "{elapsed / 1 minute:.0f} min" """

    name = "budget"
    place = "conditions.cbr:43"
    key = "budget:34e244161c43"

    def __init__(self, *, grace=5400):
        self.grace = grace
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        elapsed = self.elapsed
        if (
            600 <= elapsed <= 28800 and self.firings == 0 and elapsed > self.grace
        ):  # conditions.cbr:43
            self.fired({})
            self.print(f"{divide(elapsed, 60):.0f} min")  # conditions.cbr:43


class Relax(Rule, keras.callbacks.Callback):
    """relax: on epoch_end if calm and lowered < 3 and loss < mean(loss, 3) lowered += 1, calm = loss > 0.1"""

    name = "relax"
    place = "conditions.cbr:44"
    key = "relax:be0a8d118247"
    memory = ("mean_loss_3",)

    def __init__(self, variables):
        self.variables = variables
        super().__init__()

    def reset(self):
        super().reset()
        self.mean_loss_3 = Mean(3)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        mean_loss_3 = self.mean_loss_3.feed(loss)  # conditions.cbr:44
        if (
            self.variables.calm
            and self.variables.lowered < 3
            and loss is not None
            and mean_loss_3 is not None
            and loss < mean_loss_3
        ):  # conditions.cbr:44
            self.fired({"loss": loss, "mean(loss, 3)": mean_loss_3})
            self.set("lowered", self.variables.lowered + 1)  # conditions.cbr:44
            self.set(
                "calm",
                holds=loss is not None and loss > float32(0.1),
                fails=loss is not None and not loss > float32(0.1),
            )  # conditions.cbr:44


def callbacks(*, patience=3, window=5, grace=5400, margin=0.01, run_dir="."):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    variables = Variables()
    recorded = Recorded()
    made = [
        variables,
        recorded,
        Gap(),
        Smooth(),
        Improved(margin=margin),
        Stalled(patience=patience),
        StalledValues(),
        StalledTime(),
        Lasting(patience=patience),
        LastingTime(grace=grace),
        LastingBatches(),
        Rising(),
        Falling(patience=patience),
        Past(),
        Under(),
        States(),
        Before(),
        Records2(window=window),
        Ranges(window=window),
        Averages(window=window),
        Tails(),
        Trend(),
        Outlier(),
        Counted(),
        Curves(recorded),
        Functions2(),
        More(),
        Setting(),
        Clock(),
        Pace(),
        Budget(grace=grace),
        Relax(variables),
    ]
    return writing_to(run_dir, made)
