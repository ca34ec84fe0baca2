"""`cbdsl fmt`: what is written, what is left alone, what is said, exit status."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cbdsl import files
from cbdsl.cli import main
from cbdsl.formatter import page

MESSY = "#rules\non epoch_end   if loss>3 stop\n"
GOOD = "# rules\non epoch_end if loss > 3 stop\n"
BAD = "on epoch_end if loss = 3 stop\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("messy", MESSY), ("good", GOOD), ("bad", BAD)):
        (tmp_path / f"{name}.cbr").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cbdsl(*args: str, stdin: bytes = b"") -> Result:
    done = CliRunner().invoke(main, ["fmt", *args], input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def said(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_are_replaced(folder: Path) -> None:
    assert said(cbdsl("messy.cbr", "good.cbr")) == (0, "", "")
    assert texts(folder) == {"messy.cbr": GOOD, "good.cbr": GOOD, "bad.cbr": BAD}
    assert said(cbdsl("--check", "--diff", "messy.cbr", "good.cbr")) == (0, "", "")


def test_a_file_that_is_formatted_is_not_touched(folder: Path) -> None:
    before = (folder / "good.cbr").stat()
    assert said(cbdsl("good.cbr")) == (0, "", "")
    after = (folder / "good.cbr").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("args", [["--check"], ["--diff"], ["--check", "--diff"]])
def test_check_and_diff_change_nothing(folder: Path, args: list[str]) -> None:
    before = texts(folder)
    done = cbdsl(*args, "messy.cbr", "good.cbr")
    assert done.exit_code == 1
    assert done.stderr == ("messy.cbr would change\n" if "--check" in args else "")
    diff = """\
--- messy.cbr
+++ messy.cbr
@@ -1,2 +1,2 @@
-#rules
-on epoch_end   if loss>3 stop
+# rules
+on epoch_end if loss > 3 stop
"""
    assert done.stdout == (diff if "--diff" in args else "")
    assert texts(folder) == before


@pytest.mark.skipif(shutil.which("git") is None, reason="git reads the patch")
def test_a_diff_is_a_patch(folder: Path) -> None:
    (folder / "crlf.cbr").write_bytes(
        b"\xef\xbb\xbfon epoch_end   stop\r\n\r\n\r\nevery epoch stop"
    )
    diff = cbdsl("--diff", "crlf.cbr", "messy.cbr")
    patched = subprocess.run(
        ["git", "apply", "-p0", "-"], input=diff.stdout_bytes, capture_output=True, check=False
    )
    assert patched.returncode == 0, patched.stderr
    assert (folder / "crlf.cbr").read_bytes() == b"on epoch_end stop\n\nevery epoch stop\n"
    assert (folder / "messy.cbr").read_text() == GOOD


def test_standard_input() -> None:
    assert said(cbdsl("-", stdin=MESSY.encode())) == (0, GOOD, "")
    assert said(cbdsl("-", stdin=GOOD.encode())) == (0, GOOD, "")
    assert said(cbdsl("-")) == (0, "", "")
    assert said(cbdsl("-", "--check", stdin=MESSY.encode())) == (1, "", "<stdin> would change\n")
    assert said(cbdsl("-", "--check", stdin=GOOD.encode())) == (0, "", "")
    assert "+# rules\n" in cbdsl("-", "--diff", stdin=MESSY.encode()).stdout
    text = 'on epoch_end print "é漢🎉"\n'.encode()
    assert cbdsl("-", stdin=b"\xef\xbb\xbf" + text).stdout_bytes == text
    done = cbdsl("-", stdin=BAD.encode())
    assert (done.exit_code, done.stdout) == (1, "")
    assert "<stdin>:1:22: error[CBR109]" in done.stderr


@pytest.mark.parametrize("args", [[], ["--check"], ["--diff"]])
def test_a_file_with_errors_is_left_alone(folder: Path, args: list[str]) -> None:
    (folder / "binary.cbr").write_bytes(bytes(range(256)))
    done = cbdsl(*args, "bad.cbr", "binary.cbr", "messy.cbr")
    assert done.exit_code == 1
    assert "bad.cbr:1:22: error[CBR109]: `=` sets; it does not compare" in done.stderr
    assert "binary.cbr" in done.stderr
    assert done.stderr.endswith("\n2 errors\n")
    assert (folder / "bad.cbr").read_text() == BAD
    assert (folder / "binary.cbr").read_bytes() == bytes(range(256))
    assert (folder / "messy.cbr").read_text() == (MESSY if args else GOOD)


def test_what_cannot_be_read(folder: Path) -> None:
    (folder / "folder").mkdir()
    (folder / "dangling.cbr").symlink_to("nowhere")
    done = cbdsl("nowhere.cbr", "folder", "dangling.cbr", "a\x1b[31m.cbr", "messy.cbr")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "cbdsl: nowhere.cbr: cannot be read: No such file or directory",
        "cbdsl: folder: cannot be read: Is a directory",
        "cbdsl: dangling.cbr: cannot be read: No such file or directory",
        "cbdsl: a·[31m.cbr: cannot be read: No such file or directory",
    ]
    assert (folder / "messy.cbr").read_text() == GOOD


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_stay(folder: Path, mode: int) -> None:
    (folder / "messy.cbr").chmod(mode)
    assert cbdsl("messy.cbr").exit_code == 0
    assert stat.S_IMODE((folder / "messy.cbr").stat().st_mode) == mode
    assert (folder / "messy.cbr").read_text() == GOOD


def test_links_stay(folder: Path) -> None:
    (folder / "rules").mkdir()
    (folder / "messy.cbr").rename(folder / "rules" / "real.cbr")
    (folder / "messy.cbr").symlink_to("rules/real.cbr")
    assert said(cbdsl("messy.cbr")) == (0, "", "")
    assert (folder / "messy.cbr").is_symlink()
    assert texts(folder / "rules") == {"real.cbr": GOOD}


def test_a_read_only_file_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by chmod: root may write everything.
    monkeypatch.setattr(files.os, "access", lambda path, mode: str(path) != "messy.cbr")
    done = cbdsl("messy.cbr", "good.cbr")
    assert said(done) == (2, "", "cbdsl: messy.cbr: cannot be written: it is read-only\n")
    assert texts(folder)["messy.cbr"] == MESSY
    assert cbdsl("--check", "messy.cbr").exit_code == 1


def test_what_is_no_file_is_not_replaced(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    # Somebody must write into it, or reading would wait.
    with subprocess.Popen(["cp", "messy.cbr", "pipe"]):
        done = cbdsl("pipe")
    assert said(done) == (2, "", "cbdsl: pipe: cannot be written: it is no regular file\n")
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_failure_leaves_the_old_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, step, full)
    before = texts(folder)
    done = cbdsl("messy.cbr")
    said_so = "cbdsl: messy.cbr: cannot be written: No space left on device\n"
    assert said(done) == (2, "", said_so)
    assert texts(folder) == before


def test_a_bug_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_laid_out", lambda source, file: "on epoch_end stop\n")
    done = cbdsl("messy.cbr", "-", stdin=MESSY.encode())
    why = "internal error, nothing is changed: formatted, it would say something else"
    assert said(done) == (2, "", f"cbdsl: messy.cbr: {why}\ncbdsl: -: {why}\n")
    assert texts(folder)["messy.cbr"] == MESSY


def test_help_and_wrong_options() -> None:
    done = cbdsl("--help")
    assert done.exit_code == 0
    for part in ("FILE…", "--check", "--diff", "standard input"):
        assert part in done.output
    for args in ([], ["--chek", "x.cbr"]):
        assert cbdsl(*args).exit_code == 2
