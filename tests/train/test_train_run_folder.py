"""What a run leaves in its folder."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import cbdsl
from cbdsl.train import rundir
from cbdsl.train.errors import TrainError

RULES = "\ufeffon epoch_end if loss < 1 stop\r\n"


def history_file(folder: Path, rules: str = RULES) -> Any:
    from cbdsl.attach import Rules
    from cbdsl.train.history import HistoryFile

    return HistoryFile(folder, Rules(cbdsl.compile(rules), run_dir=folder))


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


# -------------------------------------------------------------------------------- the history


def test_each_epoch_is_on_disk_as_it_ends(tmp_path: Path) -> None:
    history = history_file(tmp_path)
    history.on_epoch_end(0, {"loss": 0.5, "val_loss": 1})
    assert (tmp_path / "history.csv").read_text() == "epoch,loss,val_loss\n1,0.5,1.0\n"
    inode = history.path.stat().st_ino
    history.on_epoch_end(1, {"val_loss": float("nan"), "loss": 0.25})
    history.on_epoch_end(2, {"loss": float("inf")})
    text = (tmp_path / "history.csv").read_text()
    assert text == "epoch,loss,val_loss\n1,0.5,1.0\n2,0.25,nan\n3,inf,\n"
    assert history.path.stat().st_ino == inode  # The rows were added, the file not made anew.


def test_names_that_come_later_are_added_at_the_end(tmp_path: Path) -> None:
    history = history_file(tmp_path)
    history.on_epoch_end(0, {"loss": 3})
    history.on_epoch_end(1, {"loss": 2, "val, loss": 4})
    history.on_epoch_end(2, {"loss": 1, "text": "x"})
    history.on_epoch_end(3, None)
    assert rows(history.path) == [
        ["epoch", "loss", "val, loss", "text"],
        ["1", "3.0", "", ""],
        ["2", "2.0", "4.0", ""],
        ["3", "1.0", "", "x"],
        ["4", "", "", ""],
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_a_full_disk_is_said_once_and_leaves_whole_rows(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files_up_to: Callable[[int], AbstractContextManager[None]],
) -> None:
    history = history_file(tmp_path)
    with files_up_to(60):
        for epoch in range(20):
            history.on_epoch_end(epoch, {"loss": 0.25, "accuracy": 0.5})
    text = history.path.read_text()
    assert text == "epoch,loss,accuracy\n1,0.25,0.5\n2,0.25,0.5\n3,0.25,0.5\n"
    said = f"\n{history.path}: cannot be written: "
    assert capsys.readouterr().err.count(said) == 1
    history.on_epoch_end(20, {"loss": 0.25, "accuracy": 0.5})
    assert len(rows(history.path)) == 22
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_a_folder_that_is_gone_does_not_end_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = history_file(tmp_path / "gone")
    history.on_epoch_end(0, {"loss": 3})
    history.on_epoch_end(1, {"loss": 3})
    said = capsys.readouterr().err
    assert said == f"\n{history.path}: cannot be written: No such file or directory\n"


def test_a_file_that_another_callback_writes_is_left_to_it(tmp_path: Path) -> None:
    history = history_file(tmp_path, 'use CSVLogger(filename="history.csv", append=true)')
    (tmp_path / "history.csv").write_text("theirs")
    history.host.trained = 3  # It goes on.
    history.on_train_begin()
    history.on_epoch_end(3, {"loss": 3})
    assert history.path.read_text() == "theirs"


# ------------------------------------------------------------------------------- the folder


def test_what_cannot_be_written_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files_up_to: Callable[[int], AbstractContextManager[None]],
) -> None:
    program = cbdsl.compile("on epoch_end stop")
    with files_up_to(60):
        rundir.begin(tmp_path, program)
    assert [path.name for path in tmp_path.iterdir()] == ["rules.cbr"]
    said = capsys.readouterr().err
    assert f"\n{tmp_path / 'callbacks.py'}: cannot be written: File too large\n" in said


def test_the_rules_and_their_python(tmp_path: Path) -> None:
    (tmp_path / "r.cbr").write_bytes(RULES.encode())
    program = cbdsl.load(tmp_path / "r.cbr")
    folder = tmp_path / "a" / "b"
    rundir.check_free(folder, program)
    rundir.begin(folder, program)
    assert (folder / "rules.cbr").read_bytes() == RULES.encode().removeprefix(b"\xef\xbb\xbf")
    assert (folder / "callbacks.py").read_text() == program.python
    rundir.check_free(folder, program)  # These are the same.


@pytest.mark.parametrize("name", ["history.csv", "journal.jsonl", "callbacks.py", "rules.cbr"])
def test_a_folder_that_holds_such_files_is_refused(tmp_path: Path, name: str) -> None:
    program = cbdsl.compile("on epoch_end stop")
    (tmp_path / "best.weights.h5").write_text("x")
    (tmp_path / name).touch()
    rundir.check_free(tmp_path, program)
    (tmp_path / name).write_text("x")
    with pytest.raises(TrainError) as caught:
        rundir.check_free(tmp_path, program)
    assert str(caught.value) == (
        f"{tmp_path} holds {name} already, maybe of another run: choose another --run-dir"
    )


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    program = cbdsl.compile("on epoch_end stop")
    (tmp_path / "history.csv").mkdir()
    with pytest.raises(TrainError, match=r"\(Is a directory\): choose another --run-dir"):
        rundir.check_free(tmp_path, program)
    (tmp_path / "file").touch()
    with pytest.raises(TrainError, match=r"^cannot make .*/file/a \(Not a directory\): choose"):
        rundir.begin(tmp_path / "file" / "a", program)
