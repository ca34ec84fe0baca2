"""IDX files: what is read, what is refused, and the data set made of them."""

from __future__ import annotations

import gzip
import os
import shutil
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from cbdsl.train import idx
from cbdsl.train.data import Data, load_data
from cbdsl.train.errors import TrainError

SIZES = {"train": 30, "t10k": 10}
SHAPE = (5, 4)


def idx_images(images: np.ndarray) -> bytes:
    return struct.pack(">4I", 0x0803, *images.shape) + images.astype(np.uint8).tobytes()


def idx_labels(labels: np.ndarray) -> bytes:
    return struct.pack(">2I", 0x0801, len(labels)) + labels.astype(np.uint8).tobytes()


def files() -> dict[str, bytes]:
    """The four files: the pixels of image i are all i, its label is i modulo 3."""
    made = {}
    for part, count in SIZES.items():
        numbers = np.arange(count)
        pixels = np.broadcast_to(numbers.reshape(-1, 1, 1), (count, *SHAPE))
        made[f"{part}-images-idx3-ubyte"] = idx_images(pixels)
        made[f"{part}-labels-idx1-ubyte"] = idx_labels(numbers % 3)
    return made


def write(folder: Path, made: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in made.items():
        (folder / name).write_bytes(
            gzip.compress(data, 1, mtime=0) if name.endswith(".gz") else data
        )
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "Tiny Set!", files())


def load(folder: Path, root: Path) -> Data:
    def never(host: str) -> bool:
        raise AssertionError("the network was used")

    return load_data(idx_dir=folder, data_dir=root, batch_size=8, seed=1, epochs=1, reachable=never)


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# ------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize(("dash", "gz"), [("-", ""), (".", ""), ("-", ".gz"), (".", ".gz")])
def test_the_four_ways_to_call_the_files(tmp_path: Path, dash: str, gz: str) -> None:
    named = {name.replace("-idx", f"{dash}idx") + gz: data for name, data in files().items()}
    found = idx.scan(write(tmp_path / "set", named))
    assert (found.train.count, found.test.count, found.classes) == (30, 10, 3)
    assert found.train.shape == SHAPE
    images, labels = idx.images(found.train), idx.labels(found.train)
    assert images.shape == (30, *SHAPE, 1)
    assert images[:, 2, 3, 0].tolist() == list(range(30))
    assert labels.tolist() == [i % 3 for i in range(30)]


def test_it_becomes_a_data_set_that_a_second_run_finds(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    data = load(folder, root)
    assert data.name == f"idx/{idx.scan(folder).key}"
    assert (data.image_shape, data.classes) == ((*SHAPE, 1), 3)
    assert (data.examples, data.validation_examples, data.validated_on) == (30, 10, "")
    images, labels = next(iter(data.validation))
    assert np.array_equal(images.numpy()[:, 0, 0, 0] * 255 % 3, labels.numpy())
    key = idx.scan(folder).key
    assert key.startswith("tiny_set-")
    names = ("features.json", "dataset_info.json")
    names += tuple(f"idx-{split}.tfrecord-00000-of-00001" for split in ("train", "test"))
    below = {f"idx/{key}/1.0.0/{name}" for name in names}
    assert everything(root) == {"idx", f"idx/{key}", f"idx/{key}/1.0.0", *below}
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    again = load(folder, root)
    assert again.examples == 30
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == times


def test_other_contents_and_other_folders_are_other_data_sets(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    load(folder, root)
    shutil.copytree(folder, tmp_path / "copy")
    load(tmp_path / "copy", root)
    # The same size and time: only the contents tell.
    path = folder / "train-images-idx3-ubyte"
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    data = load(folder, root)
    assert len(list((root / "idx").iterdir())) == 3
    assert max(images.numpy().max() for images, _ in data.train) == 1


def test_the_name_of_a_folder_may_be_anything(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = folder.rename(folder.parent / "…")
    assert idx.scan(odd).key.startswith("folder-")
    monkeypatch.chdir(odd)
    assert idx.scan(Path(".")).key == idx.scan(odd).key
    monkeypatch.setenv("HOME", str(odd.parent))
    assert idx.scan(Path("~/…")).key == idx.scan(odd).key


# ---------------------------------------------------------------------------- what is refused


def test_missing_folders_and_files(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"in .*/none: there is no such folder$"):
        idx.scan(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(TrainError, match=r"in .*/file: it is a file$"):
        idx.scan(tmp_path / "file")
    made = files()
    del made["train-labels-idx1-ubyte"], made["t10k-images-idx3-ubyte"]
    with pytest.raises(
        TrainError,
        match=r"there is no train-labels-idx1-ubyte\[.gz\], t10k-images-idx3-ubyte\[.gz\] in it$",
    ):
        idx.scan(write(tmp_path / "set", made))


TRAIN, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"


def header(*words: int) -> bytes:
    return struct.pack(f">{len(words)}I", *words)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (TRAIN, b"", "/set/train-images-idx3-ubyte is cut off: it ends within its header; copy"),
        (TRAIN, header(0x0803, 30), "is cut off: it ends within its header; copy it again"),
        (TRAIN, b"<html>", "is no IDX file of images: it begins with 3c68746d, not 00000803"),
        (TRAIN, gzip.compress(b"x", mtime=0), "not 00000803; it looks gzipped: call it ….gz"),
        (LABELS, files()[TRAIN], "is no IDX file of labels: it begins with 00000803, not 00000801"),
        (
            LABELS,
            idx_labels(np.zeros(29)),
            "train-images-idx3-ubyte has 30 images, but train-labels-idx1-ubyte has 29 labels",
        ),
        (LABELS, files()[LABELS][:-3], "is cut off: it has 27 of the 30 bytes that its header"),
        (LABELS, files()[LABELS] + b"x", "has more than the 30 bytes that its header speaks of"),
        (TRAIN, files()[TRAIN][:-1], "is cut off: it has 599 of the 600 bytes that its header"),
        (TRAIN, files()[TRAIN] + b"x", "has more than the 600 bytes that its header speaks of"),
        (
            TRAIN,
            header(0x0803, 30, 2**32 - 1, 2**32 - 1),
            "images for training and testing differ in size",
        ),
        (TRAIN, header(0x0803, 30, 0, 4), "says that it has 30 images of 0 × 4 pixels"),
        (
            TEST_LABELS,
            idx_labels(np.full(10, 7)),
            "holds the label 7, but those of train-labels-idx1-ubyte end at 2",
        ),
    ],
)
def test_files_that_will_not_do(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    folder = write(tmp_path / "set", files() | {name: data})
    with pytest.raises(TrainError) as caught:
        load(folder, tmp_path / "data")
    assert said in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"set"}


def test_headers_that_ask_for_more_than_the_memory(tmp_path: Path) -> None:
    huge = header(0x0803, 30, 2**32 - 1, 2**32 - 1)
    small = header(0x0803, 10, 2**32 - 1, 2**32 - 1)
    made = files() | {TRAIN: huge, "t10k-images-idx3-ubyte": small}
    with pytest.raises(TrainError, match=r"is cut off: it has 0 of the 553,402,321,"):
        load(write(tmp_path / "set", made), tmp_path / "data")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[: len(data) // 2], "its gzip stream has no end; copy it again"),
        (lambda data: data[:-8] + bytes(8), "is no intact gzip file (CRC check failed"),
        (lambda data: data[:12] + b"\xff\xff" + data[14:], "is no intact gzip file ("),
        (lambda data: gzip.decompress(data), "is no intact gzip file (Not a gzipped file"),
        (lambda data: b"", "is cut off: it ends within its header"),
    ],
)
def test_gzip_files_that_are_damaged(tmp_path: Path, change: object, said: str) -> None:
    made = {name + ".gz": data for name, data in files().items()}
    folder = write(tmp_path / "set", made)
    path = folder / (TRAIN + ".gz")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(TrainError) as caught:
        load(folder, tmp_path / "data")
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"set"}


# ------------------------------------------------------------------ in the middle of preparing


def test_a_full_disk_leaves_nothing(
    folder: Path, tmp_path: Path, files_up_to: Callable[[int], AbstractContextManager[None]]
) -> None:
    said = r"^cannot prepare idx/tiny_set-.* in .*/data \(.*File too large\)"
    with files_up_to(1_000), pytest.raises(TrainError, match=said):
        load(folder, tmp_path / "data")
    assert {path.name for path in tmp_path.iterdir()} == {folder.name}


def test_ctrl_c_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(part: idx.Part) -> np.ndarray:
        raise KeyboardInterrupt

    monkeypatch.setattr(idx, "images", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load(folder, tmp_path / "data")
    assert {path.name for path in tmp_path.iterdir()} == {folder.name}


def test_a_half_prepared_set_is_made_anew(folder: Path, tmp_path: Path) -> None:
    """As a killed run leaves it: its workshop, and the folders above the data set's own."""
    root = tmp_path / "data"
    (root / "idx" / idx.scan(folder).key).mkdir(parents=True)
    (root / "incomplete.x" / "idx").mkdir(parents=True)
    (root / "incomplete.x" / "alive").touch()
    assert load(folder, root).examples == 30
    assert [path.name for path in root.iterdir()] == ["idx"]


def test_a_damaged_set_says_what_to_delete(folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path / "data")
    (place,) = (tmp_path / "data" / "idx").glob("*/1.0.0")
    (place / "idx-train.tfrecord-00000-of-00001").unlink()
    with pytest.raises(TrainError, match=rf"is missing\): delete {place} and run again$"):
        load(folder, tmp_path / "data")
    (place / "dataset_info.json").unlink()
    with pytest.raises(TrainError, match=f"because {place} holds something else: delete that or "):
        load(folder, tmp_path / "data")
