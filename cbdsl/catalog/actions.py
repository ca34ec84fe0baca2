"""What a rule can do."""

from __future__ import annotations

import re
from typing import NamedTuple

from cbdsl.catalog.forms import Form


class Action(NamedTuple):
    """A verb; a setting acts at the start of an epoch or batch, the others at its end."""

    verb: str
    setting: bool
    beside_setting: bool
    """Whether it may stand in one rule with a setting."""
    form: str
    doc: str
    """What it does, in its shortest form."""
    forms: tuple[str, ...] = ()
    """How it is written in full, where `form` is not all."""
    more: tuple[Form, ...] = ()
    """Longer forms that do more."""
    touches_model: bool = False
    """Whether it changes weights, or what Keras has traced: between the events of training only."""

    @property
    def uses(self) -> tuple[Form, ...]:
        """Everything that can be written with the verb, and what it does."""
        return (Form(self.forms or (self.form,), self.doc), *self.more)


_CHANGES = "+= -= *= /="

ACTIONS = {
    action.verb: action
    for action in (
        Action(
            "stop",
            False,
            False,
            'stop ["why"]',
            "ends training after this batch or epoch; the rules below still act",
        ),
        Action(
            "fail",
            False,
            False,
            'fail "why"',
            "the same, and the training counts as failed: the command ends with 1, and in a script "
            "`fit` raises `cbdsl.TrainingFailed` when all rules are done; callbacks behind them in "
            "the list miss the end",
        ),
        Action("print", False, True, 'print "…"', "a line on the terminal, on standard output"),
        Action(
            "warn", False, True, 'warn "…"', "the same with `warning:` before it, on standard error"
        ),
        Action(
            "notify",
            False,
            True,
            'notify "…"',
            "a message to the addresses that the caller gives, sent beside the training; the file "
            "holds none",
        ),
        Action(
            "wait",
            False,
            True,
            "wait N epochs",
            "the rule rests: it does not fire in the next N epochs, batches, or until the time is "
            "over",
            forms=("wait SPAN",),
        ),
        Action(
            "set",
            False,
            True,
            "NAME = …",
            "a variable; one that is true or false takes a condition, with `=`",
            forms=("NAME = E", _CHANGES),
        ),
        Action(
            "record",
            False,
            True,
            "record NAME = …",
            "a number into the logs of this epoch, as a metric; the last one stays",
            forms=("record NAME = E",),
        ),
        Action(
            "save",
            False,
            False,
            'save "path"',
            "`.keras` the model, `.weights.h5` the weights, below the run directory: complete, or "
            "not there",
            more=(
                Form(
                    ('save "path" keep N',),
                    "the same, and of the files of this rule only those of its last N saves stay",
                ),
                Form(
                    ('save "path" keep best N of X',),
                    "saves if X is among the best N of this rule's files; the others go",
                ),
            ),
        ),
        Action(
            "restore",
            False,
            False,
            "restore best of X",
            "the weights as they were at the end of the epoch with the best X of this training, "
            "this one included",
            touches_model=True,
        ),
        Action(
            "roll back",
            False,
            False,
            "roll back to last good",
            "weights and optimizer, but for the rate, as they were "
            "([rolling back](language.md#rolling-back))",
            forms=("roll back to last good", "roll back to best of X"),
            touches_model=True,
        ),
        Action(
            "snapshot",
            False,
            False,
            "snapshot",
            "keeps weights and optimizer as the last good ones",
            touches_model=True,
        ),
        Action(
            "call",
            False,
            False,
            "call module.function",
            "a function of yours, as `function(model, epoch, logs)`, where the caller allows it: "
            '`--allow call`, `allow=["call"]`',
        ),
        Action(
            "lr",
            True,
            True,
            "lr = …",
            "the learning rate, never below 0",
            forms=("lr = E", _CHANGES),
        ),
        Action(
            "optimizer",
            True,
            True,
            "optimizer.NAME = …",
            "a setting of the optimizer, from the next batch on",
            forms=("optimizer.NAME = E", _CHANGES),
            touches_model=True,
        ),
        Action(
            "freeze",
            True,
            True,
            'freeze "layers"',
            "the layers of that name can no longer learn, `*` and `?` standing for anything, those "
            "inside of others too, from the next batch on",
            touches_model=True,
        ),
        Action(
            "unfreeze",
            True,
            True,
            'unfreeze "layers"',
            "the layers of that name, meant likewise, can learn again, from the next batch on",
            touches_model=True,
        ),
    )
}

SETTINGS = ("lr",)
"""The settings that have a name of their own."""

SUFFIXES = {".keras": "the model", ".weights.h5": "the weights"}
"""What a file that a rule saves may be called, and what is saved then."""

DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE
)
"""Names that Windows takes for devices, whatever their ending."""

LONGEST_NAME = 200
"""How many characters a name in a path may have: systems end at 255 bytes, and the names of files
that are not finished yet are longer."""

RUN_FILES = frozenset(
    ("rules.cbr", "callbacks.py", "history.csv", "journal.jsonl", "report.html", "run.json")
)
"""What the folder of a run may hold, beside what rules save."""
