"""An entry as a line of a journal."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["line"]


def line(entry: Mapping[str, Any]) -> bytes:
    """An entry as a line of a journal, whatever numbers are in it."""
    text = json.dumps(_plain(entry), ensure_ascii=False, allow_nan=False)
    # A path that is no text, in the message of an error, becomes what JSON has for it.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _plain(value: Any) -> Any:
    """A value as JSON has it, which knows neither nan nor infinity: those become text."""
    if isinstance(value, float):
        # Also of NumPy's numbers those that are floats: they would be written by their names.
        return float(value) if math.isfinite(value) else str(float(value))
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else str(number)
