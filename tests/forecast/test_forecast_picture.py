"""Pictures of forecasts."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest

from cbdsl.forecast import Forecast
from cbdsl.forecast.drawing import is_logarithmic, ranges, thinned
from cbdsl.forecast.picture import picture

Foresee = Callable[..., Forecast]

RULES = """
warm_up: every batch until 50 batches lr = 0.0001 * step
a_very_long_name_of_a_rule: on epoch_end if loss < 0.1 print "$x$ {loss} $y$ LONG"
late: at epoch 400 print "漢字"
done: at epoch 8 stop
timed: every 10 minutes save "now.keras"
""".replace("LONG", "a text that does not fit on a line " * 4)


@pytest.fixture(scope="module")
def found(foreseen: Foresee) -> Forecast:
    return foreseen(RULES, 10, batches=10)


@pytest.mark.parametrize(
    ("form", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_the_same_rules_make_the_same_picture(found: Forecast, form: str, start: bytes) -> None:
    data = picture(found, form)
    assert data.startswith(start)
    assert picture(found, form) == data


def test_what_stands_in_it(found: Forecast) -> None:
    svg = picture(found, "svg").decode()
    # Letters are drawn as curves; beside each text stands what it says.
    said = [html.unescape(text) for text in re.findall(r"<!-- (.*?) -->", svg)]
    for text in (
        "rules.cbr: 10 epochs of 10 batches",
        "done ends training in epoch 8",
        "learning rate",
        "epoch",
        "warm_up",
        "a_very_long_name_of_a_r…",
        "lr = 0.0001 * step",
        'never: print "漢字"',
        'every 10 minutes (it takes - -epoch-seconds): save "now.keras"',
        "fires",
        "can fire, if its condition holds",
        "0.004",
        "10",
    ):
        assert text in said
    assert any("$x$ {loss} $y$" in text and text.endswith("…") for text in said)


def test_of_no_rules_and_of_many(foreseen: Foresee) -> None:
    picture(foreseen('use CSVLogger(filename="log.csv")\n', 1, lr=0.0), "png")
    many = "".join(f'every {n} epochs print "x"\n' for n in range(2, 61))
    svg = picture(foreseen(many, 100), "svg").decode()
    assert "epoch (19 more rules are not drawn)" in svg


def test_large_ones_stay_small(foreseen: Foresee) -> None:
    rules = 'every batch lr *= 0.9999\nevery 2 batches print "x"\n'
    assert len(picture(foreseen(rules, 10, batches=5000), "svg")) < 500_000


def test_ranges(found: Forecast) -> None:
    warm_up, named, late, done, _ = found.rules
    assert ranges(warm_up, found.planned) == [(0, 5)]
    assert ranges(named, found.planned) == [(0, 10)]
    assert ranges(late, found.planned) == []
    assert ranges(done, found.planned) == [(7, 8)]


def test_ranges_that_cannot_be_told_apart_are_one(foreseen: Foresee) -> None:
    found = foreseen('every 5 batches print "x"\non train_end print "x"\n', 2, batches=10)
    assert ranges(found.rules[0], found.planned) == [(0.4, 0.5), (0.9, 1), (1.4, 1.5), (1.9, 2)]
    assert ranges(found.rules[0], found.planned, gap=0.41) == [(0.4, 2)]
    assert ranges(found.rules[1], found.planned) == [(2, 2)]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("at epoch 30, 60, 80 lr *= 0.1", True),
        ("every epoch lr *= 0.99", False),
        ("every epoch lr = 0.01 * (1 + cos(3.14159 * epoch / epochs))", False),
        ("every 45 epochs lr = 0", False),
    ],
)
def test_scale(foreseen: Foresee, rules: str, expected: bool) -> None:
    assert is_logarithmic(foreseen(f"{rules}\n", 90)) == expected


def test_thinned() -> None:
    steps = [(float(n), 1.0) for n in range(10)]
    assert thinned(steps, 10) == steps
    assert thinned(steps, 4) == [(0, 1), (3, 1), (6, 1), (9, 1)]
