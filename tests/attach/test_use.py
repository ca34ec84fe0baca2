"""`use Name(…)`: Keras's own callbacks among the rules, in a real fit."""

from __future__ import annotations

import copy
from pathlib import Path

import keras
import pytest
from attach_fits import Given, fit

import cbdsl
from cbdsl.attach import Rules, summary

STALLED = {"val_loss": [1.0, 0.5, 0.6, 0.7, 0.8, 0.9]}


def host_of(callbacks: list) -> Rules:
    host = callbacks[-1]
    assert isinstance(host, Rules)
    return host


def test_they_act_in_file_order_with_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    callbacks = cbdsl.callbacks(
        'on epoch_end print "before {lr}"\n'
        'use ReduceLROnPlateau(monitor="val_loss", patience=1, factor=0.5, min_delta=0)\n'
        'on epoch_end print "after {lr}"\n'
    )
    fit([Given(STALLED), *callbacks], epochs=4)
    assert capsys.readouterr().out.split("\n")[4:8] == [
        "before 0.5",
        "after 0.25",
        "before 0.25",
        "after 0.125",
    ]


def test_one_that_stops_the_training_is_named() -> None:
    callbacks = cbdsl.callbacks(
        'use EarlyStopping(monitor="val_loss", patience=2)\non epoch_end warn ""'
    )
    fit([Given(STALLED), *callbacks], epochs=6)
    host = host_of(callbacks)
    assert host.trained == 4
    lines = summary(host, planned=6)
    assert lines[0] == "Training ended after epoch 4 of 6: Keras's EarlyStopping stopped it"
    assert len(lines) == 2


def test_older_names_of_batch_hooks_are_called() -> None:
    # TerminateOnNaN overrides on_batch_end, which Keras's own on_train_batch_end calls.
    callbacks = cbdsl.callbacks("use TerminateOnNaN()")
    fit([Given({}, {"loss": [1.0, float("nan")]}), *callbacks], epochs=3)
    assert host_of(callbacks).trained == 1
    assert host_of(callbacks).stopped_by == "Keras's TerminateOnNaN"


def test_files_lie_in_the_run_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rules = (
        'use CSVLogger(filename="log.csv")\n'
        'use ModelCheckpoint(filepath="w-{epoch:02d}.weights.h5", save_weights_only=true)\n'
        'use BackupAndRestore(backup_dir="backup", delete_checkpoint=false)\n'
    )
    fit(cbdsl.callbacks(rules, run_dir=tmp_path / "runs" / "a"), epochs=2)
    assert [p.name for p in tmp_path.iterdir()] == ["runs"]
    names = {p.name for p in (tmp_path / "runs" / "a").iterdir()}
    assert names == {"log.csv", "w-01.weights.h5", "w-02.weights.h5", "backup"}


def test_a_used_list_is_copied_without_what_they_remember() -> None:
    callbacks = cbdsl.callbacks('use EarlyStopping(monitor="val_loss", patience=2)')
    fit([Given(STALLED), *callbacks], epochs=6)
    again = copy.deepcopy(callbacks)
    fit([Given(STALLED), *again], epochs=6)
    assert host_of(again).trained == 4


def test_an_error_of_theirs_is_raised(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    callbacks = cbdsl.callbacks('use CSVLogger(filename="file/log.csv")', run_dir=tmp_path)
    with pytest.raises(OSError, match="file"):
        fit(callbacks, epochs=1)


def test_the_compiled_file_makes_them(tmp_path: Path) -> None:
    program = cbdsl.compile(
        'param n = 2\non epoch_end if epoch > n stop\nuse CSVLogger(filename="log.csv")\n'
        'use EarlyStopping(monitor="loss", min_delta=0.5, baseline=none)'
    )
    for text in (program.python, program.standalone):
        scope: dict = {}
        exec(compile(text, "callbacks.py", "exec"), scope)
        rule, logger, stopping = scope["callbacks"](n=3, run_dir=str(tmp_path))
        assert rule.n == 3
        assert type(logger) is keras.callbacks.CSVLogger
        assert Path(logger.filename) == tmp_path / "log.csv"
        assert stopping.min_delta == -0.5 or stopping.min_delta == 0.5
        assert stopping.baseline is None
