"""Each action in a fit on JAX, as test_actions_on_tensorflow has it."""

from __future__ import annotations

import pytest

pytest.importorskip("jax")
pytest.importorskip("apprise")

from backend_expected import CHECKS
from backend_runs import Few

# Where JAX is most itself: it trains copies of the weights, by a step that is traced once.
JAX = Few(
    "jax",
    "stop_in_epoch save call lr_scale schedule_lr_unseen weight_decay momentum freeze_nested "
    "variable another_variable snapshot_unseen roll_back_nan_unseen roll_back_best".split(),
)


@pytest.mark.parametrize("name", JAX.params)
def test_on_jax(name: str) -> None:
    runs = JAX.runs(name)
    CHECKS[name](runs[name], runs)
