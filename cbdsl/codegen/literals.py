"""Values as Python writes them."""

from __future__ import annotations


def literal(value: object) -> str:
    """A value as formatters of Python write it."""
    if isinstance(value, str):
        quote = quote_of(value)
        return quote + escaped(value, quote) + quote
    if isinstance(value, tuple):
        items = ", ".join(map(literal, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    return number(value) if isinstance(value, float) else repr(value)


def exact(value: object) -> str:
    """The same, but a float stays one."""
    return real(value) if isinstance(value, float) else literal(value)


def number(value: float) -> str:
    """A number as a person writes it: whole ones without a point."""
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return real(value)


def real(value: float) -> str:
    """A number with a point or an exponent."""
    # A literal too large for a float; `inf` alone would be a name.
    return repr(value).replace("e+", "e").replace("inf", "1e999")


def quote_of(text: str) -> str:
    """The quotes that a text is written in: single ones if it holds more double ones than those."""
    return "'" if text.count('"') > text.count("'") else '"'


def escaped(text: str, quote: str) -> str:
    """A text as it stands between quotes."""
    return text.translate(_ESCAPES).replace(quote, f"\\{quote}")


_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
