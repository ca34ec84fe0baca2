"""Logs of TensorBoard: those that Keras wrote in `files`, and made ones for what may be wrong."""

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbdsl.replaying import Unreadable, read
from cbdsl.replaying.event_records import is_event_file

LOGS = Path(__file__).with_name("files") / "tensorboard"

# ---------------------------------------------------------------- an event file, written by hand


def checksum(data: bytes) -> bytes:
    """CRC-32C, bit by bit, masked as TensorFlow does."""
    crc = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if (crc ^ byte >> bit) & 1 else 0)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + checksum(length) + data + checksum(data)


def varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def field(number: int, content: bytes | int | float) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, float):
        return varint(number << 3 | 1) + struct.pack("<d", content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def event(step: int, *values: bytes, time: float = 0.0) -> bytes:
    summary = b"".join(field(1, value) for value in values)
    return record(field(1, time) + field(2, step) + field(5, summary))


def scalar(tag: str, value: float) -> bytes:
    """As TensorFlow 2 does: a tensor of type float without axes."""
    tensor = field(1, 1) + field(2, b"") + field(5, struct.pack("<f", value))
    return field(1, tag.encode()) + field(9, field(1, b"scalars")) + field(8, tensor)


def simple(tag: str, value: float) -> bytes:
    """As TensorFlow 1 did."""
    return field(1, tag.encode()) + varint(2 << 3 | 5) + struct.pack("<f", value)


START = record(field(1, 1.0) + field(3, b"brain.Event:2"))


@pytest.fixture
def log(tmp_path):
    """`log("train", events)`: an event file in that folder of the logs."""

    def write(folder: str, *events: bytes, number: int = 1) -> Path:
        (tmp_path / "logs" / folder).mkdir(parents=True, exist_ok=True)
        path = tmp_path / "logs" / folder / f"events.out.tfevents.{number}.host.v2"
        path.write_bytes(START + b"".join(events))
        return path

    return write


# ---------------------------------------------------------------- what Keras writes


def test_two_trainings_into_one_folder():
    one, two = read(LOGS)
    assert one.series == {
        "learning_rate": [0.004999999888241291, 0.0024999999441206455, 0.0012499999720603228],
        "loss": [1.7559523582458496, 1.7141644954681396, 1.693540334701538],
        "mae": [1.0828502178192139, 1.0655932426452637, 1.0569777488708496],
        "val_loss": [1.7203848361968994, 1.6966255903244019, 1.6848318576812744],
        "val_mae": [1.0680371522903442, 1.0581985712051392, 1.053283452987671],
    }
    assert two.series["val_loss"] == [0.5317443609237671, 0.5204089879989624]
    assert [run.name for run in (one, two)] == [f"{LOGS}#1", f"{LOGS}#2"]
    assert [run.first_epoch for run in (one, two)] == [1, 1]
    assert set(one.left_out) == {"evaluation_loss_vs_iterations", "evaluation_mae_vs_iterations"}


def test_one_event_file():
    (path,) = (LOGS / "validation").glob("*.1.*")
    (run,) = read(path)
    assert run.series == {
        "val_loss": [1.7203848361968994, 1.6966255903244019, 1.6848318576812744],
        "val_mae": [1.0680371522903442, 1.0581985712051392, 1.053283452987671],
    }


def test_one_folder_of_the_two():
    assert [list(run.series) for run in read(LOGS / "validation")] == [["val_loss", "val_mae"]] * 2
    assert "loss" in read(LOGS / "train")[0].series


def test_a_file_that_breaks_off_anywhere(tmp_path):
    (path,) = (LOGS / "train").glob("*.1.*")
    content = path.read_bytes()
    cut = tmp_path / "events.out.tfevents.1"
    most = 0
    for size in range(0, len(content) + 1, 4):
        cut.write_bytes(content[:size])
        try:
            (run,) = read(cut)
        except Unreadable:
            assert most == 0
        else:
            assert run.epochs >= most
            most = run.epochs
    assert most == 3


# ---------------------------------------------------------------- what may be in a file


def test_validation_every_second_epoch(log):
    log("train", *(event(e, scalar("epoch_loss", e), time=float(e)) for e in range(4)))
    path = log("validation", *(event(e, scalar("epoch_loss", e), time=e + 0.5) for e in (1, 3)))
    (run,) = read(path.parent.parent)
    assert run.series == {"loss": [0.0, 1.0, 2.0, 3.0], "val_loss": [None, 1.0, None, 3.0]}


def test_the_clock_tells_runs_apart(log):
    """The first run has a validation, the second has none."""
    log("train", event(0, scalar("epoch_loss", 1), time=1.0), number=1)
    log("validation", event(0, scalar("epoch_loss", 2), time=1.1), number=1)
    path = log("train", event(0, scalar("epoch_loss", 3), time=2.0), number=2)
    one, two = read(path.parent.parent)
    assert one.series == {"loss": [1.0], "val_loss": [2.0]}
    assert two.series == {"loss": [3.0], "val_loss": [None]}


def test_a_training_that_goes_on(log):
    path = log("train", *(event(e, scalar("epoch_loss", e), time=float(e)) for e in (1, 2)))
    (run,) = read(path)
    assert run.first_epoch == 2  # Keras counts from 0.


def test_logs_of_the_first_tensorflow(log):
    path = log(".", *(event(e, simple("loss", e), simple("val_loss", 2 * e)) for e in range(2)))
    assert read(path.parent)[0].series == {"loss": [0.0, 1.0], "val_loss": [0.0, 2.0]}


def test_scalars_by_step(log):
    path = log(".", *(event(step, simple("loss", 1)) for step in (0, 100, 200)))
    with pytest.raises(Unreadable, match="its rows are steps, not epochs"):
        read(path)


def test_what_is_no_scalar_of_an_epoch(log):
    vector = field(1, 1) + field(2, field(2, field(1, 2))) + field(5, struct.pack("<ff", 1, 2))
    double = field(1, 2) + field(6, struct.pack("<d", 0.1))
    content = field(1, 1) + field(4, struct.pack("<f", 0.25))
    text = field(1, 7) + field(8, b"text")
    path = log(
        "train",
        event(0, field(1, b"epoch_vector") + field(8, vector)),
        event(0, field(1, b"epoch_text") + field(8, text)),
        event(0, field(1, b"picture") + field(4, b"x" * 200_000)),
        event(0, field(1, b"epoch_a") + field(8, double)),
        event(0, field(1, b"epoch_b") + field(8, content)),
        event(0, scalar("batch_loss", 1)),
        event(0, scalar("mine", 1)),
        event(0, scalar("epoch_loss", math.nan)),
    )
    (run,) = read(path)
    assert repr(run.series) == "{'a': [0.1], 'b': [0.25], 'loss': [nan]}"
    assert list(run.left_out) == ["batch_loss", "mine"]


@pytest.mark.parametrize(
    "broken",
    [
        record(b"\xff" * 20),
        record(field(5, b"\x0a\xff")),
        record(field(5, field(1, field(1, b"\xff\xfe")))),
        record(varint(1 << 3 | 1) + b"123"),
        record(varint(7)),
        b"\0" * 100,
    ],
)
def test_what_is_behind_a_broken_record_is_not_read(log, broken):
    good = [event(e, scalar("epoch_loss", 1)) for e in range(3)]
    assert read(log("train", *good[:2], broken, good[2]))[0].epochs == 2


def test_logs_without_a_metric(log):
    with pytest.raises(Unreadable, match="its logs hold no metric of an epoch"):
        read(log("train").parent.parent)


def test_logs_that_are_too_large(log, monkeypatch):
    monkeypatch.setattr("cbdsl.replaying.event_records._MOST", 200)
    with pytest.raises(Unreadable, match="histograms"):
        read(log("train", *(event(e, scalar("epoch_loss", 1)) for e in range(9))))


@given(st.binary(max_size=40))
def test_what_is_no_event_file(content):
    assert not is_event_file(content)
