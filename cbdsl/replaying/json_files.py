"""`History.history` as JSON, in the shapes in which people save it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cbdsl.replaying.history import Unreadable, shown
from cbdsl.replaying.tables import Table, check_size, is_epoch, names_metrics

__all__ = ["is_json", "read_json"]

_DEEPEST = 3  # how often JSON may hold JSON in a string, and a group of histories another
_SPACE = re.compile(r"[\s,]*")
# An object or a list, or a string that holds one, maybe in another string.
_JSON = re.compile(r'\s*(?:[{[]|"(?:\\+["n]|\s)*[{[].*"\s*\Z)', re.DOTALL)
_CUT = re.compile(r"[\w.+-]*\s*\Z")  # what a number or word leaves

# What Python writes otherwise than JSON. A string that is not closed goes to the end of the text,
# and repeats are bounded or possessive, so that time is linear.
_PYTHON = re.compile(
    r"""'(?P<text>[^'\\]*+(?:\\.[^'\\]*+)*+)\\?(?:'|\Z)"""
    r"""|"[^"\\]*+(?:\\.[^"\\]*+)*+\\?(?:"|\Z)"""
    r"|(?P<call>[A-Za-z_][\w.]*+\()|(?P<word>[A-Za-z_][\w.]*+)"
    r"|(?P<end>(?:,\s{0,9}\w{1,20}=[^][(){},]{0,40}){0,4}\))",
    re.DOTALL,
)
_WORDS = {"None": "null", "True": "true", "False": "false", "nan": "NaN", "inf": "Infinity"}


def is_json(text: str) -> bool:
    """Whether a text is meant as JSON, or as what `str(history.history)` gives."""
    return _JSON.match(text) is not None


def read_json(text: str) -> list[Table]:
    """The tables of a text, one for each history in it.

    Raises:
        Unreadable: it is neither JSON nor a Python literal, or holds no history.
        RecursionError: it is nested deeper than Python goes.
    """
    return _tables(_unpacked(_decoded(text)), _DEEPEST)


# ---------------------------------------------------------------- text


def _decoded(text: str) -> Any:
    """What the text holds: a list where it holds several values one after the other."""
    try:
        return _values(text)
    except json.JSONDecodeError as error:
        try:
            return _values(_PYTHON.sub(_as_json, text))
        except json.JSONDecodeError:
            raise _malformed(text, error) from None


def _values(text: str) -> Any:
    # All numbers become floats: an int may have more digits than Python converts.
    decoder = json.JSONDecoder(parse_int=float)
    values = []
    at = _end_of_space(text, 0)
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        at = _end_of_space(text, at)
    return values[0] if len(values) == 1 else values


def _end_of_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _as_json(part: re.Match[str]) -> str:
    if part["text"] is not None:
        return json.dumps(part["text"].replace("\\'", "'"))
    if part["word"]:
        return _WORDS.get(part["word"].rpartition(".")[2], part["word"])
    return "" if part["call"] or part["end"] else part[0]


def _malformed(text: str, error: json.JSONDecodeError) -> Unreadable:
    if error.msg.startswith("Unterminated") or _CUT.match(text, error.pos):
        lines = text.rstrip().split("\n")
        return Unreadable(
            f"the JSON is cut off after line {len(lines)}, character {len(lines[-1])}: "
            "save the history anew, or complete the end by hand"
        )
    where = f"in line {error.lineno}, character {error.colno}"
    what = error.msg[:1].lower() + error.msg[1:]
    return Unreadable(
        f"it is no JSON: {what} {where}. Save it with `json.dump(history.history, …)`"
    )


# ---------------------------------------------------------------- shapes


def _tables(value: Any, depth: int) -> list[Table]:
    if isinstance(value, dict):
        inner = _item(value.get("history"))
        if depth and isinstance(inner, dict | list):
            return _with_epochs(_tables(inner, depth - 1), value.get("epoch"))
        if columns := _columns(value):
            return [of_columns(columns, [str(name) for name in value if name not in columns])]
        if value and all(name.isdecimal() for name in value):  # pandas, orient="index"
            return _tables(list(value.values()), depth)
        return _groups(value.values(), depth)
    if isinstance(value, list):
        rows = [_item(row) for row in value]
        if rows and all(isinstance(row, dict) and not _columns(row) for row in rows):
            return [_of_rows(rows)]
        return _groups(rows, depth)
    raise _no_history()


def _with_epochs(tables: list[Table], epochs: Any) -> list[Table]:
    """The tables of a saved `History`, which counts its epochs beside the values."""
    if len(tables) == 1 and isinstance(epochs, list) and len(epochs) == len(tables[0].lines):
        tables[0].names.append("epoch")
        tables[0].columns.append(epochs)
    return tables


def _unpacked(value: Any) -> Any:
    """The value, or what its text holds where it is JSON once more; raises Unreadable."""
    for _ in range(_DEEPEST):
        if not (isinstance(value, str) and is_json(value)):
            break
        value = _decoded(value)
    return value


def _item(value: Any) -> Any:
    """The same of a value among others: text that only looks like JSON stays text."""
    try:
        return _unpacked(value)
    except Unreadable:
        return value


def _columns(history: dict[str, Any]) -> dict[str, list[Any]]:
    """Those of its items that are a value an epoch."""
    columns = {}
    for name, packed in history.items():
        value = _item(packed)
        if isinstance(value, dict) and all(key.isdecimal() for key in value):  # pandas
            value = list(value.values())
        if isinstance(value, list) and not any(isinstance(cell, dict) for cell in value):
            columns[name] = value
    return columns


def _groups(values: Iterable[Any], depth: int) -> list[Table]:
    """The histories among the values, such as one a fold; what is none is passed over."""
    tables: list[Table] = []
    error = _no_history()
    for value in map(_item, values):
        if depth and isinstance(value, dict | list):
            try:
                found = _tables(value, depth - 1)
                tables += (table for table in found if names_metrics(table.names))
            except Unreadable as reason:
                error = reason
    if not tables:
        raise error
    return tables


def _of_rows(rows: list[dict[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    check_size(len(rows), len(names))
    return Table(
        [name.strip() for name in names],
        [[row.get(name) for row in rows] for name in names],
        range(1, len(rows) + 1),
        "entry",
    )


def of_columns(columns: dict[str, list[Any]], others: list[str]) -> Table:
    """The table of a dict of lists; a list that is shorter is put where a validation would."""
    epochs = _epochs(columns)
    left_out = dict.fromkeys(others, "it is no list")
    fitting: dict[str, list[Any]] = {}
    notes = []
    for name, column in columns.items():
        if len(column) == epochs:
            fitting[name] = column
        elif every := _every(name, len(column), epochs):
            fitting[name] = [None] * epochs
            fitting[name][every - 1 : every * len(column) : every] = column
            notes.append(
                f"{shown(name)} has {len(column)} values for {epochs} epochs: taken as those of "
                f"a validation every {every} epochs"
            )
        else:
            left_out[name] = f"of {epochs} epochs it has {len(column)}, and does not say which"
    check_size(epochs, len(fitting))
    return Table(
        [name.strip() for name in fitting],
        list(fitting.values()),
        range(1, epochs + 1),
        "entry",
        left_out=left_out,
        notes=notes,
    )


def _epochs(columns: dict[str, list[Any]]) -> int:
    """How many there are: as many as are counted or have a loss, else as most lists have values."""
    for name, column in columns.items():
        if is_epoch(name) or name == "loss":
            return len(column)
    return Counter(map(len, columns.values())).most_common(1)[0][0]


def _every(name: str, values: int, epochs: int) -> int | None:
    """The k of `fit(validation_freq=k)`, if only one k gives so many values."""
    if not (name.startswith("val_") and 0 < values < epochs):
        return None
    every = epochs // values
    is_it = epochs // every == values
    return every if every > 1 and is_it and epochs // (every - 1) != values else None


def _no_history() -> Unreadable:
    return Unreadable("it is JSON but no history: that is a list of numbers for each metric")
