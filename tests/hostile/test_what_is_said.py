"""What rules and their files say steers neither a terminal, nor a CI, nor what reads JSON."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

import cbdsl
from cbdsl.diagnostics import visible
from cbdsl.diagnostics.formats import FORMATS
from cbdsl.runtime import effects
from cbdsl.runtime.saying import harmless, tell

SAID = {
    "::error file=a::b": "·:error file=a::b",
    "  ::set-output name=a::b": "  ·:set-output name=a::b",
    "text\n::stop-commands::x": "text\n·:stop-commands::x",
    "##[error]a": "·#[error]a",
    "a ##vso[task.setvariable variable=b]c": "a ·#vso[task.setvariable variable=b]c",
    "##teamcity[message]": "·#teamcity[message]",
    "###[group]": "#·#[group]",
    "\x1b]0;title\x07": "·]0;title·",
    "a\rb\x0bc\x9bd\u202ee\u2066f": "a·b·c·d·e·f",
    "\ud800": "·",
    "a::b, a:b, # c, ## d, [e]": "a::b, a:b, # c, ## d, [e]",
    "tab\tand\nline": "tab\tand\nline",
    "très 模型 👩\u200d💻": "très 模型 👩\u200d💻",
}
COMMAND = re.compile(r"^\s*::|##\w*\[", re.MULTILINE)


@pytest.mark.parametrize(("text", "said"), SAID.items())
def test_a_message(text: str, said: str) -> None:
    assert harmless(text) == said
    assert harmless(said) == said


@pytest.mark.parametrize("text", SAID)
def test_a_line_of_a_diagnostic(text: str) -> None:
    shown = visible(text)
    # As long as it was: carets stand below it.
    assert len(shown) == len(text)
    assert not COMMAND.search(shown)
    assert all(c.isprintable() for c in shown)


class Rule:
    params: Any = None
    name = "::error::"
    place = "::warning::"


@pytest.mark.parametrize("text", SAID)
def test_what_a_rule_prints(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    direct = effects.Direct()
    direct.print(Rule(), text)
    direct.warn(Rule(), text)
    direct.failed(Rule(), "save", text, ValueError(text))
    direct.given_up(Rule(), "save", text, True)
    said = capsys.readouterr()
    for stream in (said.out, said.err):
        assert not COMMAND.search(stream)
        assert "\x1b" not in stream
        assert "\x9b" not in stream


def test_whoever_does_not_listen_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setattr("sys.stderr", stream)
        tell("nobody hears it")


NAMES = ["::error file=x::y.cbr", "##vso[task.x]y.cbr", "a\x1b[31m.cbr"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_every_format(form: str, name: str) -> None:
    text = 'on epoch_ned print "##[error]a" ##vso[b]c\n  ::error::\n'
    found = cbdsl.check(text, filename=name)
    said = FORMATS[form](found)
    lines = said.splitlines()
    commands = [line for line in lines if COMMAND.search(line)]
    if form == "github":
        # Its own, one for each diagnostic.
        assert len(commands) == len(found)
        commands = [line for line in commands if "##" in line]
    assert not commands
    assert "\x1b" not in said
    if form in ("json", "sarif"):
        # A reader finds what was there.
        assert "##[error]a" in cbdsl.compile('on epoch_end print "##[error]a"').python
        assert json.loads(said)
