"""docs/formatting.md shows what the formatter writes."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from doc_pages import ROOT, blocks

import cbdsl
from cbdsl.cli import main

PAGE = ROOT / "docs" / "formatting.md"
RULES = [block.text for block in blocks(PAGE, "cbr")]
PAIRS = list(zip(RULES[::2], RULES[1::2], strict=True))


def test_one_becomes_the_other() -> None:
    assert PAGE.read_text("utf-8").count("```\n\nbecomes\n\n```cbr\n") == len(PAIRS)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_it_becomes(before: str, after: str) -> None:
    assert cbdsl.format(before) == after
    assert cbdsl.format(after) == after


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sessions = (block.text for block in blocks(PAGE, "console"))
    (session,) = (text for text in sessions if text.startswith("$ cbdsl fmt --check"))
    shown = session.split("\n", 1)[1]
    before = "".join(f"{line[1:]}\n" for line in shown.splitlines()[3:] if line[0] in " -")
    Path("rules.cbr").write_text(before)
    done = CliRunner().invoke(main, ["fmt", "--check", "--diff", "rules.cbr"])
    assert (done.exit_code, done.stdout + done.stderr) == (1, shown)
