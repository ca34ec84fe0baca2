"""What the tests of the documentation read from a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from doc_pages import ROOT, Block, anchors, blocks, links
from shell import commands, split

PAGE = """\
# A `name`, twice

- A list:

  ```cbr early.cbr CBR404 CBR205
  on epoch_end stop
  ```

## A name twice

[there](other.md#part) ![drawn](run.svg)

    nothing said

````text
```cbr
````
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE, "utf-8")
    return path


def test_blocks_links_and_anchors(page: Path) -> None:
    rules, said_nothing, text = blocks(page)
    assert (rules.line, rules.language, rules.file) == (5, "cbr", "early.cbr")
    assert rules.codes == {"CBR404", "CBR205"}
    assert rules.text == "on epoch_end stop\n"
    assert (said_nothing.language, text.text) == ("", "```cbr\n")
    assert blocks(page, "cbr") == [rules]
    assert links(page) == ["other.md#part", "run.svg"]
    assert anchors(page) == {"a-name-twice", "a-name-twice-1"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("make test  # all", [["make", "test"]]),
        ("A=1 cbdsl check a.cbr > b | grep x", [["cbdsl", "check", "a.cbr"], ["grep", "x"]]),
        ("cd a && cbdsl test 'b c'", [["cd", "a"], ["cbdsl", "test", "b c"]]),
        ("cbdsl test a.cbr --set x=1", [["cbdsl", "test", "a.cbr", "--set", "x=1"]]),
    ],
)
def test_commands_of_a_line(line: str, words: list[list[str]]) -> None:
    assert split(line) == words


def test_what_is_shown_below_a_command() -> None:
    text = "$ cbdsl check a.cbr\none\n\ntwo\n$ cbdsl check b.cbr  # no more\n"
    first, second = commands(Block(ROOT / "page.md", 10, ("console",), text))
    assert (first.place, first.shown) == ("page.md:11", "one\n\ntwo\n")
    assert (second.place, second.shown) == ("page.md:15", "")
    assert second.line == "cbdsl check b.cbr  # no more"
    assert second.words == ("cbdsl", "check", "b.cbr")


def test_runs_in_yaml_are_commands() -> None:
    block = Block(ROOT / "page.md", 1, ("yaml",), "- run: cbdsl check a.cbr\n- uses: b\n")
    assert [command.words for command in commands(block)] == [("cbdsl", "check", "a.cbr")]
