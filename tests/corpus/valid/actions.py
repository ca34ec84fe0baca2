"""Training rules, compiled by cbdsl from actions.cbr."""

import math

import keras

from cbdsl.runtime import (
    BatchSnapshots,
    Calls,
    Fails,
    Freezes,
    Functions,
    Held,
    Improves,
    Keeps,
    Notices,
    Notifies,
    OutsideVariables,
    RecordedMetrics,
    Records,
    Restores,
    Rule,
    SetsOptimizer,
    SetsVariable,
    TrainingFailures,
    divide,
    listed,
    reported,
    text,
    text32,
    writing_to,
)


class Outside(OutsideVariables, keras.callbacks.Callback):
    """The variables of the caller's, which rules read and set."""

    names = ("weight",)


class Recorded(RecordedMetrics, keras.callbacks.Callback):
    """The metrics that rules record: in the logs of every epoch, nan where none did."""

    names = ("last_high", "val/train")


class Snapshots(BatchSnapshots, keras.callbacks.Callback):
    """The weights that rules go back to."""

    best = {"val_loss": "lower", "gap": "lower"}
    rolled_to = frozenset({"val_loss"})
    good = True
    made = frozenset({"gap", "last_high", "val/train"})


class Messages(Notices, keras.callbacks.Callback):
    """Sends the messages of rules to the addresses that the caller gives."""


class Failures(TrainingFailures, keras.callbacks.Callback):
    """Raises what a rule has the training fail with, when everything else is done."""


class Gap(Rule, keras.callbacks.Callback):
    """metric gap = val_loss - loss"""

    name = "gap"
    place = "actions.cbr:5"
    key = "metric gap:e0faa3f95e51"

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        val_loss = logs.get("val_loss")
        loss = logs.get("loss")
        logs["gap"] = reported(
            None if val_loss is None or loss is None else val_loss - loss
        )  # actions.cbr:5


class Bad(Restores, keras.callbacks.Callback):
    """bad: on batch_end if loss is not finite roll back to last good, print "again" """

    name = "bad"
    place = "actions.cbr:7"
    key = "bad:f63dc0755ddd"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and not math.isfinite(loss):  # actions.cbr:7
            self.fired({"loss": loss})
            self.roll_back()  # actions.cbr:7
            self.print("again")  # actions.cbr:7


class Worse(Restores, keras.callbacks.Callback):
    """worse: on epoch_end if val_loss > 10 roll back to best of val_loss"""

    name = "worse"
    place = "actions.cbr:8"
    key = "worse:0ec0b7451a14"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        if val_loss is not None and val_loss > 10:  # actions.cbr:8
            self.fired({"val_loss": val_loss})
            self.roll_back("val_loss")  # actions.cbr:8


class Often(Restores, keras.callbacks.Callback):
    """often: on batch_end if loss > 100 then at most 5 times roll back to last good, wait 10 batches"""

    name = "often"
    place = "actions.cbr:9"
    key = "often:9064434734b7"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)
        logs = logs or {}
        loss = logs.get("loss")
        if (
            not self.waiting() and self.firings < 5 and loss is not None and loss > 100
        ):  # actions.cbr:9
            self.fired({"loss": loss})
            self.roll_back(limit=None)  # actions.cbr:9
            self.wait(10, "batch")  # actions.cbr:9


class Heavy(Rule, keras.callbacks.Callback):
    """heavy: on epoch_end if loss > 5 print "{loss} {logs}" """

    name = "heavy"
    place = "actions.cbr:10"
    key = "heavy:0a40670c15b5"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        loss = logs.get("loss")
        if loss is not None and loss > 5:  # actions.cbr:10
            self.fired({"loss": loss})
            self.print(f"{text32(loss)} {listed(logs)}")  # actions.cbr:10


class Later(Rule, keras.callbacks.Callback):
    """later: on epoch_begin if loss > 5 print "{loss}" """

    name = "later"
    place = "actions.cbr:11"
    key = "later:3413b378870e"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        loss = self.known.get("loss")
        if loss is not None and loss > 5:  # actions.cbr:11
            self.fired({"loss": loss})
            self.print(text32(loss))  # actions.cbr:11

    def on_epoch_end(self, epoch, logs=None):
        self.note(self.snapshots.left(logs), keep=True)


class Snap(Restores, keras.callbacks.Callback):
    """snap: every 10 epochs snapshot"""

    name = "snap"
    place = "actions.cbr:12"
    key = "snap:01d85d340554"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % 10 == 0:  # actions.cbr:12
            self.fired({})
            self.snapshot()  # actions.cbr:12


class BestGap(Restores, keras.callbacks.Callback):
    """best_gap: on train_end restore best of gap"""

    name = "best_gap"
    place = "actions.cbr:13"
    key = "best_gap:64f43a12f3ff"

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def on_train_end(self, logs=None):
        self.fired({})
        self.restore("gap")  # actions.cbr:13


class Newest(Keeps, keras.callbacks.Callback):
    """newest: every 2 epochs save "model-{epoch}.keras" keep count"""

    name = "newest"
    place = "actions.cbr:14"
    key = "newest:c13fe06b0680"

    def __init__(self, *, count=3):
        self.count = count
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % 2 == 0:  # actions.cbr:14
            self.fired({})
            self.save_newest(f"model-{epoch + 1}.keras", self.count)  # actions.cbr:14


class Top(Keeps, keras.callbacks.Callback):
    """top: on epoch_end if val_loss improves save "best-{epoch}.weights.h5" keep best 2 of val_loss"""

    name = "top"
    place = "actions.cbr:15"
    key = "top:715aa3e93dc7"
    memory = ("val_loss_improves",)

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def reset(self):
        super().reset()
        self.val_loss_improves = Improves("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        val_loss = logs.get("val_loss")
        self.val_loss_improves.feed(val_loss)  # actions.cbr:15
        if self.val_loss_improves.holds():  # actions.cbr:15
            self.fired({"val_loss": val_loss})
            self.save_best(f"best-{epoch + 1}.weights.h5", 2, val_loss, "lower")  # actions.cbr:15


class Thaw(SetsOptimizer, Freezes, keras.callbacks.Callback):
    """thaw: at epoch 3 unfreeze "dense*", freeze "head", optimizer.weight_decay *= 2, print "{optimizer.weight_decay}" """

    name = "thaw"
    place = "actions.cbr:16"
    key = "thaw:12dd287b2020"
    settings = ("weight_decay",)
    frozen = ("head",)
    unfrozen = ("dense*",)

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        weight_decay = self.setting("weight_decay")
        if epoch + 1 == 3:  # actions.cbr:16
            self.fired({})
            self.unfreeze("dense*")  # actions.cbr:16
            self.freeze("head")  # actions.cbr:16
            self.set_setting(
                "weight_decay", None if weight_decay is None else weight_decay * 2
            )  # actions.cbr:16
            weight_decay = self.setting("weight_decay")
            self.print(text32(weight_decay))  # actions.cbr:16


class Clip(SetsOptimizer, keras.callbacks.Callback):
    """clip: on batch_end if loss > 50 then once optimizer.clipnorm = 1"""

    name = "clip"
    place = "actions.cbr:17"
    key = "clip:95d8f3a1d4d9"
    settings = ("clipnorm",)

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if self.firings == 0 and loss is not None and loss > 50:  # actions.cbr:17
            self.fired({"loss": loss})
            self.set_setting("clipnorm", 1)  # actions.cbr:17


class Live(SetsOptimizer, SetsVariable, keras.callbacks.Callback):
    """live: every batch optimizer.beta_1 = 0.9 + 0.05 * progress, weight += 0.5, print "{weight}" """

    name = "live"
    place = "actions.cbr:18"
    key = "live:d5979237bc1e"
    settings = ("beta_1",)

    def __init__(self, outside):
        self.outside = outside
        super().__init__()

    def on_train_batch_begin(self, batch, logs=None):
        before, step = self.begin()
        progress = self.progress(self.epoch - 1, self.batch)
        weight = self.outside.value("weight")
        if step > before:  # actions.cbr:18
            self.fired({})
            self.set_setting(
                "beta_1", None if progress is None else 0.9 + 0.05 * progress
            )  # actions.cbr:18
            self.set_outside("weight", None if weight is None else weight + 0.5)  # actions.cbr:18
            weight = self.outside.value("weight")
            self.print(text32(weight))  # actions.cbr:18

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)


class Anneal(SetsVariable, keras.callbacks.Callback):
    """anneal: every epoch weight = weight * 0.9"""

    name = "anneal"
    place = "actions.cbr:19"
    key = "anneal:57a8bb2a7739"

    def __init__(self, outside):
        self.outside = outside
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        weight = self.outside.value("weight")
        self.fired({})
        self.set_outside("weight", None if weight is None else weight * 0.9)  # actions.cbr:19


class Ratio(Records, keras.callbacks.Callback):
    """ratio: on epoch_end record `val/train` = val_loss / loss"""

    name = "ratio"
    place = "actions.cbr:20"
    key = "ratio:9aa0879a2f5f"

    def __init__(self, recorded, snapshots):
        self.recorded = recorded
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        val_loss = logs.get("val_loss")
        loss = logs.get("loss")
        self.fired({"val_loss": val_loss, "loss": loss})
        self.record(
            "val/train", None if val_loss is None or loss is None else divide(val_loss, loss)
        )  # actions.cbr:20


class Seen(Records, keras.callbacks.Callback):
    """seen: on batch_end if loss > 2 record last_high = loss"""

    name = "seen"
    place = "actions.cbr:21"
    key = "seen:6decc64ec7fe"

    def __init__(self, recorded):
        self.recorded = recorded
        super().__init__()

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and loss > 2:  # actions.cbr:21
            self.fired({"loss": loss})
            self.record("last_high", loss)  # actions.cbr:21


class Tell(Notifies, Calls, keras.callbacks.Callback):
    """tell: on epoch_end if `val/train` > 2 notify "gap {gap:.2f}", call my_project.hooks.after_epoch"""

    name = "tell"
    place = "actions.cbr:22"
    key = "tell:c0b96854b1b3"
    calls = ("my_project.hooks.after_epoch",)

    def __init__(self, notices, functions, snapshots):
        self.notices = notices
        self.functions = functions
        self.snapshots = snapshots
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        val_train = logs.get("val/train")
        gap = logs.get("gap")
        if val_train is not None and val_train > 2:  # actions.cbr:22
            self.fired({"val/train": val_train, "gap": gap})
            self.notify(f"gap {text(gap, '.2f')}")  # actions.cbr:22
            self.call("my_project.hooks.after_epoch", logs)  # actions.cbr:22


class CallBack(Calls, keras.callbacks.Callback):
    """call_back: on train_begin call my_project.hooks.begun"""

    name = "call_back"
    place = "actions.cbr:23"
    key = "call_back:10b4bc51f613"
    calls = ("my_project.hooks.begun",)

    def __init__(self, functions, snapshots):
        self.functions = functions
        self.snapshots = snapshots
        super().__init__()

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.fired({})
        self.call("my_project.hooks.begun", self.known)  # actions.cbr:23

    def on_epoch_end(self, epoch, logs=None):
        self.note(self.snapshots.left(logs), keep=True)


class Wrong(Fails, keras.callbacks.Callback):
    """wrong: on epoch_end if loss is nan for 3 epochs fail "the loss is {loss}" """

    name = "wrong"
    place = "actions.cbr:24"
    key = "wrong:e4c41dc9beed"
    memory = ("loss_held",)

    def __init__(self, failures, snapshots):
        self.failures = failures
        self.snapshots = snapshots
        super().__init__()

    def reset(self):
        super().reset()
        self.loss_held = Held()

    def on_epoch_end(self, epoch, logs=None):
        logs = self.snapshots.left(logs)
        loss = logs.get("loss")
        self.loss_held.observe(
            epoch + 1,
            holds=loss is not None and math.isnan(loss),
            fails=loss is not None and not math.isnan(loss),
        )  # actions.cbr:24
        if self.loss_held.holds_for(3):  # actions.cbr:24
            self.fired({"loss": loss})
            self.fail(f"the loss is {text32(loss)}")  # actions.cbr:24
            self.loss_held.restart()


def callbacks(*, count=3, weight=None, run_dir=".", notify=(), allow=()):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    outside = Outside({"weight": weight})
    recorded = Recorded()
    snapshots = Snapshots(outside)
    notices = Messages(notify)
    functions = Functions(allow)
    failures = Failures()
    made = [
        outside,
        recorded,
        Gap(),
        snapshots,
        Bad(snapshots),
        Worse(snapshots),
        Often(snapshots),
        Heavy(snapshots),
        Later(snapshots),
        Snap(snapshots),
        BestGap(snapshots),
        Newest(count=count),
        Top(snapshots),
        Thaw(),
        Clip(),
        Live(outside),
        Anneal(outside),
        Ratio(recorded, snapshots),
        Seen(recorded),
        Tell(notices, functions, snapshots),
        CallBack(functions, snapshots),
        Wrong(failures, snapshots),
        notices,
        failures,
    ]
    return writing_to(run_dir, made)
