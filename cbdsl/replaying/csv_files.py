"""Files of keras.callbacks.CSVLogger, and what people and spreadsheets make of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import pairwise, zip_longest
from typing import NamedTuple

from cbdsl.replaying.cells import number
from cbdsl.replaying.history import Unreadable, shown
from cbdsl.replaying.tables import Table, check_size, names_metrics, so_many

__all__ = ["read_csv"]

_SEPARATORS = (",", ";", "\t", "|", " ")
_SAMPLE = 100  # lines by which the separator is told
_END = "end"  # Stands behind the last line: where it is not a row, a quote is open.
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+(?:[eE][+-]?\d+)?\s*")


class _Row(NamedTuple):
    line: int
    cells: list[str]  # stripped, without the empty ones at the end
    width: int  # with those
    is_data: bool


def read_csv(text: str) -> list[Table]:
    """The tables of a text, one for each header in it that values follow.

    Args:
        text: with `\\n` for every line end.

    Raises:
        Unreadable: no line names columns, a row does not fit under the names, or a quote is open.
    """
    lines = text.split("\n")
    found = _all_rows(lines, _separator(lines[:_SAMPLE]))
    headers = _headers(found)
    if not headers:
        raise _no_header(found)
    notes = []
    if early := [row for row in found[: headers[0]] if row.is_data]:
        where = f"the first in line {early[0].line}"
        notes.append(f"{so_many(len(early))} above the header and not read, {where}")
    if not text.endswith("\n") and found[-1].width < len(found[headers[-1]].cells):
        notes.append(f"line {found.pop().line} is cut off in its midst and not read")
    tables = [_table(found[at:end]) for at, end in pairwise([*headers, len(found)])]
    tables[0].notes += notes
    return tables


# ---------------------------------------------------------------- rows


def _all_rows(lines: list[str], separator: str) -> list[_Row]:
    found = list(_rows([*lines, _END], separator))
    last = found.pop()
    if last.cells != [_END]:
        raise Unreadable(f"a quote opens in line {last.line} and is closed nowhere: close it")
    return found


def _rows(lines: list[str], separator: str) -> Iterator[_Row]:
    """The rows that are not blank; raises Unreadable."""
    line = 1
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    try:
        for raw in reader:
            cells = [cell.strip() for cell in raw]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                if separator != ",":
                    cells = [_with_point(cell) for cell in cells]
                yield _Row(line, cells, len(raw), _is_data(cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"line {line} has no cells ({error}): is a quote left open?") from None


def _with_point(cell: str) -> str:
    is_number = "," in cell and _DECIMAL_COMMA.fullmatch(cell)
    return cell.replace(",", ".") if is_number else cell


def _is_data(cells: list[str]) -> bool:
    """Whether a row holds values. Rows of text are headers, titles and remarks."""
    is_text = False
    for cell in cells:
        try:
            if number(cell) is not None:
                return True
        except ValueError:
            is_text = True
    return not is_text


def _separator(sample: list[str]) -> str:
    """The one under which the most cells are numbers and as many as the header has names."""
    text = "\n".join(sample)
    return max(
        (separator for separator in _SEPARATORS if separator in text),
        key=lambda separator: _fit(sample, separator),
        default=",",
    )


def _fit(sample: list[str], separator: str) -> tuple[int, int]:
    """How many cells are numbers under a header, and how many rows are as wide as it."""
    try:
        found = list(_rows(sample, separator))
    except Unreadable:
        return 0, 0
    headers = _headers(found)
    numbers = wide = 0
    for at, end in pairwise([*headers, len(found)]):
        width = len(found[at].cells)
        fitting = [row for row in found[at:end] if row.is_data and len(row.cells) <= width]
        numbers += sum(_is_number(cell) for row in fitting for cell in row.cells)
        wide += sum(len(row.cells) == width for row in fitting)
    return numbers, wide


def _is_number(cell: str) -> bool:
    try:
        return number(cell) is not None
    except ValueError:
        return False


# ---------------------------------------------------------------- headers


def _headers(found: list[_Row]) -> list[int]:
    """Where the names of columns stand.

    A header is text, and values follow. Titles may stand before it, units behind. Any header but
    the first repeats names of the first: other text between rows is a remark.
    """
    headers: list[int] = []
    start = 0  # of the texts that stand before the row that is looked at
    for at, row in enumerate(found):
        if row.is_data:
            texts = [text for text in range(start, at) if len(found[text].cells) >= len(row.cells)]
            sure = [text for text in texts if names_metrics(found[text].cells)]
            headers += (sure or texts)[-1:]
            start = at + 1
    first = next((at for at in headers if names_metrics(found[at].cells)), min(headers, default=0))
    names = set(found[first].cells) if headers else set()
    return [at for at in headers if at >= first and not names.isdisjoint(found[at].cells)]


def _no_header(found: list[_Row]) -> Unreadable:
    if not found:
        return Unreadable("it is empty but for separators: the training ended too soon")
    values = next((at for at, row in enumerate(found) if row.is_data), None)
    if values is None:
        if names_metrics(found[-1].cells):
            return Unreadable("it names metrics but holds no epoch: the training ended too soon")
        return Unreadable(
            f"it is no table of numbers: line {found[0].line} begins {shown(found[0].cells[0])}"
        )
    if values:
        return _too_wide(found[values], found[values - 1])
    return Unreadable(
        f"no line names the columns: line {found[0].line} holds values already. "
        "Put a line such as `epoch,loss,val_loss` before it"
    )


def _too_wide(row: _Row, header: _Row) -> Unreadable:
    return Unreadable(
        f"line {row.line} has {len(row.cells)} cells, and the header in line {header.line} has "
        f"{len(header.cells)}: give each training a header of its own, and put semicolons "
        "between numbers with decimal commas"
    )


def _table(found: list[_Row]) -> Table:
    header, *below = found
    below = [row for row in below if row.is_data]
    names = [header.cells[0].lstrip("# "), *header.cells[1:]]
    check_size(len(below), len(names))
    for row in below:
        if len(row.cells) > len(names):
            raise _too_wide(row, header)
    columns = zip_longest(names, *(row.cells for row in below), fillvalue="")
    return Table(
        names,
        [list(column[1:]) for column in columns],
        [row.line for row in below],
        short=frozenset(row.line for row in below if row.width < len(names)),
    )
