"""A file is written whole or not at all, whatever was there before."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cbdsl.files import write_whole

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask
    assert names(tmp_path / "file") == ["file"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_a_file_that_is_there_keeps_its_permissions(path: Path, mode: int) -> None:
    path.chmod(mode)
    write_whole(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)
    assert names(path) == ["file"]


def test_a_link_stays(path: Path) -> None:
    link, dangling = path.with_name("link"), path.with_name("dangling")
    link.symlink_to("file")
    dangling.symlink_to("later")
    write_whole(link, b"new")
    write_whole(dangling, b"there now")
    assert link.is_symlink()
    assert dangling.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.with_name("later").read_bytes() == b"there now"


def test_the_longest_name(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_what_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(path.with_name("pipe"))
    # Not by chmod: root may write everything.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for refused, why in (
        (path, "it is read-only"),
        (path.with_name("pipe"), "it is no regular file"),
        (path.parent, "Is a directory"),
        (path.with_name("nowhere") / "file", "No such file or directory"),
    ):
        with pytest.raises(OSError, match=why):
            write_whole(refused, b"new")
    assert path.read_bytes() == b"old"
    assert names(path) == ["file", "pipe"]


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    def fails(*args: object) -> None:
        raise error

    monkeypatch.setattr(os, step, fails)
    with pytest.raises(type(error)):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(path) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_writer_that_is_killed_leaves_the_old_file(path: Path, step: str) -> None:
    code = f"""
import os, signal, sys
from cbdsl.files import write_whole
os.{step} = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
write_whole(sys.argv[1], b"new")
"""
    done = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
