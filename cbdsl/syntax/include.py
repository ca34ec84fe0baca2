"""Puts a rule file and those it includes together into one text."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import replace

from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.source import Part, SourceFile, Span, visible
from cbdsl.syntax.nodes import Include
from cbdsl.syntax.parser import includes_in
from cbdsl.syntax.read import MAX_BYTES, read_source

Read = Callable[[str], bytes]
"""Reads the file at a path with `/`, relative to the first file's folder.

Raises `OSError` if it cannot be read, and `PermissionError` if it lies outside that folder.
"""

MAX_FILES = 64
"""How many files one may include, those that its files include among them."""


def with_included(source: SourceFile, read: Read) -> SourceFile:
    """The text of a file with those of all files it includes behind it.

    Raises `CbrError` for an include that cannot be followed, and for what `read_source` refuses.
    """
    return _Includes(source, read).source


class _Includes:
    def __init__(self, source: SourceFile, read: Read) -> None:
        self.source = source
        self.read = read
        self.folder = source.name[: len(source.name) - len(source.label)]
        self._follow(source.parts[0], "", (source.name[len(self.folder) :],))

    def _follow(self, part: Part, folder: str, open_files: tuple[str, ...]) -> None:
        """Put in what a file includes; `open_files` are those that lead to it, it included."""
        for include in includes_in(self.source, part):
            path = self._path(include, folder)
            if path in open_files:
                chain = " includes ".join(f"`{visible(p)}`" for p in (*open_files, path))
                raise self._problem(include, "this include never ends", chain)
            if len(self.source.included) >= MAX_FILES:
                message = f"more than {MAX_FILES} files are included"
                raise self._problem(include, message, "rules are sentences that a person wrote")
            added = self._add(include, path)
            self._follow(added, posixpath.dirname(path), (*open_files, path))

    def _path(self, include: Include, folder: str) -> str:
        """Where an included file is, from the first file's folder."""
        parts = include.path.parts
        if not parts or not all(isinstance(p, str) for p in parts):
            raise self._problem(include, "an include names one file", "nothing is filled in here")
        written = "".join(p for p in parts if isinstance(p, str))
        path = posixpath.normpath(posixpath.join(folder, written))
        if "\\" in written or posixpath.isabs(written) or path.split("/")[0] == "..":
            raise self._problem(include, *_OUTSIDE)
        if not path.endswith(".cbr"):
            raise self._problem(include, "a file of rules ends in `.cbr`", "no other is read")
        return path

    def _add(self, include: Include, path: str) -> Part:
        name = self.folder + path
        try:
            text = read_source(self.read(path), name).text
        except PermissionError as e:
            if e.errno is None:
                raise self._problem(include, *_OUTSIDE) from None
            raise self._unreadable(include, name, e) from None
        except OSError as e:
            raise self._unreadable(include, name, e) from None
        before = self.source.text
        if len(before) + len(text) > MAX_BYTES:
            message = f"with this file the rules are larger than {MAX_BYTES:,} bytes"
            raise self._problem(include, message, "rules are sentences that a person wrote")
        # Each file begins in a line of its own.
        start = len(before) + (not before.endswith("\n"))
        part = Part(name, Span(start, start + len(text)))
        self.source = replace(
            self.source,
            text=before.ljust(start, "\n") + text,
            included=(*self.source.included, (include.span, part)),
        )
        return part

    def _unreadable(self, include: Include, name: str, error: OSError) -> CbrError:
        message = f"`{visible(name)}` cannot be read"
        return self._problem(include, message, error.strerror or str(error))

    def _problem(self, include: Include, message: str, why: str, help: str = "") -> CbrError:
        at = include.path.span
        return CbrError([Diagnostic("CBR116", message, self.source, at, why, help)])


_OUTSIDE = (
    "an included file lies beside the first file, or below it",
    "so that a folder of rules can be read as a whole",
    "write a path with `/` that does not lead out of the folder",
)
