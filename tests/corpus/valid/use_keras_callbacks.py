"""Training rules, compiled by cbdsl from use_keras_callbacks.cbr."""

import os

import keras

from cbdsl.runtime import Rule


def terminate_on_nan():
    """use TerminateOnNaN()"""
    return keras.callbacks.TerminateOnNaN()  # use_keras_callbacks.cbr:2


def csv_logger(run_dir="."):
    """use CSVLogger(filename="logs/training.csv", append=true, separator=";",)"""
    return keras.callbacks.CSVLogger(
        filename=os.path.join(run_dir, "logs/training.csv"), append=True, separator=";"
    )  # use_keras_callbacks.cbr:3


def early_stopping():
    """
    use EarlyStopping(
        monitor="val_accuracy",     # braces and brackets go over lines
        min_delta=-1e-3, patience=5, baseline=none
    )
    """
    return keras.callbacks.EarlyStopping(
        monitor="val_accuracy", min_delta=-0.001, patience=5, baseline=None
    )  # use_keras_callbacks.cbr:4


def model_checkpoint(run_dir="."):
    """use ModelCheckpoint(filepath="best-{epoch:02d}-{val_loss:.2f}.keras", save_best_only=true)"""
    return keras.callbacks.ModelCheckpoint(
        filepath=os.path.join(run_dir, "best-{epoch:02d}-{val_loss:.2f}.keras"), save_best_only=True
    )  # use_keras_callbacks.cbr:8


def reduce_lr_on_plateau():
    """use ReduceLROnPlateau(factor=50%, patience=3, min_lr=1e-6)"""
    return keras.callbacks.ReduceLROnPlateau(
        factor=0.5, patience=3, min_lr=1e-06
    )  # use_keras_callbacks.cbr:9


class PrintOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if loss > 3 print "{loss:.3f}" """

    name = "use_keras_callbacks.cbr:10"
    place = "use_keras_callbacks.cbr:10"
    key = "176a0323f804:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is not None and loss > 3:  # use_keras_callbacks.cbr:10
            self.fired({"loss": loss})
            self.print(f"{loss:.3f}")  # use_keras_callbacks.cbr:10


def callbacks(*, run_dir="."):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        terminate_on_nan(),
        csv_logger(run_dir),
        early_stopping(),
        model_checkpoint(run_dir),
        reduce_lr_on_plateau(),
        PrintOnEpochEnd(),
    ]
