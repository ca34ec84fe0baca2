"""Tables: the journal, and the numbers of all epochs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from cbdsl.journal import Action, Firing
from cbdsl.report import words
from cbdsl.report.markup import Child, Element, el
from cbdsl.report.model import Entry, Note, Run, Value

MOST_ENTRIES = 200
"""How many lines of the journal are shown."""

MOST_EPOCHS = 400
"""How many epochs the table of numbers has; of more, every so many."""

MOST_COLUMNS = 60
"""How many metrics the table of numbers has."""

_MOST_VALUES = 12
"""How many values of a firing are shown."""


def scrolled(table: Element, label: str) -> Element:
    """A table that may be wider than the page, to be scrolled by keyboard too."""
    return el("div", table, class_="scrolled", role="region", aria_label=label, tabindex=0)


# ---------------------------------------------------------------- the journal


def journal(run: Run) -> Element:
    """What happened, a row each, in the order in which it did."""
    shown, left = chosen(run)
    head = el(
        "tr",
        *(el("th", name, scope="col", role="columnheader") for name in _HEAD),
        role="row",
    )
    return el(
        "table",
        el("caption", *_caption(run, len(shown), left)),
        el("thead", head, role="rowgroup"),
        el("tbody", *map(_row, shown), role="rowgroup"),
        class_="journal",
        role="table",
    )


_HEAD = ("epoch", "time", "rule", "what it saw", "what it did")


def chosen(run: Run) -> tuple[list[Entry], Counter[str]]:
    """The entries that are shown, and how many firings of each rule are not.

    A rule that fires all the time does not drive out those that fire once: each has the same
    share of the room, its first firings and more of its last.
    """
    firings = Counter(fired.key for fired in run.firings)
    notes = len(run.entries) - len(run.firings)
    room, rules = max(MOST_ENTRIES - notes, MOST_ENTRIES // 4), len(firings)
    share: dict[str, int] = {}
    for key, count in sorted(firings.items(), key=lambda pair: pair[1]):
        share[key] = min(count, room // rules)
        room, rules = room - share[key], rules - 1
    seen: Counter[str] = Counter()
    left: Counter[str] = Counter()
    shown: list[Entry] = []
    for entry in run.entries:
        if isinstance(entry, Firing):
            seen[entry.key] += 1
            first = share[entry.key] // 4
            last = firings[entry.key] - (share[entry.key] - first)
            if first < seen[entry.key] <= last:
                left[entry.rule] += 1
                continue
        shown.append(entry)
    # Notes alone may be more than there is room for; the last ones tell how it went on.
    return shown[-2 * MOST_ENTRIES :], left


def _caption(run: Run, shown: int, left: Counter[str]) -> Iterator[Child]:
    yield f"{words.counted(shown, 'line')} of the journal, in the order in which they happened."
    if left:
        some = [f"{rule} {count:,}" for rule, count in left.most_common(6)]
        more = " and others" if len(left) > 6 else ""
        yield f" Left out: {words.counted(left.total(), 'firing')} ({', '.join(some)}{more}); "
        yield el("code", run.journal)
        yield " has all that were written."
    if run.unwritten:
        what = "firing was" if run.unwritten == 1 else "firings were"
        yield f" {run.unwritten:,} more {what} counted and not written."


def _row(entry: Entry) -> Element:
    epoch = f"{entry.epoch}" if entry.epoch else "start"
    where = [el("strong", epoch)]
    if isinstance(entry, Firing) and entry.batch is not None:
        where.append(el("span", f" batch {entry.batch:,}"))
    time = _cell(words.duration(entry.time), class_="time")
    cells: list[Child]
    if isinstance(entry, Note):
        kind = "bad" if entry.bad else "note"
        cells = [
            _cell(words.cut(entry.about), class_="who"),
            _cell("", class_="saw"),
            _cell(el("span", words.cut(entry.text), class_=kind), class_="did"),
        ]
    else:
        cells = [
            _cell(el("code", words.cut(entry.rule)), class_="who"),
            _cell(*_saw(entry), class_="saw"),
            _cell(*_did(entry), class_="did"),
        ]
    return el("tr", _cell(*where, class_="when"), time, *cells, role="row")


def _cell(*children: Child, class_: str) -> Element:
    return el("td", *children, class_=class_, role="cell")


def _saw(fired: Firing) -> Iterator[Child]:
    for name, value in list(fired.values.items())[:_MOST_VALUES]:
        yield el("span", f"{words.cut(name)} ", el("strong", words.value(value)), class_="value")
        yield " "
    more = len(fired.values) - _MOST_VALUES
    if more > 0:
        yield f"and {more} more"


def _did(fired: Firing) -> Iterator[Child]:
    for action in fired.actions[:_MOST_VALUES]:
        yield el("span", *_action(action), class_="action")
        yield " "
    more = len(fired.actions) - _MOST_VALUES
    if more > 0:
        yield f"and {more} more"


def _action(action: Action) -> Iterator[Child]:
    said, text = words.action(action.verb, action.detail)
    yield el("code", said)
    if text:
        yield f" {text}"
    if action.error:
        yield el("span", f" failed: {words.cut(action.error)}", class_="bad")


# ---------------------------------------------------------------- the numbers


def every(run: Run) -> int:
    """Of how many epochs one is in the table of numbers."""
    return -(-len(run.epochs) // MOST_EPOCHS) or 1


def numbers(run: Run) -> Element:
    """All that was logged, a row an epoch."""
    step = every(run)
    shown = [n for n in range(len(run.epochs)) if n % step == 0 or n == len(run.epochs) - 1]
    columns: list[tuple[str, Sequence[Value]]] = [
        (name, [epoch.logs.get(name) for epoch in run.epochs])
        for name in run.columns[:MOST_COLUMNS]
    ]
    if run.rates is not None:
        columns.append(("learning rate", run.rates))
    texts = [aligned([values[n] for n in shown]) for _, values in columns]
    rows = []
    for row, index in enumerate(shown):
        epoch = run.epochs[index]
        rows.append(
            el(
                "tr",
                el("th", f"{epoch.number}", scope="row"),
                *(el("td", column[row]) for column in texts),
                el("td", words.duration(epoch.time)),
            )
        )
    names = ["epoch", *(words.cut(name, 60) for name, _ in columns), "time"]
    return el(
        "table",
        el("caption", "Logged at the end of each epoch"),
        el("thead", el("tr", *(el("th", name, scope="col") for name in names))),
        el("tbody", *rows),
        class_="numbers",
    )


def aligned(values: Sequence[Value]) -> list[str]:
    """A column's texts, with the same decimals where the values are near enough to each other."""
    finite = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0]
    if all(v.is_integer() for v in finite) or not finite:
        return [_cell_text(v, words.number) for v in values]
    low, high = min(finite), max(finite)
    if high >= 1e7 or high < 1e-3 or high / low > 1e5:
        return [_cell_text(v, lambda one: words.signed(f"{one:.3e}")) for v in values]
    decimals = min(max(4 - math.floor(math.log10(high)) - 1, 0), 6)
    if low < high / 100:
        decimals = min(decimals + 2, 6)
    return [_cell_text(v, lambda one: words.signed(f"{one:,.{decimals}f}")) for v in values]


def _cell_text(value: Value, told: Callable[[float], str]) -> str:
    if value is None:
        return "–"
    return told(value) if math.isfinite(value) else words.number(value)
