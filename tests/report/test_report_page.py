"""The page of a run: what it shows, and that nothing in a journal is more than text in it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from report_journals import (
    HOSTILE,
    did,
    end,
    epoch,
    fired,
    hostile,
    long,
    plain,
    resumed,
    rule,
    run,
)
from report_pages import Page

import cbdsl.report

PageOf = Callable[..., Page]
Golden = Callable[[Path, str], None]


def facts(page: Page) -> dict[str, str]:
    (found,) = page.all("dl", "facts")
    names = [node.text for node in found.all("dt")]
    return dict(zip(names, [node.text for node in found.all("dd")], strict=True))


def ending(page: Page) -> str:
    (found,) = page.all("p", "ending")
    return found.text


# ---------------------------------------------------------------- what it shows


def test_a_small_page(page_of: PageOf, golden: Golden) -> None:
    golden(Path(__file__).parent / "goldens" / "small.html", page_of(plain(3)).html)


def test_how_it_stands(page_of: PageOf) -> None:
    page = page_of(plain())
    why = "good_enough, mnist.cbr:3 stopped it: 94.9% is enough"
    assert ending(page) == f"stopped Training ended after epoch 7 of 10: {why}"
    assert facts(page) == {
        "began": "2025-11-03 09:12 UTC",
        "epochs": "7 of 10",
        "time in training": "9.6 s",
        "firings": "12, by 3 of 4 rules",
        "param target": "0.95",
        "param patience": "2",
    }


KILLED = "no end The training was killed {}, or still goes on: its journal has no end."


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ([end(3)], "done Training ended after epoch 3 of 10."),
        ([end(10)], "done All 10 epochs are done."),
        ([end(3, "interrupted")], "interrupted Training was interrupted after epoch 3 of 10."),
        (
            [end(3, "failed", "r", "nan")],
            "failed Training failed after epoch 3 of 10: r stopped it: nan",
        ),
        (
            [end(3, "error", None, "KeyError: 'x'")],
            "error An error ended the training after epoch 3 of 10: KeyError: 'x'",
        ),
        (
            [end(3, "stopped", "EarlyStopping")],
            "stopped Training ended after epoch 3 of 10: EarlyStopping stopped it",
        ),
        ([end(3, "new way")], "new way Training ended after epoch 3 of 10."),
        ([], KILLED.format("before the first epoch was done")),
        ([epoch(4, {"loss": 1})], KILLED.format("after epoch 4 of 10")),
    ],
)
def test_endings(page_of: PageOf, last: list[Any], told: str) -> None:
    assert ending(page_of([run(), *last])) == told


def test_a_resumed_run_is_not_at_its_earlier_end(page_of: PageOf) -> None:
    first = run()
    again = resumed(2, first, epochs=20)
    page = page_of([first, epoch(1, {"loss": 1}), end(1, "interrupted"), again])
    assert ending(page).startswith("no end The training was killed after epoch 1 of 20")
    (row,) = page.all("tbody")[-1].all("tr")
    said = "from epoch 2 on, 2025-11-04 10:00 UTC; the rules are the same"
    assert [cell.text for cell in row.children] == ["2", "", "resumed", "", said]


def test_charts(page_of: PageOf) -> None:
    page = page_of(plain())
    charts = page.all("figure")
    assert [chart.all("h3")[0].text for chart in charts] == ["loss", "accuracy", "learning rate"]
    legends = [chart.all("p", "legend")[0].text for chart in charts]
    assert legends[1] == "training 97.29% validation 94.92%, its best"
    ticks = [[node.text for node in chart.all("text", "tick")] for chart in charts]
    assert ticks[1][:4] == ["80%", "85%", "90%", "95%"]
    assert ticks[1][4:11] == list("1234567")


def test_charts_for_those_who_cannot_see_them(page_of: PageOf) -> None:
    page = page_of(plain())
    drawings = page.all("svg", "plot")
    assert len(drawings) == 3
    for drawing in drawings:
        assert drawing.attributes["role"] == "img"
        title, told = (page.by_id(name) for name in drawing.attributes["aria-labelledby"].split())
        assert title.tag == "h3"
        assert told.text.startswith("By epoch, from 1 to 7. ")
    assert "Validation: 89.5% at first, 94.92% at last" in page.by_id("m2-desc").text


def test_each_firing_is_marked(page_of: PageOf) -> None:
    page = page_of(plain())
    for chart in page.all("figure"):
        marks = [node.all("title")[0].text for node in chart.all("circle", "fired")]
        assert marks[:4] == [
            "epoch 1: keep_best",
            "epoch 2: keep_best",
            "epoch 3: slower, keep_best",
            "epoch 4: slower, keep_best",
        ]
        assert marks[-1] == "epoch 7: good_enough, slower, keep_best"
        assert [node.text for node in chart.all("text", "label")] == ["good_enough"]


def test_rules(page_of: PageOf) -> None:
    (rules,) = page_of(plain()).all("ul", "rules")
    told = [(li.all("h3")[0].text, li.all("p", "did")[0].text) for li in rules.all("li")]
    assert told == [
        ("good_enough", "fired once, in epoch 7"),
        ("slower", "fired 5 times, last in epoch 7"),
        ("keep_best", "fired 6 times, last in epoch 7"),
        ("plateau", "did not fire"),
    ]
    labels = [lane.attributes["aria-label"] for lane in rules.all("svg", "lane")]
    assert labels[2] == "keep_best fired in epochs 1–4 and 6–7"
    assert rules.all("pre")[1].text == "every epoch after 2 lr *= 0.99"


def test_the_journal(page_of: PageOf) -> None:
    page = page_of(plain())
    (table,) = page.all("table", "journal")
    assert (
        table.all("caption")[0].text
        == "12 lines of the journal, in the order in which they happened."
    )
    assert [head.text for head in table.all("th")] == [
        "epoch",
        "time",
        "rule",
        "what it saw",
        "what it did",
    ]
    rows = [[cell.text for cell in row.all("td")] for row in table.all("tr")[1:]]
    assert rows[2] == ["3", "4.1 s", "slower", "", "lr = 0.00099"]
    assert rows[-1] == [
        "7", "9.6 s", "good_enough", "val_accuracy 0.9492 target 0.95", "stop 94.9% is enough",
    ]  # fmt: skip


def test_what_went_wrong(page_of: PageOf) -> None:
    odd = {"rule": "odd", "key": "odd:0"}
    mail = {"rule": "mail", "key": "mail:0"}
    problems = ["r.cbr:1:1: no", "r.cbr:2:1: no"]
    page = page_of(
        [
            run([rule("mail"), rule("odd")]),
            fired(0, "odd", did("save", "x.keras", "OSError: disk full")),
            {"kind": "broken", "epoch": 2, "time": 3, "error": "E: x", **odd},
            {"kind": "failed", "time": 3, "verb": "notify", "error": "E: y", **mail},
            {"kind": "refused", "epoch": 2, "time": 4, "problems": problems},
        ]
    )
    first, second = page.all("ul", "rules")[0].all("li")
    assert "could not notify: E: y" in first.text
    assert "fired once, before the first epoch" in second.text
    assert "switched off: E: x" in second.text
    assert "could not save: OSError: disk full" in second.text
    rows = [[cell.text for cell in row.all("td")] for row in page.all("tr")[1:]]
    assert rows == [
        ["start", "", "odd", "", "save x.keras failed: OSError: disk full"],
        ["2", "3.0 s", "odd", "", "switched off: E: x"],
        ["start", "3.0 s", "mail", "", "could not notify: E: y"],
        ["2", "4.0 s", "edited rules not taken", "", "r.cbr:1:1: no r.cbr:2:1: no"],
    ]


def test_rules_that_come_and_go(page_of: PageOf) -> None:
    gone, stays, new = rule("gone"), rule("stays"), rule("new")
    change = {"kept": ["stays:0"], "new": ["new:0"], "dropped": ["gone:0"]}
    line = {"kind": "reloaded", "epoch": 4, "time": 5, "params": {}, "rules": [new, stays]}
    page = page_of([run([gone, stays]), line | {"difference": change}])
    rules = page.all("ul", "rules")[0].all("li")
    found = [(li.all("h3")[0].text, [one.text for one in li.all("span", "badge")]) for li in rules]
    assert found == [("new", ["new in epoch 4"]), ("stays", []), ("gone", ["dropped in epoch 4"])]
    assert page.all("td", "did")[-1].text == "new: new; dropped: gone"


def test_an_edit_is_marked_and_tells_what_became_another(page_of: PageOf) -> None:
    one = rule("one")
    change = {"kept": ["one:0"], "new": ["schedule lr:0"], "dropped": []}
    line = {"kind": "reloaded", "epoch": 2, "time": 5, "rules": [one], "params": {"n": 3, "m": 1}}
    same = line | {"epoch": 3, "difference": {"kept": ["one:0"], "new": [], "dropped": []}}
    first = run([one], params={"n": 2, "m": 1})
    logs = {"loss": 1.0}
    page = page_of(
        [first, epoch(1, logs), line | {"difference": change}, epoch(2, logs), same, epoch(3, logs)]
    )
    assert [cell.text for cell in page.all("td", "did")] == [
        "new: schedule lr; param: n = 3",
        "the rules are the same",
    ]
    marked = [mark.text for mark in page.all("text", "label")]
    assert set(marked) == {"edited"}


# ---------------------------------------------------------------- much and little


def test_a_thousand_epochs_make_no_large_page(page_of: PageOf) -> None:
    page = page_of(long(1000))
    assert len(page.html) < 400_000
    (caption,) = page.all("table", "journal")[0].all("caption")
    assert "Left out: 2,8" in caption.text
    assert "journal.jsonl has all that were written. 9,700 more firings" in caption.text
    # Rules that fire now and then keep all of theirs.
    cells = [row.all("td")[2].text for row in page.all("table", "journal")[0].all("tr")[1:]]
    assert (cells.count("plateau"), cells.count("calm"), cells.count("resumed")) == (3, 10, 1)
    assert page.all("p", "lead")[1].text == "Shown: one epoch in 3; journal.jsonl has all."
    gaps = [node.text for node in page.all("span", "gap")]
    assert gaps == ["training: nan in epochs 97, 194, 291, 388, 485, 582 …"]


def test_a_run_that_has_just_begun(page_of: PageOf) -> None:
    page = page_of([run()])
    assert page.all("figure") == []
    assert page.all("table") == []
    assert "No epoch was trained to its end" in page.text
    assert facts(page)["firings"] == "none"


def test_one_epoch_is_a_dot(page_of: PageOf) -> None:
    page = page_of([run([]), epoch(1, {"loss": 0.5})])
    (dot, *_) = page.all("figure")[0].all("circle", "dot")
    assert dot.attributes["cx"] == "50%"
    assert "The run had no rules." in page.text


def test_metrics_that_cannot_be_drawn(page_of: PageOf) -> None:
    logs = {"loss": "nan", "odd": "text", "none": None, "list": [1]}
    page = page_of([run(), epoch(1, logs, "inf"), epoch(2, logs, None)])
    assert [node.text for node in page.all("p", "nothing")] == ["No value that can be drawn."] * 5
    assert "value: nan in epochs 1–2" in page.text


def test_many_metrics_and_parameters(page_of: PageOf) -> None:
    logs = {f"m{n}": n for n in range(100)}
    page = page_of([run(params=logs), epoch(1, logs)])
    assert len(page.all("figure")) == 25
    assert "76 metrics more have no chart." in page.text
    assert "Shown: 60 of 100 columns;" in page.text
    assert len(facts(page)) == 4 + 24


# ---------------------------------------------------------------- safety


def test_no_text_of_a_journal_is_markup(page_of: PageOf) -> None:
    page = page_of(hostile(), name=HOSTILE)
    tags = {node.tag for node in page.walk()}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert len(page.all("style")) == 1
    assert page.html.count("<script") == page.html.count("<img") == 0
    assert "\x00" not in page.html
    assert "\u202e" not in page.html
    # It is all there to be read.
    assert page.text.count("<script>alert(1)</script>") > 20


@pytest.mark.parametrize("lines", [plain(), long(300), hostile()], ids=["plain", "long", "hostile"])
def test_attributes_are_the_pages_own(page_of: PageOf, lines: list[Any]) -> None:
    page = page_of(lines)
    ids = [node.attributes["id"] for node in page.walk() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for node in page.walk():
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            assert name not in ("style", "src", "srcset", "action")
            if name == "href":
                assert value == "data:," or page.by_id(value.removeprefix("#"))
            if name not in ("aria-label", "content"):
                assert "alert" not in value
            if name in ("id", "class"):
                assert re.fullmatch("[a-z0-9 -]+", value)


def test_the_policy_lets_the_pages_own_style_through_and_no_more(page_of: PageOf) -> None:
    page = page_of(plain())
    meta = {n.attributes.get("http-equiv"): n.attributes.get("content") for n in page.all("meta")}
    (style,) = re.findall("<style>(.*?)</style>", page.html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert meta["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    # The policy binds what stands behind it.
    assert page.html.index("Content-Security-Policy") < page.html.index("<style")


@pytest.mark.parametrize("lines", [plain(), long(100)], ids=["plain", "long"])
def test_nothing_leads_out_of_the_page(page_of: PageOf, lines: list[Any]) -> None:
    html = page_of(lines).html
    assert not re.search(r"https?:|//[a-z]|url\(|@import|xmlns", html)


def test_the_same_journal_makes_the_same_page(page_of: PageOf) -> None:
    assert page_of(long(120)).html == page_of(long(120)).html


# ---------------------------------------------------------------- how it is built


@pytest.mark.parametrize("lines", [plain(), long(60), [run()]], ids=["plain", "long", "begun"])
def test_headings_and_tables_are_in_order(page_of: PageOf, lines: list[Any]) -> None:
    page = page_of(lines)
    levels = [int(node.tag[1]) for node in page.walk() if re.fullmatch("h[1-6]", node.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.all("html")[0].attributes == {"lang": "en"}
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    for table in page.all("table"):
        assert table.all("caption")[0].text
        assert {head.attributes.get("scope") for head in table.all("th")} <= {"col", "row"}
        widths = {len(row.all("td")) + len(row.all("th")) for row in table.all("tr")}
        assert len(widths) == 1
    for scrolled in page.all("div", "scrolled"):
        assert scrolled.attributes["tabindex"] == "0"
        assert scrolled.attributes["aria-label"]


# ---------------------------------------------------------------- colours


def palettes() -> list[dict[str, str]]:
    """The colours by name: of light pages, dark ones and paper."""
    style = Path(cbdsl.report.__file__).with_name("style.css").read_text("utf-8")
    found = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--([a-z-]+): #([0-9a-f]{6})", text)) for text in found]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", palettes(), ids=["light", "dark", "print"])
def test_all_that_is_read_stands_out(colours: dict[str, str]) -> None:
    """Browsers' checkers cannot tell it of text in drawings."""
    pairs = [(name, "paper") for name in ("ink", "soft", "main", "second", "mark", "bad")]
    pairs += [(kind, f"{kind}-wash") for kind in ("good", "bad", "open")]
    found = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 4.5} == {}
