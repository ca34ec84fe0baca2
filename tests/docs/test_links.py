"""The links of the documentation lead somewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doc_pages import PAGES, ROOT, anchors, links

TOP = [path for path in ROOT.glob("*.md") if path not in PAGES]


def all_links() -> list[Any]:
    return [
        pytest.param(page, link, id=f"{page.relative_to(ROOT)}-{link}")
        for page in (*PAGES, *TOP)
        for link in dict.fromkeys(links(page))
        if "://" not in link
    ]


@pytest.mark.parametrize(("page", "link"), all_links())
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if target.parent == ROOT and target.suffix == ".md" and not (ROOT / "Makefile").exists():
        pytest.skip("an sdist leaves pages at the top out")
    assert target.exists()
    assert not anchor or anchor in anchors(target)
