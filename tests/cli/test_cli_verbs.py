"""`cbdsl check` and `cbdsl compile`: exit status, what goes where, options, help."""

import ast
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cbdsl import compile
from cbdsl.cli import main

GOOD = "param target = 90%\non epoch_end if accuracy > target stop\n"
WARNED = "param unused = 3\non epoch_end stop\n"
BAD = "on epoch_ned stop\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("good", GOOD), ("warned", WARNED), ("bad", BAD)):
        (tmp_path / f"{name}.cbr").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cbdsl(*args: str, stdin: str = "") -> Result:
    done = CliRunner().invoke(main, args, input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


# ------------------------------------------------------------------------------ check


@pytest.mark.usefixtures("folder")
def test_check_is_silent_when_all_is_well() -> None:
    done = cbdsl("check", "good.cbr", "good.cbr", "-", stdin=GOOD)
    assert (done.exit_code, done.output) == (0, "")


@pytest.mark.usefixtures("folder")
def test_check_passes_with_warnings() -> None:
    done = cbdsl("check", "warned.cbr")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "warned.cbr:1:7: warning[CBR402]" in done.stderr
    assert done.stderr.endswith("\n1 warning\n")


@pytest.mark.usefixtures("folder")
def test_check_reports_all_files() -> None:
    done = cbdsl("check", "bad.cbr", "nowhere.cbr", "warned.cbr", "-", stdin=BAD)
    assert (done.exit_code, done.stdout) == (2, "")
    for part in ("nowhere.cbr: cannot be read", "bad.cbr:1:4", "warned.cbr:1:7", "<stdin>:1:4"):
        assert part in done.stderr
    assert done.stderr.endswith("\n2 errors, 1 warning\n")
    assert cbdsl("check", "good.cbr", "bad.cbr").exit_code == 1


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("args", "exit_code", "part"),
    [
        (["--metrics", "accuracy, loss"], 0, ""),
        (["--metrics", "acc"], 1, "does not report `accuracy`"),
        (["--metrics", ""], 1, "it reports nothing"),
        (["--epochs", "3"], 0, ""),
        (["--epochs", "0"], 2, "--epochs"),
        (["--epochs", "many"], 2, "--epochs"),
        (["--set", "target=80%"], 0, ""),
        (["--set", "target = 0.8"], 0, ""),
        (["--set", "target=0.5", "--set", "target=0.8"], 0, ""),
        (["--set", "target"], 2, "'target' is not NAME=VALUE"),
        (["--set", "=3"], 2, "is not NAME=VALUE"),
        (["--set", "target=high"], 1, "the parameter `target` is a number, not `high`"),
        (["--set", "target="], 1, "the parameter `target` is a number, not ``"),
        (["--set", "target=1e999"], 1, "is a number, not `1e999`"),
        (["--set", "target=3 epochs"], 1, "is a number, not `3 epochs`"),
        (["--set", "targt=3"], 1, "did you mean `target`?"),
        (["--bogus"], 2, "--bogus"),
    ],
)
def test_check_options(args: list[str], exit_code: int, part: str) -> None:
    done = cbdsl("check", "good.cbr", *args)
    assert (done.exit_code, done.stdout) == (exit_code, "")
    assert part in done.stderr
    assert bool(done.stderr) == bool(part)


# ------------------------------------------------------------------------------ compile


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("args", [(), ("--standalone",)])
def test_compile_to_standard_output(args: tuple[str, ...]) -> None:
    done = cbdsl("compile", "good.cbr", *args)
    assert (done.exit_code, done.stderr) == (0, "")
    ast.parse(done.stdout)
    assert ("cbdsl.runtime" in done.stdout) == (not args)
    for same in (("good.cbr", "-o", "-"), ("good.cbr", "--output=-")):
        assert cbdsl("compile", *same, *args).stdout == done.stdout


@pytest.mark.usefixtures("folder")
def test_compile_standard_input() -> None:
    assert "compiled by cbdsl from <stdin>" in cbdsl("compile", "-", stdin=GOOD).stdout


def test_compile_to_a_file(folder: Path) -> None:
    (folder / "rules.py").write_text("# old\n")
    done = cbdsl("compile", "good.cbr", "-o", "rules.py")
    assert (done.exit_code, done.output) == (0, "")
    assert (folder / "rules.py").read_text() == cbdsl("compile", "good.cbr").stdout
    assert len(list(folder.iterdir())) == 4


def test_compile_leaves_a_file_alone_when_there_are_errors(folder: Path) -> None:
    (folder / "rules.py").write_text("# old\n")
    assert cbdsl("compile", "bad.cbr", "-o", "rules.py").exit_code == 1
    assert (folder / "rules.py").read_text() == "# old\n"
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize("output", ["good.cbr", "rules", ".", "", "rules.txt", "-x", "rules.py/"])
def test_compile_writes_python_only(folder: Path, output: str) -> None:
    done = cbdsl("compile", "good.cbr", f"--output={output}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "must end in .py" in done.stderr
    assert (folder / "good.cbr").read_text() == GOOD
    assert len(list(folder.iterdir())) == 3


def test_compile_says_where_it_cannot_write(folder: Path) -> None:
    (folder / "folder.py").mkdir()
    for output, why in (
        ("folder.py", "Is a directory"),
        ("nowhere/rules.py", "No such file or directory"),
        ("good.cbr/rules.py", "Not a directory"),
    ):
        done = cbdsl("compile", "good.cbr", "-o", output)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"cbdsl: {output}: cannot be written: {why}\n"
    assert {path.name for path in folder.iterdir()} >= {"folder.py", "good.cbr"}
    assert len(list(folder.rglob("*"))) == 4


def test_compiled_text_is_utf8_whatever_the_terminal(folder: Path) -> None:
    (folder / "good.cbr").write_text('on epoch_end print "é漢🎉"\n', encoding="utf-8")
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "cbdsl", "compile", "good.cbr"]
    done = subprocess.run(command, env=env, capture_output=True, check=True)
    assert 'self.print("é漢🎉")' in done.stdout.decode("utf-8")


# ------------------------------------------------------------------------------ colour, help, verbs


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colour_on_a_terminal_unless_asked_not_to(folder: Path, no_color: str) -> None:
    env = os.environ | {"NO_COLOR": no_color, "PYTHONPATH": str(Path(__file__).parents[2])}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cbdsl", "check", "bad.cbr"]
    done = subprocess.run(command, env=env, cwd=folder, stderr=theirs, check=False)
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.returncode == 1
    assert ("\x1b[1;31merror[CBR201]\x1b[0m" in said) == (no_color == "")
    assert ("\x1b" in said) == (no_color == "")


def test_help_names_the_verbs() -> None:
    for args in (("--help",), ("-h",), ()):
        done = cbdsl(*args)
        assert done.exit_code == (0 if args else 2)
        for verb in ("check", "compile", "train"):
            assert f"  {verb} " in done.output


@pytest.mark.parametrize(
    ("verb", "parts"),
    [
        ("check", ["FILE…", "--metrics", "--epochs", "--set NAME=VALUE", "standard input"]),
        ("compile", ["FILE", "--output OUT.py", "--standalone", "callbacks()"]),
    ],
)
def test_help_of_a_verb(verb: str, parts: list[str]) -> None:
    done = cbdsl(verb, "--help")
    assert done.exit_code == 0
    for part in parts:
        assert part in done.output


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("chek", "there is no command `chek`; did you mean `check`?"),
        ("complie", "there is no command `complie`; did you mean `compile`?"),
        ("rules.cbr", "there is no command `rules.cbr`; write `cbdsl check rules.cbr`"),
        ("frobnicate", "there is no command `frobnicate`\n"),
    ],
)
def test_unknown_verbs(verb: str, said: str) -> None:
    done = cbdsl(verb)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_version() -> None:
    from cbdsl import __version__

    assert cbdsl("--version").output.strip().endswith(__version__)


@pytest.mark.parametrize("verb", ["check", "compile"])
def test_a_file_is_needed(verb: str) -> None:
    done = cbdsl(verb)
    assert done.exit_code == 2
    assert "FILE" in done.stderr


@pytest.mark.parametrize("options", [[], ["--standalone"], ["-o", "out.py"]])
def test_compile_refuses_what_nobody_would_call(folder: Path, options: list[str]) -> None:
    rules = 'on epoch_end save "a.keras"\nleave: on interrupt stop\n'
    done = cbdsl("compile", "-", *options, stdin=rules)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "cbdsl: <stdin>:2: `on interrupt` cannot be compiled to a file: no callback hears a signal "
        "by itself; use `cbdsl train`, `cbdsl run`, or `cbdsl.callbacks` in a script\n"
    )
    assert not (folder / "out.py").exists()
    assert "def on_interrupt(self, logs=None):" in compile(rules).python
