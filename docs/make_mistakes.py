"""Writes docs/mistakes.md: what people type, and what to write.

    python docs/make_mistakes.py

It is made of tests/corpus/mistakes.txt, where it says how that is written. A test asks whether it
is current.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MISTAKES = ROOT / "tests" / "corpus" / "mistakes.txt"
PAGE = ROOT / "docs" / "mistakes.md"

HEAD = """\
# What you may type, and what cbr says

What people write who come from Python, Keras, YAML or plain English, and the line that says it in
cbr. Each is one error with a help that says what to write, and hides nothing of the rest of a file.
What `cbdsl check --fix FILE` puts right by itself has a • before it.

<!-- Made by docs/make_mistakes.py of tests/corpus/mistakes.txt. -->
"""


@dataclass
class Mistake:
    """What is typed; what is pointed at; code and help; what to write, and whether by a fix."""

    part: str
    typed: list[str] = field(default_factory=list)
    line: int = 0
    """The line that is pointed at, counted from 1."""
    caret: str = ""
    """The blanks and carets below that line."""
    code: str = ""
    help: str = ""
    write: list[str] = field(default_factory=list)
    is_fixed: bool = False


def read(text: str) -> list[Mistake]:
    """The mistakes of a text that is written like tests/corpus/mistakes.txt."""
    found: list[Mistake] = []
    part = ""
    mistake: Mistake | None = None
    for line in text.splitlines():
        if line.startswith("## "):
            part = line[3:]
        if not line or line.startswith("#"):
            mistake = None
            continue
        if mistake is None:
            mistake = Mistake(part)
            found.append(mistake)
        mark, rest = line[:2], line[2:]
        if mark == "- ":
            mistake.typed.append(rest)
        elif mark == "  ":
            mistake.line, mistake.caret = len(mistake.typed), rest
        elif mark == "? ":
            mistake.code, _, mistake.help = rest.partition(" ")
        elif mark in ("+ ", "~ "):
            mistake.write.append(rest)
            mistake.is_fixed = mark == "+ "
        else:
            raise ValueError(f"a line that is none: {line!r}")
    return found


def page(mistakes: list[Mistake]) -> str:
    """The page: a table for each part."""
    lines = [HEAD]
    part = ""
    for mistake in mistakes:
        if mistake.part != part:
            part = mistake.part
            lines += [f"## {part}", "", "| you typed | write |", "|---|---|"]
        write = "<br>".join(map(code, mistake.write)) or mistake.help.replace("|", "\\|")
        dot = "• " if mistake.is_fixed else ""
        lines.append(f"| {'<br>'.join(map(code, mistake.typed))} | {dot}{write} |")
        if mistake is mistakes[-1] or mistakes[mistakes.index(mistake) + 1].part != part:
            lines.append("")
    return "\n".join(lines)


def code(line: str) -> str:
    """A line of rules as a cell of a table shows it."""
    text = line.replace("\t", "→").replace("|", "\\|")
    stripped = text.lstrip()
    indent = "&emsp;" * ((len(text) - len(stripped)) // 2)
    fence = "``" if "`" in stripped else "`"
    blank = " " if "`" in stripped else ""
    return f"{indent}{fence}{blank}{stripped}{blank}{fence}"


def main() -> None:
    PAGE.write_text(page(read(MISTAKES.read_text("utf-8"))), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
