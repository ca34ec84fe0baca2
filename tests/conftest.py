"""What every test can rely on: a quiet TensorFlow, and goldens."""

import difflib
import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

# Before anything imports TensorFlow or Keras, and for the subprocesses that tests start.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

Golden = Callable[[Path, str], None]

_written = pytest.StashKey[list[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write what the tests got into their golden files instead of comparing",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_written] = []
    # A shell starts what it puts in the background with interrupts ignored.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The graphs that TensorFlow traces are many small objects: a tenth of the time went into
    # looking for those that nobody holds any more.
    gc.set_threshold(20_000, 20, 20)


def pytest_runtest_teardown() -> None:
    # An iterator of tf.data that is left in the middle of an epoch waits for its thread when it is
    # deleted, the longer the older it is: up to half a minute for one.
    gc.collect(1)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if written := sorted(set(config.stash[_written])):
        terminalreporter.section("goldens written")
        for path in written:
            terminalreporter.write_line(os.path.relpath(path))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(path, actual)`: `actual` must be the text of the file at `path`.

    Texts are compared to the character, line ends included. With `--update-goldens` a file that
    is missing or differs is written instead, and named at the end of the run.
    """

    def compare(path: Path, actual: str) -> None:
        # As bytes: Path.read_text would turn CRLF into LF and hide the difference.
        expected = path.read_bytes().decode() if path.exists() else None
        if actual == expected:
            return
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual.encode())
            request.config.stash[_written].append(path)
            return
        name = os.path.relpath(path)
        if expected is None:
            said = f"there is no golden {name} yet"
        else:
            said = f"this is not what {name} holds:\n{unified_diff(expected, actual, name)}"
        pytest.fail(f"{said}\nIf the new text is right: pytest --update-goldens", pytrace=False)

    return compare


def unified_diff(expected: str, actual: str, name: str) -> str:
    """The difference of two texts, with a mark where a last line has no end."""
    lines = difflib.unified_diff(
        # Line ends other than \n stay visible as escapes; a diff must not hide what differs.
        [_shown(line) for line in expected.splitlines(keepends=True)],
        [_shown(line) for line in actual.splitlines(keepends=True)],
        fromfile=name,
        tofile="the test's text",
        lineterm="",
    )
    return "\n".join(lines)


def _shown(line: str) -> str:
    if line.endswith("\r\n"):
        return f"{line[:-2]}\\r"
    if line.endswith("\n"):
        return line[:-1]
    return f"{line}  (no line end)"
