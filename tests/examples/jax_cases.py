"""What must hold on JAX; `test_on_jax` runs this file with KERAS_BACKEND=jax.

On JAX the state of a running epoch is outside the model. What a batch hook changes takes effect
only if it reaches the model through a callback's own `self.model`.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from example_runs import run, script

import cbdsl

BATCHES, SIZE = 6, 32

# A rule that leaves the rate alone, to show that there is something to see.
MOVES = pytest.mark.xfail(strict=True, reason="the rate stays, so the weights move on")


@pytest.fixture(scope="module")
def digits() -> ModuleType:
    assert keras.backend.backend() == "jax"
    return script("on_jax", "with_rules").main.__globals__["train"].__globals__


def test_both_versions_do_the_same(tmp_path: Path) -> None:
    runs = []
    for version in ("with_rules", "by_hand"):
        folder = tmp_path / version
        main = script("on_jax", version).main
        runs.append(run(lambda main=main, folder=folder: main(str(folder)), folder))
    rules, hand = runs
    assert rules == hand
    assert 2 < rules.epochs < 10
    assert list(rules.files[-1]) == ["best.weights.h5"]
    assert "is enough" in rules.messages[0]


def fitted(digits: Any, callbacks: list[Any], batches: int = BATCHES) -> keras.Model:
    model = digits["network"]()
    (images, labels), _ = digits["digits"]()
    n = batches * SIZE
    model.fit(
        images[:n], labels[:n], batch_size=SIZE, shuffle=False, callbacks=callbacks, verbose=0
    )
    return model


def weights(model: keras.Model) -> list[bytes]:
    return [np.asarray(weight).tobytes() for weight in model.get_weights()]


@pytest.fixture(scope="module")
def after_three(digits: Any) -> list[bytes]:
    return weights(fitted(digits, [], batches=3))


@pytest.mark.parametrize(
    "rule",
    [
        "on batch_end if step == 3 lr = 0",
        "on batch_begin if step >= 4 lr = 0",
        "at batch 4 lr = 0",
        pytest.param("on epoch_begin lr = lr", marks=MOVES),
    ],
)
def test_a_rate_set_in_a_batch_hook_is_trained_with(
    rule: str, digits: Any, after_three: list[bytes]
) -> None:
    """With a rate of 0 from the fourth batch on, the weights are those after the third."""
    assert weights(fitted(digits, cbdsl.callbacks(rule))) == after_three


def test_a_batch_rule_stops_and_saves_the_batch_it_saw(
    digits: Any, after_three: list[bytes], tmp_path: Path
) -> None:
    rule = 'on batch_end if step == 3 save "stopped.weights.h5", stop'
    assert weights(fitted(digits, cbdsl.callbacks(rule, run_dir=tmp_path))) == after_three

    rule = 'at batch 3 save "running.weights.h5"'
    model = fitted(digits, cbdsl.callbacks(rule, run_dir=tmp_path))
    assert weights(model) == weights(fitted(digits, []))
    for name in ("stopped", "running"):
        model.load_weights(tmp_path / f"{name}.weights.h5")
        assert weights(model) == after_three


def test_a_rule_about_epochs_leaves_batches_alone() -> None:
    """A callback with a hook for the end of batches makes JAX wait for each batch."""
    (host,) = cbdsl.callbacks('on epoch_end if loss > 0 print "{loss}"')
    for hook in ("on_train_batch_begin", "on_train_batch_end", "on_batch_end"):
        assert keras.src.utils.is_default(getattr(host, hook))
