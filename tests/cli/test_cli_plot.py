"""`cbdsl plot` in a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cbdsl.cli import main

RULES = "slower: every epoch lr *= 0.5\nenough: on epoch_end if loss < 0.1 stop\n"
PLANNED = ("rules.cbr", "--epochs", "6")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.cbr").write_text(RULES)
    return tmp_path


def cbdsl(*args: str) -> Result:
    return CliRunner().invoke(main, ["plot", *args], env={"COLUMNS": "40"})


def test_a_picture_replaces_what_is_there(folder: Path) -> None:
    (folder / "lr.png").write_text("old")
    done = cbdsl(*PLANNED, "-o", "lr.png")
    assert (done.exit_code, done.output) == (0, "")
    assert (folder / "lr.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in folder.iterdir()} == {"rules.cbr", "lr.png"}


def test_in_the_terminal_and_as_a_picture(folder: Path) -> None:
    done = cbdsl(*PLANNED, "--terminal", "-o", "LR.SVG")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "slower  ████████████████████████████████\n" in done.stdout
    assert "enough  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░\n" in done.stdout
    assert (folder / "LR.SVG").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("ending", ["gif", "png.txt", "", "pngs"])
def test_an_ending_that_is_not_known(folder: Path, ending: str) -> None:
    done = cbdsl(*PLANNED, "--terminal", "-o", f"lr.{ending}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"cbdsl: -o lr.{ending}: a picture ends in .png, .svg or .pdf\n"


@pytest.mark.usefixtures("folder")
def test_where_to_must_be_said() -> None:
    done = cbdsl(*PLANNED)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "say where to: -o lr.png for a picture, or --terminal" in done.stderr
    assert "--epochs is missing" in cbdsl("rules.cbr", "--terminal").stderr


def test_a_place_that_cannot_be_written(folder: Path) -> None:
    (folder / "folder.png").mkdir()
    for output, why in (
        ("folder.png", "Is a directory"),
        ("nowhere/lr.png", "No such file or directory"),
    ):
        done = cbdsl(*PLANNED, "-o", output)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"cbdsl: {output}: cannot be written: {why}\n"
    assert {path.name for path in folder.rglob("*")} == {"rules.cbr", "folder.png"}


def test_without_matplotlib(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "cbdsl.forecast.picture", raising=False)
    done = cbdsl(*PLANNED, "-o", "lr.png")
    assert (done.exit_code, done.stdout) == (2, "")
    assert 'pip install "cbdsl[plot]"; --terminal draws without it\n' in done.stderr
    assert done.stderr.startswith("cbdsl: a picture needs matplotlib (")
    assert not (folder / "lr.png").exists()
    assert cbdsl(*PLANNED, "--terminal").exit_code == 0


def test_errors_in_the_rules_leave_the_picture(folder: Path) -> None:
    (folder / "rules.cbr").write_text("on epoch_ned stop\n")
    (folder / "lr.png").write_text("old")
    assert cbdsl(*PLANNED, "-o", "lr.png").exit_code == 1
    assert (folder / "lr.png").read_text() == "old"


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colour_on_a_terminal_unless_asked_not_to(folder: Path, no_color: str) -> None:
    env = os.environ | {"NO_COLOR": no_color, "PYTHONPATH": str(Path(__file__).parents[2])}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cbdsl", "plot", *PLANNED, "--terminal"]
    done = subprocess.run(command, env=env, cwd=folder, stdout=theirs, check=False)
    os.close(theirs)
    said = os.read(ours, 100_000)
    os.close(ours)
    assert done.returncode == 0
    assert (b"\x1b[32m" in said) == (no_color == "")
    assert (b"\x1b" in said) == (no_color == "")
