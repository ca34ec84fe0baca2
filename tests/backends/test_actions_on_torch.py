"""Each action in a fit on torch, as test_actions_on_tensorflow has it."""

from __future__ import annotations

import importlib.util

import pytest

if importlib.util.find_spec("torch") is None:
    pytest.skip("needs torch", allow_module_level=True)
pytest.importorskip("apprise")

from backend_expected import CHECKS
from backend_runs import Few

TORCH = Few("torch", "stop save lr_scale weight_decay freeze roll_back_good".split())


@pytest.mark.parametrize("name", TORCH.params)
def test_on_torch(name: str) -> None:
    runs = TORCH.runs(name)
    CHECKS[name](runs[name], runs)
