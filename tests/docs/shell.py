"""The commands that pages show: lines of `sh`, behind `$` in `console`, and `run:` in `yaml`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from doc_pages import PAGES, Block, blocks


class Command(NamedTuple):
    """One command, the line it stands in, and what a `console` shows below it."""

    block: Block
    place: str
    line: str
    words: tuple[str, ...]
    shown: str = ""


def split(line: str) -> list[list[str]]:
    """The commands of a line, without comments, variables before them and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in lexer:
        if word in ("&&", "||", ";", "|"):
            commands.append([])
        elif commands[-1] or "=" not in word:
            commands[-1].append(word)
    return [words[: words.index(">")] if ">" in words else words for words in commands if words]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block."""
    lines = block.text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        shown = ""
        if block.language == "console":
            if not line.startswith("$ "):
                continue
            line = line.removeprefix("$ ")
            below = lines[number + 1 :]
            end = next((i for i, text in enumerate(below) if text.startswith("$ ")), len(below))
            shown = "".join(below[:end])
        elif block.language == "yaml":
            line = line.partition(" run: ")[2]
        place = f"{block.page.name}:{block.line + number + 1}"
        for words in split(line):
            yield Command(block, place, line.rstrip("\n"), tuple(words), shown)


SHOWN = [
    command
    for page in PAGES
    for block in blocks(page)
    if block.language in ("console", "sh", "yaml")
    for command in commands(block)
]
"""The commands of all pages."""
