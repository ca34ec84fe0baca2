"""The journal of a real training: what is written, when, and what happens when it cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from jsonschema import Draft202012Validator

import cbdsl
from cbdsl.attach import Rules
from cbdsl.journal import Difference, read

DOCS = Path(__file__).parents[2] / "docs"
SIZE, BATCHES = 8, 4
X = np.random.default_rng(0).normal(size=(BATCHES * SIZE, 4)).astype("float32")
Y = X.sum(1, keepdims=True)

Line = dict[str, Any]


class Broken(BaseException):
    """Stands for a process that is killed: nobody is told of it."""


class At(keras.callbacks.Callback):
    """Does something at the end of a batch of an epoch, both counted from 0; or of an epoch."""

    def __init__(self, epoch: int, batch: int | None, do: Callable[[], object]) -> None:
        super().__init__()
        self.at, self.epoch, self.do = (epoch, batch), -1, do

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.at:
            self.do()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if (epoch, None) == self.at:
            self.do()


class Wrong(keras.callbacks.Callback):
    """Puts a text where a number should be, in one epoch, counted from 0."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.wrong = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.wrong:
            logs["loss"] = "x"


def breaks() -> None:
    raise Broken


def fit(
    rules: str,
    run_dir: Path,
    *,
    epochs: int = 3,
    before: Sequence[keras.callbacks.Callback] = (),
    behind: Sequence[keras.callbacks.Callback] = (),
    journal: bool | Path = True,
    **options: Any,
) -> Rules:
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.015625), "mse", jit_compile=False)
    callbacks = cbdsl.callbacks(rules, run_dir=run_dir, journal=journal, **options)
    host = callbacks[-1]
    assert isinstance(host, Rules)
    try:
        model.fit(
            X, Y, batch_size=SIZE, epochs=epochs, shuffle=False, verbose=0,
            callbacks=[*before, *callbacks, *behind],
        )  # fmt: skip
    finally:
        host.close()
    return host


def lines(path: Path) -> list[Line]:
    """The lines of a journal; each is as the schema in the documentation says."""
    text = (path / "journal.jsonl" if path.is_dir() else path).read_text("utf-8")
    assert text.endswith("\n")
    found = [json.loads(line) for line in text.splitlines()]
    for line in found:
        SCHEMA.validate(line)
        assert line["kind"] in KINDS
    return found


def of(kind: str, path: Path) -> list[Line]:
    return [line for line in lines(path) if line["kind"] == kind]


SCHEMA = Draft202012Validator(json.loads((DOCS / "journal.schema.json").read_text("utf-8")))
KINDS = {
    "run",
    "firing",
    "epoch",
    "failed",
    "broken",
    "fault",
    "resumed",
    "reloaded",
    "refused",
    "end",
}

RULES = """\
param target = 2
slower: on epoch_end if loss < 1e6 and epoch == target lr *= 0.5, print "{loss:.1f}"
third: every 3 batches print "{step}"
enough: on epoch_end if epoch == 3 stop "that is enough"
"""


# ------------------------------------------------------------------------------------- lines


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run")
    fit(RULES, path, epochs=5)
    return path


def test_the_first_line(folder: Path) -> None:
    run = lines(folder)[0]
    rules = run.pop("rules")
    assert run.pop("at").endswith("Z")
    source = run.pop("source")
    assert run == {
        "kind": "run", "journal": 1, "cbdsl": cbdsl.__version__, "epochs": 5, "batches": 4,
        "lr": 0.015625, "params": {"target": 2},
    }  # fmt: skip
    assert [(rule["rule"], rule["place"]) for rule in rules] == [
        ("slower", "<rules>:2"),
        ("third", "<rules>:3"),
        ("enough", "<rules>:4"),
    ]
    assert rules[1]["text"] == 'every 3 batches print "{step}"'
    assert [named.key for named in cbdsl.compile(source).plan.named] == [r["key"] for r in rules]


def test_a_firing(folder: Path) -> None:
    (firing,) = [line for line in of("firing", folder) if line["rule"] == "slower"]
    key, time, values = (firing.pop(name) for name in ("key", "time", "values"))
    assert (key[:7], time > 0) == ("slower:", True)
    (epoch,) = [line for line in of("epoch", folder) if line["epoch"] == 2]
    loss = epoch["logs"]["loss"]
    assert values == {"loss": loss}
    assert firing == {
        "kind": "firing", "epoch": 2, "batch": None, "step": None, "rule": "slower",
        "place": "<rules>:2",
        "actions": [
            {"verb": "lr", "detail": 0.0078125}, {"verb": "print", "detail": f"{loss:.1f}"},
        ],
    }  # fmt: skip


def test_a_firing_on_a_batch(folder: Path) -> None:
    firings = [line for line in of("firing", folder) if line["rule"] == "third"]
    places = [(line["epoch"], line["batch"], line["step"]) for line in firings]
    assert places == [(1, 3, 3), (2, 2, 6), (3, 1, 9), (3, 4, 12)]


def test_the_epochs(folder: Path) -> None:
    epochs = of("epoch", folder)
    assert [(e["epoch"], e["lr"], e["counted"]) for e in epochs] == [
        (1, 0.015625, {}),
        (2, 0.015625, {}),
        (3, 0.0078125, {}),
    ]
    assert all(list(e["logs"]) == ["loss", "learning_rate"] for e in epochs)


def test_the_end(folder: Path) -> None:
    end = lines(folder)[-1]
    assert end.pop("time") > 0
    assert end == {
        "kind": "end", "epoch": 3, "how": "stopped", "by": "enough", "why": "that is enough",
    }  # fmt: skip


def test_lines_are_in_the_order_of_time(folder: Path) -> None:
    found = lines(folder)
    assert [line["kind"] for line in found[:4]] == ["run", "firing", "epoch", "firing"]
    times = [line["time"] for line in found if "time" in line]
    assert times == sorted(times)


def error() -> None:
    raise OSError("the network is gone")


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("rules", "behind", "raised", "end"),
    [
        ("every epoch lr *= 1", [], None, ("done", None, None, 2)),
        (
            'bad: on epoch_end fail "too bad"', [], cbdsl.TrainingFailed,
            ("failed", "bad", "too bad", 1),
        ),
        (
            "every epoch lr *= 1", [At(1, 0, error)], OSError,
            ("error", None, "OSError: the network is gone", 1),
        ),
        (
            "every epoch lr *= 1", [At(1, 0, interrupt)], KeyboardInterrupt,
            ("interrupted", None, None, 1),
        ),
    ],
    ids=["done", "failed", "error", "interrupted"],
)  # fmt: skip
def test_how_it_ended(
    rules: str,
    behind: Sequence[keras.callbacks.Callback],
    raised: type[BaseException] | None,
    end: tuple[Any, ...],
    tmp_path: Path,
) -> None:
    callbacks = cbdsl.callbacks(rules, journal=tmp_path / "j.jsonl")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(raised) if raised else nullcontext():
        model.fit(X, Y, batch_size=SIZE, epochs=2, verbose=0, callbacks=[*callbacks, *behind])
    if raised in (OSError, KeyboardInterrupt):
        # Keras tells no callback of it; `cbdsl train` and `cbdsl run` do, with `close`.
        assert of("end", tmp_path / "j.jsonl") == []
        caught = OSError("the network is gone") if raised is OSError else KeyboardInterrupt()
        callbacks[-1].close(caught)
    told = lines(tmp_path / "j.jsonl")[-1]
    assert (told["how"], told["by"], told["why"], told["epoch"]) == end


# ----------------------------------------------------------------------- many, failed, broken


def test_of_very_many_firings_the_rest_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.zeros((1003, 4), "float32")
    callbacks = cbdsl.callbacks(
        'many: on batch_end if batch <= 1002 print "x"\nother: on epoch_end print "y"\n',
        run_dir=tmp_path,
        journal=True,
    )
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], batch_size=1, epochs=2, verbose=0, callbacks=callbacks)
    capsys.readouterr()
    journal = read(tmp_path)
    many, other = (rule.key for rule in journal.rules)
    for epoch in (1, 2):
        firings = [f for f in journal.firings if f.epoch == epoch and f.key == many]
        assert [f.batch for f in firings] == list(range(1, 1001))
        assert [f.epoch for f in journal.firings if f.key == other] == [1, 2]
    assert [epoch.counted for epoch in journal.epochs] == [{many: 2}, {many: 2}]
    assert journal.counted == {many: 2004, other: 2}
    lines(tmp_path)


def test_firings_that_an_epoch_without_an_end_counted(tmp_path: Path) -> None:
    rules = "many: on batch_end lr *= 1\nend: on batch_end if step == 6 stop\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cbdsl.attach.journal.MAX_FIRINGS", 1)
        fit(rules, tmp_path)
    # Keras ends the epoch in which it stops.
    assert [sum(e["counted"].values()) for e in of("epoch", tmp_path)] == [3, 1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cbdsl.attach.journal.MAX_FIRINGS", 1)
        callbacks = cbdsl.callbacks(rules, run_dir=tmp_path, journal=True)
        host = callbacks[-1]
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with pytest.raises(Broken):
            model.fit(X, Y, batch_size=SIZE, verbose=0, callbacks=[*callbacks, At(0, 2, breaks)])
        host.close(OSError("gone"))
    assert list(lines(tmp_path)[-1]["counted"].values()) == [2]


def test_an_action_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.keras").mkdir()
    fit('kept: at epoch 2 save "a.keras", print "on"', tmp_path, epochs=2)
    capsys.readouterr()
    (firing,) = of("firing", tmp_path)
    save, shown = firing["actions"]
    assert save["error"].startswith("ValueError: a.keras is there, and is no .keras file")
    assert (save["verb"], save["detail"]) == ("save", "a.keras")
    assert shown == {"verb": "print", "detail": "on"}


def test_a_message_that_could_not_be_sent(tmp_path: Path) -> None:
    """It fails when the rule is done: that is a line of its own."""
    host = fit('say: at epoch 1 print "x"', tmp_path, epochs=1)
    assert host.journal is not None
    (rule,) = [m for m in host.members.callbacks if getattr(m, "name", "") == "say"]
    host.journal.is_open = True
    host.journal.failed(rule, "notify", OSError("no network"), time=2.0)
    host.journal.flush()
    assert lines(tmp_path)[-1] == {
        "kind": "failed", "time": 2.0, "rule": "say", "key": rule.key, "verb": "notify",
        "error": "OSError: no network",
    }  # fmt: skip


def test_a_rule_that_raises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = 'bad: on epoch_end if loss > 0 print "a"\nother: on epoch_end print "b"\n'
    fit(rules, tmp_path, before=[Wrong(1)])
    capsys.readouterr()
    (broken,) = of("broken", tmp_path)
    assert (broken["epoch"], broken["rule"]) == (2, "bad")
    assert broken["error"].startswith("TypeError: '>' not supported")
    assert [(f["rule"], f["epoch"]) for f in of("firing", tmp_path)] == [
        ("bad", 1), ("other", 1), ("other", 2), ("other", 3),
    ]  # fmt: skip
    assert of("epoch", tmp_path)[1]["logs"] == {"loss": "x"}


def test_numbers_that_json_does_not_have(tmp_path: Path) -> None:
    class Nan(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs |= {"loss": np.float32("nan"), "more": np.float64("inf"), "many": np.arange(2)}

    fit("seen: on epoch_end if loss != 1 lr *= 1", tmp_path, epochs=1, before=[Nan()])
    logs = of("epoch", tmp_path)[0]["logs"]
    assert (logs["loss"], logs["more"]) == ("nan", "inf")
    assert repr(read(tmp_path).epochs[0].logs["loss"]) == "nan"


# -------------------------------------------------------------------------------- the file


def test_no_journal_unless_it_is_asked_for(tmp_path: Path) -> None:
    fit("every epoch lr *= 1", tmp_path, epochs=1, journal=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_callers(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "own.jsonl"
    fit("every epoch lr *= 1", tmp_path / "run", epochs=1, journal=path)
    assert lines(path)[-1]["how"] == "done"
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]


def test_a_second_training_takes_its_place(tmp_path: Path) -> None:
    fit("every epoch lr *= 1", tmp_path, epochs=3)
    fit("every epoch lr *= 1", tmp_path, epochs=1)
    assert [line["kind"] for line in lines(tmp_path)] == ["run", "firing", "epoch", "end"]


def test_it_is_there_after_each_epoch(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def look() -> None:
        seen.append([line["kind"] for line in lines(tmp_path)])

    behind = [At(0, 0, look), At(0, None, look), At(1, None, look)]
    fit("every epoch lr *= 1", tmp_path, behind=behind)
    epoch = ["firing", "epoch"]
    # At once a reader finds what is trained; later on the rest, an epoch at a time.
    # What came at an epoch's start does not wait for its end.
    assert seen == [["run", "firing"], ["run", *epoch], ["run", *epoch, *epoch]]


def test_in_a_long_epoch_it_is_there_after_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cbdsl.attach.journal.FLUSH_EVERY", 0.0)
    seen: list[int] = []
    look = At(0, 2, lambda: seen.append(len(of("firing", tmp_path))))
    fit("on batch_end lr *= 1", tmp_path, epochs=1, behind=[look])
    assert seen == [3]


def test_one_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    host = fit("every epoch lr *= 1", tmp_path)
    assert host.trained == 3
    path = tmp_path / "journal.jsonl"
    assert capsys.readouterr().err == f"\n{path}: cannot be written: Is a directory\n"
    with pytest.raises(IsADirectoryError):
        fit("every epoch lr *= 1", tmp_path, strict=True)


def test_what_a_full_disk_did_not_take_is_written_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.jsonl"
    away = tmp_path / "away"
    behind = [At(0, 1, lambda: path.rename(away)), At(1, 1, lambda: away.rename(path))]
    fit("every epoch lr *= 1", tmp_path, behind=behind)
    assert capsys.readouterr().err.count("cannot be written") == 1
    assert [line["epoch"] for line in of("epoch", tmp_path)] == [1, 2, 3]


# ------------------------------------------------------------------------------- taken up


KEPT = """\
resume from "state"
each: every 3 batches print "{step}"
slower: on epoch_end if loss falls for 2 epochs lr *= 0.5
"""


def decided(path: Path) -> list[Line]:
    """What rules saw and did, without the time."""
    return [
        {name: value for name, value in line.items() if name != "time"}
        for line in lines(path)
        if line["kind"] in ("firing", "epoch")
    ]


@pytest.fixture
def broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder of a run of six epochs that was killed in its fourth."""
    with pytest.MonkeyPatch.context() as patch:
        # As if the epoch took seconds: some of it is in the file.
        patch.setattr("cbdsl.attach.journal.FLUSH_EVERY", 0.0)
        with pytest.raises(Broken):
            fit(KEPT, tmp_path / "broken", epochs=6, behind=[At(3, 2, breaks)])
    capsys.readouterr()
    return tmp_path / "broken"


def test_a_run_that_goes_on(broken: Path, tmp_path: Path) -> None:
    before = [line for line in lines(broken) if line["kind"] != "end"]
    assert before[-1]["epoch"] == 4
    fit(KEPT, broken, epochs=6)
    (resumed,) = of("resumed", broken)
    keys = [rule["key"] for rule in resumed["rules"]]
    assert (resumed["epoch"], resumed["epochs"], resumed["batches"]) == (4, 6, 4)
    assert resumed["difference"] == {"kept": keys, "new": [], "dropped": []}
    found = lines(broken)
    at = found.index(resumed)
    # Cut back to the epoch that was saved, and nothing before it is touched.
    assert found[:at] == before[:at]
    assert found[at - 1]["kind"] == "epoch"
    assert found[at - 1]["epoch"] == 3
    assert found[-1]["how"] == "done"
    fit(KEPT, tmp_path / "whole", epochs=6)
    assert decided(broken) == decided(tmp_path / "whole")
    times = [line["time"] for line in found if "time" in line]
    assert times == sorted(times)


@pytest.mark.parametrize("keep", ["torn", "half"])
def test_a_line_that_a_crash_tore(broken: Path, tmp_path: Path, keep: str) -> None:
    path = broken / "journal.jsonl"
    data = path.read_bytes()
    # Behind the saved epoch; and before it, as where a disk lost what it had promised.
    path.write_bytes(data + b'{"kind": "firi' if keep == "torn" else data[: len(data) // 2])
    fit(KEPT, broken, epochs=6)
    found = lines(broken)
    assert [line["epoch"] for line in found if line["kind"] == "resumed"] == [4]
    assert [line["epoch"] for line in found if line["kind"] == "epoch"][-3:] == [4, 5, 6]
    if keep == "torn":
        fit(KEPT, tmp_path / "whole", epochs=6)
        assert decided(broken) == decided(tmp_path / "whole")


def test_a_journal_that_is_gone_begins_afresh(broken: Path) -> None:
    (broken / "journal.jsonl").unlink()
    fit(KEPT, broken, epochs=6)
    kinds = [line["kind"] for line in lines(broken)]
    assert kinds[:2] == ["run", "resumed"]
    assert [line["epoch"] for line in of("epoch", broken)] == [4, 5, 6]


def test_rules_that_were_changed_meanwhile(broken: Path) -> None:
    fit(KEPT.replace("3 batches", "2 batches"), broken, epochs=6)
    (resumed,) = of("resumed", broken)
    difference = {
        name: [k.partition(":")[0] for k in v] for name, v in resumed["difference"].items()
    }
    assert difference == {"kept": ["slower"], "new": ["each"], "dropped": ["each"]}
    assert "every 2 batches" in read(broken).source


# -------------------------------------------------------------------------------- the schema


def test_the_documentation_names_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA.schema)
    page = (DOCS / "journal.md").read_text("utf-8")
    assert "(journal.schema.json)" in page
    rows = {row.split("`")[1] for row in page.splitlines() if row.startswith("| `")}
    assert rows == KINDS
    named = {ref["$ref"].rpartition("/")[2] for ref in SCHEMA.schema["oneOf"]}
    assert named == KINDS | {"later"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_page_names_the_keys_of_the_schema(kind: str) -> None:
    page = (DOCS / "journal.md").read_text("utf-8")
    (row,) = [row for row in page.splitlines() if row.startswith(f"| `{kind}` |")]
    keys = row.split("|")[3].split("`")[1::2]
    assert sorted(["kind", *keys]) == sorted(SCHEMA.schema["$defs"][kind]["properties"])


@pytest.mark.parametrize(
    ("line", "is_valid"),
    [
        ({"kind": "dream", "of": "more"}, True),
        ({"kind": "refused", "epoch": 1, "time": 0.1, "problems": ["a"], "more": 1}, True),
        ({"kind": "refused", "epoch": 1, "time": 0.1}, False),
        ({"kind": "refused", "epoch": "1", "time": 0.1, "problems": []}, False),
        ({"epoch": 1}, False),
        ({"kind": 1}, False),
    ],
)
def test_what_the_schema_takes(line: Line, is_valid: bool) -> None:
    assert SCHEMA.is_valid(line) == is_valid


def test_other_rules_and_refused_files_are_lines_too(tmp_path: Path) -> None:
    host = fit("every epoch lr *= 1", tmp_path, epochs=1)
    assert host.journal is not None
    host.journal.is_open = True
    difference = Difference(kept=("a:1",))
    host.journal.reloaded(host.program, epoch=2, time=1.0, difference=difference)
    host.journal.refused(["a.cbr:1: error"], epoch=2, time=1.5)
    host.journal.flush()
    reloaded, refused = lines(tmp_path)[-2:]
    assert reloaded["difference"] == {"kept": ["a:1"], "new": [], "dropped": []}
    assert refused["problems"] == ["a.cbr:1: error"]
