"""Puts rule files right: `cbdsl check --fix`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

import click

from cbdsl.cli.files import Unreadable, complain, read_bytes
from cbdsl.diagnostics import CbrError, Diagnostic, visible
from cbdsl.diagnostics.fixes import PutRight, put_right
from cbdsl.files import write_whole
from cbdsl.program import with_others
from cbdsl.source import SourceFile
from cbdsl.syntax import read_source

_BOM = b"\xef\xbb\xbf"

Check = Callable[[SourceFile], list[Diagnostic]]


class Left(NamedTuple):
    """What is left to do behind the fixes.

    `read` holds what is wrong with standard input, which is read once; `lost` are the files that
    could not be read. `failed` says that one could not be read or written.
    """

    read: dict[str, list[Diagnostic]]
    lost: frozenset[str]
    failed: bool


class _Unwritable(Exception):
    """A file that cannot be written, and why."""


def fix_files(files: Iterable[str], check: Check) -> Left:
    """Put rule files right, `-` being standard input, and say how many mistakes those were.

    Everything else in a file stays as it is, to the byte; one without such mistakes is not touched.
    """
    read: dict[str, list[Diagnostic]] = {}
    lost: set[str] = set()
    failed = False
    for file in dict.fromkeys(files):
        try:
            left = _fix(file, check)
            if file == "-":
                read[file] = left
        except Unreadable as e:
            complain(str(e))
            lost.add(file)
        except _Unwritable as e:
            complain(str(e))
            failed = True
    return Left(read, frozenset(lost), failed or bool(lost))


def _fix(file: str, check: Check) -> list[Diagnostic]:
    """Put one file right; what is left to say of it."""
    data = read_bytes(file)
    name = "<stdin>" if file == "-" else file
    try:
        source = read_source(data, name)
    except CbrError as e:
        # There is no text that could be put right.
        return e.diagnostics

    def problems(text: str) -> list[Diagnostic]:
        """What is wrong with a text in the place of this file; fixes only where that is in it."""
        changed = replace(source, text=text)
        try:
            whole = changed if file == "-" else with_others(changed, file)
        except CbrError as e:
            return e.diagnostics
        own = whole.parts[0].span.end
        return [
            d if d.fix is None or d.fix.span.end <= min(own, len(text)) else replace(d, fix=None)
            for d in check(whole)
        ]

    done = put_right(source.text, problems)
    _write(file, data.startswith(_BOM) * _BOM + done.text.encode(), done)
    return list(done.left)


def _write(file: str, data: bytes, done: PutRight) -> None:
    """The file put right, and on stderr how many mistakes that were."""
    if file == "-":
        click.echo(data, nl=False)
    elif done.count:
        try:
            write_whole(file, data)
        except OSError as e:
            raise _Unwritable(f"{file}: cannot be written: {e.strerror or e}") from e
    if done.count:
        name = visible("<stdin>" if file == "-" else file)
        mistakes = "1 mistake" if done.count == 1 else f"{done.count} mistakes"
        click.echo(f"{name}: {mistakes} put right", err=True)
