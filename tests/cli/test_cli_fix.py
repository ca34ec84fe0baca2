"""`cbdsl check --fix`: what is put right, what stays to the byte, what is said of the rest."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cbdsl import files
from cbdsl.cli import main

WRONG = """\
# rules
on on_epoch_end if loss > 3 && accuracy < 90 % stop
on epoch_end   if loss > 3 stop   # high
every 5 mins print 'x'
"""
RIGHT = """\
# rules
on epoch_end if loss > 3 and accuracy < 90% stop
on epoch_end   if loss > 3 stop   # high
every 5 minutes print "x"
"""
GOOD = "on epoch_end if loss > 3 stop\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rules.cbr").write_text(WRONG)
    (tmp_path / "good.cbr").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*args: str, stdin: bytes = b"") -> Result:
    done = CliRunner().invoke(main, ["check", *args], input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def said(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


def test_a_file_is_put_right(folder: Path) -> None:
    assert check("rules.cbr").exit_code == 1
    assert (folder / "rules.cbr").read_text() == WRONG
    # One statement shows one mistake at a time.
    assert said(check("--fix", "rules.cbr")) == (0, "", "rules.cbr: 5 mistakes put right\n")
    assert (folder / "rules.cbr").read_text() == RIGHT
    assert said(check("--fix", "rules.cbr")) == (0, "", "")


def test_a_file_without_such_mistakes_is_not_touched(folder: Path) -> None:
    (folder / "lost.cbr").write_text("on epoch_end stop,\n")
    before = [(folder / name).stat() for name in ("good.cbr", "lost.cbr")]
    done = check("--fix", "good.cbr", "lost.cbr")
    assert done.exit_code == 1
    assert "put right" not in done.stderr
    after = [(folder / name).stat() for name in ("good.cbr", "lost.cbr")]
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [(s.st_ino, s.st_mtime_ns) for s in after]


def test_what_is_left_is_reported(folder: Path) -> None:
    (folder / "rules.cbr").write_text("on epoch_end halt\non epoch_end stop,\nlr := 3\n")
    done = check("--fix", "rules.cbr")
    assert done.exit_code == 1
    assert done.stderr.startswith("rules.cbr: 1 mistake put right\n")
    assert "rules.cbr:2:18: error[CBR109]: this ends too early" in done.stderr
    assert done.stderr.endswith("\n2 errors\n")
    assert (folder / "rules.cbr").read_text() == "on epoch_end stop\non epoch_end stop,\nlr := 3\n"


def test_a_warning_that_is_left_is_no_failure(folder: Path) -> None:
    (folder / "rules.cbr").write_text("param lost = 3\non epoch_end halt\n")
    done = check("--fix", "rules.cbr")
    assert done.exit_code == 0
    assert "warning[CBR402]" in done.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xef\xbb\xbfon epoch_end halt\r\n", b"\xef\xbb\xbfon epoch_end stop\r\n"),
        (b"on epoch_end halt", b"on epoch_end stop"),
        (b"\r\n\r\n   on epoch_end halt\r\n   \r\n", b"\r\n\r\n   on epoch_end stop\r\n   \r\n"),
        (b"on epoch_end halt # \xc3\xa9\xf0\x9f\x8e\x89 \t \n\n\n",
         b"on epoch_end stop # \xc3\xa9\xf0\x9f\x8e\x89 \t \n\n\n"),
        (b'on epoch_end print "\xc3\xa9" halt\n', b'on epoch_end print "\xc3\xa9", stop\n'),
        (b"\ton epoch_end if loss > 3:\n\t\tstop\n\tevery epoch halt\n",
         b"    on epoch_end if loss > 3:\n        stop\n    every epoch stop\n"),
        (b"on epoch_end if loss > 3:\r\n\tprint \"x\"\r\n\thalt\r\n",
         b"on epoch_end if loss > 3:\r\n    print \"x\"\r\n    stop\r\n"),
    ],
)  # fmt: skip
def test_everything_else_stays(folder: Path, before: bytes, after: bytes) -> None:
    (folder / "rules.cbr").write_bytes(before)
    assert check("--fix", "rules.cbr").exit_code == 0
    assert (folder / "rules.cbr").read_bytes() == after


def test_standard_input(folder: Path) -> None:
    done = check("--fix", "-", stdin=WRONG.encode())
    assert said(done) == (0, RIGHT, "<stdin>: 5 mistakes put right\n")
    assert said(check("--fix", "-", stdin=GOOD.encode())) == (0, GOOD, "")
    done = check("--fix", "-", stdin=b"\xef\xbb\xbfon epoch_end halt,\r\n")
    assert done.stdout_bytes == b"\xef\xbb\xbfon epoch_end stop,\r\n"
    assert done.exit_code == 1
    assert "<stdin>:1:18: error[CBR109]" in done.stderr
    done = check("--fix", "-", stdin=b"\xff\xfe")
    assert (done.exit_code, done.stdout_bytes) == (1, b"")
    assert "CBR101" in done.stderr


def test_the_rules_of_standard_input_are_no_report(folder: Path) -> None:
    done = check("--fix", "--format", "json", "-", stdin=WRONG.encode())
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--fix" in done.stderr
    done = check("--fix", "--format", "concise", "rules.cbr")
    assert said(done) == (0, "", "rules.cbr: 5 mistakes put right\n")


def test_included_files_are_fixed_where_they_are_named(folder: Path) -> None:
    (folder / "main.cbr").write_text('include "part.cbr"\non epoch_end halt\n')
    (folder / "part.cbr").write_text("on epoch_end quit\n")
    done = check("--fix", "main.cbr")
    assert done.exit_code == 1
    assert done.stderr.startswith("main.cbr: 1 mistake put right\n")
    assert "part.cbr:1:14: error[CBR109]: `quit` is not an action" in done.stderr
    assert (folder / "main.cbr").read_text() == 'include "part.cbr"\non epoch_end stop\n'
    assert (folder / "part.cbr").read_text() == "on epoch_end quit\n"
    done = check("--fix", "main.cbr", "part.cbr")
    assert "part.cbr: 1 mistake put right\n" in done.stderr
    assert "error" not in done.stderr
    assert (folder / "part.cbr").read_text() == "on epoch_end stop\n"


def test_a_file_without_its_last_line_end_that_includes(folder: Path) -> None:
    (folder / "main.cbr").write_text('on epoch_end halt\ninclude "part.cbr"')
    (folder / "part.cbr").write_text("on epoch_end stop\n")
    assert check("--fix", "main.cbr").exit_code == 0
    assert (folder / "main.cbr").read_text() == 'on epoch_end stop\ninclude "part.cbr"'


def test_what_uncovers_more_errors_is_left(folder: Path) -> None:
    text = 'on epoch_ned if loss && lr > "a" print "{loss:q}"\non epoch_end halt\n'
    (folder / "rules.cbr").write_text(text)
    assert check("--fix", "rules.cbr").exit_code == 1
    assert (folder / "rules.cbr").read_text() == text.replace("halt", "stop")


def test_metrics_and_parameters_count(folder: Path) -> None:
    (folder / "rules.cbr").write_text("param target = 3\non epoch_end if loss > target halt\n")
    done = check("--fix", "--metrics", "accuracy", "--set", "target=4", "rules.cbr")
    assert done.exit_code == 1
    assert "CBR205" in done.stderr
    assert "halt" not in (folder / "rules.cbr").read_text()


def test_what_cannot_be_read(folder: Path) -> None:
    done = check("--fix", "nowhere.cbr", "rules.cbr")
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "cbdsl: nowhere.cbr: cannot be read: No such file or directory",
        "rules.cbr: 5 mistakes put right",
    ]
    assert (folder / "rules.cbr").read_text() == RIGHT


def test_what_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by chmod: root may write everything.
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)
    done = check("--fix", "rules.cbr")
    assert done.exit_code == 2
    assert done.stderr.startswith("cbdsl: rules.cbr: cannot be written: it is read-only\n")
    assert done.stderr.endswith("\n2 errors\n")
    assert (folder / "rules.cbr").read_text() == WRONG


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_permissions_and_links_stay(folder: Path) -> None:
    (folder / "rules.cbr").rename(folder / "real.cbr")
    (folder / "real.cbr").chmod(0o640)
    (folder / "rules.cbr").symlink_to("real.cbr")
    assert check("--fix", "rules.cbr").exit_code == 0
    assert (folder / "rules.cbr").is_symlink()
    assert (folder / "real.cbr").read_text() == RIGHT
    assert stat.S_IMODE((folder / "real.cbr").stat().st_mode) == 0o640
