"""The builder of the page: known tags and attributes, and everything else is text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_pages import Page

from cbdsl.report.markup import Sheet, clean, el, written


@pytest.mark.parametrize("tag", ["script", "style", "img", "iframe", "foreignObject", "p onclick"])
def test_a_tag_that_no_page_needs(tag: str) -> None:
    with pytest.raises(ValueError, match="no page needs"):
        el(tag)


@pytest.mark.parametrize("name", ["style", "onclick", "src", "onload", "target", "xmlns"])
def test_an_attribute_that_no_page_needs(name: str) -> None:
    with pytest.raises(ValueError, match="no page needs the attribute"):
        el("p", **{name: "x"})


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://x", "x.html", "#", "data:x"])
def test_an_address_outside_the_page(address: str) -> None:
    with pytest.raises(ValueError, match="leads out"):
        el("a", href=address)


def test_a_style_sheet_cannot_be_ended() -> None:
    with pytest.raises(ValueError, match="needs no"):
        Sheet("p {} </style>")


@given(st.text())
def test_any_text_is_read_back(text: str) -> None:
    html = written(el("p", el("code", text), text, aria_label=text))
    html.encode()
    (p,) = Page(html).all("p")
    assert p.attributes["aria-label"] == clean(text)
    assert "".join(p.all("code")[0]._texts()) == clean(text)
    assert {node.tag for node in p.walk()} == {"p", "code"}
