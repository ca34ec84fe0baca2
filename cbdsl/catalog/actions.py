"""What a rule can do."""

from __future__ import annotations

from typing import NamedTuple


class Action(NamedTuple):
    """A verb; a setting acts at the start of an epoch or batch, the others at its end."""

    verb: str
    setting: bool
    beside_setting: bool
    """Whether it may stand in one rule with a setting."""
    form: str


ACTIONS = {
    action.verb: action
    for action in (
        Action("stop", False, False, 'stop ["why"]'),
        Action("print", False, True, 'print "…"'),
        Action("warn", False, True, 'warn "…"'),
        Action("wait", False, True, "wait N epochs"),
        Action("set", False, True, "NAME = …"),
        Action("save", False, False, 'save "path"'),
        Action("lr", True, True, "lr = …"),
    )
}

SETTINGS = tuple(action.verb for action in ACTIONS.values() if action.setting)

SUFFIXES = {".keras": "the model", ".weights.h5": "the weights"}
"""What a file that a rule saves may be called, and what is saved then."""
