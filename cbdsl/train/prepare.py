"""TensorFlow Datasets, kept to its data folder: nothing elsewhere, nothing half done."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbdsl.train.errors import EXTRA, TrainError

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["Place", "load", "locate", "prepare"]


@dataclass(frozen=True)
class Place:
    """Where a data set is, or would be, on disk.

    Attributes:
        name: the data set's name in TensorFlow Datasets.
        root: the data folder, which holds all data sets.
        directory: the folder of this version of this data set, below `root`.
        ready: whether the data set is prepared there.
    """

    name: str
    root: Path
    directory: Path
    ready: bool


def locate(name: str, data_dir: Path | None) -> Place:
    """Finds the place of a data set, without preparing it and without the network.

    Args:
        name: a data set that TensorFlow Datasets knows.
        data_dir: the data folder; None for TensorFlow Datasets' own, which is `$TFDS_DATA_DIR`
            or `~/tensorflow_datasets`.

    Raises:
        TrainError: TensorFlow Datasets is not installed, or what lies there cannot be read.
    """
    given = None if data_dir is None else data_dir.expanduser()
    what = f"cannot look for {name} in {given or 'the data folder'}"
    with _in_a_sentence(what, "choose another --data-dir"), _tfds() as tfds:
        builder = tfds.builder(name, data_dir=given)
        root, directory = Path(builder.data_dir_root), Path(builder.data_path)
        return Place(name, root, directory, bool(builder.is_prepared()))


def prepare(place: Place) -> None:
    """Generates a data set, downloading its source if need be; shows progress on standard error.

    All is written to a private folder inside `place.root`, then moved to its place in one step.
    Whatever ends this early, Ctrl-C included, takes the private folder along, and the folders
    that were made on the way to it.

    Raises:
        TrainError: the download failed, the disk is full, the folder cannot be written to, …
    """
    what, advice = f"cannot prepare {place.name} in {place.root}", "choose another --data-dir"
    with _in_a_sentence(what, f"run again or {advice}"):
        if place.directory.exists():
            if locate(place.name, place.root).ready:
                return
            why = f"{place.directory} holds something else"
            raise TrainError(f"{what}, because {why}: delete that or {advice}")
        with _tfds() as tfds, _workshop(place) as shop:
            builder = tfds.builder(place.name, data_dir=shop)
            config = tfds.download.DownloadConfig(try_download_gcs=False)
            builder.download_and_prepare(download_config=config)
            try:
                os.rename(builder.data_path, place.directory)
            except OSError:
                # Another run may have been first: its data are as good.
                if not locate(place.name, place.root).ready:
                    raise


def load(place: Place) -> tuple[tf.data.Dataset, tf.data.Dataset, Any]:
    """Opens a prepared data set.

    Returns:
        The splits `train` and `test`, whose elements are pairs as the data set's
        `supervised_keys` say, always in the same order, not cached; and the
        `tfds.core.DatasetInfo`.

    Raises:
        TrainError: files are missing or cannot be read.
    """
    what, advice = f"cannot read {place.name}", f"delete {place.directory} and run again"
    with _in_a_sentence(what, advice), _tfds() as tfds:
        (train, test), info = tfds.load(
            place.name,
            split=["train", "test"],
            # The files are opened later, maybe from another folder.
            data_dir=place.root.absolute(),
            download=False,
            as_supervised=True,
            with_info=True,
            # It would keep a second copy of a small data set in memory.
            read_config=tfds.ReadConfig(try_autocache=False),
        )
        for split in ("train", "test"):
            for path in map(Path, info.splits[split].filepaths):
                if not path.is_file():
                    raise FileNotFoundError(f"{path.name} is missing")
    return train, test, info


@contextlib.contextmanager
def _tfds() -> Iterator[Any]:
    """Gives TensorFlow Datasets with its habits held back.

    It logs, it prints to standard output, and each new builder makes a folder by
    `tempfile.mkdtemp` and forgets it. Its progress bars stay.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise TrainError(f"cannot train without TensorFlow Datasets ({error}): {EXTRA}") from error
    chatter = logging.getLogger("absl")
    level = chatter.level
    usual = tempfile.tempdir
    with tempfile.TemporaryDirectory() as forgotten, contextlib.redirect_stdout(io.StringIO()):
        chatter.setLevel(logging.ERROR)
        tempfile.tempdir = forgotten
        try:
            yield tfds
        finally:
            tempfile.tempdir = usual
            chatter.setLevel(level)


@contextlib.contextmanager
def _workshop(place: Place) -> Iterator[Path]:
    """Gives a new folder in the data folder and removes it with all that is in it.

    On the way out by an error it also removes the folders that had to be made for `place`.
    """
    parent = place.directory.parent
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        shop = Path(tempfile.mkdtemp(prefix="incomplete.", dir=place.root))
        try:
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


@contextlib.contextmanager
def _in_a_sentence(what: str, advice: str) -> Iterator[None]:
    """Turns any error inside the block into a TrainError: what failed, why, what to do."""
    try:
        yield
    except TrainError:
        raise
    except ImportError as error:  # TensorFlow Datasets imports packages as it needs them.
        raise TrainError(f"{what} ({_reason(error)}): {EXTRA}") from error
    except Exception as error:
        raise TrainError(f"{what} ({_reason(error)}): {advice}") from error


def _reason(error: Exception) -> str:
    """The first line of what an error says, or its kind where it says nothing."""
    said = error.strerror if isinstance(error, OSError) else None
    said = said or getattr(error, "message", None) or str(error)
    lines = str(said).strip().splitlines()
    return lines[0] if lines else type(error).__name__
