"""The formats for programs: what each is called, and who writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cbdsl.diagnostics.json_text import as_json
from cbdsl.diagnostics.lines import as_concise, as_github
from cbdsl.diagnostics.model import Diagnostic
from cbdsl.diagnostics.sarif import as_sarif

FORMATS: dict[str, Callable[[Sequence[Diagnostic]], str]] = {
    "concise": as_concise,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}
"""Each gives whole lines, or nothing; the text for people is `text.render`'s."""
