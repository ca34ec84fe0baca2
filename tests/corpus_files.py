"""The corpus: rule files, and what their first comments say about the training they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cbdsl import CbrError, Diagnostic
from cbdsl.checks.params import Literal
from cbdsl.program import Program
from cbdsl.source import SourceFile
from cbdsl.syntax import read_source, with_included

FOLDER = Path(__file__).parent / "corpus"

_SAID = re.compile(rb"# (metrics|epochs|set): (.*?)\r?\n")


@dataclass(frozen=True)
class CorpusFile:
    """A rule file; lines such as `# metrics: loss, accuracy` at its top say what is known."""

    path: Path

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()

    @property
    def source(self) -> SourceFile:
        def read(name: str) -> bytes:
            return (self.path.parent / name).read_bytes()

        return with_included(read_source(self.data, self.path.name), read)

    @property
    def metrics(self) -> list[str] | None:
        named = self._said("metrics")
        return [name.strip() for name in named[0].split(",")] if named else None

    @property
    def epochs(self) -> int | None:
        said = self._said("epochs")
        return int(said[0]) if said else None

    @property
    def params(self) -> dict[str, Literal]:
        pairs = (setting.partition("=") for setting in self._said("set"))
        return {name: Literal(value) for name, _, value in pairs}

    def program(self) -> Program:
        """The file, checked; raises `CbrError`."""
        return Program(self.source, params=self.params, metrics=self.metrics, epochs=self.epochs)

    @cache  # noqa: B019 - as many as there are files
    def diagnostics(self) -> list[Diagnostic]:
        """What `check` says of it."""
        try:
            return self.program().diagnostics
        except CbrError as e:
            return e.diagnostics

    def _said(self, key: str) -> list[str]:
        said: list[str] = []
        data = self.data.removeprefix(b"\xef\xbb\xbf")
        position = 0
        while match := _SAID.match(data, position):
            position = match.end()
            if match[1].decode() == key:
                said.append(match[2].decode())
        return said


def files(kind: str) -> list[CorpusFile]:
    """All files of `valid`, `warning` or `invalid`, by name."""
    return [CorpusFile(path) for path in sorted((FOLDER / kind).glob("*.cbr"))]


def name(file: CorpusFile) -> str:
    """What a test of a file is called."""
    return file.path.stem
