"""Whatever it is given, the command answers soon, says what is wrong, and writes nothing."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

MOST_SECONDS = 4  # of processor time; the slowest takes about one on the machine of a laptop

WHEN = "on epoch_end if "

BAD = {
    "missing.cbr": None,
    "empty.cbr": b"",
    "comments.cbr": b"# nothing\n# at all",
    "binary.cbr": bytes(range(256)) * 20,
    "utf16.cbr": "on epoch_end stop\n".encode("utf-16"),
    "nul.cbr": b"on epoch_end stop\0\n",
    "escape.cbr": b'on epoch_end print "\x1b[31mred"\n',
    "parentheses.cbr": f"{WHEN}{'(' * 10_000}loss{')' * 10_000} > 1 stop".encode(),
    "nots.cbr": f"{WHEN}{'not ' * 4_000}loss > 1 stop".encode(),
    "minuses.cbr": f"{WHEN}{'-' * 10_000}loss > 1 stop".encode(),
    "sum.cbr": f"{WHEN}{' + '.join(['loss'] * 2_000)} > 1 stop".encode(),
    "braces.cbr": f'on epoch_end print "{"{" * 16_000}"'.encode(),
    "long_line.cbr": b"x" * 5_000_000,
    "long_sentence.cbr": f"{WHEN}{'not ' * 10_000}loss > 1 stop".encode(),
    "quotes.cbr": b'"' * 250_000,
    "large.cbr": b"on epoch_end if accuracy > 0.9 stop\n" * 150_000,
    "many_rules.cbr": b"on epoch_end if accuracy > 0.9 stop\n" * 7_000,
    "many_hooks.cbr": b"on x stop\n" * 26_000,
    "many_bad_lines.cbr": b"x\n" * 100_000,
    "many_brackets.cbr": b"(\n" * 130_000,
    "many_parameters.cbr": b"".join(b"param p%d = 3\n" % n for n in range(15_000)),
    "many_counts.cbr": b"every 0 epochs stop\n" * 2999,
}


def cbdsl(*args: str | Path, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "cbdsl", *map(str, args)]
    root = Path(__file__).parents[2]
    env["PYTHONPATH"] = str(root)
    return subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True, check=False)


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, tmp_path: Path) -> None:
    data = BAD[name]
    if data is not None:
        (tmp_path / name).write_bytes(data)
    (tmp_path / "out.py").write_text("# mine\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = cbdsl("compile", name, "-o", "out.py", cwd=tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert done.returncode == (2 if data is None else 1), done.stderr[-2000:]
    assert done.stdout == b""
    said = done.stderr.decode()
    assert name in said
    assert ("error[CBR" in said) == (data is not None)
    assert "Traceback" not in said
    assert all(c.isprintable() or c == "\n" for c in said)
    assert len(said) < 2_000_000
    # What was there is there, and nothing else.
    assert (tmp_path / "out.py").read_text() == "# mine\n"
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"out.py", name} - ({name} if data is None else set())
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < MOST_SECONDS


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling.cbr").symlink_to("nowhere.cbr")
    (tmp_path / "loop.cbr").symlink_to("loop.cbr")
    names = ("folder", "dangling.cbr", "loop.cbr", "a\x1b[31m.cbr")
    done = cbdsl("check", *names, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "cbdsl: folder: cannot be read: Is a directory",
        "cbdsl: dangling.cbr: cannot be read: No such file or directory",
        "cbdsl: loop.cbr: cannot be read: Too many levels of symbolic links",
        "cbdsl: a·[31m.cbr: cannot be read: No such file or directory",
    ]


def test_standard_input_that_is_endless(tmp_path: Path) -> None:
    with Path("/dev/zero").open("rb") as zeros:
        command = [sys.executable, "-m", "cbdsl", "check", "-"]
        done = subprocess.run(command, stdin=zeros, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert b"<stdin>: error[CBR104]" in done.stderr
