"""What rules would have decided on past runs, and what that would have cost."""

import math
from pathlib import Path

import pytest

import cbdsl
from cbdsl.replaying import Run, Unreadable
from cbdsl.replaying.decide import Decided, decide
from cbdsl.replaying.summary import summary
from cbdsl.replaying.sweep import BadSweep, Range, combinations, read_range

STOP = 'enough: on epoch_end if val_loss stalls for 2 epochs stop "no progress"\n'
LOSSES = [1.0, 0.8, 0.9, 0.85, 0.5, 0.6]


def run(first_epoch: int = 1, **series: list[float | None]) -> Run:
    return Run("run.csv", Path("run.csv"), series, first_epoch)


def decided(rules: str, metric: str | None = None, **series: list[float | None]) -> Decided:
    return decide(cbdsl.compile(rules), run(**series), metric)


def test_a_stop_saves_epochs_and_may_cost_something() -> None:
    done = decided(STOP, val_loss=LOSSES)
    assert (done.stopped, done.stopper, done.why) == (4, "enough", "no progress")
    assert done.saved == 2
    assert done.watched is not None
    assert (done.watched.name, done.watched.best, done.watched.best_epoch) == ("val_loss", 0.5, 5)
    assert (done.watched.kept, done.watched.kept_epoch) == (0.8, 2)
    assert done.watched.lost == pytest.approx(0.3)
    assert done.watched.lost_share == pytest.approx(0.6)


def test_what_no_rule_stops_costs_nothing() -> None:
    done = decided('a: on epoch_end if val_loss improves print "x"', val_loss=LOSSES)
    assert (done.stopped, done.saved) == (None, 0)
    assert [(f.rule, f.count, f.epochs) for f in done.fired] == [("a", 3, (1, 2, 5))]
    assert done.watched is not None
    assert done.watched.lost == 0


def test_a_stop_at_the_last_epoch_saves_nothing() -> None:
    assert decided("on epoch_end if epoch == 3 stop", loss=[3.0, 2.0, 1.0]).saved == 0


def test_higher_may_be_better() -> None:
    done = decided("on epoch_end if val_accuracy stalls for 1 epoch stop",
                   val_accuracy=[0.5, 0.4, 0.9])  # fmt: skip
    assert done.watched is not None
    assert (done.watched.best, done.watched.kept) == (0.9, 0.5)


def test_the_metric_can_be_named_or_follows_from_the_rules() -> None:
    both = {"val_loss": LOSSES, "loss": [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]}
    named = decided(STOP, "loss", **both).watched
    assert named is not None
    assert (named.name, named.best, named.kept) == ("loss", 1.0, 3.0)
    told = decided("maximize score\non epoch_end if score stalls for 1 epoch stop",
                   val_loss=LOSSES, score=[1.0, 0.5, 3.0, 4.0, 5.0, 6.0]).watched  # fmt: skip
    assert told is not None
    assert told.name == "score"
    other = decided("on epoch_end if epoch == 2 stop", odd=LOSSES)
    assert other.watched is None


def test_nan_and_missing_values_are_no_best() -> None:
    done = decided(STOP, val_loss=[math.nan, None, 0.5, math.nan, 0.4])
    assert done.watched is not None
    assert (done.watched.best, done.watched.best_epoch) == (0.4, 5)


def test_a_run_that_begins_in_the_midst_keeps_its_numbers() -> None:
    rules = "late: on epoch_end after 11 if val_loss rises stop\nevery epoch until 5 lr *= 0.5\n"
    done = decide(cbdsl.compile(rules), run(10, val_loss=[1.0, 2.0, 3.0, 4.0]))
    assert (done.first_epoch, done.stopped, done.saved) == (10, 13, 0)
    assert [f.count for f in done.fired] == [1, 0]


def test_a_metric_that_never_came_is_a_reason() -> None:
    with pytest.raises(Unreadable, match="the rules ask for `val_loss`, and it has los, val_los"):
        decided(STOP, los=LOSSES, val_los=LOSSES)
    assert decided("expects val_loss\n" + STOP, loss=LOSSES).stopped is None
    assert decided("metric gap = loss * 2\non epoch_end if gap > 1 stop", loss=LOSSES).stopped == 1


def test_rules_of_which_a_history_says_nothing_are_named() -> None:
    (note,) = decided("b: on batch_end if loss is nan stop", loss=LOSSES).notes
    assert note == "b: a history has no batches, so nothing is known of them"


def test_the_rate_begins_as_the_run_did() -> None:
    rules = 'every epoch after 1 lr *= 0.5\non train_end print "{lr}"'
    program = cbdsl.compile("on epoch_end if lr < 0.03 stop")
    assert decide(program, run(loss=[1.0, 1.0], lr=[0.02, 0.01])).stopped == 1
    assert decide(program, run(loss=[1.0, 1.0], learning_rate=[0.1, 0.01])).stopped == 2
    assert decided(rules, loss=[1.0]).stopped is None


def test_many_runs_come_to_a_few_numbers() -> None:
    runs = [decided(STOP, val_loss=LOSSES), decided(STOP, val_loss=[1.0, 0.9]),
            decided(STOP, val_loss=[0.0, 1.0, 1.0, -0.0])]  # fmt: skip
    of = summary(runs)
    assert (of.runs, of.stopped, of.epochs, of.saved) == (3, 2, 12, 3)
    assert (of.judged, of.unharmed, of.median_lost) == (3, 2, 0.0)
    assert of.worst_lost == pytest.approx(0.6)
    assert of.saved_share == 0.25
    assert summary([]).saved_share == 0


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n=2..5", (2, 3, 4, 5)),
        ("n=0.8..0.95..0.05", (0.8, 0.85, 0.9, 0.95)),
        ("n=2,5, 10", (2, 5, 10)),
        ("n=-1..1", (-1, 0, 1)),
        (" n = 3 ", (3,)),
    ],
)
def test_ranges(text: str, values: tuple[float, ...]) -> None:
    assert read_range(text) == Range("n", values)


@pytest.mark.parametrize(
    "text", ["n", "n=", "=2..3", "n=a..b", "n=2..", "n=5..2", "n=1..2..0", "n=1..9..1..1",
             "n=0..1e9", "n=1..inf", "n=2..3..-1"],
)  # fmt: skip
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(BadSweep):
        read_range(text)


def test_several_ranges_are_combined() -> None:
    both = [Range("a", (1, 2)), Range("b", (3, 4))]
    assert combinations(both) == [
        {"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}
    ]  # fmt: skip
    with pytest.raises(BadSweep, match="swept once"):
        combinations([Range("a", (1,)), Range("a", (2,))])
    with pytest.raises(BadSweep, match="more than 500"):
        combinations([Range("a", tuple(range(100))), Range("b", tuple(range(6)))])


def test_a_replay_is_a_value_that_notebooks_show() -> None:
    replay = cbdsl.replay(STOP, {"val_loss": LOSSES, "loss": LOSSES})
    assert [one.stopped for one in replay.runs] == [4]
    assert "enough would have ended it after epoch 4 of 6 (no progress): 2 epochs" in str(replay)
    assert "not known" not in str(replay)
    page = replay._repr_html_()
    assert "<td>enough</td><td>1</td><td>4</td>" in page
    assert "<svg" in page
    assert "what a changed rate would have done" in str(
        cbdsl.replay("on epoch_end if loss rises lr *= 0.5", {"loss": [1, 2]})
    )
    with pytest.raises(ValueError, match="no epoch"):
        cbdsl.replay(STOP, {})


def test_a_replay_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("epoch,val_loss\n0,1\n1,2\n2,3\n0,1\n1,0.5\n")
    replay = cbdsl.replay(STOP, tmp_path / "a.csv")
    assert [one.stopped for one in replay.runs] == [3, None]
    assert "2 runs replayed: 1 would have ended early" in str(replay)
    assert "<pre>" in replay._repr_html_()


def test_a_history_with_a_validation_every_second_epoch() -> None:
    history = {"loss": [4.0, 3.0, 2.0, 1.0], "val_loss": [1.0, 2.0]}
    replay = cbdsl.replay("a: on epoch_end if val_loss rises stop", history)
    assert [one.stopped for one in replay.runs] == [4]


@pytest.mark.parametrize("history", [{"loss": 1}, {"loss": ["a"]}, None, [1.0], {"loss": [[1.0]]}])
def test_what_is_no_history(history: object) -> None:
    with pytest.raises(ValueError, match=r"no list of numbers|dict of lists"):
        cbdsl.replay(STOP, history)  # type: ignore[arg-type]


def test_a_stop_before_the_first_epoch_comes_after_it() -> None:
    done = decided("tb: on train_begin stop", loss=[1.0, 1.0, 1.0])
    assert (done.stopped, done.saved, done.fired[0].count) == (1, 2, 1)


def test_an_infinite_best_value_is_not_lost() -> None:
    watched = decided("on epoch_end if epoch == 2 stop", loss=[1.0, -math.inf, 2.0]).watched
    assert watched is not None
    assert (watched.lost, watched.lost_share) == (0, 0)


def test_a_metric_that_is_not_there_cannot_be_watched() -> None:
    with pytest.raises(Unreadable, match="it has no `los`; did you mean `loss`"):
        decided(STOP, "los", val_loss=LOSSES, loss=LOSSES)


def test_a_history_has_no_interrupts() -> None:
    rules = 'leave: on interrupt if val_acc > 0.5 save "last.keras", stop\n'
    found = decided(STOP + rules, val_loss=LOSSES)
    assert found.notes == ("leave: needs an interrupt, and a history has none",)
    assert [(f.rule, f.count) for f in found.fired] == [("enough", 1), ("leave", 0)]
    other = "again: on interrupt snapshot\n"
    assert decided(rules + other, loss=LOSSES).notes == (
        "leave, again: need an interrupt, and a history has none",
    )
