"""Why a rule did not fire, in sentences."""

from __future__ import annotations

import pytest
from rule_tests import reasons

RULES = """
metric gap = val_loss - loss
both: on epoch_end if accuracy > 0.9 and val_loss < 0.5 stop "enough"
either: on epoch_end if accuracy > 0.9 or val_loss < 0.5 print "either {epoch}"
neither: on epoch_end if not (accuracy > 0.9) warn "low"
five: every 5 epochs if loss > 0 save "e.keras"
bare: every 5 epochs save "f.keras"
late: on epoch_end after 3 if loss > 0 print "late"
window: every 2 epochs from 4 to 8 if loss > 0 print "w"
first: on epoch_end if loss > 0 then once print "first"
few: on epoch_end if loss > 0 then at most 2 times print "few"
alone: on epoch_end once print "alone"
rests: on epoch_end if loss > 1 print "rests", wait 2 epochs
pause: on epoch_end print "pause", wait 2 epochs
plateau: on epoch_end if loss stalls for 2 epochs lr *= 0.5, wait 3 epochs
fading: every epoch after 2 lr *= 0.99
odd: every epoch if epoch % 2 == 0 lr *= 0.9
typo: on epoch_end if losss > 0 print "t"
wide: on epoch_end if mean(loss, 3) > 2 print "wide"
apart: on epoch_end if gap > 1 print "gap"
spike: on batch_end if loss > 3 then once warn "spike"
clock: every 10 minutes print "tick"
valid: on test_end if loss > 0 print "valid"
asked: on predict_end print "asked"
leave: on interrupt if loss < 1 save "last.keras"
breaks: at epoch 2, 3 if epoch > 0 then once lr = loss / 0
"""


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            ["given accuracy: 0.95 0.8", "given val_loss: 0.6 0.4", "expect both at epoch 1"],
            "`val_loss < 0.5` is false at epoch 1",
        ),
        (
            ["given accuracy: 0.8", "given val_loss: 0.6", "expect both at epoch 1"],
            "`accuracy > 0.9` and `val_loss < 0.5` are false at epoch 1",
        ),
        (
            ["given accuracy: 1 _", "given val_loss: 1 0.4", "expect both at epoch 2"],
            "`accuracy > 0.9` is not known at epoch 2: `accuracy` has no value",
        ),
        (
            ["given accuracy: 1", "expect both at epoch 1"],
            "`val_loss < 0.5` is not known at epoch 1: the test does not give `val_loss`",
        ),
        (["given acuracy: 1", "expect both"], "the test does not give `accuracy` and `val_loss`; "
         "did you mean `acuracy`?"),
        (["given loss: 1", "expect typo"],
         "the test does not give `losss`; did you mean `loss`?"),
        (["given loss: 1 2", "expect leave"],
         "nothing interrupts: write `given interrupt at epoch 3`"),
        (["given loss: 1 2", "given interrupt at epoch 2", "expect leave"],
         "its condition is never true"),
        (["given loss: 1 2", "given interrupt at epoch 2", "expect leave at epoch 2"],
         "`loss < 1` is false at epoch 2"),
        (["given accuracy: 0.8", "given val_loss: 1", "expect both"],
         "its condition is never true"),
        # Of `or` and `not` the table tells enough.
        (["given accuracy: 0.8", "given val_loss: 1", "expect either at epoch 1"], ""),
        (["given accuracy: 1", "expect neither at epoch 1"], ""),
        # A derived metric without a value is nan.
        (["given loss: 1", "given val_loss: _", "expect apart at epoch 1"],
         "`gap > 1` is false at epoch 1"),
        (["given loss: 1", "expect wide at epoch 2"], ""),
        (["given loss: 1x4", "expect wide at epoch 2"],
         "`mean(loss, 3) > 2` is not known at epoch 2: `mean(loss, 3)` has no value"),
        (["given batch loss: 1", "expect first"], "the test does not give `loss` for epochs"),
        (["given loss: 1", "given batches: 3", "expect spike"],
         "the test does not give `loss` for batches"),
        (["given loss: 1", "given val_accuracy: 1", "expect valid"],
         "the test does not give `val_loss`; did you mean `loss`?"),
        (["given loss: 1x7", "expect five at epoch 6"],
         "its condition holds at epoch 6, but `every 5 epochs` leaves that out"),
        (["given loss: 1x7", "expect bare at epoch 6"], "`every 5 epochs` leaves epoch 6 out"),
        (["given loss: -1x7", "expect five at epoch 6"], "`every 5 epochs` leaves epoch 6 out"),
        (["given loss: 1x2", "expect late"],
         "its condition holds at epoch 1, but `after 3` leaves that out"),
        (["given loss: 1x7", "expect window at epoch 3"],
         "its condition holds at epoch 3, but `every 2 epochs from 4 to 8` leaves that out"),
        (["given loss: 1x7", "expect fading at epoch 2"], "`after 2` leaves epoch 2 out"),
        (["given epochs: 3", "expect odd at epoch 3"], "its condition is not true at epoch 3"),
        (["given loss: 1x7", "expect first at epoch 3"],
         "its condition holds at epoch 3, but it fires once and did so at epoch 1"),
        (["given loss: 1x7", "expect few at epoch 3"],
         "its condition holds at epoch 3, but it fires at most 2 times and did so at epochs 1, 2"),
        (["given loss: 1x7", "expect alone at epoch 3"], "it fires once and did so at epoch 1"),
        (["given loss: 2x7", "expect rests at epoch 3"],
         "at epoch 3 it waits: it fired at epoch 1"),
        (["given loss: 1x7", "expect pause at epoch 6"],
         "at epoch 6 it waits: it fired at epoch 4"),
        (["given loss: 1x7", "expect plateau at epoch 5"],
         "at epoch 5 it waits: it fired at epoch 3"),
        (["given loss: 1x7", "expect spike"], "no batches run: write `given batches: 100`"),
        (["given batches: 9", "expect clock"],
         "no time passes: write `given epoch takes 10 minutes`"),
        (["given loss: 1", "expect valid"],
         "no validation runs: the test gives no `val_…` metric"),
        (["given loss: 1", "expect asked"], "a test runs no predictions"),
        (["given batch loss: 4 1 5", "expect spike at epoch 1 batch 3"],
         "its condition holds at epoch 1 batch 3, but it fires once and did so "
         "at epoch 1 batch 1"),
        (["given batch loss: 1 2", "expect spike at epoch 1 batch 2"],
         "`loss > 3` is false at epoch 1 batch 2"),
        # By what is done: each rule that does it, by its name.
        (["given accuracy: 0.8", "given val_loss: 0.4", "expect stop at epoch 1"],
         "both: `accuracy > 0.9` is false at epoch 1"),
        (["given loss: 1x7", "expect save at epoch 4"],
         "five: its condition holds at epoch 4, but `every 5 epochs` leaves that out"),
        (["given loss: 1x4", 'expect print "late" at epoch 2'],
         "late: its condition holds at epoch 2, but `after 3` leaves that out"),
        (["given loss: 1x4", 'expect print "either"'],
         "no rule has a `print` that can say this"),
        (["given loss: 1", "expect loss_ 0.5 at epoch 1"],
         "the test does not give `loss_`; did you mean `loss`?"),
        (["given loss: 1 2 3", "expect lr 1 at epoch 3"],
         "breaks could not set lr at epoch 2: the learning rate would be inf"),
        # What never came needs no reason, and what came needs none.
        (["given loss: 1", "expect late at epoch 7"], ""),
        (["given loss: 1", "expect no first"], ""),
    ],
)  # fmt: skip
def test_reasons(lines: list[str], reason: str) -> None:
    assert reasons(RULES, *lines)[:1] == ([reason] if reason else [])


def test_of_several_rules_some_are_named() -> None:
    rules = "".join(f'at epoch {epoch} print "{epoch}"\n' for epoch in range(2, 9))
    assert reasons(rules, "given epochs: 9", "expect print at epoch 9") == [
        f"rules.cbr:{line}: `at epoch {line + 1}` leaves epoch 9 out" for line in (1, 2, 3)
    ]


def test_no_rule_does_it() -> None:
    assert reasons('on epoch_end print "x"', "expect save") == ["no rule has a `save`"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("a 1 b", True), ("a  b", True), ("a b", False), ("a 1 c", False), ("a 1 b 2 b", True)],
)
def test_texts_that_a_rule_could_say(text: str, said: bool) -> None:
    rule = 'on epoch_end if loss > 3 print "a {epoch} b"'
    told = reasons(rule, "given loss: 1", f'expect print "{text}" at epoch 1')
    assert told == [
        "rules.cbr:1: `loss > 3` is false at epoch 1"
        if said
        else "no rule has a `print` that can say this"
    ]
