"""docs/forecast.md shows what the commands print."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cbdsl.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "forecast.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "mnist.cbr", tmp_path / "examples")
    (rules,) = (text for kind, text in BLOCK.findall(PAGE.read_text("utf-8")) if not kind)
    (tmp_path / "warmup.cbr").write_text(rules)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands_print_what_is_shown(folder: Path, golden: Callable[[Path, str], None]) -> None:
    text = PAGE.read_text("utf-8")
    written = BLOCK.sub(_run, text)
    golden(PAGE, written)
    assert (folder / "lr.png").read_bytes().startswith(b"\x89PNG")


def _run(block: re.Match[str]) -> str:
    """A block of the page, with what its command prints today."""
    command, *_ = block[2].split("\n")
    if block[1] != "console":
        return block[0]
    program, *args = shlex.split(command.removeprefix("$ "))
    assert program == "cbdsl"
    done = CliRunner().invoke(main, args, env={"COLUMNS": "80"})
    assert (done.exit_code, done.stderr) == (0, "")
    if "json" in args:
        keys = re.findall(r"`(\w+)`", PAGE.read_text("utf-8"))
        data = json.loads(done.stdout)
        assert {*data, *data["rules"][0]} <= {*keys, "format"}
        return block[0]
    return f"```console\n{command}\n{done.stdout}```"
