"""Keras's callbacks beside the rules that say the same; left out where TensorFlow is missing."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import pytest
from parity_tally import Tally, table

collect_ignore_glob: list[str] = []
if find_spec("tensorflow") is None:
    collect_ignore_glob.append("test_*.py")
else:
    from cbdsl.train.quiet import quiet

    quiet()

_tallies = pytest.StashKey[dict[str, Tally]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_tallies] = {}


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Callable[[str], Tally]:
    """`tally(pair)`: its line in the table at the end of the run."""
    tallies = request.config.stash[_tallies]
    return lambda pair: tallies.setdefault(pair, Tally())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if tallies := config.stash[_tallies]:
        terminalreporter.section("the same decisions as Keras")
        for line in table(tallies):
            terminalreporter.write_line(line)
