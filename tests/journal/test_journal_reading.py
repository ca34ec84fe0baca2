"""Reading a journal: whole, torn, from a later version, and what is none."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from cbdsl.journal import Action, Difference, End, Epoch, Firing, NoJournal, is_journal, line, read

RULE = {"rule": "enough", "key": "enough:1", "place": "a.cbr:1", "text": "on epoch_end stop"}
RUN: dict[str, Any] = {
    "kind": "run", "journal": 1, "cbdsl": "0.1.0", "at": "2025-11-03T09:12:44Z", "epochs": 3,
    "batches": 5, "lr": 0.001, "params": {"target": 0.9}, "rules": [RULE], "source": "rules",
}  # fmt: skip
FIRING: dict[str, Any] = {
    "kind": "firing", "epoch": 1, "batch": None, "step": None, "time": 1.4, "rule": "enough",
    "key": "enough:1", "place": "a.cbr:1", "values": {"loss": 0.5},
    "actions": [{"verb": "stop", "detail": "enough"}, {"verb": "save", "error": "OSError: full"}],
}  # fmt: skip
EPOCH: dict[str, Any] = {
    "kind": "epoch", "epoch": 1, "time": 1.5, "logs": {"loss": 0.5}, "lr": 0.001,
    "counted": {"enough:1": 7},
}  # fmt: skip
END: dict[str, Any] = {
    "kind": "end", "epoch": 1, "time": 1.6, "how": "stopped", "by": "enough", "why": None,
}  # fmt: skip
RESUMED: dict[str, Any] = {
    "kind": "resumed", "at": "2025-11-03T10:00:00Z", "epoch": 2, "epochs": 3, "batches": 5,
    "params": {"target": 0.8}, "rules": [RULE | {"key": "enough:2"}], "source": "others",
    "difference": {"kept": [], "new": ["enough:2"], "dropped": ["enough:1"]},
}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def write(path: Path, *entries: dict[str, Any], torn: bytes = b"") -> Path:
    path.write_bytes(b"".join(map(line, entries)) + torn)
    return path


def test_all_that_is_in_it(path: Path) -> None:
    journal = read(write(path, RUN, FIRING, EPOCH, END))
    assert (journal.header.version, journal.header.epochs, journal.header.lr) == ("0.1.0", 3, 0.001)
    assert journal.entries == (
        Firing(
            1, None, None, 1.4, "enough", "enough:1", "a.cbr:1", {"loss": 0.5},
            (Action("stop", "enough"), Action("save", None, "OSError: full")),
        ),
        Epoch(1, 1.5, {"loss": 0.5}, 0.001, {"enough:1": 7}),
        End(1, 1.6, "stopped", "enough", None, {}),
    )  # fmt: skip
    assert journal.end is journal.entries[-1]
    assert journal.counted == {"enough:1": 8}
    assert not journal.is_torn


def test_the_folder_of_a_run_will_do(path: Path) -> None:
    write(path, RUN)
    assert read(path.parent).path == path
    assert read(str(path)).header == read(path.parent).header


def test_other_rules_take_over(path: Path) -> None:
    journal = read(write(path, RUN, EPOCH, RESUMED))
    assert journal.changes[0].difference == Difference((), ("enough:2",), ("enough:1",))
    assert [rule.key for rule in journal.rules] == ["enough:2"]
    assert (journal.source, journal.params) == ("others", {"target": 0.8})


@pytest.mark.parametrize("length", range(1, len(line(FIRING))))
def test_a_last_line_that_is_torn(path: Path, length: int) -> None:
    journal = read(write(path, RUN, EPOCH, torn=line(FIRING)[:length]))
    # Without its line end alone it is whole.
    is_whole = length == len(line(FIRING)) - 1
    assert len(journal.entries) == 1 + is_whole
    assert journal.is_torn != is_whole


def test_a_character_that_is_torn(path: Path) -> None:
    torn = line(END | {"why": "ü"})
    assert read(write(path, RUN, torn=torn[: torn.index(b"\xc3") + 1])).is_torn


def test_a_torn_line_before_others_is_no_tear(path: Path) -> None:
    path.write_bytes(line(RUN) + line(FIRING)[:30] + b"\n" + line(EPOCH))
    with pytest.raises(NoJournal, match="line 2: it is not JSON"):
        read(path)


def test_kinds_and_keys_that_are_not_known(path: Path) -> None:
    more: dict[str, Any] = {"later": {"deep": [1]}}
    journal = read(write(path, RUN | more, {"kind": "dream"}, {"no": "kind"}, EPOCH | more))
    assert journal.entries == read(write(path, RUN, EPOCH)).entries
    assert read(write(path, RUN)).header == journal.header


def test_empty_lines_are_passed_over(path: Path) -> None:
    path.write_bytes(line(RUN) + b"\n \r\n" + line(EPOCH))
    assert len(read(path).entries) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "it is empty: the run has not begun, or was killed at once"),
        (b"epoch,loss\n1,2\n", "its first line is not JSON"),
        (b"\xff\xfe\x00\n", "its first line is not JSON"),
        (b"[1]\n", "its first line is not JSON"),
        (b"\n", "it does not begin with a line of the kind `run`"),
        (line(EPOCH), "it does not begin with a line of the kind `run`"),
        (line({"kind": "run"}), "it does not begin with a line of the kind `run`"),
        (line(RUN)[:40], "it holds half a line: the run was killed as it began"),
        (line(RUN) + b"[]\n", "line 2: it is no object"),
        (line(RUN) + b"[" * 100_000 + b"\n", "line 2: it is not JSON"),
        (line(RUN) + b'{"kind": "end", "epoch": 1' + b"0" * 5000 + b"}\n", "line 2: it is not"),
        (line(RUN | {"rules": [1]}), "`rules` is no list of objects"),
        (line(RUN | {"epochs": "ten"}), "`epochs` is no whole number"),
        (line(RUN) + line(EPOCH | {"epoch": None}), "line 2: `epoch` is no whole number"),
        (line(RUN) + line(EPOCH | {"epoch": True}), "line 2: `epoch` is no whole number"),
        (line(RUN) + line(EPOCH | {"logs": []}), "line 2: `logs` is no object"),
        (line(RUN) + line(EPOCH | {"time": "soon"}), "line 2: `time` is no number"),
        (line(RUN) + line(EPOCH | {"time": 10**400}), "line 2: `time` is too large a number"),
        (line(RUN) + line(EPOCH | {"lr": 10**400}), "line 2: `lr` is too large a number"),
        (line(RUN) + line(FIRING | {"rule": 3}), "line 2: `rule` is no text"),
        (line(RUN) + line(RESUMED | {"difference": {"new": 3}}), "line 2: `new` is no list"),
    ],
)  # fmt: skip
def test_what_is_no_journal(path: Path, text: bytes, why: str) -> None:
    path.write_bytes(text)
    with pytest.raises(NoJournal) as raised:
        read(path)
    assert raised.value.path == path
    assert why in raised.value.reason
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (line(RUN), True),
        (line(RUN | {"journal": 2}) + b"[]\n", True),
        (b'{"kind":"run", "jour', True),
        (line(EPOCH), False),
        (b"<!doctype html>", False),
        (b"", False),
    ],
)
def test_whether_a_file_is_a_journal(path: Path, text: bytes, told: bool) -> None:
    path.write_bytes(text)
    assert is_journal(path) is told
    assert not is_journal(path.parent)
    assert not is_journal(path.parent / "none")


def test_another_format(path: Path) -> None:
    with pytest.raises(NoJournal) as raised:
        read(write(path, RUN | {"journal": 2, "cbdsl": "9.9.0"}))
    assert raised.value.reason == (
        "it is a journal of format 2, and this version of cbdsl reads format 1: read it with the "
        "version that wrote it, cbdsl 9.9.0"
    )


def test_what_is_not_there_or_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NoJournal, match=r"it holds no journal\.jsonl"):
        read(tmp_path)
    with pytest.raises(NoJournal, match="there is no such file"):
        read(tmp_path / "none.jsonl")
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(NoJournal, match="it cannot be read: Is a directory"):
        read(tmp_path)


def test_numbers_that_json_does_not_have(path: Path) -> None:
    logs = {"a": math.nan, "b": math.inf, "c": -math.inf, "d": None, "e": 0.1 + 0.2, "f": "name"}
    write(path, RUN, EPOCH | {"logs": logs, "lr": math.nan}, FIRING | {"values": logs})

    def never(name: str) -> None:
        raise AssertionError(name)

    for text in path.read_text("utf-8").splitlines():
        json.loads(text, parse_constant=never)
    epoch, firing = read(path).entries
    assert isinstance(epoch, Epoch)
    assert isinstance(firing, Firing)
    assert repr(epoch.logs) == repr(firing.values) == repr(logs)
    assert repr(epoch.lr) == "nan"


def test_a_number_that_no_float_holds(path: Path) -> None:
    path.write_bytes(line(RUN) + line(EPOCH).replace(b"0.5", b"1" + b"0" * 400))
    assert read(path).epochs[0].logs == {"loss": math.inf}


def test_whatever_is_written_is_one_line(path: Path) -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd\n"

    text = "a\nb\r\u2028\x00\ud800"
    written = line({"kind": "end", "why": text, "odd": Odd(), "pair": (1, math.nan), 3: 4})
    assert written.count(b"\n") == 1
    assert json.loads(written) == {
        "kind": "end", "why": "a\nb\r\u2028\x00\ud800", "odd": "odd\n", "pair": [1, "nan"], "3": 4,
    }  # fmt: skip
