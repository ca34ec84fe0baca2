"""What rules do beside stopping and saving, over numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

import cbdsl
from cbdsl.simulate import Simulated, simulate
from cbdsl.simulate.drive import Silent

NAN = math.nan


def run(text: str, series: dict[str, Sequence[float | None]], **more: Any) -> Simulated:
    program = cbdsl.compile(text)
    assert not program.diagnostics
    return simulate(program.plan, program.module, series, **more)


def done(found: Simulated, verb: str) -> list[tuple[int, Any]]:
    """Where an action was done, and what it was given."""
    return [
        (firing.epoch, action.detail)
        for firing in found.record.firings
        for action in firing.actions
        if action.verb == verb and action.error is None
    ]


def failed(found: Simulated) -> list[str]:
    return [a.error for f in found.record.firings for a in f.actions if a.error]


class Files(Silent):
    """A disk that holds names alone."""

    def __init__(self) -> None:
        super().__init__()
        self.there: list[str] = []

    def save(self, rule: Any, path: str) -> None:
        if path in self.there:
            self.there.remove(path)
        self.there.append(path)

    def remove(self, rule: Any, path: str) -> None:
        self.there.remove(path)


# ------------------------------------------------------------------------------- files


def kept(text: str, series: dict[str, Sequence[float | None]]) -> list[str]:
    files = Files()
    run(text, series, effects=files)
    return files.there


def test_the_newest_files_stay() -> None:
    text = 'on epoch_end save "m{epoch}.keras" keep 2'
    assert kept(text, {"loss": [1.0] * 5}) == ["m4.keras", "m5.keras"]


def test_a_path_that_comes_again_is_one_file() -> None:
    text = 'on epoch_end save "m{epoch % 3}.keras" keep 2'
    assert kept(text, {"loss": [1.0] * 5}) == ["m1.keras", "m2.keras"]


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("loss", [5, 3, 4, 1, 2], ["m4.keras", "m5.keras"]),
        ("accuracy", [5, 3, 4, 1, 2], ["m1.keras", "m3.keras"]),
        ("loss", [NAN, None, 3, 3, 3], ["m3.keras", "m4.keras"]),
        ("loss", [NAN, None, 3], ["m3.keras"]),
        ("loss", [1, 1, 1], ["m1.keras", "m2.keras"]),
    ],
)
def test_the_best_files_stay(metric: str, values: list[float], best: list[str]) -> None:
    text = f'on epoch_end save "m{{epoch}}.keras" keep best 2 of {metric}'
    assert kept(text, {metric: values}) == best


def test_a_better_file_of_the_same_name_stays() -> None:
    text = 'on epoch_end save "m-{loss:.1f}.keras" keep best 1 of loss'
    found = run(text, {"loss": [0.306, 0.314, 0.313]})
    assert done(found, "save") == [(1, "m-0.3.keras")]


def test_what_is_not_among_the_best_is_not_saved() -> None:
    text = 'on epoch_end save "m{epoch}.keras" keep best 1 of loss, print "{epoch}"'
    found = run(text, {"loss": [3, 4, 2, 5]})
    assert done(found, "save") == [(1, "m1.keras"), (3, "m3.keras")]
    assert len(done(found, "print")) == 4


def test_a_save_that_fails_deletes_nothing() -> None:
    class Full(Files):
        def save(self, rule: Any, path: str) -> None:
            if path == "m3.keras":
                raise OSError("no space left on device")
            super().save(rule, path)

    files = Full()
    text = 'on epoch_end save "m{epoch}.keras" keep 1'
    found = run(text, {"loss": [1.0] * 3}, effects=files)
    assert files.there == ["m2.keras"]
    assert failed(found) == ["OSError: no space left on device"]


# ------------------------------------------------------------------------------- the rate


SCHEDULE = "schedule lr:\n    hold at 0.1 for 4 epochs\n    hold at 0.01 for the rest\n"


def rates(text: str, values: Sequence[float], **more: Any) -> list[float]:
    return [round(rate, 7) for rate in run(text, {"val_loss": values}, **more).rates]


def test_a_cut_below_a_schedule_lasts() -> None:
    text = SCHEDULE + "on epoch_end if val_loss > 2 lr *= 0.5"
    assert rates(text, [1, 3, 1, 1, 1, 1]) == [0.1, 0.1, 0.05, 0.05, 0.005, 0.005]


def test_a_rate_of_zero_is_cut_as_well() -> None:
    text = "schedule lr every batch:\n    linear from 0 to 0.1 over 4 epochs\n"
    text += "on epoch_end if val_loss > 2 lr /= 2"
    # The first epoch is over at a rate above 0, so cut in the first batch:
    early = text.replace("on epoch_end", "on train_begin").replace("if val_loss > 2 ", "")
    assert rates(early, [1] * 4, batches=2) == pytest.approx([0, 0.0125, 0.025, 0.0375])


def test_a_limit_shortens_the_factor_too() -> None:
    text = "limit lr from 0.08 to 1\n" + SCHEDULE.replace("0.01", "0.2")
    text += "on epoch_end if val_loss > 2 lr *= 0.5"
    # To 0.08 and not to 0.05: the factor is 0.8.
    assert rates(text, [3, 1, 1, 1, 1]) == pytest.approx([0.1, 0.08, 0.08, 0.08, 0.16])


def test_a_schedule_beyond_its_limit_is_cut_from_there() -> None:
    text = "limit lr from 0 to 0.05\n" + SCHEDULE + "on epoch_end if val_loss > 2 lr *= 0.5"
    assert rates(text, [3, 1, 1, 1, 1]) == pytest.approx([0.05, 0.025, 0.025, 0.025, 0.005])


def test_every_epoch_a_factor() -> None:
    text = SCHEDULE + "every epoch after 2 lr *= 0.5"
    assert rates(text, [1] * 5) == pytest.approx([0.1, 0.1, 0.05, 0.025, 0.00125])


def test_a_factor_that_is_none_changes_nothing() -> None:
    text = SCHEDULE + "on epoch_end lr *= val_loss"
    found = run(text, {"val_loss": [NAN, None, 1]})
    assert failed(found) == [
        "ValueError: the learning rate would be nan",
        "ValueError: the learning rate would be missing",
    ]
    assert found.rates == pytest.approx([0.1] * 3)


def test_the_rate_in_the_logs_is_that_of_the_schedule() -> None:
    found = run(SCHEDULE + 'on epoch_end print "{learning_rate}"', {"val_loss": [1] * 5})
    assert [logs["learning_rate"] for logs in found.logs] == found.rates


def test_a_schedule_that_does_not_fit_is_said_before_training() -> None:
    text = "schedule lr:\n    hold for 10 batches\n    linear to 0.01 over 2 epochs\n"
    with pytest.raises(cbdsl.CbrError, match="how many batches an epoch has") as error:
        run(text, {"loss": [1]})
    assert error.value.diagnostics[0].code == "CBR501"


# ------------------------------------------------------------------------- logs and ends


def test_what_is_recorded_is_in_the_logs_from_the_first_epoch_on() -> None:
    text = "on epoch_end if loss < 2 record half = loss / 2\non batch_end record seen = loss"
    found = run(text, {"loss": [3, 1]}, batch_series={"loss": [7, 8]})
    assert found.logs[0]["seen"] == found.logs[1]["seen"] == 8
    assert math.isnan(found.logs[0]["half"])
    assert found.logs[1]["half"] == 0.5


def test_a_recorded_metric_is_one_for_the_rules_below() -> None:
    text = "on epoch_end record half = loss / 2\nlow: on epoch_end if half < 1 stop"
    assert run(text, {"loss": [3, 1, 1]}).epochs == 2


def test_a_name_that_the_model_reports_is_left_alone() -> None:
    found = run("on epoch_end record loss = 7", {"loss": [3]})
    assert found.logs[0]["loss"] == 3
    assert failed(found) == ["ValueError: the model reports a metric `loss` itself"]


def test_fail_ends_the_training() -> None:
    found = run('on epoch_end if loss > 2 fail "it is {loss}"', {"loss": [1, 3, 1]})
    assert found.epochs == 2
    assert done(found, "fail") == [(2, "it is 3")]
    assert found.record.stopped is found.record.firings[0]


# --------------------------------------------------------------------------- going back


def test_after_three_roll_backs_training_ends() -> None:
    text = "on epoch_end if loss is nan roll back to last good"
    found = run(text, {"loss": [1, NAN, NAN, 1, NAN, NAN, NAN, NAN]})
    assert [epoch for epoch, _ in done(found, "roll back")] == [2, 3, 5, 6, 7]
    assert done(found, "stop") == [(7, "rolled back 3 times without a good epoch in between")]


def test_an_epoch_that_is_taken_back_is_no_good_one() -> None:
    found = run("on epoch_end if loss > 0 roll back to last good", {"loss": [1] * 8})
    assert found.epochs == 3


def test_what_could_not_be_rolled_back_is_not_counted() -> None:
    text = "on batch_end if loss > 0 roll back to best of val_loss"
    found = run(text, {"val_loss": [1]}, batch_series={"loss": [1] * 5})
    assert len(failed(found)) == 5
    assert done(found, "stop") == []


def test_at_most_says_how_often_instead() -> None:
    text = "on epoch_end if loss is nan then at most 5 times roll back to last good"
    found = run(text, {"loss": [NAN] * 8})
    assert len(done(found, "roll back")) == 5
    assert found.epochs == 8


def test_rules_below_do_not_see_what_was_taken_back() -> None:
    text = """
    first: on epoch_end if loss > 2 print "above"
    again: on epoch_end if loss > 2 roll back to last good
    third: on epoch_end if loss > 2 or loss is missing print "{loss}"
    at_start: on epoch_begin if loss > 2 print "{loss}"
    """
    found = run(text, {"loss": [1, 3, 1]})
    assert done(found, "print") == [(2, "above"), (2, "missing")]
    assert found.logs[1]["loss"] == 3


# ------------------------------------------------------------------------ what is outside


def test_settings_and_variables() -> None:
    text = """
    variable weight
    at epoch 2 optimizer.momentum *= 2, print "{optimizer.momentum}"
    on epoch_end weight += 1, print "{weight}"
    """
    found = run(text, {"loss": [1] * 3}, given={"optimizer.momentum": 0.25, "weight": 5})
    assert [held["optimizer.momentum"] for held in found.held] == [0.25, 0.5, 0.5]
    assert [held["weight"] for held in found.held] == [5, 6, 7]
    assert done(found, "print") == [(1, "6"), (2, "0.5"), (2, "7"), (3, "8")]


def test_what_is_not_known_cannot_be_multiplied() -> None:
    found = run("variable w\non epoch_end w *= 2, optimizer.rho *= 2", {"loss": [1]})
    assert failed(found) == [
        "ValueError: `w` would be missing",
        "ValueError: `optimizer.rho` would be missing, since it is off or not there",
    ]
