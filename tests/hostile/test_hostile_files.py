"""Each file of a stranger gets a code, soon and with little memory, and does nothing."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys

import hostile_files
import pytest
from hostile_files import FILES, Seen

import cbdsl

# Over those of a file that is harmless, since Python and Lark take theirs to begin. Twice what is
# promised: tests run beside others, which costs a process time as well.
MOST_SECONDS = 2.0
MOST_MEGABYTES = 200

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs the costs of a process"),
    pytest.mark.timeout(400),  # for all processes of the fixture, one after the other
]

# One of each kind as a process; the ways out of the run directory are many, and cost the same.
PROCESSES = [name for name in FILES if ": " not in name or name.startswith("include")]
OTHERS = [name for name in FILES if name not in PROCESSES]


HARMLESS_FILE = "quotes of a docstring"


@pytest.fixture(scope="module")
def seen() -> dict[str, Seen]:
    """What came of the files; by a process that takes little memory itself."""
    command = [sys.executable, hostile_files.__file__, "--json", *PROCESSES]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return {name: Seen(**found) for name, found in json.loads(done.stdout).items()}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_file(name: str, seen: dict[str, Seen]) -> None:
    code, found = FILES[name].code, seen[name]
    if code:
        assert code in found.codes, found.said
    assert found.status == (1 if "error[" in found.said else 0), found.said
    assert found.status == 1 or code in ("", "CBR402")
    assert "Traceback" not in found.said
    assert "hunter2" not in found.said
    assert all(c.isprintable() or c == "\n" for c in found.said)
    assert not re.search(r"^\s*::|##\w*\[", found.said, re.MULTILINE)
    assert found.seconds < seen[HARMLESS_FILE].seconds + MOST_SECONDS
    assert found.megabytes < MOST_MEGABYTES
    assert not found.written


@pytest.mark.parametrize("name", OTHERS)
def test_a_way_out_of_the_run_directory(name: str) -> None:
    hostile = FILES[name]
    assert isinstance(hostile.text, str)
    found = cbdsl.check(hostile.text)
    assert [d.code for d in found if d.is_error] == [hostile.code]


HARMLESS = [
    hostile.text
    for hostile in FILES.values()
    if hostile.code in ("", "CBR402") and isinstance(hostile.text, str)
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays_a_text_in_the_python(text: str) -> None:
    tree = ast.parse(cbdsl.compile(text).python)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    modules = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not names & {"__import__", "eval", "exec", "os", "abort"}
    assert "os" not in modules
