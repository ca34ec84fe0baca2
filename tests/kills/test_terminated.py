"""SIGTERM, and SIGKILL when the time of grace is over: what is saved is whole, runs go on."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from terminated_training import EPOCH, MOMENTS

SCRIPT = Path(__file__).with_name("terminated_training.py")

pytestmark = [
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
]

FEW = ["batch, validation", "state half written"]

# What the rule had saved, which is like the same of the unbroken run.
LAST = {"batch, validation": "within", "validation": "third"}

Terminated = Callable[[tuple[str, ...], float], dict[str, Any]]


@pytest.fixture(scope="module")
def terminated(tmp_path_factory: pytest.TempPathFactory) -> Terminated:
    """What came of some moments under some time of grace, in seconds."""

    @functools.cache
    def done(names: tuple[str, ...], grace: float) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SCRIPT), str(tmp_path_factory.mktemp("runs")), str(grace)]
        return subprocess.run(
            [*command, *names], capture_output=True, text=True, timeout=300, check=False
        )

    def found(names: tuple[str, ...], grace: float) -> dict[str, Any]:
        process = done(names, grace)
        assert process.returncode == 0, process.stderr
        found: dict[str, Any] = json.loads(process.stdout)
        return found

    return found


def is_right(name: str, found: dict[str, Any]) -> bool:
    # The state of an epoch is there once its file has its name, and not before.
    last = EPOCH if name == "state renamed" else EPOCH - 1
    half = name.startswith("state") and last < EPOCH
    return found == {
        "killed": "SIGTERM" if name.endswith("unanswered") else "SIGKILL",
        "epoch": last,
        "unfinished": 1 if half else 0,
        "last": LAST.get(name),
        "behind": [last],
        "left": ["finished.json", "lock", "state.npz"],
        "same": True,
    }


@pytest.mark.parametrize("name", FEW)
def test_a_second_of_grace(name: str, terminated: Terminated) -> None:
    found = terminated(tuple(FEW), 1)[name]
    assert is_right(name, found), found


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MOMENTS)
def test_ten_seconds_of_grace(name: str, terminated: Terminated) -> None:
    found = terminated(tuple(MOMENTS), 10)[name]
    assert is_right(name, found), found
