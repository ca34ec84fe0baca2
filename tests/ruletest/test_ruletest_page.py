"""The page about testing: its file and what the command prints for it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cbdsl.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")


def test_the_command_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = dict(re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL))
    (tmp_path / "plateau.cbr").write_text(blocks[""])
    done = CliRunner().invoke(main, ["test", "plateau.cbr"])
    shown = blocks["console"].split("\n", 1)[1]
    # Behind it stands a line with the time it took.
    assert done.output.startswith(shown)
    assert done.exit_code == 1
