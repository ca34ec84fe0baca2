"""Compiled rules beside their independent reading: the same programs, the same histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

import reference
from programs import Case
from programs import case as random_case
from reference import Firing, History, Outcome

import cbdsl
from cbdsl.runtime.record import Done
from cbdsl.simulate import simulate
from cbdsl.syntax import nodes as n


def compiled(case: Case) -> Outcome:
    """What the compiled rules do."""
    over = case.history
    program = cbdsl.compile(case.text, filename="rules.cbr", params=over.params)
    done = simulate(
        program.plan,
        program.module,
        over.series,
        epochs=over.epochs,
        batches=over.batches,
        batch_series=over.batch_series,
        lr=over.lr,
        epoch_seconds=over.epoch_seconds,
        interrupt=over.interrupt,
    )
    places = {label: index for index, label in enumerate(program.rules)}
    firings = [
        Firing(places[f.rule], f.epoch, tuple(map(_text, f.actions))) for f in done.record.firings
    ]
    derived = {m.name.name: [logs[m.name.name] for logs in done.logs] for m in case.file.metrics}
    return Outcome(firings, done.rates, derived)


def _text(done: Done) -> str | None:
    """What an action said."""
    return done.detail if done.verb in ("print", "warn", "stop") else None


@dataclass(frozen=True)
class Compared:
    """Whether a rule of a program fired as it is read, and what the compiled ones do else."""

    fired: bool
    difference: str | None


def compare(case: Case) -> Compared:
    """A program's compiled rules beside its reading."""
    expected = reference.run(case.file, case.history)
    try:
        found = compiled(case)
    except Exception as e:
        said: str | None = f"compiling or running them raises {type(e).__name__}: {e}"
    else:
        said = _difference(found, expected, case.file)
    return Compared(bool(expected.firings), said)


def _difference(found: Outcome, expected: Outcome, file: n.File) -> str | None:
    """The first thing that the compiled rules and the reading do not agree on."""
    places = [f"rule {index + 1}" for index in range(len(file.rules))]
    for one, other in zip_longest(found.firings, expected.firings):
        if one != other:
            return _beside("firing", _firing(one, places), _firing(other, places))
    if found.rates != expected.rates:
        return _beside("rates", found.rates, expected.rates)
    for name, values in expected.derived.items():
        if not _same_numbers(found.derived[name], values):
            return _beside(name, found.derived[name], values)
    return None


def _beside(what: str, found: object, expected: object) -> str:
    return f"{what}\n    compiled: {found}\n        read: {expected}"


def _firing(firing: Firing | None, places: list[str]) -> str:
    if firing is None:
        return "none"
    said = [text for text in firing.texts if text is not None]
    return f"{places[firing.rule]} in epoch {firing.epoch}" + (f", {said}" if said else "")


def differing(seeds: Iterable[str], cut: bool = True) -> tuple[str | None, int]:
    """The first program that differs, told at length, and how many fired up to it.

    With `cut` it is cut down to what it takes to see the difference.
    """
    fired = 0
    for seed in seeds:
        case = random_case(seed)
        compared = compare(case)
        if compared.difference is not None:
            told = _report(case) if cut else f"{case.text}\n{compared.difference}"
            return f"program {seed}\n{told}", fired
        fired += compared.fired
    return None, fired


def _report(case: Case) -> str:
    """A difference, with the program and its history, cut down to what it takes to see it."""
    said = compare(case).difference
    small = smallest(case)
    over = small.history
    lines = [small.text, *(f"{name}: {values}" for name, values in over.series.items())]
    lines += [f"in each epoch, {name}: {values}" for name, values in over.batch_series.items()]
    lines.append(
        f"{over.epochs} epochs of {over.batches} batches and {over.epoch_seconds} seconds, "
        f"lr {over.lr}, given {dict(over.params)}, interrupted at {over.interrupt}"
    )
    first = compare(small).difference
    return "\n".join([*lines, f"{first}", "", "before it was cut down:", case.text, f"{said}"])


def _same_numbers(some: list[float], others: list[float]) -> bool:
    """Whether two lists are the same to the last bit, nan like nan."""
    return list(map(repr, some)) == list(map(repr, others))


# ------------------------------------------------------------------------------ made shorter


def smallest(case: Case) -> Case:
    """A case that differs, cut down while it still does."""
    for _ in range(60):
        shorter = next((c for c in _shorter(case) if _still_differs(c)), None)
        if shorter is None:
            break
        case = shorter
    return case


def _still_differs(case: Case) -> bool:
    try:
        said = compare(case).difference
    except Exception:  # The reading asks for what was cut away.
        return False
    return said is not None and "CbrError" not in said


def _shorter(case: Case) -> Iterator[Case]:
    """The same case with one thing less, the largest first."""
    statements = case.file.statements
    for index, statement in enumerate(statements):
        around = (statements[:index], statements[index + 1 :])
        yield _with(case, (*around[0], *around[1]))
        if isinstance(statement, n.Rule):
            for rule in _shorter_rules(statement):
                yield _with(case, (*around[0], rule, *around[1]))
    yield from (replace(case, history=over) for over in _shorter_histories(case.history))


def _with(case: Case, statements: tuple[n.Statement, ...]) -> Case:
    declared = {s.name.name for s in statements if isinstance(s, n.Param)}
    given = {name: v for name, v in case.history.params.items() if name in declared}
    file = n.File(statements, span=case.file.span)
    return Case(file, replace(case.history, params=given))


def _shorter_rules(rule: n.Rule) -> Iterator[n.Rule]:
    if rule.name:
        yield replace(rule, name=None)
    if rule.window:
        yield replace(rule, window=None)
    if rule.times:
        yield replace(rule, times=None)
    if rule.condition:
        yield replace(rule, condition=None)
        for test in n.children(rule.condition.test):
            yield replace(rule, condition=replace(rule.condition, test=test))
    for index in range(len(rule.actions)):
        fewer = rule.actions[:index] + rule.actions[index + 1 :]
        if fewer:
            yield replace(rule, actions=fewer)
    for index, action in enumerate(rule.actions):
        if isinstance(action, n.Print | n.Warn):
            for text in _shorter_texts(action.text):
                said = replace(action, text=text)
                yield replace(rule, actions=_put(rule.actions, index, said))


def _put(actions: tuple[n.Action, ...], index: int, action: n.Action) -> tuple[n.Action, ...]:
    return (*actions[:index], action, *actions[index + 1 :])


def _shorter_texts(text: n.Text) -> Iterator[n.Text]:
    for index, part in enumerate(text.parts):
        rest = (text.parts[:index], text.parts[index + 1 :])
        if len(text.parts) > 1:
            yield replace(text, parts=(*rest[0], *rest[1]))
        if isinstance(part, n.Placeholder) and not isinstance(part.value, str):
            for value in n.children(part.value):
                inner = replace(part, value=value)
                yield replace(text, parts=(*rest[0], inner, *rest[1]))


def _shorter_histories(over: History) -> Iterator[History]:
    for epochs in range(1, over.epochs):
        cut = {name: list(values)[:epochs] for name, values in over.series.items()}
        yield replace(over, epochs=epochs, series=cut)
    for name in over.series:
        yield replace(over, series={k: v for k, v in over.series.items() if k != name})
    if over.batches:
        yield replace(over, batches=0, batch_series={})
    for name in over.batch_series:
        yield replace(over, batch_series={k: v for k, v in over.batch_series.items() if k != name})
    if over.epoch_seconds:
        yield replace(over, epoch_seconds=0.0)
    if over.interrupt:
        yield replace(over, interrupt=None)
