"""What the pages of the examples show of runs on a terminal."""

from __future__ import annotations

import re
from pathlib import Path

from doc_pages import blocks


def shown(page: Path, command: str, time: int = 1) -> list[str] | None:
    """The lines that a page shows below a command, or None if it does not show it.

    Args:
        page: the page.
        command: what is typed there.
        time: which time, where it is typed in several blocks.
    """
    all_lines = (block.text.splitlines() for block in blocks(page, "console"))
    found = [lines for lines in all_lines if f"$ {command}" in lines]
    if len(found) < time:
        return None
    lines = found[time - 1]
    return lines[lines.index(f"$ {command}") + 1 :]


def shape(line: str) -> str:
    """A printed line without what differs from machine to machine: times, numbers, folders."""
    line = re.sub(r" - \d+m?s - \d+[mun]?s/(step|epoch)", "", line)
    line = re.sub(r"\bruns/\w+/\w+", "FOLDER", line)
    return re.sub(r"\d[\d.,]*(e-?\d+)?", "N", line)


def assert_shown(page: Path, command: str, printed: list[str], time: int = 1) -> None:
    """What a page shows is what was printed, up to numbers; `…` stands for lines left out."""
    lines = shown(page, command, time)
    if lines is None:
        return
    on_page = {shape(line) for line in lines if line and not _is_on_stderr(line)}
    really = {shape(line) for line in printed}
    assert on_page - really <= {"…"}, f"{page} shows what `{command}` does not print"
    if "…" not in on_page:
        assert really <= on_page, f"{page} leaves out what `{command}` prints"


def _is_on_stderr(line: str) -> bool:
    """`cbdsl train` says there what it trains on, which depends on the machine, and where.

    So it does that it hears a signal, and that a run goes on.
    """
    goes_on = ("SIGINT: ", "this training goes on behind ")
    return line.startswith(("MNIST is not in", "training on ", "the run is in", *goes_on))
