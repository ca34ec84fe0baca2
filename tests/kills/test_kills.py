"""Runs that are killed at random moments end as the unbroken one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("killed_training.py")

pytestmark = [
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
]


def killed(folder: Path, kills: int, seed: int, *more: str) -> dict[str, Any]:
    command = [sys.executable, str(SCRIPT), str(folder), str(kills), str(seed), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def is_right(found: dict[str, Any], kills: int) -> bool:
    assert found["firings"] >= 20
    assert len(found["rules"]) >= 8
    assert found["kills"] >= kills
    return not found["different"]


def test_some_kills(tmp_path: Path) -> None:
    assert is_right(killed(tmp_path, 4, seed=0), kills=4)


@pytest.mark.slow
def test_rules_that_forget_are_caught(tmp_path: Path) -> None:
    assert not is_right(killed(tmp_path, 2, 0, "mutant"), kills=2)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(1, 6))
def test_many_kills(tmp_path: Path, seed: int) -> None:
    assert is_right(killed(tmp_path, 40, seed), kills=40)
