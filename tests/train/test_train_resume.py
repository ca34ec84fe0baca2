"""`cbdsl train` goes on with a run that was broken off."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_train_options import train

from cbdsl.cli import main
from cbdsl.saving import Saved, StateFolder

RULES = (
    'resume from "state"\n'
    "slower: every epoch after 1 lr *= 0.5\n"
    'stuck: on epoch_end if val_loss stalls for 2 epochs print "{epoch}"\n'
    'kept: on epoch_end if val_loss improves save "best.weights.h5"\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Killed(BaseException):
    """Stands for a process that is killed."""


Kill = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Kill:
    """`with kill(epoch):` trains until that epoch's state is saved, and is killed there."""

    @contextmanager
    def killing(epoch: int) -> Iterator[None]:
        write = StateFolder.write

        def killed(self: StateFolder, saved: Saved) -> None:
            write(self, saved)
            if saved.facts["epoch"] == epoch:
                raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):  # noqa: PT012
            patch.setattr(StateFolder, "write", killed)
            yield

    return killing


@pytest.fixture
def options(digits_dir: Path) -> list[str | Path]:
    return ["--data-dir", digits_dir, "--dataset", "mnist_5k", "--batch-size", "500"]


def decisions(folder: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["kind"] not in ("run", "resumed")]
    return [{k: v for k, v in line.items() if k != "time"} for line in kept]


def test_the_same_command_goes_on(folder: Path, options: list[str | Path], kill: Kill) -> None:
    whole = train(RULES, *options, "--epochs", "3", "--run-dir", "whole")
    assert whole.exit_code == 0, whole.output
    with kill(2):
        train(RULES, *options, "--epochs", "3")

    done = train(RULES, *options, "--epochs", "3")
    assert done.exit_code == 0, done.output
    assert "this training goes on behind epoch 2, from" in done.stderr
    assert done.stderr.endswith("the run is in runs/r-1\n")
    run = folder / "runs" / "r-1"
    assert decisions(run) == decisions(folder / "whole")
    assert (run / "history.csv").read_text() == (folder / "whole" / "history.csv").read_text()
    told = [line for line in done.stdout.splitlines() if " fired " in line]
    assert told == [line for line in whole.stdout.splitlines() if " fired " in line]

    finished = train(RULES, *options, "--epochs", "3")
    assert finished.exit_code == 0
    assert finished.stderr == (
        "runs/r-1 is finished: Training ended: all 3 epochs are done; --again begins afresh\n"
    )
    again = train(RULES, *options, "--epochs", "1", "--again")
    assert again.stderr.endswith("the run is in runs/r-2\n")
    same = train(RULES, *options, "--epochs", "1", "--again", "--run-dir", run)
    assert same.exit_code == 0, same.output
    assert len((run / "history.csv").read_text().splitlines()) == 2


def test_what_is_no_state_is_said(folder: Path, options: list[str | Path]) -> None:
    state = folder / "runs" / "r-4" / "state"
    state.mkdir(parents=True)
    (state / "state.npz").write_text("mine")
    done = train(RULES, *options, "--epochs", "1")
    assert done.exit_code == 2
    assert "state.npz cannot be read: it is damaged, or no state of a run; to begin" in done.stderr


def test_a_compiled_file_cannot_be_resumed(folder: Path) -> None:
    (folder / "r.cbr").write_text(RULES)
    done = CliRunner().invoke(main, ["compile", "r.cbr"])
    assert done.exit_code == 2
    assert "`resume` cannot be compiled to a file" in done.stderr


# ------------------------------------------------------------------------ what a run was begun with


def files(run: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def test_again_deletes_nothing_before_training_begins(
    folder: Path, options: list[str | Path], kill: Kill
) -> None:
    with kill(2):
        train(RULES, *options, "--epochs", "3")
    run = folder / "runs" / "r-1"
    before = files(run)
    assert {"state/state.npz", "history.csv", "journal.jsonl", "run.json"} <= {*before}
    again = ["--again", "--run-dir", run, "--epochs", "2"]
    for wrong in (["--dataset", "mnits"], ["--model", "nobody:build"]):
        done = train(RULES, *options, *again, *wrong)
        assert done.exit_code == 2, done.output
        assert files(run) == before
    done = train(RULES, *options, *again, "--seed", "3")
    assert done.exit_code == 0, done.output
    assert "begun with" not in done.stderr
    assert json.loads((run / "run.json").read_text())["options"]["seed"] == 3


@pytest.mark.parametrize("name", ["state/state.npz", "history.csv"])
def test_what_cannot_be_deleted_is_a_sentence(
    folder: Path,
    options: list[str | Path],
    kill: Kill,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    with kill(2):
        train(RULES, *options, "--epochs", "3", "--run-dir", "x")
    unlink = Path.unlink

    def refuses(self: Path, missing_ok: bool = False) -> None:
        if self.absolute() == folder / "x" / name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuses)
    done = train(RULES, *options, "--again", "--run-dir", "x")
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    assert "Permission denied" in done.stderr.splitlines()[-1]


def test_a_refused_run_leaves_the_rules_that_were(
    folder: Path, options: list[str | Path], kill: Kill
) -> None:
    with kill(1):
        train(RULES, *options, "--epochs", "2")
    run = folder / "runs" / "r-1"
    before = files(run)
    done = train(RULES.replace("stuck", "other"), *options, "--epochs", "2", "--strict")
    assert done.exit_code == 2, done.output
    assert "`strict` asks for the same" in done.stderr
    assert files(run) == before


def test_a_run_that_is_refused_at_once_leaves_no_folder(
    folder: Path, options: list[str | Path]
) -> None:
    done = train('on epoch_end freeze "nobody"', *options, "--epochs", "1")
    assert done.exit_code == 2
    assert sorted(os.listdir(folder)) == ["r.cbr"]


def test_the_row_of_the_last_epoch_is_not_lost(
    folder: Path, options: list[str | Path], kill: Kill
) -> None:
    # Killed between the state and the row of the last epoch, none of which is left to be trained.
    with kill(2):
        train(RULES, *options, "--epochs", "2")
    run = folder / "runs" / "r-1"
    assert len((run / "history.csv").read_text().splitlines()) == 2
    done = train(RULES, *options, "--epochs", "2")
    assert done.exit_code == 0, done.output
    whole = train(RULES, *options, "--epochs", "2", "--run-dir", "whole")
    assert whole.exit_code == 0, whole.output
    assert (run / "history.csv").read_text() == (folder / "whole" / "history.csv").read_text()


def test_other_options_than_those_of_the_beginning_are_told(
    folder: Path,
    options: list[str | Path],
    kill: Kill,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with kill(1):
        train(RULES, *options, "--epochs", "2", "--seed", "5")
    run = folder / "runs" / "r-1"
    assert json.loads((run / "run.json").read_text()) == {
        "format": 1,
        "script": None,
        "options": {
            "data set": "mnist_5k",
            "model": "the default",
            "batch size": 500,
            "seed": 5,
        },
        "ended": False,
    }
    before = files(run)
    others = [*options[:-1], "1000", "--epochs", "3", "--seed", "99"]
    refused = train(RULES, *others, "--strict")
    assert refused.exit_code == 2
    told = "runs/r-1 was begun with batch size 500 (now 1000), seed 5 (now 99)"
    assert refused.stderr.splitlines()[-1] == (
        f"cbdsl: {told}, and --strict asks for the same: give these, or another --run-dir"
    )
    assert files(run) == before
    done = train(RULES, *others)
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith(f"{told}: it is not the run that it would have been\n")
    assert (run / "run.json").read_bytes() == before["run.json"]

    # More epochs are the same run, and longer.
    with kill(1):
        train(RULES, *options, "--epochs", "2", "--again")
    longer = train(RULES, *options, "--epochs", "3", "--strict")
    assert longer.exit_code == 0, longer.output
    assert "begun with" not in longer.stderr


def test_a_run_of_a_script_is_no_training_to_go_on_with(
    folder: Path, options: list[str | Path]
) -> None:
    (folder / "runs" / "r-1" / "state").mkdir(parents=True)
    begun = {"format": 1, "script": "fit.py", "options": {}, "ended": False}
    (folder / "runs" / "r-1" / "run.json").write_text(json.dumps(begun))
    done = train(RULES, *options, "--epochs", "1", "--run-dir", "runs/r-1")
    assert done.exit_code == 2
    assert done.stderr.endswith(
        "\ncbdsl: runs/r-1 holds the run of fit.py under cbdsl run: choose another --run-dir\n"
    )
    done = train(RULES, *options, "--epochs", "1")
    assert done.stderr.endswith("the run is in runs/r-2\n")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}'])
def test_what_does_not_say_how_a_run_was_begun(
    folder: Path, options: list[str | Path], text: str
) -> None:
    (folder / "x" / "state").mkdir(parents=True)
    (folder / "x" / "run.json").write_text(text)
    done = train(RULES, *options, "--run-dir", "x")
    assert done.exit_code == 2
    assert done.stderr == (
        "cbdsl: x/run.json cannot be read: it does not say what the run was begun with; "
        "delete it or choose another --run-dir\n"
    )
