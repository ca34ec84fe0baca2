"""The values that are always there, whatever the model."""

from __future__ import annotations

from typing import NamedTuple


class Value(NamedTuple):
    """A bare name that is no metric."""

    name: str
    may_be_missing: bool
    doc: str
    note: str = ""
    """What else there is to know."""


VALUES = {
    value.name: value
    for value in (
        Value("epoch", False, "the epoch that is running; the first is 1"),
        Value("epochs", True, "how many epochs are planned", "missing outside of `fit`"),
        Value("batch", False, "the batch within the epoch; the first is 1"),
        Value("batches", True, "how many batches an epoch has; missing while Keras does not know"),
        Value("step", False, "the batch within the whole training; the first is 1"),
        Value(
            "steps",
            True,
            "how many batches are planned in all",
            "missing while Keras does not know",
        ),
        Value("lr", False, "the learning rate, a 32-bit number"),
        Value("elapsed", False, "the time in training, as `2 hours`"),
        Value("progress", True, "how much of the planned training is done, from 0 to 1"),
    )
}
