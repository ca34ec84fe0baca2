"""`call` needs a caller who allows it; what is wrong with it is said, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow_datasets")

from backend_commands import MODEL, tiny_set
from backend_commands import cbdsl as command

import cbdsl
from cbdsl.train.quiet import quiet

FUNCTIONS = """\
seen = []

def look(model, epoch, logs):
    seen.append((epoch, sorted(logs), model.count_params()))

def broken(model, epoch, logs):
    raise LookupError("nothing was found here")

def short(model):
    pass
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    quiet()
    return tiny_set(tmp_path_factory.mktemp("images") / "set")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "net_for_call.py").write_text(MODEL)
    (tmp_path / "called_here.py").write_text(FUNCTIONS)
    yield tmp_path
    for name in ("net_for_call", "called_here"):
        sys.modules.pop(name, None)


def train(here: Path, images: Path, function: str, *args: str) -> Any:
    (here / "r.cbr").write_text(f'on epoch_end call {function}, print "epoch {{epoch}}"')
    set_of = ["--idx", images, "--data-dir", images.parent / "data"]
    small = ["--model", "net_for_call:small", "--epochs", "2", "--batch-size", "8"]
    return command("train", "r.cbr", *set_of, *small, *args)


def test_with_leave_it_is_called(here: Path, images: Path) -> None:
    done = train(here, images, "called_here.look", "--allow", "call")
    assert done.exit_code == 0
    import called_here  # type: ignore[import-not-found]

    names = ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert called_here.seen == [(1, names, 63), (2, names, 63)]


@pytest.mark.parametrize(
    ("function", "allow", "said"),
    [
        (
            "called_here.lok",
            ["--allow", "call"],
            "r.cbr:1: the module `called_here` has no `lok`; did you mean `look`?",
        ),
        ("caled_here.look", ["--allow", "call"], "r.cbr:1: there is no module `caled_here`"),
        (
            "called_here.short",
            ["--allow", "call"],
            "r.cbr:1: `called_here.short(model)` is called as `called_here.short(model, epoch, ",
        ),
    ],
)
def test_what_cannot_be_called_is_refused_before_the_first_epoch(
    here: Path, images: Path, function: str, allow: list[str], said: str
) -> None:
    done = train(here, images, function, *allow)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Epoch 1" not in done.stdout


def test_without_leave_it_is_refused_at_once(here: Path, images: Path) -> None:
    done = train(here, images, "called_here.look")
    assert done.exit_code == 1
    assert "r.cbr:1:14: error[CBR502]: the rule calls `called_here.look`, which" in done.stderr
    assert "`--allow call` on the command line" in done.stderr
    assert "training on" not in done.stderr
    with pytest.raises(cbdsl.CbrError, match="CBR502"):
        cbdsl.callbacks(here / "r.cbr")


def test_a_function_that_raises_leaves_training_alone(here: Path, images: Path) -> None:
    done = train(here, images, "called_here.broken", "--allow", "call")
    assert done.exit_code == 0
    assert "could not call 'called_here.broken': nothing was found here" in done.stderr
    assert "epoch 2\n" in done.stdout
    assert "fired 2 times, last in epoch 2; could not call: LookupError: nothing" in done.stdout


def test_with_strict_it_ends_the_training(here: Path, images: Path) -> None:
    done = train(here, images, "called_here.broken", "--allow", "call", "--strict")
    assert done.exit_code == 2
    assert "training failed in epoch 1: LookupError: nothing was found here; in the rule" in (
        done.stderr
    )


def test_nothing_else_can_be_allowed(here: Path, images: Path) -> None:
    done = train(here, images, "called_here.look", "--allow", "everything")
    assert done.exit_code == 2
    assert "nothing called 'everything' can be allowed: what can is `call`, `net" in done.stderr
