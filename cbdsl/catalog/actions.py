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
    touches_model: bool = False
    """Whether it changes weights, or what Keras has traced: between the events of training only."""


ACTIONS = {
    action.verb: action
    for action in (
        Action("stop", False, False, 'stop ["why"]'),
        Action("fail", False, False, 'fail "why"'),
        Action("print", False, True, 'print "…"'),
        Action("warn", False, True, 'warn "…"'),
        Action("notify", False, True, 'notify "…"'),
        Action("wait", False, True, "wait N epochs"),
        Action("set", False, True, "NAME = …"),
        Action("record", False, True, "record NAME = …"),
        Action("save", False, False, 'save "path"'),
        Action("restore", False, False, "restore best of X", True),
        Action("roll back", False, False, "roll back to last good", True),
        Action("snapshot", False, False, "snapshot", True),
        Action("call", False, False, "call module.function"),
        Action("lr", True, True, "lr = …"),
        Action("optimizer", True, True, "optimizer.NAME = …", True),
        Action("freeze", True, True, 'freeze "layers"', True),
        Action("unfreeze", True, True, 'unfreeze "layers"', True),
    )
}

SETTINGS = ("lr",)
"""The settings that have a name of their own."""

SUFFIXES = {".keras": "the model", ".weights.h5": "the weights"}
"""What a file that a rule saves may be called, and what is saved then."""
