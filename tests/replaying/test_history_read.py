"""Files and folders: which are histories, and what is refused before it is read."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cbdsl.replaying import Unreadable, read, read_each

TABLE = "epoch,loss\n1,0.5\n2,0.25\n"
LOGS = Path(__file__).with_name("files") / "tensorboard"


def reason(path) -> str:
    with pytest.raises(Unreadable) as caught:
        read(path)
    return caught.value.reason


# ---------------------------------------------------------------- files


def test_a_run_says_where_it_is_from(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(TABLE)
    (run,) = read(str(path))
    assert (run.name, run.path, run.epochs) == (str(path), path, 2)


def test_packed(run):
    assert run(gzip.compress(TABLE.encode())).series == {"loss": [0.5, 0.25]}
    assert run(gzip.compress(b'{"loss": [0.5, 0.25]}')).series == {"loss": [0.5, 0.25]}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x80\x04\x95", "a pickle, which could run any code and is never opened"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"PK\x03\x04", "a zip archive, such as a Keras model or an Excel sheet"),
        (b"\x93NUMPY\x01", "an array of NumPy"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "no text"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-9], "cannot be unpacked"),
        (gzip.compress(b"x" * 1000, mtime=0)[:12] + b"\xff" * 20, "cannot be unpacked"),
        (b"\x1f\x8b\xff", "cannot be unpacked"),
    ],
)
def test_no_text(refused, content, kind):
    assert kind in refused(content)


def test_too_large(tmp_path, refused):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    assert "it is larger than 64 MB" in reason(path)
    assert "it is larger than 64 MB" in refused(gzip.compress(bytes(65_000_000), 1))


def test_too_many_values(refused):
    columns = ",".join(f"m{number}" for number in range(30_000))
    rows = "".join(f"{number},1\n" for number in range(1000))
    assert "more than 20,000,000 values" in refused(f"epoch,{columns}\n{rows}")
    rows = "".join(f'{{"epoch": {number}, "m{number}": 1}}\n' for number in range(5000))
    assert "more than 20,000,000 values" in refused(rows)
    assert "more than 20,000,000 values" in refused(
        "epoch,a,b,c\n" + "0,1,1,1\n1100,2,2,2\n" * 8000
    )


def test_too_many_runs(refused):
    assert refused("epoch,loss\n" + "0,1\n0,2\n" * 6000).startswith("it holds more than 10,000")


def test_files_that_cannot_be_read(tmp_path):
    assert reason(tmp_path / "none.csv") == "it cannot be read: No such file or directory"
    (tmp_path / "log.csv").mkdir()
    assert reason(tmp_path / "log.csv" / "x").startswith("it cannot be read")


# ---------------------------------------------------------------- folders


def run_folder(folder: Path, table: str = TABLE) -> Path:
    folder.mkdir(parents=True)
    (folder / "rules.cbr").write_text("at end stop\n")
    (folder / "history.csv").write_text(table)
    return folder


def test_the_folder_of_a_run(tmp_path):
    folder = run_folder(tmp_path / "mnist-1")
    (run,) = read(folder)
    assert (run.name, run.first_epoch) == (str(folder / "history.csv"), 1)


def test_a_run_of_cbdsl_counts_from_1(tmp_path):
    folder = run_folder(tmp_path / "mnist-1", "epoch,loss\n5,1\n6,2\n")
    assert read(folder)[0].first_epoch == 5
    (folder / "rules.cbr").unlink()  # Then it is one of CSVLogger, which counts from 0.
    assert read(folder)[0].first_epoch == 6


def test_many_folders_in_their_order(tmp_path):
    for name in ("r-10", "r-2", "r-1", ".old"):
        run_folder(tmp_path / "runs" / name)
    run_folder(tmp_path / "runs" / "r-2" / "fit-2")
    shutil.copytree(LOGS, tmp_path / "runs" / "r-2" / "logs")  # The same training once more.
    shutil.copytree(LOGS, tmp_path / "runs" / "tb")
    names = [run.name.removeprefix(f"{tmp_path}{os.sep}runs{os.sep}") for run in read(tmp_path)]
    assert [name.replace(os.sep, "/") for name in names] == [
        "r-1/history.csv",
        "r-2/history.csv",
        "r-2/fit-2/history.csv",
        "r-10/history.csv",
        "tb#1",
        "tb#2",
    ]


def test_one_bad_history_among_many(tmp_path):
    run_folder(tmp_path / "a")
    run_folder(tmp_path / "b", "")
    run_folder(tmp_path / "c")
    found = [
        each.path.parent.name if isinstance(each, Unreadable) else each[0].epochs
        for each in read_each(tmp_path)
    ]
    assert found == [2, "b", 2]
    assert reason(tmp_path).startswith("it is empty")


def test_a_folder_without_histories(tmp_path):
    (tmp_path / "log.txt").write_text(TABLE)
    assert reason(tmp_path) == (
        "the folder holds neither history.csv of a run nor logs of TensorBoard: name a file"
    )


def test_histories_are_read_one_by_one(tmp_path):
    run_folder(tmp_path / "a")
    later = run_folder(tmp_path / "b") / "history.csv"
    each = read_each(tmp_path)
    next(each)
    later.write_text("epoch,loss\n1,7\n")
    assert [run.series for runs in each for run in runs] == [{"loss": [7.0]}]


# ---------------------------------------------------------------- cost


def test_no_heavy_import(tmp_path):
    path = tmp_path / "h.json"
    path.write_text(json.dumps({"loss": [1, 2]}))
    code = (
        "import sys; from cbdsl.replaying import read; read(sys.argv[1]); read(sys.argv[2]);"
        "print({'tensorflow', 'tensorboard', 'keras', 'numpy', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path, LOGS], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
