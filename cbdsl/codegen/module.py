"""A whole module: imports, functions, classes, and `callbacks()`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cbdsl.checks.context import Context, ParamValue
from cbdsl.codegen.emitter import WIDTH, Emitter
from cbdsl.codegen.literals import literal
from cbdsl.codegen.rules import Needs, rule_class
from cbdsl.codegen.schedules import parameters, rate_functions
from cbdsl.plan import Plan, UsePlan
from cbdsl.plan.build import RATE_FUNCTION
from cbdsl.plan.naming import argument
from cbdsl.source import SourceFile, Span

RUNTIME = "cbdsl.runtime"


@dataclass(frozen=True)
class GeneratedModule:
    """Python source and where it came from; `places` maps its lines to the rules."""

    text: str
    places: Mapping[int, Span]
    source: SourceFile


def generate(plan: Plan, context: Context) -> GeneratedModule:
    """The module of a plan: the same text for the same rules, whenever and wherever it is made."""
    needs = Needs()
    body = Emitter()
    if plan.schedules:
        _separated(body)
        rate_functions(plan.schedules, context, body, needs)
        if _needs_epochs(plan):
            _separated(body)
            _scheduler(body)
    for callback in plan.callbacks:
        _separated(body)
        if isinstance(callback, UsePlan):
            _used_callback(callback, body, needs)
        else:
            needs.helpers.add("Rule")
            rule_class(callback, context, body, needs)
    _separated(body)
    _callbacks(plan, body)

    out = Emitter()
    title = context.source.label
    out.docstring(f"Training rules, compiled by cbdsl from {title}.")
    out.line()
    modules = needs.modules | _modules(plan)
    for module in sorted(modules):
        out.line(f"import {module}")
    if modules:
        out.line()
    out.line("import keras")
    if needs.helpers:
        out.line()
        _import(out, sorted(needs.helpers, key=_as_sorted))
    out.append(body)
    return GeneratedModule(out.text(), out.places, context.source)


def _separated(out: Emitter) -> None:
    out.line()
    out.line()


def _as_sorted(name: str) -> tuple[bool, str]:
    """Classes first, as import sorters have it."""
    return name[0].islower(), name


def _import(out: Emitter, helpers: list[str]) -> None:
    line = f"from {RUNTIME} import {', '.join(helpers)}"
    if len(line) <= WIDTH:
        out.line(line)
        return
    out.line(f"from {RUNTIME} import (")
    with out.indented():
        for name in helpers:
            out.line(f"{name},")
    out.line(")")


def _needs_epochs(plan: Plan) -> bool:
    return any(schedule.needs_epochs for schedule in plan.schedules)


def _modules(plan: Plan) -> set[str]:
    partial = _needs_epochs(plan) or bool(parameters(plan.schedules))
    return {"functools"} if partial else set()


def _scheduler(out: Emitter) -> None:
    """Keras calls a schedule with the epoch and the rate; some rules ask how many are planned."""
    out.line("class LearningRate(keras.callbacks.LearningRateScheduler):")
    with out.indented():
        out.docstring(f"Tells `{RATE_FUNCTION}` how many epochs are planned.")
        out.line()
        out.line("def on_train_begin(self, logs=None):")
        with out.indented():
            out.line('epochs = self.params["epochs"]')
            out.line("self.schedule = functools.partial(self.schedule, epochs=epochs)")


def _callbacks(plan: Plan, out: Emitter) -> None:
    given = [f"{argument(p.name)}={literal(p.value)}" for p in _used(plan)]
    if plan.needs_run_dir:
        given.append('run_dir="."')
    arguments = ", ".join(given)
    out.line(f"def callbacks({'*, ' + arguments if arguments else ''}):")
    with out.indented():
        out.docstring("All of it, in order, for `model.fit(callbacks=callbacks())`.")
        out.line("return [")
        with out.indented():
            if plan.schedules:
                kind = "LearningRate" if _needs_epochs(plan) else _KERAS
                out.line(f"{kind}({_function(plan)}),")
            for callback in plan.callbacks:
                if isinstance(callback, UsePlan):
                    out.line(f"{callback.function}({'run_dir' if callback.paths else ''}),")
                else:
                    out.line(f"{callback.class_name}({', '.join(_passed(callback.params))}),")
        out.line("]")


def _used_callback(use: UsePlan, out: Emitter, needs: Needs) -> None:
    """A function that makes one of Keras's own callbacks."""
    out.span = use.named.span
    out.line(f"def {use.function}({'run_dir=' + literal('.') if use.paths else ''}):")
    with out.indented():
        out.docstring(use.named.text)
        given = [f"{name}={_given(use, name, needs)}" for name in use.arguments]
        call = f"return keras.callbacks.{use.callback}({', '.join(given)})"
        out.statement(call, span=use.named.span, place=use.named.place)
    out.span = None


def _given(use: UsePlan, name: str, needs: Needs) -> str:
    value = use.arguments[name]
    if name not in use.paths:
        return literal(value) if not isinstance(value, float) else repr(value)
    needs.modules.add("os")
    return f"os.path.join(run_dir, {literal(value)})"


_KERAS = "keras.callbacks.LearningRateScheduler"


def _function(plan: Plan) -> str:
    passed = _passed(parameters(plan.schedules))
    return f"functools.partial({', '.join([RATE_FUNCTION, *passed])})" if passed else RATE_FUNCTION


def _passed(params: Iterable[ParamValue]) -> list[str]:
    """Parameters handed on by their names."""
    names = [argument(p.name) for p in params]
    return [f"{name}={name}" for name in names]


def _used(plan: Plan) -> list[ParamValue]:
    used = {p.name for p in parameters(plan.schedules)}
    used |= {p.name for rule in plan.rules for p in rule.params}
    return [p for p in plan.params.values() if p.name in used]
