"""docs/make_reference.py: the pages hold what the catalog holds, and every entry says something."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from doc_pages import ROOT

from cbdsl.catalog import forms, functions, keras_callbacks
from cbdsl.catalog.actions import ACTIONS
from cbdsl.catalog.functions import FUNCTIONS, SERIES
from cbdsl.catalog.hooks import HOOKS, SEEN
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS, REFUSED
from cbdsl.catalog.optimizer import DOCS
from cbdsl.catalog.units import DOCS as UNITS
from cbdsl.catalog.units import PLURAL
from cbdsl.catalog.values import VALUES
from cbdsl.diagnostics import CODES

PAGES = ("language.md", "reference.md", "codes.md")


def made() -> ModuleType:
    path = ROOT / "docs" / "make_reference.py"
    spec = importlib.util.spec_from_file_location("make_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = made()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str, golden: Callable[[Path, str], None]) -> None:
    """`make docs` would change nothing."""
    page = ROOT / "docs" / name
    golden(page, MADE.current(page.read_text("utf-8")))


def test_every_table_stands_in_a_page() -> None:
    texts = "".join((ROOT / "docs" / name).read_text("utf-8") for name in PAGES)
    assert set(re.findall("<!-- made from the catalog: ([a-z ]+) -->", texts)) == set(MADE.TABLES)
    assert [path.name for path in MADE.PAGES] == list(PAGES)


def described() -> Iterator[tuple[str, str]]:
    """Everything that the catalog names, and what it says of it."""
    for entries in (FUNCTIONS, SERIES, HOOKS, VALUES, KERAS_CALLBACKS):
        for name, entry in entries.items():
            yield name, entry.doc
    for name, function in SERIES.items():
        yield f"when {name} is missing", function.missing
    for action in ACTIONS.values():
        for use in action.uses:
            yield ", ".join(use.forms), use.doc
    for form in (
        *forms.STATEMENTS,
        *forms.TRIGGERS,
        *forms.PREDICATES,
        *forms.PHASES,
        *forms.TEST_LINES,
    ):
        yield ", ".join(form.forms), form.doc
    for texts in (DOCS, UNITS, REFUSED, SEEN, functions.KINDS, keras_callbacks.KINDS):
        yield from texts.items()
    for code in CODES.values():
        yield code.code, code.title


def test_every_entry_says_what_it_is() -> None:
    assert [name for name, doc in described() if not doc.strip() or doc.strip() == name] == []
    assert {*PLURAL} == {*UNITS}


def test_every_name_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    groups = (HOOKS, VALUES, KERAS_CALLBACKS, REFUSED)
    names = [name for group in groups for name in group]
    names += [function.form for function in (*FUNCTIONS.values(), *SERIES.values())]
    names += [form for action in ACTIONS.values() for use in action.uses for form in use.forms]
    names += [f"optimizer.{name}" for name in DOCS]
    assert [n for n in names if f"`{n}`" not in text and f"### {n}\n" not in text] == []


# ---------------------------------------------------------------- how it is made


def test_only_what_stands_between_the_marks_is_written() -> None:
    page = "a\n<!-- made from the catalog: endings -->\nold\n<!-- end -->\nb\n"
    new = MADE.current(page)
    assert new.startswith("a\n<!-- made from the catalog: endings -->\n\n| ending |")
    assert new.endswith("|\n\n<!-- end -->\nb\n")
    assert "old" not in new
    assert MADE.current(new) == new


def test_a_cell_may_hold_a_bar() -> None:
    assert MADE.table(("a",), [("`x | y`",)]).splitlines()[2] == r"| `x \| y` |"


def test_bad_rules_are_marked_with_their_code() -> None:
    text = MADE.explained(CODES["CBR404"])
    bad, good = text.split("\nGood:\n\n")
    assert bad.startswith("## CBR404\n\n**Warning**: ")
    assert bad.count("```cbr CBR404\n") == good.count("```cbr\n") == 1
