"""The page of a run: one HTML file that loads nothing and runs no script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cbdsl.report import words
from cbdsl.report.curves import lane, metric_chart, rate_chart
from cbdsl.report.markup import Child, Element, Sheet, el, written
from cbdsl.report.model import Rule, Run
from cbdsl.report.tables import MOST_COLUMNS, every, journal, numbers, scrolled
from cbdsl.report.telling import moment

MOST_CHARTS = 24
"""How many metrics have a chart."""

MOST_PARAMS = 24
"""How many parameters are shown."""

_STYLE = Path(__file__).with_name("style.css")


def page(run: Run) -> str:
    """The page as text; the same for the same journal."""
    sheet = Sheet("\n" + _STYLE.read_text("utf-8"))
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy(sheet)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"{words.cut(run.name, 80)}: a run under cbdsl"),
        # An icon that is there already: a browser asks a server for none.
        el("link", rel="icon", href="data:,"),
        sheet,
    )
    body = el("body", _header(run), el("main", *_sections(run)), _footer(run))
    return written(el("html", head, body, lang="en"))


def policy(sheet: Sheet) -> str:
    """What the page may load: its own style, and the icon that is no file."""
    return (
        f"default-src 'none'; style-src {sheet.allowed}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


# ---------------------------------------------------------------- the head of the page


def _header(run: Run) -> Element:
    badge, kind, told = ending(run)
    return el(
        "header",
        el("h1", words.cut(run.name, 120)),
        el("p", el("span", badge, class_=f"badge {kind}"), f" {told}", class_="ending"),
        el("dl", *_facts(run), class_="facts"),
        _contents(),
    )


def ending(run: Run) -> tuple[str, str, str]:
    """How the run ended: in a word, of what kind that is, and in a sentence."""
    planned = f" of {run.planned}" if run.planned is not None else ""
    end = run.ending
    if end is None:
        reached = f"epoch {run.trained}{planned}" if run.trained else "the first epoch"
        after = f"after {reached}" if run.trained else f"before {reached} was done"
        told = f"The training was killed {after}, or still goes on: its journal has no end."
        return "no end", "open", told
    after = f"after epoch {end.epoch}{planned}"
    by = f"{words.cut(end.by)} stopped it" if end.by else ""
    why = words.cut(end.why) if end.why else ""
    more = ": ".join(part for part in (by, why) if part)
    match end.how:
        case "done":
            all_done = end.epoch == run.planned
            told = f"All {end.epoch} epochs are done" if all_done else f"Training ended {after}"
            return "done", "good", told + (f": {more}" if more else "") + "."
        case "stopped":
            return "stopped", "good", f"Training ended {after}" + (f": {more}" if more else ".")
        case "failed":
            return "failed", "bad", f"Training failed {after}" + (f": {more}" if more else ".")
        case "interrupted":
            told = f"Training was interrupted {after}"
            return "interrupted", "open", told + (f": {more}" if more else ".")
        case "error":
            return (
                "error",
                "bad",
                f"An error ended the training {after}" + (f": {more}" if more else "."),
            )
    return words.cut(end.how, 20) or "ended", "open", f"Training ended {after}."


def _facts(run: Run) -> Iterator[Element]:
    seconds = words.duration(run.seconds)
    facts: list[tuple[str, Child]] = []
    if run.began:
        facts.append(("began", words.cut(moment(run.began), 40)))
    planned = f" of {run.planned}" if run.planned is not None else ""
    facts.append(("epochs", f"{run.trained}{planned}"))
    if seconds:
        facts.append(("time in training", seconds))
    acted = sum(rule.count > 0 for rule in run.rules)
    rules = words.counted(len(run.rules), "rule")
    facts.append(("firings", f"{run.count:,}, by {acted} of {rules}" if run.count else "none"))
    for name, value in list(run.params.items())[:MOST_PARAMS]:
        facts.append((f"param {words.cut(name, 60)}", words.value(value)))
    for name, fact in facts:
        yield el("div", el("dt", name), el("dd", fact))


def _contents() -> Element:
    links = [el("li", el("a", name, href=f"#{name}")) for name in ("metrics", "rules", "journal")]
    return el("nav", el("ul", *links), aria_label="Contents")


# ---------------------------------------------------------------- the sections


def _sections(run: Run) -> Iterator[Element]:
    yield _section("metrics", "Metrics", *_charts(run))
    yield _section("rules", "Rules", *_rules(run))
    yield _section("journal", "Journal", *_journal(run))


def _section(name: str, title: str, *children: Child) -> Element:
    heading = el("h2", title, id=f"{name}-heading")
    return el("section", heading, *children, id=name, aria_labelledby=f"{name}-heading")


def _charts(run: Run) -> Iterator[Child]:
    if not run.epochs:
        yield el("p", "No epoch was trained to its end, so there are no curves.", class_="lead")
        return
    dot = el(
        "svg",
        el("circle", class_="fired", cx=5, cy=5, r=3.5),
        class_="sample",
        width=10,
        height=10,
        aria_hidden="true",
    )
    turn = el(
        "svg",
        el("line", class_="turn", x1=3, x2=3, y1=0, y2=12),
        class_="sample",
        width=6,
        height=12,
        aria_hidden="true",
    )
    yield el(
        "p",
        dot,
        "a rule fired in that epoch. ",
        turn,
        "one changed the course of the training. Point at a place to read its numbers.",
        class_="lead",
    )
    metrics = run.metrics
    charts = [metric_chart(run, m, f"m{n}") for n, m in enumerate(metrics[:MOST_CHARTS], start=1)]
    if run.rates is not None:
        charts.append(rate_chart(run, run.rates, "rate"))
    yield el("div", *charts, class_="charts")
    left = len(metrics) - MOST_CHARTS
    if left > 0:
        told = f"{words.counted(left, 'metric')} more {'has' if left == 1 else 'have'} no chart"
        yield el("p", f"{told}.", class_="lead")
    yield _numbers(run)


def _rules(run: Run) -> Iterator[Child]:
    if not run.rules:
        yield el("p", "The run had no rules.", class_="lead")
        return
    yield el("ul", *(_rule(run, rule) for rule in run.rules), class_="rules")


def _rule(run: Run, rule: Rule) -> Element:
    place = el("span", words.cut(rule.place), class_="place") if rule.place != rule.label else None
    course = el("span", rule.course, class_="badge open") if rule.course else None
    trouble = [
        el("p", words.cut(text), class_="bad")
        for text in (rule.broken and f"switched off: {rule.broken}", rule.error)
        if text
    ]
    return el(
        "li",
        el("div", el("h3", el("code", words.cut(rule.label, 120))), place, course, class_="name"),
        el("p", rule.did, class_="did" if rule.count else "did kept"),
        el("pre", el("code", words.cut(rule.text, 4000))) if rule.text else None,
        *trouble,
        lane(run, rule) if rule.count else None,
    )


def _journal(run: Run) -> Iterator[Child]:
    if not run.entries:
        yield el("p", "No rule fired.", class_="lead")
        return
    yield scrolled(journal(run), "The journal")


def _numbers(run: Run) -> Element:
    step, left = every(run), len(run.columns) - MOST_COLUMNS
    parts = [f"one epoch in {step}"] * (step > 1)
    parts += [f"{MOST_COLUMNS} of {len(run.columns):,} columns"] * (left > 0)
    told: list[Child] = (
        [f"Shown: {', '.join(parts)}; ", el("code", run.journal), " has all."] if parts else []
    )
    return el(
        "details",
        el("summary", "The numbers of all epochs"),
        el("p", *told, class_="lead") if told else None,
        scrolled(numbers(run), "The numbers of all epochs"),
    )


def _footer(run: Run) -> Element:
    by = f", which cbdsl {words.cut(run.version, 40)} wrote" if run.version else ""
    return el(
        "footer",
        el(
            "p",
            "Made by ",
            el("code", "cbdsl report"),
            " from ",
            el("code", words.cut(run.journal)),
            f"{by}. This page loads nothing and runs no script.",
        ),
    )
