"""What the README shows is what there is."""

from __future__ import annotations

import re

from doc_pages import ROOT, blocks

import cbdsl
from cbdsl.diagnostics import render


def block(start: str) -> str:
    """The code block that begins with these words."""
    (found,) = (one.text for one in blocks(ROOT / "README.md") if one.text.startswith(start))
    return found


def without_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_rules_are_those_of_the_example() -> None:
    example = (ROOT / "examples" / "mnist.cbr").read_text("utf-8")
    assert without_comments(block("# examples/mnist.cbr")) == without_comments(example)


def test_the_class_is_the_generated_one() -> None:
    generated = cbdsl.load(ROOT / "examples" / "mnist.cbr").python
    assert block("class KeepBest") in generated


def test_the_errors_are_the_printed_ones() -> None:
    rules = (
        "param target = 95%\n\n"
        "on epoch_ned if accuracy > target stop\n"
        "on epoch_end if val_acuracy > target stop\n"
        'every 30minutes save "model.keras"\n'
        'at epoch 5 lr *= 0.5, save "half.keras"\n'
    )
    metrics = ["loss", "accuracy", "val_loss", "val_accuracy"]
    found = cbdsl.check(rules, filename="rules.cbr", metrics=metrics)
    assert [d.code for d in found] == ["CBR201", "CBR205", "CBR111", "CBR401"]
    shown = block("$ cbdsl check").split("\n", 1)[1]
    for text in shown.strip().split("\n\n"):
        pattern = re.escape(text).replace("…", ".*")
        assert any(re.fullmatch(pattern, render(d)) for d in found), text
