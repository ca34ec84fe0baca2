"""The plugin for pytest: collects the tests in files called `*_test.cbr`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cbdsl.program import Program
    from cbdsl.syntax.nodes import Test


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CbrFile | None:
    if file_path.name.endswith("_test.cbr"):
        return CbrFile.from_parent(parent, path=file_path)
    return None


class CbrFile(pytest.File):
    """A rule file; each of its tests is an item."""

    def collect(self) -> Iterator[CbrItem]:
        # Imported here: every pytest loads this module, few have such files.
        from cbdsl.diagnostics import CbrError
        from cbdsl.program import load
        from cbdsl.ruletest import name_of

        try:
            program = load(self.path)
        except CbrError as e:
            raise self.CollectError(str(e).strip()) from None
        for test in program.tests:
            yield CbrItem.from_parent(self, name=name_of(test), program=program, test=test)


class _Failed(Exception):
    """A test whose expectations were not met; it holds the report."""


class CbrItem(pytest.Item):
    """One test of a rule file."""

    def __init__(self, *, program: Program, test: Test, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.program = program
        self.test = test

    def runtest(self) -> None:
        from cbdsl.ruletest import run_test
        from cbdsl.ruletest.report import as_text

        outcome = run_test(self.program, self.test)
        if not outcome.passed:
            raise _Failed(as_text(outcome))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, _Failed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        line = self.program.source.position(self.test.span).line
        return self.path, line - 1, self.name
