"""The page about replays: its files, its commands, and what they print."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from cbdsl.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "replaying.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)


def blocks(kind: str) -> list[str]:
    return [text for named, text in BLOCKS if named == kind]


@pytest.mark.parametrize("session", blocks("console"))
def test_commands_print_what_the_page_shows(
    session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (rules,) = blocks("")
    (tmp_path / "early.cbr").write_text(rules)
    for name, text in zip(("first.csv", "second.csv"), blocks("csv"), strict=True):
        (tmp_path / name).write_text(text)
    command, shown = session.split("\n", 1)
    _, _, *args = shlex.split(command)
    done = CliRunner().invoke(main, args)
    assert done.output == shown


def test_the_page_has_sessions() -> None:
    assert len(blocks("console")) == 3
