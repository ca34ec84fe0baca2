"""What `--watch` looks at, and when it runs again. Nothing here waits for a clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cbdsl.cli import main
from cbdsl.ruletest import watch

RULES = "param target = 0.9\nenough: on epoch_end if accuracy > target stop\n"
TEST = 'include "rules.cbr"\ntest "it":\n    given accuracy: 0.95\n    expect stop\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rules.cbr").write_text(RULES)
    Path("rules_test.cbr").write_text(TEST)
    return tmp_path


@pytest.fixture
def watched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs `cbdsl test --watch`; whenever it waits the next step is taken, then Ctrl-C."""

    def run(*steps: Callable[[], object], status: int = 0, args: tuple[str, ...] = ()) -> str:
        left: Iterator[Callable[[], object]] = iter([*steps, interrupt])
        monkeypatch.setattr(watch.time, "sleep", lambda seconds: next(left)())
        done = CliRunner().invoke(main, ["test", "rules_test.cbr", "--watch", *args])
        assert done.exit_code == status, done.output
        return done.output

    return run


def interrupt() -> None:
    raise KeyboardInterrupt


def nothing() -> None:
    pass


def write(name: str, text: str) -> Callable[[], object]:
    return lambda: Path(name).write_text(text)


def runs(output: str) -> list[str]:
    """What each run said, in a word or two."""
    waiting = "waiting for a file to change, Ctrl-C ends"
    said = output.split(waiting)
    assert output.count(waiting) == len(said) - 1
    return [
        next((word for word in ("passed", "failed", "error", "cannot be read") if word in one), "")
        for one in said
    ]


def test_runs_once_and_waits(watched: Callable[..., str]) -> None:
    assert runs(watched(nothing, nothing)) == ["passed", ""]


def test_runs_again_when_a_file_changes(watched: Callable[..., str]) -> None:
    failing = TEST.replace("0.95", "0.5")
    steps = (write("rules_test.cbr", failing), nothing, write("rules_test.cbr", TEST))
    assert runs(watched(*steps)) == ["passed", "failed", "passed", ""]


def test_the_status_is_that_of_the_last_run(watched: Callable[..., str]) -> None:
    watched(write("rules_test.cbr", TEST.replace("0.95", "0.5")), status=1)


def test_an_included_file_is_looked_at(watched: Callable[..., str]) -> None:
    steps = (
        write("rules.cbr", RULES.replace("0.9", "0.99")),
        # It stays so while it has errors,
        write("rules.cbr", RULES.replace("on epoch_end", "on epoch_ned")),
        # cannot be read as text,
        lambda: Path("rules.cbr").write_bytes(b"\xff"),
        # or is not there.
        lambda: Path("rules.cbr").unlink(),
        nothing,
        write("rules.cbr", RULES),
    )
    expected = ["passed", "failed", "error", "error", "cannot be read", "passed", ""]
    assert runs(watched(*steps)) == [e.replace("cannot be read", "error") for e in expected]


def test_a_file_that_vanishes_and_comes_back(watched: Callable[..., str]) -> None:
    test = Path("rules_test.cbr")
    steps = (test.unlink, nothing, write("rules_test.cbr", TEST))
    assert runs(watched(*steps)) == ["passed", "cannot be read", "passed", ""]


def test_an_include_that_is_there_only_later(watched: Callable[..., str]) -> None:
    Path("rules.cbr").unlink()
    assert runs(watched(write("rules.cbr", RULES))) == ["error", "passed", ""]


def test_an_include_of_a_folder(folder: Path, watched: Callable[..., str]) -> None:
    (folder / "more").mkdir()
    Path("more/inner.cbr").write_text(RULES)
    Path("rules.cbr").write_text('include "more/inner.cbr"\n')
    steps = (write("more/inner.cbr", RULES.replace("0.9", "0.99")), write("more/inner.cbr", RULES))
    assert runs(watched(*steps)) == ["passed", "failed", "passed", ""]


def test_a_change_while_the_tests_run_is_one(
    watched: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = watch.Watch.saw
    changed = iter([RULES.replace("0.9", "0.99")])

    def saw(self: watch.Watch, source: object) -> None:
        read(self, source)  # type: ignore[arg-type]
        for text in changed:
            Path("rules_test.cbr").write_text(TEST + "\n")
            Path("rules.cbr").write_text(text)

    monkeypatch.setattr(watch.Watch, "saw", saw)
    assert runs(watched(status=1)) == ["passed", "failed", ""]


def test_a_change_of_the_same_length_at_the_same_second_is_one(folder: Path) -> None:
    seen = watch.Watch(["rules.cbr"])
    seen.begin()
    before = os.stat("rules.cbr")
    Path("rules.cbr").write_text(RULES.replace("0.9", "0.8"))
    os.utime("rules.cbr", ns=(before.st_atime_ns, before.st_mtime_ns + 1000))
    seen.wait()


def test_ctrl_c_while_the_tests_run(
    watched: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch.Watch, "begin", lambda self: interrupt())
    assert watched() == ""


def test_json_is_one_document_a_run(watched: Callable[..., str]) -> None:
    output = watched(write("rules.cbr", RULES + "\n"), args=("--format", "json"))
    assert output.count('"format": 1') == 2
