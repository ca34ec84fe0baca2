"""Replays for people and for programs: text, JSON, CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from cbdsl.diagnostics import visible
from cbdsl.diagnostics.json_text import dumped
from cbdsl.replaying.decide import Decided, Fired
from cbdsl.replaying.summary import Summary, summary

FORMAT = 1
"""The number of the JSON's format."""

PLAINLY = "Decisions are replayed; what a changed rate would have done to the metrics is not known."
"""What a replay cannot tell, for rules that change the rate."""

_EPOCHS_TOLD = 12

Refused = tuple[str, str]
"""A history that was not replayed, and why."""


def one_as_text(decided: Decided) -> str:
    """A single run: what each rule would have done, and what a stop would have cost."""
    lines = [f"{visible(decided.run)}: {_epochs(decided)}{_best(decided)}"]
    width = max((len(fired.rule) for fired in decided.fired), default=0)
    lines += [f"  {fired.rule:<{width}}  {_times(fired)}" for fired in decided.fired]
    if decided.stopped is not None:
        why = f" ({visible(decided.why)})" if decided.why else ""
        last = decided.first_epoch + decided.epochs - 1
        when = f"after epoch {decided.stopped} of {last}{why}"
        cost = f"{_counted(decided.saved, 'epoch')} saved, {_lost(decided)}"
        lines.append(f"  {decided.stopper} would have ended it {when}: {cost}")
    lines += [f"  note: {visible(note)}" for note in decided.notes]
    return "\n".join(lines)


def _epochs(decided: Decided) -> str:
    counted = _counted(decided.epochs, "epoch")
    return counted if decided.first_epoch == 1 else f"{counted} from {decided.first_epoch} on"


def _best(decided: Decided) -> str:
    watched = decided.watched
    if watched is None:
        return ""
    return f", best {watched.name} {watched.best:.4g} at epoch {watched.best_epoch}"


def _times(fired: Fired) -> str:
    if not fired.count:
        return "would not have fired"
    told = ", ".join(map(str, fired.epochs[:_EPOCHS_TOLD]))
    more = fired.count - min(len(fired.epochs), _EPOCHS_TOLD)
    rest = f" and {more} more" if more else ""
    if fired.count == 1:
        return f"would have fired once, at epoch {told}"
    return f"would have fired {fired.count} times, at epochs {told}{rest}"


def _lost(decided: Decided) -> str:
    watched = decided.watched
    if watched is None:
        return "at what cost is not known"
    if not watched.lost:
        return f"no {watched.name} lost"
    return (
        f"{watched.name} {watched.kept:.4g} instead of {watched.best:.4g}"
        f" ({_share(watched.lost_share)} lost)"
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _share(share: float) -> str:
    return "all" if math.isinf(share) else f"{share:.1%}"


# ------------------------------------------------------------------------------- many runs

_HEAD = ("run", "epochs", "stopped after", "saved", "metric", "best", "kept", "lost")


def many_as_text(decided: Sequence[Decided], refused: Sequence[Refused]) -> str:
    """A table, a line a run, and below it what it comes to."""
    folder = _folder([one.run for one in decided] + [name for name, _ in refused])
    rows = [_HEAD, *(_row(one, folder) for one in decided)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_aligned(row, widths) for row in rows] if decided else []
    lines += _refused(refused, folder)
    return "\n".join([*lines, "", summary_text(summary(decided), len(refused))])


def _folder(names: Sequence[str]) -> str:
    """The folder that all runs are in, which the lines of a table need not repeat."""
    first, last = min(names), max(names)
    common = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[: first.rfind("/", 0, common) + 1]


def _refused(refused: Sequence[Refused], folder: str) -> list[str]:
    return [
        f"{visible(name.removeprefix(folder))}: not replayed: {visible(reason)}"
        for name, reason in refused
    ]


def _row(decided: Decided, folder: str) -> tuple[str, ...]:
    watched = decided.watched
    metric = ("", "", "", "")
    if watched:
        lost = _share(watched.lost_share) if watched.lost else "0"
        metric = (watched.name, f"{watched.best:.4g}", f"{watched.kept:.4g}", lost)
    stopped = "" if decided.stopped is None else str(decided.stopped)
    run = visible(decided.run.removeprefix(folder))
    return (run, str(decided.epochs), stopped, str(decided.saved), *metric)


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    name, *numbers = row
    cells = [f"{name:<{widths[0]}}"]
    cells += [f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=True)]
    return "  ".join(cells).rstrip()


def summary_text(of: Summary, refused: int) -> str:
    """What many replays come to, in two or three sentences."""
    told = f"{_counted(of.runs, 'run')} replayed"
    told += f", {refused} not" if refused else ""
    told += (
        f": {of.stopped} would have ended early, "
        f"{of.saved:,} of {_counted(of.epochs, 'epoch')} saved ({of.saved_share:.0%})"
    )
    if not of.judged:
        return told
    cost = f"{of.unharmed} of {of.judged} would have lost nothing"
    if of.worst_run is not None:
        cost += (
            f"; lost on the median {_share(of.median_lost)}, at worst {_share(of.worst_lost)} "
            f"({visible(of.worst_run)})"
        )
    return f"{told}\n{cost}"


def compared_as_text(
    names: tuple[str, str], pairs: Sequence[tuple[Decided, Decided]], refused: Sequence[Refused]
) -> str:
    """Two files of rules side by side over the same runs."""
    first, second = names
    head = ("run", "epochs", f"{first} stops", "lost", f"{second} stops", "lost")
    folder = _folder([one.run for one, _ in pairs] + [name for name, _ in refused])
    rows = [head]
    for one, other in pairs:
        run = visible(one.run.removeprefix(folder))
        rows.append((run, str(one.epochs), *_beside(one), *_beside(other)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_aligned(row, widths) for row in rows]
    lines += _refused(refused, folder)
    for name, decided in zip(names, zip(*pairs, strict=True), strict=False):
        lines += ["", f"{name}: {summary_text(summary(decided), len(refused))}"]
    return "\n".join(lines)


def _beside(decided: Decided) -> tuple[str, str]:
    watched = decided.watched
    lost = "" if watched is None else _share(watched.lost_share) if watched.lost else "0"
    return ("" if decided.stopped is None else str(decided.stopped), lost)


# ----------------------------------------------------------------------------- for programs


def as_data(decided: Decided) -> dict[str, Any]:
    """A replay as plain data; numbers that JSON does not know become text."""
    watched = decided.watched
    return {
        "run": decided.run,
        "epochs": decided.epochs,
        "first_epoch": decided.first_epoch,
        "fired": [vars(fired) | {"epochs": list(fired.epochs)} for fired in decided.fired],
        "stopped": decided.stopped,
        "stopper": decided.stopper,
        "why": decided.why,
        "saved": decided.saved,
        "watched": watched
        and {
            "metric": watched.name,
            "best": _plain(watched.best),
            "best_epoch": watched.best_epoch,
            "kept": _plain(watched.kept),
            "kept_epoch": watched.kept_epoch,
            "lost": _plain(watched.lost),
            "lost_share": _plain(watched.lost_share),
        },
        "notes": list(decided.notes),
    }


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def as_json(
    replays: Mapping[str, Sequence[Decided]], refused: Sequence[Refused], **more: Any
) -> str:
    """All replays, by the file of rules, and the histories that were not replayed."""
    data = {
        "format": FORMAT,
        "replays": {name: [as_data(one) for one in decided] for name, decided in replays.items()},
        "not_replayed": [{"history": name, "reason": reason} for name, reason in refused],
        **more,
    }
    return dumped(data).removesuffix("\n")


_COLUMNS = (
    "rules", "run", "epochs", "stopped", "saved", "metric", "best", "best_epoch", "kept",
    "kept_epoch", "lost", "lost_share",
)  # fmt: skip


def as_csv(replays: Mapping[str, Sequence[Decided]]) -> str:
    """A row a run."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for name, decided in replays.items():
        for one in decided:
            stopped = "" if one.stopped is None else one.stopped
            row: list[Any] = [visible(name), visible(one.run), one.epochs, stopped, one.saved]
            if one.watched:
                w = one.watched
                row += [
                    visible(w.name),
                    w.best,
                    w.best_epoch,
                    w.kept,
                    w.kept_epoch,
                    w.lost,
                    w.lost_share,
                ]
            writer.writerow([*row, *[""] * (len(_COLUMNS) - len(row))])
    return text.getvalue().rstrip("\n")
