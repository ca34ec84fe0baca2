"""The pages of the codes: each has one, and their examples are what they say."""

from functools import cache
from pathlib import Path

import pytest
from corpus_files import CorpusFile

import cbdsl
from cbdsl.diagnostics import CODES, CbrError
from cbdsl.diagnostics import explain as module
from cbdsl.diagnostics.explain import Example, Explanation, read_page
from cbdsl.ruletest import run_tests

FOLDER = Path(module.__file__).with_name("explanations")
PAGES = sorted(FOLDER.glob("*.md"))
INCLUDED = "on epoch_end if val_loss stalls for 5 epochs stop\n"

every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


@cache
def page(path: Path) -> Explanation:
    return read_page(path.read_text("utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the file that examples include."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "early_stop.cbr").write_text(INCLUDED)
    return tmp_path


def said(example: Example, folder: Path) -> tuple[set[str], list[str]]:
    """The codes that `check` and then `test` give, and what tests in it say beside that."""
    path = folder / "rules.cbr"
    path.write_bytes(example.data)
    try:
        program = CorpusFile(path).program()
    except CbrError as e:
        return {d.code for d in e.diagnostics}, []
    tests = list(run_tests(program))
    found = [*program.diagnostics, *(d for test in tests for d in test.problems)]
    found += program.refused(program.leave)
    return {d.code for d in found}, [f.sentence for test in tests for f in test.failures]


def test_each_code_has_its_page_and_nothing_else_has() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{code}.md" for code in CODES}


@every_page
def test_a_page_has_the_form(path: Path) -> None:
    found = page(path)
    assert (found.code, found.title) == (path.stem, CODES[path.stem].title)
    assert found.severity == CODES[path.stem].severity


@every_page
def test_the_prose_is_short_and_plain(path: Path) -> None:
    text, paragraphs = page(path).text, page(path).paragraphs
    assert 1 <= len(paragraphs) <= 4
    assert 20 <= len(text.split()) <= 170
    for paragraph in paragraphs:
        assert paragraph.endswith((".", "?"))
        assert paragraph.count("`") % 2 == 0
        assert not paragraph.startswith(("#", "-", "*", "|", ">", "1."))


@every_page
def test_lines_are_of_a_width_to_read(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 100 or line != line.rstrip()] == []


@every_page
def test_the_bad_example_gives_the_code_and_no_other(path: Path, folder: Path) -> None:
    codes, _ = said(page(path).bad, folder)
    assert codes == {path.stem}


@every_page
def test_the_good_example_gives_nothing(path: Path, folder: Path) -> None:
    assert said(page(path).good, folder) == (set(), [])


@every_page
def test_the_good_example_is_laid_out(path: Path) -> None:
    good = page(path).good
    assert cbdsl.format(good.data.decode()) == good.data.decode()
    assert good.text != page(path).bad.text


def test_an_escaped_example_is_bytes() -> None:
    assert Example("\\xe9 \\t \\x1b\n", is_escaped=True).data == b"\xe9 \t \x1b\n"
    assert Example('print "\\n é"\n', is_escaped=False).data == 'print "\\n é"\n'.encode()


GOOD = (FOLDER / "CBR404.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## Bad", "## Wrong"),
        ("## Good", "## Good one"),
        ("## Bad", "## More\n\nmore\n\n## Bad"),
        ("```cbr\n", "```\n"),
        ("# CBR404: ", "# CBR404 "),
        ("# CBR404: ", "# CBR999: "),
    ],
)
def test_a_page_of_another_form_is_refused(old: str, new: str) -> None:
    assert read_page(GOOD)
    assert old in GOOD
    with pytest.raises(ValueError, match="no page"):
        read_page(GOOD.replace(old, new, 1))
