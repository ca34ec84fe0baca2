"""A forecast for people and for programs."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from cbdsl.diagnostics import visible
from cbdsl.diagnostics.json_text import dumped
from cbdsl.forecast.model import Forecast, Foreseen
from cbdsl.forecast.words import counted, rate, runs, value, what, when
from cbdsl.runtime.words import span_text, text32

FORMAT = 1
"""The number of the JSON's format."""

_MOST_ROWS = 20
"""How many lines of rates are shown; of more, those in the middle are left out."""

_FIRST_ROWS, _LAST_ROWS = 10, 5
"""How many of them stand before the middle and behind it."""

_WIDEST = 40
"""Up to how many characters the column of moments is made as wide as its widest cell."""

Row = tuple[str, str]


def as_text(forecast: Forecast) -> str:
    """A line a rule, and the rate of each epoch, those alike on one line."""
    blocks = [[title(forecast)], [*_rules(forecast), *_notes(forecast)], _rate(forecast)]
    return "\n\n".join(_visible_lines(block) for block in blocks if block)


def _visible_lines(lines: list[str]) -> str:
    """Lines without what could steer a terminal."""
    return "\n".join(visible(line.rstrip()) for line in lines)


def title(forecast: Forecast) -> str:
    """What is foreseen: the file, and what is known of the training."""
    planned = forecast.planned
    said = [span_text(planned.epochs, "epoch")]
    if planned.batches is not None:
        said[0] += f" of {span_text(planned.batches, 'batch')}"
    if planned.epoch_seconds is not None:
        said[0] += f", {planned.epoch_seconds:g} s each"
    said += [f"{param.name} = {value(param)}" for param in forecast.params.values()]
    return f"{forecast.name}: {', '.join(said)}"


def _rules(forecast: Forecast) -> list[str]:
    rows = [(rule.label, when(rule, forecast.planned), what(rule)) for rule in forecast.rules]
    labels = max((len(label) for label, _, _ in rows), default=0)
    moments = min(max((len(moment) for _, moment, _ in rows), default=0), _WIDEST)
    return [f"{label:<{labels}}  {moment:<{moments}}  {said}" for label, moment, said in rows]


def _notes(forecast: Forecast) -> list[str]:
    rules = forecast.rules
    notes = []
    if any(rule.is_open for rule in rules):
        notes.append("Rules with an `if` can fire then, as training goes; the others do.")
    needs: dict[tuple[str, ...], list[str]] = {}
    for rule in rules:
        if rule.needs:
            needs.setdefault(rule.needs, []).append(rule.label)
    for options, labels in needs.items():
        notes.append(f"{' and '.join(options)} would tell when: {', '.join(labels)}")
    if forecast.ending is not None:
        notes.append(f"{ending(forecast)}; what comes later would be without that")
    return ["", *notes] if notes else []


def ending(forecast: Forecast) -> str:
    """Which rule is certain to stop training, and when; empty if none is."""
    found = forecast.ending
    return "" if found is None else f"{found.rule} ends training in epoch {found.epoch}"


def _rate(forecast: Forecast) -> list[str]:
    beside = [line] if (line := left_out(forecast)) else []
    if not forecast.sets_rate:
        return [f"no rule sets the learning rate (given as {rate(forecast.planned.lr)})", *beside]
    rows = _table(forecast)
    if len(rows) > _MOST_ROWS:
        hidden = len(rows) - _FIRST_ROWS - _LAST_ROWS
        rows = [*rows[:_FIRST_ROWS], ("…", f"({hidden} lines more)"), *rows[-_LAST_ROWS:]]
    width = max(len(epochs) for epochs, _ in rows)
    lines = [f"  {epochs:<{width}}  {rates}" for epochs, rates in rows]
    return [f"learning rate, at first {rate(forecast.planned.lr)}", *lines, *beside]


def _table(forecast: Forecast) -> list[Row]:
    """Epochs of one rate, and the rate."""
    shown = [_shown([lr for _, lr in pieces]) for pieces in forecast.pieces]
    rows: list[Row] = []
    epoch = 0
    for rates, alike in groupby(shown):
        count = len(list(alike))
        rows.append((counted(range(epoch + 1, epoch + count + 1), "epoch"), rates))
        epoch += count
    return rows


def _shown(rates: list[float]) -> str:
    """The rates of an epoch: the first and the last, and what goes beyond them."""
    first, last = rates[0], rates[-1]
    if len(rates) == 1:
        return rate(first)
    beyond = []
    if min(rates) < min(first, last):
        beyond.append(f"down to {rate(min(rates))}")
    if max(rates) > max(first, last):
        beyond.append(f"up to {rate(max(rates))}")
    between = f" ({', '.join(beyond)})" if beyond else ""
    return f"{rate(first)} → {rate(last)}{between}"


def left_out(forecast: Forecast) -> str:
    """What may change the rate and is not foreseen, as one line; empty if there is nothing."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for label, needs in forecast.left_out:
        groups.setdefault(needs, []).append(label)
    told = [
        f"{', '.join(labels)} ({_needs(needs) if needs else 'only training tells'})"
        for needs, labels in groups.items()
    ]
    return f"left out: {', '.join(told)}" if told else ""


def _needs(options: tuple[str, ...]) -> str:
    return f"it takes {' and '.join(options)}"


def as_json(forecast: Forecast) -> str:
    """All of it: no table is shortened."""
    planned = forecast.planned
    data: dict[str, Any] = {
        "format": FORMAT,
        "file": forecast.name,
        **vars(planned),
        "params": {name: param.value for name, param in forecast.params.items()},
        "rules": [_as_data(rule, forecast) for rule in forecast.rules],
        "rates": [_number(lr) for lr in forecast.rates],
        "changes": [{**c._asdict(), "rate": _number(c.rate)} for c in forecast.changes],
        "left_out": [each._asdict() for each in forecast.left_out],
        "ending": forecast.ending and forecast.ending._asdict(),
    }
    return dumped(data).removesuffix("\n")


def _as_data(rule: Foreseen, forecast: Forecast) -> dict[str, Any]:
    size = forecast.planned.batches
    batches = None
    if rule.placed and rule.hook.is_batch and size is not None:
        batches = runs([(epoch - 1) * size + (batch or 0) for epoch, batch in rule.events])
    return {
        "rule": rule.label,
        "place": rule.place,
        "hook": rule.hook.name,
        "when": when(rule, forecast.planned),
        "certain": rule.certain,
        "epochs": rule.epochs if rule.placed else None,
        "batches": batches,
        "needs": rule.needs,
        "condition": rule.condition,
        "most": rule.most,
        "actions": rule.actions,
        "trouble": rule.trouble,
    }


def _number(lr: float) -> float:
    """A 32-bit number in the fewest digits that still name it."""
    return float(text32(lr))
