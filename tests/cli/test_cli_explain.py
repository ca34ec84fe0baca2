"""`cbdsl explain`: pages, the list, and codes that there are not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cbdsl.cli import main
from cbdsl.diagnostics import CODES
from cbdsl.diagnostics.explain import explanation

ROOT = Path(__file__).parents[2]


def cbdsl(*args: str) -> Result:
    done = CliRunner().invoke(main, ("explain", *args))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_page() -> None:
    done = cbdsl("CBR404")
    assert (done.exit_code, done.stderr) == (0, "")
    first, empty, *_ = done.stdout.split("\n")
    assert (first, empty) == ("warning[CBR404]: a rule that no event reaches", "")
    assert done.stdout.endswith(
        "\nBad:\n\n    # epochs: 30\n    every epoch after 50 lr *= 0.9\n"
        "\nGood:\n\n    # epochs: 30\n    every epoch after 20 lr *= 0.9\n"
    )


@pytest.mark.parametrize("code", CODES)
def test_every_page_is_shown_whole(code: str) -> None:
    done, page = cbdsl(code), explanation(code)
    assert done.exit_code == 0
    assert "\xa0" not in done.stdout
    prose, bad, good = re.split(r"\n\n(?:Bad|Good):\n\n", done.stdout)
    assert " ".join(prose.split()).endswith(" ".join(page.paragraphs))
    for shown, example in ((bad, page.bad), (good, page.good)):
        assert shown.rstrip("\n") == "\n".join(f"    {line}" for line in example.text.splitlines())
    assert max(map(len, prose.splitlines())) <= 80
    # What stands in backticks can be copied.
    assert all(line.count("`") % 2 == 0 for line in prose.splitlines())


@pytest.mark.parametrize("asked", ["cbr404", "404", " CBR404 "])
def test_other_ways_to_write_a_code(asked: str) -> None:
    assert cbdsl(asked).stdout == cbdsl("CBR404").stdout


def test_several_codes_in_the_order_asked() -> None:
    done = cbdsl("501", "CBR101", "cbr501")
    assert re.findall(r"^\w+\[(CBR\d+)\]: ", done.stdout, re.MULTILINE) == ["CBR501", "CBR101"]


def test_the_list() -> None:
    done = cbdsl()
    assert (done.exit_code, done.stderr) == (0, "")
    listed = re.findall(r"^  (CBR\d+)  (error  |warning)  (.+)$", done.stdout, re.MULTILINE)
    assert [(code, kind.strip(), title) for code, kind, title in listed] == list(CODES.values())
    headings = [line for line in done.stdout.splitlines() if line[:1].strip()]
    assert headings == ["the text", "names", "types and units", "the meaning", "the run"]


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ("CBR444", ["there is no code `CBR444`; did you mean `CBR4"]),
        ("4O4", ["there is no code `4O4`; did you mean `CBR4"]),
        ("CBR", ["there is no code `CBR`; `cbdsl explain` lists them all\n"]),
        ("rules.cbr", ["there is no code `rules.cbr`; `cbdsl explain` lists them all\n"]),
        ("\x1b[31m", ["there is no code `·[31m`"]),
    ],
)
def test_a_code_that_does_not_exist(asked: str, parts: list[str]) -> None:
    done = cbdsl("CBR404", asked)
    assert (done.exit_code, done.stdout) == (2, "")
    for part in parts:
        assert part in done.stderr


def test_the_help_names_it() -> None:
    assert "  explain " in CliRunner().invoke(main, ["--help"]).stdout
    told = " ".join(cbdsl("--help").stdout.split())
    assert "`CBR404`, `cbr404` or `404`" in told


def test_it_is_light_and_shows_what_the_terminal_can() -> None:
    code = """
import sys
from cbdsl.cli import main
try:
    main(["explain", "CBR101"])
finally:
    heavy = {"keras", "tensorflow", "numpy", "matplotlib"} & set(sys.modules)
    print(*sorted(heavy), file=sys.stderr)
"""
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert done.stderr.split() == []
    assert b'stop "entra?nement termin?"' in done.stdout
