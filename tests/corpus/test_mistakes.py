"""mistakes.txt: each mistake is one error, and its fix is the line to write."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from corpus_files import FOLDER, CorpusFile, files, name

from cbdsl.catalog.words import WORDS
from cbdsl.diagnostics import Diagnostic
from cbdsl.diagnostics.fixes import applied, put_right
from cbdsl.program import check
from cbdsl.source import Span

ROOT = FOLDER.parent.parent
GOOD = 'on epoch_end if loss > 100 print "good"'


def made() -> ModuleType:
    path = ROOT / "docs" / "make_mistakes.py"
    spec = importlib.util.spec_from_file_location("make_mistakes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Data classes look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MADE = made()
MISTAKES: Sequence[Any] = MADE.read(MADE.MISTAKES.read_text("utf-8"))


def errors(text: str) -> list[Diagnostic]:
    """The errors of a text; that it holds no rules is none of them."""
    return [d for d in check(text) if d.is_error and d.code != "CBR105"]


def title(mistake: Any) -> str:
    return " ".join("\n".join(mistake.typed).split())


@pytest.mark.parametrize("mistake", MISTAKES, ids=title)
def test_one_error_that_says_what_to_write(mistake: Any) -> None:
    (found,) = errors("\n".join(mistake.typed))
    assert found.span is not None
    line, column = found.source.position(found.span)
    length = min(len(found.source.slice(found.span)), len(mistake.typed[line - 1]) - column + 1)
    assert (line, " " * (column - 1) + "^" * max(1, length)) == (mistake.line, mistake.caret)
    assert (found.code, found.help) == (mistake.code, mistake.help)
    assert found.help


@pytest.mark.parametrize("mistake", MISTAKES, ids=title)
def test_the_fix_is_the_line_to_write(mistake: Any) -> None:
    typed, write = "\n".join(mistake.typed), "\n".join(mistake.write)
    fixed = put_right(typed, check)
    assert fixed.text == (write if mistake.is_fixed else typed)
    assert mistake.write
    assert errors(write) == []


def test_mistakes_do_not_hide_or_cause_others() -> None:
    """Many of them below one another, good lines between: each is said as if it stood alone."""
    # Of names that may stand in what could not be read the checks say nothing.
    alone = [m for m in MISTAKES if len(m.typed) == 1 and m.code.startswith("CBR1")]
    alone = [m for m in alone if m.code != "CBR106"]
    for start in range(0, len(alone), 20):
        some = alone[start : start + 20]
        for between in ([], [GOOD]):
            lines = [line for mistake in some for line in (*mistake.typed, *between)]
            found = [d for d in errors("\n".join([*lines, GOOD])) if d.code != "CBR202"]
            expected = [(m.code, m.help) for m in some]
            assert [(d.code, d.help) for d in found] == expected


def test_there_are_enough() -> None:
    assert len(MISTAKES) >= 120
    assert len({tuple(mistake.typed) for mistake in MISTAKES}) == len(MISTAKES)
    assert sum(mistake.is_fixed for mistake in MISTAKES) >= 120


def test_the_page_is_current(golden: Callable[[Path, str], None]) -> None:
    """`python docs/make_mistakes.py` would change nothing."""
    golden(MADE.PAGE, MADE.page(list(MISTAKES)))


LINES = sorted({mistake.write[0] for mistake in MISTAKES if len(mistake.write) == 1})


def slips(line: str) -> Iterator[str]:
    """A line with two letters swapped in one of the language's words, and with one left out."""
    for word in re.finditer("[a-z_]{3,}", line):
        start, text = word.start(), word[0]
        if text not in WORDS or line.count('"', 0, start) % 2:
            continue
        for i, (one, two) in enumerate(pairwise(text)):
            if one != two:
                yield line[: start + i] + two + one + line[start + i + 2 :]
        yield line[: start + 1] + line[start + 2 :]


@pytest.mark.parametrize("line", LINES)
def test_what_a_slip_is_put_right_to_is_what_was_meant(line: str) -> None:
    """Or else it is left to a person."""
    for slipped in slips(line):
        fixed = put_right(slipped, check).text
        if fixed != slipped and not errors(fixed):
            assert fixed.replace("epochs", "epoch") == line.replace("epochs", "epoch")


# --------------------------------------------------------------------------- every fix


WRONG = [file for kind in ("invalid", "warning") for file in files(kind)]


@pytest.mark.parametrize("file", WRONG, ids=name)
def test_a_fix_leaves_nothing_worse(file: CorpusFile) -> None:
    """The mistake is gone, and what is new in its statement stood behind it and was hidden."""
    before = file.diagnostics()
    for mistake in before:
        if mistake.fix is None or mistake.source.included:
            continue
        assert mistake.span is not None
        text, count = applied(mistake.source.text, [mistake.fix])
        assert count == 1
        assert text != mistake.source.text
        after = _diagnostics(file, text)
        start, end = _statement(mistake.source.text, mistake.span)
        moved = len(text) - len(mistake.source.text)
        here = [d for d in after if d.span and start <= d.span.start < end + moved and d.is_error]
        known = {(d.code, d.message) for d in before if d is not mistake}
        for other in here:
            assert other.span is not None
            is_behind = other.span.end >= mistake.fix.span.start
            # What cannot be read is not checked.
            was_hidden = mistake.code < "CBR2" <= other.code
            is_known = (other.code, other.message) in known
            assert is_behind or was_hidden or is_known, (str(mistake), str(other))
            same = (other.code, other.message, other.span) == (
                mistake.code,
                mistake.message,
                mistake.span,
            )
            assert not same, str(mistake)


@pytest.mark.parametrize("file", WRONG, ids=name)
def test_fixes_come_to_an_end(file: CorpusFile) -> None:
    source = file.diagnostics()[0].source
    if source.included or len(source.text) > 20_000:
        return

    def problems(text: str) -> list[Diagnostic]:
        return _diagnostics(file, text)

    done = put_right(source.text, problems)
    assert put_right(done.text, problems).text == done.text
    assert sum(d.is_error for d in done.left) <= sum(d.is_error for d in file.diagnostics())


def _diagnostics(file: CorpusFile, text: str) -> list[Diagnostic]:
    metrics, epochs, params = file.metrics, file.epochs, file.params
    return check(text, filename=file.path.name, metrics=metrics, epochs=epochs, params=params)


def _statement(text: str, span: Span) -> tuple[int, int]:
    """The line that a place is in, and its end."""
    end = text.find("\n", span.end)
    return text.rfind("\n", 0, span.start) + 1, len(text) if end < 0 else end
