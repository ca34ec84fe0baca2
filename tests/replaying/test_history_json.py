"""`History.history` as JSON, in the shapes in which people save it."""

import contextlib
import json
import math

import pytest

from cbdsl.replaying import Unreadable

HISTORY = {"loss": [0.5, 0.25], "val_loss": [1.0, 2.0]}
ROWS = [{"epoch": 0, "loss": 0.5, "val_loss": 1}, {"epoch": 1, "loss": 0.25, "val_loss": 2}]
BY_NUMBER = {"loss": {"0": 0.5, "1": 0.25}, "val_loss": {"0": 1, "1": 2}}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(HISTORY),
        json.dumps(HISTORY, indent=4),
        "\ufeff" + json.dumps(HISTORY) + "\n",
        json.dumps(json.dumps(HISTORY)),
        json.dumps(json.dumps(json.dumps(HISTORY))),
        json.dumps(str(HISTORY)),
        str(HISTORY),
        json.dumps({name: str(values) for name, values in HISTORY.items()}),
        json.dumps({name: [str(value) for value in values] for name, values in HISTORY.items()}),
        json.dumps({name: [[value] for value in values] for name, values in HISTORY.items()}),
        json.dumps({"history": HISTORY, "epoch": [0, 1], "params": {"epochs": 2}}),
        json.dumps({"epoch": [0, 1], **HISTORY}),
        json.dumps(ROWS),
        "\n".join(map(json.dumps, ROWS)),
        "\n".join(map(str, ROWS)),
        json.dumps(list(map(json.dumps, ROWS))),
        json.dumps(BY_NUMBER),
        json.dumps({"0": ROWS[0], "1": ROWS[1]}),
        json.dumps({"model": HISTORY}),
        "{'loss': [np.float32(0.5), np.float64(0.25)], "
        "'val_loss': array([1.0, 2.0], dtype=float32)}",
    ],
)
def test_shapes(run, text):
    found = run(text)
    assert found.series == HISTORY
    assert (found.first_epoch, found.notes) == (1, ())


def test_numbers_that_json_does_not_know(run):
    loss = run('{"loss": [NaN, Infinity, -Infinity, null, "nan", 1]}').series["loss"]
    assert math.isnan(loss[0])
    assert loss[1:4] == [math.inf, -math.inf, None]
    assert math.isnan(loss[4])


def test_numbers_of_a_python_literal(run):
    loss = run("{'loss': [nan, inf, -inf, None, np.nan, 1e-05]}").series["loss"]
    assert [str(value) for value in loss] == ["nan", "inf", "-inf", "None", "nan", "1e-05"]


def test_a_number_of_thousands_of_digits(run):
    assert run('{"loss": [1' + "0" * 5000 + "]}").series["loss"] == [math.inf]


def test_epochs_beside_the_history(run):
    assert run('{"history": {"loss": [1, 2]}, "epoch": [5, 6]}').first_epoch == 6


def test_what_is_no_metric(run):
    found = run('{"loss": [1, 2], "ok": [true, false], "day": ["mo", "tu"], "epochs_planned": 2}')
    assert found.series == {"loss": [1.0, 2.0]}
    assert found.left_out == {
        "epochs_planned": "it is no list",
        "ok": "it holds no numbers: `True` in entry 1",
        "day": "it holds no numbers: `mo` in entry 1",
    }


@pytest.mark.parametrize(
    ("epochs", "values", "every"),
    [(6, 2, 3), (10, 5, 2), (9, 4, 2), (10, 1, None), (10, 4, None), (4, 6, None), (3, 0, None)],
)
def test_validation_every_few_epochs(run, epochs, values, every):
    found = run(json.dumps({"loss": [1] * epochs, "val_loss": list(range(values))}))
    if every is None:
        assert list(found.series) == ["loss"]
        reason = f"of {epochs} epochs it has {values}, and does not say which"
        assert found.left_out == {"val_loss": reason}
    else:
        expected = [None] * epochs
        expected[every - 1 :: every] = [float(value) for value in range(values)]
        assert found.series["val_loss"] == expected
        assert f"every {every} epochs" in found.notes[0]


def test_other_lists_of_another_length(run):
    assert list(run('{"lr": [0.1], "loss": [1, 2], "batches": [1, 2, 3]}').series) == ["loss"]
    assert list(run('{"a": [0.1], "b": [1, 2], "c": [3, 4]}').series) == ["b", "c"]


def test_text_that_only_looks_like_json(run):
    assert run('{"loss": [1, 2], "note": "{as before", "more": "[1, 2"}').series == {
        "loss": [1.0, 2.0]
    }


def test_a_history_for_each_fold(runs):
    folds = runs('{"1a": {"loss": [1, 2]}, "args": {"lr": 1}, "2a": {"loss": [3]}}')
    assert [fold.series for fold in folds] == [{"loss": [1.0, 2.0]}, {"loss": [3.0]}]
    folds = runs('[{"loss": [1, 2]}, {"loss": [3]}]')
    assert [fold.series for fold in folds] == [{"loss": [1.0, 2.0]}, {"loss": [3.0]}]


def test_lines_that_begin_anew(runs):
    one, two = runs('{"epoch": 1, "loss": 1}\n{"epoch": 2, "loss": 2}\n{"epoch": 1, "a": 3}\n')
    assert one.series == {"loss": [1.0, 2.0], "a": [None, None]}
    assert two.series == {"loss": [None], "a": [3.0]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"loss": [0.5, 0.25], "acc": [', "the JSON is cut off after line 1, character 30"),
        ('{\n"loss": [0.5, 0.', "the JSON is cut off after line 2, character 16"),
        ('{"loss": [0.5], "ac', "the JSON is cut off after line 1, character 19"),
        ('{"loss": 1}\n{"lo', "the JSON is cut off after line 2, character 4"),
        ('{"loss": [0.5,]}\n', "it is no JSON: expecting value in line 1, character 15"),
        ('{"loss": [0.5 0.4]}', "it is no JSON: expecting ',' delimiter in line 1, character 15"),
        ('{"loss": []}', "it names metrics but holds no epoch"),
        ('{"loss": 0.5, "acc": 0.9}', "it is JSON but no history"),
        ("{}", "it is JSON but no history"),
        ("[]", "it is JSON but no history"),
        ("[0.5, 0.4]", "it is JSON but no history"),
        ('{"layers": [{"units": 3}, {"units": 4}]}', "it is JSON but no history"),
        ('[{"epoch": 1, "logs": {"loss": 1}}]', "it holds no metric: of `logs`"),
        ("[" * 1_000_000, "it is nested deeper than any history"),
        ('{"a":' * 100_000, "it is nested deeper than any history"),
        (json.dumps("[" * 100_000 + "]" * 100_000), "it is nested deeper than any history"),
        ("{'loss': " + "[" * 100_000, "it is nested deeper than any history"),
    ],
)
def test_refused(refused, text, reason):
    assert reason in refused(text)


@pytest.mark.parametrize("depth", range(400, 1000, 40))
def test_nesting_that_only_some_steps_can_follow(runs, depth):
    cell = "[" * depth + "{}" + ",1]" * depth
    with contextlib.suppress(Unreadable):
        runs(f'{{"epoch": [1, 1], "loss": [1, 2], "a": [{cell}, {cell}]}}')


@pytest.mark.parametrize(
    "part", ["'\\", "a.", ",a=b", "'", '"', "(", "f(", "nan", "['", '{"a":', "'a':", "\\", ")"]
)
def test_time_is_linear(refused, part):
    refused('{"loss": x' + part * (300_000 // len(part)))
