"""What rules write lies in the run directory, and replaces files of its own kind only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cbdsl
from cbdsl.attach.journal_file import JournalFile
from cbdsl.catalog import actions
from cbdsl.checks.context import Context
from cbdsl.checks.leave import NOTHING, Leave
from cbdsl.checks.paths import trouble_with
from cbdsl.files import write_whole
from cbdsl.runtime import places
from cbdsl.runtime.effects import Direct
from cbdsl.runtime.model_files import must_be_replaceable
from cbdsl.runtime.places import inside
from cbdsl.saving import CannotResume, StateFolder
from cbdsl.source import SourceFile, Span
from cbdsl.syntax.nodes import File

PATHS = {
    "a.keras": True,
    "a/b.keras": True,
    "a b/c-d_e.keras": True,
    "über/模型.keras": True,
    "console.keras": True,
    "common/x.keras": True,
    "../a.keras": False,
    "a/../b.keras": False,
    "./a.keras": False,
    "/a.keras": False,
    "//host/a.keras": False,
    "~/a.keras": False,
    "a/~b/c.keras": False,
    "C:/a.keras": False,
    "c:a.keras": False,
    "a:b.keras": False,
    "a\\b.keras": False,
    "a//b.keras": False,
    "a*.keras": False,
    "a\x00.keras": False,
    "a\n.keras": False,
    "CON.keras": False,
    "con.weights.h5": False,
    "a/Nul.keras": False,
    "aux/b.keras": False,
    "com1.keras": False,
    "LPT¹.keras": False,
    "CONIN$.keras": False,
    "a./b.keras": False,
    "a /b.keras": False,
    "x" * 201 + ".keras": False,
}


def context(leave: Leave = NOTHING) -> Context:
    return Context(SourceFile("r", ""), File((), (), span=Span(0, 0)), {}, leave=leave)


@pytest.mark.parametrize(("path", "is_inside"), PATHS.items())
def test_the_checks_and_the_runtime_say_the_same(
    path: str, is_inside: bool, tmp_path: Path
) -> None:
    assert (trouble_with(context(), path) is None) == is_inside
    if is_inside:
        assert inside(tmp_path, path) == tmp_path.resolve() / path
    else:
        with pytest.raises(ValueError, match="run directory"):
            inside(tmp_path, path)


def test_both_know_the_same_devices() -> None:
    assert actions.DEVICE.pattern == places.DEVICE.pattern
    assert actions.LONGEST_NAME == places.LONGEST_NAME


# ------------------------------------------------------------------------- links, and leave


def test_a_link_out_of_the_run_directory(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    run.mkdir()
    other.mkdir()
    (run / "out").symlink_to(other)
    (run / "file.keras").symlink_to(other / "x.keras")
    for path in ("out/x.keras", "file.keras"):
        with pytest.raises(ValueError, match="leads out of the run directory"):
            inside(run, path)
    # Only the caller allows it.
    assert inside(run, "out/x.keras", [str(other)]) == run.resolve() / "out" / "x.keras"


def test_another_folder_where_the_caller_allows_it(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    path = f"{other}/sub/x.keras"
    rules = f'on epoch_end save "{path}"'
    assert [d.code for d in cbdsl.check(rules)] == ["CBR308"]
    assert cbdsl.check(rules, allow=[f"path={other}"]) == []
    assert inside(run, path, [str(other)]) == other.resolve() / "sub" / "x.keras"
    leave = Leave.of([f"path={other}"])
    for way_out in (f"{other}/../x.keras", f"{other}x/x.keras", f"{other}/~/x", f"{other}//x"):
        assert trouble_with(context(leave), way_out) is not None
        with pytest.raises(ValueError, match="run directory"):
            inside(run, way_out, [str(other)])


def test_what_can_be_allowed() -> None:
    assert Leave.of(["call", "network", "path=/a/b"]).words == ("call", "network", "path=/a/b")
    assert Leave.of(["path=a"]).folders == (Path("a").absolute().as_posix(),)
    with pytest.raises(ValueError, match="nothing called 'cal' can be allowed: did you mean"):
        Leave.of(["cal"])
    with pytest.raises(ValueError, match="what can is `call`, `network`, `path=DIR`"):
        Leave.of(["everything"])
    with pytest.raises(TypeError, match="a list of words"):
        Leave.of("call")


# ------------------------------------------------------------------------- files that are there


class Model:
    """As much of a model as is saved."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"PK and so on")

    def save_weights(self, path: Path) -> None:
        path.write_bytes(b"\x89HDF and so on")


class Rule:
    model = Model()


@pytest.mark.parametrize("name", ["a.keras", "a.weights.h5"])
def test_only_files_of_the_same_kind_are_replaced(name: str, tmp_path: Path) -> None:
    target = tmp_path / name
    effects: Any = Direct(tmp_path)
    target.write_text("my notes")
    with pytest.raises(ValueError, match=r"is there, and is no \.(keras|weights\.h5) file"):
        effects.save(Rule(), name)
    assert target.read_text() == "my notes"
    target.write_bytes(b"")
    effects.save(Rule(), name)
    effects.save(Rule(), name)
    assert target.read_bytes().endswith(b"and so on")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for other in ("folder", "pipe"):
        (tmp_path / other).rename(tmp_path / f"{other}-{name}")
        with pytest.raises(ValueError, match="it is left as it is"):
            must_be_replaceable(tmp_path / f"{other}-{name}")


def test_what_a_killed_process_left_of_a_file_is_taken_away(tmp_path: Path) -> None:
    dead = 2**22 + 5  # Beyond the numbers that processes have here.
    some = "0123456789abcdef"
    (tmp_path / f".best.{dead}-{some}.keras").write_bytes(b"half")
    (tmp_path / f".best.{dead}-{some[:15]}x.keras").mkdir()
    (tmp_path / f".best.{os.getpid()}-{some}.keras").write_bytes(b"of one that lives")
    (tmp_path / f".best.{dead}.keras").write_bytes(b"somebody's")
    (tmp_path / f".other.{dead}-{some}.keras").write_bytes(b"another's")
    Direct(tmp_path).save(Rule(), "best.keras")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([
        f".best.{os.getpid()}-{some}.keras",
        f".best.{dead}-{some[:15]}x.keras",
        f".best.{dead}.keras",
        f".other.{dead}-{some}.keras",
        "best.keras",
    ])  # fmt: skip


# ------------------------------------------------------------------------------- the state


def _lock(folder: Path) -> None:
    (folder / "lock").write_text("my notes\n")


def _link(name: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder.parent / "mine").write_text("my notes\n")
        (folder / name).symlink_to("../mine")

    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_lock, "lock is there, and is no lock"),
        (_link("lock"), "lock: it is a link or no file"),
        (_link("finished.json"), "finished.json: it is a link or no file"),
        (_link("state.npz"), "state.npz: it is a link or no file"),
    ],
)
def test_a_folder_of_the_state_that_holds_something_else(
    make: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    make(folder)
    with pytest.raises(CannotResume, match=said):
        StateFolder(tmp_path, "state").hold()
    notes = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert set(notes) == {"my notes\n"}


# --------------------------------------------------------------------------- files of the run


FILES = ("rules.cbr", "callbacks.py", "history.csv", "run.json", "journal.jsonl")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("make", [lambda path: path.symlink_to("../mine"), os.mkfifo])
def test_what_is_no_file_of_the_run(
    name: str, make: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("my notes\n")
    run = tmp_path / "run"
    run.mkdir()
    make(run / name)
    with pytest.raises(OSError, match="it is a link or no file"):
        write_whole(run / name, b"anything", follow=False)
    if name == "journal.jsonl":
        file = JournalFile(run / name)
        file.begin()
        file.add(b"a line\n")
        with pytest.raises(OSError, match="it is a link or no file"):
            file.write()
        with pytest.raises(OSError, match="it is a link or no file"):
            file.cut_back(0)
    assert (tmp_path / "mine").read_text() == "my notes\n"
