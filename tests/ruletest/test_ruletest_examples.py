"""The tests in the examples pass, and see every rule and every part of its condition."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cbdsl.cli import main
from cbdsl.program import load
from cbdsl.ruletest import coverage, run_tests

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("**/*.cbr"))
TESTED = [path for path in FILES if load(path).tests]

# A test runs no predictions.
UNSEEN = {"every_hook/rules.cbr": 4}
# What is there for the sake of being there, rather than for being tried.
SHOWN = {"everything/rules.cbr", "everything/more.cbr"}


def name(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def test_every_example_has_tests() -> None:
    # Those of mnist.cbr stand in a file of their own.
    assert {name(path) for path in FILES} - {name(path) for path in TESTED} == {
        "mnist.cbr",
        "everything/more.cbr",
    }


@pytest.mark.parametrize("path", TESTED, ids=name)
def test_all_pass_and_see_everything(path: Path) -> None:
    program = load(path)
    outcomes = list(run_tests(program))
    assert [failure for outcome in outcomes for failure in outcome.failures] == []
    assert all(outcome.passed for outcome in outcomes)
    if name(path) in SHOWN:
        return
    seen = coverage(program, outcomes)
    assert len(seen.missing) == UNSEEN.get(name(path), 0), seen.missing


def test_the_command_runs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    files = [str(path.relative_to(EXAMPLES.parent)) for path in TESTED]
    done = CliRunner().invoke(main, ["test", *files])
    assert (done.exit_code, done.stderr) == (0, "")
    assert " passed in " in done.stdout


def test_pages_name_a_command_that_is_there() -> None:
    pages = [path for path in EXAMPLES.glob("*/README.md") if "cbdsl test" in path.read_text()]
    assert len(pages) >= 8
    for page in pages:
        for word in page.read_text("utf-8").split():
            if word.endswith(".cbr`:") and "/" in word:
                assert (EXAMPLES.parent / word.strip("`:")).exists()
