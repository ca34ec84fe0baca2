"""What the statements, triggers, predicates, phases and test lines look like, and what they mean.

The grammar says how they are read; this says it to people.
"""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """Ways to write one thing, as a reader would, and what it means in Markdown."""

    forms: tuple[str, ...]
    doc: str


def _form(*forms: str, doc: str) -> Form:
    return Form(forms, doc)


STATEMENTS = (
    _form(
        "param NAME = literal",
        doc=(
            'a value that the caller may replace: `--set NAME=…`, `params={"NAME": …}`. It keeps '
            "the literal's type; a span is given as the number of its unit, a time in seconds"
        ),
    ),
    _form(
        "let NAME = literal",
        doc=(
            "a variable, a number or true/false, that rules set; it has this value when training "
            "begins"
        ),
    ),
    _form(
        "variable NAME",
        doc=(
            "a `keras.Variable` of the caller's that rules and schedules set: "
            '`params={"NAME": v}`, or else the attribute `NAME` of the model'
        ),
    ),
    _form(
        "metric NAME = expression",
        doc=(
            "a metric computed from others at the end of every epoch, before any rule, and put "
            "into the logs: History and callbacks behind the rules see it. It may use series, and "
            "derived metrics above it"
        ),
    ),
    _form(
        "expects NAME, …",
        doc=(
            "metrics that come from elsewhere, from another callback or an own `train_step`; "
            "nobody wonders where they are until training ends without them"
        ),
    ),
    _form(
        "minimize NAME",
        "maximize NAME",
        doc="which direction is better, where the name does not tell",
    ),
    _form(
        "limit lr from A to B",
        doc=(
            "every rate that rules and schedules write is kept between the two; a rate that "
            "nobody writes is left as it is"
        ),
    ),
    _form(
        'include "other.cbr"',
        doc=(
            "the statements of another file, in this place. The path is relative to the file it "
            "stands in, and stays in the first file's folder"
        ),
    ),
    _form(
        'resume from "folder"',
        doc=(
            "the model, the optimizer and all that rules remember are saved in that folder of the "
            "run at each epoch's end, and a training that was broken off goes on from there "
            "([resuming](language.md#resuming))"
        ),
    ),
    _form(
        "use Name(key=literal, …)",
        doc=(
            "one of [Keras's own callbacks](reference.md#keras-callbacks), among the rules in file "
            "order"
        ),
    ),
    _form(
        "schedule TARGET:",
        doc=(
            "what the rate, a setting or a variable is at each epoch or batch "
            "([schedules](language.md#schedules))"
        ),
    ),
    _form('test "name":', doc="a test of the rules ([tests](language.md#tests))"),
)

TRIGGERS = (
    _form("on HOOK", doc="at that hook of Keras"),
    _form(
        "on interrupt",
        doc=(
            "when the process was sent a SIGINT (Ctrl-C) or a SIGTERM: at the next end of a batch "
            "or an epoch ([interrupts](language.md#interrupts))"
        ),
    ),
    _form("every epoch", "every batch", doc="at each"),
    _form(
        "every N epochs",
        "every N batches",
        doc="whenever N more are done, counted from the start of training",
    ),
    _form(
        "every N seconds",
        "every N minutes",
        "every N hours",
        doc="at the first batch's end at or past each multiple of that time",
    ),
    _form("at epoch N, M", "at batch N", doc="at those"),
    _form("at 50%", doc="at that part of the planned epochs"),
)

PREDICATES = (
    _form(
        "X improves [by D]",
        doc=(
            "X is better by more than D than at its last improvement. The first value that is not "
            "nan is one"
        ),
    ),
    _form(
        "X stalls for N epochs [by D]",
        doc=(
            "N epochs have passed without an improvement. Also `batches`, a time, and `values`, "
            "which counts only epochs that have the metric"
        ),
    ),
    _form(
        "C for N epochs",
        doc=(
            "the condition C is true and has been for the last N epochs; also `batches` and a "
            "time. Epochs where nobody knows do not break it"
        ),
    ),
    _form("X rises", "X falls", doc="X is higher (lower) than the value before"),
    _form(
        "X crosses above V",
        "X crosses below V",
        doc="X is past V, and at the event before was not",
    ),
    _form("X is nan", "is finite", "is missing", "is not …", doc="as it says"),
)

PHASES = (
    _form("linear [from A] to B over SPAN", doc="A + (B-A)·t"),
    _form("cosine [from A] to B over SPAN", doc="B + (A-B)·(1 + cos πt)/2"),
    _form("exponential [from A] to B over SPAN", doc="A·(B/A)^t"),
    _form("sqrt [from A] to B over SPAN", doc="A + (B-A)·√t"),
    _form("polynomial(p) [from A] to B over SPAN", doc="B + (A-B)·(1-t)^p"),
    _form("hold [at V] for SPAN", doc="V, or what it was"),
    _form("step by F every SPAN for SPAN", doc="A·F^⌊u⌋"),
    _form("decay exponential by R per SPAN for SPAN", doc="A·R^u"),
    _form("decay inverse by R per SPAN for SPAN", doc="A/(1 + R·u)"),
    _form("decay inverse_sqrt by R per SPAN for SPAN", doc="A/√(1 + R·u)"),
    _form("cycle from A to B every SPAN for SPAN", doc="a triangle: A, B at half, A"),
    _form(
        "repeat [last N phases] [M times] [scaling by F] [stretching by G]",
        doc="again, M more times, or to the end",
    ),
)

TEST_LINES = (
    _form("set PARAM = literal", doc="a parameter's value in this test"),
    _form(
        "given NAME: values",
        doc="a metric's values, one an epoch; a metric that is not given is missing",
    ),
    _form("given batch NAME: values", doc="one a batch, the same in every epoch"),
    _form("given lr: V", doc="the rate at the beginning, else 0.001"),
    _form(
        "given optimizer.NAME: V",
        "given VARIABLE: V",
        doc="what a setting or a caller's variable is at the beginning, else missing",
    ),
    _form(
        "given epochs: N",
        "given batches: N",
        doc="how many are planned, else as many as values are given, or an interrupt needs",
    ),
    _form(
        "given epoch takes 10 minutes",
        doc="how long an epoch lasts, else no time; its batches take equal parts",
    ),
    _form(
        "given interrupt at epoch N [batch B]",
        doc="that an interrupt is answered at that epoch's or batch's end",
    ),
    _form(
        "expect [no] RULE [at epoch N, M [batch B]]",
        doc=("that a rule fires, at all of these epochs (at none of them); without a place at all"),
    ),
    _form(
        'expect [no] VERB ["text"] [at …]',
        doc=(
            "that `stop`, `fail`, `print`, `warn`, `notify`, `save`, `restore`, `roll back`, "
            "`snapshot`, `freeze`, `unfreeze` or `call` is done, with this text, path, metric, "
            "layers or function"
        ),
    ),
    _form(
        "expect NAME V at epoch N",
        doc=(
            "the value of a metric in the logs, to 1e-6 of it; for `lr`, `optimizer.NAME` and a "
            "caller's variable the value that epoch began with"
        ),
    ),
)
