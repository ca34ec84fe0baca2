"""What a test expects, and what is said when it is not so."""

from __future__ import annotations

import pytest
from rule_tests import outcome, program, sentences

from cbdsl.ruletest import name_of, run_tests
from cbdsl.simulate.places import listed

RULES = """
param target = 0.9
param patience = 2 epochs
metric gap = val_loss - loss
enough: on epoch_end if accuracy > target print "{accuracy:.0%} is enough", stop "done"
slower: on epoch_end if loss stalls for patience lr *= 0.5
spike: on batch_end if loss > 3 then at most 2 times warn "spike {batch}"
fading: every epoch after 2 lr *= 0.99
keeps: every 2 epochs save "e-{epoch}.keras"
hello: on train_begin print "hello"
"""


@pytest.mark.parametrize(
    "lines",
    [
        ["given accuracy: 0.5 0.95", "expect enough", "expect stop"],
        ["given accuracy: 0.5 0.95", "expect enough at epoch 2", "expect no enough at epoch 1"],
        ["given accuracy: 0.5 0.95", 'expect stop "done" at epoch 2', "expect no warn"],
        ["given accuracy: 0.5 0.95", 'expect print "95% is enough"', 'expect no print "done"'],
        # At exactly 90 % in 32 bits it is not above it.
        ["given accuracy: 0.5 90%", "expect no enough"],
        ["set target = 40%", "given accuracy: 0.5 0.6", "expect enough at epoch 1"],
        ["set patience = 1 epoch", "given loss: 1 1 1", "expect slower at epoch 2, 3"],
        ["given loss: 1x5", "expect slower at epoch 3, 5", "expect no slower at epoch 4, 6, 99"],
        ["given lr: 0.01", "given epochs: 4", "expect lr 0.01 at epoch 1, 2"],
        ["given lr: 1%", "given epochs: 4", "expect lr 0.0099 at epoch 3", "expect fading"],
        ["given loss: 1 2 _", "given val_loss: 1.5 1.75 1", "expect gap 0.5 at epoch 1"],
        ["given loss: 1 2 _", "given val_loss: 1.5 1.75 1", "expect gap -0.25 at epoch 2"],
        # A derived metric is nan where it has no value; another metric is missing.
        ["given loss: 1 2 _", "expect gap nan at epoch 3", "expect loss _ at epoch 3"],
        ["given loss: inf", "expect loss inf at epoch 1"],
        ["given loss: 0.1", "expect loss 0.1 at epoch 1", "expect loss 10% at epoch 1"],
        ["given loss: 1000000", "expect loss 1000000.5 at epoch 1"],
        ["given `odd one`: 3", "expect `odd one` 3 at epoch 1"],
        ["given epochs: 5", 'expect save "e-2.keras" at epoch 2', "expect no save at epoch 3"],
        ['expect print "hello"', "expect hello", "expect no hello at epoch 1"],
        ["given batch loss: 1 4", "expect spike at epoch 1", "expect spike at epoch 1 batch 2"],
        ["given batch loss: 4x2", 'expect warn "spike 2" at epoch 1 batch 2', "expect no stop"],
        ["given batch loss: 4x2", "given epochs: 3", "expect no spike at epoch 2, 3"],
        ["given batch loss: 4x2", "expect no spike at epoch 1 batch 3"],
    ],
)
def test_passes(lines: list[str]) -> None:
    assert sentences(RULES, *lines) == []


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["expect enough"], "enough; it never fired"),
        (["expect stop"], "stop; it never came"),
        (
            ["given accuracy: 0.5x3", "expect enough at epoch 3"],
            "enough at epoch 3; it never fired",
        ),
        (
            ["given accuracy: 0.5 0.95 1 1", "expect enough at epoch 2, 3"],
            "enough at epoch 3; it fired at epoch 2 and stopped training",
        ),
        (
            ["given accuracy: 0.5 0.95 1", "expect stop at epoch 3"],
            "stop at epoch 3; it came at epoch 2",
        ),
        (
            ["given accuracy: 0.5 0.95 1", "expect fading at epoch 3"],
            "fading at epoch 3; it never fired; enough stopped training at epoch 2",
        ),
        (
            ["given accuracy: 0.5 0.95 1", "expect no enough"],
            "no enough; it fired at epoch 2",
        ),
        (
            ["given accuracy: 0.5 0.95 1", "expect no stop at epoch 1, 2"],
            "no stop at epochs 1, 2; it came at epoch 2",
        ),
        (
            ["given accuracy: 0.5 0.95", 'expect stop "enough"'],
            'stop "enough"; it came with "done" at epoch 2',
        ),
        (
            ["given accuracy: 0.95", 'expect print "enough" at epoch 1'],
            'print "enough" at epoch 1; it came with "95% is enough" at epoch 1, '
            '"hello" before epoch 1',
        ),
        (
            ["given epochs: 9", 'expect save "x.keras"'],
            'save "x.keras"; it came with "e-2.keras" at epoch 2, "e-4.keras" at epoch 4 '
            "and 2 more",
        ),
        (
            ["given loss: 1x20", "expect slower at epoch 4, 5"],
            "slower at epoch 4; it fired at epochs 3, 5, 7, 9, 11, 13, 15, 17, 19, 21",
        ),
        (
            ["given loss: 1x40", "expect slower at epoch 4"],
            "slower at epoch 4; it fired at epochs 3, 5, 7, 9, 11, 13, 15, 17, 19, 21 and 10 more",
        ),
        (
            ["given epochs: 40", "expect fading at epoch 1"],
            "fading at epoch 1; it fired at epochs 3 to 40",
        ),
        (
            ["given epochs: 4", "expect lr 0.001 at epoch 1, 2, 3"],
            "lr 0.001 at epoch 3; it was 0.00099",
        ),
        (
            ["given epochs: 4", "expect lr 0.001 at epoch 5"],
            "lr 0.001 at epoch 5; the test has 4 epochs, and more with `given epochs: 5`",
        ),
        (["expect lr 0.001 at epoch 2"],
         "lr 0.001 at epoch 2; the test has one epoch, and more with `given epochs: 2`"),
        (["given loss: 1", "expect loss 2 at epoch 1"], "loss 2 at epoch 1; it was 1"),
        (["given loss: 0.3", "expect loss _ at epoch 1"], "loss _ at epoch 1; it was 0.3"),
        (["given loss: _", "expect loss nan at epoch 1"], "loss nan at epoch 1; it was missing"),
        (["given loss: nan", "expect loss _ at epoch 1"], "loss _ at epoch 1; it was nan"),
        (["given loss: 1", "expect loss 1.00001 at epoch 1"], "loss 1.00001 at epoch 1; it was 1"),
        (["expect hello at epoch 1"], "hello at epoch 1; it fired before epoch 1"),
        (
            ["given batch loss: 1 4 4 4", "expect spike at epoch 1 batch 1"],
            "spike at epoch 1 batch 1; it fired at epoch 1 batches 2, 3",
        ),
        (
            ["given batch loss: 1 4", "given epochs: 2", "expect spike at epoch 2 batch 1"],
            "spike at epoch 2 batch 1; it fired at epoch 1 batch 2, epoch 2 batch 2",
        ),
        (
            ["given batch loss: 1 4", "expect spike at epoch 1 batch 3"],
            "spike at epoch 1 batch 3; it fired at epoch 1 batch 2; an epoch has 2 batches here",
        ),
        (
            ["given loss: 4", "expect spike at epoch 1 batch 3"],
            "spike at epoch 1 batch 3; it never fired; an epoch has no batches here",
        ),
    ],
)  # fmt: skip
def test_fails(lines: list[str], sentence: str) -> None:
    assert sentences(RULES, *lines) == [f"expected {sentence}"]


def test_a_stop_in_mid_epoch() -> None:
    rules = 'guard: on batch_end if loss is nan stop "nan"'
    lines = ["given batch loss: 1 nan 1 1", "given loss: 1x4"]
    assert sentences(rules, *lines, 'expect stop "nan" at epoch 1 batch 2') == []
    assert sentences(rules, *lines, "expect guard at epoch 1 batch 3") == [
        "expected guard at epoch 1 batch 3; it fired at epoch 1 batch 2 and stopped training"
    ]
    assert sentences(rules, *lines, "expect lr 0.001 at epoch 2") == [
        "expected lr 0.001 at epoch 2; guard stopped training at epoch 1 batch 2"
    ]


def test_rules_without_a_name_are_known_by_what_they_do() -> None:
    rules = 'on epoch_end if loss > 3 stop\non epoch_end if loss < 1 print "low"'
    assert sentences(rules, "given loss: 2 0.5 4 0.1", "expect stop at epoch 3") == []
    assert sentences(rules, "given loss: 2 0.5 4", "expect print at epoch 1") == [
        "expected print at epoch 1; it came at epoch 2"
    ]
    assert sentences(rules, "given loss: 5 0.5", "expect print at epoch 2") == [
        "expected print at epoch 2; it never came; rules.cbr:1 stopped training at epoch 1"
    ]


def test_an_action_that_failed_was_not_done() -> None:
    rules = "at epoch 1, 2 lr = 0.1 / (epoch - 1)\nfaster: on epoch_end lr = loss"
    assert sentences(rules, "given loss: nan 2", "expect faster at epoch 1, 2") == []
    assert sentences(rules, "given loss: nan 2 2", "expect lr 0.1 at epoch 2") == []
    assert sentences(rules, "given loss: nan 2 2", "expect lr 2 at epoch 3") == []


def test_every_firing_is_looked_at() -> None:
    rules = 'lower: on epoch_end if loss falls print "{epoch}"'
    lines = ["given loss: 10000-1x9999", "expect lower at epoch 2, 1002, 10000"]
    assert sentences(rules, *lines, 'expect print "10000" at epoch 10000') == []
    assert sentences(rules, *lines[:1], "expect lower at epoch 1") == [
        "expected lower at epoch 1; it fired at epochs 2 to 10000"
    ]


def test_what_a_test_sets_can_be_wrong() -> None:
    found = outcome(RULES, "set patience = 0 epochs", "expect no stop")
    assert not found.passed
    assert [str(problem) for problem in found.problems] == [
        "rules.cbr:6:41: error[CBR302]: `patience`, which is 0 epochs, is not a count"
    ]


def test_tests_leave_each_other_alone() -> None:
    text = RULES + "".join(
        f'test "{number}":\n    set target = {number}%\n    given accuracy: 0.6 0.95\n'
        f"    expect stop at epoch {1 if number < 60 else 2}\n"
        for number in (50, 70, 50, 59, 60)
        for number in [number]
    ).replace('test "50"', 'test "first"', 1)
    assert all(found.passed for found in run_tests(program(text)))


def test_names_and_patterns() -> None:
    text = RULES + "".join(
        f'test "{name}":\n    expect no stop\n' for name in ("stops late", "stops", "half\\nway")
    )
    compiled = program(text)
    assert [name_of(test) for test in compiled.tests] == ["stops late", "stops", "half\nway"]
    assert [found.name for found in run_tests(compiled, "^stops")] == ["stops late", "stops"]
    assert [found.line for found in run_tests(compiled, "stops$|way")] == [13, 15]


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([(3, None)], "at epoch 3"),
        ([(3, None), (1, None), (3, None)], "at epochs 1, 3"),
        ([(n, None) for n in (1, 2, 3, 5, 6, 8)], "at epochs 1 to 3, 5, 6, 8"),
        ([(0, None)], "before epoch 1"),
        ([(0, None), (2, None)], "before epoch 1 and at epoch 2"),
        ([(1, 2)], "at epoch 1 batch 2"),
        ([(1, 2), (1, 3), (2, 1)], "at epoch 1 batches 2, 3, epoch 2 batch 1"),
        ([(n, 1) for n in range(1, 14)],
         "at " + ", ".join(f"epoch {n} batch 1" for n in range(1, 11)) + " and 3 more epochs"),
        ([(2 * n, None) for n in range(1, 14)],
         "at epochs 2, 4, 6, 8, 10, 12, 14, 16, 18, 20 and 3 more"),
    ],
)  # fmt: skip
def test_places_in_words(places: list[tuple[int, int | None]], words: str) -> None:
    assert listed(places) == words
