"""Keras's hooks, under the names that rules use, and what else `on` can name."""

from __future__ import annotations

from typing import Literal, NamedTuple

Metrics = Literal["epoch", "batch", "validation", "last"]
"""What a hook's logs hold: an epoch's metrics (`val_` too), the means of the epoch so far, the
validation's metrics without `val_`, or nothing, so that rules see those last known."""

SEEN: dict[Metrics, str] = {
    "epoch": "those of the epoch, with `val_` those of its validation",
    "batch": "the means of the epoch's batches so far",
    "validation": "the validation's, without `val_`",
    "last": "those last known",
}
"""What metrics a rule sees at a hook."""


class Hook(NamedTuple):
    """A moment that Keras tells of."""

    name: str
    method: str
    argument: Literal["epoch", "batch"] | None
    metrics: Metrics
    doc: str

    @property
    def begins(self) -> bool:
        return self.name.endswith("_begin")

    @property
    def is_batch(self) -> bool:
        return self.argument == "batch"

    @property
    def trains(self) -> bool:
        """Whether it belongs to training itself, not to validation or prediction."""
        return self.name.split("_")[0] in ("train", "epoch", "batch", "interrupt")


HOOKS = {
    hook.name: hook
    for hook in (
        Hook("train_begin", "on_train_begin", None, "last", "before the first epoch"),
        Hook("train_end", "on_train_end", None, "last", "after the last epoch"),
        Hook("epoch_begin", "on_epoch_begin", "epoch", "last", "before an epoch's first batch"),
        Hook("epoch_end", "on_epoch_end", "epoch", "epoch", "after an epoch and its validation"),
        Hook("batch_begin", "on_train_batch_begin", "batch", "last", "before a training batch"),
        Hook("batch_end", "on_train_batch_end", "batch", "batch", "after a training batch"),
        Hook("test_begin", "on_test_begin", None, "last", "before a validation"),
        Hook("test_end", "on_test_end", None, "validation", "after a validation"),
        Hook(
            "test_batch_begin",
            "on_test_batch_begin",
            "batch",
            "last",
            "before a batch of a validation",
        ),
        Hook(
            "test_batch_end",
            "on_test_batch_end",
            "batch",
            "validation",
            "after a batch of a validation",
        ),
        Hook("predict_begin", "on_predict_begin", None, "last", "before a prediction"),
        Hook("predict_end", "on_predict_end", None, "last", "after a prediction"),
        Hook(
            "predict_batch_begin",
            "on_predict_batch_begin",
            "batch",
            "last",
            "before a batch of a prediction",
        ),
        Hook(
            "predict_batch_end",
            "on_predict_batch_end",
            "batch",
            "last",
            "after a batch of a prediction",
        ),
    )
}

ALIASES = {"train_batch_begin": "batch_begin", "train_batch_end": "batch_end"}
"""Keras's own names for hooks that the language calls shorter."""

INTERRUPT = Hook("interrupt", "on_interrupt", None, "last", "after a SIGINT or a SIGTERM")
"""No hook of Keras's: the host calls it, and a simulation where a test says so."""

EVENTS = HOOKS | {INTERRUPT.name: INTERRUPT}
"""Everything that `on` can name."""
