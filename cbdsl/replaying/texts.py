"""The text of a file: unpacked, decoded, and never more than fits."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from typing import BinaryIO

from cbdsl.replaying.history import Unreadable

__all__ = ["text_of"]

_MOST = 64_000_000
_GZIP = b"\x1f\x8b"

_MARKS = (  # The mark of 32 bits begins with that of 16.
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_TO_TEXT = "save `history.history` as JSON or use the callback CSVLogger"
_PICKLE = "a pickle, which could run any code and is never opened"
_BINARY = (
    *((b"\x80" + bytes([protocol]), _PICKLE) for protocol in range(2, 6)),
    (b"\x89HDF", "an HDF5 file"),
    (b"PK\x03\x04", "a zip archive, such as a Keras model or an Excel sheet"),
    (b"\x93NUMPY", "an array of NumPy"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite", "a database"),
    (b"\xd0\xcf\x11\xe0", "an old Excel sheet"),
)


def text_of(file: BinaryIO) -> str:
    """The text of a file, with `\\n` for every line end.

    Raises:
        Unreadable: it is empty, too large, or no text.
        OSError: it cannot be read.
    """
    text = _decode(_content(file)).removeprefix("\ufeff")
    if not text.strip():
        raise Unreadable("it is empty: the training ended before its first epoch did")
    return re.sub(r"\r+\n|\r", "\n", text) if "\r" in text else text


def _content(file: BinaryIO) -> bytes:
    content = file.read(_MOST + 1)
    if content.startswith(_GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as unpacked:
                content = unpacked.read(_MOST + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Unreadable(f"it cannot be unpacked ({error}): pack it anew") from error
    if len(content) > _MOST:
        raise Unreadable(
            f"it is larger than {_MOST // 1_000_000} MB: too much for a row an epoch. "
            "Keep the last row of each epoch"
        )
    return content


def _decode(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    for magic, kind in _BINARY:
        if content.startswith(magic):
            raise Unreadable(f"it is {kind}: {_TO_TEXT}")
    if b"\0" in content:
        return _two_bytes(content)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # Excel's; the numbers are the same.


def _two_bytes(content: bytes) -> str:
    """UTF-16 without a mark: every other byte of a table is zero."""
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if not any(content[start:200:2]):
            return content.decode(encoding, errors="replace")
    raise Unreadable(f"it is no text: {_TO_TEXT}")
