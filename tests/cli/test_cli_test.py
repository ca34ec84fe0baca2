"""`cbdsl test`: exit status, what goes where, options, and how long it takes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from cbdsl.cli import main

RULES = "param target = 0.9\nenough: on epoch_end if accuracy > target stop\n"


def a_test(name: str, accuracy: str, more: str = "") -> str:
    return f'test "{name}":\n{more}    given accuracy: {accuracy}\n    expect stop\n'


FILES = {
    "rules.cbr": RULES,
    "good.cbr": RULES + a_test("good", "0.95"),
    "failing.cbr": RULES + a_test("bad", "0.5") + a_test("good", "0.95"),
    "rules_test.cbr": 'include "rules.cbr"\n' + a_test("beside", "0.95"),
    "wrong.cbr": RULES + 'test "x":\n    expect not stop\n',
    "warned.cbr": "param unused = 3\n" + RULES + a_test("good", "0.95"),
    "no_rules.cbr": a_test("x", "1"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cbdsl(*args: str, stdin: str = "") -> Result:
    done = CliRunner().invoke(main, ["test", *args], input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output
    return done


def summary(done: Result) -> str:
    """The last line without the time."""
    last = done.stdout.splitlines()[-1] if done.stdout else ""
    return last.partition(" in ")[0]


# ------------------------------------------------------------------------------ status


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["good.cbr"], 0, "1 passed"),
        (["good.cbr", "rules_test.cbr"], 0, "2 passed"),
        (["good.cbr", "good.cbr"], 0, "1 passed"),
        (["warned.cbr"], 0, "1 passed"),
        (["failing.cbr"], 1, "1 failed, 1 passed"),
        (["failing.cbr", "good.cbr"], 1, "1 failed, 2 passed"),
        (["wrong.cbr"], 1, ""),
        (["no_rules.cbr"], 1, ""),
        (["wrong.cbr", "good.cbr"], 1, "1 passed"),
        (["rules.cbr"], 2, ""),
        (["nowhere.cbr"], 2, ""),
        (["."], 2, ""),
        (["nowhere.cbr", "good.cbr"], 2, "1 passed"),
        (["nowhere.cbr", "failing.cbr"], 2, "1 failed, 1 passed"),
        ([], 2, ""),
        (["good.cbr", "--run", "goo"], 0, "1 passed"),
        (["failing.cbr", "--run", "^good$"], 0, "1 passed"),
        (["failing.cbr", "--run", "b|g"], 1, "1 failed, 1 passed"),
        (["failing.cbr", "--run", "other"], 2, ""),
        (["failing.cbr", "--run", "("], 2, ""),
        (["good.cbr", "--set", "target=0.99"], 1, "1 failed"),
        (["failing.cbr", "--set", "target=40%"], 0, "2 passed"),
        (["good.cbr", "--set", "tarket=0.99"], 1, ""),
        (["good.cbr", "--set", "target"], 2, ""),
        (["good.cbr", "--format", "xml"], 2, ""),
        (["-", "--watch"], 2, ""),
    ],
)
def test_status(args: list[str], status: int, said: str) -> None:
    done = cbdsl(*args)
    assert (done.exit_code, summary(done)) == (status, said)
    assert not done.stdout or done.stdout.endswith(" s\n")


def test_standard_input() -> None:
    assert summary(cbdsl("-", stdin=FILES["good.cbr"])) == "1 passed"
    done = cbdsl("-", stdin=FILES["failing.cbr"])
    assert done.exit_code == 1
    assert done.stdout.startswith('FAILED <stdin>:3 "bad"\n\n<stdin>:5:5: expected stop;')


# ------------------------------------------------------------------------------ what it says


def test_no_tests_is_said() -> None:
    assert cbdsl("rules.cbr").stderr == "cbdsl: no tests in rules.cbr\n"
    done = cbdsl("good.cbr", "--run", "other")
    assert done.stderr == "cbdsl: no tests named like `other` in good.cbr\n"
    # Beside files that have some it is a remark: a folder holds rules and tests.
    done = cbdsl("rules.cbr", "rules_test.cbr")
    assert (done.exit_code, done.stderr) == (0, "cbdsl: no tests in rules.cbr\n")


def test_what_is_wrong_with_the_rules_goes_to_stderr() -> None:
    done = cbdsl("wrong.cbr", "good.cbr")
    assert "wrong.cbr:4:12: error[CBR109]: `not` cannot stand here" in done.stderr
    assert "help: write `expect no stop`" in done.stderr
    assert done.stderr.endswith("\n1 error\n")
    assert done.stdout.startswith("1 passed in ")


def test_warnings_are_left_to_check() -> None:
    assert cbdsl("warned.cbr").stderr == ""


def test_what_failed_is_shown() -> None:
    done = cbdsl("failing.cbr")
    assert done.stderr == ""
    assert done.stdout.rpartition("1 failed")[0] == (
        'FAILED failing.cbr:3 "bad"\n'
        "\n"
        "failing.cbr:5:5: expected stop; it never came\n"
        "  |\n"
        "5 |     expect stop\n"
        "  |     ^^^^^^^^^^^\n"
        "  = why: enough: its condition is never true\n"
        "\n"
        "    epoch                  1\n"
        "    accuracy             0.5\n"
        "    accuracy > target  false\n"
        "    enough\n"
        "\n"
    )


def test_no_colours_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.setenv(name, "1")
        assert "\x1b" not in cbdsl("failing.cbr", "wrong.cbr", "--coverage").output


def test_names_cannot_steer_a_terminal(folder: Path) -> None:
    (folder / "odd\x1b[31m.cbr").write_text(FILES["failing.cbr"].replace("bad", "a\\nb\\tc"))
    done = cbdsl("odd\x1b[31m.cbr")
    assert "\x1b" not in done.output
    assert 'FAILED odd·[31m.cbr:3 "a·b c"' in done.stdout


def test_coverage() -> None:
    done = cbdsl("failing.cbr", "rules_test.cbr", "--coverage")
    assert done.stdout.splitlines()[-3:] == [
        "failing.cbr: 1 of 1 rule fired, 1 of 1 part of conditions was seen true and false",
        "rules_test.cbr: 1 of 1 rule fired, 0 of 1 part of conditions was seen true and false",
        "  rules.cbr:2: `accuracy > target` was never false",
    ]


def test_json() -> None:
    done = cbdsl("failing.cbr", "wrong.cbr", "rules.cbr", "--format", "json", "--coverage")
    assert done.exit_code == 1
    data = json.loads(done.stdout)
    assert [(t["file"], t["line"], t["name"], t["passed"]) for t in data["tests"]] == [
        ("failing.cbr", 3, "bad", False),
        ("failing.cbr", 6, "good", True),
    ]
    assert data["tests"][0]["failures"] == [
        {
            "line": 5,
            "column": 5,
            "expected": "stop",
            "instead": "it never came",
            "why": ["enough: its condition is never true"],
            "table": {
                "in_epoch": None,
                "columns": [1],
                "rows": [
                    {"name": "accuracy", "cells": ["0.5"]},
                    {"name": "accuracy > target", "cells": ["false"]},
                    {"name": "enough", "cells": [""]},
                ],
            },
        }
    ]
    (error,) = data["errors"]
    assert (error["file"], error["line"], error["code"]) == ("wrong.cbr", 4, "CBR109")
    assert list(data["coverage"]) == ["failing.cbr"]


def test_junit() -> None:
    done = cbdsl("failing.cbr", "wrong.cbr", "good.cbr", "--format", "junit", "--coverage")
    assert done.exit_code == 1
    root = ElementTree.fromstring(done.stdout)
    assert [(s.get("name"), s.get("tests"), s.get("failures"), s.get("errors")) for s in root] == [
        ("failing.cbr", "2", "1", "0"),
        ("good.cbr", "1", "0", "0"),
        ("wrong.cbr", "1", "0", "1"),
    ]
    assert "good.cbr: 1 of 1 rule fired" in done.stderr


def test_the_help_tells_the_exit_status() -> None:
    told = " ".join(cbdsl("--help").stdout.split())
    assert "Exits with 1 if a test fails or the rules have errors" in told


# ------------------------------------------------------------------------------ time


def test_many_tests_that_set_parameters_are_quick(folder: Path) -> None:
    tests = "".join(a_test(str(n), "0.95", f"    set target = {n % 7 / 10}\n") for n in range(400))
    (folder / "many.cbr").write_text(RULES + tests)
    begun = time.perf_counter()
    assert summary(cbdsl("many.cbr")) == "400 passed"
    # Compiled once for each value; each time it would take a minute.
    assert time.perf_counter() - begun < 10


SCRIPT = """
import sys
from cbdsl.cli import main
try:
    main(["test", "twenty.cbr"])
finally:
    print(*{"keras", "tensorflow", "numpy"} & set(sys.modules), file=sys.stderr)
"""


def test_twenty_tests_take_less_than_a_second(folder: Path) -> None:
    text = RULES + "".join(
        a_test(str(number), f"0.5x{number} 0.95", "    set target = 80%\n") for number in range(20)
    )
    (folder / "twenty.cbr").write_text(text)
    (folder / "none.cbr").write_text(RULES)
    started, _ = costs(SCRIPT.replace('"test", "twenty.cbr"', '"check", "none.cbr"'), folder)
    took, done = costs(SCRIPT, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("20 passed in ")
    assert done.stderr.strip() == ""
    # Where Python and Lark alone take most of a second to begin, it is twice as long.
    assert took < max(1, 2.5 * started)


def costs(script: str, folder: Path) -> tuple[float, subprocess.CompletedProcess[str]]:
    """The seconds of a process; of the processor, since other tests run beside it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done
