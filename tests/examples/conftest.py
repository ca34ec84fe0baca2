"""The tests of the examples need all that the examples do."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.fixture(scope="session", autouse=True)
def trainable() -> None:
    if None in map(importlib.util.find_spec, ("tensorflow", "mlxtend")):
        pytest.skip("needs the extra `train`")
