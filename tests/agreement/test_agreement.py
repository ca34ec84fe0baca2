"""Random programs do what an independent reading of the language says they do."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

import pytest
from agreement import differing
from constructs import EVERY, constructs
from programs import case

HERE = Path(__file__).parent


def test_every_construct_occurs(many: int, family: int) -> None:
    """What is compared is the whole language: 200 of 10,000 programs hold each construct."""
    counts = Counter(what for i in range(many) for what in constructs(case(f"{family}/{i}")))
    table = "\n".join(f"{counts[what]:6d}  {what}" for what in EVERY)
    print(f"\n{table}\nof {many} programs")
    assert set(counts) <= set(EVERY)
    rare = [what for what in EVERY if counts[what] < many * 0.02]
    assert not rare, f"too rare: {', '.join(rare)}\n{table}"


def test_compiled_rules_do_what_is_read(seeds: range, family: int) -> None:
    difference, fired = differing(f"{family}/{i}" for i in seeds)
    if difference:
        pytest.fail(difference, pytrace=False)
    assert fired >= 0.6 * len(seeds)


@pytest.mark.parametrize("path", sorted(HERE.glob("reference*.py")), ids=lambda path: path.stem)
def test_the_reading_stands_alone(path: Path) -> None:
    """It shares nothing with what it is compared with, but the tree of a file."""
    own = {other.stem for other in HERE.glob("reference*.py")}
    for name in _imports(ast.parse(path.read_text("utf-8"))):
        room = name.split(".")[0]
        assert room in sys.stdlib_module_names | own or name == "cbdsl.syntax.nodes", name


def _imports(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found
