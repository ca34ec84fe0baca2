"""Data sets on disk: nothing outside the data folder, nothing half done."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbdsl.train.errors import TrainError
from cbdsl.train.library import in_a_sentence, library

if TYPE_CHECKING:
    import tensorflow as tf

try:
    import fcntl
except ImportError:  # Windows: what a killed run has left there stays.
    fcntl = None  # type: ignore[assignment]

__all__ = ["Place", "describe", "load", "locate", "prepare"]


@dataclass(frozen=True)
class Place:
    """Where a data set is, or would be, on disk.

    Attributes:
        name: the data set's name in TensorFlow Datasets.
        root: the data folder, which holds all data sets.
        directory: the folder of this version of this data set, below `root`.
        ready: whether the data set is prepared there.
        config: a `tfds.core.BuilderConfig` where the name alone does not tell.
    """

    name: str
    root: Path
    directory: Path
    ready: bool
    config: Any = None

    @property
    def full_name(self) -> str:
        """The name with that of the configuration, such as `idx/fashion_mnist-0a1b2c3d4e5f`."""
        return self.name if self.config is None else f"{self.name}/{self.config.name}"


def locate(name: str, data_dir: Path | None, config: Any = None) -> Place:
    """Finds the place of a data set, without preparing it and without the network.

    Args:
        name: a data set that TensorFlow Datasets knows.
        data_dir: the data folder; None for TensorFlow Datasets' own, which is `$TFDS_DATA_DIR`
            or `~/tensorflow_datasets`.
        config: see `Place`.

    Raises:
        TrainError: TensorFlow Datasets is not installed, or what lies there cannot be read.
    """
    given = None if data_dir is None else data_dir.expanduser()
    what = f"cannot look for {name} in {given or 'the data folder'}"
    with in_a_sentence(what, "choose another --data-dir"), library():
        builder = _builder(name, given, config)
        root, directory = Path(builder.data_dir_root), Path(builder.data_path)
        return Place(name, root, directory, bool(builder.is_prepared()), config)


def prepare(place: Place) -> None:
    """Generates a data set, downloading its source if need be; shows progress on standard error.

    All is written to a private folder inside `place.root`, then moved to its place in one step.
    Whatever ends this early, Ctrl-C included, takes the private folder along, and the folders
    that were made on the way to it. What a killed run could not take along, the next one does.

    Raises:
        TrainError: the download failed, the disk is full, the folder cannot be written to, …
    """
    what, advice = f"cannot prepare {place.full_name} in {place.root}", "choose another --data-dir"
    with in_a_sentence(what, f"run again or {advice}"):
        if place.directory.exists():
            if _now(place).ready:
                return
            why = f"{place.directory} holds something else"
            raise TrainError(f"{what}, because {why}: delete that or {advice}")
        with library() as tfds, _workshop(place) as shop:
            builder = _builder(place.name, shop, place.config)
            config = tfds.download.DownloadConfig(try_download_gcs=False)
            builder.download_and_prepare(download_config=config)
            try:
                os.rename(builder.data_path, place.directory)
            except OSError:
                # Another run may have been first: its data are as good.
                if not _now(place).ready:
                    raise


def describe(place: Place) -> Any:
    """The builder of a data set, which knows its features and, once prepared, its splits.

    Raises:
        TrainError: see `locate`.
    """
    with in_a_sentence(f"cannot look for {place.name} in {place.root}", "run again"):
        return _builder(place.name, place.root, place.config)


def load(place: Place, splits: Sequence[str], features: Sequence[str]) -> list[tf.data.Dataset]:
    """Opens a prepared data set.

    Args:
        place: where it is.
        splits: which parts of it, such as `train` or `train[:90%]`.
        features: which features an element is a tuple of; no other is decoded.

    Returns:
        A data set a split, always in the same order, not cached.

    Raises:
        TrainError: files are missing or cannot be read.
    """
    what, advice = f"cannot read {place.full_name}", f"delete {place.directory} and run again"
    with in_a_sentence(what, advice), library() as tfds:
        # The files are opened later, maybe from another folder.
        builder = _builder(place.name, place.root.absolute(), place.config)
        for split in splits:
            for path in map(Path, builder.info.splits[split].filepaths):
                if not path.is_file():
                    raise FileNotFoundError(f"{path.name} is missing")
        found = builder.as_dataset(
            split=list(splits),
            decoders=tfds.decode.PartialDecoding(dict.fromkeys(features, True)),
            # It would keep a second copy of a small data set in memory.
            read_config=tfds.ReadConfig(try_autocache=False),
        )
        return [part.map(lambda element: tuple(element[f] for f in features)) for part in found]


def _builder(name: str, data_dir: Path | None, config: Any) -> Any:
    with library() as tfds:
        options = {} if config is None else {"config": config}
        return tfds.builder(name, data_dir=data_dir, **options)


def _now(place: Place) -> Place:
    """The place as it is now, which another run may have changed."""
    return locate(place.name, place.root, place.config)


_UNFINISHED = "incomplete."
_ALIVE = "alive"  # A file that is locked as long as its run lives.


@contextlib.contextmanager
def _workshop(place: Place) -> Iterator[Path]:
    """Gives a new folder in the data folder and removes it with all that is in it.

    On the way out by an error it also removes the folders that had to be made for `place`.
    """
    parent = place.directory.parent
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(place.root)
        shop = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=place.root))
        try:
            with (shop / _ALIVE).open("wb") as alive:
                _lock(alive)
                yield shop
        finally:
            # Threads that are still downloading may put a file where one was just removed.
            for _ in range(3):
                shutil.rmtree(shop, ignore_errors=True)
    except BaseException:
        for folder in made:
            with contextlib.suppress(OSError):  # Not empty: another run uses it.
                folder.rmdir()
        raise


def _sweep(root: Path) -> None:
    """Removes what killed runs have left in the data folder."""
    if fcntl is None:
        return
    for mark in root.glob(f"{_UNFINISHED}*/{_ALIVE}"):
        with contextlib.suppress(OSError), mark.open("wb") as alive:
            _lock(alive)  # Fails while the run lives.
            shutil.rmtree(mark.parent, ignore_errors=True)


def _lock(file: Any) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
