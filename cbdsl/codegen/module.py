"""A whole module: imports, functions, classes, and `callbacks()`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cbdsl.checks.context import Context, ParamValue
from cbdsl.codegen.blocks import block_class, shared_classes
from cbdsl.codegen.emitter import Emitter
from cbdsl.codegen.layout import imported
from cbdsl.codegen.literals import exact, literal
from cbdsl.codegen.methods import Needs
from cbdsl.codegen.rules import rule_class, written
from cbdsl.codegen.schedules import parameters, rate_functions
from cbdsl.plan import MetricPlan, Plan, RulePlan, UsePlan
from cbdsl.plan.build import RATE_FUNCTION
from cbdsl.plan.model import BlockPlan
from cbdsl.plan.naming import argument
from cbdsl.source import SourceFile, Span

RUNTIME = "cbdsl.runtime"


@dataclass(frozen=True)
class GeneratedModule:
    """Python source and where it came from; `places` maps its lines to the rules."""

    text: str
    places: Mapping[int, Span]
    source: SourceFile


def generate(plan: Plan, context: Context, *, probes: bool = False) -> GeneratedModule:
    """The module of a plan: the same text for the same rules, whenever and wherever it is made.

    With `probes` its rules also tell their effects what each part of a condition is.
    """
    needs = Needs(probes=probes)
    body = Emitter()
    if plan.schedules:
        body.blank(2)
        rate_functions(plan, context, body, needs)
        if _needs_epochs(plan):
            body.blank(2)
            _scheduler(body)
    shared_classes(plan, body, needs)
    for block in plan.blocks:
        body.blank(2)
        block_class(block, plan, context, body, needs)
    for callback in (*plan.metrics, *plan.callbacks):
        body.blank(2)
        if isinstance(callback, UsePlan):
            _used_callback(callback, context, body, needs)
        else:
            rule_class(callback, plan, context, body, needs)
    body.blank(2)
    _callbacks(plan, body, needs)

    out = Emitter()
    title = context.source.label
    out.docstring(f"Training rules, compiled by cbdsl from {title}.")
    modules = [f"import {module}" for module in sorted(needs.modules | _modules(plan))]
    helpers = imported(RUNTIME, needs.helpers) if needs.helpers else []
    for group in filter(None, (modules, ["import keras"], helpers)):
        out.blank()
        out.add(group)
    out.append(body)
    return GeneratedModule(out.text(), out.places, context.source)


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
        out.blank()
        out.line("def on_train_begin(self, logs=None):")
        with out.indented():
            out.line('epochs = self.params["epochs"]')
            out.line("self.schedule = functools.partial(self.schedule, epochs=epochs)")


def _callbacks(plan: Plan, out: Emitter, needs: Needs) -> None:
    given = [f"{argument(p.name)}={literal(p.value)}" for p in _used(plan)]
    given += [f"{argument(name)}=None" for name in plan.outside]
    given += [option for option, is_asked in _OPTIONS if is_asked(plan)]
    out.line(f"def callbacks({'*, ' + ', '.join(given) if given else ''}):")
    with out.indented():
        out.docstring("All of it, in order, for `model.fit(callbacks=callbacks())`.")
        for name, made in _shared(plan).items():
            out.line(f"{name} = {made}")
        if "functions" in plan.shared:
            needs.helpers.add("Functions")
        if plan.saves:
            needs.helpers.add("writing_to")
        out.line("made = [" if plan.saves else "return [")
        with out.indented():
            for callback in _made(plan):
                out.line(f"{callback},")
        out.line("]")
        if plan.saves:
            out.line(f"return writing_to(run_dir, made{', allow' if plan.leaves else ''})")


_OPTIONS: tuple[tuple[str, Callable[[Plan], bool]], ...] = (
    ('run_dir="."', lambda plan: plan.needs_run_dir or plan.saves),
    ("notify=()", lambda plan: "notices" in plan.shared),
    ("allow=()", lambda plan: "functions" in plan.shared or plan.leaves),
)
"""What a caller says beside parameters, and whether a program asks for it."""


def _shared(plan: Plan) -> dict[str, str]:
    """What rules share, and what makes it."""
    passed = [f"{literal(name)}: {argument(name)}" for name in plan.outside]
    rate = next((block for block in plan.blocks if block.is_rate), None)
    made = {
        "variables": "Variables()" if plan.variables else "",
        "outside": f"Outside({{{', '.join(passed)}}})" if plan.outside else "",
        "recorded": "Recorded()" if plan.recorded else "",
        "snapshots": f"Snapshots({'outside' if plan.outside else ''})" if plan.snapshots else "",
        "learning_rate": _object(rate) if rate else "",
        "notices": "Messages(notify)" if "notices" in plan.shared else "",
        "functions": "Functions(allow)" if "functions" in plan.shared else "",
        "failures": "Failures()" if "failures" in plan.shared else "",
    }
    return {name: call for name, call in made.items() if call}


def _made(plan: Plan) -> list[str]:
    """The callbacks in their order: names of those that are shared, calls that make the others."""
    shared = _shared(plan)
    made: list[str] = [name for name in ("variables", "outside", "recorded") if name in shared]
    if plan.schedules:
        kind = "LearningRate" if _needs_epochs(plan) else _KERAS
        made.append(f"{kind}({_function(plan)})")
    made += map(_object, plan.metrics)
    made += ["snapshots"] if plan.snapshots else []
    for block in plan.blocks:
        made.append("learning_rate" if block.is_rate else _object(block))
    for callback in plan.callbacks:
        if isinstance(callback, UsePlan):
            made.append(f"{callback.function}({'run_dir' if callback.paths else ''})")
        else:
            made.append(_object(callback))
    return made + [name for name in ("notices", "failures") if name in shared]


def _object(planned: MetricPlan | RulePlan | BlockPlan) -> str:
    """What makes an object of a class."""
    given = [*planned.shared, *_passed(planned.params)]
    return f"{planned.class_name}({', '.join(given)})"


def _used_callback(use: UsePlan, context: Context, out: Emitter, needs: Needs) -> None:
    """A function that makes one of Keras's own callbacks."""
    out.span = use.named.span
    out.line(f"def {use.function}({'run_dir=' + literal('.') if use.paths else ''}):")
    with out.indented():
        out.docstring(written(use.named, context))
        given = [f"{name}={_given(use, name, needs)}" for name in use.arguments]
        call = f"return keras.callbacks.{use.callback}({', '.join(given)})"
        out.line(call, span=use.named.span, place=use.named.place)
    out.span = None


def _given(use: UsePlan, name: str, needs: Needs) -> str:
    value = use.arguments[name]
    if name not in use.paths:
        return exact(value)
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
    used |= {p.name for each in (*plan.classes, *plan.blocks) for p in each.params}
    return [p for p in plan.params.values() if p.name in used]
