"""Keras's own callbacks, for `use Name(…)`: their arguments, and rules that say the same.

Arguments that Keras takes as functions or objects cannot be written in a file of rules and are
left out; a callback that cannot do without them is refused.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["truth", "whole", "number", "text", "path", "metric", "choice", "frequency"]
"""What an argument takes. A `frequency` is a whole number of batches, or one of its choices."""

KINDS: dict[Kind, str] = {
    "truth": "`true` or `false`",
    "whole": "a whole number",
    "number": "a number",
    "text": "a text",
    "path": "a path below the run directory",
    "metric": "the name of a metric, as a text",
    "choice": "one of its texts",
    "frequency": "a whole number of batches, or one of its texts",
}
"""What is written for an argument of each kind."""

Default = bool | float | int | str | None


class Argument(NamedTuple):
    """An argument; one without a default must be given."""

    name: str
    kind: Kind
    default: Default | type[Required]
    choices: tuple[str, ...] = ()


class Required:
    """Stands for the default of an argument that has none."""


class KerasCallback(NamedTuple):
    """A callback that `use` can name; `instead` is a rule that does the same, or the like."""

    name: str
    arguments: tuple[Argument, ...]
    doc: str
    instead: str = ""
    afresh: str = ""
    """What it forgets or loses when a run is resumed; empty where that does not matter."""
    asks_leave: bool = False
    """Whether it reaches the network, which the caller must allow."""


def _monitored() -> tuple[Argument, ...]:
    return (
        Argument("monitor", "metric", "val_loss"),
        Argument("verbose", "whole", 0),
        Argument("mode", "choice", "auto", ("auto", "min", "max")),
    )


def _saved() -> tuple[Argument, ...]:
    return (
        *_monitored(),
        Argument("save_best_only", "truth", False),
        Argument("save_weights_only", "truth", False),
        Argument("save_freq", "frequency", "epoch", ("epoch",)),
        Argument("initial_value_threshold", "number", None),
    )


KERAS_CALLBACKS = {
    callback.name: callback
    for callback in (
        KerasCallback(
            "BackupAndRestore",
            (
                Argument("backup_dir", "path", Required),
                Argument("save_freq", "frequency", "epoch", ("epoch",)),
                Argument("double_checkpoint", "truth", False),
                Argument("delete_checkpoint", "truth", True),
            ),
            "saves model and optimizer each epoch, to go on after a crash",
        ),
        KerasCallback(
            "CSVLogger",
            (
                Argument("filename", "path", Required),
                Argument("separator", "text", ","),
                Argument("append", "truth", False),
            ),
            "writes the metrics of each epoch to a file",
            afresh="without `append` it empties its file",
        ),
        KerasCallback(
            "EarlyStopping",
            (
                *_monitored(),
                Argument("min_delta", "number", 0),
                Argument("patience", "whole", 0),
                Argument("baseline", "number", None),
                Argument("restore_best_weights", "truth", False),
                Argument("start_from_epoch", "whole", 0),
            ),
            "stops when a metric no longer improves",
            "on epoch_end if val_loss stalls for 3 epochs stop",
            "it forgets how long there was no improvement, and the best weights",
        ),
        KerasCallback(
            "ModelCheckpoint",
            (Argument("filepath", "path", Required), *_saved()),
            "saves the model or its weights",
            'on epoch_end if val_loss improves save "best.keras"',
            "it forgets what was best, and saves over it",
        ),
        KerasCallback(
            "OrbaxCheckpoint",
            (
                Argument("directory", "path", Required),
                *_saved(),
                Argument("max_to_keep", "whole", 1),
                Argument("save_on_background", "truth", True),
            ),
            "saves with Orbax, in the background",
        ),
        KerasCallback(
            "ReduceLROnPlateau",
            (
                *_monitored(),
                Argument("factor", "number", 0.1),
                Argument("patience", "whole", 10),
                Argument("min_delta", "number", 1e-4),
                Argument("cooldown", "whole", 0),
                Argument("min_lr", "number", 0.0),
            ),
            "lowers the rate when a metric no longer improves",
            "on epoch_end if val_loss stalls for 10 epochs lr *= 0.1",
            "it forgets how long there was no improvement",
        ),
        KerasCallback(
            "RemoteMonitor",
            (
                Argument("root", "text", "http://localhost:9000"),
                Argument("path", "text", "/publish/epoch/end/"),
                Argument("field", "text", "data"),
                Argument("send_as_json", "truth", False),
            ),
            "sends the metrics of each epoch to a server; only where the caller allows `network`",
            asks_leave=True,
        ),
        KerasCallback(
            "SwapEMAWeights",
            (Argument("swap_on_epoch", "truth", False),),
            "swaps in the optimizer's averaged weights for validation",
        ),
        KerasCallback(
            "TensorBoard",
            (
                Argument("log_dir", "path", "logs"),
                Argument("histogram_freq", "whole", 0),
                Argument("write_graph", "truth", True),
                Argument("write_images", "truth", False),
                Argument("write_steps_per_second", "truth", False),
                Argument("update_freq", "frequency", "epoch", ("epoch", "batch")),
                Argument("profile_batch", "whole", 0),
                Argument("embeddings_freq", "whole", 0),
            ),
            "writes logs for TensorBoard",
        ),
        KerasCallback(
            "TerminateOnNaN",
            (Argument("raise_error", "truth", False),),
            "stops when the loss is nan or inf",
            "on batch_end if loss is not finite stop",
        ),
    )
}

REFUSED = {
    "Callback": "it is the base of callbacks and does nothing",
    "CallbackList": "rules are a list already",
    "History": "Keras adds it to every training itself",
    "LambdaCallback": "its arguments are functions; write a rule for each hook",
    "LearningRateScheduler": (
        "its argument is a function; write a rule such as `every epoch after 2 lr *= 0.99`"
    ),
    "ProgbarLogger": "Keras adds it to every training itself",
}
"""Keras's other callbacks, and why `use` does not take them."""

LEFT_OUT = {"RemoteMonitor": {"headers"}, "TensorBoard": {"embeddings_metadata"}}
"""Arguments that cannot be written as a literal."""
