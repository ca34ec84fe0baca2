"""`cbdsl init`."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cbdsl
from cbdsl.cli import main
from cbdsl.cli.main import VERBS

METRICS = ["loss", "accuracy", "val_loss", "val_accuracy"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*args: str) -> Result:
    return CliRunner().invoke(main, ["init", *args])


def test_it_writes_rules_that_nothing_is_wrong_with(folder: Path) -> None:
    done = init()
    assert done.exit_code == 0
    assert done.stdout == ""
    assert done.stderr == (
        "rules.cbr is written; read it, change it, and then\n"
        "    cbdsl check rules.cbr\n"
        "    cbdsl train rules.cbr\n"
    )
    text = (folder / "rules.cbr").read_text("utf-8")
    assert cbdsl.check(text, metrics=METRICS, epochs=10) == []
    assert len(cbdsl.compile(text).rules) >= 5
    # A rule in a comment is a rule, too.
    (hidden,) = re.findall(r"^# (every .*)", text, re.MULTILINE)
    assert cbdsl.check(hidden) == []
    assert set(re.findall(r"cbdsl (\w+) rules\.cbr", text)) <= set(VERBS)
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 100


def test_the_comments_name_the_file(folder: Path) -> None:
    assert init("my rules.cbr").exit_code == 0
    text = (folder / "my rules.cbr").read_text("utf-8")
    assert "cbdsl train 'my rules.cbr' " in text
    assert cbdsl.check(text, metrics=METRICS) == []
    assert init("a\nb.cbr").exit_code == 0
    assert cbdsl.check((folder / "a\nb.cbr").read_text("utf-8"), metrics=METRICS) == []


def test_a_file_that_is_there_stays(folder: Path) -> None:
    (folder / "rules.cbr").write_text("mine")
    done = init()
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "cbdsl: rules.cbr is there already: give another name\n"
    assert (folder / "rules.cbr").read_text() == "mine"
    (folder / "folder.cbr").mkdir()
    assert init("folder.cbr").exit_code == 2


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            "callbacks.py",
            "callbacks.py: rules are in a file that ends in .cbr; write callbacks.cbr",
        ),
        ("-", "-: rules are in a file that ends in .cbr; write -.cbr"),
        ("none/x.cbr", "none/x.cbr: cannot be written: No such file or directory"),
    ],
)
def test_names_that_will_not_do(folder: Path, file: str, said: str) -> None:
    done = init(file)
    assert (done.exit_code, done.stderr) == (2, f"cbdsl: {said}\n")
    assert list(folder.iterdir()) == []


def test_a_full_disk_leaves_nothing(folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        done = init()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (done.exit_code, done.stderr) == (
        2,
        "cbdsl: rules.cbr: cannot be written: File too large\n",
    )
    assert list(folder.iterdir()) == []
