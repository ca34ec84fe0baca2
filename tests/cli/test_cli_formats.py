"""`cbdsl check --format`: what programs are told, and that no name or text can mislead them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from click.testing import CliRunner, Result
from corpus_files import CorpusFile, files
from jsonschema import Draft202012Validator

from cbdsl import __version__
from cbdsl.cli import main
from cbdsl.diagnostics import CODES, Diagnostic, Fix
from cbdsl.diagnostics.explain import explanation
from cbdsl.diagnostics.formats import FORMATS
from cbdsl.source import SourceFile, Span

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests" / "data" / "sarif-2.1.0.json").read_text("utf-8"))
GOLDENS = Path(__file__).parent / "goldens"

RULES = """\
param unused = 3
include "more.cbr"

über: on epoch_end stop
"""
MORE = """\
# included
on epoch_end if loss == 3 stop
on epoch_ned stop
"""
BAD = "on epoch_ned stop\n"

HOSTILE_NAMES = (
    "two words.cbr",
    "100%25.cbr",
    "a:b,c=d;e.cbr",
    "new\nline\r.cbr",
    "'quoted' \"twice\".cbr",
    "::error file=x::owned.cbr",
    "##[error]owned.cbr",
    "a?b#c&d[e]~\\f.cbr",
    "é🎉.cbr",
    "\x1b[31m\x7f\u202e.cbr",
    "no text \udcff.cbr",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("rules", RULES),
        ("more", MORE),
        ("good", "on epoch_end if loss > 3 stop\n"),
        ("bad", BAD),
        ("empty", ""),
    ):
        (tmp_path / f"{name}.cbr").write_text(text, "utf-8")
    return tmp_path


def check(form: str, *args: str, stdin: str = "") -> Result:
    done = CliRunner().invoke(main, ["check", "--format", form, *args], input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def sarif_of(text: str) -> dict[str, Any]:
    """The one run of a log, which the schema allows and whose indices fit."""
    log = json.loads(text)
    Draft202012Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["defaultConfiguration"]["level"] == result["level"]
    return run  # type: ignore[no-any-return]


def without_pages(text: str) -> str:
    """A log without what changes with every version, and with the pages of explanations."""
    log = json.loads(text)
    driver = log["runs"][0]["tool"]["driver"]
    assert driver["version"] == __version__
    driver["version"] = "VERSION"
    for rule in driver["rules"]:
        rule["fullDescription"] = rule["help"] = {"text": "PAGE"}
    return json.dumps(log, indent=2) + "\n"


def uri_of(result: dict[str, Any]) -> str:
    (location,) = result["locations"]
    uri: str = location["physicalLocation"]["artifactLocation"]["uri"]
    # What RFC 3986 allows in a path, and a scheme that is file or none.
    assert re.fullmatch(r"(file://)?([\w.~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+", uri, re.ASCII), uri
    assert urlsplit(uri).scheme in ("", "file")
    return uri


def commands_in(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands, as GitHub's runner reads them from what a step prints."""
    found = []
    for line in re.split("\r\n|\r|\n", text):
        # A command of the older kind counts wherever it stands in a line without a newer one.
        if line.lstrip().startswith("::") or "##[" in line:
            head, data = line.lstrip()[2:].split("::", 1)
            name, _, properties = head.partition(" ")
            pairs = (pair.split("=", 1) for pair in properties.strip().split(",") if "=" in pair)
            found.append((name, {key: unescaped(value) for key, value in pairs}, unescaped(data)))
    return found


def unescaped(text: str) -> str:
    for escape, character in (("0D", "\r"), ("0A", "\n"), ("3A", ":"), ("2C", ","), ("25", "%")):
        text = text.replace(f"%{escape}", character)
    return text


# ------------------------------------------------------------------------------ what is written


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", ["text", *FORMATS])
def test_goldens(form: str, golden: Callable[[Path, str], None]) -> None:
    """A warning and an error in a file, the same in an included one, and one that has no place."""
    done = check(form, "rules.cbr", "empty.cbr")
    assert done.exit_code == 1
    text = done.stderr if form == "text" else done.stdout
    if form == "sarif":
        text = without_pages(text)
    golden(GOLDENS / f"check.{form}", text)
    assert done.stderr.endswith("3 errors, 2 warnings\n")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", FORMATS)
def test_formats_for_programs_are_all_that_is_on_stdout(form: str) -> None:
    done = check(form, "nowhere.cbr", "bad.cbr")
    assert done.exit_code == 2
    assert "CBR201" in done.stdout
    unreadable = "cbdsl: nowhere.cbr: cannot be read: No such file or directory"
    assert done.stderr == f"{unreadable}\n1 error\n"


@pytest.mark.usefixtures("folder")
def test_when_all_is_well() -> None:
    for form in ("text", "concise", "github"):
        done = check(form, "good.cbr")
        assert (done.exit_code, done.output) == (0, "")
    done = check("json", "good.cbr")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"format": 1, "diagnostics": []}
    done = check("sarif", "good.cbr")
    assert (done.exit_code, done.stderr) == (0, "")
    assert sarif_of(done.stdout)["results"] == []


@pytest.mark.usefixtures("folder")
def test_warnings_alone_pass_in_every_format() -> None:
    for form in ("text", *FORMATS):
        done = check(form, "-", stdin="param unused = 3\non epoch_end stop\n")
        assert (done.exit_code, done.stderr.endswith("1 warning\n")) == (0, True)


@pytest.mark.usefixtures("folder")
def test_what_two_files_include_is_said_once() -> None:
    Path("other.cbr").write_text('include "more.cbr"\n')
    Path("more.cbr").write_text("on epoch_end if loss == 3 stop\n")
    Path("rules.cbr").write_text('include "more.cbr"\n')
    for form in ("text", *FORMATS):
        done = check(form, "rules.cbr", "other.cbr", "more.cbr")
        assert done.output.count("CBR407") == (
            2 if form == "sarif" else 1
        )  # its table is there, too
        assert done.stderr.endswith("1 warning\n")


def test_an_unknown_format() -> None:
    done = check("xml", "good.cbr")
    assert (done.exit_code, done.stdout) == (2, "")
    for form in ("text", *FORMATS):
        assert form in done.stderr


# ------------------------------------------------------------------------------ places


WRONG = files("invalid") + files("warning")
NO_FILE = SourceFile("rules.cbr", "")


def lines_of(file: CorpusFile) -> list[str]:
    text = file.data.decode("utf-8", "replace").removeprefix("\ufeff")
    return text.split("\n")


def cut(lines: list[str], at: dict[str, Any]) -> str:
    """The text from a line and column to another."""
    among = lines[at["line"] - 1 : at["end_line"]]
    among[-1] = among[-1][: at["end_column"] - 1]
    among[0] = among[0][at["column"] - 1 :]
    return "\n".join(among)


def test_a_place_is_where_the_text_is_in_its_file() -> None:
    for file in WRONG:
        found = file.diagnostics()
        data = json.loads(FORMATS["json"](found))["diagnostics"]
        for diagnostic, said in zip(found, data, strict=True):
            if diagnostic.span is None:
                assert (said["file"], said["line"]) == (file.path.name, None)
                continue
            text = diagnostic.source.slice(diagnostic.span)
            lines = lines_of(CorpusFile(file.path.parent / said["file"]))
            assert cut(lines, said) == text


def test_every_code_in_sarif() -> None:
    found = [d for file in WRONG for d in file.diagnostics()]
    run = sarif_of(FORMATS["sarif"](found))
    assert len(run["results"]) == len(found) > 100
    assert [result["ruleId"] for result in run["results"]] == [d.code for d in found]
    for result in run["results"]:
        uri_of(result)
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        if region != {"startLine": 1}:
            start = (region["startLine"], region["startColumn"])
            assert (1, 1) <= start <= (region["endLine"], region["endColumn"])


def test_rules_in_sarif_are_explained() -> None:
    run = sarif_of(FORMATS["sarif"]([Diagnostic(code, "no", NO_FILE, None) for code in CODES]))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CODES)
    for rule in rules:
        page = explanation(rule["id"])
        assert rule["shortDescription"]["text"] == CODES[page.code].title
        # GitHub takes no more of it.
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        for text in rule["help"].values():
            assert page.bad.text.split("\n")[0] in text
        assert rule["help"]["text"].startswith(rule["fullDescription"]["text"])
        assert rule["help"]["markdown"].startswith(page.text)


def test_every_code_in_lines() -> None:
    found = [d for file in WRONG for d in file.diagnostics()]
    lines = FORMATS["concise"](found).splitlines()
    assert len(lines) == len(found)
    commands = commands_in(FORMATS["github"](found))
    assert len(commands) == len(found)
    for diagnostic, line, (name, properties, data) in zip(found, lines, commands, strict=True):
        assert f"{diagnostic.severity}[{diagnostic.code}]: " in line
        assert name == diagnostic.severity
        assert properties["title"] == f"{diagnostic.code}: {CODES[diagnostic.code].title}"
        assert data.split("\n")[0] == diagnostic.message
        assert data.endswith(diagnostic.help)


def test_a_fix_and_a_place_behind_the_last_character() -> None:
    source = SourceFile("rules.cbr", "on epoch_ned\n  # é🎉 stop")
    word, end = Span(3, 12), Span(len(source.text), len(source.text) + 1)
    across = Span(3, 20)
    found = [
        Diagnostic("CBR201", "no", source, word, fix=Fix(word, "epoch_end")),
        Diagnostic("CBR109", "ends too early", source, end, fix=Fix(across, "")),
        Diagnostic("CBR109", "too long", source, across),
    ]
    in_json = json.loads(FORMATS["json"](found))["diagnostics"]
    place = {"file": "rules.cbr", "line": 1, "column": 4, "end_line": 1, "end_column": 13}
    assert in_json[0]["fix"] == {**place, "text": "epoch_end"}
    at_end = {"line": 2, "column": 12, "end_line": 2, "end_column": 12}
    assert {key: in_json[1][key] for key in at_end} == at_end
    assert in_json[1]["fix"]["end_line"] == 2
    assert in_json[2]["fix"] is None

    first, second, third = sarif_of(FORMATS["sarif"](found))["results"]
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "rules.cbr"
    region = {"startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 13}
    replacement = {"deletedRegion": region, "insertedContent": {"text": "epoch_end"}}
    assert change["replacements"] == [replacement]
    assert second["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"] == {
        "text": ""
    }
    assert "fixes" not in third

    # GitHub takes no columns where the lines differ.
    properties = [properties for _, properties, _ in commands_in(FORMATS["github"](found))]
    assert "col" in properties[0]
    assert properties[2] == {
        "file": "rules.cbr",
        "line": "1",
        "endLine": "2",
        "title": "CBR109: a word that cannot stand here",
    }


# ------------------------------------------------------------------------------ hostile text


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_hostile_names(name: str) -> None:
    Path(name).write_text(BAD)
    done = {form: check(form, name) for form in FORMATS}
    assert {result.exit_code for result in done.values()} == {1}
    assert {result.stderr for result in done.values()} == {"1 error\n"}

    for form in ("concise", "github"):
        (line, end) = done[form].stdout_bytes.decode().split("\n")
        assert line.isprintable()
        assert end == ""
    ((kind, properties, data),) = commands_in(done["github"].stdout)
    assert (kind, properties["line"], properties["col"]) == ("error", "1", "4")
    shown = "".join(c if c in "\r\n" or c.isprintable() else "·" for c in name)
    assert properties["file"] == shown.replace("##[", "·#[")
    assert data.startswith("there is no hook")

    assert done["json"].stdout.isascii()
    (said,) = json.loads(done["json"].stdout)["diagnostics"]
    assert said["file"] == name.replace("\udcff", "\ufffd")

    (result,) = sarif_of(done["sarif"].stdout)["results"]
    assert unquote_to_bytes(uri_of(result)) == os.fsencode(name)


@pytest.mark.usefixtures("folder")
def test_hostile_texts() -> None:
    owned = "%0A::error file=x,line=1::owned"
    rules = f"on epoch_end if `{owned}` > 3 stop\n"
    args = ("--metrics", "loss", "--set", "a\r\n::error::\x1b[31m\u202e\udcff##[error]b=1", "-")
    done = {form: check(form, *args, stdin=rules) for form in FORMATS}
    for form in ("concise", "github"):
        lines = done[form].stdout_bytes.decode().split("\n")
        assert [line.isprintable() for line in lines] == [True] * 3
    commands = commands_in(done["github"].stdout)
    assert [(kind, properties["file"]) for kind, properties, _ in commands] == [
        ("error", "<stdin>")
    ] * 2
    assert "a··::error::·[31m···#[error]b" in commands[0][2]
    assert f"`{owned}`" in commands[1][2]
    assert f"`{owned}`" in json.loads(done["json"].stdout)["diagnostics"][1]["message"]
    results = sarif_of(done["sarif"].stdout)["results"]
    assert [uri_of(result) for result in results] == ["%3Cstdin%3E"] * 2
    assert done["sarif"].stdout.isascii()


@pytest.mark.usefixtures("folder")
def test_uris_of_names_that_are_not_relative(tmp_path: Path) -> None:
    (tmp_path / "sub dir").mkdir()
    names = (str(tmp_path / "bad.cbr"), "sub dir/../bad.cbr", "./bad.cbr", ".//bad.cbr")
    results = [sarif_of(check("sarif", name).stdout)["results"][0] for name in names]
    absolute = (tmp_path / "bad.cbr").resolve().as_uri()
    assert [uri_of(result) for result in results] == [absolute, absolute, "bad.cbr", "bad.cbr"]


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_the_same_on_every_terminal(form: str, folder: Path) -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cbdsl", "check", "rules.cbr", "--format", form]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout == check(form, "rules.cbr").stdout_bytes
