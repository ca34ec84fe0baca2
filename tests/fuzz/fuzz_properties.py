"""What must hold for every text: functions that raise `AssertionError`, for pytest and atheris."""

from __future__ import annotations

import re
import time
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from fuzz_names import check_names, check_standalone

from cbdsl import CbrError, Diagnostic
from cbdsl.checks.params import Given
from cbdsl.diagnostics import render
from cbdsl.diagnostics.formats import FORMATS
from cbdsl.formatter import format_source
from cbdsl.program import Program
from cbdsl.source import SourceFile
from cbdsl.syntax import parse_source, read_source

MOST_SECONDS = 3.0
"""How long anything may take, in seconds of the processor; the tests' machines are slow ones."""

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What moves a cursor, changes colours, hides or reorders text."""


@dataclass(frozen=True)
class Asked:
    """What a caller says beside the text of the rules."""

    name: str = "rules.cbr"
    params: Mapping[str, Given] = field(default_factory=dict)
    metrics: Collection[str] | None = None
    epochs: int | None = None

    def program(self, source: SourceFile) -> Program:
        return Program(source, params=self.params, metrics=self.metrics, epochs=self.epochs)


@contextmanager
def in_time(what: str) -> Iterator[None]:
    """Raises `AssertionError` if it took longer than anything may."""
    begun = time.process_time()
    yield
    took = time.process_time() - begun
    assert took < MOST_SECONDS, f"{what} took {took:.1f} seconds"


NOTHING = Asked()


def assert_holds(text: str, asked: Asked = NOTHING, *, whole: bool = True) -> None:
    """All of it; without `whole` what costs most is left out, `fmt` among it."""
    with in_time("reading and checking"):
        source, program, found = answered(text, asked)
    with in_time("showing"):
        assert_shown(found, whole=whole)
    if program is not None:
        with in_time("compiling"):
            assert_python(program, whole=whole)
    if source is not None and whole:
        with in_time("formatting"):
            assert_formatted(source)


def answered(text: str, asked: Asked) -> tuple[SourceFile | None, Program | None, list[Diagnostic]]:
    """The text as it was read, the program if it has no error, and what is said of it.

    Nothing but `CbrError` comes out, and it comes just where there is an error.
    """
    source = None
    try:
        source = read_source(text, asked.name)
        program = asked.program(source)
    except CbrError as e:
        refused = e.diagnostics
    else:
        refused = []
    if refused:
        assert any(d.is_error for d in refused), "refused without an error"
        return source, None, refused
    assert not any(d.is_error for d in program.diagnostics), "compiled with an error"
    return source, program, program.diagnostics


# ------------------------------------------------------------------------------ what is shown


def assert_shown(found: list[Diagnostic], *, whole: bool) -> None:
    """Diagnostics in every format, in which nothing steers a terminal or begins another line."""
    for diagnostic in found:
        source, span = diagnostic.source, diagnostic.span
        assert span is None or 0 <= span.start <= span.end <= len(source.text) + 1
        assert diagnostic.message
        text = render(diagnostic)
        assert text.count("\n") <= 5, f"more lines than a diagnostic has: {text!r}"
        assert_plain(f"{text}{diagnostic}")
    coloured = "".join(render(diagnostic, colour=True) for diagnostic in found)
    assert_plain(re.sub(r"\x1b\[[0-9;]*m", "", coloured))
    for name in FORMATS if whole else ("concise", "github"):
        written = FORMATS[name](found)
        assert_plain(written)
        if name in ("concise", "github"):
            assert written.count("\n") == len(found)
        else:
            assert written.isascii()


def assert_plain(text: str) -> None:
    steering = _STEERING.search(text)
    assert steering is None, f"{steering[0]!r} in {text[: steering.end()]!r}"
    text.encode()


# ------------------------------------------------------------------------------ generated Python


def assert_python(program: Program, *, whole: bool) -> None:
    """The Python that rules become can be read, and holds no name that nobody put there."""
    with warnings.catch_warnings():
        # Such as of an escape sequence that Python does not know.
        warnings.simplefilter("error")
        check_names(program, program.python)
        if not whole:
            return
        compile(program.python, "rules", "exec")
        check_names(program, program.probed.text)
        check_standalone(program, program.standalone)


# ------------------------------------------------------------------------------ the formatter


def assert_formatted(source: SourceFile) -> None:
    """`cbdsl fmt` keeps statements and comments, and has nothing to do the second time."""
    file, problems = parse_source(source)
    try:
        text = format_source(source)
    except CbrError:
        assert problems, "what can be read is not formatted"
        return
    assert not problems, "what cannot be read is formatted"
    again = read_source(text, source.name)
    other, problems = parse_source(again)
    assert not problems, f"what is formatted cannot be read: {text!r}"
    assert other.statements == file.statements, f"other statements: {text!r}"
    assert _said(again) == _said(source), f"other comments: {text!r}"
    assert format_source(again) == text, f"formatted again it is another text: {text!r}"


_QUOTED = {'"': re.compile(r'"(?:\\.|[^"\\\n])*"'), "`": re.compile(r"`[^`\n]*`")}


def _said(source: SourceFile) -> Counter[str]:
    """What the comments say, without the sign and the spaces around it.

    A second reading: the formatter has its own.
    """
    said: Counter[str] = Counter()
    text, at = source.text, 0
    while at < len(text):
        if text[at] == "#":
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            said[text[at + 1 : end].strip(" \t\r")] += 1
            at = end
        elif quoted := text[at] in _QUOTED and _QUOTED[text[at]].match(text, at):
            at = quoted.end()
        else:
            at += 1
    return said
