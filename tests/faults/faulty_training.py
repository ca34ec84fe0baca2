"""Trainings on machines that fail: a full disk, a silent server, a clock that jumps.

Keras is imported once; each training is a fork of this process. As a script it prints what came of
them, as a table or as JSON:

    python tests/faults/faulty_training.py [--json] [NAME …]
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

EPOCHS = 12

SAVES = """
kept: on epoch_end save "best-{epoch}.weights.h5"
told: on epoch_end print "epoch {epoch}"
"""


@dataclass
class Outcome:
    """What came of a training.

    Attributes:
        epochs: how many were trained to their end.
        raised: the error that `fit` ended with, if it did.
        said: what was said on the terminal.
        journal: the lines of the journal, as data.
        files: what is in the run's directory, folders left out.
        broken: the files of weights and states that cannot be read.
        more: what else is to be known.
    """

    epochs: int = 0
    raised: str = ""
    said: str = ""
    journal: list[dict[str, Any]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def failed(self, verb: str) -> list[str]:
        """The errors of an action, as the journal has them."""
        firings = [line for line in self.journal if line["kind"] == "firing"]
        actions = [action for line in firings for action in line["actions"]]
        return [a["error"] for a in actions if a["verb"] == verb and "error" in a]

    def faults(self, what: str) -> list[str]:
        """The errors of what is no action."""
        lines = [line for line in self.journal if line["kind"] == "fault"]
        return [line["error"] for line in lines if line["what"] == what]

    @property
    def end(self) -> str:
        """How it ended, as the journal has it."""
        last = self.journal[-1] if self.journal else {}
        return str(last["how"]) if last.get("kind") == "end" else ""


# ------------------------------------------------------------------------------- a training


def data() -> tuple[Any, Any]:
    import numpy as np

    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(32, 4)).astype("float32")
    return x, (x.sum(1) ** 2).astype("float32")


def model_of(wide: int = 4) -> Any:
    import keras

    keras.utils.set_random_seed(1)
    layers = [keras.Input((4,)), keras.layers.Dense(wide), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    # Tracing would take most of the time.
    model.compile(keras.optimizers.SGD(0.001), "mse", metrics=["mae"], run_eagerly=True)
    return model


def at(epoch: int, act: Callable[[], object]) -> Any:
    """A callback that does something as an epoch begins, counted from 1."""
    import keras

    return keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda now, logs: act() if now + 1 == epoch else None
    )


def fit(
    run: Path, rules: str, *callbacks: Any, wide: int = 4, x: Any = None, **options: Any
) -> int:
    """Train under rules; other callbacks stand before them. Gives how many epochs were trained."""
    import cbdsl

    given = {"journal": True, "run_dir": run, **options}
    ours = cbdsl.callbacks(rules, **given)
    mine, y = data()
    history = model_of(wide).fit(
        mine if x is None else x,
        y,
        batch_size=8,
        epochs=EPOCHS,
        verbose=0,
        validation_data=(mine[:8], y[:8]),
        callbacks=[*callbacks, *ours],
    )
    return len(history.epoch)


# ---------------------------------------------------------------------------------- faults


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of its own for a folder, seen by this process alone and gone with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_namespace, private, recursive = 0x00020000, 1 << 18, 1 << 14
    folder.mkdir(parents=True, exist_ok=True)
    if (
        libc.unshare(new_namespace)
        or libc.mount(None, b"/", None, private | recursive, None)
        or libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, f"size={size}".encode())
    ):
        raise PermissionError(os.strerror(ctypes.get_errno()))
    yield


def full_disk(folder: Path) -> dict[str, Any]:
    with small_disk(folder / "run", "200k"):
        fit(folder / "run", SAVES, wide=600, journal=folder / "journal.jsonl")
        return looked_at(folder / "run")


def full_disk_for_all(folder: Path) -> dict[str, Any]:
    """State, journal, table and log on a disk that is full, and has room again in the end."""
    run = folder / "run"
    rules = 'resume from "state"\nuse CSVLogger(filename="log.csv")\n' + SAVES

    def fill() -> None:
        with (run / "others").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 1000):
                pass

    with small_disk(run, "400k"):
        fit(run, rules, at(3, fill), at(11, lambda: (run / "others").unlink()))
        return looked_at(run) | {"copy": (run / "journal.jsonl").read_text()}


def file_size(folder: Path) -> dict[str, Any]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    fit(folder / "run", SAVES, wide=3000)
    return {}


def folder_away(folder: Path) -> dict[str, Any]:
    """The run's directory becomes a file in epoch 3, and is there again in epoch 6."""
    run = folder / "run"

    def away() -> None:
        run.rename(folder / "moved")
        run.write_text("a file\n")

    def back() -> None:
        run.unlink()
        (folder / "moved").rename(run)

    fit(run, SAVES, at(3, away), at(6, back))
    return {}


def folder_deleted(folder: Path) -> dict[str, Any]:
    fit(
        folder / "run",
        'resume from "state"\n' + SAVES,
        at(4, lambda: shutil.rmtree(folder / "run")),
        journal=folder / "journal.jsonl",
    )
    return {}


def silent_server(folder: Path) -> dict[str, Any]:
    """It takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        address = f"json://127.0.0.1:{server.getsockname()[1]}/?rto=0.3&cto=0.3"
        begun = time.monotonic()
        fit(folder / "run", 'told: on epoch_end notify "epoch {epoch}"', notify=[address])
        return {"seconds": time.monotonic() - begun}


def metric_vanishes(folder: Path) -> dict[str, Any]:
    import keras

    def vanish(epoch: int, logs: Any) -> None:
        if epoch + 1 >= 5:
            logs.pop("mae")

    rules = 'low: on epoch_end if mae < 1e9 print "{mae}"\nalways: on epoch_end print "{epoch}"'
    fit(folder / "run", rules, keras.callbacks.LambdaCallback(on_epoch_end=vanish))
    return {}


def nan_everywhere(folder: Path) -> dict[str, Any]:
    x = data()[0] * float("nan")
    rules = """
        resume from "state"
        better: on epoch_end if loss improves save "best.weights.h5"
        taken: on batch_end if loss is not finite then at most 30 times roll back to last good
        mean: on epoch_end if mean(loss, 3) > 1 or std(loss, 3) > 1 stop
        never: on epoch_end lr = loss
        told: on epoch_end print "{loss} {ema(loss, 0.3)} {quantile(loss, 0.5, 2)}"
    """
    fit(folder / "run", rules, x=x)
    return {}


def clock_jumps(folder: Path) -> dict[str, Any]:
    """A day forward in epoch 4, a week back in epoch 7."""
    jumped = [0.0]
    real, real_time = time.monotonic, time.time
    time.monotonic = lambda: real() + jumped[0]
    time.time = lambda: real_time() + jumped[0]
    day = 24 * 3600.0
    rules = """
        hourly: every 1 hour print "an hour"
        late: on epoch_end if elapsed > 2 hours print "{elapsed}"
        rests: on epoch_end if loss > 0 print "rests", wait 30 minutes
        held: on epoch_end if loss > 0 for 1 hour print "held"
    """
    fit(
        folder / "run",
        rules,
        at(4, lambda: jumped.__setitem__(0, day)),
        at(7, lambda: jumped.__setitem__(0, -7 * day)),
    )
    return {}


def two_runs(folder: Path) -> dict[str, Any]:
    """Another process trains in the same directory, all the while."""
    ready, told = os.pipe()
    other = os.fork()
    if other == 0:
        status = 1
        with contextlib.suppress(BaseException):
            fit(folder / "run", SAVES, at(2, lambda: (os.write(told, b"."), time.sleep(600))))
            status = 0
        os._exit(status)
    os.close(told)
    os.read(ready, 1)
    try:
        trained = fit(folder / "run", SAVES)
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
    return {"trained": trained}


def two_runs_that_resume(folder: Path) -> dict[str, Any]:
    ready, told = os.pipe()
    other = os.fork()
    rules = 'resume from "state"\n' + SAVES
    if other == 0:
        with contextlib.suppress(BaseException):
            fit(folder / "run", rules, at(2, lambda: (os.write(told, b"."), time.sleep(600))))
        os._exit(0)
    os.close(told)
    os.read(ready, 1)
    try:
        fit(folder / "run", rules)
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
    return {}


def nobody_listens(folder: Path) -> dict[str, Any]:
    """Both ends of the terminal are gone."""

    def gone() -> None:
        for stream in (sys.stdout, sys.stderr):
            reader, writer = os.pipe()
            os.close(reader)
            os.dup2(writer, stream.fileno())

    fit(folder / "run", SAVES + 'warned: on epoch_end warn "{lss}"', at(3, gone))
    return {}


def full_disk_of_keras(folder: Path) -> dict[str, Any]:
    """Keras's own callback on a disk that is full: it is given up, and training goes on."""
    with small_disk(folder / "run", "60k"):
        rules = 'use ModelCheckpoint(filepath="{epoch}.keras")\ntold: on epoch_end print "{epoch}"'
        fit(folder / "run", rules, wide=3000, journal=folder / "journal.jsonl")
        return looked_at(folder / "run")


def strict(folder: Path) -> dict[str, Any]:
    import cbdsl

    heard = signal.getsignal(signal.SIGTERM)
    state = Path(folder / "run" / "state")
    state.mkdir(parents=True)
    rules = """
        resume from "state"
        leave: on interrupt stop
        kept: on epoch_end if epoch == 3 save "taken.keras"
        told: on epoch_end print "epoch {epoch}"
    """
    (folder / "run" / "taken.keras").write_text("not a model")
    error = ""
    try:
        fit(folder / "run", rules, strict=True)
    except ValueError as found:
        error = str(found)
    more = {"error": error, "handlers": signal.getsignal(signal.SIGTERM) == heard}
    # Nothing is held any more, and the same training goes on where it was.
    (folder / "run" / "taken.keras").unlink()
    fit(folder / "run", rules, strict=True)
    assert cbdsl.__version__
    return more


def calls(folder: Path) -> dict[str, Any]:
    (folder / "called.py").write_text(CALLED)
    sys.path.insert(0, str(folder))
    rules = """
        a: on epoch_end call called.raises, print "after a"
        b: on epoch_end call called.ends, print "after b"
        c: on epoch_end call called.forks, print "after c"
        d: on epoch_end call called.sleeps, print "after d"
        e: on epoch_end call called.moves, print "after e"
        f: on epoch_end call called.recurs, print "after f"
        g: on epoch_end save "here-{epoch}.weights.h5"
    """
    process = os.getpid()
    fit(folder / "run", rules, allow=["call"])
    if os.getpid() != process:
        (folder / "a-child-trained").touch()
    return {"children": (folder / "a-child-trained").exists()}


CALLED = """\
import os, sys, time

def raises(model, epoch, logs):
    raise LookupError("nothing here")

def ends(model, epoch, logs):
    sys.exit("enough")

def forks(model, epoch, logs):
    if os.fork():
        os.wait()

def sleeps(model, epoch, logs):
    time.sleep(0.05)

def moves(model, epoch, logs):
    os.chdir("/")

def recurs(model, epoch, logs):
    recurs(model, epoch, logs)
"""

FAULTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "full disk": full_disk,
    "full disk for all": full_disk_for_all,
    "full disk of Keras's": full_disk_of_keras,
    "file size": file_size,
    "folder away": folder_away,
    "folder deleted": folder_deleted,
    "silent server": silent_server,
    "metric vanishes": metric_vanishes,
    "nan everywhere": nan_everywhere,
    "clock jumps": clock_jumps,
    "two runs": two_runs,
    "two runs that resume": two_runs_that_resume,
    "nobody listens": nobody_listens,
    "strict": strict,
    "calls": calls,
}


# ------------------------------------------------------------------------------ what came of it


def looked_at(run: Path) -> dict[str, Any]:
    """The files of a run, and those of them that are not whole."""
    import h5py
    import keras

    from cbdsl.saving import state_file

    files, broken = [], []
    for path in sorted(run.rglob("*")) if run.is_dir() else []:
        if path.is_dir():
            continue
        name = str(path.relative_to(run))
        files.append(name)
        try:
            if name.endswith(".weights.h5"):
                h5py.File(path).close()
            elif name.endswith(".keras"):
                keras.models.load_model(path)
            elif name.endswith("state.npz"):
                state_file.read(path)
        except Exception:
            broken.append(name)
    return {"files": files, "broken": broken}


def outcome(name: str, folder: Path) -> Outcome:
    """Run a training in a process of its own."""
    process = os.fork()
    if process == 0:
        _train(name, folder)
    _, status = os.waitpid(process, 0)
    told = json.loads((folder / "told.json").read_text()) if not status else {"raised": f"{status}"}
    more = told.pop("more", {})
    found = Outcome(**told, more=more)
    found.said = (folder / "said.txt").read_text()
    paths = (folder / "journal.jsonl", folder / "run" / "journal.jsonl")
    text = more.pop("copy", None) or next((p.read_text() for p in paths if p.is_file()), "")
    found.journal = [json.loads(line) for line in text.splitlines()]
    found.epochs = sum(line["kind"] == "epoch" for line in found.journal)
    looked = {key: more.pop(key) for key in ("files", "broken") if key in more}
    looked = looked or looked_at(folder / "run")
    found.files, found.broken = looked["files"], looked["broken"]
    return found


def _train(name: str, folder: Path) -> None:
    """A process that trains, and ends."""
    told: dict[str, Any] = {"raised": "", "more": {}}
    with (folder / "said.txt").open("wb") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    try:
        told["more"] = FAULTS[name](folder)
    except BaseException as error:
        told["raised"] = f"{type(error).__name__}: {error}"
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    # A limit of the size of files holds for this one as well.
    (folder / "told.json").write_text(json.dumps(told))
    os._exit(0)


def main(*names: str) -> None:
    as_json = "--json" in names
    wanted = [name for name in names if name != "--json"] or [*FAULTS]
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from cbdsl.train.quiet import quiet

    quiet()
    # Before the forks, what takes its time.
    import keras  # noqa: F401

    import cbdsl.attach  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder) / name.replace(" ", "-") for name in wanted}
        for place in places.values():
            place.mkdir()
        # Some of them only wait.
        with ThreadPoolExecutor(max_workers=3) as pool:
            found = dict(zip(wanted, pool.map(outcome, wanted, places.values()), strict=True))
    if as_json:
        print(json.dumps({name: asdict(each) for name, each in found.items()}))
        return
    for name, each in found.items():
        failed = [a["error"] for x in each.journal for a in x.get("actions", ()) if "error" in a]
        faults = [f"{x['what']}: {x['error']}" for x in each.journal if x["kind"] == "fault"]
        told = f"{len(failed)} actions failed, {len(faults)} faults"
        halves = [file for file in each.files if "/." in f"/{file}"] + each.broken
        print(f"{name:<22} {each.epochs:>2} epochs, {each.end or '-':<8} {told:<34} half: {halves}")
        for error in dict.fromkeys([*failed, *faults, *filter(None, [each.raised])]):
            print(f"{'':<24}{' '.join(error.split())[:110]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
