"""HTML as a tree: text is escaped when it is written, and only known tags and attributes are."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

TAGS = frozenset(
    """
    html head body meta title link header main footer nav section h1 h2 h3 p ul ol li dl dt dd
    div span strong code pre figure figcaption details summary a
    table caption thead tbody tr th td
    svg g line path polyline circle rect text tspan desc
    """.split()
)

ATTRIBUTES = frozenset(
    """
    lang charset name content http-equiv rel href id class role scope colspan tabindex
    aria-label aria-labelledby aria-hidden
    viewBox preserveAspectRatio width height x y x1 x2 y1 y2 cx cy r d points text-anchor
    """.split()
)
"""Neither `style` nor any handler of events is among them."""

_EMPTY = frozenset(["meta", "link"])
_ADDRESS = re.compile(r"#[a-z][a-z0-9-]*|data:,")
_ALONE = frozenset(
    "html head body header main footer nav section div ul ol li dl table thead tbody tr figure "
    "details svg p h1 h2 h3 caption summary pre".split()
)
"""Tags that begin a line, so that the page can be read and compared."""


@dataclass(frozen=True)
class Element:
    """A tag with its attributes and what stands in it."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Element | Sheet | str, ...]


@dataclass(frozen=True)
class Sheet:
    """The page's style, which is the package's own text."""

    text: str

    def __post_init__(self) -> None:
        if "<" in self.text:
            raise ValueError("a style sheet needs no `<`, and one could end it")

    @property
    def allowed(self) -> str:
        """What a Content-Security-Policy says to allow this text and no other."""
        digest = hashlib.sha256(self.text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"


Child = Element | Sheet | str | None


def el(tag: str, *children: Child, **attributes: str | float | None) -> Element:
    """An element; `class_` is `class`, `aria_label` is `aria-label`; what is None is left out.

    Raises:
        ValueError: the tag, an attribute or an address is not among those that a page needs.
    """
    if tag not in TAGS:
        raise ValueError(f"no page needs <{tag}>")
    kept = []
    for name, value in attributes.items():
        if value is None:
            continue
        name = name.rstrip("_").replace("_", "-")
        if name not in ATTRIBUTES:
            raise ValueError(f"no page needs the attribute {name}")
        if name == "href" and not _ADDRESS.fullmatch(str(value)):
            raise ValueError(f"{value} leads out of the page")
        kept.append((name, str(value)))
    return Element(tag, tuple(kept), tuple(child for child in children if child is not None))


def clean(text: str) -> str:
    """A text without what a page cannot hold or what would reorder what stands beside it.

    Line ends and tabs stay; other characters that show nothing become `·`.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "·" for c in text)


def written(root: Element) -> str:
    """The page as text."""
    return "<!doctype html>" + "".join(_written(root)) + "\n"


def _written(element: Element) -> Iterator[str]:
    if element.tag in _ALONE:
        yield "\n"
    yield f"<{element.tag}"
    for name, value in element.attributes:
        yield f' {name}="{html.escape(clean(value))}"'
    yield ">"
    if element.tag in _EMPTY:
        return
    for child in element.children:
        if isinstance(child, Element):
            yield from _written(child)
        elif isinstance(child, Sheet):
            yield f"\n<style>{child.text}</style>"
        else:
            yield html.escape(clean(child), quote=False)
    yield f"</{element.tag}>"
