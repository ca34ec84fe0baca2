"""Each action in a fit on TensorFlow: what becomes of weights, logs and files.

The runs are those of `backend_cases`, what must come of them stands in `backend_expected`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("apprise")

import backend_cases as cases
from backend_expected import CHECKS


class Lazy(dict[str, dict[str, Any]]):
    """The runs of this process, made when they are asked for."""

    def __init__(self, folder: Callable[[str], Path]) -> None:
        super().__init__()
        self.folder = folder

    def __missing__(self, name: str) -> dict[str, Any]:
        # As it would come from another process.
        self[name] = json.loads(json.dumps(cases.run(name, self.folder(name))))
        return self[name]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Lazy:
    return Lazy(tmp_path_factory.mktemp)


@pytest.mark.parametrize("name", CHECKS)
def test_on_tensorflow(name: str, runs: Lazy) -> None:
    CHECKS[name](runs[name], runs)


def test_every_file_and_every_run_is_looked_at() -> None:
    assert {path.stem for path in cases.ACTIONS.iterdir()} <= set(cases.CASES)
    assert set(CHECKS) | {"plain_adam", "plain_momentum"} == set(cases.CASES)
