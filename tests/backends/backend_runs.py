"""The runs of `backend_cases` on other backends than this process's, a process for all."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import backend_cases as cases
import pytest
from backend_expected import CHECKS

ROOT = Path(__file__).resolve().parents[2]

Runs = Mapping[str, dict[str, Any]]

_PLAIN = ("plain", "plain_adam", "plain_momentum")
"""What others are compared with."""


@functools.cache
def _process(backend: str, form: str, names: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, cases.__file__, form, *names],
        env=os.environ
        | {
            "KERAS_BACKEND": backend,
            "PYTHONPATH": str(ROOT),
            # Compiling takes most of the time.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def _runs(backend: str, form: str, names: tuple[str, ...]) -> Runs:
    done = _process(backend, form, names)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["backend"] == backend
    runs: Runs = said["runs"]
    return runs


class Few:
    """A backend of which the quick tests try some runs, and the slow ones all others.

    Args:
        backend: as Keras calls it.
        few: the runs for the quick tests.
    """

    def __init__(self, backend: str, few: Iterable[str]) -> None:
        self.backend = backend
        self.few = list(few)

    @property
    def params(self) -> list[Any]:
        """All runs that are looked at, as pytest's parameters."""
        return [
            pytest.param(name, marks=() if name in self.few else pytest.mark.slow)
            for name in CHECKS
        ]

    def runs(self, name: str) -> Runs:
        """The run of this name, with those that it is compared with."""
        of = self.few if name in self.few else [each for each in CHECKS if each not in self.few]
        return elsewhere(self.backend, of)


def elsewhere(backend: str, names: Iterable[str], form: str = "hosted") -> Runs:
    """Runs in a process of another backend, and those that they are compared with."""
    seen = [name.removesuffix("_unseen") for name in names]
    return _runs(backend, form, tuple(dict.fromkeys([*names, *seen, *_PLAIN])))
