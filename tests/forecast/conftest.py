"""What every test of forecasts can rely on."""

from collections.abc import Callable
from typing import Any

import pytest

import cbdsl
from cbdsl.forecast import Forecast, Planned, forecast


@pytest.fixture(scope="session")
def foreseen() -> Callable[..., Forecast]:
    """`foreseen(rules, epochs, batches=…)`: the forecast of some rules."""

    def make(rules: str, epochs: int, **planned: Any) -> Forecast:
        program = cbdsl.compile(rules, filename="rules.cbr")
        return forecast(program, Planned(epochs, **planned))

    return make
