"""Numbers, times, values and actions as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from cbdsl.catalog.metrics import HIGHER, SCALED, words_of

MINUS = "−"

LONGEST = 300
"""How much of one text a table shows."""

_SHARES = HIGHER & frozenset(
    "accuracy acc precision recall sensitivity specificity iou miou dice".split()
)
"""Metrics that people give in percent."""


def number(value: float | None, digits: int = 4) -> str:
    """A number to so many significant digits: `0.9542`, `5e-05`, `12,500`, `nan`."""
    if value is None:
        return "missing"
    if isinstance(value, int) and abs(value) >= 10**15:
        # It may be larger than any number with a fraction.
        return signed(cut(f"{value:,}", 40))
    if not math.isfinite(value):
        return signed(str(value))
    if float(value).is_integer() and abs(value) < 1e15:
        return signed(f"{int(value):,}")
    if abs(value) >= 10**digits:
        return signed(f"{value:,.0f}" if abs(value) < 1e9 else power(f"{value:.{digits - 1}e}"))
    text = f"{value:.{digits}g}"
    return signed(power(text) if "e" in text else text)


def power(text: str) -> str:
    """`5.000e-05` without the zeros that say nothing: `5e-05`."""
    head, _, tail = text.partition("e")
    return f"{head.rstrip('0').rstrip('.') if '.' in head else head}e{tail}"


def signed(text: str) -> str:
    """A number's text with a minus sign that is as wide as a digit."""
    return MINUS + text[1:] if text.startswith("-") else text


def percent(value: float | None) -> str:
    """A share as `95.42%`."""
    if value is None or not math.isfinite(value):
        return number(value)
    return signed(f"{100 * value:.4g}%")


def is_share(name: str, values: Iterable[float]) -> bool:
    """Whether a metric is one that people give in percent, by its name and its values."""
    words = words_of(name)
    if not SCALED.isdisjoint(words) or not any(word in _SHARES for word in words):
        return False
    return all(0 <= value <= 1 for value in values if math.isfinite(value))


def duration(seconds: float | None) -> str:
    """A time in training: `12.3 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return ""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole // 60 % 60:02} min"


def counted(count: int, what: str) -> str:
    """`1 epoch`, `12 epochs`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def times(count: int) -> str:
    """`once`, `12 times`."""
    return "once" if count == 1 else f"{count:,} times"


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def cut(text: str, longest: int = LONGEST) -> str:
    """The beginning of a text that is too long to be shown whole."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def spans(epochs: Sequence[int], most: int = 6) -> str:
    """Ascending numbers with those that follow one another together: `1–3, 7 and 9`."""
    found: list[list[int]] = []
    for epoch in epochs:
        if found and epoch == found[-1][1] + 1:
            found[-1][1] = epoch
        else:
            found.append([epoch, epoch])
    told = [str(a) if a == b else f"{a}–{b}" for a, b in found[:most]]
    return f"{', '.join(told)} …" if len(found) > most else listed(told)


def value(given: object) -> str:
    """What a rule saw, or what an action was given."""
    if given is None:
        return "missing"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | float):
        return number(given)
    if isinstance(given, list | tuple):
        return ", ".join(map(value, given))
    if isinstance(given, dict):
        return ", ".join(f"{name} {value(one)}" for name, one in given.items())
    return cut(str(given))


def action(verb: str, detail: object) -> tuple[str, str]:
    """An action as its words and the text it was given, either of which may be empty."""
    match verb, detail:
        case ("lr", int() | float()):
            return f"lr = {number(detail)}", ""
        case ("set", [str(name), given]):
            return f"{cut(name)} = {value(given)}", ""
        case ("optimizer", [str(name), given]):
            return f"optimizer.{cut(name)} = {value(given)}", ""
        case ("record", [str(name), given]):
            return f"record {cut(name)} = {value(given)}", ""
        case ("wait", [span, str(unit)]):
            return f"wait {value(span)} {unit}", ""
        case ("restore", str(metric)):
            return f"restore best of {cut(metric)}", ""
        case (_, None):
            return verb, ""
    return verb, value(detail)
