"""How many random programs are compared, and which.

pytest tests/agreement --agreement 100000 --agreement-seed 7
"""

from __future__ import annotations

import pytest

DEFAULT = 3_000
"""How many programs are compared unless one asks for more: it is a part of every run."""

CHUNK = 1000
"""How many programs one test compares."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--agreement",
        type=int,
        default=DEFAULT,
        metavar="N",
        help=f"compare so many random programs with their reading ({DEFAULT} unless said)",
    )
    parser.addoption(
        "--agreement-seed",
        type=int,
        default=1,
        metavar="S",
        help="which random programs these are (1 unless said)",
    )


# Where the whole suite is run, pytest reads this file after its options.
def _asked(config: pytest.Config, option: str, default: int) -> int:
    return int(config.getoption(option, default))


@pytest.fixture(scope="session")
def many(pytestconfig: pytest.Config) -> int:
    """How many programs are compared in all."""
    return _asked(pytestconfig, "--agreement", DEFAULT)


@pytest.fixture(scope="session")
def family(pytestconfig: pytest.Config) -> int:
    """Which programs these are: the first half of every program's seed."""
    return _asked(pytestconfig, "--agreement-seed", 1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`seeds` of a test are a chunk of all; the files of tests take turns, for two workers."""
    if "seeds" not in metafunc.fixturenames:
        return
    total = _asked(metafunc.config, "--agreement", DEFAULT)
    chunks = [range(i, min(i + CHUNK, total)) for i in range(0, total, CHUNK)]
    second = metafunc.module.__name__.endswith("_second_half")
    mine = chunks[1::2] if second else chunks[::2]
    metafunc.parametrize("seeds", mine, ids=[f"{r.start}-{r.stop - 1}" for r in mine])
