"""Any image-classification set of TensorFlow Datasets: which ones will do, and what is said."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from cbdsl.train.data import Data, load_data
from cbdsl.train.errors import TrainError

tfds = pytest.importorskip("tensorflow_datasets")

Counts = dict[str, int]


class Made(tfds.core.GeneratorBasedBuilder):
    """Colour images of 5 × 4 pixels, each of one colour, which is its label."""

    VERSION = tfds.core.Version("1.0.0")
    SKIP_REGISTERING = True
    COUNTS: ClassVar[Counts] = {"train": 20, "test": 6}
    SHAPE: ClassVar[tuple[int | None, ...]] = (5, 4, 3)
    KEYS: ClassVar[tuple[str, ...] | None] = ("image", "label")

    def features(self) -> dict[str, object]:
        return {
            "image": tfds.features.Image(shape=self.SHAPE),
            "label": tfds.features.ClassLabel(num_classes=3),
        }

    def _info(self) -> object:
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(self.features()),
            supervised_keys=self.KEYS,
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Iterator[object]]:
        return {name: self._generate_examples(count) for name, count in self.COUNTS.items()}

    def _generate_examples(self, count: int) -> Iterator[tuple[int, dict[str, object]]]:
        for number in range(count):
            yield number, {"image": np.full((5, 4, 3), number % 3, np.uint8), "label": number % 3}


def made(name: str, **members: object) -> str:
    """Registers such a data set under `cbdsl_NAME`."""
    full = f"cbdsl_{name}"
    if full not in tfds.list_builders():
        type(
            full,
            (Made,),
            {"name": full, "SKIP_REGISTERING": False, "__module__": __name__, **members},
        )
    return full


def load(name: str, root: Path, reachable: object = None, **options: int) -> Data:
    return load_data(
        **{
            "dataset": name,
            "data_dir": root,
            "batch_size": 8,
            "seed": 1,
            "epochs": 1,
            "reachable": reachable or (lambda host: False),
            **options,
        }
    )


def test_colour_images_of_any_size(tmp_path: Path) -> None:
    data = load(made("colour"), tmp_path)
    assert (data.image_shape, data.classes, data.note) == ((5, 4, 3), 3, None)
    assert (data.examples, data.steps_per_epoch, data.validation_examples) == (20, 3, 6)
    assert data.validated_on == ""
    for images, labels in data.train:
        assert images.shape[1:] == (5, 4, 3)
        assert np.allclose(images.numpy()[:, 0, 0, 0] * 255, labels)


def test_what_is_prepared_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = made("colour")
    load(name, tmp_path)

    def no_network(*args: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    assert load(name, tmp_path, no_network).examples == 20


@pytest.mark.parametrize(
    ("name", "counts", "shown", "sizes"),
    [
        ("both", {"train": 20, "test": 6, "validation": 7}, "", (20, 6)),
        ("validated", {"train": 20, "validation": 7}, "its split `validation`", (20, 7)),
        ("train_only", {"train": 20}, "a tenth of its split `train`", (18, 2)),
    ],
)
def test_what_is_validated_on(
    tmp_path: Path, name: str, counts: Counts, shown: str, sizes: tuple[int, int]
) -> None:
    data = load(made(name, COUNTS=counts), tmp_path)
    assert (data.validated_on, (data.examples, data.validation_examples)) == (shown, sizes)
    assert sum(len(labels) for _, labels in data.train) == sizes[0]
    assert sum(len(labels) for _, labels in data.validation) == sizes[1]


def features(**them: object) -> object:
    return lambda self: {key: make() for key, make in them.items()}


def image(**options: object) -> object:
    return lambda: tfds.features.Image(**{"shape": (5, 4, 3), **options})


def label(classes: int | None = 3) -> object:
    return lambda: tfds.features.ClassLabel(num_classes=classes)


def text() -> object:
    return tfds.features.Text()


@pytest.mark.parametrize(
    ("name", "members", "why"),
    [
        (
            "words",
            {"features": features(a=text, b=text)},
            "it has no images, but a, b; try cifar10",
        ),
        ("unlabelled", {"features": features(image=image()), "KEYS": None}, "it has no labels"),
        (
            "described",
            {"features": features(image=image(), label=text)},
            "its `label` is Text, not a label from a list of classes",
        ),
        (
            "two_labels",
            {"features": features(image=image(), a=label(), b=label()), "KEYS": None},
            "it has several labels (a, b) and does not say which to learn",
        ),
        (
            "sizes",
            {"SHAPE": (None, None, 3)},
            "its images differ in size, and a network needs one size",
        ),
        (
            "deep",
            {"features": features(image=image(dtype=np.uint16), label=label())},
            "its images are uint16, not 8 bits a channel",
        ),
        (
            "classless",
            {"features": features(image=image(), label=label(None))},
            "it does not say how many classes it has",
        ),
    ],
)
def test_what_will_not_do_is_refused_before_a_download(
    tmp_path: Path, name: str, members: dict[str, object], why: str
) -> None:
    def never(host: str) -> bool:
        raise AssertionError("the network was used")

    full = made(name, **members)
    with pytest.raises(TrainError) as caught:
        load(full, tmp_path, never)
    assert str(caught.value) == f"cannot train on {full}: {why}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "counts", "why"),
    [
        ("tests_only", {"test": 6}, "it has no split `train` (it has test)"),
        ("few", {"train": 4}, "4 images are too few to hold back a tenth"),
    ],
)
def test_splits_that_will_not_do(tmp_path: Path, name: str, counts: Counts, why: str) -> None:
    full = made(name, COUNTS=counts)
    with pytest.raises(TrainError) as caught:
        load(full, tmp_path)
    assert str(caught.value) == f"cannot train on {full}: {why}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cifr10", "has no data set `cifr10`: did you mean `cifar10` or "),
        ("Fashion-MNIST", "has no data set `Fashion-MNIST`: did you mean `fashion_mnist`?"),
        ("zzz", "`zzz`: its names are on https://www.tensorflow.org/datasets/catalog"),
        ("../x", "has no data set `..`: "),
        ("emnist/letterz", "emnist has no `letterz`: did you mean `letters`?"),
        ("cifar10/x", "cifar10 has no `x`: it has one form only"),
    ],
)
def test_names_that_do_not_exist(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(TrainError) as caught:
        load(name, tmp_path)
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_silent_host_is_an_error_at_once_that_says_how_to_get_the_data(tmp_path: Path) -> None:
    asked: list[str] = []
    began = time.monotonic()
    with pytest.raises(TrainError) as caught:
        load("cifar10", tmp_path, lambda host: bool(asked.append(host)))
    assert time.monotonic() - began < 3
    assert asked == ["www.cs.toronto.edu"]
    assert str(caught.value) == (
        f"cifar10 is not in {tmp_path} and its host www.cs.toronto.edu does not answer: run this "
        f'again with a network (behind a proxy `tfds.load("cifar10", data_dir="{tmp_path}")` in '
        "Python); without one there are --dataset mnist and --idx DIR"
    )
    assert list(tmp_path.iterdir()) == []


def test_what_is_to_be_downloaded_by_hand(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"must be downloaded by hand: do what https.*/resisc45 "):
        load("resisc45", tmp_path, lambda host: True)


def test_a_package_that_a_data_set_needs_is_named(tmp_path: Path) -> None:
    def generate(self: object, count: int) -> Iterator[object]:
        raise ModuleNotFoundError("No module named 'scipy'", name="scipy.io")
        yield

    name = made("needy", _generate_examples=generate)
    with pytest.raises(TrainError, match=r"\(No module named 'scipy'\): pip install scipy$"):
        load(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
