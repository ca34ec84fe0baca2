"""Keras's own callbacks find their places free, or holding what is theirs, before they write."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")

import cbdsl
from cbdsl.attach import used_files
from cbdsl.attach.used_files import check_used


def text(folder: Path) -> None:
    folder.write_text("my notes\n")


def folder_of(*names: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        folder.mkdir()
        for name in names:
            (folder / name).write_text("a file\n")

    return make


def table(folder: Path) -> None:
    folder.write_text("epoch,loss\n0,1.0\n")


def empty(folder: Path) -> None:
    folder.touch()


def nothing(folder: Path) -> None:
    """Nothing is there."""


def link(folder: Path) -> None:
    folder.symlink_to("/tmp")


def folder_with_a_link(folder: Path) -> None:
    folder.mkdir()
    (folder / "train").symlink_to("/tmp")


def epochs_of_my_life(folder: Path) -> None:
    folder.write_text("epochs of my life\n")


def pipe(folder: Path) -> None:
    os.mkfifo(folder)


LOG = 'use CSVLogger(filename="x.csv")'
BACKUP = 'use BackupAndRestore(backup_dir="x")'
MODEL = 'use ModelCheckpoint(filepath="x.keras")'
BOARD = 'use TensorBoard(log_dir="x")'

REFUSED = {
    "a table of something else": (LOG, "x.csv", text, "is no log of epochs"),
    "a pipe": (LOG, "x.csv", pipe, "is no log of epochs"),
    "a folder with more": (BACKUP, "x", folder_of("notes.txt"), "holds notes.txt"),
    "a file for a folder": (BACKUP, "x", text, "is no folder"),
    "no model": (MODEL, "x.keras", text, "is no .keras file"),
    "a link": (BOARD, "x", link, "leads out of the run directory"),
    "a link in a folder": (BOARD, "x", folder_with_a_link, "holds a link, train"),
    "a link in a backup": (BACKUP, "x", folder_with_a_link, "holds a link, train"),
    "a text that begins alike": (LOG, "x.csv", epochs_of_my_life, "is no log of epochs"),
    "a folder that is a link": (
        'use CSVLogger(filename="x/log.csv")', "x", link, "leads out of the run directory"
    ),
}  # fmt: skip

TAKEN = {
    "nothing": (LOG, "x.csv", nothing),
    "a log": (LOG, "x.csv", table),
    "an empty file": (LOG, "x.csv", empty),
    "a backup": (BACKUP, "x", folder_of("latest.weights.h5", "training_metadata.json")),
    "an empty folder": (BACKUP, "x", folder_of()),
    "another name each time": ('use ModelCheckpoint(filepath="x{epoch}.keras")', "x1.keras", text),
}


def check(rules: str, run_dir: Path) -> None:
    host = cbdsl.callbacks(rules, run_dir=run_dir)[-1]
    used = [one.callback for one in host.used.values()]
    check_used(host.program.plan, used, run_dir, ())


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_left_as_it_is(name: str, tmp_path: Path) -> None:
    rules, place, make, said = REFUSED[name]
    make(tmp_path / place)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=rf"^<rules>:1: \w+: .*{said}"):
        check(rules, tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_theirs(name: str, tmp_path: Path) -> None:
    rules, place, make = TAKEN[name]
    make(tmp_path / place)
    check(rules, tmp_path)


def test_a_folder_of_orbax(tmp_path: Path) -> None:
    # As it is looked at; Orbax need not be installed.
    look = used_files._LOOKS["OrbaxCheckpoint"]
    look(tmp_path / "x")
    (tmp_path / "x" / "1").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds 1, and the callback deletes"):
        look(tmp_path / "x")
    (tmp_path / "x" / "1" / "_CHECKPOINT_METADATA").touch()
    look(tmp_path / "x")


def test_braces_in_the_run_directory(tmp_path: Path) -> None:
    run = tmp_path / "{loss}"
    with pytest.raises(ValueError, match="has braces in its name"):
        check(MODEL, run)
    check(LOG, run)


def test_a_training_is_refused_before_it_begins(tmp_path: Path) -> None:
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "thesis.tex").touch()
    callbacks: Any = cbdsl.callbacks(BACKUP, run_dir=tmp_path)
    with pytest.raises(ValueError, match=r"holds thesis\.tex"):
        model.fit(np.zeros((4, 1)), np.zeros((4, 1)), verbose=0, callbacks=callbacks)
    assert (tmp_path / "x" / "thesis.tex").exists()


def test_each_path_is_looked_at_when_it_is_filled_in(tmp_path: Path) -> None:
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    run = tmp_path / "run"
    run.mkdir()
    (run / "m1.keras").symlink_to(tmp_path / "victim.keras")
    (run / "m2.keras").write_text("my notes\n")
    rules = 'use ModelCheckpoint(filepath="m{epoch}.keras")'
    callbacks: Any = cbdsl.callbacks(rules, run_dir=run, journal=True)
    data = np.zeros((4, 1))
    model.fit(data, data, epochs=3, verbose=0, callbacks=callbacks)
    assert not (tmp_path / "victim.keras").exists()
    assert (run / "m2.keras").read_text() == "my notes\n"
    assert keras.saving.load_model(run / "m3.keras").count_params() == 2
    faults = [line for line in (run / "journal.jsonl").read_text().splitlines() if "fault" in line]
    assert ["leads out of" in faults[0], "is no .keras file" in faults[1]] == [True, True]
