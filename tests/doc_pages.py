"""The pages of the documentation: their blocks of code, their links, and where links may lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent

# An sdist leaves some of the pages at the top out.
PAGES = [
    *(path for name in ("README.md", "CONTRIBUTING.md") if (path := ROOT / name).exists()),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("**/*.md")),
]

_MARKDOWN = MarkdownIt().enable("table")


class Block(NamedTuple):
    """A block of code, and the words behind its fence; without a fence there are none.

    The first word is the language. The others, as in `cbr early.cbr` or `cbr CBR404`, are the name
    that the block's text has as a file on this page, and the codes that `cbdsl check` gives for it.
    """

    page: Path
    line: int
    info: tuple[str, ...]
    text: str

    @property
    def language(self) -> str:
        return self.info[0] if self.info else ""

    @property
    def file(self) -> str:
        return next((word for word in self.info[1:] if "." in word), "")

    @property
    def codes(self) -> set[str]:
        return {word for word in self.info[1:] if word.startswith("CBR")}

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


@cache
def _tokens(page: Path) -> list[Token]:
    return _MARKDOWN.parse(page.read_text("utf-8"))


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The blocks of a page, or those in one language."""
    found = [
        Block(page, token.map[0] + 1, tuple(token.info.split()), token.content)
        for token in _tokens(page)
        if token.type in ("fence", "code_block") and token.map
    ]
    return [block for block in found if language in (None, block.language)]


def inline(page: Path) -> Iterator[tuple[int, Token]]:
    """The parts of all paragraphs, headings and cells, each with its line."""
    for token in _tokens(page):
        line = token.map[0] + 1 if token.map else 0
        for part in token.children or ():
            yield line, part


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    attributes = (part.attrs.get("href") or part.attrs.get("src") for _, part in inline(page))
    return [str(target) for target in attributes if target]


@cache
def anchors(page: Path) -> set[str]:
    """What links to a page may name behind `#`: its headings, as GitHub writes them."""
    tokens = _tokens(page)
    headings = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "heading_open"]
    found: set[str] = set()
    for heading in headings:
        text = "".join(
            p.content for p in heading.children or () if p.type in ("text", "code_inline")
        )
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        again = [slug, *(f"{slug}-{n}" for n in range(1, 1000))]
        found.add(next(name for name in again if name not in found))
    return found
