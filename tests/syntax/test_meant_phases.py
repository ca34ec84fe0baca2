"""What is read out of lines that are no phases can be written so."""

import re

import pytest
from corpus_files import files

from cbdsl.catalog.words import FOREIGN_PHASES
from cbdsl.source import SourceFile
from cbdsl.syntax import parse_source
from cbdsl.syntax.meant_phases import PARTS, meant
from cbdsl.syntax.trouble import words_in
from cbdsl.syntax.wrong_phases import FORMS


def written(line: str) -> str:
    return meant(words_in(line, 0, len(line))).written()


def is_phase(line: str) -> bool:
    return not parse_source(SourceFile("r", f"schedule lr:\n    {line}\n"))[1]


PHASES = [
    line.strip()
    for f in files("valid")
    if f.path.stem == "schedule_blocks"
    for line in f.source.text.splitlines()
    if line.strip().partition("(")[0].partition(" ")[0] in PARTS and not line.startswith("param")
]


@pytest.mark.parametrize("line", PHASES)
def test_a_phase_means_itself(line: str) -> None:
    assert is_phase(line)
    assert written(line) == line


LINES = [
    line.strip()
    for f in files("invalid")
    if "in_words" in f.path.stem or "phases" in f.path.stem
    for line in f.source.text.splitlines()
    if line.startswith("    ")
]


@pytest.mark.parametrize("line", dict.fromkeys(LINES))
def test_what_is_meant_is_a_phase(line: str) -> None:
    found = meant(words_in(line, 0, len(line)))
    if found.kind:
        # Whatever is left out, is left out with its word.
        whole = re.sub(r"(every|for|per|over) …", r"\1 3 epochs", found.written())
        assert is_phase(whole.replace("…", "0.1")), whole


def test_the_forms_are_those_of_the_grammar() -> None:
    assert FORMS.keys() == PARTS.keys()
    for form in FORMS.values():
        line = re.sub(r"[\[\]]", "", form).replace("SPAN", "3 epochs")
        assert is_phase(re.sub(r"\b[A-Z]+\b", "3", line)), line


@pytest.mark.parametrize("word", sorted(FOREIGN_PHASES))
def test_words_of_others_are_phases(word: str) -> None:
    assert FOREIGN_PHASES[word] in PARTS
    assert meant(words_in(word, 0, len(word))).kind in PARTS
