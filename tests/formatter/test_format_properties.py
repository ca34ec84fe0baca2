"""What holds for every file: the same statements, the same comments, and once is enough."""

import re
from collections import Counter
from pathlib import Path

import pytest
from corpus_files import CorpusFile, files, name
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import statements

from cbdsl import check
from cbdsl.formatter import format_source, lines, statement
from cbdsl.formatter.comments import comments_of
from cbdsl.formatter.flat import flattened
from cbdsl.formatter.layout import action, clauses, label
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parse_source, read_source

ROOT = Path(__file__).resolve().parents[2]

# Each file by itself, as the command has it: an `include` stays one.
CORPUS = [read_source(f.data, f.path.name) for f in files("valid") + files("warning")]
SOURCES = CORPUS + [
    read_source(path.read_bytes(), path.name)
    for path in (ROOT / "cbdsl" / "cli" / "init.cbr", *sorted((ROOT / "examples").rglob("*.cbr")))
]


def assert_is_kept(source: SourceFile, comments: Counter[str]) -> None:
    text = format_source(source)
    again = SourceFile(source.name, text)
    file, problems = parse_source(again)
    assert not problems, text
    assert file.statements == parse_source(source)[0].statements
    assert Counter(said(c.text) for c in comments_of(again)) == comments
    assert format_source(again) == text
    assert text == text.replace("\r", "").lstrip("\n")
    assert "\n\n\n" not in text
    assert text == "" or re.search(r"[^\n]\n\Z", text)
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


def said(comment: str) -> str:
    """What a comment says, without the sign and the spaces around it."""
    return comment.removeprefix("#").strip(" \t\r")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_corpus(source: SourceFile) -> None:
    assert_is_kept(source, Counter(said(c.text) for c in comments_of(source)))


@pytest.mark.parametrize("file", files("valid") + files("warning"), ids=name)
def test_the_checks_say_the_same(file: CorpusFile) -> None:
    text = format_source(SourceFile(file.path.name, flattened(file.source)))
    found = check(text, metrics=file.metrics, epochs=file.epochs, params=file.params)
    # A `for` gets the brackets that this warning asks for.
    before = [d.code for d in file.diagnostics() if d.code != "CBR408"]
    assert [d.code for d in found] == before


# ------------------------------------------------------------------------------ any file

_COMMENTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf"))
    | st.sampled_from('#"`(): \t!'),
    max_size=6,
).map(lambda text: f"#{text}")
_SPACES = st.text(" \t", max_size=2)
_BRACKET = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|\(')


@st.composite
def messy_files(draw: st.DrawFn) -> tuple[str, Counter[str]]:
    """Statements with comments, empty lines and odd columns, and what the comments say."""
    comments: list[str] = []

    def comment() -> str:
        if draw(st.integers(0, 2)):
            return ""
        comments.append(draw(_COMMENTS))
        return comments[-1]

    def above() -> list[str]:
        return [draw(_SPACES) + comment() for _ in range(draw(st.integers(0, 2)))]

    def in_bracket(match: re.Match[str]) -> str:
        return f"({comment()}\n{draw(_SPACES)}" if match[0] == "(" else match[0]

    def broken(text: str) -> str:
        return _BRACKET.sub(in_bracket, text) + draw(_SPACES) + comment()

    rows = above()
    for node in draw(st.lists(statements, max_size=3)):
        if isinstance(node, n.Rule) and draw(st.booleans()):
            rows += [broken(f"{label(node)}{clauses(node)}:"), *above()]
            indent = " " * draw(st.integers(1, 5))
            for done in node.actions:
                rows += [indent + broken(action(done)), *above()]
        else:
            rows.append(broken(statement(node)))
        rows += above()
    margin = " " * draw(st.integers(0, 2))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = "\n".join(margin + row for row in rows).replace("\n", end)
    return draw(st.sampled_from(["", "\ufeff"])) + text, Counter(map(said, comments))


@settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(messy_files(), st.sampled_from([100, 30]))
def test_any_file(messy: tuple[str, Counter[str]], width: int) -> None:
    text, comments = messy
    with pytest.MonkeyPatch.context() as patch:
        # In a narrow page every line is too long.
        patch.setattr(lines, "WIDTH", width)
        assert_is_kept(read_source(text, "r.cbr"), comments)
