"""`cbdsl why` in a terminal: journals written by hand, as those of trainings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import cbdsl
from cbdsl.cli import main

Line = dict[str, Any]
GOLDENS = Path(__file__).parent / "goldens" / "why"
PAGE = Path(__file__).parents[2] / "docs" / "journal.md"

RULES = """\
param target = 95%

good_enough: on epoch_end if val_accuracy > target stop "{val_accuracy:.1%} is enough"

plateau: on epoch_end if val_loss stalls for 2 epochs:
    lr *= 0.5
    print "slower"

overfit: on epoch_end if val_loss > 1.5 * loss and epoch > 3 stop

late: on epoch_end after 8 epochs if val_loss improves save "late.weights.h5"

diverged: on batch_end if loss > 10 fail "the loss is {loss}"
"""

VAL_LOSS = [0.9, 0.7, 0.6, 0.65, 0.62, 0.5]
VAL_ACCURACY = [0.7, 0.8, 0.85, 0.9, 0.925, 0.9542]
LOGS = [
    {"loss": 0.8 - epoch / 16, "val_loss": val_loss, "val_accuracy": val_accuracy}
    for epoch, (val_loss, val_accuracy) in enumerate(zip(VAL_LOSS, VAL_ACCURACY, strict=True))
]
RATES = [0.001] * 5 + [0.0005]


def run(source: str = RULES, **more: Any) -> Line:
    named = cbdsl.compile(source).plan.named
    rules = [
        {"rule": n.label, "key": n.key, "place": f"mnist.cbr:{n.line}", "text": n.canonical}
        for n in map(_Named, named)
    ]
    return {
        "kind": "run", "journal": 1, "cbdsl": "0.1.0", "at": "2025-11-03T09:12:44Z", "epochs": 10,
        "batches": 63, "lr": 0.001, "params": {}, "rules": rules, "source": source,
    } | more  # fmt: skip


class _Named:
    """A rule as a journal lists it, with its line."""

    def __init__(self, named: Any) -> None:
        self.key, self.canonical = named.key, named.canonical
        self.line = int(named.place.rpartition(":")[2])
        self.label = named.label if named.label != named.place else f"mnist.cbr:{self.line}"


def epoch(number: int, logs: Mapping[str, Any], lr: Any = 0.001, **more: Any) -> Line:
    line = {"kind": "epoch", "epoch": number, "time": 1.5 * number, "logs": dict(logs), "lr": lr}
    return line | {"counted": {}} | more


def fired(header: Line, rule: str, number: int, *actions: Line, **more: Any) -> Line:
    (named,) = [each for each in header["rules"] if each["rule"] == rule]
    line = {"kind": "firing", "epoch": number, "batch": None, "step": None, "time": 1.5 * number}
    line |= {name: named[name] for name in ("rule", "key", "place")}
    return line | {"values": {}, "actions": list(actions)} | more


def end(number: int, how: str = "done", by: str | None = None, why: str | None = None) -> Line:
    line = {"kind": "end", "epoch": number, "time": 1.5 * number + 0.2, "how": how}
    return line | {"by": by, "why": why}


def lines(*, is_ended: bool = True) -> list[Line]:
    """A run of `RULES`: the rate was halved once, and then it was good enough."""
    header = run(params={"target": 0.95})
    slower = {"verb": "lr", "detail": 0.0005}, {"verb": "print", "detail": "slower"}
    stop = {"verb": "stop", "detail": "95.4% is enough"}
    found = [header]
    for number, (logs, lr) in enumerate(zip(LOGS, RATES, strict=True), start=1):
        if number == 5:
            found.append(fired(header, "plateau", 5, *slower, values={"val_loss": 0.62}))
        if number == 6:
            found.append(fired(header, "good_enough", 6, stop, values={"val_accuracy": 0.9542}))
        found.append(epoch(number, logs, lr))
    return [*found, end(6, "stopped", "good_enough", "95.4% is enough")][: None if is_ended else -1]


def why(*args: str) -> Result:
    return CliRunner().invoke(main, ["why", *args])


def told(found: Sequence[Line], *args: str) -> str:
    """What is said of a run whose journal has these lines; all went well."""
    write(found)
    done = why("runs/mnist-1", *args)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def write(found: Sequence[Line], torn: str = "") -> None:
    text = "".join(json.dumps(line) + "\n" for line in found)
    Path("runs/mnist-1/journal.jsonl").write_text(text + torn, "utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run, below the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "runs" / "mnist-1"
    path.mkdir(parents=True)
    return path


def test_a_run(golden: Callable[[Path, str], None]) -> None:
    golden(GOLDENS / "run.txt", told(lines()))


def test_the_page_shows_this_run() -> None:
    write(lines())
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    shown = [c for b in blocks for c in re.split(r"^\$ ", b, flags=re.M) if c]
    for each in shown:
        command, _, output = each.partition("\n")
        assert CliRunner().invoke(main, command.split()[1:]).output == output
    assert any(each.startswith("cbdsl why runs/mnist-1/") for each in shown)


@pytest.mark.parametrize("rule", ["plateau", "mnist.cbr:5", "5", ":5"])
def test_one_rule(rule: str, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDENS / "plateau.txt", told(lines(), rule))


def test_one_rule_that_did_not_fire(golden: Callable[[Path, str], None]) -> None:
    golden(GOLDENS / "overfit.txt", told(lines(), "overfit"))


def test_the_journals_file_may_be_named() -> None:
    whole = told(lines())
    assert why("runs/mnist-1/journal.jsonl").stdout == whole


# -------------------------------------------------------------- what kept a rule, one by one


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (
            "on epoch_end if val_loss stalls for 3 epochs stop",
            "val_loss stalls for 3 epochs: the longest stall was 2 of 3 epochs, in epoch 5",
        ),
        (
            "on epoch_end if val_accuracy > 99% stop",
            "val_accuracy > 99%: the highest was 0.9542, in epoch 6",
        ),
        ("on epoch_end if val_loss < 0.5 stop", "val_loss < 0.5: the lowest was 0.5, in epoch 6"),
        (
            "on epoch_end if val_loss > loss + 0.2 stop",
            "val_loss > loss + 0.2: it came nearest in epoch 1, with 0.9 against 1",
        ),
        (
            "on epoch_end if val_loss < 0.65 for 4 epochs stop",
            "val_loss < 0.65 for 4 epochs: it held for 2 of 4 epochs at most, in epoch 6",
        ),
        (
            "on epoch_end after 8 epochs if loss < 1 stop",
            "its window begins with epoch 9, the run ended after epoch 6",
        ),
        ("at epoch 9 stop", "it begins with epoch 9, the run ended after epoch 6"),
        (
            "on epoch_end if val_los < 1 stop",
            "the logs never held val_los; did you mean `val_loss`?",
        ),
        (
            "on batch_end if loss > 10 stop",
            "its condition was never true on a batch, of which a journal holds no metrics; the "
            "highest loss at an epoch's end was 0.8, in epoch 1",
        ),
        (
            "on epoch_end if optimizer.momentum > 2 stop",
            "its condition was never true; how near it came is not known: a journal does not hold "
            "the settings of the optimizer",
        ),
        ('on interrupt print "x"', "nothing interrupted the training"),
        (
            'on predict_end print "x"',
            "it waits for predictions, of which a journal tells nothing",
        ),
        (
            "on epoch_end if val_loss < 0.6 and loss > 0.6 stop",
            "its parts never held together: val_loss < 0.6 held in epoch 6; loss > 0.6 held in "
            "epochs 1 to 4",
        ),
    ],
)  # fmt: skip
def test_what_kept_a_rule(rule: str, kept: str) -> None:
    epochs = [epoch(number, logs) for number, logs in enumerate(LOGS, start=1)]
    text = told([run(rule + "\n"), *epochs, end(6, "stopped")])
    assert text.splitlines()[2] == f"mnist.cbr:1 did not fire: {kept}"


def test_no_epoch_was_trained() -> None:
    text = told([run("on epoch_end if loss < 1 stop\n"), end(0, "error", None, "OSError: gone")])
    assert text == (
        "The run broke off after epoch 0 of 10: OSError: gone\n\n"
        "mnist.cbr:1 did not fire: no epoch was trained to its end\n"
    )


def test_a_rule_of_which_firings_are_only_counted() -> None:
    header = run("many: on batch_end if loss < 9 lr *= 1\n")
    key = header["rules"][0]["key"]
    found = [fired(header, "many", 1, batch=b, step=b, values={"loss": 1.0}) for b in range(1, 31)]
    text = told([header, *found, epoch(1, LOGS[0], counted={key: 1234})], "many")
    shown = text.splitlines()
    assert shown[2] == "fired 1,264 times:"
    assert shown[3] == "  in epoch 1 batch 1 (step 1), after 1.5 seconds: loss < 9 (loss 1)"
    assert "  … 10 more …" in shown
    assert shown[-1] == "  and 1,234 that the journal only counts"
    assert len(shown) == 3 + 20 + 2
    said = told([header, *found, epoch(1, LOGS[0], counted={key: 1234})])
    assert "fired 1,264 times, in epoch 1, 1,234 of them only counted: " in said


def test_what_failed_and_what_was_switched_off() -> None:
    header = run('a: every epoch save "a.keras"\nb: on epoch_end if loss < 0 stop\n')
    a, b = header["rules"]
    save = {"verb": "save", "detail": "a.keras", "error": "OSError: full"}
    named = {"rule": "a", "key": a["key"], "time": 1.5}
    found = [
        header,
        fired(header, "a", 1, save),
        {"kind": "failed", "verb": "notify", "error": "OSError: no network"} | named,
        {"kind": "broken", "epoch": 1, "error": "TypeError: x", "time": 1.5}
        | {"rule": "b", "key": b["key"]},
        epoch(1, LOGS[0]),
    ]
    text = told(found)
    assert 'could not save "a.keras": OSError: full' in text
    assert "could not notify: OSError: no network" in text
    assert "; switched off in epoch 1: TypeError: x" in text


def test_rules_that_were_dropped() -> None:
    before, after = run("old: on epoch_end if loss < 0 stop\n"), run("new: at epoch 9 stop\n")
    keys = {name: [each["rules"][0]["key"]] for name, each in (("dropped", before), ("new", after))}
    resumed = after | {"kind": "resumed", "epoch": 2, "difference": keys | {"kept": []}}
    text = told([before, epoch(1, LOGS[0]), resumed, epoch(2, LOGS[1])])
    assert "it was taken up again with epoch 2" in text
    assert text.splitlines()[-1] == (
        "old (mnist.cbr:1) did not fire: loss < 0: the lowest was 0.8, in epoch 1; "
        "dropped in epoch 2, when other rules took over"
    )


# ---------------------------------------------------------------------------- how it stands


def test_a_journal_without_an_end() -> None:
    text = told(lines(is_ended=False))
    assert text.startswith(
        "6 of 10 epochs are trained, and the journal has no end: the run was killed, or still goes "
        "on\n"
    )
    assert "its window begins with epoch 9, the run has come to epoch 6" in text


def test_a_last_line_that_is_torn() -> None:
    write(lines(is_ended=False), torn='{"kind": "end", "epo')
    done = why("runs/mnist-1")
    assert done.exit_code == 0
    assert "the journal has no end, and its last line is torn: the run was killed" in done.stdout


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (end(6), "The run is done: all 6 epochs are trained"),
        (end(6, "stopped"), "The run ended after epoch 6 of 10; no rule stopped it"),
        (
            end(6, "failed", "diverged", "the loss is inf"),
            "The run failed after epoch 6 of 10: diverged stopped it: the loss is inf",
        ),
        (end(6, "interrupted"), "The run was interrupted after epoch 6 of 10"),
        (end(6, "later"), "The run ended after epoch 6 of 10; no rule stopped it"),
    ],
)
def test_how_it_ended(how: Line, said: str) -> None:
    assert told([*lines(is_ended=False), how]).splitlines()[0] == said


# ------------------------------------------------------------------------------- what is wrong


def test_a_rule_that_the_run_had_not() -> None:
    write(lines())
    done = why("runs/mnist-1", "overfitt")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "cbdsl: runs/mnist-1: the run had no rule `overfitt`: did you mean `overfit`?\n"
    )
    done = why("runs/mnist-1", "zzzzzz")
    assert done.stderr == (
        "cbdsl: runs/mnist-1: the run had no rule `zzzzzz`: there are `good_enough`, `plateau`, "
        "`overfit`, `late`, `diverged`\n"
    )
    assert why("runs/mnist-1", "6").exit_code == 2


def test_a_folder_without_a_journal() -> None:
    done = why("runs/mnist-1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("cbdsl: runs/mnist-1: it holds no journal.jsonl")
    assert why("nowhere").stderr == "cbdsl: nowhere: there is no such file\n"


def test_a_file_that_is_no_journal(folder: Path) -> None:
    (folder / "journal.jsonl").write_text("epoch,loss\n")
    done = why("runs/mnist-1")
    assert done.exit_code == 2
    assert "it is no journal of a run: its first line is not JSON" in done.stderr


@pytest.mark.parametrize("number", [0, -3, 100_001, 10**12, 10**300], ids="{:.0e}".format)
def test_epochs_that_nobody_trained(number: int) -> None:
    """A list as long as the largest epoch would need all memory there is."""
    write([*lines(is_ended=False), epoch(number, LOGS[0])])
    done = why("runs/mnist-1")
    assert done.exit_code == 0
    assert done.stderr == (
        "cbdsl: the journal has epochs that are not between 1 and 100,000: how near its rules came "
        "is not known\n"
    )
    assert "plateau (mnist.cbr:5) fired once, in epoch 5: val_loss 0.62; " in done.stdout
    assert (
        "overfit (mnist.cbr:9) did not fire: nothing that the journal holds tells what kept it"
        in (done.stdout)
    )


@pytest.mark.parametrize("name", ["epochs", "batches"])
@pytest.mark.parametrize("number", [0, -3, 10**12, 10**300], ids="{:.0e}".format)
def test_numbers_that_nobody_planned(name: str, number: int) -> None:
    header, *others = lines()
    text = told([header | {name: number}, *others])
    assert "plateau (mnist.cbr:5) fired once, in epoch 5: " in text


def test_numbers_of_all_kinds() -> None:
    logs = {"loss": "nan", "val_loss": "-inf", "val_accuracy": None, "f1": 10**300, "x": "text"}
    text = told([run(), *(epoch(number, logs, "nan") for number in range(1, 7)), end(6)])
    assert "good_enough (mnist.cbr:3) did not fire: " in text


def test_rules_that_do_not_compile() -> None:
    header = run()
    write([header | {"source": "later words of the language\n"}, *lines()[1:]])
    done = why("runs/mnist-1")
    assert done.exit_code == 0
    assert done.stderr == (
        "cbdsl: the rules of this run do not compile with this version of cbdsl: how near they "
        "came is not known\n"
    )
    assert "plateau (mnist.cbr:5) fired once, in epoch 5: val_loss 0.62" in done.stdout


def test_rules_beside_a_journal_that_has_none(folder: Path) -> None:
    whole = told(lines())
    header, *others = lines()
    del header["source"]
    (folder / "rules.cbr").write_text(RULES, "utf-8")
    assert told([header, *others]) == whole
    (folder / "rules.cbr").unlink()
    assert why("runs/mnist-1").stderr.startswith("cbdsl: the rules of this run are not there: ")


def test_texts_cannot_steer_the_terminal() -> None:
    header, *others = lines()
    others[-1]["why"] = "\x1b[2J"
    assert "\x1b" not in told([header, *others])


def test_it_needs_neither_keras_nor_numpy(folder: Path) -> None:
    write(lines())
    code = """
import sys
from cbdsl.cli import main
main(["why", "."], standalone_mode=False)
print(*sorted({"keras", "tensorflow", "numpy", "matplotlib"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == ""
