"""Reads the journal of a run: also one that a crash tore, or that still grows."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cbdsl.journal.model import (
    FORMAT,
    NAME,
    Action,
    Broken,
    Counted,
    Difference,
    End,
    Entry,
    Epoch,
    Failed,
    Fault,
    Firing,
    Journal,
    NoJournal,
    Refused,
    Reloaded,
    Resumed,
    RuleText,
    Run,
)

__all__ = ["is_journal", "read"]


def read(path: str | os.PathLike[str]) -> Journal:
    """The journal of a run.

    Args:
        path: the file, or the folder of the run.

    Raises:
        NoJournal: it is not there, cannot be read, is no journal or one of another format.
    """
    given = Path(path)
    file = given / NAME if given.is_dir() else given
    if file.is_fifo():
        # A pipe would be waited for without end.
        raise NoJournal(file, "it is no regular file")
    try:
        with file.open("rb") as opened:
            return _Reader(file).journal(opened)
    except FileNotFoundError:
        what = f"it holds no {NAME}" if file != given else "there is no such file"
        raise NoJournal(given, what) from None
    except OSError as error:
        raise NoJournal(file, f"it cannot be read: {error.strerror or error}") from error


def is_journal(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a journal, by its beginning; also one that `read` would not take."""
    try:
        # A pipe would wait for somebody who writes into it.
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as opened:
            return _BEGINS.match(opened.read(_LOOKS_AT)) is not None
    except OSError:
        return False


_BEGINS = re.compile(rb'\s*\{\s*"kind"\s*:\s*"run"')
_LOOKS_AT = 1000
"""How many bytes of a file are looked at."""


class _Wrong(Exception):
    """A line that is no line of a journal, and why."""


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path

    def journal(self, lines: Iterable[bytes]) -> Journal:
        header: Run | None = None
        entries: list[Entry] = []
        torn = False
        for number, raw in enumerate(lines, start=1):
            whole = raw.endswith(b"\n")
            try:
                if header is None:
                    header = _header(raw, whole)
                    continue
                given = _object(raw)
                entry = _entry(given) if given is not None else None
            except _Wrong as error:
                if number == 1:
                    raise NoJournal(self.path, str(error)) from None
                if not whole:
                    torn = True
                    break
                raise NoJournal(self.path, f"line {number}: {error}") from None
            if entry is not None:
                entries.append(entry)
        if header is None:
            raise NoJournal(self.path, "it is empty: the run has not begun, or was killed at once")
        return Journal(self.path, header, tuple(entries), torn)


def _object(raw: bytes) -> dict[str, Any] | None:
    """A line as it stands there; None for an empty one."""
    if not raw.strip():
        return None
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError):
        raise _Wrong("it is not JSON") from None
    if not isinstance(given, dict):
        raise _Wrong("it is no object")
    return given


def _header(raw: bytes, whole: bool) -> Run:
    try:
        given = _object(raw)
    except _Wrong:
        if not whole and raw.startswith(b'{"kind": "run"'):
            raise _Wrong("it holds half a line: the run was killed as it began") from None
        raise _Wrong("it is no journal of a run: its first line is not JSON") from None
    if given is None or given.get("kind") != "run" or "journal" not in given:
        raise _Wrong("it is no journal of a run: it does not begin with a line of the kind `run`")
    if given["journal"] != FORMAT:
        raise _Wrong(
            f"it is a journal of format {given['journal']}, and this version of cbdsl reads format "
            f"{FORMAT}: read it with the version that wrote it, cbdsl {given.get('cbdsl', '?')}"
        )
    return Run(
        version=_text(given, "cbdsl"),
        at=_text(given, "at"),
        epochs=_count(given, "epochs"),
        batches=_count(given, "batches"),
        lr=_number(given, "lr"),
        params=_params(given),
        rules=_rules(given),
        source=_text(given, "source", ""),
    )


def _entry(given: dict[str, Any]) -> Entry | None:
    """A line behind the first as data; None where it is of a kind that is not known."""
    match given.get("kind"):
        case "firing":
            return Firing(
                epoch=_whole(given, "epoch"),
                batch=_count(given, "batch"),
                step=_count(given, "step"),
                time=_time(given),
                rule=_text(given, "rule"),
                key=_text(given, "key"),
                place=_text(given, "place"),
                values=_values(given, "values"),
                actions=tuple(_actions(given)),
            )
        case "epoch":
            return Epoch(
                epoch=_whole(given, "epoch"),
                time=_time(given),
                logs=_values(given, "logs"),
                lr=_number(given, "lr"),
                counted=_counted(given),
            )
        case "failed":
            rule, key, verb = (_text(given, name) for name in ("rule", "key", "verb"))
            return Failed(_time(given), rule, key, verb, _text(given, "error"))
        case "broken":
            rule, key, error = (_text(given, name) for name in ("rule", "key", "error"))
            return Broken(_whole(given, "epoch"), _time(given), rule, key, error)
        case "fault":
            what, error = _text(given, "what"), _text(given, "error")
            return Fault(_whole(given, "epoch"), _time(given), what, error)
        case "resumed":
            return Resumed(
                at=_text(given, "at"),
                epoch=_whole(given, "epoch"),
                epochs=_count(given, "epochs"),
                batches=_count(given, "batches"),
                params=_params(given),
                rules=_rules(given),
                source=_text(given, "source", ""),
                difference=_difference(given),
            )
        case "reloaded":
            return Reloaded(
                epoch=_whole(given, "epoch"),
                time=_time(given),
                params=_params(given),
                rules=_rules(given),
                source=_text(given, "source", ""),
                difference=_difference(given),
            )
        case "refused":
            problems = tuple(map(str, _list(given, "problems")))
            return Refused(_whole(given, "epoch"), _time(given), problems)
        case "end":
            return End(
                epoch=_whole(given, "epoch"),
                time=_time(given),
                how=_text(given, "how"),
                by=_maybe(given, "by"),
                why=_maybe(given, "why"),
                counted=_counted(given),
            )
        case _:
            return None


# ------------------------------------------------------------------------------ parts of lines


def _text(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if not isinstance(value, str):
        raise _Wrong(f"`{name}` is no text")
    return value


def _maybe(given: Mapping[str, Any], name: str) -> str | None:
    return None if given.get(name) is None else _text(given, name)


def _whole(given: Mapping[str, Any], name: str) -> int:
    value = _count(given, name)
    if value is None:
        raise _Wrong(f"`{name}` is no whole number")
    return value


def _count(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise _Wrong(f"`{name}` is no whole number")
    return value


def _time(given: Mapping[str, Any]) -> float:
    value = _number(given, "time")
    if value is None:
        raise _Wrong("`time` is no number")
    return value


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise _Wrong(f"`{name}` is too large a number") from None
    value = _read(value)
    if value is not None and not isinstance(value, float):
        raise _Wrong(f"`{name}` is no number")
    return value


_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _read(value: Any) -> Any:
    """A value with the numbers that JSON does not have, and none that no float holds."""
    if isinstance(value, int) and abs(value) >= 2**1023:
        return math.inf if value > 0 else -math.inf
    return _NUMBERS.get(value, value) if isinstance(value, str) else value


def _mapping(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if not isinstance(value, dict):
        raise _Wrong(f"`{name}` is no object")
    return value


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name)
    if not isinstance(value, list):
        raise _Wrong(f"`{name}` is no list")
    return value


def _objects(given: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    for value in _list(given, name):
        if not isinstance(value, dict):
            raise _Wrong(f"`{name}` is no list of objects")
        yield value


def _values(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return {key: _read(value) for key, value in _mapping(given, name).items()}


def _params(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(_mapping(given, "params"))


def _counted(given: Mapping[str, Any]) -> Counted:
    if "counted" not in given:
        return {}
    counts = _mapping(given, "counted")
    return {key: _whole(counts, key) for key in counts}


def _rules(given: Mapping[str, Any]) -> tuple[RuleText, ...]:
    names = ("rule", "key", "place", "text")
    return tuple(RuleText(*(_text(one, n) for n in names)) for one in _objects(given, "rules"))


def _actions(given: Mapping[str, Any]) -> Iterator[Action]:
    for one in _objects(given, "actions"):
        yield Action(_text(one, "verb"), one.get("detail"), _maybe(one, "error"))


def _difference(given: Mapping[str, Any]) -> Difference:
    lists = _mapping(given, "difference")
    names = ("kept", "new", "dropped")
    kept, new, dropped = (tuple(map(str, _list({n: []} | lists, n))) for n in names)
    return Difference(kept, new, dropped)
