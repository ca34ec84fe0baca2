"""What is said about every file of the corpus that has something wrong with it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_files import FOLDER, CorpusFile, files, name

from cbdsl.diagnostics import CODES, render

WRONG = files("invalid") + files("warning")


@pytest.mark.parametrize("file", WRONG, ids=name)
def test_messages(file: CorpusFile, golden: Callable[[Path, str], None]) -> None:
    found = file.diagnostics()
    golden(file.path.with_suffix(".txt"), "\n\n".join(render(d) for d in found) + "\n")


@pytest.mark.parametrize("file", WRONG, ids=name)
def test_messages_are_sorted_and_stand_alone(file: CorpusFile) -> None:
    found = file.diagnostics()
    assert found
    assert any(d.is_error for d in found) == (file.path.parent.name == "invalid")
    places = [d.span or (-1, -1) for d in found]
    assert places == sorted(places)
    assert len(found) == len({(d.span, d.code, d.message) for d in found})
    for diagnostic in found:
        if diagnostic.span is not None:
            start, end = diagnostic.span
            assert 0 <= start < end <= len(diagnostic.source.text) + 1
        for text in (diagnostic.message, diagnostic.why, diagnostic.help):
            assert "\n" not in text
            assert not text.endswith(".")
            assert "__ANON" not in text


def test_every_code_is_said() -> None:
    said = {d.code for file in WRONG for d in file.diagnostics()}
    # Whether a schedule fits is known when a training begins: tests/ruletest/goldens.
    assert said | {"CBR501", "CBR502"} == set(CODES)


def test_every_golden_has_its_file() -> None:
    goldens = [*FOLDER.glob("*/*.txt"), *FOLDER.glob("valid/*.py")]
    unused = [g for g in goldens if not g.with_suffix(".cbr").exists()]
    assert not unused, f"no test writes {unused}"


def test_there_are_enough() -> None:
    assert len(files("invalid")) >= 60
    assert len(files("valid")) >= 20
