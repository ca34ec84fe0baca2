"""When rules fire and can fire, in words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cbdsl.forecast import Forecast
from cbdsl.forecast.drawing import ticks
from cbdsl.forecast.words import numbers, what, when

Foresee = Callable[..., Forecast]

DECIDED = [
    ("every epoch", "end of epochs 1–20"),
    ("every epoch after 2", "end of epochs 3–20"),
    ("every 5 epochs", "end of epochs 5, 10, 15, 20"),
    ("every 2 epochs", "end of epochs 2, 4, 6, …, 20"),
    ("every 2 epochs after 50%", "end of epochs 12, 14, 16, 18, 20"),
    ("at 50%", "end of epoch 10"),
    ("at epoch 3, 4, 5, 9", "end of epochs 3–5, 9"),
    ("at epoch 21", "never in 20 epochs"),
    ("on train_begin", "start of training"),
    ("on train_end", "end of training"),
    ("on epoch_begin from 3 epochs to 4 epochs", "start of epochs 3–4"),
    ("on test_end until 3 epochs", "end of the validation in epochs 1–3"),
    ("on epoch_end if epoch % 7 == 0 then", "end of epochs 7, 14"),
    ("on epoch_end if progress > 90% then", "end of epochs 19–20"),
    ("on epoch_end if epoch > 30 then", "never in 20 epochs"),
    ("on epoch_end if (epoch > 5 for 3 epochs) then once", "end of epoch 8"),
    ("on epoch_end if epoch > 5 then at most 3 times", "end of epochs 6–8"),
    ("on predict_end", "end of every prediction"),
    ("on test_batch_begin after 2 epochs", "start of every validation batch after 2 epochs"),
    ("on batch_end", "end of every batch"),
    ("on batch_end after 2 epochs", "end of every batch from epoch 3"),
    ("every batch until 25%", "end of every batch until epoch 5"),
    ("on batch_begin from 3 epochs to 5 epochs", "start of every batch in epochs 3–5"),
]

BY_BATCH = [
    ("every 50 batches", "end of batches 50, 100, 150, …, 1000"),
    ("at batch 49, 51", "end of batches 49, 51 (epochs 1–2)"),
    ("every 10 batches until 30 batches", "end of batches 10, 20, 30 (epoch 1)"),
    ("every batch after 950 batches", "end of every batch in epoch 20"),
    ("on batch_end once", "end of batch 1 (epoch 1)"),
    ("on epoch_end after 120 batches", "end of epochs 3–20"),
]


def _print(foreseen: Foresee, rule: str, **planned: object) -> str:
    found = foreseen(f'{rule} print "x"\n', 20, **planned)
    (only,) = found.rules
    return when(only, found.planned)


@pytest.mark.parametrize(("rule", "expected"), DECIDED)
def test_when(foreseen: Foresee, rule: str, expected: str) -> None:
    assert _print(foreseen, rule) == expected
    assert _print(foreseen, rule, batches=50, epoch_seconds=60) == expected


def _written(rule: str) -> str:
    """A rule's trigger and window, as they are shown where nobody knows what they name."""
    for hook, shown in (
        ("on epoch_end", "end of every epoch"),
        ("on batch_end", "end of every batch"),
        ("every batch", "end of every batch"),
    ):
        rule = re.sub(rf"^{hook}\b", shown, rule)
    return rule.removesuffix(" once")


@pytest.mark.parametrize(("rule", "expected"), BY_BATCH)
def test_when_counted_in_batches(foreseen: Foresee, rule: str, expected: str) -> None:
    assert _print(foreseen, rule) == _written(rule)
    assert _print(foreseen, rule, batches=50) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("every 10 minutes", "end of batches 500, 1000"),
        ("every batch until 3 minutes", "end of every batch until epoch 3"),
        ("on epoch_end after 10 minutes", "end of epochs 11–20"),
    ],
)
def test_when_counted_in_time(foreseen: Foresee, rule: str, expected: str) -> None:
    assert _print(foreseen, rule) == _written(rule)
    assert _print(foreseen, rule, batches=50) == _written(rule)
    seconds = expected if "epoch_end" in rule else _written(rule)
    assert _print(foreseen, rule, epoch_seconds=60) == seconds
    assert _print(foreseen, rule, epoch_seconds=60, batches=50) == expected


@pytest.mark.parametrize(
    ("rule", "expected", "said"),
    [
        ("on epoch_end if loss > 3 stop", "end of epochs 1–20", "if loss > 3: stop"),
        ("every 5 epochs if loss > 3 then once stop", "end of epochs 5, 10, 15, 20",
         "if loss > 3, once: stop"),
        ("on epoch_end if epoch > 10 and loss > 3 stop", "end of epochs 11–20",
         "if epoch > 10 and loss > 3: stop"),
        ("on epoch_end if not (epoch <= 18 or loss > 3) stop", "end of epochs 19–20",
         "if not (epoch <= 18 or loss > 3): stop"),
        ("on epoch_end if epoch > 20 and loss > 3 stop", "never in 20 epochs",
         "if epoch > 20 and loss > 3: stop"),
        ("on epoch_end if loss is missing stop", "end of epochs 1–20", "if loss is missing: stop"),
        ("on epoch_end if optimizer.momentum > 0 stop", "end of epochs 1–20",
         "if optimizer.momentum > 0: stop"),
        ("on epoch_end if elapsed > 1 hour stop", "end of epochs 1–20",
         "if elapsed > 1 hour: stop"),
        ("on batch_end if batch == 1 stop", "end of every batch", "if batch == 1: stop"),
        ("every 9 batches if loss > 3 then at most 2 times stop", "every 9 batches",
         "if loss > 3, at most 2 times: stop"),
    ],
)  # fmt: skip
def test_open_rules(foreseen: Foresee, rule: str, expected: str, said: str) -> None:
    found = foreseen(f"{rule}\n", 20)
    assert when(found.rules[0], found.planned) == expected
    assert what(found.rules[0]) == said
    assert not found.rules[0].certain


def test_settings_are_at_the_start(foreseen: Foresee) -> None:
    found = foreseen("every 5 epochs lr *= 0.5\nevery batch lr *= 0.5\n", 20, batches=3)
    said = [when(rule, found.planned) for rule in found.rules]
    assert said == ["start of epochs 6, 11, 16", "start of every batch"]


def test_waiting_is_foreseen(foreseen: Foresee) -> None:
    found = foreseen('every epoch print "x", wait 3 epochs\n', 10)
    assert found.rules[0].epochs == [1, 5, 9]


def test_numbers_are_compressed() -> None:
    assert numbers([4]) == "4"
    assert numbers([1, 2, 4, 5, 6]) == "1–2, 4–6"
    assert numbers(range(1, 14, 2)) == "1, 3, 5, …, 13"


@pytest.mark.parametrize("most", [2, 8, 15])
@pytest.mark.parametrize("epochs", [1, 2, 9, 30, 90, 1000, 123456])
def test_ticks_are_few(epochs: int, most: int) -> None:
    found = ticks(epochs, most)
    assert found[0] == 1
    assert found == sorted(set(found))
    assert found[-1] <= epochs
    assert len(found) <= most + 1
