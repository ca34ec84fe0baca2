"""`resume` on JAX and on torch: a training that another process takes up ends as an unbroken one.

On TensorFlow, and with kills at any moment, that is tested in tests/attach and tests/kills.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import backend_resume
import numpy as np
import pytest
from backend_resume import BROKEN, EPOCHS

ROOT = Path(__file__).resolve().parents[2]

BACKENDS = {"jax": ["epochs", "batches"], "torch": ["epochs", "batches", "unseeded"]}

LATE = {
    "epochs": "stuck smooth counted returned",
    "batches": "some cut smooth counted returned",
    "unseeded": "smooth",
}
"""Rules that must fire behind what was broken off, all of them by what they remember."""

Trainings = Callable[[str], Path]


@functools.cache
def process(verb: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, backend_resume.__file__, verb, folder, *BACKENDS[folder.name]],
        env=os.environ
        | {
            "KERAS_BACKEND": folder.name,
            "PYTHONPATH": str(ROOT),
            # Compiling takes most of the time.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Trainings:
    """The folder with all trainings of a backend, made when they are asked for."""
    parent = tmp_path_factory.mktemp("resume")

    def made(backend: str) -> Path:
        for verb in ("begin", "go_on"):
            done = process(verb, parent / backend)
            assert done.returncode == 0, done.stdout + done.stderr
        return parent / backend

    return made


@pytest.mark.parametrize(
    ("backend", "kind"),
    [(backend, kind) for backend, kinds in BACKENDS.items() for kind in kinds],
)
def test_a_new_process_goes_on(backend: str, kind: str, trainings: Trainings) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}")
    whole, broken = (trainings(backend) / kind / each for each in ("whole", "broken"))
    first, second = (json.loads((each / "facts.json").read_text()) for each in (whole, broken))
    assert first["epochs"] == [*range(1, EPOCHS + 1)]
    assert second["epochs"] == [*range(BROKEN[0], EPOCHS + 1)]
    made = decisions(whole)
    fired = [(line["rule"], line["epoch"]) for line in made if line["kind"] == "firing"]
    assert set(LATE[kind].split()) <= {rule for rule, epoch in fired if epoch >= BROKEN[0]}

    assert decisions(broken) == made
    assert second["logs"] == {name: each[BROKEN[0] - 1 :] for name, each in first["logs"].items()}
    for name in ("model", "optimizer"):
        assert variables(broken, name) == variables(whole, name)


def decisions(folder: Path) -> list[dict[str, Any]]:
    """The journal without what depends on the clock, and on having been taken up."""
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["kind"] not in ("run", "resumed")]
    return [{key: value for key, value in line.items() if key != "time"} for line in kept]


def variables(folder: Path, name: str) -> list[tuple[Any, ...]]:
    with np.load(folder / f"{name}.npz") as held:
        arrays = [held[each] for each in held]
    assert arrays
    return [(array.dtype, array.shape, array.tobytes()) for array in arrays]
