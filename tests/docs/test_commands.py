"""The commands in the documentation exist, and those that are quick print what is shown."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from doc_pages import PAGES, ROOT, Block, blocks, inline
from shell import SHOWN, Command, commands

from cbdsl.cli import main

SLOW = {"train", "run"}
"""Verbs that train: tests/examples compares what pages show of them, but for numbers."""

ELSEWHERE = {
    "cbdsl check rules.cbr --metrics loss,accuracy,val_loss,val_accuracy": "tests/test_readme.py",
    "cbdsl fmt --check --diff rules.cbr": "tests/formatter/test_format_docs.py",
    "cbdsl why runs/mnist-1/": "tests/cli/test_cli_why.py",
    "cbdsl why runs/mnist-1/ plateau": "tests/cli/test_cli_why.py",
}
"""Commands on files that no page shows, and the test that has them."""


def parsed(words: Sequence[str]) -> click.Context:
    """What the command line makes of the words behind `cbdsl`; raises where they do not fit."""
    around = click.Context(main, info_name="cbdsl")
    name, command, rest = main.resolve_command(around, list(words))
    assert command is not None
    return command.make_context(name, list(rest), parent=around)


def command_id(command: Command) -> str:
    return f"{command.place}-{shlex.join(command.words[:2])}"


@pytest.mark.parametrize("command", SHOWN, ids=command_id)
def test_a_command_exists(command: Command) -> None:
    assert is_there(list(command.words))


def is_there(words: list[str]) -> bool:
    match words:
        case ["cbdsl", *rest]:
            return bool(parsed(rest))
        case ["make", goal, *variables]:
            return goal in goals() and all(re.match("[A-Z]+=", word) for word in variables)
        case ["cd", folder]:
            return (ROOT / folder).is_dir()
        case ["pip", "install", *packages]:
            return all(is_package(package) for package in packages)
        case [python, "-m", "pytest", *_] if python in ("python", ".venv/bin/python"):
            return True
        case ["python", script, *_]:
            return (ROOT / script).is_file()
    return False


def is_package(requirement: str) -> bool:
    """Whether it is cbdsl, with extras that it has."""
    found = re.fullmatch(r"cbdsl(?:\[([a-z,]+)\])?", requirement)
    extras = re.findall(r"^([a-z]+) = \[", (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    return found is not None and set((found[1] or "all").split(",")) <= set(extras)


def goals() -> set[str]:
    path = ROOT / "Makefile"
    if not path.exists():
        pytest.skip("an sdist has no Makefile")
    return set(re.findall("^([a-z]+):", path.read_text("utf-8"), re.MULTILINE))


# ---------------------------------------------------------------- commands in sentences


SAID = [
    pytest.param(part.content, id=f"{page.name}:{line}-{part.content}")
    for page in PAGES
    for line, part in inline(page)
    if part.type == "code_inline" and re.match(r"(cbdsl|make) [a-z]", part.content)
]


@pytest.mark.parametrize("text", SAID)
def test_a_command_in_a_sentence_exists(text: str) -> None:
    """Its verb and its options do; what stands for a file or a value may be left out."""
    program, verb, *rest = text.split()
    if program == "make":
        assert verb in goals()
        return
    command = main.get_command(click.Context(main), verb)
    assert command is not None, verb
    options = {name for option in command.params for name in option.opts}
    given = {word.split("=")[0] for word in rest if re.match("--?[a-z]", word)}
    assert given <= options


# ---------------------------------------------------------------- sessions


def is_run(block: Block) -> bool:
    """Whether a session is quick, and its files are on the page or in the repository."""
    files = {one.file for one in blocks(block.page)}
    return all(
        command.words[0] == "cbdsl"
        and command.words[1] not in SLOW
        and all(name in files or (ROOT / name).is_file() for name in read_by(command))
        for command in commands(block)
    )


def read_by(command: Command) -> list[str]:
    """The files and folders that a command reads."""
    return [word for word in command.words if word.endswith((".cbr", ".csv", "/"))]


SESSIONS = [block for page in PAGES for block in blocks(page, "console")]
RUN = [block for block in SESSIONS if is_run(block)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=ignored)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_a_session_prints_what_is_shown(
    block: Block, folder: Path, golden: Callable[[Path, str], None]
) -> None:
    """Line for line, but for how long it took; a line `…` stands for any lines.

    Where a page shows no output there may be any.
    """
    for one in blocks(block.page):
        if one.file:
            (folder / one.file).write_text(one.text, "utf-8")
    written = ""
    for command in commands(block):
        if "-o" in command.words:
            pytest.importorskip("matplotlib")
        done = CliRunner().invoke(main, command.words[1:])
        assert isinstance(done.exception, SystemExit | None), done.exception
        as_shown = not command.shown or like(command.shown, done.output)
        written += f"$ {command.line}\n{command.shown if as_shown else done.output}"
    page = block.page.read_text("utf-8")
    golden(block.page, page.replace(f"```console\n{block.text}", f"```console\n{written}", 1))


def like(shown: str, printed: str) -> bool:
    shown, printed = (
        re.sub(r"\bin \d+\.\d+ s$", "in T s", t, flags=re.M) for t in (shown, printed)
    )
    parts = (re.escape(part) for part in re.split(r"^…\n", shown, flags=re.MULTILINE))
    return re.fullmatch("(?s:.*)".join(parts), printed) is not None


def test_what_is_shown_of_quick_commands_is_compared() -> None:
    left_out = {
        command.line
        for block in SESSIONS
        if block not in RUN
        for command in commands(block)
        if command.words[0] == "cbdsl" and command.words[1] not in SLOW and command.shown
    }
    assert left_out == set(ELSEWHERE)
    assert all((ROOT / test).exists() for test in ELSEWHERE.values())


# ---------------------------------------------------------------- the tests, tested


@pytest.mark.parametrize(
    "words",
    [
        "make nothing",
        "make test all",
        "cd examples/nothing",
        "pip install cbdsl[nothing]",
        "pip install other",
        "python examples/nothing.py",
        "sudo cbdsl",
    ],
)
def test_what_is_not_there_is_seen(words: str) -> None:
    assert not is_there(words.split())


@pytest.mark.parametrize(
    "words", ["chekc a.cbr", "check", "check --nothing a.cbr", "next --epochs x"]
)
def test_what_the_command_line_does_not_take_is_seen(words: str) -> None:
    with pytest.raises(click.UsageError):
        parsed(words.split())


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("a\nb\n", True),
        ("a\n…\n", True),
        ("…\nb\n", True),
        ("a\n…\nb\n", True),
        ("a\n", False),
        ("a\n…", False),
        ("…\na\n", False),
    ],
)
def test_dots_stand_for_lines(shown: str, same: bool) -> None:
    assert like(shown, "a\nb\n") == same
    assert like("1 passed in 0.01 s\n", "1 passed in 12.30 s\n")
