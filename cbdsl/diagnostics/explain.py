"""The explanation of a code: a page of prose with a bad and a good example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

from cbdsl.diagnostics.codes import CODES, Severity


@dataclass(frozen=True)
class Example:
    """Rules as a page shows them; `is_escaped` if they hold what a page cannot show as it is."""

    text: str
    is_escaped: bool

    @property
    def data(self) -> bytes:
        """The rule file that is meant."""
        if self.is_escaped:
            return self.text.encode("latin-1").decode("unicode_escape").encode("latin-1")
        return self.text.encode()


@dataclass(frozen=True)
class Explanation:
    """What a code means; `text` is Markdown of plain paragraphs, `title` is the page's own."""

    code: str
    severity: Severity
    title: str
    text: str
    bad: Example
    good: Example

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs of the text, each as one line."""
        return [" ".join(lines.split()) for lines in self.text.split("\n\n")]


_EXAMPLE = "```cbr(-escaped)?\n(.+?\n)```"
_PAGE = re.compile(
    rf"# (CBR\d+): (.+?)\n\n(.+?)\n\n## Bad\n\n{_EXAMPLE}\n\n## Good\n\n{_EXAMPLE}\n", re.DOTALL
)


def explanation(code: str) -> Explanation:
    """The page of a code of `CODES`."""
    page = files("cbdsl.diagnostics").joinpath("explanations", f"{code}.md").read_text("utf-8")
    return read_page(page)


def read_page(page: str) -> Explanation:
    """A page in its parts; raises `ValueError` if it has not the form of one."""
    parts = _PAGE.fullmatch(page)
    if parts is None or "\n## " in parts[3] or parts[1] not in CODES:
        raise ValueError(f"this is no page of an explanation: {page[:60]!r}")
    code, title, text, bad_escaped, bad, good_escaped, good = parts.groups()
    return Explanation(
        code,
        CODES[code].severity,
        title,
        text,
        Example(bad, bool(bad_escaped)),
        Example(good, bool(good_escaped)),
    )
