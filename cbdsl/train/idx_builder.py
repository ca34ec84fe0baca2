"""IDX files as a data set of TensorFlow Datasets that needs no network.

Importing this module registers `idx`. A folder of files is one configuration of it, named after
the folder and its contents: `idx/fashion_mnist-0a1b2c3d4e5f`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import tensorflow_datasets as tfds

from cbdsl.train import idx

__all__ = ["Idx", "IdxConfig"]

Example = tuple[int, dict[str, Any]]


@dataclasses.dataclass(eq=False)
class IdxConfig(tfds.core.BuilderConfig):
    """One folder of IDX files."""

    source: idx.IdxFolder | None = None


class Idx(tfds.core.GeneratorBasedBuilder):
    """Grey images and their labels from four IDX files; splits `train` and `test`."""

    name = "idx"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "The images and labels as they are."}

    def _info(self) -> Any:
        source = self._source()
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"The images of the IDX files in a folder `{source.folder.name}`.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(*source.train.shape, 1), dtype=np.uint8),
                    "label": tfds.features.ClassLabel(num_classes=source.classes),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Example]]:
        source = self._source()
        # All is read before the first progress bar, so that an error has the screen to itself.
        read = {part: (idx.images(part), idx.labels(part)) for part in (source.train, source.test)}
        return {
            "train": self._generate_examples(*read[source.train]),
            "test": self._generate_examples(*read[source.test]),
        }

    def _generate_examples(
        self, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]
    ) -> Iterator[Example]:
        """Yields the images with their labels, each under its number."""
        for number, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
            yield number, {"image": image, "label": label}

    def _source(self) -> idx.IdxFolder:
        source: idx.IdxFolder = self.builder_config.source
        return source
