"""Diagnostics in SARIF 2.1.0, the OASIS standard that code scanning and CI servers read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent
from typing import Any
from urllib.parse import quote

from cbdsl import __version__
from cbdsl.diagnostics.codes import CODES
from cbdsl.diagnostics.explain import explanation
from cbdsl.diagnostics.json_text import dumped, whole
from cbdsl.diagnostics.lines import explained
from cbdsl.diagnostics.model import Diagnostic, Fix
from cbdsl.diagnostics.place import Place, Region, place
from cbdsl.source import SourceFile

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def as_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """A log of one run. Of the table of codes it holds those that occur."""
    codes = sorted({d.code for d in diagnostics})
    driver = {"name": "cbdsl", "version": __version__, "rules": list(map(_rule, codes))}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, codes.index(d.code)) for d in diagnostics],
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, Any]:
    page = explanation(code)
    bad, good = page.bad.text, page.good.text
    return {
        "id": code,
        "shortDescription": {"text": CODES[code].title},
        "fullDescription": {"text": page.paragraphs[0]},
        "help": {
            "text": "\n\n".join(
                (*page.paragraphs, f"Bad:\n{indent(bad, '    ')}", f"Good:\n{indent(good, '    ')}")
            ),
            "markdown": f"{page.text}\n\nBad:\n\n```\n{bad}```\n\nGood:\n\n```\n{good}```\n",
        },
        "defaultConfiguration": {"level": CODES[code].severity},
    }


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    at = place(diagnostic.source, diagnostic.span)
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity,
        # The standard would have braces doubled, but few readers undo that, and in rules `{{` means
        # something else than `{`.
        "message": {"text": explained(diagnostic)},
        "locations": [{"physicalLocation": _location(at)}],
    }
    if diagnostic.fix:
        result["fixes"] = [_fix(diagnostic.source, diagnostic.fix)]
    return result


def _fix(source: SourceFile, fix: Fix) -> dict[str, Any]:
    location = _location(place(source, fix.span))
    replacement = {
        "deletedRegion": location["region"],
        "insertedContent": {"text": whole(fix.text)},
    }
    artifact = location["artifactLocation"]
    return {"artifactChanges": [{"artifactLocation": artifact, "replacements": [replacement]}]}


def _location(at: Place) -> dict[str, Any]:
    return {"artifactLocation": {"uri": _uri(at.file)}, "region": _region(at.region)}


def _region(region: Region | None) -> dict[str, int]:
    if region is None:
        # The standard would have none, but GitHub shows no result without a line.
        return {"startLine": 1}
    names = ("startLine", "startColumn", "endLine", "endColumn")
    return dict(zip(names, region, strict=True))


def _uri(file: str) -> str:
    """A file's name as a URI: relative where the name is, with forward slashes."""
    path = Path(file)
    if ".." in path.parts:
        # Readers are told to reject such a URI: with links, it may lead somewhere else.
        path = path.resolve()
    if path.is_absolute():
        return path.as_uri()
    return quote(os.fsencode(path.as_posix()))
