"""The state of a run in a file: what is written comes back, whole or not at all."""

from __future__ import annotations

import errno
import json
import math
import os
import pickle
import random
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from other_process import another_process

from cbdsl.saving import CannotResume, Finished, Saved, StateFolder, lock, state_file
from cbdsl.saving.state_file import Unusable, read, write

TYPES = [np.float32, np.float64, np.float16, np.int64, np.uint32, np.bool_, ml_dtypes.bfloat16]
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Equal, nan being equal to itself."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return bool(type(one) is type(other) and one == other)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), plain, max_size=4), st.data())
def test_what_is_written_comes_back(facts: dict[str, Any], data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(TYPES))
    shape = data.draw(arrays_of.array_shapes(min_dims=0, max_dims=3, max_side=3))
    count = math.prod(shape)
    array = np.arange(count).reshape(shape).astype(kind)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.npz"
        write(path, Saved(facts, {"a/b": array, "": np.asarray(array.T)}))
        back = read(path)
        assert os.listdir(folder) == ["state.npz"]
    assert same(facts, dict(back.facts))
    assert back.arrays["a/b"].dtype == np.dtype(kind)
    assert back.arrays["a/b"].shape == shape
    assert back.arrays["a/b"].tobytes() == array.tobytes()
    assert list(back.arrays) == ["a/b", ""]


def test_numbers_of_numpy_are_plain_numbers(tmp_path: Path) -> None:
    write(tmp_path / "s", Saved({"x": np.float32(0.5), "n": [np.int64(3)]}, {}))
    assert read(tmp_path / "s").facts == {"x": 0.5, "n": [3]}
    with pytest.raises(TypeError, match="no plain data: set"):
        write(tmp_path / "s", Saved({"x": {1}}, {}))
    assert read(tmp_path / "s").facts == {"x": 0.5, "n": [3]}


SAVED = Saved({"epoch": 3}, {"w": np.arange(1000.0)})


@pytest.mark.parametrize("cut", [0, 10, 100, 4000, -1])
def test_a_torn_file_is_no_state(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "state.npz"
    write(path, SAVED)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(Unusable, match="it is damaged"):
        read(path)


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    write(path, SAVED)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Unusable, match="it is damaged"):
        read(path)


def test_another_format_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "FORMAT", 2)
    write(tmp_path / "s", SAVED)
    monkeypatch.undo()
    with pytest.raises(Unusable, match="it has format 2, and this version reads 1"):
        read(tmp_path / "s")


def test_no_pickle_is_read(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "state.npz"
    with zipfile.ZipFile(path, "w") as box:
        facts = {"format": 1, "types": {"w": "object"}, "facts": {}}
        box.writestr("facts.json", json.dumps(facts))
        with box.open("0.npy", "w") as entry:
            np.lib.format.write_array(entry, np.array([Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(Unusable):
        read(path)
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(Unusable):
        read(path)
    assert not (tmp_path / "executed").exists()


def test_a_full_disk_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.npz"
    write(path, SAVED)

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(path, Saved({"epoch": 4}, {}))
    assert read(path).facts == {"epoch": 3}
    assert os.listdir(tmp_path) == ["state.npz"]


# ---------------------------------------------------------------------------------- the folder


def test_one_process_holds_a_folder(tmp_path: Path) -> None:
    holds = "from cbdsl.saving import StateFolder; StateFolder(sys.argv[1], 'state').hold()"
    mine = StateFolder(tmp_path, "state")
    with (
        another_process(holds, tmp_path) as pid,
        pytest.raises(CannotResume, match=f"the process {pid} trains in .*state"),
    ):
        mine.hold()
    mine.hold()
    # A second training of this process may take it over from the first.
    StateFolder(tmp_path, "state").hold()
    mine.let_go()


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    state = StateFolder(tmp_path, "state")
    state.hold()
    (state.path / ".state.npz.123").write_bytes(b"half")
    state.let_go()
    state.hold()
    assert sorted(os.listdir(state.path)) == ["lock"]
    state.let_go()


@pytest.mark.skipif(os.name == "nt", reason="it has no fcntl to stand in for")
def test_a_file_system_without_locks_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def flock(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    state = StateFolder(tmp_path, "state")
    state.hold()
    lock.hold_to_write(tmp_path / "journal.jsonl")
    state.let_go()
    lock.let_go(tmp_path / "journal.jsonl")


def test_bytes_that_changed_are_noticed(tmp_path: Path) -> None:
    """Whatever the zip then says of itself: another packing, a password, another version."""
    path = tmp_path / "state.npz"
    state_file.write(path, SAVED)
    whole = path.read_bytes()
    chance = random.Random(8)
    for _ in range(600):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        # What is not covered by a checksum, such as a time, changes nothing.
        with suppress(state_file.Unusable, OSError):
            assert repr(state_file.read(path)) == repr(SAVED)


def test_a_run_is_unfinished_until_it_is_marked(tmp_path: Path) -> None:
    state = StateFolder(tmp_path, "state")
    state.hold()
    assert state.read() is None
    assert state.finished() is None
    state.write(SAVED)
    state.finish(Finished("stopped"))
    assert state.finished() == Finished("stopped")
    state.clear()
    assert (state.read(), state.finished()) == (None, None)
    state.let_go()


def test_what_cannot_be_read_says_how_to_go_on(tmp_path: Path) -> None:
    state = StateFolder(tmp_path, "state")
    state.path.mkdir()
    (state.path / "state.npz").write_text("mine")
    with pytest.raises(CannotResume, match=r"to begin afresh, delete .*state or choose another"):
        state.read()
    (state.path / "finished.json").write_text("{}")
    with pytest.raises(CannotResume, match=r"finished\.json cannot be read: to begin afresh"):
        state.finished()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(CannotResume, match="cannot use"):
        StateFolder(tmp_path, "state").hold()
    with pytest.raises(ValueError, match="no path below the run directory"):
        StateFolder(tmp_path, "../state")
