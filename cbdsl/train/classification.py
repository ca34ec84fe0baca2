"""What a data set has for image classification: which images, which label, which splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cbdsl.train.errors import TrainError
from cbdsl.train.library import library

__all__ = ["Split", "Task", "splits", "task"]


@dataclass(frozen=True)
class Task:
    """What is learned from what.

    Attributes:
        image: the feature that holds the images, 8 bits a channel.
        label: the feature that holds the labels, counted from 0.
        image_shape: (height, width, channels), in pixels.
        classes: how many labels there are.
    """

    image: str
    label: str
    image_shape: tuple[int, ...]
    classes: int


@dataclass(frozen=True)
class Split:
    """A part of a data set.

    Attributes:
        name: what TensorFlow Datasets calls it, such as `test` or `train[90%:]`.
        examples: how many it has.
        shown: what to call it, or an empty string where it is the usual one.
    """

    name: str
    examples: int
    shown: str = ""


def task(name: str, info: Any) -> Task:
    """Finds images and labels; needs neither the data nor the network.

    Args:
        name: the data set's.
        info: its `tfds.core.DatasetInfo`.

    Raises:
        TrainError: it is no set for image classification, or one that needs more than is done
            here: all images must have one size and 8 bits a channel.
    """
    with library() as tfds:
        features = tfds.features
    what = f"cannot train on {name}"
    all_features = info.features if isinstance(info.features, features.FeaturesDict) else {}
    images = [key for key, one in all_features.items() if isinstance(one, features.Image)]
    labels = [key for key, one in all_features.items() if isinstance(one, features.ClassLabel)]
    if not images:
        held = ", ".join(sorted(all_features)) or type(info.features).__name__
        raise TrainError(f"{what}: it has no images, but {held}; try cifar10")
    image, label = _keys(info.supervised_keys, images, labels)
    if label is None:
        why = f"it has several labels ({', '.join(labels)}) and does not say which to learn"
        raise TrainError(f"{what}: {why if labels else 'it has no labels'}")
    if label not in labels:
        kind = type(all_features[label]).__name__
        raise TrainError(f"{what}: its `{label}` is {kind}, not a label from a list of classes")
    shape, dtype = tuple(all_features[image].shape), all_features[image].np_dtype.__name__
    if None in shape:
        raise TrainError(f"{what}: its images differ in size, and a network needs one size")
    if dtype != "uint8":
        raise TrainError(f"{what}: its images are {dtype}, not 8 bits a channel")
    classes = all_features[label].num_classes
    if not classes:
        raise TrainError(f"{what}: it does not say how many classes it has")
    return Task(image, label, shape, int(classes))


def _keys(supervised: Any, images: list[str], labels: list[str]) -> tuple[str, str | None]:
    """The features to learn from and to learn; None where nothing tells which label it is."""
    if isinstance(supervised, tuple) and len(supervised) >= 2:
        image, label = supervised[:2]
        if image in images and isinstance(label, str):
            return image, label
    return images[0], labels[0] if len(images) == len(labels) == 1 else None


def splits(name: str, info: Any) -> tuple[Split, Split]:
    """Chooses what to train on and what to validate on, of a set that is prepared.

    That is `train`, and `test` or else `validation` or else the last tenth of `train`, whose
    examples TensorFlow Datasets has shuffled.

    Raises:
        TrainError: there is no split `train`, or too little in it.
    """
    known = info.splits
    if "train" not in known:
        found = ", ".join(known) or "none"
        raise TrainError(f"cannot train on {name}: it has no split `train` (it has {found})")
    for other in ("test", "validation"):
        if other in known and known[other].num_examples:
            shown = "" if other == "test" else f"its split `{other}`"
            return _split(info, "train"), _split(info, other, shown)
    parts = _split(info, "train[:90%]"), _split(info, "train[90%:]", "a tenth of its split `train`")
    if not all(part.examples for part in parts):
        few = known["train"].num_examples
        raise TrainError(f"cannot train on {name}: {few} images are too few to hold back a tenth")
    return parts


def _split(info: Any, name: str, shown: str = "") -> Split:
    return Split(name, int(info.splits[name].num_examples), shown)
