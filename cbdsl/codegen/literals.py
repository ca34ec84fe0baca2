"""Values as Python writes them."""

from __future__ import annotations


def literal(value: object) -> str:
    """A value as Python writes it, texts in double quotes."""
    if isinstance(value, str):
        return '"' + escaped(value) + '"'
    if isinstance(value, float) and not isinstance(value, bool):
        return number(value)
    return repr(value)


def number(value: float) -> str:
    """A number as a person writes it: whole ones without a point."""
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    # A literal too large for a float; `inf` alone would be a name.
    return repr(value).replace("inf", "1e999")


def escaped(text: str) -> str:
    """A text as it stands between double quotes."""
    return text.translate(_ESCAPES)


_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})
