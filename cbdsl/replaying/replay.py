"""Rules over a past run, as a value that notebooks show."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cbdsl.program import Program
from cbdsl.replaying.decide import Decided, decide
from cbdsl.replaying.history import Run, Unreadable
from cbdsl.replaying.json_files import of_columns
from cbdsl.replaying.read import read
from cbdsl.replaying.report import PLAINLY, many_as_text, one_as_text
from cbdsl.replaying.runs import runs

History = Mapping[str, Sequence[float | None]] | str | os.PathLike[str]


class Replay:
    """What rules would have decided on past runs.

    Attributes:
        runs: the decisions, a run each.
        histories: the runs themselves, in the same order.
    """

    def __init__(self, runs: list[Decided], histories: list[Run], sets_rate: bool) -> None:
        self.runs = runs
        self.histories = histories
        self._sets_rate = sets_rate

    def __str__(self) -> str:
        if len(self.runs) == 1:
            told = one_as_text(self.runs[0])
        else:
            told = many_as_text(self.runs, [])
        return f"{told}\n{PLAINLY}" if self._sets_rate else told

    def __repr__(self) -> str:
        return f"<cbdsl.Replay of {len(self.runs)} run{'' if len(self.runs) == 1 else 's'}>"

    def _repr_html_(self) -> str:
        """A table, and for a single run a picture, where matplotlib is installed."""
        parts = [self._table()]
        if len(self.runs) == 1:
            parts.append(self._picture())
        return "\n".join(part for part in parts if part)

    def _table(self) -> str:
        if len(self.runs) > 1:
            return f"<pre>{html.escape(str(self))}</pre>"
        (decided,) = self.runs
        rows = [
            f"<tr><td>{html.escape(fired.rule)}</td><td>{fired.count}</td>"
            f"<td>{_some(fired.epochs)}</td></tr>"
            for fired in decided.fired
        ]
        head = "<tr><th>rule</th><th>would have fired</th><th>at epochs</th></tr>"
        told = html.escape(str(self).splitlines()[0])
        end = "".join(f"<p>{html.escape(line)}</p>" for line in _below(decided, str(self)))
        return f"<p>{told}</p><table>{head}{''.join(rows)}</table>{end}"

    def _picture(self) -> str:
        try:
            from cbdsl.replaying.pictures import as_svg, run_picture

            return as_svg(run_picture(self.histories[0], self.runs[0]))
        except ImportError:
            return ""


def _some(epochs: tuple[int, ...]) -> str:
    told = ", ".join(map(str, epochs[:20]))
    return told + (" …" if len(epochs) > 20 else "")


def _below(decided: Decided, text: str) -> list[str]:
    """What the text says below the lines of the rules."""
    return [line.strip() for line in text.splitlines()[1 + len(decided.fired) :]]


def replay_of(program: Program, history: History) -> Replay:
    """What a program would have decided on the runs of a history: see `cbdsl.replay`."""
    if isinstance(history, Mapping):
        found = _given(history)
    elif isinstance(history, str | os.PathLike):
        found = read(history)
    else:
        raise Unreadable("a history is a dict of lists, or the path of a file")
    return Replay([decide(program, run) for run in found], found, program.plan.sets_rate)


def _given(history: Mapping[str, Sequence[float | None]]) -> list[Run]:
    """The run of a dict of lists; a shorter list is that of a validation every so many epochs."""
    columns: dict[str, list[float | None]] = {}
    for name, values in history.items():
        try:
            columns[str(name)] = [None if value is None else float(value) for value in values]
        except (TypeError, ValueError):
            raise Unreadable(f"`{name}` is no list of numbers") from None
    if not columns:
        raise Unreadable("the history holds no epoch")
    return runs([of_columns(columns, [])], Path(), "history")
