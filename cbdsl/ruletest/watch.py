"""Looks at files until one of them changes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import PurePath

from cbdsl.diagnostics import Diagnostic
from cbdsl.source import SourceFile

LOOK_EVERY = 0.3
"""How often it looks at the files, in seconds."""

State = tuple[int, int] | None
"""When a file was changed last, and how long it is; None while it is not there."""


class Watch:
    """Some rule files and those that they include.

    A file that was included once is looked at ever after: a mistake may hide it for a while.
    """

    def __init__(self, files: Iterable[str]) -> None:
        self.files = dict.fromkeys(files)
        self._states: dict[str, State] = {}

    def begin(self) -> None:
        """Remember how the files are, before they are read: a later change is one."""
        self._states = {file: _state(file) for file in self.files}

    def saw(self, source: SourceFile) -> None:
        """Look at what a file includes, too."""
        for part in source.parts:
            self._add(part.name)

    def saw_errors(self, problems: Iterable[Diagnostic]) -> None:
        """Look at what a file with errors includes, and at what it wants to include in vain."""
        for problem in problems:
            self.saw(problem.source)
            if problem.code == "CBR116" and problem.span is not None:
                folder = PurePath(problem.source.part(problem.span).name).parent
                self._add(str(folder / problem.source.slice(problem.span).strip('"')))

    def wait(self) -> None:
        """Return when one of the files has changed."""
        while all(_state(file) == state for file, state in self._states.items()):
            time.sleep(LOOK_EVERY)

    def _add(self, file: str) -> None:
        self.files[file] = None
        self._states.setdefault(file, _state(file))


def _state(file: str) -> State:
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
