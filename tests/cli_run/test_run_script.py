"""`cbdsl run`, as a user runs it: the script behaves as with `python script.py`."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cbdsl.journal import read
from cbdsl.train import script
from cbdsl.train.errors import TrainError

ROOT = str(Path(__file__).resolve().parents[2])
RULES = "enough: on epoch_end if epoch == 2 stop\n"
NO_FIT = "cbdsl: {} trained nothing with Keras's fit: no rule was attached\n"


def environment(**variables: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1"} | variables


def python(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
        input="from stdin\n",
    )


def run(cwd: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`cbdsl run r.cbr -- ARGS`."""
    (cwd / "r.cbr").write_text(RULES)
    return python("-m", "cbdsl", "run", "r.cbr", "--", *args, cwd=cwd, **variables)


def write(folder: Path, text: str, name: str = "script.py") -> str:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return name


# --------------------------------------------------------------- a script that knows nothing

UNAWARE = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
assert "keras" not in sys.modules and "tensorflow" not in sys.modules
import keras, numpy as np
from beside import rows

x = np.zeros((rows, 3), np.float32)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
stop = keras.callbacks.EarlyStopping("loss", patience=100)
history = model.fit(x, x[:, :1], epochs=int(sys.argv[2]), verbose=0, callbacks=stop)
print(sys.argv, len(history.epoch), stop.model is model)
sys.exit(len(history.epoch) + 5)
"""


def test_a_script_that_knows_nothing_of_cbdsl(tmp_path: Path) -> None:
    write(tmp_path, "rows = 8", "sub/beside.py")
    write(tmp_path, UNAWARE, "sub/train.py")
    done = run(tmp_path, "sub/train.py", "--epochs", "9", "--", "-h")
    assert done.returncode == 7, done.stderr
    assert done.stdout == "['sub/train.py', '--epochs', '9', '--', '-h'] 2 True\n"
    said = done.stderr[done.stderr.index("\nTraining") :]
    assert said == (
        "\nTraining ended after epoch 2 of 9: enough, r.cbr:1, stopped it\n"
        "enough  fired once, in epoch 2\n"
        "the run is in runs/r-1\n"
    )
    assert "Traceback" not in done.stderr
    assert (tmp_path / "runs" / "r-1" / "history.csv").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.cbr", "runs", "sub"]


ENDLESS = """
import keras, numpy as np
x = np.zeros((8, 1), np.float32)
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
show = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, flush=True))
model.fit(x, x, epochs=10**6, verbose=0, callbacks=[show])
"""


@pytest.mark.slow
def test_ctrl_c_ends_in_order(tmp_path: Path) -> None:
    write(tmp_path, ENDLESS)
    (tmp_path / "r.cbr").write_text('seen: on epoch_end if epoch == 1 print "rule"')
    with subprocess.Popen(
        [sys.executable, "-m", "cbdsl", "run", "r.cbr", "--run-dir", "a", "--", "script.py"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line == "3\n" for line in iter(process.stdout.readline, ""))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "\nTraining was interrupted after epoch " in errors
    assert "\nseen  fired once, in epoch 1\nthe run is in a\n" in errors
    assert "Traceback" not in errors
    journal = read(tmp_path / "a")
    assert len(journal.firings) == 1
    assert journal.end is not None
    assert journal.end.how == "interrupted"
    assert (tmp_path / "a" / "history.csv").read_text().endswith("\n")


@pytest.mark.slow
def test_a_rule_answers_a_signal_and_the_script_goes_on(tmp_path: Path) -> None:
    write(tmp_path, f"{ENDLESS}print('goes on')\n")
    (tmp_path / "r.cbr").write_text('leave: on interrupt save "last.keras", stop')
    with subprocess.Popen(
        [sys.executable, "-m", "cbdsl", "run", "r.cbr", "--run-dir", "a", "--", "script.py"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line == "3\n" for line in iter(process.stdout.readline, ""))
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert rest.splitlines()[-1] == "goes on"
    assert "\nTraining was interrupted after epoch " in errors
    assert ": leave, r.cbr:1, stopped it\n" in errors
    assert (tmp_path / "a" / "last.keras").exists()


# ------------------------------------------------------------------ as with `python script.py`

SHOWN = """
import sys, os, __main__
print(sys.argv, __name__, __file__, __spec__, __package__, __doc__, __cached__, type(__loader__))
print(sys.path[0], os.getcwd(), vars(__main__) is globals(), sorted(globals()), input())
"""


@pytest.mark.parametrize(
    ("text", "args"),
    [
        (SHOWN, ["a", "--b=1", "-c"]),
        ("import sys; sys.exit()", []),
        ("raise SystemExit(256 + 4)", []),
        ("import sys; sys.exit('a message')", []),
        ("def f():\n    1 / 0\nf()", []),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError(1) from e", []),
        ("raise ExceptionGroup('g', [ValueError(1), ExceptionGroup('h', [OSError(2)])])", []),
        ("x = (", []),
        ("# coding: latin-1\nprint('\\xe9')", []),
        ("import sys\nsys.excepthook = lambda *e: print('mine', e[0].__name__)\nraise OSError", []),
        ("import atexit, __main__\nx = 3\natexit.register(lambda: print(__main__.x))", []),
        ("import logging\nlogging.warning('w')\nprint(EOFError)\nraise EOFError", []),
        ("print('no line end', end='')", []),
    ],
)  # fmt: skip
def test_the_same_as_without_cbdsl(tmp_path: Path, text: str, args: list[str]) -> None:
    write(tmp_path, text)
    alone = python("script.py", *args, cwd=tmp_path)
    done = run(tmp_path, "script.py", *args)
    assert done.stdout == alone.stdout
    said = NO_FIT.format("script.py")
    assert done.stderr in (alone.stderr + said, said + alone.stderr)
    assert done.returncode == alone.returncode


def test_ctrl_c_outside_of_a_training(tmp_path: Path) -> None:
    write(tmp_path, "import signal\nsignal.raise_signal(signal.SIGINT)\nprint('after')")
    done = run(tmp_path, "script.py")
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


def test_modules_beside_the_script_come_first(tmp_path: Path) -> None:
    write(tmp_path, "import beside; print(beside.__file__)", "sub/script.py")
    write(tmp_path, "", "sub/beside.py")
    write(tmp_path, "", "beside.py")
    (tmp_path / "link.py").symlink_to("sub/script.py")
    for name in ("sub/script.py", "link.py"):
        assert run(tmp_path, name).stdout == f"{tmp_path}/sub/beside.py\n"


def test_processes_of_the_script_start_as_usual(tmp_path: Path) -> None:
    text = (
        "import multiprocessing as mp\n"
        "def double(x):\n"
        "    return 2 * x, __name__\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n"
    )
    write(tmp_path, text)
    done = run(tmp_path, "script.py")
    assert done.stdout == "[(2, '__mp_main__'), (4, '__mp_main__')]\n"
    assert done.stderr == NO_FIT.format("script.py")


# -------------------------------------------------------------------------- before it starts


def test_what_is_wrong_comes_before_the_script_starts(tmp_path: Path) -> None:
    write(tmp_path, "print('started')")
    done = run(tmp_path, "none.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "cbdsl: cannot run none.py (No such file or directory)\n"
    (tmp_path / "folder").mkdir()
    done = run(tmp_path, "folder")
    assert (done.returncode, done.stderr) == (2, "cbdsl: cannot run folder (Is a directory)\n")
    done = run(tmp_path, "script.py", TF_USE_LEGACY_KERAS="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "cbdsl: rules are for Keras 3, and what TF_USE_LEGACY_KERAS=1 asks for is Keras 2\n"
    )
    (tmp_path / "bad.cbr").write_text("on epoch_ned stop")
    done = python("-m", "cbdsl", "run", "bad.cbr", "--", "script.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean `epoch_end`" in done.stderr
    (tmp_path / "history.csv").write_text("x")
    command = ["-m", "cbdsl", "run", "r.cbr", "--run-dir", ".", "--", "script.py"]
    done = python(*command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cbdsl: . holds history.csv already")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'", "what TF_USE_LEGACY_KERAS in s.py"),
        ("os.environ.setdefault('TF_USE_LEGACY_KERAS', 'true')", "what TF_USE_LEGACY_KERAS in s"),
        ("import tf_keras as keras", "tf_keras, which s.py imports,"),
        ("def f():\n    from tf_keras.layers import Dense", "tf_keras, which s.py imports,"),
        ("import os\nos.environ['TF_USE_LEGACY_KERAS'] = '0'", None),
        ("import keras, tf_keras_vis", None),
        ("from . import tf_keras", None),
        ("x = (", None),
        ("x = '\0'", None),
    ],
)
def test_scripts_for_keras_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, what: str | None
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "tf_keras.py").touch()
    if what is None:
        script.check_keras("s.py", text.encode())
        return
    with pytest.raises(TrainError) as caught:
        script.check_keras("s.py", text.encode())
    assert str(caught.value).startswith(f"rules are for Keras 3, and {what}")
    assert str(caught.value).endswith(" is Keras 2")


def test_without_tf_keras_its_import_is_the_scripts_affair() -> None:
    script.check_keras("s.py", b"import tf_keras")


def test_without_keras_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TrainError) as caught:
        script.check_keras("s.py", b"")
    assert str(caught.value) == (
        'cannot run s.py under rules, because Keras is not installed: pip install "cbdsl[train]"'
    )


def test_a_missing_dash_dash_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "r.cbr").write_text(RULES)
    write(tmp_path, "")
    done = python("-m", "cbdsl", "run", "r.cbr", "script.py", "--lr", "3", cwd=tmp_path)
    assert done.returncode == 2
    assert "Usage: python -m cbdsl run [OPTIONS] FILE -- SCRIPT [ARGS]..." in done.stderr
    assert "No such option" in done.stderr
