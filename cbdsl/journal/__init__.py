"""The journal of a run: `journal.jsonl`, its lines and reading them (docs/journal.md)."""

from cbdsl.journal.lines import line
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
    Firing,
    Journal,
    NoJournal,
    Refused,
    Reloaded,
    Resumed,
    RuleText,
    Run,
)
from cbdsl.journal.reading import is_journal, read

__all__ = [
    "FORMAT",
    "NAME",
    "Action",
    "Broken",
    "Counted",
    "Difference",
    "End",
    "Entry",
    "Epoch",
    "Failed",
    "Firing",
    "Journal",
    "NoJournal",
    "Refused",
    "Reloaded",
    "Resumed",
    "RuleText",
    "Run",
    "is_journal",
    "line",
    "read",
]
