"""What is said on the terminal: it steers neither that nor the CI that reads along."""

from __future__ import annotations

import contextlib
import re
import sys

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
# `::error …` of GitHub, which begins a line, and the `##[…]`, `##vso[…]`, `##teamcity[…]` of
# others, which stand anywhere.
_COMMANDS = re.compile(r"(?:^|(?<=\s)):(?=:)|#(?=#\w*\[)", re.MULTILINE)


def harmless(text: str) -> str:
    """The text, where what would steer a terminal or a CI is a `·`; lines and tabs stay."""
    return _COMMANDS.sub("·", _CONTROLS.sub("·", text))


def tell(message: str) -> None:
    """A line on standard error, below what was printed. If nobody hears it, training goes on."""
    # They may be closed, broken pipes, or None.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{harmless(message)}\n")
        sys.stderr.flush()
