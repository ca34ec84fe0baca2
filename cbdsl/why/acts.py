"""Actions in words, as a journal has them."""

from __future__ import annotations

from typing import Any

from cbdsl.journal import Action
from cbdsl.runtime.effects import to_do
from cbdsl.runtime.words import span_text, time_text
from cbdsl.why.conditions import number


def done(action: Action) -> str:
    """What a rule did: `lr is 0.0005`, `save "best.keras"`, `could not save "a.keras": …`."""
    if action.error:
        return f"could not {_tried(action)}: {action.error}"
    return _done(action.verb, action.detail)


def _done(verb: str, detail: Any) -> str:
    match verb, detail:
        case "lr", int() | float() | str():
            return f"lr is now {_value(detail)}"
        case "set" | "optimizer" | "record", [str(name), value]:
            name = f"optimizer.{name}" if verb == "optimizer" else name
            return f"{name} is now {_value(value)}"
        case "wait", [int() | float() as span, str(unit)]:
            told = time_text(span) if unit == "second" else span_text(span, unit)
            return f"wait {told}"
        case "restore", str(metric):
            return f"restore best of {metric}"
        case "roll back", str(to):
            return f"roll back to {to if to == 'last good' else f'best of {to}'}"
        case "call", str(function):
            return f"call {function}"
        case _, str(text):
            return f'{verb} "{text}"'
        case _, None:
            return verb
        case _:
            return f"{verb} {detail}"


def _tried(action: Action) -> str:
    if action.verb in ("lr", "set", "optimizer"):
        return to_do(action.verb)
    return _done(action.verb, action.detail)


def _value(value: Any) -> str:
    return number(value) if isinstance(value, int | float) else str(value)
