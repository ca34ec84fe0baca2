"""Diagnostics as JSON, for scripts and editors."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from cbdsl.diagnostics.codes import CODES
from cbdsl.diagnostics.model import Diagnostic
from cbdsl.diagnostics.place import Place, place

FORMAT = 1
"""The number of the JSON's format."""

_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """`{"format": 1, "diagnostics": […]}`; there are always all keys."""
    return dumped({"format": FORMAT, "diagnostics": list(map(_diagnostic, diagnostics))})


def dumped(data: dict[str, Any]) -> str:
    """JSON in ASCII, which no terminal, pipe or encoding alters."""
    # `##[…]` commands the CI that shows it. Two of these signs stand in texts alone.
    return json.dumps(data, indent=2).replace("##", "#\\u0023") + "\n"


def whole(text: str) -> str:
    """Text that every reader of JSON takes.

    Python stands half characters for the bytes of a file's name that are no text.
    """
    return _HALF_CHARACTERS.sub("\ufffd", text)


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    source, fix = diagnostic.source, diagnostic.fix
    return {
        **_place(place(source, diagnostic.span)),
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "title": CODES[diagnostic.code].title,
        "message": whole(diagnostic.message),
        "why": whole(diagnostic.why),
        "help": whole(diagnostic.help),
        "fix": fix and {**_place(place(source, fix.span)), "text": whole(fix.text)},
    }


def _place(at: Place) -> dict[str, Any]:
    line, column, end_line, end_column = at.region or (None, None, None, None)
    return {
        "file": whole(at.file),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }
