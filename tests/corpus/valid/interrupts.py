"""Training rules, compiled by cbdsl from interrupts.cbr."""

import math

import keras

from cbdsl.runtime import (
    BatchSnapshots,
    Best,
    Improves,
    Mean,
    Moves,
    RecordedMetrics,
    Records,
    Restores,
    Rule,
    SetsRate,
    listed,
    share,
    text,
    writing_to,
)


class Recorded(RecordedMetrics, keras.callbacks.Callback):
    """The metrics that rules record: in the logs of every epoch, nan where none did."""

    names = ("interrupted",)


class Snapshots(BatchSnapshots, keras.callbacks.Callback):
    """The weights that rules go back to."""

    good = True
    made = frozenset({"interrupted"})


class Leave(Rule, keras.callbacks.Callback):
    """
    leave: on interrupt:
        save "last-{epoch}.keras"
        stop "interrupted in epoch {epoch}, batch {batch} of {batches}"
    """

    name = "leave"
    place = "interrupts.cbr:6"
    key = "leave:40ca8e31f00e"

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch)

    # Not Keras but cbdsl calls it, where a signal is answered.
    def on_interrupt(self, logs=None):
        batches = self.batches
        self.fired({})
        self.save(f"last-{self.epoch}.keras")  # interrupts.cbr:6
        self.stop(
            f"interrupted in epoch {self.epoch}, batch {self.batch} of {text(batches)}"
        )  # interrupts.cbr:6


class SnapshotOnInterrupt(Restores, keras.callbacks.Callback):
    """on interrupt after 3 epochs if loss is finite and val_loss < best(val_loss) + 0.1 then once snapshot"""

    name = "interrupts.cbr:9"
    place = "interrupts.cbr:9"
    key = "a30091e15345:1"
    memory = ("best_val_loss",)

    def __init__(self, snapshots):
        self.snapshots = snapshots
        super().__init__()

    def reset(self):
        super().reset()
        self.best_val_loss = Best("lower")

    def on_epoch_end(self, epoch, logs=None):
        self.note(logs, keep=True)
        logs = logs or {}
        val_loss = logs.get("val_loss")
        if epoch < 3:  # interrupts.cbr:9
            return
        self.best_val_loss.feed(val_loss)  # interrupts.cbr:9

    def on_train_batch_end(self, batch, logs=None):
        self.note(logs, keep=True)

    # Not Keras but cbdsl calls it, where a signal is answered.
    def on_interrupt(self, logs=None):
        loss = self.known.get("loss")
        val_loss = self.known.get("val_loss")
        best_val_loss = self.best_val_loss.value
        if (
            self.epoch > 3
            and self.firings == 0
            and loss is not None
            and math.isfinite(loss)
            and val_loss is not None
            and best_val_loss is not None
            and val_loss < best_val_loss + 0.1
        ):  # interrupts.cbr:9
            self.fired({"loss": loss, "val_loss": val_loss, "best(val_loss)": best_val_loss})
            self.snapshot()  # interrupts.cbr:9


class LrOnInterrupt(SetsRate, keras.callbacks.Callback):
    """
    on interrupt from 1 epoch to 80% if mean(val_loss, 3) falls:
        lr *= 0.5
        wait grace
        warn "step {step}: {loss:.3f}, {progress:.0%}"
    """

    name = "interrupts.cbr:10"
    place = "interrupts.cbr:10"
    key = "4cd85480227c:1"
    memory = ("mean_val_loss_3", "val_loss_falls")

    def __init__(self, *, grace=2):
        self.grace = grace
        super().__init__()

    def reset(self):
        super().reset()
        self.mean_val_loss_3 = Mean(3)
        self.val_loss_falls = Moves("falls")

    def on_epoch_end(self, epoch, logs=None):
        self.note(logs, keep=True)
        logs = logs or {}
        epochs = self.epochs
        val_loss = logs.get("val_loss")
        if not (epochs is not None and 1 <= epoch + 1 <= share(0.8, epochs)):  # interrupts.cbr:10
            return
        mean_val_loss_3 = self.mean_val_loss_3.feed(val_loss)  # interrupts.cbr:10
        self.val_loss_falls.feed(mean_val_loss_3)  # interrupts.cbr:10

    def on_train_batch_end(self, batch, logs=None):
        self.note(logs, keep=True)
        self.advance(batch)

    # Not Keras but cbdsl calls it, where a signal is answered.
    def on_interrupt(self, logs=None):
        epochs = self.epochs
        progress = self.progress(self.epoch - 1, self.batch)
        loss = self.known.get("loss")
        val_loss = self.known.get("val_loss")
        mean_val_loss_3 = self.mean_val_loss_3.value
        if (
            epochs is not None
            and 1 <= self.epoch <= share(0.8, epochs)
            and not self.waiting()
            and self.val_loss_falls.holds()
        ):  # interrupts.cbr:10
            self.fired({"val_loss": val_loss, "loss": loss, "mean(val_loss, 3)": mean_val_loss_3})
            self.lr *= 0.5  # interrupts.cbr:10
            self.wait(self.grace, "epoch")  # interrupts.cbr:10
            self.warn(
                f"step {self.step}: {text(loss, '.3f')}, {text(progress, '.0%')}"
            )  # interrupts.cbr:10


class Told(Rule, keras.callbacks.Callback):
    """told: on interrupt until 1 hour print "{logs}" """

    name = "told"
    place = "interrupts.cbr:14"
    key = "told:659a8e90bb54"

    def on_epoch_end(self, epoch, logs=None):
        self.note(logs, keep=True)

    def on_train_batch_end(self, batch, logs=None):
        self.note(logs, keep=True)

    # Not Keras but cbdsl calls it, where a signal is answered.
    def on_interrupt(self, logs=None):
        elapsed = self.elapsed
        if elapsed <= 3600:  # interrupts.cbr:14
            self.fired({})
            self.print(listed(self.known))  # interrupts.cbr:14


class RollBackOnInterrupt(Restores, Records, keras.callbacks.Callback):
    """on interrupt roll back to last good, record interrupted = epoch"""

    name = "interrupts.cbr:15"
    place = "interrupts.cbr:15"
    key = "8c6ff014b8e8:1"

    def __init__(self, snapshots, recorded):
        self.snapshots = snapshots
        self.recorded = recorded
        super().__init__()

    # Not Keras but cbdsl calls it, where a signal is answered.
    def on_interrupt(self, logs=None):
        self.fired({})
        self.roll_back()  # interrupts.cbr:15
        self.record("interrupted", self.epoch)  # interrupts.cbr:15


class SaveOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if val_loss improves save "best.weights.h5" """

    name = "interrupts.cbr:18"
    place = "interrupts.cbr:18"
    key = "6b5d8fe4a3b1:1"
    memory = ("val_loss_improves",)

    def reset(self):
        super().reset()
        self.val_loss_improves = Improves("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        val_loss = logs.get("val_loss")
        self.val_loss_improves.feed(val_loss)  # interrupts.cbr:18
        if self.val_loss_improves.holds():  # interrupts.cbr:18
            self.fired({"val_loss": val_loss})
            self.save("best.weights.h5")  # interrupts.cbr:18


def callbacks(*, grace=2, run_dir="."):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    recorded = Recorded()
    snapshots = Snapshots()
    made = [
        recorded,
        snapshots,
        Leave(),
        SnapshotOnInterrupt(snapshots),
        LrOnInterrupt(grace=grace),
        Told(),
        RollBackOnInterrupt(snapshots, recorded),
        SaveOnEpochEnd(),
    ]
    return writing_to(run_dir, made)
