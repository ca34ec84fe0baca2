"""Writes a history into a file and reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cbdsl.replaying import Run, Unreadable, read

Reader = Callable[[str | bytes], list[Run]]


@pytest.fixture
def runs(tmp_path: Path) -> Reader:
    """`runs(content)`: the runs of a file that holds it."""

    def read_back(content: str | bytes) -> list[Run]:
        path = tmp_path / "log"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(path)

    return read_back


@pytest.fixture
def run(runs: Reader) -> Callable[[str | bytes], Run]:
    """The same of a file that holds one run."""

    def only(content: str | bytes) -> Run:
        (found,) = runs(content)
        return found

    return only


@pytest.fixture
def refused(runs: Reader) -> Callable[[str | bytes], str]:
    """`refused(content)`: the reason why a file is not read."""

    def reason(content: str | bytes) -> str:
        with pytest.raises(Unreadable) as caught:
            runs(content)
        assert caught.value.path is not None
        assert "\n" not in caught.value.reason
        return caught.value.reason

    return reason
