"""docs/forecast.md says what the commands give to programs and write into files.

What they print is compared by tests/docs.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from doc_pages import ROOT, blocks

from cbdsl.cli import main

PAGE = ROOT / "docs" / "forecast.md"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (rules,) = blocks(PAGE, "cbr")
    (tmp_path / rules.file).write_text(rules.text)
    monkeypatch.chdir(tmp_path)


def output(words: str) -> str:
    """What the command prints that has these words in it."""
    (command,) = (one.text for one in blocks(PAGE, "console") if words in one.text.split("\n")[0])
    program, *args = shlex.split(command.split("\n")[0].removeprefix("$ "))
    assert program == "cbdsl"
    done = CliRunner().invoke(main, args)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def test_every_key_is_told() -> None:
    told = {*re.findall(r"`(\w+)`", PAGE.read_text("utf-8")), "format"}
    data = json.loads(output("--format json"))
    assert {*data, *data["rules"][0]} <= told


def test_the_picture_is_one() -> None:
    pytest.importorskip("matplotlib")
    assert output("-o lr.png") == ""
    assert Path("lr.png").read_bytes().startswith(b"\x89PNG")
