"""What is not known spreads, and the rate is foreseen without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cbdsl.forecast import Forecast

Foresee = Callable[..., Forecast]


def _open(found: Forecast) -> list[str]:
    return [rule.label for rule in found.rules if not rule.certain]


def test_variables_of_open_rules_are_unknown(foreseen: Foresee) -> None:
    found = foreseen(
        """
let cuts = 0
let turns = 0
let deep = 0
cut: on epoch_end if val_loss stalls for 3 epochs cuts += 1
turn: every 2 epochs turns += 1
deeper: on epoch_end if cuts > 1 then once deep = 1
give_up: on epoch_end if deep == 1 stop
third: on epoch_end if turns == 3 then once stop
copy: every 3 epochs turns = turns
""",
        10,
    )
    assert _open(found) == ["cut", "deeper", "give_up"]
    assert found.rules[4].epochs == [6]
    assert found.ending == ("third", 6)
    assert len(found.rates) == 10


def test_a_variable_set_to_a_metric_is_unknown(foreseen: Foresee) -> None:
    rules = "let low = 1\nkept: every epoch low = loss\nunder: on epoch_end if low < 0.5 stop\n"
    assert _open(foreseen(rules, 5)) == ["under"]


def test_the_rate_is_unknown_to_conditions_but_goes_on(foreseen: Foresee) -> None:
    found = foreseen(
        """
cut: on epoch_end if val_loss stalls for 3 epochs lr *= 0.1
slower: every epoch if lr > 0.5 lr *= 0.8
tiny: on epoch_end if lr < 0.6 stop
""",
        5,
        lr=1.0,
    )
    assert _open(found) == ["cut", "slower", "tiny"]
    # `slower` is a schedule, so nothing says which epochs it looks at but its words.
    assert [rule.placed for rule in found.rules] == [True, False, True]
    assert found.rates == pytest.approx((0.8, 0.64, 0.512, 0.4096, 0.4096))
    assert found.left_out == (("cut", ()),)
    assert found.ending is None


def test_without_open_rules_the_rate_is_known(foreseen: Foresee) -> None:
    found = foreseen("every epoch lr *= 0.8\ntiny: on epoch_end if lr < 0.6 stop\n", 5, lr=1.0)
    assert found.ending == ("tiny", 3)
    assert found.rules[1].epochs == [3, 4, 5]


def test_what_else_is_left_out(foreseen: Foresee) -> None:
    rules = """
by_loss: every epoch lr = 0.01 / (1 + loss)
warm: every batch until 10 batches lr = 0.001 * step
timed: on epoch_end if elapsed > 10 minutes lr *= 0.5
both: every 10 minutes lr *= 0.5
use ReduceLROnPlateau(monitor="val_loss")
gone: on epoch_end if val_loss is missing lr = 0
"""
    found = foreseen(rules, 3)
    assert found.left_out == (
        ("by_loss", ()),
        ("warm", ("--batches",)),
        ("timed", ("--epoch-seconds",)),
        ("both", ("--batches", "--epoch-seconds")),
        ("gone", ()),
        ("ReduceLROnPlateau", ()),
    )
    assert found.rates == pytest.approx((0.001,) * 3)
    known = foreseen(rules, 3, batches=5, epoch_seconds=400)
    assert [rule for rule, _ in known.left_out] == ["by_loss", "gone", "ReduceLROnPlateau"]


def test_derived_metrics(foreseen: Foresee) -> None:
    found = foreseen(
        """
metric twice = 2 * epoch
metric gap = val_loss - loss
metric more = gap + twice
known: on epoch_end if twice > 7 then once stop
not_known: on epoch_end if more > 7 stop
""",
        5,
    )
    assert _open(found) == ["not_known"]
    assert found.rules[0].epochs == [4]


def test_rates_within_epochs(foreseen: Foresee) -> None:
    found = foreseen("warm: every batch until 3 batches lr = 0.5 * step\n", 3, batches=2, lr=8.0)
    assert found.rates == (8.0, 1.0, 1.5)
    assert found.pieces == [[(0, 0.5), (1, 1.0)], [(0, 1.5)], [(0, 1.5)]]
    assert found.steps == [(0, 0.5), (0.5, 1.0), (1, 1.5), (2, 1.5)]


def test_a_rate_set_at_a_batchs_end_holds_from_the_next(foreseen: Foresee) -> None:
    found = foreseen("on batch_end lr *= 0.5\n", 2, batches=2, lr=8.0)
    assert found.pieces == [[(0, 8.0), (1, 4.0)], [(0, 2.0), (1, 1.0)]]


def test_a_rate_that_cannot_be_set_is_told(foreseen: Foresee) -> None:
    for rule in ("every epoch lr = log(0 - epoch)", "on epoch_end lr = log(0 - epoch)"):
        found = foreseen(f"{rule}\n", 3)
        trouble = found.rules[0].trouble
        assert trouble is not None
        assert "nan" in trouble
        assert found.rates == pytest.approx((0.001,) * 3)


def test_no_stop_ends_a_forecast(foreseen: Foresee) -> None:
    found = foreseen("early: on batch_end stop\nlate: at epoch 2 stop\n", 4, batches=3)
    assert [len(rule.events) for rule in found.rules] == [12, 1]
    assert found.ending == ("early", 1)


def test_nobody_knows_when_somebody_interrupts(foreseen: Foresee) -> None:
    rules = """
        let low = 0
        leave: on interrupt after 2 epochs save "last.keras", stop
        less: on interrupt if loss > 3 lr *= 0.5
        lower: on interrupt low = 1
        then_so: on epoch_end if low == 1 stop
    """
    found = foreseen(rules, 5, batches=4)
    assert [rule.trigger for rule in found.rules[:2]] == [
        "needs an interrupt after 2 epochs",
        "needs an interrupt",
    ]
    assert all(not rule.placed and not rule.needs for rule in found.rules[:3])
    assert _open(found) == ["leave", "less", "lower", "then_so"]
    assert [left.rule for left in found.left_out] == ["less"]
    assert found.ending is None
