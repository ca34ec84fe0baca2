"""Rule files of strangers who mean harm: what each tries, and what it gets.

    python tests/hostile/hostile_files.py [--json NAME …]

prints a table of all of them, each with the time and the memory that `cbdsl` took for it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

WHEN = "on epoch_end if loss < 1 "


@dataclass(frozen=True)
class Hostile:
    """A file, what is tried with it, and what must come of it.

    Attributes:
        text: the rules; bytes where they are no text.
        code: the code that it gets; empty where it is harmless as it is.
        verb: what is run: `check`, or `train`, which ends before anything is trained.
        beside: makes what lies beside it.
    """

    text: str | bytes
    code: str
    verb: str = "check"
    beside: Callable[[Path], None] = field(default=lambda folder: None)


def _link(folder: Path) -> None:
    (folder / "secret.cbr").symlink_to("/etc/passwd")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.cbr")


def _environment(folder: Path) -> None:
    (folder / ".env").write_text("TOKEN=hunter2\n")


def _circle(folder: Path) -> None:
    (folder / "a.cbr").write_text('include "b.cbr"\n')
    (folder / "b.cbr").write_text('include "a.cbr"\n')


def _bomb(folder: Path) -> None:
    """A tree of files: two of each level below."""
    for level in range(20):
        (folder / f"{level}.cbr").write_text(f'include "{level + 1}.cbr"\n' * 2)
    (folder / "20.cbr").write_text("on epoch_end stop\n")


def _many_large(folder: Path) -> None:
    for number in range(60):
        (folder / f"{number}.cbr").write_text(f"{WHEN}stop\n" * 2900)


def _many_rules_each(folder: Path) -> None:
    for number in range(60):
        (folder / f"{number}.cbr").write_text("at epoch 7 stop\n" * 250)


def _modules(folder: Path) -> None:
    """Modules in the place of those that the command imports."""
    for name in ("lark", "click", "json", "re", "typing", "keras", "numpy"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} of the folder ran')\n")


def _paths() -> Iterator[tuple[str, Hostile]]:
    """Each way out of the run directory, through everything that writes."""
    outside = {
        "above": "../x",
        "above, later": "a/../../x",
        "absolute": "/etc/cron.d/x",
        "at home": "~/x",
        "a drive": "C:/x",
        "a share": "//server/share/x",
        "with backslashes": "..\\\\x",
        "a device": "CON",
        "a device with an ending": "sub/aux.old",
        "a stream": "x:hidden",
        "nothing": "a//x",
        "a dot at its end": "a./x",
    }
    writes = {
        "save": 'on epoch_end save "{}.keras"',
        "save weights": 'on epoch_end save "{}.weights.h5"',
        "resume": 'resume from "{}"\non epoch_end stop',
        "CSVLogger": 'use CSVLogger(filename="{}.csv")',
        "ModelCheckpoint": 'use ModelCheckpoint(filepath="{}.keras")',
        "TensorBoard": 'use TensorBoard(log_dir="{}")',
        "BackupAndRestore": 'use BackupAndRestore(backup_dir="{}")',
        "OrbaxCheckpoint": 'use OrbaxCheckpoint(directory="{}")',
    }
    for place, path in outside.items():
        for what, rule in writes.items():
            yield f"{what}: {place}", Hostile(rule.replace("{}", path), "CBR308")


FILES: dict[str, Hostile] = {
    # ------------------------------------------------------------------ code
    "call": Hostile(f"{WHEN}call os.abort", "CBR502", "train"),
    "call of no name": Hostile(f'{WHEN}call __import__("os").abort', "CBR109"),
    "import": Hostile("import os", "CBR109"),
    "a class of another's": Hostile("use os.system()", "CBR110"),
    "a function as argument": Hostile("use LambdaCallback(on_epoch_end=1)", "CBR208"),
    "an attribute in a text": Hostile(f'{WHEN}print "{{loss.__class__}}"', "CBR110"),
    "an index in a text": Hostile(f'{WHEN}print "{{loss[0]}}"', "CBR110"),
    "a conversion in a text": Hostile(f'{WHEN}print "{{loss!r}}"', "CBR110"),
    "an attribute in a path of Keras's": Hostile(
        'use ModelCheckpoint(filepath="{epoch.__class__}.keras")', "CBR110"
    ),
    "quotes of a docstring": Hostile(f'{WHEN}print "\\"\\"\\"); import os #"', ""),
    "code as a metric": Hostile('on epoch_end if `__import__("os").abort()` > 1 stop', ""),
    "names of Python's": Hostile('param eval = 1\non epoch_end if eval > 0 print "{eval}"', ""),
    "modules in the folder": Hostile(f"{WHEN}stop", "", beside=_modules),
    # ------------------------------------------------------------------ paths
    **dict(_paths()),
    "save: a path that is filled in": Hostile(
        'param folder = "/etc"\non epoch_end save "{folder}/x.keras"', "CBR308"
    ),
    "save: a module": Hostile('on epoch_end save "callbacks.py"', "CBR308"),
    "save: a configuration": Hostile('on epoch_end save ".bashrc"', "CBR308"),
    "CSVLogger: a module": Hostile('use CSVLogger(filename="sitecustomize.py")', "CBR308"),
    "TensorBoard: a bucket": Hostile('use TensorBoard(log_dir="gs://bucket/x")', "CBR308"),
    "resume: a file of the run": Hostile('resume from "history.csv"\non epoch_end stop', "CBR308"),
    "include: above": Hostile('include "../rules.cbr"', "CBR116"),
    "include: absolute": Hostile('include "/etc/rules.cbr"', "CBR116"),
    "include: a link": Hostile('include "secret.cbr"', "CBR116", beside=_link),
    "include: a pipe": Hostile('include "pipe.cbr"', "CBR116", beside=_pipe),
    "include: another kind": Hostile('include ".env"', "CBR116", beside=_environment),
    "ModelCheckpoint: braces that only Keras sees": Hostile(
        'use ModelCheckpoint(filepath="\\{epoch.__doc__[127]\\}x/y.keras")', "CBR308"
    ),
    "ModelCheckpoint: what Keras does not log": Hostile(
        'use ModelCheckpoint(filepath="m-{lr}.keras")', "CBR308"
    ),
    "CSVLogger: what is not filled in": Hostile(
        'use CSVLogger(filename="log{epoch}.csv")', "CBR308"
    ),
    "BackupAndRestore: what is not filled in": Hostile(
        'use BackupAndRestore(backup_dir="work{epoch}")', "CBR308"
    ),
    # ------------------------------------------------------------------ network
    "network": Hostile('use RemoteMonitor(root="http://127.0.0.1:9/")', "CBR208"),
    # ------------------------------------------------------------------ terminals, CI
    "an escape": Hostile(f'{WHEN}print "\x1b]0;x\x07"', "CBR102"),
    "a control of C1": Hostile(f'{WHEN}print "\x9b31m"', "CBR102"),
    "text turned around": Hostile(f'{WHEN}print "\u202egnp.exe"', "CBR102"),
    "a command of CI": Hostile("::error file=x::y", "CBR109"),
    "another command of CI": Hostile("on x stop ##vso[task.setvariable variable=x]y", "CBR201"),
    "a command of CI that Keras says": Hostile(
        'use ModelCheckpoint(filepath="##vso[task.complete]x.keras", verbose=1)', "CBR309"
    ),
    "a line that Keras says": Hostile(
        'use EarlyStopping(monitor="x\\n::error::y", mode="min")', "CBR309"
    ),
    "bytes": Hostile(bytes(range(256)), "CBR101"),
    # ------------------------------------------------------------------ what exhausts
    "brackets": Hostile(f"on epoch_end if {'(' * 8000}loss{')' * 8000} > 1 stop", "CBR104"),
    "towers of powers": Hostile("on epoch_end if loss > 9**9**9**9 stop", ""),
    "a number of 5,000 digits": Hostile(f"{WHEN}wait {'9' * 5000} epochs", "CBR111"),
    "a window of 10**12": Hostile("on epoch_end if mean(loss, 1000000000000) > 1 stop", "CBR302"),
    "many windows": Hostile(
        "".join(f"on batch_end if mean(m{n}, 100000) > 1 stop\n" for n in range(200)), "CBR104"
    ),
    "many copies of the model": Hostile(
        "".join(f"minimize m{n}\non epoch_end restore best of m{n}\n" for n in range(200)), "CBR104"
    ),
    "a width of 10**9": Hostile(f'{WHEN}print "{{loss:1000000000}}"', "CBR304"),
    "a width of 5,000 digits": Hostile(f'{WHEN}print "{{loss:{"9" * 5000}}}"', "CBR304"),
    "a width of 10**9 in a path of Keras's": Hostile(
        'use ModelCheckpoint(filepath="{epoch:1000000000}.keras")', "CBR304"
    ),
    "a line of 5 MB": Hostile("x" * 5_000_000, "CBR104"),
    "100,000 rules": Hostile("on epoch_end stop\n" * 100_000, "CBR104"),
    "100,000 mistakes": Hostile("x\n" * 100_000, "CBR104"),
    "a circle of includes": Hostile('include "a.cbr"', "CBR116", beside=_circle),
    "a bomb of includes": Hostile('include "0.cbr"', "CBR116", beside=_bomb),
    "many large includes": Hostile(
        "".join(f'include "{n}.cbr"\n' for n in range(60)), "CBR116", beside=_many_large
    ),
    "many includes of many rules": Hostile(
        "".join(f'include "{n}.cbr"\n' for n in range(60)), "CBR104", beside=_many_rules_each
    ),
    "many copies by callbacks": Hostile(
        'use EarlyStopping(monitor="loss", restore_best_weights=true)\n' * 40, "CBR104"
    ),
    "a test of many parts": Hostile(
        f"on epoch_end if {' or '.join(f'loss > {n}' for n in range(1000))} stop\n"
        'test "x":\n    given loss: 1x99999\n    expect no stop\n',
        "CBR412",
    ),
    "a test of long medians": Hostile(
        "".join(f"on epoch_end if median(loss, {9000 + n}) > 5 stop\n" for n in range(90))
        + 'test "x":\n    given loss: 1x9999\n    expect no stop\n',
        "CBR412",
    ),
    "a repeat of 10**9": Hostile(
        "schedule lr:\n    linear from 1 to 0 over 1 epoch\n    repeat 1000000000 times\n", ""
    ),
}


@dataclass(frozen=True)
class Seen:
    """What came of a file.

    Attributes:
        codes: those that were said.
        status: the exit status.
        said: all that was said.
        seconds: of processor time.
        megabytes: of memory at most.
        written: the files that were not there before.
    """

    codes: list[str]
    status: int
    said: str
    seconds: float
    megabytes: float
    written: list[str]


def run(hostile: Hostile, folder: Path) -> Seen:
    """Give a file to the command, in a process of its own."""
    text = hostile.text
    (folder / "rules.cbr").write_bytes(text if isinstance(text, bytes) else text.encode())
    hostile.beside(folder)
    before = {path.name for path in folder.iterdir()} | {"__pycache__"}
    command = [sys.executable, "-m", "cbdsl", hostile.verb, "rules.cbr"]
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode()
    return Seen(
        codes=[*dict.fromkeys(re.findall(r"\[(CBR\d+)\]", said))],
        status=process.returncode,
        said=said,
        seconds=usage.ru_utime + usage.ru_stime,
        # As much as this process has is counted, too, so it imports nothing large.
        megabytes=usage.ru_maxrss / 1024,
        written=sorted({path.name for path in folder.iterdir()} - before),
    )


def run_all(names: Iterable[str]) -> Iterator[tuple[str, Seen]]:
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            yield name, run(FILES[name], Path(folder))


def main(*names: str) -> None:
    if "--json" in names:
        seen = {name: vars(each) for name, each in run_all(names[1:])}
        print(json.dumps(seen))
        return
    print(f"{'file':<48} {'code':<16} {'exit':>4} {'seconds':>8} {'MB':>5}")
    for name, each in run_all(names or FILES):
        codes = " ".join(each.codes) or "harmless"
        costs = f"{each.seconds:>8.2f} {each.megabytes:>5.0f}"
        print(f"{name:<48} {codes:<16} {each.status:>4} {costs}")


if __name__ == "__main__":
    main(*sys.argv[1:])
