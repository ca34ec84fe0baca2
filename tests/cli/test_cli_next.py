"""`cbdsl next` in a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cbdsl.cli import main

RULES = """\
param share = 50%
late: every epoch after share lr *= 0.5
enough: on epoch_end if loss < 0.1 stop
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.cbr").write_text(RULES)
    return tmp_path


def cbdsl(*args: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["next", *args], input=stdin)


@pytest.mark.usefixtures("folder")
def test_text() -> None:
    done = cbdsl("rules.cbr", "--epochs", "4", "--lr", "0.1")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        "rules.cbr: 4 epochs, share = 50%\n"
        "\n"
        "late    start of epochs 3–4  lr *= 0.5\n"
        "enough  end of epochs 1–4    if loss < 0.1: stop\n"
        "\n"
        "Rules with an `if` can fire then, as training goes; the others do.\n"
        "\n"
        "learning rate, at first 0.1\n"
        "  epochs 1–2  0.1\n"
        "  epoch 3     0.05\n"
        "  epoch 4     0.025\n"
    )


@pytest.mark.usefixtures("folder")
def test_json_parameters_and_standard_input() -> None:
    options = ("--epochs=4", "--set=share=0%", "--format=json", "--batches=2", "--epoch-seconds=9")
    done = cbdsl("rules.cbr", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["batches"], found["epoch_seconds"], found["params"]) == (2, 9, {"share": 0})
    assert found["rates"] == [0.0005, 0.00025, 0.000125, 0.0000625]
    same = json.loads(cbdsl("-", *options, stdin=RULES).stdout)
    assert same["rules"][0] | {"place": ""} == found["rules"][0] | {"place": ""}


def test_a_rule_that_is_never_reached_is_warned_of(folder: Path) -> None:
    (folder / "rules.cbr").write_text('late: at epoch 9 print "x"\n')
    done = cbdsl("rules.cbr", "--epochs", "4")
    assert done.exit_code == 0
    assert 'late  never in 4 epochs  print "x"' in done.stdout
    assert "warning[CBR404]" in done.stderr


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["rules.cbr"], 2, "--epochs is missing: how many epochs are planned decides when"),
        (["--epochs", "3"], 2, "FILE"),
        (["rules.cbr", "--epochs", "0"], 2, "--epochs"),
        (["rules.cbr", "--epochs", "3", "--batches", "0"], 2, "--batches"),
        (["rules.cbr", "--epochs", "3", "--lr", "nan"], 2, "--lr"),
        (["rules.cbr", "--epochs", "3", "--lr", "-1"], 2, "--lr"),
        (["rules.cbr", "--epochs", "3", "--epoch-seconds", "inf"], 2, "--epoch-seconds"),
        (["rules.cbr", "--epochs", "3", "--set", "share=half"], 1, "the parameter `share` is"),
        (["rules.cbr", "--epochs", "3", "--set", "shar=1%"], 1, "did you mean `share`?"),
        (["nowhere.cbr", "--epochs", "3"], 2, "nowhere.cbr: cannot be read: No such file"),
        (["rules.cbr", "--epochs", "1000001"], 2, "1,000,001 epochs are too many"),
        (["rules.cbr", "--epochs", "999", "--batches", "9999"], 2,
         "999 epochs of 9,999 batches are too many: a forecast goes through 1,000,000 at most"),
    ],
)  # fmt: skip
def test_what_cannot_be_done(args: list[str], status: int, said: str) -> None:
    done = cbdsl(*args)
    assert (done.exit_code, done.stdout) == (status, "")
    assert said in done.stderr


def test_errors_in_the_rules(folder: Path) -> None:
    (folder / "rules.cbr").write_text("on epoch_ned stop\n")
    done = cbdsl("rules.cbr", "--epochs", "3")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "rules.cbr:1:4: error[CBR201]" in done.stderr
    assert done.stderr.endswith("\n1 error\n")


def test_a_terminal_that_knows_ascii_only(folder: Path) -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "cbdsl", "next", "rules.cbr", "--epochs", "4"]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, check=True)
    assert b"start of epochs 3?4" in done.stdout


@pytest.mark.parametrize(
    "args", [("next", "--format=json"), ("plot", "--terminal"), ("plot", "-o", "lr.png")]
)
def test_nothing_heavy_is_imported(folder: Path, args: tuple[str, ...]) -> None:
    code = """
import sys
from cbdsl.cli import main
main([*sys.argv[1:], "rules.cbr", "--epochs", "3"], standalone_mode=False)
heavy = {"keras", "tensorflow", "tensorflow_datasets", "mlxtend", "matplotlib", "numpy"}
print(*sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", code, *args]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr.split() == (["matplotlib", "numpy"] if "-o" in args else [])
