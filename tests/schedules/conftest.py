"""How far phases are from the schedules of Keras and PyTorch, said at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_differences = pytest.StashKey[dict[str, float]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_differences] = {}


@pytest.fixture(scope="session")
def largest(request: pytest.FixtureRequest) -> Callable[[str, float], None]:
    """`largest(shape, difference)`: a relative difference for the table."""
    differences = request.config.stash[_differences]

    def note(shape: str, difference: float) -> None:
        differences[shape] = max(difference, differences.get(shape, 0.0))

    return note


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if differences := config.stash[_differences]:
        terminalreporter.section("the largest relative difference from Keras and PyTorch")
        for shape, difference in differences.items():
            terminalreporter.write_line(f"{shape:22} {difference:.1e}")
