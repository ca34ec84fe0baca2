"""Trains in one go and, in another folder, until it is broken off; then goes on from there.

A process has one backend, so this is a script, for `KERAS_BACKEND`. It imports no pytest.

    python backend_resume.py begin FOLDER KIND…
    python backend_resume.py go_on FOLDER KIND…

What came of the trainings is left in FOLDER/KIND/whole and FOLDER/KIND/broken, KIND being one of
`KINDS`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

import cbdsl

EPOCHS, BATCHES, SIZE = 6, 5, 8
BROKEN = (4, 3)
"""The epoch and the batch that break off, counted from 1."""


KINDS = {
    # Nobody hears of batches: JAX runs ahead, with copies of all weights.
    "epochs": """
        resume from "state"

        # So high in the end that all becomes worse.
        schedule lr:
            linear from 0.004 to 0.02 over 3 epochs
            hold at 3 for the rest

        first: on epoch_end if loss > 0 then once print "once"
        stuck: on epoch_end if val_loss stalls for 3 epochs by 50 lr *= 0.5
        smooth: on epoch_end print "{ema(loss, 0.3):.9f} {std(val_loss, 4):.9f}"
        counted: on epoch_end if count(loss > 0) >= 5 print "{count(loss > 0)}"
        returned: at epoch 5 restore best of val_loss
    """,
    "batches": """
        resume from "state"
        let seen = 0

        schedule lr every batch:
            linear from 0.004 to 0.02 over 12 batches
            cosine to 0.001 over the rest

        some: on batch_end if per_batch(loss) > 0 then at most 17 times seen += 1
        cut: on epoch_end if loss stalls for 2 epochs by 40 lr *= 0.8
        smooth: every 4 batches print "{step} {ema(per_batch(loss), 0.2):.9f} {seen}"
        counted: on batch_end if count(per_batch(loss) falls) % 5 > 3 print "{step}"
        frozen: at epoch 2 freeze "low"
        thawed: at epoch 5 unfreeze "low"
        lighter: every 2 epochs optimizer.weight_decay *= 0.5
        returned: on batch_end if epoch == 4 and batch == 3 roll back to best of val_loss
    """,
    # On torch, where that is another matter: the Dropout layer has no seed of its own.
    "unseeded": """
        resume from "state"
        smooth: on epoch_end print "{ema(loss, 0.3):.9f}"
    """,
}

_random = np.random.default_rng(0)
X = _random.normal(size=(BATCHES * SIZE, 4)).astype("float32")
Y = (X.sum(1, keepdims=True) ** 2).astype("float32")


def network(kind: str) -> Any:
    seed = 11 if keras.backend.backend() == "torch" and kind != "unseeded" else None
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, activation="relu", name="low"),
            layers.Dropout(0.3, seed=seed),
            layers.BatchNormalization(),
            layers.Dense(1, name="high"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01, weight_decay=0.01), "mse", metrics=["mae"])
    return model


class BrokenOff(Exception):
    """Stands for whatever breaks a training off."""


def fit(kind: str, folder: Path, *, breaks: bool = False) -> None:
    """One training of a new model; unless it breaks off, its outcome is left in the folder."""
    model = network(kind)
    epochs: list[int] = []

    def batch_begins(batch: int, logs: Any) -> None:
        if (epochs[-1], batch + 1) == BROKEN:
            raise BrokenOff

    callbacks = cbdsl.callbacks(KINDS[kind], run_dir=folder, journal=True, strict=True)
    notes = [keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: epochs.append(e + 1))]
    if breaks:
        notes.append(keras.callbacks.LambdaCallback(on_train_batch_begin=batch_begins))
    try:
        history = model.fit(
            X, Y, batch_size=SIZE, epochs=EPOCHS, shuffle=False, verbose=0,
            validation_data=(X[:SIZE], Y[:SIZE]), callbacks=[*callbacks, *notes],
        )  # fmt: skip
    except BrokenOff:
        return
    finally:
        callbacks[-1].close()
    for name, variables in [("model", model.variables), ("optimizer", model.optimizer.variables)]:
        arrays = [keras.ops.convert_to_numpy(variable) for variable in variables]
        np.savez(folder / f"{name}.npz", *arrays)
    (folder / "facts.json").write_text(json.dumps({"epochs": epochs, "logs": history.history}))


def main(verb: str, name: str, *kinds: str) -> None:
    assert keras.backend.backend() == os.environ["KERAS_BACKEND"]
    for kind in kinds:
        folder = Path(name, kind)
        if verb == "begin":
            fit(kind, folder / "whole")
            fit(kind, folder / "broken", breaks=True)
        else:
            fit(kind, folder / "broken")


if __name__ == "__main__":
    main(*sys.argv[1:])
