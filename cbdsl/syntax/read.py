"""Bytes to a source file: what can be wrong before there is a language."""

from __future__ import annotations

import re
from itertools import islice

from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.source import SourceFile, Span

MAX_BYTES = 1 << 18
"""The largest rule file that is read, in bytes: more than a person writes, read in seconds."""

MAX_HIDDEN = 100
"""How many hidden characters are reported; one more tells nobody anything."""

# C0 and C1 controls but tab, LF and CR; marks that break lines or reorder text; lone surrogates.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]|\r(?!\n)"
)


def read_source(data: bytes | str, name: str) -> SourceFile:
    """A source file from bytes (UTF-8, with or without a BOM) or from text.

    Raises `CbrError` if it is too large, is not UTF-8, or holds characters that cannot be seen.
    """
    if len(data) > MAX_BYTES:
        raise _error(
            "CBR104",
            f"the file is larger than {MAX_BYTES:,} bytes",
            SourceFile(name, ""),
            None,
            "rules are sentences that a person wrote; this is likely another kind of file",
        )
    if isinstance(data, bytes):
        data = _decode(data, name)
    source = SourceFile(name, data.removeprefix("\ufeff"))
    hidden = list(islice(_HIDDEN.finditer(source.text), MAX_HIDDEN))
    if hidden:
        raise CbrError(_hidden(source, Span(*found.span())) for found in hidden)
    return source


def _hidden(source: SourceFile, at: Span) -> Diagnostic:
    character = source.slice(at)
    message = f"the character U+{ord(character):04X} cannot stand in a rule file"
    if character == "\r":
        why, help = (
            "lines end in a line feed, alone or behind this one",
            "save it with such line ends",
        )
    else:
        why, help = "it cannot be seen, or changes how the text around it is shown", "delete it"
    return Diagnostic("CBR102", message, source, at, why, help)


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        before = data[: e.start].decode("utf-8")
        source = SourceFile(name, before + "\ufffd")
        where = Span(len(before), len(before) + 1)
        raise _error(
            "CBR101",
            f"the file is not UTF-8 text: byte 0x{data[e.start]:02X} at offset {e.start}",
            source,
            where,
            "a rule file is UTF-8 text",
            help="save it as UTF-8, or check that this is the file you meant",
        ) from None


def _error(
    code: str, message: str, source: SourceFile, span: Span | None, why: str, help: str = ""
) -> CbrError:
    return CbrError([Diagnostic(code, message, source, span, why, help)])
