"""`cbdsl train`, as a user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cbdsl.journal import read
from cbdsl.train.errors import TrainError
from cbdsl.train.rundir import new_run_dir

RULES = """\
param target = 5%
every epoch after 1 lr *= 0.5
better: on epoch_end if val_loss improves save "best-{epoch}.weights.h5"
enough: on epoch_end after 2 if accuracy > target stop "{accuracy:.0%} is enough"
never: on epoch_end if loss > 1e9 stop
late: at epoch 9 print "x"
"""


def cbdsl(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cbdsl", *map(str, args)]
    root = str(Path(__file__).resolve().parents[2])
    env = os.environ | {"PYTHONPATH": root}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_a_file_trains_a_model_and_says_what_fired(tmp_path: Path, mnist_dir: Path) -> None:
    (tmp_path / "rules.cbr").write_text(RULES)
    command = ["train", "rules.cbr", "--epochs", "5", "--data-dir", mnist_dir]
    done = cbdsl(*command, "--batch-size", "50", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    ending = next(i for i, line in enumerate(lines) if line.startswith("Training ended"))
    assert lines[ending].startswith(
        "Training ended after epoch 3 of 5: enough, rules.cbr:4, stopped it: "
    )
    assert lines[ending].endswith("% is enough")
    assert [line.split("  ")[0].strip() for line in lines[ending + 1 :]] == [
        "rules.cbr:2",
        "better",
        "enough",
        "never",
        "late",
    ]
    assert lines[ending + 1].endswith("fired 2 times, last in epoch 3")
    assert lines[ending + 3].endswith("fired once, in epoch 3")
    assert lines[ending + 4].endswith("did not fire: its condition was never true")
    assert lines[ending + 5].endswith("did not fire: it begins with epoch 9")
    assert "training on mnist: 300 images" in done.stderr
    assert "Traceback" not in done.stderr
    # The warning came before the training did: `late` cannot be reached in 5 epochs.
    assert "CBR404" in done.stderr
    saved = {p.name for p in (tmp_path / "runs" / "rules-1").iterdir()}
    assert "best-1.weights.h5" in saved
    assert {p.name for p in tmp_path.iterdir()} == {"rules.cbr", "runs"}


@pytest.mark.slow
def test_the_same_seed_trains_the_same(tmp_path: Path, mnist_dir: Path) -> None:
    (tmp_path / "r.cbr").write_text('on epoch_end print "{loss:.6f} {val_loss:.6f}"')
    command = ["train", "r.cbr", "--epochs", "2", "--data-dir", mnist_dir, "--seed", "7"]
    one, two = (cbdsl(*command, cwd=tmp_path) for _ in range(2))
    printed = [
        [x for x in r.stdout.splitlines() if x[:1].isdigit() and "/" not in x] for r in (one, two)
    ]
    assert len(printed[0]) == 2
    assert printed[0] == printed[1]
    assert (tmp_path / "runs" / "r-2").is_dir()


def test_errors_in_the_rules_come_before_anything_slow(tmp_path: Path) -> None:
    (tmp_path / "r.cbr").write_text("on epoch_end if val_acuracy > 0.9 stop")
    done = cbdsl("train", "r.cbr", cwd=tmp_path)
    assert done.returncode == 1
    assert "did you mean `val_accuracy`" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["r.cbr"]


def test_ctrl_c_ends_in_order(tmp_path: Path, mnist_dir: Path) -> None:
    (tmp_path / "r.cbr").write_text('seen: on epoch_end print "epoch {epoch}"')
    root = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        [
            sys.executable,
            "-u",
            "-m",
            "cbdsl",
            "train",
            "r.cbr",
            "--epochs",
            "100000",
            "--data-dir",
            str(mnist_dir),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("epoch 3") for line in lines)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Training was interrupted after epoch" in rest
    assert "seen  fired" in rest
    epochs = (tmp_path / "runs" / "r-1" / "history.csv").read_text().splitlines()
    journal = read(tmp_path / "runs" / "r-1")
    assert len(epochs) >= 3
    assert len(journal.firings) >= 2
    assert journal.end is not None
    assert journal.end.how == "interrupted"
    assert errors.endswith("the run is in runs/r-1\n")
    assert "Traceback" not in errors


def test_a_rule_answers_a_signal(tmp_path: Path, mnist_dir: Path) -> None:
    rules = (
        'seen: on epoch_end print "epoch {epoch}"\nleave: on interrupt save "last.keras", stop\n'
    )
    (tmp_path / "r.cbr").write_text(rules)
    command = ["-u", "-m", "cbdsl", "train", "r.cbr", "--epochs", "100000"]
    with subprocess.Popen(
        [sys.executable, *command, "--data-dir", str(mnist_dir)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("epoch 3") for line in lines)
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    ending = next(line for line in rest.splitlines() if line.startswith("Training was interrupted"))
    assert ending.endswith(" of 100000: leave, r.cbr:2, stopped it")
    assert "leave  fired once, in epoch " in rest
    folder = tmp_path / "runs" / "r-1"
    assert (folder / "last.keras").exists()
    end = read(folder).end
    assert end is not None
    assert (end.how, end.by) == ("interrupted", "leave")
    assert "Traceback" not in errors


def test_a_run_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    assert new_run_dir("a", tmp_path / "runs") == tmp_path / "runs" / "a-1"
    assert new_run_dir("a", tmp_path / "runs") == tmp_path / "runs" / "a-2"
    (tmp_path / "file").touch()
    with pytest.raises(TrainError, match="choose another --run-dir"):
        new_run_dir("a", tmp_path / "file")
