"""docs/formatting.md shows what the formatter writes."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import cbdsl
from cbdsl.cli import main

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formatting.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
RULES = [text for kind, text in BLOCKS if not kind]
PAIRS = list(zip(RULES[::2], RULES[1::2], strict=True))


def test_one_becomes_the_other() -> None:
    assert PAGE.count("```\n\nbecomes\n\n```\n") == len(PAIRS)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_it_becomes(before: str, after: str) -> None:
    assert cbdsl.format(before) == after
    assert cbdsl.format(after) == after


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (session,) = (text for _, text in BLOCKS if text.startswith("$ cbdsl fmt --check"))
    shown = session.split("\n", 1)[1]
    before = "".join(f"{line[1:]}\n" for line in shown.splitlines()[3:] if line[0] in " -")
    Path("rules.cbr").write_text(before)
    done = CliRunner().invoke(main, ["fmt", "--check", "--diff", "rules.cbr"])
    assert (done.exit_code, done.stdout + done.stderr) == (1, shown)
