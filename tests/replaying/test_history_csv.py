"""Files of CSVLogger, and what people make of them."""

import math

import pytest

LOSS = {"loss": [0.5, 0.25]}


# ---------------------------------------------------------------- layouts


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss\n0,0.5\n1,0.25\n",
        "epoch,loss\r\n0,0.5\r\n1,0.25\r\n",
        "epoch,loss\r0,0.5\r1,0.25\r",
        "epoch,loss\r\r\n0,0.5\r\r\n1,0.25\r\r\n",
        "epoch,loss\n0,0.5\n1,0.25",
        "epoch;loss\n0;0.5\n1;0.25\n",
        "epoch;loss\n0;0,5\n1;2,5e-01\n",
        "epoch\tloss\n0\t0,5\n1\t0,25\n",
        "epoch|loss\n0|0.5\n1|0.25\n",
        "epoch,\tloss\n0,\t0.5\n1,\t0.25\n",
        " epoch , loss \n 0 , 0.5 \n 1 , 0.25 \n",
        "epoch   loss\n0       0.5\n1      0.25\n",
        "  epoch loss\n      0 0.5 \n      1 0.25 \n",
        '"epoch","loss"\n"0","0.5"\n"1","0.25"\n',
        "epoch,loss,,,\n0,0.5,,,\n1,0.25,,,\n",
        "epoch,loss\n0,0.5,,\n1,0.25,,\n",
        "\n\nepoch,loss\n\n0,0.5\n,\n1,0.25\n\n",
        "Epoch#,loss\n0,0.5\n1,0.25\n",
        "epochs,loss\n1,0.5\n2,0.25\n",
        ",loss\n0,0.5\n1,0.25\n",
        "Unnamed: 0,epoch,loss\n0,1,0.5\n1,2,0.25\n",
        "index,loss\n0,0.5\n1,0.25\n",
        "loss\n0.5\n0.25\n",
        "loss,step\n0.5,0\n0.25,1\n",
        "epoch,loss\n1/2,0.5\n2/2,0.25\n",
        "epoch,loss\nEpoch 1,0.5\nEpoch 2,0.25\n",
        "epoch,loss\n0.000e+00,0.5\n1.000e+00,0.25\n",
        "# epoch,loss\n0,0.5\n1,0.25\n",
        "model_history\nepoch,loss\n0,0.5\n1,0.25\n",
        "A run: of mine, at last, with: lr 0.1,,\nepoch,loss,\n0,0.5\n1,0.25\n",
        "epoch,loss\n-,(MSE)\n0,0.5\n1,0.25\n",
        "| epoch | loss |\n|-------|------|\n| 0 | 0.5 |\n| 1 | 0.25 |\n",
        "epoch,loss\n0,0.5\nthe rate was lowered here\n1,0.25\n",
    ],
)
def test_layouts(run, text):
    found = run(text)
    assert found.series == LOSS
    assert found.first_epoch == 1
    assert (found.left_out, found.notes) == ({}, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(run, encoding):
    assert run("epoch,loss\n0,0.5\n1,0.25\n".encode(encoding)).series == LOSS


def test_names_in_an_old_encoding(run):
    assert run("epoch,präzision\n0,0.5\n".encode("cp1252")).series == {"präzision": [0.5]}


def test_names_stay(run):
    series = run("epoch, val_F1-Score (macro) ,lr,learning_rate,Loss\n0,1,2,3,4\n").series
    assert list(series) == ["val_F1-Score (macro)", "lr", "learning_rate", "Loss"]


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0.1", 0.1),
        ("1e-04", 1e-4),
        ("9.999999974752427e-07", 9.999999974752427e-07),
        ("-134061704.0", -134061704.0),
        ("+.5", 0.5),
        ("−2", -2.0),
        ("95%", 0.95),
        ("0.1 %", 0.001),
        ("1e999", math.inf),
        ("-inf", -math.inf),
        ("Infinity", math.inf),
        ("", None),
        ("NA", None),
        ("N/A", None),
        ("None", None),
        ("null", None),
        ("-", None),
        ("[0.5]", 0.5),
        ("[[0.5]]", 0.5),
        ("'0.5'", 0.5),
        ("np.float32(0.5)", 0.5),
        ("array(0.5, dtype=float32)", 0.5),
        ("array([0.5], dtype=float32)", 0.5),
        ("tf.Tensor(0.5, shape=(), dtype=float32)", 0.5),
        ("tensor(2.5e-01, device='cuda:0')", 0.25),
        ("<tf.Tensor: shape=(), dtype=float32, numpy=0.5>", 0.5),
        ("tf.Tensor(-inf, shape=(), dtype=float32)", -math.inf),
    ],
)
def test_cells(run, cell, value):
    assert run(f'epoch,loss,a\n0,1,"{cell}"\n').series["a"] == [value]


def test_nan_is_a_value_and_not_missing(run):
    values = run("epoch,loss\n0,nan\n1,NaN\n2,\n").series["loss"]
    assert [value is not None and math.isnan(value) for value in values] == [True, True, False]


@pytest.mark.parametrize("cell", ["[0.1, 0.2]", "12s", "2024-01-31", "best", "1,234", "f(1, 2)"])
def test_what_is_no_number(run, cell):
    found = run(f'epoch,loss,a\n0,1,"{cell}"\n')
    assert found.series == {"loss": [1.0]}
    assert found.left_out == {"a": f"it holds no numbers: `{cell}` in line 2"}


def test_a_broken_cell_among_numbers_is_missing(run):
    found = run("epoch,loss\n0,0.5\n1,0.2.5\n2,0.25\n")
    assert found.series == {"loss": [0.5, None, 0.25]}
    assert found.notes == ("`loss` is no number once: `0.2.5` in line 3, taken as missing",)


def test_metric_without_any_value(run):
    found = run("epoch,loss,val_loss\n0,0.5,NA\n1,0.25,NA\n")
    assert found.series == {"loss": [0.5, 0.25], "val_loss": [None, None]}


def test_columns_of_one_name_and_without_name(run):
    found = run("epoch,loss,loss,,a\n0,1,2,3,4\n")
    assert found.series == {"loss": [1.0], "a": [4.0]}
    assert list(found.left_out) == ["loss (again)", "column 3"]


# ---------------------------------------------------------------- rows


def test_short_rows_lack_the_last_values(run):
    text = "epoch,loss,val_loss\n0,0.5\n1,0.4,0.6\n2,0.3\n"
    assert run(text).series == {"loss": [0.5, 0.4, 0.3], "val_loss": [None, 0.6, None]}


def test_a_row_that_is_cut_off_is_not_read(run):
    found = run("epoch,loss,val_loss\n0,0.5,0.6\n1,0.4")
    assert found.series == {"loss": [0.5], "val_loss": [0.6]}
    assert found.notes == ("line 3 is cut off in its midst and not read",)


def test_rows_that_are_there_twice(run):
    found = run("epoch,loss\n0,0.5\n0,0.5\n1,0.25\n1,0.25\n")
    assert found.series == LOSS
    assert found.notes == ("2 rows are there twice, the first in line 3: read once",)


def test_equal_rows_without_an_epoch_are_epochs(run):
    assert run("loss\n0.5\n0.5\n").series == {"loss": [0.5, 0.5]}


def test_a_row_of_no_epoch(run):
    found = run("epoch,loss\n0,0.5\n1,0.25\nmean,0.375\n")
    assert found.series == LOSS
    assert found.notes == ("1 row is left out, as no epoch is named there: line 4 says `mean`",)


def test_epochs_that_are_passed_over(run):
    found = run("epoch,loss\n0,0.5\n1,0.4\n4,0.25\n")
    assert found.series == {"loss": [0.5, 0.4, None, None, 0.25]}
    assert found.epochs == 5
    assert found.notes == ("2 epochs are not in the file, the first 2: their values are missing",)


def test_settings_above_the_header(run):
    found = run("Model,A\nLearning rate,0.1\n\nepoch,loss,acc\n0,0.5,1\n1,0.25,1\n")
    assert found.series["loss"] == [0.5, 0.25]
    assert found.notes == ("1 row is above the header and not read, the first in line 2",)


# ---------------------------------------------------------------- runs


def test_an_epoch_that_goes_back_begins_a_run(runs):
    one, two, three = runs("epoch,loss\n0,1\n1,2\n2,3\n0,4\n1,5\n1,6\n")
    assert [one.series["loss"], two.series["loss"], three.series["loss"]] == [
        [1.0, 2.0, 3.0],
        [4.0, 5.0],
        [6.0],
    ]
    assert [each.name.rpartition("#")[2] for each in (one, two, three)] == ["1", "2", "3"]
    assert [each.first_epoch for each in (one, two, three)] == [1, 1, 2]


def test_a_second_header_begins_a_run(runs):
    one, two = runs("title\nepoch,loss\n0,1\n1,2\ntitle\nepoch,acc,loss\n2,3,4\n")
    assert (one.series, one.first_epoch) == ({"loss": [1.0, 2.0]}, 1)
    assert (two.series, two.first_epoch) == ({"acc": [3.0], "loss": [4.0]}, 3)


def test_headers_without_rows(run):
    assert run("epoch,loss\nepoch,loss\n0,0.5\n1,0.25\nepoch,loss\n").series == LOSS


@pytest.mark.parametrize(
    ("numbers", "first"), [("0 1", 1), ("1 2", 1), ("5 6", 6), ("1 2 0", 2), ("0 0", 1)]
)
def test_first_epoch(runs, numbers, first):
    rows = "".join(f"{number},{place}\n" for place, number in enumerate(numbers.split()))
    assert runs(f"epoch,loss\n{rows}")[0].first_epoch == first


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n\n", "it is empty"),
        (",,\n,,\n", "it is empty but for separators"),
        ("epoch,loss\n", "it names metrics but holds no epoch"),
        ("0,0.5\n1,0.25\n", "no line names the columns: line 1 holds values already"),
        ("<html>\n<p>x</p>\n", "it is no table of numbers: line 1 begins `<html>`"),
        ("epoch,loss\n0,0.5\n1,0,25\n", "line 3 has 3 cells, and the header in line 1 has 2"),
        ("epoch,loss\n0,0,5\n1,0,25\n", "semicolons between numbers with decimal commas"),
        ('epoch,loss\n0,"0.5\n1,0.25\n', "a quote opens in line 2"),
        ("epoch,loss\n0,0.5\n0.5,0.4\n", "`epoch` is 0.5 in line 3: that is a part of an epoch"),
        ("epoch,loss\nfirst,0.5\n", "`epoch` counts no epochs: it is `first` in line 2"),
        ("epoch,loss\n-1,0.5\n", "`epoch` counts no epochs: it is `-1` in line 2"),
        ("epoch\n0\n1\n", "it holds no metric, only a count of epochs"),
        ("epoch,date\n0,monday\n", "it holds no metric: of `date`, it holds no numbers: `monday`"),
        ("epoch,step,loss\n0,0,1\n0,1,2\n1,2,3\n1,3,4\n", "it has several rows an epoch: line 3"),
        ("step,loss\n0,1\n100,2\n200,3\n", "its rows are steps, not epochs: `step` goes from 0"),
        ("epoch,loss\n0,1\n20240131,2\n", "the 2 rows from line 2 on go from epoch 0 to 20240131"),
        ("epoch,a,loss\n0,1,2\n1,1,2\n0,3\n1,4\n", "from line 4 on the rows have fewer cells"),
    ],
)
def test_refused(refused, text, reason):
    assert reason in refused(text)


def test_what_is_shown_of_a_file_is_short_and_harmless(refused):
    reason = refused("epoch,loss\n\x1b[31m" + "x" * 1000 + ",1\n")
    assert "\x1b" not in reason
    assert len(reason) < 200
