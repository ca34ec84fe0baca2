"""TensorFlow Datasets writes what it should, where it should."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from cbdsl.train import prepare
from cbdsl.train.errors import TrainError

pytest.importorskip("tensorflow_datasets")
from cbdsl.train import mnist_5k

Server = Callable[[dict[str, bytes]], AbstractContextManager[None]]

NAME = mnist_5k.Mnist5k.name


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_only_the_data_set_is_left_in_the_data_folder(digits_dir: Path, mnist_dir: Path) -> None:
    assert everything(digits_dir) == [
        "mnist_5k",
        "mnist_5k/1.0.0",
        "mnist_5k/1.0.0/dataset_info.json",
        "mnist_5k/1.0.0/features.json",
        "mnist_5k/1.0.0/mnist_5k-test.tfrecord-00000-of-00001",
        "mnist_5k/1.0.0/mnist_5k-train.tfrecord-00000-of-00001",
    ]
    assert [name for name in everything(mnist_dir) if "." not in name] == ["mnist"]


def test_nothing_is_written_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = logging.getLogger("absl").level
    place = prepare.locate(NAME, tmp_path / "data")
    assert not place.ready
    assert everything(tmp_path) == ["home", "temporary"]
    prepare.prepare(place)
    assert prepare.locate(NAME, tmp_path / "data").ready
    assert everything(home) == everything(temporary) == []
    assert logging.getLogger("absl").level == before
    assert tempfile.tempdir == str(temporary)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Generating train examples" in err  # the progress bars


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert prepare.locate(NAME, Path("~/data")).root == tmp_path / "data"


def test_no_data_folder_means_that_of_tfds() -> None:
    import tensorflow_datasets as tfds

    assert prepare.locate(NAME, None).root == Path(tfds.core.constants.DATA_DIR)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, files_up_to: Callable[[int], AbstractContextManager[None]]
) -> None:
    place = prepare.locate(NAME, tmp_path / "a" / "b")
    said = r"^cannot prepare mnist_5k in .*/a/b \(.*File too large\): run again or"
    # The train split has 1.3 MB.
    with files_up_to(200_000), pytest.raises(TrainError, match=said):
        prepare.prepare(place)
    assert everything(tmp_path) == []


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match=r"file/data \(Not a directory\)"):
        prepare.prepare(prepare.locate(NAME, tmp_path / "file" / "data"))
    assert everything(tmp_path) == ["file"]


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object) -> Iterator[object]:
        yield 0, {"image": np.zeros((28, 28, 1), np.uint8), "label": 0}
        raise KeyboardInterrupt

    monkeypatch.setattr(mnist_5k.Mnist5k, "_generate_examples", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare(prepare.locate(NAME, tmp_path / "data"))
    assert everything(tmp_path) == []


def test_what_was_there_before_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mnist_5k").mkdir()
    (tmp_path / "incomplete.OTHER").mkdir()
    monkeypatch.setattr(mnist_5k, "read_digits", lambda path: 1 / 0)
    with pytest.raises(TrainError, match="division by zero"):
        prepare.prepare(prepare.locate(NAME, tmp_path))
    assert everything(tmp_path) == ["incomplete.OTHER", "mnist_5k"]


PREPARING = """
import sys
from pathlib import Path
from cbdsl.train import prepare
root = Path(sys.argv[1])
with prepare._workshop(prepare.Place("x", root, root / "x" / "1.0.0", False)):
    print("begun", flush=True)
    sys.stdin.read()
"""


@contextmanager
def preparing(root: Path) -> Iterator[None]:
    """Another run that is at work in the data folder, and is then killed."""
    command = [sys.executable, "-c", PREPARING, str(root)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield
        process.kill()


def test_what_a_killed_run_left_the_next_one_removes_but_not_what_a_live_one_has(
    tmp_path: Path,
) -> None:
    with preparing(tmp_path):
        pass
    (left,) = tmp_path.glob("incomplete.*")
    with preparing(tmp_path):
        (used,) = tmp_path.glob("incomplete.*")
        assert used != left
        prepare.prepare(prepare.locate(NAME, tmp_path))
        assert list(tmp_path.glob("incomplete.*")) == [used]
    assert prepare.locate(NAME, tmp_path).ready


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow Datasets imports importlib_resources late, and does not ask for it."""

    def read_digits(path: Path) -> None:
        raise ModuleNotFoundError("No module named 'importlib_resources'")

    monkeypatch.setattr(mnist_5k, "read_digits", read_digits)
    expected = r"\(No module named 'importlib_resources'\): pip install \"cbdsl\[train\]\"$"
    with pytest.raises(TrainError, match=expected):
        prepare.prepare(prepare.locate(NAME, tmp_path / "data"))


def test_a_failed_download_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, mnist_from: Server
) -> None:
    place = prepare.locate("mnist", tmp_path / "data")
    with mnist_from({}), pytest.raises(TrainError, match=r"^cannot prepare mnist in .*code: 404"):
        prepare.prepare(place)
    assert everything(tmp_path) == []


def test_a_damaged_download_is_refused(
    tmp_path: Path, mnist_files: dict[str, bytes], mnist_from: Server
) -> None:
    name = "train-images-idx3-ubyte.gz"
    damaged = {**mnist_files, name: mnist_files[name][:5000]}
    place = prepare.locate("mnist", tmp_path / "data")
    with mnist_from(damaged), pytest.raises(TrainError, match=r"^cannot prepare mnist in "):
        prepare.prepare(place)
    assert everything(tmp_path) == []


def test_another_run_may_be_first(tmp_path: Path, digits_dir: Path) -> None:
    place = prepare.locate(NAME, tmp_path)
    shutil.copytree(digits_dir, tmp_path, dirs_exist_ok=True)
    before = everything(tmp_path)
    prepare.prepare(place)
    assert everything(tmp_path) == before


def test_a_lost_file_is_missed(tmp_path: Path, digits_dir: Path) -> None:
    shutil.copytree(digits_dir, tmp_path, dirs_exist_ok=True)
    (tmp_path / "mnist_5k" / "1.0.0" / "mnist_5k-test.tfrecord-00000-of-00001").unlink()
    expected = r"cannot read mnist_5k \(.*is missing\): delete .*/mnist_5k/1.0.0 and run again"
    with pytest.raises(TrainError, match=expected):
        prepare.load(prepare.locate(NAME, tmp_path), ["train", "test"], ["image", "label"])


@pytest.mark.parametrize("text", ["", "{", '{"name": "other"}'])
def test_a_damaged_description_is_refused(tmp_path: Path, digits_dir: Path, text: str) -> None:
    shutil.copytree(digits_dir, tmp_path, dirs_exist_ok=True)
    (tmp_path / "mnist_5k" / "1.0.0" / "dataset_info.json").write_text(text)
    with pytest.raises(TrainError, match=r"cannot (look for|read) mnist_5k"):
        prepare.load(prepare.locate(NAME, tmp_path), ["train", "test"], ["image", "label"])


def test_a_folder_of_something_else_stays(tmp_path: Path) -> None:
    (tmp_path / "mnist_5k" / "1.0.0" / "mine").mkdir(parents=True)
    before = everything(tmp_path)
    with pytest.raises(TrainError, match=r"because .*/mnist_5k/1.0.0 holds something else: delete"):
        prepare.prepare(prepare.locate(NAME, tmp_path))
    assert everything(tmp_path) == before
