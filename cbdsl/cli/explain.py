"""`cbdsl explain`: what a code means, with a bad and a good example."""

from __future__ import annotations

import re
import textwrap

import click

from cbdsl.cli.files import fail
from cbdsl.cli.next import say
from cbdsl.diagnostics import CODES, did_you_mean
from cbdsl.diagnostics.explain import Explanation, explanation

WIDTH = 80
"""How many columns the prose takes."""

GROUPS = {
    "1": "the text",
    "2": "names",
    "3": "types and units",
    "4": "the meaning",
    "5": "the run",
}
"""What the codes of a hundred are about."""


@click.command("explain")
@click.argument("codes", nargs=-1, metavar="[CODE]…")
def command(codes: tuple[str, ...]) -> None:
    """Explain what `check` says: what CODE means, with a bad and a good example.

    A code is written `CBR404`, `cbr404` or `404`. Without one all codes are listed.

    Exits with 2 if there is no such code.
    """
    if not codes:
        say(listed())
        return
    asked = dict.fromkeys(map(_code, codes))
    say("\n\n\n".join(as_text(explanation(code)) for code in asked))


def _code(asked: str) -> str:
    """The code that is meant; exits if there is none."""
    digits = asked.strip().upper().removeprefix("CBR")
    if f"CBR{digits}" in CODES:
        return f"CBR{digits}"
    near = did_you_mean(digits, [code.removeprefix("CBR") for code in CODES])
    help = re.sub(r"(\d+)", r"CBR\1", near) or "`cbdsl explain` lists them all"
    fail(f"there is no code `{asked}`; {help}")


def listed() -> str:
    """All codes, by what they are about."""
    lines = []
    for hundred, about in GROUPS.items():
        lines += ["", about]
        lines += [
            f"  {code}  {severity:7}  {title}"
            for code, severity, title in CODES.values()
            if code.startswith(f"CBR{hundred}")
        ]
    return "\n".join(lines[1:])


def as_text(page: Explanation) -> str:
    """An explanation for a terminal."""
    parts = [f"{page.severity}[{page.code}]: {page.title}", *map(_wrapped, page.paragraphs)]
    for heading, example in (("Bad:", page.bad), ("Good:", page.good)):
        parts += [heading, textwrap.indent(example.text.rstrip("\n"), "    ")]
    return "\n\n".join(parts)


def _wrapped(paragraph: str) -> str:
    """A paragraph in lines; what stands in backticks stays in one."""
    kept = re.sub("``.+?``|`.+?`", lambda quoted: quoted[0].replace(" ", "\xa0"), paragraph)
    lines = textwrap.fill(kept, WIDTH, break_long_words=False, break_on_hyphens=False)
    return lines.replace("\xa0", " ")
