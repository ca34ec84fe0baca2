"""`cbdsl report` in a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import cbdsl
from cbdsl.cli import main

RUN: dict[str, Any] = {
    "kind": "run", "journal": 1, "cbdsl": "0.1.0", "at": "2025-11-03T09:12:44Z", "epochs": 3,
    "batches": 5, "params": {}, "rules": [],
}  # fmt: skip
EPOCH = {"kind": "epoch", "epoch": 1, "time": 1.5, "logs": {"loss": 0.5}, "lr": 0.001}


def report(*args: str) -> Result:
    return CliRunner().invoke(main, ["report", *args])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a run in `runs/a-1`."""
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "runs" / "a-1"
    run.mkdir(parents=True)
    (run / "journal.jsonl").write_text(f"{json.dumps(RUN)}\n{json.dumps(EPOCH)}\n")
    return run


def test_the_page_is_put_into_the_folder(folder: Path) -> None:
    done = report("runs/a-1")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "runs/a-1/report.html\n", "")
    text = (folder / "report.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "<h1>a-1</h1>" in text
    assert sorted(path.name for path in folder.iterdir()) == ["journal.jsonl", "report.html"]


def test_the_folder_may_be_the_working_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert report(".").stdout == "report.html\n"
    assert "<h1>a-1</h1>" in Path("report.html").read_text("utf-8")


def test_the_journals_file_may_be_named(folder: Path) -> None:
    (folder / "journal.jsonl").rename(folder / "old.jsonl")
    assert report("runs/a-1/old.jsonl").stdout == "runs/a-1/report.html\n"
    assert "<code>old.jsonl</code>" in (folder / "report.html").read_text("utf-8")


def test_elsewhere_and_on_standard_output(folder: Path) -> None:
    assert report("runs/a-1", "-o", "page.html").stdout == "page.html\n"
    done = report("runs/a-1", "-o", "-")
    assert done.stdout_bytes == Path("page.html").read_bytes()
    assert not (folder / "report.html").exists()


def test_what_kept_a_rule(folder: Path) -> None:
    source = "enough: on epoch_end if loss < 0.1 stop\n"
    (named,) = cbdsl.compile(source).plan.named
    rule = {"rule": "enough", "key": named.key, "place": "a.cbr:1", "text": named.canonical}
    lines = [RUN | {"rules": [rule], "source": source}, EPOCH | {"counted": {}}]
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    kept = "did not fire: loss &lt; 0.1: the lowest was 0.5, in epoch 1<"
    assert kept in report("runs/a-1", "-o", "-").stdout


@pytest.mark.parametrize("epoch", [0, -3, 10**12, 10**300])
def test_epochs_that_nobody_trained(folder: Path, epoch: int) -> None:
    lines = [RUN, EPOCH | {"epoch": epoch}]
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert report("runs/a-1").exit_code == 0


def test_a_run_that_was_killed_in_a_line(folder: Path) -> None:
    with (folder / "journal.jsonl").open("a") as journal:
        journal.write('{"kind": "firing", "epo')
    assert "was killed after epoch 1 of 3, or still goes on" in report("runs/a-1", "-o", "-").stdout


@pytest.mark.usefixtures("folder")
def test_a_folder_without_a_journal(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = report("empty")
    assert (done.exit_code, done.stdout) == (2, "")
    advice = "cbdsl train and cbdsl run write it, and cbdsl.callbacks(..., journal=True)"
    assert done.stderr == f"cbdsl: empty: it holds no journal.jsonl; {advice}\n"
    assert report("runs").stderr == "cbdsl: runs: it holds no journal.jsonl; runs/a-1 does\n"
    assert report("nowhere").stderr == "cbdsl: nowhere: there is no such file\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty: the run has not begun, or was killed at once"),
        ("epoch,loss\n1,2\n", "it is no journal of a run: its first line is not JSON"),
        (json.dumps(RUN | {"journal": 2}) + "\n", "it is a journal of format 2, and this version"),
        (json.dumps(RUN) + "\n[]\n", "line 2: it is no object"),
    ],
)
def test_what_is_no_journal(folder: Path, text: str, why: str) -> None:
    (folder / "journal.jsonl").write_text(text)
    done = report("runs/a-1")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"cbdsl: runs/a-1/journal.jsonl: {why}")
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize("name", ["journal.jsonl", "./journal.jsonl", "link", "twin"])
def test_no_journal_is_written_over(folder: Path, name: str) -> None:
    (folder / "link").symlink_to("journal.jsonl")
    (folder / "twin").hardlink_to(folder / "journal.jsonl")
    before = (folder / "journal.jsonl").read_bytes()
    done = report("runs/a-1", "-o", f"runs/a-1/{name}")
    path = Path(f"runs/a-1/{name}")
    told = f"cbdsl: {path}: the page is not written over a journal: name another file with -o\n"
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", told)
    assert (folder / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("end", ["", "[]\n", '{"kind": "epo'])
def test_no_other_journal_is_written_over(folder: Path, end: str) -> None:
    other = folder / "other.jsonl"
    other.write_text(json.dumps(RUN | {"journal": 2}) + "\n" + end)
    before = other.read_bytes()
    assert report("runs/a-1", "-o", str(other)).exit_code == 2
    assert other.read_bytes() == before


def test_a_journal_that_is_called_as_the_page_is(folder: Path) -> None:
    (folder / "journal.jsonl").rename(folder / "report.html")
    assert report("runs/a-1/report.html").exit_code == 2
    assert report("runs/a-1/report.html", "-o", "page.html").stdout == "page.html\n"
    assert report("runs/a-1/report.html", "-o", "page.html").exit_code == 0


def test_a_firing_in_an_epoch_beyond_all_numbers(folder: Path) -> None:
    rule = {"rule": "a", "key": "a:1", "place": "a.cbr:1"}
    more = {"batch": None, "step": None, "time": 1.0, "values": {}, "actions": [{"verb": "stop"}]}
    firing = {"kind": "firing", "epoch": 10**400} | rule | more
    (folder / "journal.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in (RUN, EPOCH, firing))
    )
    assert report("runs/a-1").exit_code == 0


def test_a_place_that_cannot_be_written(folder: Path) -> None:
    (folder / "report.html").mkdir()
    done = report("runs/a-1")
    told = "cbdsl: runs/a-1/report.html: cannot be written: Is a directory\n"
    assert (done.exit_code, done.stderr) == (2, told)


def test_it_needs_neither_keras_nor_matplotlib(folder: Path) -> None:
    code = """
import sys
from cbdsl.cli import main
main(["report", "."], standalone_mode=False)
print(*sorted({"keras", "tensorflow", "numpy", "matplotlib"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "report.html\n\n"
