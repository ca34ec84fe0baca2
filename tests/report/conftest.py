"""Makes pages of journals, and reads them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from report_journals import Line, written
from report_pages import Page

from cbdsl.journal import read
from cbdsl.report import page, told
from cbdsl.report.model import Run


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[[Iterable[Line]], Run]:
    """`run_of(lines)`: what a page would show of a journal."""

    def make(lines: Iterable[Line], name: str = "mnist-1") -> Run:
        return told(read(written(tmp_path / "run", lines)), name=name)

    return make


@pytest.fixture
def page_of(run_of: Callable[..., Run]) -> Callable[..., Page]:
    """`page_of(lines)`: the page of a journal, read back."""
    return lambda lines, name="mnist-1": Page(page(run_of(lines, name)))
