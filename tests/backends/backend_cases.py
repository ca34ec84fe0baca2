"""Trains a small model under each file of `actions/`, and says in plain data what came of it.

A process has one backend, so this is also a script: with KERAS_BACKEND set it takes a form of the
rules (`FORMS`) and the names of runs, and prints their facts as JSON. It imports no pytest.

What a step does is read off two weights whose gradients are known (`Probe`), so the same numbers
are expected of every backend.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import inspect
import io
import json
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

import cbdsl
from cbdsl.attach import Rules

HERE = Path(__file__).parent
ACTIONS = HERE / "actions"

RATE = 0.125
"""A power of 2, as all numbers in the rules are where they can be."""
BATCHES, SIZE, EPOCHS = 4, 16, 4

Facts = dict[str, Any]

_random = np.random.default_rng(7)
X = _random.normal(size=(BATCHES * SIZE, 6)).astype("float32")
Y = (X.sum(1) + _random.normal(size=len(X)) > 0).astype("float32")
VALIDATION = (X[::2] + 0.5, Y[::2])


@functools.cache
def data(bad: bool) -> dict[str, Any]:
    """Arguments of `fit`; if `bad`, the third batch makes all weights nan."""
    images = X.copy()
    if bad:
        images[2 * SIZE] = np.nan
    if keras.backend.backend() != "tensorflow":
        given = {"x": images, "y": Y, "batch_size": SIZE, "validation_data": VALIDATION}
    else:
        # Most of a fit's time goes into preparing arrays, anew for each.
        sets = sys.modules["tensorflow"].data.Dataset.from_tensor_slices
        given = {"x": sets((images, Y)).batch(SIZE), "validation_data": sets(VALIDATION).batch(32)}
    return given | {"epochs": EPOCHS, "shuffle": False, "verbose": 0}


# ------------------------------------------------------------------------------- the model


@keras.saving.register_keras_serializable("backends")
class Probe(keras.layers.Layer):
    """Gives on what it gets. The gradient of `drift` is `amount`, that of `idle` is 0."""

    def build(self, shape: Any) -> None:
        self.drift = self.add_weight(shape=(), initializer="zeros", name="drift")
        self.idle = self.add_weight(shape=(), initializer="ones", name="idle")
        self.amount = self.add_weight(shape=(), initializer="ones", trainable=False, name="amount")

    def call(self, x: Any) -> Any:
        self.add_loss(self.drift * self.amount)
        return x + 0 * self.idle


def network(optimizer: Any = None, frozen: Sequence[str] = ()) -> Any:
    keras.utils.set_random_seed(5)
    dense = keras.layers.Dense
    block = keras.Sequential(
        [keras.Input((4,)), dense(3, "tanh", name="inner_1"), dense(3, "tanh", name="inner_2")],
        name="block",
    )
    layers = [dense(4, "tanh", name="low"), block, Probe(name="probe"), dense(1, name="out")]
    model = keras.Sequential([keras.Input((6,)), *layers, keras.layers.Activation("sigmoid")])
    for layer in layers:
        layer.trainable = layer.name not in frozen
    # On torch the cross-entropy refuses what is nan.
    model.compile(optimizer or keras.optimizers.SGD(RATE), "mse", metrics=["accuracy"])
    return model


def weights(model: Any) -> dict[str, list[float]]:
    """The weights by layer and name; a number of 32 bits survives its journey through JSON."""
    layers = [layer for layer in model._flatten_layers(recursive=True) if layer._layers == []]
    return {
        f"{layer.name}/{weight.name}": np.ravel(keras.ops.convert_to_numpy(weight)).tolist()
        for layer in layers
        for weight in layer.weights
    }


# -------------------------------------------------------------------------------- the runs


@dataclass
class Case:
    """How a file is run.

    Attributes:
        optimizer: makes it.
        frozen: layers that are frozen when the model is compiled.
        by_batch: whether somebody looks at the weights after each batch: on JAX that moves them
            to where changes show, so most runs do without.
        bad: whether a batch in each epoch makes all weights nan.
        passed: whether the variable is passed, or else found at the model.
        file: the file, where it is not called as the run is.
        text: rules, where they are in no file; empty for none at all.
        more: further arguments of `callbacks`.
    """

    optimizer: Callable[[], Any] = lambda: keras.optimizers.SGD(RATE)
    frozen: Sequence[str] = ()
    by_batch: bool = False
    bad: bool = False
    passed: bool = False
    file: str | None = None
    text: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


def adam() -> Any:
    return keras.optimizers.Adam(RATE)


def momentum() -> Any:
    return keras.optimizers.SGD(RATE, momentum=0.5)


CASES = {path.stem: Case() for path in sorted(ACTIONS.glob("*.cbr"))} | {
    "beta_1": Case(adam),
    "call": Case(more={"allow": ["call"]}),
    "roll_back_best": Case(adam),
    "roll_back_good": Case(momentum),
    "roll_back_nan": Case(momentum, by_batch=True, bad=True),
    "schedule_beta_1": Case(adam),
    "schedule_lr": Case(by_batch=True),
    "snapshot": Case(by_batch=True),
    "stop_in_epoch": Case(by_batch=True),
    "unfreeze": Case(frozen=["low"]),
    "unfreeze_nested": Case(frozen=["block"]),
    "variable": Case(passed=True),
    # With nobody who looks after each batch.
    "roll_back_nan_unseen": Case(momentum, bad=True, file="roll_back_nan"),
    "schedule_lr_unseen": Case(file="schedule_lr"),
    "snapshot_unseen": Case(file="snapshot"),
    "plain": Case(text=""),
    "plain_adam": Case(adam, text=""),
    "plain_momentum": Case(momentum, text=""),
    # What cannot be done.
    "no_such_setting": Case(text="on epoch_end optimizer.rho = 0.5"),
    "no_momentum": Case(adam, text="on epoch_end optimizer.momentum = 0.5"),
    "no_such_layer": Case(text='at epoch 2 freeze "lov"'),
    "no_variable": Case(text="variable noise\nat epoch 2 noise = 1"),
    "another_variable": Case(text="variable other\nat epoch 2 other = 2"),
    "call_misspelt": Case(text="at epoch 2 call backend_functions.tuoch", more={"allow": ["call"]}),
    "call_that_fails": Case(
        text="at epoch 2 call backend_functions.broken", more={"allow": ["call"]}
    ),
    "rate_of_keras": Case(
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(RATE, 99)),
        text="at epoch 2 lr *= 0.5",
    ),
}


class Watch(keras.callbacks.Callback):
    """Stands last and keeps what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.start: Any = None
        self.ends: list[Any] = []
        self.logs: list[dict[str, float]] = []
        self.rates: list[float] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.start = weights(self.model)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.rates.append(float(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends.append(weights(self.model))
        self.logs.append({name: float(value) for name, value in (logs or {}).items()})


class WatchBatches(Watch):
    """The same, after every batch too."""

    def __init__(self) -> None:
        super().__init__()
        self.after: list[Any] = []
        self.seen: list[list[str]] = []
        """The names in the logs after each batch."""
        self.batch_rates: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.batch_rates.append(float(self.model.optimizer.learning_rate))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.after.append(weights(self.model))
        self.seen.append(sorted(logs or {}))


Make = Callable[..., list[Any]]


def hosted(text: str, **given: Any) -> list[Any]:
    """Rules as callbacks of `fit`, in the usual way."""
    return cbdsl.callbacks(text, **given)


def compiled(text: str, standalone: bool = False, **given: Any) -> list[Any]:
    """What the compiled file of the rules makes."""
    program = cbdsl.compile(text)
    # Data classes ask for the module that they are in.
    module = sys.modules["compiled_rules"] = ModuleType("compiled_rules")
    exec(program.standalone if standalone else program.python, vars(module))
    return made_by(module, **given)


def made_by(module: ModuleType, *, run_dir: Path, **given: Any) -> list[Any]:
    """What a compiled module's function makes; only files that save take a folder."""
    make: Make = vars(module)["callbacks"]
    given |= given.pop("params", {})
    if "run_dir" in inspect.signature(make).parameters:
        given["run_dir"] = run_dir
    return make(**given)


def standalone(text: str, **given: Any) -> list[Any]:
    """The same of the file that needs keras alone."""
    return compiled(text, standalone=True, **given)


FORMS: dict[str, Make] = {"hosted": hosted, "compiled": compiled, "standalone": standalone}


def run(name: str, folder: Path, make: Make = hosted, watch: Watch | None = None) -> Facts:
    """The facts of one training."""
    case = CASES[name]
    text = case.text
    if text is None:
        text = (ACTIONS / f"{case.file or name}.cbr").read_text()
    watch = watch or (WatchBatches() if case.by_batch else Watch())
    model = network(case.optimizer(), case.frozen)
    model.looked_at = VALIDATION
    given: dict[str, Any] = {"run_dir": folder, **case.more}
    amount = model.get_layer("probe").amount
    if case.passed:
        given["params"] = {"noise": amount}
    elif name == "schedule_variable":
        model.noise = amount
    elif name == "another_variable":
        given["params"] = {"other": keras.Variable(1.0, name="other")}
    out, err = io.StringIO(), io.StringIO()
    facts: Facts = {"error": None}
    host: Any = None
    began = time.perf_counter()
    with contextlib.ExitStack() as stack:
        messages: list[Any] = []
        if name == "notify":
            given["notify"] = [stack.enter_context(receiving(messages))]
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        stack.enter_context(strict_about_warnings())
        try:
            callbacks = make(text, **given) if text else []
            host = callbacks[-1] if callbacks else None
            model.fit(**data(case.bad), callbacks=[*callbacks, watch])
        except Exception as error:
            facts["error"] = f"{type(error).__name__}: {error}"
            facts["trace"] = traceback.format_exc()
    facts |= vars(watch) | {"_model": None, "params": None, "validation_data": None}
    facts = {key: value for key, value in facts.items() if value is not None or key == "error"}
    return facts | {
        "seconds": round(time.perf_counter() - began, 2),
        "epochs": len(watch.ends),
        "final": weights(model),
        "out": out.getvalue(),
        "err": err.getvalue(),
        "messages": messages,
        "files": files(folder),
        "fired": fired(host),
    }


def files(folder: Path) -> dict[str, Any]:
    """The files below a folder, with the weights that they hold."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.endswith(".weights.h5"):
            model = network()
            model.load_weights(path)
            found[name] = weights(model)
        elif name.endswith(".keras"):
            found[name] = weights(keras.saving.load_model(path))
        elif path.is_file():
            found[name] = None
    return found


def fired(host: Any) -> list[Any] | None:
    """What the record of a host holds; None where there is no host."""
    if not isinstance(host, Rules):
        return None
    return [[f.rule, f.epoch, [[a.verb, a.error] for a in f.actions]] for f in host.record.firings]


@contextlib.contextmanager
def strict_about_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Keras turns tensors into arrays in the way that NumPy 2 calls old.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        # An import of apprise, harmless where there is an imghdr.
        warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
        yield


@contextlib.contextmanager
def receiving(messages: list[Any], status: int = 200) -> Iterator[str]:
    """Takes messages on a local port; gives the address, as apprise has it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            messages.append([body["title"], body["message"]])
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"json://127.0.0.1:{server.server_address[1]}/secret-path"
        finally:
            server.shutdown()
            thread.join()


def main(form: str, *names: str) -> None:
    every = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            every[name] = run(name, Path(folder), FORMS[form])
    print(json.dumps({"backend": keras.backend.backend(), "runs": every}))


if __name__ == "__main__":
    main(*sys.argv[1:])
