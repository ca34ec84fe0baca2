"""The tests of the examples need all that the examples do, and leave nothing imported behind."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def trainable() -> None:
    if None in map(importlib.util.find_spec, ("tensorflow", "mlxtend")):
        pytest.skip("needs the extra `train`")


@pytest.fixture(autouse=True)
def no_module_of_an_example_stays() -> Iterator[None]:
    """Examples import their neighbours by plain names that other tests may use as well."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in ("callbacks", "network", "standalone"):
        sys.modules.pop(name, None)
