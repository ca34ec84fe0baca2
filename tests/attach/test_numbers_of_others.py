"""Metrics that other callbacks put into the logs, in whatever type they have them."""

import io
import pickle
from contextlib import redirect_stdout

import attach_fits as fits
import keras
import numpy as np
import pytest

import cbdsl

RULES = """\
expects f1
maximize f1
a: on epoch_end if f1 improves print "improves {epoch}"
b: on epoch_end if f1 rises print "rises {epoch}"
c: on epoch_end if f1 crosses above 0.75 print "crosses {epoch}"
d: on epoch_end if f1 * 4 > 1 print "{f1 - 0.25}"
"""


class Reports(keras.callbacks.Callback):
    """Reports a metric of one's own."""

    def __init__(self, make: object) -> None:
        super().__init__()
        self.make = make

    def on_epoch_end(self, epoch, logs=None):
        logs["f1"] = self.make(0.5 + 0.25 * epoch)


def said(callbacks: list[keras.callbacks.Callback]) -> list[str]:
    out = io.StringIO()
    with redirect_stdout(out):
        fits.fit(callbacks, epochs=3)
    return out.getvalue().split("\n")


@pytest.mark.parametrize(
    "make", [float, np.float64, np.float32, np.array, keras.ops.convert_to_tensor],
    ids=["float", "float64", "float32", "array", "tensor"],
)  # fmt: skip
def test_they_count_as_numbers(make: object) -> None:
    assert [line for line in said([Reports(make), *cbdsl.callbacks(RULES)]) if line] == [
        "improves 1", "0.25", "improves 2", "rises 2", "0.5", "improves 3", "rises 3",
        "crosses 3", "0.75",
    ]  # fmt: skip


def test_time_travels_with_the_rules() -> None:
    *_, host = cbdsl.callbacks("on batch_end if elapsed > 1 hour stop")
    host.clock.begin(1800)
    assert pickle.loads(pickle.dumps(host)).elapsed == pytest.approx(1800, abs=5)
