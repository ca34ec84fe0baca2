"""The page in a real browser, with axe-core: needs Chromium and npm's axe-core, else it is skipped.

    apt-get install chromium
    npm install --no-save axe-core
    .venv/bin/python -m pytest -m slow tests/report

`CHROMIUM` and `AXE_CORE` name the browser and the file `axe.min.js` where they are elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from report_browser import Browser, axe, chromium
from report_journals import Line, hostile, long, plain, run, written

from cbdsl.journal import read
from cbdsl.report import page, told

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium: set CHROMIUM"),
]

JOURNALS = {"plain": plain(), "long": long(300), "begun": [run()], "hostile": hostile()}
VIEWS = {"light": (1200, False), "dark": (1200, True), "phone": (360, False), "small": (320, True)}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = chromium()
    assert path is not None
    with Browser(path, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: made(tmp_path_factory.mktemp(name), lines) for name, lines in JOURNALS.items()}


def made(folder: Path, lines: list[Line]) -> Path:
    path = folder / "report.html"
    path.write_text(page(told(read(written(folder, lines)), name="mnist-1")), "utf-8")
    return path


@pytest.mark.skipif(axe() is None, reason="there is no axe-core: npm install --no-save axe-core")
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", JOURNALS)
def test_axe_finds_nothing(browser: Browser, pages: dict[str, Path], name: str, view: str) -> None:
    script = axe()
    assert script is not None
    width, dark = VIEWS[view]
    browser.open(pages[name].as_uri(), width=width, dark=dark)
    browser.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
    browser.value(script.read_text("utf-8") + "\n; 0")
    found: list[dict[str, Any]] = browser.value("axe.run().then(found => found.violations)")
    told = [(one["id"], one["impact"], [n["html"][:150] for n in one["nodes"]]) for one in found]
    assert told == []


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", JOURNALS)
def test_nothing_is_wider_than_the_screen(
    browser: Browser, pages: dict[str, Path], name: str, view: str
) -> None:
    width, dark = VIEWS[view]
    browser.open(pages[name].as_uri(), width=width, dark=dark)
    browser.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert browser.value("document.documentElement.scrollWidth") == width


def test_the_journal_stays_a_table_on_a_phone(browser: Browser, pages: dict[str, Path]) -> None:
    """There its rows are laid out as blocks."""
    counts = []
    for width in (1200, 360):
        browser.open(pages["plain"].as_uri(), width=width)
        nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
        roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
        counts.append([roles.count(role) for role in ("table", "row", "columnheader")])
    assert counts == [[1, 13, 5]] * 2


def test_the_colours_follow_the_reader(browser: Browser, pages: dict[str, Path]) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.open(pages["plain"].as_uri())
    assert browser.value(colour) == "rgb(255, 255, 255)"
    browser.open(pages["plain"].as_uri(), dark=True)
    assert browser.value(colour) == "rgb(16, 21, 27)"


@pytest.mark.parametrize("name", JOURNALS)
def test_nothing_is_requested_and_nothing_runs(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    asked: list[str] = []

    class Server(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            asked.append(self.path)

    handler = partial(Server, directory=pages[name].parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/report.html"
        browser.open(url)
        browser.value("new Promise(done => setTimeout(done, 300))")
        server.shutdown()
    assert asked == ["/report.html"]
    sent = [e["params"] for e in browser.events if e["method"] == "Network.requestWillBeSent"]
    assert {one["request"]["url"] for one in sent} <= {url, "data:,"}
    # The console would tell of what the policy keeps from loading, and of a script's error.
    kinds = ("Log.entryAdded", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")
    assert [event for event in browser.events if event["method"] in kinds] == []


def test_the_policy_keeps_scripts_from_running(browser: Browser, tmp_path: Path) -> None:
    """Were a text to become markup, it would do nothing."""
    path = made(tmp_path, plain())
    broken = "<script>document.title = 'run'</script><p style='color: red'>"
    path.write_text(path.read_text("utf-8").replace("<h1>", broken + "<h1>"), "utf-8")
    browser.open(path.as_uri())
    assert browser.value("document.title") == "mnist-1: a run under cbdsl"
    told = [e["params"]["entry"]["text"] for e in browser.events if e["method"] == "Log.entryAdded"]
    assert len(told) == 2
    assert all("Content Security Policy" in text for text in told)


FOCUSED = """(one => {
    const style = getComputedStyle(one)
    const seen = style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2
    return [one.tagName.toLowerCase(), (one.getAttribute('aria-label') || one.textContent), seen]
})(document.activeElement)"""


def test_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["plain"].as_uri())
    reached = []
    for _ in range(4):
        browser.press("Tab", code=9)
        reached.append(browser.value(FOCUSED))
    assert reached == [
        ["a", "metrics", True],
        ["a", "rules", True],
        ["a", "journal", True],
        ["summary", "The numbers of all epochs", True],
    ]
    assert browser.value("document.querySelector('details').open") is False
    browser.press("Enter", code=13)
    assert browser.value("document.querySelector('details').open") is True
    browser.press("Tab", code=9)
    assert browser.value(FOCUSED) == ["div", "The numbers of all epochs", True]
    browser.press("Tab", code=9)
    assert browser.value(FOCUSED) == ["div", "The journal", True]


def test_pointing_at_a_place_shows_its_numbers(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["plain"].as_uri())
    seen = (
        "[...document.querySelectorAll('.reading')]"
        ".filter(one => getComputedStyle(one).visibility === 'visible')"
        ".map(one => one.textContent)"
    )
    assert browser.value(seen) == []
    box = "document.querySelector('.plot').getBoundingClientRect().toJSON()"
    x, y, width = (browser.value(box)[name] for name in ("x", "y", "width"))
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + width * 4.5 / 7, y=y + 80)
    assert browser.value(seen) == ["epoch 5 · training 0.1762 · validation 0.1986"]
