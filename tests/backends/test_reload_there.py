"""An edit of the rules takes over on the other backends as well: the same tests, there."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1] / "attach" / "test_reload.py"


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_an_edit_takes_over(backend: str, tmp_path: Path) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    # Keras gives NumPy arrays of these backends in a way that it is about to leave behind.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "default"]
    done = subprocess.run(
        [*command, str(TESTS), f"--basetemp={tmp_path / 'there'}"],
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
