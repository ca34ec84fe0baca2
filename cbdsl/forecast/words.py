"""Epochs, batches and moments in words."""

from __future__ import annotations

from collections.abc import Sequence

from cbdsl.checks.context import ParamValue
from cbdsl.forecast.model import Foreseen, Planned
from cbdsl.runtime.words import span_text, text, time_text

_MOST_RUNS = 6
"""How many runs of numbers are listed; of more, the middle is left out."""

_SHOWN = 3
"""How many of them stand before the middle."""


def when(rule: Foreseen, planned: Planned) -> str:
    """When a rule fires, or can fire: `end of epochs 5, 10, 15`."""
    if not rule.placed:
        return rule.trigger
    if not rule.events:
        return f"never in {span_text(planned.epochs, 'epoch')}"
    moment = "start" if rule.hook.begins else "end"
    name = rule.hook.name
    if name.startswith("train_"):
        return f"{moment} of training"
    if name.startswith("test_"):
        return f"{moment} of the validation in {counted(rule.epochs, 'epoch')}"
    if rule.hook.is_batch:
        return f"{moment} of {_batches(rule, planned)}"
    return f"{moment} of {counted(rule.epochs, 'epoch')}"


def _batches(rule: Foreseen, planned: Planned) -> str:
    size, epochs = planned.batches, rule.epochs
    if size is None or len(rule.events) == size * len(epochs):
        return f"every batch{_within(epochs, planned.epochs)}"
    steps = [(epoch - 1) * size + (batch or 0) for epoch, batch in rule.events]
    lasting = counted(steps, "batch")
    is_part = len(runs(epochs)) == 1 and len(epochs) < planned.epochs
    return f"{lasting} ({counted(epochs, 'epoch')})" if is_part else lasting


def _within(epochs: Sequence[int], planned: int) -> str:
    """The epochs in which something happens at every batch."""
    if len(epochs) == planned:
        return ""
    if len(epochs) == 1:
        return f" in epoch {epochs[0]}"
    if len(epochs) == epochs[-1]:
        return f" until epoch {epochs[-1]}"
    if len(epochs) == planned - epochs[0] + 1:
        return f" from epoch {epochs[0]}"
    return f" in {counted(epochs, 'epoch')}"


def counted(values: Sequence[int], unit: str) -> str:
    """`epoch 5`, `epochs 1–3, 7`, `batches 100, 200, 300, …, 3000`."""
    plural = "batches" if unit == "batch" else f"{unit}s"
    return f"{unit if len(values) == 1 else plural} {numbers(values)}"


def numbers(values: Sequence[int]) -> str:
    """Ascending numbers, those in a row as a range; of many the middle is left out."""
    ranges = [str(a) if a == b else f"{a}–{b}" for a, b in runs(values)]
    if len(ranges) > _MOST_RUNS:
        ranges = [*ranges[:_SHOWN], "…", ranges[-1]]
    return ", ".join(ranges)


def runs(values: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending numbers as ranges of those in a row, both ends included."""
    found: list[tuple[int, int]] = []
    for value in values:
        if found and value == found[-1][1] + 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


def what(rule: Foreseen) -> str:
    """What a rule does; before that its condition and limit, unless it is known when it fires."""
    limits = []
    if rule.condition and (rule.is_open or not rule.is_reached):
        limits.append(f"if {rule.condition}")
    if rule.most and not rule.certain:
        limits.append(rule.most)
    actions = ", ".join(rule.actions)
    said = f"{', '.join(limits)}: {actions}" if limits else actions
    return f"{said} (not possible: {rule.trouble})" if rule.trouble else said


def value(param: ParamValue) -> str:
    """A parameter's value as rules have it: `90%`, `3 epochs`, `10 minutes`."""
    if isinstance(param.value, str):
        return f'"{param.value}"'
    if isinstance(param.value, bool):
        return str(param.value).lower()
    if param.is_percent:
        return f"{param.value * 100:.10g}%"
    if param.kind == "time":
        return time_text(param.value)
    return span_text(param.value, param.unit) if param.unit else text(param.value)


def rate(lr: float) -> str:
    """A learning rate in as many digits as tell people something."""
    return f"{lr:.6g}"
