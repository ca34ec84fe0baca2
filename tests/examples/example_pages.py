"""What the pages of the examples show of runs on a terminal."""

from __future__ import annotations

import re
from pathlib import Path

from doc_pages import blocks


def shown(page: Path, command: str) -> list[str] | None:
    """The lines that a page shows below a command, or None if it does not show it."""
    for block in blocks(page, "console"):
        lines = block.text.splitlines()
        if f"$ {command}" in lines:
            return lines[lines.index(f"$ {command}") + 1 :]
    return None


def shape(line: str) -> str:
    """A printed line without what differs from machine to machine: times, numbers, folders."""
    line = re.sub(r" - \d+m?s - \d+[mun]?s/(step|epoch)", "", line)
    line = re.sub(r"\bruns/\w+/\w+", "FOLDER", line)
    return re.sub(r"\d[\d.,]*(e-?\d+)?", "N", line)


def assert_shown(page: Path, command: str, printed: list[str]) -> None:
    """What a page shows is what was printed, up to numbers; `…` stands for lines left out."""
    lines = shown(page, command)
    if lines is None:
        return
    on_page = {shape(line) for line in lines if line and not _is_on_stderr(line)}
    really = {shape(line) for line in printed}
    assert on_page - really <= {"…"}, f"{page} shows what `{command}` does not print"
    if "…" not in on_page:
        assert really <= on_page, f"{page} leaves out what `{command}` prints"


def _is_on_stderr(line: str) -> bool:
    """`cbdsl train` says there what it trains on, which depends on the machine, and where."""
    return line.startswith(("MNIST is not in", "training on ", "the run is in"))
