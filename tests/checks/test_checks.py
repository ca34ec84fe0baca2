"""What the checks say, and what they do not say."""

from typing import Any

import numpy as np
import pytest

from cbdsl import CbrError, check, compile
from cbdsl.checks.params import Literal
from cbdsl.diagnostics import CODES, Diagnostic, render
from cbdsl.source import SourceFile, Span


def codes(text: str, **known: Any) -> list[str]:
    return [d.code for d in check(text, **known)]


# ------------------------------------------------------------------------------ no false alarms


@pytest.mark.parametrize(
    "text",
    [
        "on epoch_end if epoch == 5 stop",
        "on epoch_end if epoch % 5 == 0 and lr == 0.001 stop",
        "on epoch_end if val_loss improves save \"best.keras\"",
        "on epoch_end if val_loss improves or epoch == 1 save \"best.keras\"",
        "on epoch_end if not val_loss improves and epoch > 3 stop",
        "on epoch_end if val_loss stalls for 3 epochs and epoch > 10 stop",
        "on train_begin print \"{metrics}\"",
        "on train_begin lr = 0.1",
        "on epoch_begin if val_loss > 3 print \"x\"",
        "on batch_begin if val_loss > 3 print \"x\"",
        "on test_end if loss > 3 stop",
        "on predict_end print \"done\"",
        "on interrupt save \"last.keras\", stop",
        "on interrupt if val_loss > 3 and batch > 2 then once restore best of val_loss, stop",
        "on interrupt after 2 epochs roll back to last good, lr *= 0.5, optimizer.momentum = 0",
        "interrupt: on interrupt record interrupt = epoch\non epoch_end if interrupt > 3 stop",
        "on train_end if val_loss > 3 print \"x\"",
        "param p = 3\nevery p epochs print \"x\"",
        "param p = 3\nat epoch p print \"x\"",
        "param p = 3\non epoch_end from p to 8 print \"x\"",
        "param p = 3\non epoch_end if loss stalls for p batches stop",
        "param p = 3\non epoch_end print \"{p}\"",
        "param p = \"x\"\non epoch_end save \"{p}.keras\"",
        "every epoch lr *= 0.5, print \"x\"",
        "on epoch_end lr *= 0.5, stop, save \"a.keras\"",
        "on epoch_end from 3 to 80% print \"x\"",
        "param part = 80%\non epoch_end from 3 to part print \"x\"",
        "minimize energy\non epoch_end stop",
        # What may be the caller's choice, or another unit, or is true for a moment only.
        "param warmup = 0\nevery epoch if epoch <= warmup lr *= 2",
        "param cut = false\non epoch_end if cut and loss > 3 stop",
        "on epoch_end if percentage_accuracy > 90 or log_accuracy < -3 stop",
        "on epoch_end if accuracy_sum > 90 or r2_score < -3 stop",
        "on epoch_end if accuracy >= 100% or accuracy <= 0 stop",
        "on epoch_end if val_loss <= best(val_loss) save \"best.keras\"",
        "on epoch_end if not accuracy is finite stop",
        "let tries = 0\non epoch_end if tries > 3 stop\non epoch_end if loss > 3 tries += 1",
        "on epoch_end if epochs > 100 and epoch > 90 print \"x\"",
        # Each rule has its say.
        "on epoch_end if val_loss < 0.5 lr = 1e-3\non epoch_end if val_loss < 0.3 lr = 1e-4",
        "every epoch until 5 lr = 1e-3 * epoch\non epoch_end if loss stalls for 3 epochs lr *= 0.5",
        "every epoch lr = 0.01\nevery epoch until 5 lr *= epoch / 5",
        "every epoch lr = 0.01\nat epoch 5 lr = 0.001",
        "on epoch_end lr = 0.01\non epoch_end if loss > 3 then once lr = 0.1",
        "on epoch_end if loss > 3 lr = 0.1\non epoch_end if accuracy > 0.5 lr = 0.01",
        "schedule lr:\n    hold at 0.1 for the rest\non epoch_end if loss rises lr *= 0.5",
        "on epoch_end if loss stalls for 3 epochs lr *= 0.1\n"
        "on epoch_end if loss stalls for 9 epochs stop",
        "on epoch_end if loss stalls for 3 epochs stop\n"
        "on epoch_end if loss stalls for 9 epochs by 0.1 lr *= 0.1",
        "on epoch_end after 9 if loss stalls for 3 epochs stop\n"
        "on epoch_end if loss stalls for 9 epochs lr *= 0.1",
        "on batch_end if loss crosses above 3 lr *= 0.5",
        "on batch_end if step > 1000 lr *= 0.5",
        "on batch_end if loss > 3 lr *= 0.999",
        "every batch lr *= 0.999",
        "on batch_end if loss is nan notify \"nan\", stop",
        "every 1000 batches save \"step.keras\", notify \"saved\"",
        "on batch_end if loss stalls for 900 batches notify \"it stalls\"",
        # Names that are right, or said to be.
        "expects val_acuracy\non epoch_end if val_acuracy > 0.5 stop",
        "on epoch_end if `val_acuracy` > 0.5 stop",
        "metric los = loss\non epoch_end if los > 3 stop",
        "on epoch_end if g_loss > 3 and d_loss < 1 and losses > 1 and cost > 1 stop",
        "on epoch_end if val_acc > 0.5 and f1 > 0.1 and precision_1 > 0.1 stop",
        "on epoch_end if val_loss - loss > 1 stop",
        "expects val\non epoch_end if val - loss > 1 stop",
        "maximize neg_loss\nminimize accuracy_change\non epoch_end if neg_loss improves stop",
        # Files and callbacks that do what they say.
        "on epoch_end if loss improves save \"best.keras\"\non train_end save \"best.keras\"",
        "on train_end save \"last.keras\"\non train_end restore best of loss",
        "on epoch_end if prev(gap) > 1 stop\non epoch_end record gap = val_loss - loss",
        "on batch_end record x = loss\non epoch_end if x > 1 stop",
        "use ModelCheckpoint(filepath=\"{epoch}.keras\")",
        "use BackupAndRestore(backup_dir=\"b\")\nuse TerminateOnNaN(raise_error=true)",
        "use SwapEMAWeights()\non epoch_end save \"each.keras\"",
        "use EarlyStopping(monitor=\"auc\", mode=\"max\")",
        "use ReduceLROnPlateau(patience=3)\nuse EarlyStopping(patience=9)",
        "every epoch after 9 lr = 0.01\nuse ReduceLROnPlateau(patience=3)",
        "every epoch lr *= exp(-0.1)",
        "every epoch lr = 0.1 * exp(-0.1 * epoch)",
        "limit lr from 1e-5 to 0.1\nat epoch 5 lr = 0.1",
    ],
)  # fmt: skip
def test_nothing_is_said(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize("epochs", [None, 50])
@pytest.mark.parametrize(
    "text",
    [
        'on epoch_end if lr > 0.01 lr *= 0.1\non epoch_end if lr > 0.005 lr = 0.005',
        'on epoch_end after 5 if val_loss improves lr *= 0.5\n'
        'on epoch_end if val_loss improves lr = 1e-4',
        'on epoch_end if val_loss stalls for 3 epochs lr *= 0.5, wait 4 epochs\n'
        'on epoch_end if val_loss stalls for 3 epochs lr = 1e-4',
        'on epoch_end lr = 1e-3\non epoch_end lr = 0.01 * val_loss',
        'on epoch_end lr = 0.1, record peak = lr\non epoch_end lr = 0.2',
        'let stage = 0\n'
        'on epoch_end if stage == 0 lr = 0.01, stage = 1\n'
        'on epoch_end if stage == 0 lr = 0.001',
        'on test_begin if loss < best(loss) print "new"',
        'every epoch lr *= 0.5\non epoch_begin if lr < lowest(lr) print "low"',
        'on test_begin if loss > 0.5 for 3 epochs and loss < 0.5 print "x"',
        'at 100% print "{count(epoch <= 10 and val_loss > 1)} early"',
        'every 10 epochs print "{count(epoch < 5 and loss > 1)}"',
        'at epoch 4 if prev(epoch) == 3 print "x"',
        'at epoch 10, 20, 30 stop "session over"\nat epoch 15 lr = 1e-4',
        'every 10 epochs stop\nat epoch 12 lr = 1e-4',
        'every 3 epochs if epoch == 10 stop\nat epoch 20 lr = 0.1',
        'use EarlyStopping(monitor="val_loss", patience=5)\n'
        'on epoch_end if val_loss stalls for 7 epochs lr *= 0.5',
        'use SwapEMAWeights()\non train_end if best(val_loss) < 0.5 save "final.keras"',
        'use SwapEMAWeights()\non epoch_end if val_loss > 10 save "crash.keras", stop',
        'every epoch lr = 0.01 * 0.9 ** epoch\n'
        'on batch_begin if step <= 500 lr = 0.01 * step / 500',
        'every epoch lr = 0.1\nevery 100 batches lr *= 0.95',
        'param max_cuts = 0\n'
        'let cuts = 0\n'
        'on epoch_end if cuts < max_cuts and loss rises lr *= 0.5, cuts += 1',
        'param target = 1.0\non epoch_end if val_accuracy > target stop',
        'param min_accuracy = 0\non epoch_end if val_accuracy < min_accuracy for 5 epochs stop',
        'param by_accuracy = false\n'
        'on epoch_end if by_accuracy and val_accuracy improves save "a.keras"',
        'on epoch_end if val_loss is not missing and val_loss improves save "a.keras"',
        'on epoch_end if val_loss is finite and val_loss improves save "a.keras"',
        'on epoch_end until 10 if loss improves save "best.keras"\n'
        'on epoch_end after 10 if val_loss improves save "best.keras"',
        'param by_accuracy = false\n'
        'on epoch_end if by_accuracy and val_accuracy improves save "b.keras"\n'
        'on epoch_end if not by_accuracy and val_loss improves save "b.keras"',
        'let saved = false\non batch_end if loss < 0.1 and not saved save "x.keras", saved = true',
        'on batch_end if batch >= batches save "x.keras"',
        'on epoch_end if acc_gap < -0.05 stop\nminimize acc_gap',
        'on epoch_end if val_dice_ce > 1.5 stop',
        'on epoch_end if lossd > 1 and lossg > 1 stop',
        'every epoch if epoch == 10 lr *= 0.9 ** epoch',
        'on epoch_end if val_loss == best(val_loss) save "b.keras"',
        'on epoch_end if gap is missing record gap = 0',
    ],
)  # fmt: skip
def test_what_may_be_meant_so(text: str, epochs: int | None) -> None:
    """Each was warned of once, and wrongly: a history, or a second look, shows that it can be."""
    assert codes(text, epochs=epochs) == []


@pytest.mark.parametrize(
    "text",
    [
        'every 10 epochs print "x"', "every 9 epochs lr *= 0.5", 'at epoch 10 print "x"',
        'at 100% print "x"', "at 90% lr = 0", 'on epoch_end after 9 print "x"',
        'every 5 epochs from 6 to 10 print "x"', 'at epoch 3, 12 print "x"',
        'at epoch 3 until 3 print "x"', 'on epoch_end from 100% to 100% print "x"',
        'on batch_end after 50% print "x"', 'every 10 batches after 1000 batches print "x"',
        'every 5 epochs after 90% print "x"', "on epoch_begin until 10% lr = 0.1",
    ],
)  # fmt: skip
def test_everything_is_reached_in_ten_epochs(text: str) -> None:
    assert codes(text, epochs=10) == []


@pytest.mark.parametrize(
    "text",
    [
        'every 11 epochs print "x"', "every 10 epochs lr *= 0.5", 'at epoch 11, 12 print "x"',
        "at 100% lr = 0", 'on epoch_end after 10 print "x"', 'on epoch_end after 100% print "x"',
        'every 5 epochs from 6 to 9 print "x"', "every 5 epochs from 7 to 10 lr = 1",
        'at epoch 3 after 3 print "x"', 'at epoch 3 until 2 print "x"',
        'at 10% after 20% print "x"', 'every 5 batches after 10 epochs print "x"',
        'param p = 12\nevery p epochs print "x"',
    ],
)  # fmt: skip
def test_not_reached_in_ten_epochs(text: str) -> None:
    assert codes(text, epochs=10) == ["CBR404"]


@pytest.mark.parametrize("metrics", [["loss"], ("loss", "x y"), {"loss", "a"}, frozenset({"loss"})])
def test_known_metrics(metrics: Any) -> None:
    assert codes("on epoch_end if loss > lr + learning_rate + epoch stop", metrics=metrics) == []
    assert codes("on epoch_end if los > 3 stop", metrics=metrics) == ["CBR205"]


# ------------------------------------------------------------------------------ one mistake, once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("param lr = 3\non epoch_end if lr > 3 stop", ["CBR203"]),
        ("param best = 3\non epoch_end if loss > best stop", ["CBR203"]),
        ("param p 3\nevery p epochs stop", ["CBR109"]),
        ("param p = 3 4\nevery p epochs stop", ["CBR109"]),
        ("param p = 3\nevery p epochs stop if", ["CBR109"]),
        ("minimize energy,\non epoch_end if energy improves stop", ["CBR109"]),
        ("on epoch_end from 5 to 3 stop", ["CBR307"]),
        ("every 0 epochs stop", ["CBR302"]),
        ("at epoch 0 stop", ["CBR302"]),
        ("on epoch_ned if loss == 3 stop", ["CBR201"]),
        ("on epoch_end if loss == None stop", ["CBR109"]),
        ("on epoch_end if True stop", ["CBR109"]),
        ("on epoch_end:\n    halt\n    if x:\n        stop", ["CBR109", "CBR109"]),
    ],
)  # fmt: skip
def test_no_echoes(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_warnings_of_right_statements_stay() -> None:
    text = "param p = 3\non epoch_ned stop\non epoch_end if loss == 3 stop\n"
    assert codes(text) == ["CBR402", "CBR201", "CBR407"]


def test_at_most_so_many() -> None:
    found = check("".join(f"every p{n} epochs stop\n" for n in range(1000)))
    assert len(found) == 302
    assert found[0].code == "CBR104"


# ------------------------------------------------------------------------------ parameters


PARAMS = """
param share = 90%
param count = 3
param flag = true
param text = "a"
param span = 3 epochs
on epoch_end if flag and loss > share and loss stalls for span print "{text}", lr = count
"""


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("share", 0.5, 0.5), ("share", 1, 1.0), ("share", np.float32(0.5), 0.5),
        ("count", np.int64(4), 4.0), ("flag", False, False), ("text", "", ""),
        ("text", "é🎉\n", "é🎉\n"),
        ("text", np.str_("x"), "x"), ("span", 5, 5.0),
        ("share", Literal("80%"), 0.8), ("share", Literal("0.8"), 0.8),
        ("count", Literal("-3"), -3.0),
        ("flag", Literal("false"), False), ("text", Literal("plain"), "plain"),
        ("text", Literal('"quoted \\"x\\""'), 'quoted "x"'), ("span", Literal("5 epochs"), 5.0),
        ("span", Literal("1 epoch"), 1.0),
        ("span", Literal("3"), 3.0),
    ],
)  # fmt: skip
def test_given_values(name: str, value: Any, held: Any) -> None:
    program = compile(PARAMS, params={name: value})
    assert program.params[name] == held
    assert type(program.params[name]) is type(held)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("share", True), ("share", "0.5"), ("share", None), ("share", [1]), ("share", 1j),
        ("share", float("nan")), ("share", float("inf")), ("share", 10**400), ("share", b"1"),
        ("flag", 1), ("flag", "true"), ("text", 1), ("text", b"x"), ("text", "a\0b"),
        ("text", "\ud800"), ("text", "\x1b[31m"), ("span", "3"), ("span", 2.5), ("span", 0),
        ("share", Literal("10k")), ("share", Literal("")), ("share", Literal("loss")),
        ("flag", Literal("True")), ("span", Literal("3%")), ("span", Literal("3 batches")),
        ("text", Literal('"a')), ("text", Literal("\udcff")), ("count", Literal("3 epochs")),
        ("count", Literal("1" * 10_000)), ("count", Literal("(" * 10_000)),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(name: str, value: Any) -> None:
    with pytest.raises(CbrError) as raised:
        compile(PARAMS, params={name: value})
    (found,) = raised.value.diagnostics
    assert found.code in ("CBR306", "CBR302")
    text = str(raised.value)
    assert all(c.isprintable() or c == "\n" for c in text)
    text.encode()


# ------------------------------------------------------------------------------ diagnostics as data


def test_codes_are_in_order_and_their_titles_unlike() -> None:
    assert list(CODES) == sorted(CODES)
    assert len({code.title for code in CODES.values()}) == len(CODES)


@pytest.mark.parametrize(
    ("text", "caret"),
    [
        ('on epoch_end print "ab", halt', "^^^^"),
        ('on epoch_end print "漢字", halt', "  ^^^^"),
        ('on epoch_end print "e\u0301a\u0300", halt', "^^^^"),
        ('on epoch_end print "🎉", halt', "^^^^"),
        ("on epoch_end if 精度 > 3 stop", "^^^^"),
    ],
)
def test_carets_stand_below_in_a_terminal(text: str, caret: str) -> None:
    lines = render(check(text)[0]).splitlines()
    column = 25 if "halt" in text else 16
    assert lines[3] == "  | " + " " * column + caret


def test_long_lines_are_cut() -> None:
    text = f"on epoch_end if {'loss > 1 or ' * 100}los = 1 or {'loss > 1 or ' * 100} true stop"
    line, carets = render(check(text)[0]).splitlines()[2:4]
    assert len(line) < 110
    assert line.startswith("1 | …")
    assert line.endswith("…")
    assert line[carets.index("^")] == "="


def test_long_lines_of_wide_characters_are_cut() -> None:
    line, carets = render(check(f'on epoch_end print "{"漢" * 90}", halt')[0]).splitlines()[2:4]
    assert line == "1 | …" + "漢" * 23 + '", halt'
    assert carets == "  | " + " " * 50 + "^^^^"


def test_the_end_of_a_text_can_be_shown() -> None:
    source = SourceFile("r", "ab")
    for span in (Span(2, 2), Span(2, 3), Span(0, 9), Span(1, 1)):
        assert "^" in render(Diagnostic("CBR109", "x", source, span))


def test_str_of_a_diagnostic() -> None:
    (found,) = check("on epoch_ned stop", filename="a/r.cbr")
    assert str(found) == "a/r.cbr:1:4: error[CBR201]: there is no hook `epoch_ned`"


def test_long_chains_and_many_changes_are_looked_at() -> None:
    chain = "metric m0 = loss + 1\n" + "".join(f"metric m{i + 1} = m{i} + 1\n" for i in range(999))
    assert codes(f"{chain}on epoch_end if m999 > 3 stop") == []
    changes = "".join(f"on epoch_end if n > {i} n += 1\n" for i in range(999))
    assert codes(f"let n = 0\n{changes}on epoch_end if n < 0 stop") == ["CBR420"]
