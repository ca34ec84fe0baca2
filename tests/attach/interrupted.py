"""Trains under rules that answer interrupts, and says when it can be sent a signal.

    python interrupted.py MOMENT RUN_DIR

At the moment it writes `now`, and waits in the middle of what it does until the signal was sent.
"""

import os
import sys
import time
from pathlib import Path

from cbdsl.train.quiet import quiet

quiet()

import attach_fits as fits  # noqa: E402
import keras  # noqa: E402

import cbdsl  # noqa: E402

RULES = """
    leave: on interrupt save "last.weights.h5", print "answered in epoch {epoch}, batch {batch}"
    end: on epoch_end if epoch == 2 save "big.weights.h5"
    left: on train_end print "left after epoch {epoch}"
"""
STOPS = RULES.replace('batch {batch}"', 'batch {batch}", stop')

moment, run_dir = sys.argv[1], sys.argv[2]


def now() -> None:
    """Say that it is time, and stay here for a while; a signal comes in between."""
    sent = Path(run_dir, "sent")
    os.write(1, b"now\n")
    while not sent.exists():
        time.sleep(0.005)
    sent.unlink()


class Waits(keras.callbacks.Callback):
    epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if moment in ("training", "twice") and (self.epoch, batch) == (1, 4):
            now()
        if moment == "twice" and (self.epoch, batch) == (1, 6):
            now()

    def on_test_batch_begin(self, batch, logs=None):
        if moment == "validation" and self.epoch == 1:
            now()


model = fits.fresh()
if moment == "save":
    save = model.save_weights

    def slow(path, *args, **named):
        if "big" in str(path):
            now()
        save(path, *args, **named)

    model.save_weights = slow
rules = RULES if moment == "twice" else STOPS
fits.fit([*cbdsl.callbacks(rules, run_dir=run_dir), Waits()], model, epochs=4)
print("the script goes on")
