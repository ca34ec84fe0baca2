"""The scalars of one event file of TensorBoard, read without it and without TensorFlow.

An event file is a row of records: a length, a checksum of it, a protocol buffer of the type
`Event`, and a checksum of that. Only scalars are read, in the form of either version of summaries.

Source: record_writer.h, event.proto, summary.proto, tensor.proto of TensorFlow; the encoding is
that of protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from cbdsl.replaying.history import Unreadable

__all__ = ["Scalar", "is_event_file", "scalars"]

_MOST = 500_000_000
_LARGEST = 100_000  # bytes of a record that may hold a scalar; a larger one holds a picture
_HEAD = struct.Struct("<QI")
_FOOT = 4


class Scalar(NamedTuple):
    """A number that was logged: when (in seconds), in which step, under which tag."""

    time: float
    step: int
    tag: str
    value: float


class _Broken(Exception):
    """A record is not what it should be."""


def is_event_file(start: bytes) -> bool:
    """Whether a file that starts so is one: the checksum of its first length is right."""
    return _length(start[: _HEAD.size]) is not None


def scalars(file: BinaryIO) -> Iterator[Scalar]:
    """The scalars of an event file.

    It may end in the midst of a record: it is still written, or its writer was killed. What is
    behind a broken record is not read, as TensorBoard does.

    Raises:
        Unreadable: it is too large.
    """
    read = 0
    while (length := _length(file.read(_HEAD.size))) is not None:
        read += _HEAD.size + length + _FOOT
        if read > _MOST:
            raise Unreadable(
                f"it is larger than {_MOST // 1_000_000} MB: log metrics alone, without "
                "histograms, images and batches (`update_freq='epoch'`)"
            )
        if length > _LARGEST:
            file.seek(length + _FOOT, 1)
            continue
        record = file.read(length + _FOOT)
        if len(record) < length + _FOOT:
            return
        try:
            yield from _of_event(memoryview(record)[:length])
        except (_Broken, struct.error, UnicodeDecodeError):
            return


# ---------------------------------------------------------------- records


def _length(head: bytes) -> int | None:
    """The length of the next record, None where there is none or its checksum is wrong."""
    if len(head) < _HEAD.size:
        return None
    length: int
    length, checksum = _HEAD.unpack_from(head)
    return length if _masked_crc(head[:8]) == checksum else None


def _crc_table() -> list[int]:
    """That of CRC-32C (Castagnoli), polynomial 0x1EDC6F41 with its bits reversed."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC = _crc_table()


def _masked_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


# ---------------------------------------------------------------- protocol buffers

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_FLOAT, _DOUBLE = struct.Struct("<f"), struct.Struct("<d")
_TENSORS = {1: (_FLOAT, 5), 2: (_DOUBLE, 6)}  # by dtype: the format, and the field of values


class _Field(NamedTuple):
    number: int
    kind: int
    varint: int
    content: memoryview


def _fields(message: memoryview) -> Iterator[_Field]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        varint = size = 0
        if kind == _VARINT:
            varint, at = _varint(message, at)
        elif kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in (_EIGHT, _FOUR):
            size = 8 if kind == _EIGHT else 4
        else:
            raise _Broken
        if at + size > len(message):
            raise _Broken
        yield _Field(number, kind, varint, message[at : at + size])
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number that begins there, and where the next thing begins."""
    value = 0
    for place, byte in enumerate(message[at : at + 10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise _Broken


def _of_event(event: memoryview) -> Iterator[Scalar]:
    time, step = 0.0, 0
    summaries = []
    for number, kind, varint, content in _fields(event):
        match number, kind:
            case 1, 1:
                (time,) = _DOUBLE.unpack(content)
            case 2, 0:
                step = varint
            case 5, 2:
                summaries.append(content)
    for summary in summaries:
        for number, kind, _, content in _fields(summary):
            if (number, kind) == (1, _BYTES):
                tag, value = _of_value(content)
                if value is not None:
                    yield Scalar(time, step, tag, value)


def _of_value(message: memoryview) -> tuple[str, float | None]:
    """The tag of a value in a summary, and its number if it is one."""
    tag, value = "", None
    for number, kind, _, content in _fields(message):
        match number, kind:
            case 1, 2:
                tag = str(content, "utf-8")
            case 2, 5:  # as TensorFlow 1 wrote
                (value,) = _FLOAT.unpack(content)
            case 8, 2:
                value = _of_tensor(content)
    return tag, value


def _of_tensor(message: memoryview) -> float | None:
    """The number that a tensor without axes holds, None for any other."""
    dtype = 0
    shape = b""
    contents: dict[int, memoryview] = {}
    for number, _, varint, content in _fields(message):
        match number:
            case 1:
                dtype = varint
            case 2:
                shape = bytes(content)
            case _:
                contents[number] = content
    if dtype not in _TENSORS or shape:
        return None
    form, field = _TENSORS[dtype]
    data = contents.get(4) or contents.get(field)
    if data is None or len(data) != form.size:
        return None
    value: float = form.unpack(data)[0]
    return value
