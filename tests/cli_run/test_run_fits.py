"""`cbdsl run`: rules attached to every fit, in this process."""

from __future__ import annotations

import copy
import csv
import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import cbdsl
from cbdsl.journal import read
from cbdsl.train import script
from cbdsl.train.errors import TrainError
from cbdsl.train.fits import Fits

RULES = """
enough: on epoch_end if epoch == 2 stop "two are enough"
seen: on epoch_end print "epoch {epoch}"
"""
keras: Any = None  # Imported when a test of this file runs: it takes seconds.
X, Y = np.zeros((8, 3), np.float32), np.zeros((8, 1), np.float32)


@pytest.fixture(autouse=True, scope="module")
def _keras() -> None:
    global keras
    keras = pytest.importorskip("keras")


def seen() -> Any:
    """A callback of the user's, which says and remembers what epochs it saw."""

    class Seen(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[int] = []

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            print(f"mine {epoch + 1}")
            self.epochs.append(epoch + 1)

    return Seen()


def model(kind: type | None = None) -> Any:
    made = (kind or keras.Sequential)([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse", run_eagerly=True)
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fits(text: str = RULES, **options: Any) -> Fits:
    attaching = {"strict": options.pop("strict", False)}
    options = {"name": "r", "run_dir": None, "attaching": attaching} | options
    return Fits(cbdsl.compile(text, filename="r.cbr"), **options)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def run_folder(*names: str) -> set[str]:
    written = ("callbacks.py", "history.csv", "journal.jsonl", "rules.cbr")
    return {"runs", *(p for n in names for p in (n, *(f"{n}/{file}" for file in written)))}


@pytest.mark.parametrize("how", ["none", "empty", "one", "list", "tuple", "nested", "positional"])
def test_the_callbacks_of_the_script_are_kept_and_come_first(
    folder: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = seen()
    given = {
        "none": None,
        "empty": [],
        "one": mine,
        "list": [mine],
        "tuple": (mine,),
        "nested": [[mine], []],
        "positional": [mine],
    }[how]
    with fits().attached():
        if how == "positional":
            history = model().fit(X, Y, None, 5, 0, given)
        else:
            history = model().fit(X, Y, epochs=5, verbose=0, callbacks=given)
    assert history.epoch == [0, 1]
    shown = capsys.readouterr()
    alone = how in ("none", "empty")
    expected = ["epoch 1", "epoch 2"] if alone else ["mine 1", "epoch 1", "mine 2", "epoch 2"]
    assert shown.out.split("\n") == [*expected, ""]
    assert shown.err == (
        "\n"
        "Training ended after epoch 2 of 5: enough, r.cbr:2, stopped it: two are enough\n"
        "enough  fired once, in epoch 2\n"
        "seen    fired 2 times, last in epoch 2\n"
        "the run is in runs/r-1\n"
    )
    assert files(folder) == run_folder("runs/r-1")
    if isinstance(given, list):
        assert len(given) < 3  # The script's list is left alone.


def test_each_fit_has_a_host_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    attached = fits('once_only: on epoch_end once print "first"', run_dir=Path("here"))
    with attached.attached():
        for _ in range(2):
            model().fit(X, Y, epochs=2, verbose=0)
    assert attached.count == 2
    shown = capsys.readouterr()
    assert shown.out == "first\nfirst\n"
    assert shown.err.count("once_only  fired once, in epoch 1\n") == 2
    assert re.findall("the run is in (.*)", shown.err) == ["here", "here/fit-2"]
    assert files(folder) == {
        path.replace("runs/r-1", "here") for path in run_folder("runs/r-1", "runs/r-1/fit-2")
    } - {"runs"}
    with (folder / "here" / "fit-2" / "history.csv").open() as file:
        assert [row[0] for row in csv.reader(file)] == ["epoch", "1", "2"]


def test_models_that_are_written_otherwise(folder: Path) -> None:
    class Steps(keras.Sequential):
        def train_step(self, data: object) -> object:
            return super().train_step(data)

    class Wraps(keras.Sequential):
        def fit(self, *args: object, **named: object) -> object:
            return super().fit(*args, **named)

    attached = fits()
    with attached.attached():
        for kind in (Steps, Wraps):
            assert model(kind).fit(X, Y, epochs=5, verbose=0).epoch == [0, 1]
        inputs = keras.Input((3,))
        functional = keras.Model(inputs, keras.layers.Dense(1)(inputs))
        functional.compile("sgd", "mse", run_eagerly=True)
        assert functional.fit(X, Y, epochs=5, verbose=0).epoch == [0, 1]
    assert attached.count == 3


def test_a_fit_within_a_fit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Inner(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch == 1:
                model().fit(X, Y, epochs=9, verbose=0)

    with fits().attached():
        history = model().fit(X, Y, epochs=5, verbose=0, callbacks=[Inner()])
    assert history.epoch == [0, 1]
    shown = capsys.readouterr()
    assert shown.out.split() == [*"epoch 1 epoch 1 epoch 2 epoch 2".split()]
    assert re.findall("after epoch 2 of (.)", shown.err) == ["9", "5"]
    assert re.findall("the run is in (.*)", shown.err) == ["runs/r-1/inner-1", "runs/r-1"]


def test_a_run_that_goes_on_keeps_what_is_finished(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Inner(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            model().fit(X, Y, epochs=1, verbose=0)

    def script(epochs: int, *, goes_on: bool) -> tuple[list[list[int]], list[Any]]:
        attached = fits('resume from "s"\n' + RULES, run_dir=Path("x"), goes_on=goes_on)
        trained = model()
        with attached.attached():
            histories = [
                trained.fit(X + n, Y, epochs=epochs, verbose=0, callbacks=callbacks).epoch
                for n, callbacks in ((1, [Inner()]), (2, []))
            ]
        assert attached.count == (2 if goes_on else 3)
        return histories, [weight.numpy().tolist() for weight in trained.weights]

    histories, weights = script(1, goes_on=False)
    assert histories == [[0], [0]]
    assert {"x/inner-1/history.csv", "x/fit-2/history.csv"} <= files(folder)
    assert "x/fit-3" not in files(folder)
    capsys.readouterr()
    assert script(1, goes_on=True) == ([[], []], weights)
    assert "begins afresh" not in capsys.readouterr().err


def test_a_tuner_that_copies_callbacks_for_each_trial(folder: Path) -> None:
    given = [seen()]
    with fits().attached():
        for _ in range(3):
            copied = copy.deepcopy(given)
            model().fit(X, Y, epochs=5, verbose=0, callbacks=copied)
            assert copied[0].epochs == [1, 2]
    assert files(folder) >= {"runs/r-1/fit-3/history.csv"}


def test_what_comes_after_is_as_it_was_before(folder: Path) -> None:
    owner = next(one for one in keras.Model.__mro__ if "fit" in vars(one))
    before, finders = vars(owner)["fit"], [*sys.meta_path]
    attached = fits().attached()
    with attached:
        assert keras.Model.fit is not before
        assert keras.Model.fit.__doc__ == before.__doc__
    with pytest.raises(KeyError), fits().attached():
        raise KeyError
    assert vars(owner)["fit"] is before
    assert sys.meta_path == finders
    assert len(model().fit(X, Y, epochs=3, verbose=0).epoch) == 3


def test_a_fit_that_does_not_begin_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attached = fits()
    with attached.attached():
        with pytest.raises(TypeError, match=r"fit\(\) got an unexpected keyword argument 'epoch'"):
            model().fit(X, Y, epoch=3)
        with pytest.raises(ValueError, match="compile"):
            keras.Sequential([keras.layers.Dense(1)]).fit(X, Y, verbose=0)
        with pytest.raises(ValueError, match="sizes"):
            model().fit(X, Y[1:], verbose=0)
    assert attached.count == 0
    assert capsys.readouterr().err == ""
    assert files(folder) == set()
    (folder / "mine").mkdir()
    with fits(run_dir=Path("mine")).attached(), pytest.raises(ValueError, match="sizes"):
        model().fit(X, Y[1:], verbose=0)
    assert files(folder) == {"mine"}


def test_a_fit_that_fails_says_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Fails(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch:
                raise self.kind("no\nmore")

        def __init__(self, kind: type[BaseException]) -> None:
            super().__init__()
            self.kind = kind

    with fits().attached():
        with pytest.raises(OSError, match="no"):
            model().fit(X, Y, epochs=5, verbose=0, callbacks=Fails(OSError))
        with pytest.raises(KeyboardInterrupt):
            model().fit(X, Y, epochs=5, verbose=0, callbacks=Fails(KeyboardInterrupt))
    said = capsys.readouterr().err
    assert "\nTraining failed in epoch 2 of 5: OSError: no\nenough  did not fire" in said
    assert "\nTraining was interrupted after epoch 1 of 5\n" in said
    first, second = (read(folder / "runs" / "r-1" / below).end for below in ("", "fit-2"))
    assert (first.how, first.why, second.how) == ("error", "OSError: no\nmore", "interrupted")


def test_with_strict_a_rule_that_fails_ends_the_training(folder: Path) -> None:
    text = 'on train_begin save "a.keras"\non epoch_end save "a.keras/b.keras"'
    with fits(text).attached():
        model().fit(X, Y, epochs=1, verbose=0)
    with fits(text, strict=True).attached(), pytest.raises(OSError, match="a"):
        model().fit(X, Y, epochs=1, verbose=0)


def test_a_callback_list_is_refused(folder: Path) -> None:
    made = model()
    given = keras.callbacks.CallbackList([], model=made)
    with (
        fits().attached(),
        pytest.raises(TrainError, match=r"^fit is given a keras.callbacks.CallbackList, to which"),
    ):
        made.fit(X, Y, callbacks=given)
    assert files(folder) == set()


@pytest.fixture
def modules() -> Iterator[dict[str, ModuleType]]:
    """`sys.modules`, put back afterwards."""
    before = dict(sys.modules)
    yield sys.modules
    sys.modules.clear()
    sys.modules.update(before)


def test_keras_may_be_imported_later_and_be_of_any_backend(
    folder: Path, modules: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "keras").mkdir()
    (folder / "keras" / "__init__.py").write_text(
        "__version__ = '3.9'\n"
        "class Backend:\n"
        "    def fit(self, callbacks=None): return callbacks\n"
        "class Model(Backend): pass\n"
    )
    for name in [name for name in modules if name.split(".")[0] == "keras"]:
        del modules[name]
    monkeypatch.syspath_prepend(folder)
    with fits().attached():
        assert "keras" not in sys.modules
        later = importlib.import_module("keras")

        assert vars(later.Backend)["fit"].__wrapped__ is not None
        assert "fit" not in vars(later.Model)
        assert "exec_module" not in vars(later.__spec__.loader)
    assert not hasattr(later.Backend.fit, "__wrapped__")


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [("keras", "2.15.0", "keras 2.15.0 is Keras 2"), ("tf_keras", "2.18.0", "tf_keras is Keras 2")],
)
def test_keras_2_is_refused(
    folder: Path,
    modules: dict[str, ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    version: str,
    said: str,
) -> None:
    (folder / f"{name}.py").write_text(
        f"__version__ = {version!r}\nclass Model:\n    def fit(self): pass\n"
    )
    for module in [module for module in modules if module.split(".")[0] == name]:
        del modules[module]
    monkeypatch.syspath_prepend(folder)
    with fits().attached(), pytest.raises(TrainError, match=f"^rules are for Keras 3, and {said}"):
        __import__(name).Model().fit()


def test_the_traceback_of_a_failing_fit_is_the_scripts_own(folder: Path) -> None:
    inner: list[BaseException] = []

    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            try:
                model().fit(X, Y[1:], verbose=0)
            except ValueError as error:
                inner.append(error)
                raise RuntimeError from error

    with fits().attached(), pytest.raises(RuntimeError) as caught:
        model().fit(X, Y, verbose=0, callbacks=[Fails()])
    for error in (caught.value, *inner):
        script._clean(error, set())
        files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        assert __file__ in files
        assert any("/keras/src/" in file for file in files)
        assert not any("/cbdsl/train/" in file for file in files)
