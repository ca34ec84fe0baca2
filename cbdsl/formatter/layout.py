"""Statements to text, each on one line and without comments.

A rule's key is made of this text, so two rules have the same key when they say the same.
"""

from __future__ import annotations

from cbdsl.catalog.hooks import ALIASES
from cbdsl.formatter.expressions import ATOM, SUM, duration, expression, is_one, placed, text
from cbdsl.syntax import nodes as n


def statement(node: n.Statement) -> str:
    """A statement in canonical layout, on one line."""
    match node:
        case n.Language():
            return f"language {node.version.text}"
        case n.Param():
            return f"param {node.name.name} = {expression(node.value)}"
        case n.Direction():
            verb = "minimize" if node.better == "lower" else "maximize"
            return f"{verb} {expression(node.metric)}"
        case n.Metric():
            return f"{metric_start(node)}{expression(node.value)}"
        case n.Expects():
            return f"expects {', '.join(expression(metric) for metric in node.metrics)}"
        case n.Let():
            return f"let {node.name.name} = {expression(node.value)}"
        case n.Variable():
            return f"variable {node.name.name}"
        case n.Limit():
            low, high = placed(node.low, SUM), placed(node.high, SUM)
            return f"limit {node.target.name} from {low} to {high}"
        case n.Include():
            return f"include {text(node.path)}"
        case n.Resume():
            return f"resume from {text(node.folder)}"
        case n.Use():
            arguments = ", ".join(argument(a) for a in node.arguments)
            return f"use {node.callback.name}({arguments})"
        case n.Rule():
            return label(node) + rule_text(node)
        case n.Test():
            return "\n".join([test_head(node), *(f"    {case(line)}" for line in node.lines)])
        case n.Schedule():
            return "\n".join([schedule_head(node), *(f"    {phase(p)}" for p in node.phases)])


def schedule_head(node: n.Schedule) -> str:
    """The first line of a schedule."""
    return f"schedule {expression(node.target)}{' every batch' if node.every_batch else ''}:"


def phase(node: n.Phase) -> str:
    """A line of a schedule."""
    match node:
        case n.Ramp():
            shape = node.shape if node.power is None else f"polynomial({expression(node.power)})"
            start = _with("from", node.start)
            return f"{shape}{start}{_with('to', node.end)} over {_stretch(node.over)}"
        case n.Hold():
            return f"hold{_with('at', node.level)} for {_stretch(node.lasting)}"
        case n.Step():
            spans = f"every {_stretch(node.every)} for {_stretch(node.lasting)}"
            return f"step{_with('by', node.factor)} {spans}"
        case n.Decay():
            spans = f"per {_stretch(node.per)} for {_stretch(node.lasting)}"
            return f"decay {node.law}{_with('by', node.rate)} {spans}"
        case n.Cycle():
            ends = _with("from", node.low) + _with("to", node.high)
            return f"cycle{ends} every {_stretch(node.every)} for {_stretch(node.lasting)}"
        case n.Repeat():
            last = again = ""
            if node.last is not None:
                word = "phase" if is_one(node.last) else "phases"
                last = f" last {placed(node.last, ATOM)} {word}"
            if node.times is not None:
                again = f" {_so_often(node.times)}"
            changes = _with("scaling by", node.scaling) + _with("stretching by", node.stretching)
            return f"repeat{last}{again}{changes}"


def _with(words: str, value: n.Expr | None) -> str:
    return "" if value is None else f" {words} {placed(value, SUM)}"


def _stretch(node: n.Stretch) -> str:
    return "the rest" if isinstance(node, n.Rest) else duration(node)


def test_head(test: n.Test) -> str:
    """The first line of a test."""
    return f"test {text(test.name)}:"


def case(line: n.Line) -> str:
    """A line of a test."""
    match line:
        case n.Set():
            return f"set {line.name.name} = {expression(line.value)}"
        case n.Given():
            batch = "batch " if line.per_batch else ""
            items = " ".join(item.text for item in line.items)
            return f"given {batch}{expression(line.name)}: {items}"
        case n.GivenSize():
            return f"given {line.what}: {line.item.text}"
        case n.GivenTime():
            return f"given epoch takes {duration(line.duration)}"
        case n.GivenInterrupt():
            return f"given interrupt{_where(line.where)}"
        case n.ExpectRule():
            return f"expect {_no(line.negated)}{line.rule.name}{_where(line.where)}"
        case n.ExpectAction():
            why = f" {text(line.text)}" if line.text else ""
            return f"expect {_no(line.negated)}{line.verb}{why}{_where(line.where)}"
        case n.ExpectValue():
            return f"expect {expression(line.name)} {line.value.text}{_where(line.where)}"


def _no(negated: bool) -> str:
    return "no " if negated else ""


def _where(where: n.Where | None) -> str:
    if where is None:
        return ""
    epochs = ", ".join(number.text for number in where.epochs)
    return f" at epoch {epochs}" + (f" batch {where.batch.text}" if where.batch else "")


def rule_text(rule: n.Rule) -> str:
    """A rule without its name."""
    return f"{clauses(rule)} {', '.join(action(a) for a in rule.actions)}"


def label(rule: n.Rule) -> str:
    """A rule's name and what stands behind it."""
    return f"{rule.name.name}: " if rule.name else ""


def clauses(rule: n.Rule) -> str:
    """What stands between a rule's name and its actions."""
    condition = expression(rule.condition.test) if rule.condition else ""
    return clauses_before(rule) + condition + clauses_behind(rule)


def clauses_before(rule: n.Rule) -> str:
    """What stands between a rule's name and its condition."""
    window = f" {_window(rule.window)}" if rule.window else ""
    return _trigger(rule.trigger) + window + (" if " if rule.condition else "")


def clauses_behind(rule: n.Rule) -> str:
    """What stands between a rule's condition and its actions."""
    if rule.times is None:
        return ""
    return f" then {_times(rule.times)}" if rule.condition else f" {_times(rule.times)}"


def action(node: n.Action) -> str:
    """An action on one line."""
    match node:
        case n.Stop():
            return "stop" if node.why is None else f"stop {text(node.why)}"
        case n.Print():
            return f"print {text(node.text)}"
        case n.Warn():
            return f"warn {text(node.text)}"
        case n.Fail():
            return f"fail {text(node.why)}"
        case n.Notify():
            return f"notify {text(node.text)}"
        case n.Save():
            return f"save {text(node.path)}{_keep(node.keep)}"
        case n.Restore():
            return f"restore best of {expression(node.best_of)}"
        case n.RollBack():
            best_of = node.best_of
            return f"roll back to {f'best of {expression(best_of)}' if best_of else 'last good'}"
        case n.Snapshot():
            return "snapshot"
        case n.Freeze():
            return f"freeze {text(node.layers)}"
        case n.Unfreeze():
            return f"unfreeze {text(node.layers)}"
        case n.Wait():
            return f"wait {duration(node.duration)}"
        case n.Invoke():
            return f"call {node.function}"
        case n.Assign() | n.Record():
            return f"{assign_start(node)}{expression(node.value)}"


def _keep(node: n.Keep | None) -> str:
    if node is None:
        return ""
    count = placed(node.count, ATOM)
    best_of = node.best_of
    return f" keep best {count} of {expression(best_of)}" if best_of else f" keep {count}"


def argument(node: n.Argument) -> str:
    """An argument of a callback."""
    return f"{node.name.name}={'none' if node.value is None else expression(node.value)}"


def metric_start(node: n.Metric) -> str:
    """A derived metric's statement up to its value."""
    return f"metric {expression(node.name)} = "


def assign_start(node: n.Assign | n.Record) -> str:
    """An action that has a value, up to that."""
    if isinstance(node, n.Record):
        return f"record {expression(node.metric)} = "
    return f"{expression(node.target)} {node.op} "


def _trigger(node: n.Trigger) -> str:
    match node:
        case n.On():
            return f"on {ALIASES.get(node.hook, node.hook)}"
        case n.Each():
            return f"every {node.unit}"
        case n.Every():
            return f"every {duration(node.period)}"
        case n.At():
            positions = ", ".join(placed(p, ATOM) for p in node.positions)
            percents = all(isinstance(p, n.Number) and p.is_percent for p in node.positions)
            percents = percents and node.unit == "epoch"
            return f"at {positions}" if percents else f"at {node.unit} {positions}"


def _window(node: n.Window) -> str:
    if node.kind == "from":
        assert node.start
        assert node.end
        return f"from {duration(node.start)} to {duration(node.end)}"
    amount = node.start or node.end
    assert amount is not None
    return f"{node.kind} {duration(amount)}"


def _times(node: n.Times) -> str:
    if node.count is None:
        return "once"
    return f"at most {_so_often(node.count)}"


def _so_often(count: n.Number | n.Name) -> str:
    return f"{placed(count, ATOM)} {'time' if is_one(count) else 'times'}"
