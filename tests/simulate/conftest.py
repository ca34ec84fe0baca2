"""What every test of `cbdsl.simulate` can rely on."""

from collections.abc import Callable
from typing import Any

import pytest

import cbdsl
from cbdsl.simulate import Simulated, simulate


@pytest.fixture(scope="session")
def simulated() -> Callable[..., Simulated]:
    """`simulated(rules, series, …)`: rules under given metrics."""

    def run(rules: str, series: dict[str, list[float | None]], **arguments: Any) -> Simulated:
        program = cbdsl.compile(rules, filename="rules.cbr")
        return simulate(program.plan, program.module, series, **arguments)

    return run
