"""Runs the programs under examples/ and keeps what they did, to compare two versions of one."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import h5py
import keras
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

_TIMES = re.compile(r" - \d+m?s - \d+[mun]?s/(step|epoch)")


def script(example: str, name: str) -> ModuleType:
    """The module examples/EXAMPLE/NAME.py, under a name of its own."""
    path = EXAMPLES / example / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"example_{example}_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # As Python does for a script. What it appends itself is taken back as well.
        patch.setattr(sys, "path", [str(path.parent), *sys.path])
        spec.loader.exec_module(module)
    return module


@dataclass
class Run:
    """What a training did.

    Attributes:
        printed: the lines on standard output, without times and empty lines.
        rates: the learning rate of each epoch that was begun.
        files: the files of the run at each epoch's end, and what they hold.
        weights: the weights when training had ended.
    """

    printed: list[str] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)
    weights: list[bytes] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        return len(self.files)

    @property
    def messages(self) -> list[str]:
        """The printed lines without those that Keras writes for each epoch."""
        return [x for x in self.printed if not re.match(r"Epoch \d+/\d+$|\d+/\d+ - ", x)]


def run(main: Callable[[], Any], folder: Path) -> Run:
    """Call a program that trains once and saves into `folder`."""
    seen = Run()
    with _watched(seen, folder), contextlib.redirect_stdout(io.StringIO()) as out:
        main()
    text = out.getvalue().replace(str(folder), "FOLDER")
    seen.printed = [_TIMES.sub("", line) for line in text.splitlines() if line]
    return seen


@contextlib.contextmanager
def _watched(seen: Run, folder: Path) -> Iterator[None]:
    """Puts a callback behind those of any `fit`."""

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            seen.rates.append(float(self.model.optimizer.learning_rate))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.files.append(contents(folder))

        def on_train_end(self, logs: Any = None) -> None:
            seen.weights = [weight.tobytes() for weight in self.model.get_weights()]

    fit = keras.Model.fit

    def watched_fit(*args: Any, callbacks: Any = (), **named: Any) -> Any:
        return fit(*args, callbacks=[*callbacks, Watch()], **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "fit", watched_fit)
        yield


def contents(folder: Path) -> dict[str, str]:
    """What the models and weights saved in a folder hold, by the names of the files."""
    found = {}
    for path in sorted(folder.glob("*")):
        if path.name.endswith(".weights.h5"):
            with path.open("rb") as file:
                found[path.name] = _digest(file)
        elif path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as file:
                found[path.name] = _digest(io.BytesIO(file.read()))
    return found


def _digest(file: BinaryIO) -> str:
    """Of the numbers in a file of weights, whatever else is in it."""
    total = hashlib.sha256()

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            total.update(name.encode())
            total.update(item[()].tobytes())

    with h5py.File(file) as weights:
        weights.visititems(add)
    return total.hexdigest()
