"""The plugin for pytest: collects the tests in files called `*_test.cbr`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cbdsl.ruletest import Outcome, Tests
    from cbdsl.syntax.nodes import Test


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CbrFile | None:
    is_asked_for = file_path.suffix == ".cbr" and parent.session.isinitpath(file_path)
    if is_asked_for or file_path.name.endswith("_test.cbr"):
        return CbrFile.from_parent(parent, path=file_path)
    return None


class CbrFile(pytest.File):
    """A rule file; each of its tests is an item."""

    def collect(self) -> Iterator[CbrItem]:
        # Imported here: every pytest loads this module, few have such files.
        from cbdsl.diagnostics import CbrError, visible
        from cbdsl.program import load
        from cbdsl.ruletest import Tests, name_of

        try:
            tests = Tests(load(os.path.relpath(self.path)))
        except CbrError as e:
            raise self.CollectError(str(e).strip()) from None
        for test in tests.program.tests:
            yield CbrItem.from_parent(self, name=visible(name_of(test)), tests=tests, test=test)


class _Failed(Exception):
    """A test whose expectations were not met."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class CbrItem(pytest.Item):
    """One test of a rule file."""

    def __init__(self, *, tests: Tests, test: Test, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tests = tests
        self.test = test

    def runtest(self) -> None:
        outcome = self.tests.run(self.test)
        if not outcome.passed:
            raise _Failed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from cbdsl.ruletest.report import details

        if isinstance(excinfo.value, _Failed):
            return details(excinfo.value.outcome)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        # It may stand in a file that this one includes.
        source = self.tests.program.source
        file, line = source.part(self.test.span).name, source.position(self.test.span).line
        return Path(file).resolve(), line - 1, self.name
