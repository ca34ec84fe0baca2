"""Folders of IDX files, the layout of MNIST and Fashion-MNIST: what is in them.

Source of the format: http://yann.lecun.com/exdb/mnist. A file is a magic number, the length of
each dimension (all 32 bits, big end first), then a byte an entry.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from cbdsl.train.errors import TrainError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["IdxFolder", "Part", "images", "labels", "scan"]

_KINDS = {"images": (3, 0x0803), "labels": (1, 0x0801)}  # dimensions and magic number
_DAMAGED = (OSError, EOFError, zlib.error)
_MOST_GZIP_SHRINKS = 1100  # Deflate makes a byte of at most 1,032.


@dataclass(frozen=True)
class Part:
    """The files of one split, and what their headers say.

    Attributes:
        images: the file of images.
        labels: the file of labels.
        count: how many examples there are.
        shape: (height, width) in pixels.
    """

    images: Path
    labels: Path
    count: int
    shape: tuple[int, int]


@dataclass(frozen=True)
class IdxFolder:
    """A folder of IDX files.

    Attributes:
        folder: the folder.
        train, test: its two parts.
        classes: how many labels there are; they count from 0.
        key: a name for the folder and the contents of its files; other contents have another.
    """

    folder: Path
    train: Part
    test: Part
    classes: int
    key: str


def scan(folder: Path) -> IdxFolder:
    """Looks at headers, labels and checksums of a folder of IDX files.

    Raises:
        TrainError: a file is missing, cannot be read or is something else, or two files do not
            belong together.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        why = "it is a file" if folder.exists() else "there is no such folder"
        raise TrainError(f"cannot read IDX files in {folder}: {why}")
    files = _find(folder)
    train, test = (_part(files[f"{name}-images"], files[f"{name}-labels"]) for name in _PARTS)
    if train.shape != test.shape:
        sizes = " and ".join("{} × {}".format(*part.shape) for part in (train, test))
        raise TrainError(
            f"cannot train on {folder}: images for training and testing differ in size, {sizes}"
        )
    classes = int(labels(train).max()) + 1
    most = int(labels(test).max())
    if most >= classes:
        raise TrainError(
            f"cannot train on {folder}: {test.labels.name} holds the label {most}, "
            f"but those of {train.labels.name} end at {classes - 1}"
        )
    return IdxFolder(folder, train, test, classes, _key(folder, files))


def images(part: Part) -> npt.NDArray[np.uint8]:
    """Reads the images of a part: shape (count, height, width, 1).

    Raises:
        TrainError: the file is damaged, or shorter or longer than its header says.
    """
    body = _body(part.images, "images", part.count * part.shape[0] * part.shape[1])
    return body.reshape(part.count, *part.shape, 1)


def labels(part: Part) -> npt.NDArray[np.uint8]:
    """Reads the labels of a part: shape (count,). Raises as `images` does."""
    return _body(part.labels, "labels", part.count)


_PARTS = ("train", "t10k")


def _find(folder: Path) -> dict[str, Path]:
    """The four files, by `train-images` and so on."""
    found, missing = {}, []
    for part in _PARTS:
        for kind, (dimensions, _) in _KINDS.items():
            names = [
                f"{part}-{kind}{dash}idx{dimensions}-ubyte{gz}"
                for gz in ("", ".gz")
                for dash in "-."
            ]
            paths = [folder / name for name in names if (folder / name).is_file()]
            if paths:
                found[f"{part}-{kind}"] = paths[0]
            else:
                missing.append(names[0])
    if missing:
        files = ", ".join(f"{name}[.gz]" for name in missing)
        raise TrainError(f"cannot train on {folder}: there is no {files} in it")
    return found


def _part(image_file: Path, label_file: Path) -> Part:
    count, height, width = _header(image_file, "images")
    (named,) = _header(label_file, "labels")
    if count != named:
        raise TrainError(
            f"{image_file.name} has {count:,} images, but {label_file.name} has {named:,} labels: "
            f"the two in {image_file.parent} do not belong together"
        )
    if 0 in (count, height, width):
        raise TrainError(
            f"cannot train on {image_file}: it says that it has {count} images of "
            f"{height} × {width} pixels"
        )
    return Part(image_file, label_file, count, (height, width))


def _header(path: Path, kind: str) -> tuple[int, ...]:
    """The lengths of the dimensions of a file."""
    dimensions, magic = _KINDS[kind]
    try:
        with _open(path) as file:
            head = file.read(4 * (1 + dimensions))
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    words = [int.from_bytes(head[at : at + 4]) for at in range(0, len(head), 4)]
    if len(head) >= 4 and words[0] != magic:
        advice = "; it looks gzipped: call it ….gz" if head[:2] == b"\x1f\x8b" else ""
        raise TrainError(
            f"{path} is no IDX file of {kind}: it begins with {head[:4].hex()}, "
            f"not {magic:08x}{advice}"
        )
    if len(head) < 4 * (1 + dimensions):
        raise TrainError(f"{path} is cut off: it ends within its header; copy it again")
    return tuple(words[1:])


def _body(path: Path, kind: str, size: int) -> npt.NDArray[np.uint8]:
    """The entries behind the header, `size` bytes of them and no more."""
    import numpy as np

    skip = 4 * (1 + _KINDS[kind][0])
    try:
        most = path.stat().st_size * (_MOST_GZIP_SHRINKS if path.suffix == ".gz" else 1)
        with _open(path) as file:
            file.read(skip)
            # A damaged header may ask for more than the memory has.
            body = file.read(min(size, most)) + file.read(1)
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    if len(body) != size:
        how = f"is cut off: it has {len(body):,} of" if len(body) < size else "has more than"
        raise TrainError(
            f"{path} {how} the {size:,} bytes that its header speaks of; copy it again"
        )
    return np.frombuffer(body, np.uint8)


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _damaged(path: Path, error: Exception) -> TrainError:
    if isinstance(error, gzip.BadGzipFile | zlib.error):
        return TrainError(f"{path} is no intact gzip file ({error}); copy it again")
    if isinstance(error, EOFError):
        return TrainError(f"{path} is cut off: its gzip stream has no end; copy it again")
    reason = error.strerror if isinstance(error, OSError) else None
    return TrainError(f"cannot read {path} ({reason or error})")


def _key(folder: Path, files: dict[str, Path]) -> str:
    """A name that is also good as a folder's: what the folder is called, and a checksum."""
    digest = hashlib.sha256()
    try:
        for path in files.values():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as error:
        raise _damaged(path, error) from error
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")[:40]
    return f"{name or 'folder'}-{digest.hexdigest()[:12]}"
