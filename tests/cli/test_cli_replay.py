"""`cbdsl replay` in a terminal."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cbdsl.cli import main

RULES = """\
param patience = 2
enough: on epoch_end if val_loss stalls for patience epochs stop "no progress"
saves: on epoch_end if val_loss improves save "best.keras"
"""
RUNS = {
    "a.csv": "epoch,loss,val_loss\n0,1,1\n1,0.9,0.8\n2,0.8,0.9\n3,0.7,0.85\n4,0.6,0.5\n",
    "b.csv": "epoch,loss,val_loss\n0,1,1\n1,0.9,0.9\n2,0.8,0.8\n",
    "c.csv": "epoch,loss\n0,1\n",
    "d.csv": "no history\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.cbr").write_text(RULES)
    for name, text in RUNS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def replay(*args: str) -> Result:
    return CliRunner().invoke(main, ["replay", "rules.cbr", *args])


def test_one_run(folder: Path) -> None:
    done = replay("a.csv")
    assert done.exit_code == 0
    assert done.output == (
        "a.csv: 5 epochs, best val_loss 0.5 at epoch 5\n"
        "  enough  would have fired once, at epoch 4\n"
        "  saves   would have fired 2 times, at epochs 1, 2\n"
        "  enough would have ended it after epoch 4 of 5 (no progress): 1 epoch saved, "
        "val_loss 0.8 instead of 0.5 (60.0% lost)\n"
    )


def test_many_runs_are_a_table_with_what_could_not_be_read(folder: Path) -> None:
    done = replay("a.csv", "b.csv", "c.csv", "d.csv", "nix.csv")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0].split() == [
        "run", "epochs", "stopped", "after", "saved", "metric", "best", "kept", "lost"
    ]  # fmt: skip
    assert lines[1].split() == ["a.csv", "5", "4", "1", "val_loss", "0.5", "0.8", "60.0%"]
    assert lines[2].split() == ["b.csv", "3", "0", "val_loss", "0.8", "0.8", "0"]
    assert "c.csv: not replayed: the rules ask for `val_loss`, and it has loss" in done.output
    assert "d.csv: not replayed: " in done.output
    assert "nix.csv: not replayed: there is no such file or folder" in done.output
    assert (
        lines[-2] == "2 runs replayed, 3 not: 1 would have ended early, 1 of 8 epochs saved (12%)"
    )


def test_nothing_to_replay_is_no_success(folder: Path) -> None:
    assert replay("c.csv", "d.csv").exit_code == 2
    assert replay("c.csv", "--sweep", "patience=2..3").exit_code == 2


def test_two_files_of_rules(folder: Path) -> None:
    (folder / "other.cbr").write_text("on epoch_end if loss < 0.85 stop")
    done = replay("a.csv", "b.csv", "--compare", "other.cbr")
    assert done.exit_code == 0
    assert done.output.splitlines()[1].split() == ["a.csv", "5", "4", "60.0%", "3", "33.3%"]
    assert "other.cbr: 2 runs replayed: 2 would have ended early" in done.output


def test_a_sweep_with_its_picture(folder: Path) -> None:
    done = replay("a.csv", "b.csv", "--sweep", "patience=1..3", "-o", "sweep.png")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.output.splitlines()] == ["patience", "1", "2", "3"]
    assert (folder / "sweep.png").read_bytes().startswith(b"\x89PNG")
    first = replay("a.csv", "--sweep", "patience=1..3", "-o", "sweep.svg")
    drawn = (folder / "sweep.svg").read_bytes()
    again = replay("a.csv", "--sweep", "patience=1..3", "-o", "sweep.svg")
    assert first.exit_code == again.exit_code == 0
    assert len((folder / "sweep.svg").read_bytes()) == len(drawn)
    assert not list(folder.glob(".*unfinished"))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--sweep", "patience=2.."], "is no range"),
        (["--sweep", "patienc=2..3"], "did you mean `patience`?"),
        (["--sweep", "patience=2..3..0.5"], "is not a count"),
        (["--sweep", "patience=2..3", "-o", "a.gif"], "a picture is called *.png, *.svg, *.pdf"),
        (["-o", "a.png"], "-o draws a sweep"),
        (["--compare", "rules.cbr", "--sweep", "patience=2..3"], "ask one"),
        (["--compare", "nix.cbr"], "nix.cbr: cannot be read"),
        (["--set", "patience=x"], "the parameter `patience` is a number"),
    ],
)
def test_what_cannot_be_asked(folder: Path, args: list[str], said: str) -> None:
    done = replay("a.csv", *args)
    assert done.exit_code in (1, 2)
    assert said in done.output + done.stderr


def test_for_programs(folder: Path) -> None:
    data = json.loads(replay("a.csv", "d.csv", "--format", "json").output)
    assert data["format"] == 1
    (one,) = data["replays"]["rules.cbr"]
    assert (one["stopped"], one["saved"], one["watched"]["lost_share"]) == (
        4,
        1,
        pytest.approx(0.6),
    )
    assert one["fired"][1]["epochs"] == [1, 2]
    assert [each["history"] for each in data["not_replayed"]] == ["d.csv"]
    rows = list(csv.DictReader(replay("a.csv", "b.csv", "--format", "csv").output.splitlines()))
    assert [row["stopped"] for row in rows] == ["4", ""]
    swept = json.loads(replay("a.csv", "--sweep", "patience=2,3", "--format", "json").output)
    assert [row["params"] for row in swept["sweep"]] == [{"patience": 2.0}, {"patience": 3.0}]


def test_a_changed_rate_is_said_to_be_unknown(folder: Path) -> None:
    (folder / "rules.cbr").write_text("on epoch_end if val_loss rises lr *= 0.5")
    assert (
        "what a changed rate would have done to the metrics is not known" in replay("a.csv").output
    )


def test_keras_is_not_imported(folder: Path) -> None:
    code = (
        "import sys; from cbdsl.cli import main\n"
        "try: main(['replay', 'rules.cbr', 'a.csv', 'b.csv'])\n"
        "except SystemExit: pass\n"
        "assert not {'keras', 'tensorflow', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
