"""Compiles and executes generated source: the only place that does.

In memory the tree of the source gets the positions of the rules before it is compiled, so that
tracebacks, pdb and pytest show the rule with a caret.
"""

from __future__ import annotations

import ast
import hashlib
import linecache
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from cbdsl.catalog.hooks import HOOKS, INTERRUPT
from cbdsl.codegen import GeneratedModule
from cbdsl.codegen.schedules import function_name
from cbdsl.plan import BlockPlan, MetricPlan, Plan, RulePlan, UsePlan
from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.calls import Functions
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.scheduled import Scheduled
from cbdsl.source import Part, SourceFile, Span


def load(module: GeneratedModule, keras: Any = None) -> ModuleType:
    """The generated module, executed.

    Args:
        module: what `generate` made.
        keras: what stands in for keras there; without it the real one is imported.
    """
    tree = ast.parse(module.text)
    if keras is not None:
        tree.body = [node for node in tree.body if not _imports_keras(node)]
    files = _remember(module.source)
    # It stays out of sys.modules: cloudpickle would store what is found there by name only.
    loaded = ModuleType("cbdsl_rules")
    if keras is not None:
        vars(loaded)["keras"] = keras
    for statement in tree.body:
        # One by one: a file of rules may include others, and each is shown by its own name.
        span = module.places.get(_last_line(statement), Span(0, 0))
        _place(statement, module)
        one = ast.Module([statement], [])
        exec(compile(one, files[module.source.part(span)], "exec"), vars(loaded))
    return loaded


def _last_line(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


_ANSWERS = INTERRUPT.method


@dataclass(frozen=True)
class Members:
    """The loaded rules of a program: schedules, then callbacks, each in file order.

    Attributes:
        schedules: the rules that are functions of the epoch and the rate.
        callbacks: what rules share, derived metrics, `schedule` blocks, the other rules, and the
            callbacks of Keras that the file uses.
    """

    schedules: list[Scheduled]
    callbacks: list[Any]

    @property
    def rules(self) -> list[Rule]:
        """The callbacks that are rules, derived metrics or `schedule` blocks."""
        return [callback for callback in self.callbacks if isinstance(callback, Rule)]

    @property
    def own(self) -> list[Any]:
        """The callbacks but for those of Keras."""
        return [callback for callback in self.callbacks if hasattr(callback, "key")]

    def interrupted(self, method: str, *, last: bool) -> list[tuple[Any, str]]:
        """What is called, in its order, at an event at which an interrupt is answered.

        Args:
            method: the hook of the event.
            last: whether it is answered behind everything else.
        """
        answering = [rule for rule in self.rules if hasattr(rule, _ANSWERS)]
        answers = [(rule, _ANSWERS) for rule in answering]
        if last:
            return [*((member, method) for member in self.callbacks), *answers]
        # These only count there: so they know of the batch that has just ended.
        first = answering if method == HOOKS["batch_end"].method else []
        behind = [member for member in self.callbacks if member not in first]
        counted, others = [(each, method) for each in first], [(each, method) for each in behind]
        return [*counted, *answers, *others]

    def act_by(self, effects: Any) -> None:
        """Let everything act by these effects."""
        for member in (*self.schedules, *self.own):
            member.effects = effects

    def state(self) -> dict[str, Any]:
        """What they remember, as plain data, by their keys."""
        return {member.key: member.state() for member in self._remembering}

    def take_up(self, state: Mapping[str, Any], *, elapsed: float = 0.0) -> None:
        """Go on from what `state()` gave; those it does not hold begin afresh.

        Args:
            state: what the members remembered.
            elapsed: the time in training by then, in seconds.
        """
        for member in self._remembering:
            if member.key in state:
                member.take_up(state[member.key])
            elif isinstance(member, Rule):
                # What came every so often before then is over.
                member.clock = elapsed

    @property
    def _remembering(self) -> list[Any]:
        return [m for m in (*self.schedules, *self.own) if hasattr(m, "take_up")]

    def rate(self, epoch: int, lr: float, epochs: int | None) -> float:
        """The rate of the epoch that begins, counted from 0, by all schedule rules in order."""
        for schedule in self.schedules:
            lr = float32(schedule.rate(epoch, lr, epochs))
        return lr


@dataclass(frozen=True)
class Options:
    """What the caller gives beside parameters.

    Attributes:
        run_dir: where callbacks of Keras write their files.
        outside: the caller's variables, by name.
        notify: the addresses that messages go to.
        allow: what rules may do beyond the training.
    """

    run_dir: str | os.PathLike[str] = "."
    outside: Mapping[str, Any] = field(default_factory=dict)
    notify: Sequence[str] = field(default=(), repr=False)
    allow: Collection[str] = ()


def members(
    plan: Plan, module: GeneratedModule, options: Options | None = None, *, keras: Any = None
) -> Members:
    """One object a rule, with the parameters' values that the program was compiled with.

    Args:
        plan: the plan of a program.
        module: its generated source.
        options: what the caller gives.
        keras: see `load`.
    """
    loaded = vars(load(module, keras))
    options = options or Options()
    schedules = [
        Scheduled(
            s.named.label,
            s.named.place,
            s.named.key,
            loaded[function_name(plan.schedules, s)],
            s.needs_epochs,
        )
        for s in plan.schedules
    ]
    shared: dict[str, Any] = {}
    if plan.variables:
        shared["variables"] = loaded["Variables"]()
    if plan.outside:
        shared["outside"] = loaded["Outside"](options.outside)
    if plan.recorded:
        shared["recorded"] = loaded["Recorded"]()
    metrics = [_made(metric, loaded, shared) for metric in plan.metrics]
    above = [*shared.values(), *metrics]
    if plan.snapshots:
        given = [shared["outside"]] if plan.outside else []
        above.append(shared.setdefault("snapshots", loaded["Snapshots"](*given)))
    for block in plan.blocks:
        above.append(_made(block, loaded, shared))
        if block.is_rate:
            shared["learning_rate"] = above[-1]
    shared["functions"] = Functions(options.allow)
    below = []
    if "notices" in plan.shared:
        below.append(shared.setdefault("notices", loaded["Messages"](options.notify)))
    if "failures" in plan.shared:
        below.append(shared.setdefault("failures", loaded["Failures"]()))
    run_dir = os.fspath(options.run_dir)
    made = [
        _used(each, loaded, run_dir) if isinstance(each, UsePlan) else _made(each, loaded, shared)
        for each in plan.callbacks
    ]
    return Members(schedules, [*above, *made, *below])


def begin_late(member: Any, logs: Any = None) -> None:
    """Begin a member where the training has begun: what rules do at its beginning is done."""
    acts = isinstance(member, Rule) and "on_train_begin" in vars(type(member))
    begins = getattr(super(type(member), member) if acts else member, "on_train_begin", None)
    if begins is not None:
        begins(logs)


def handed_on(state: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """What rules remembered, also for a schedule that is another one now.

    It goes by what there was when training began, and by the factor of the rules that scaled the
    one before.
    """
    # A schedule is called after what it sets.
    before = {key.rpartition(":")[0]: held for key, held in state.items()}
    changed = {
        block.named.key: {n: v for n, v in before[block.named.name].items() if n in _HANDED_ON}
        for block in plan.blocks
        if block.named.key not in state and block.named.name in before
    }
    return {**state, **changed}


_HANDED_ON = ("start", "factor")


def _made(
    planned: MetricPlan | RulePlan | BlockPlan, loaded: dict[str, Any], shared: Mapping[str, Any]
) -> Any:
    return loaded[planned.class_name](*(shared[name] for name in planned.shared))


def _used(planned: UsePlan, loaded: dict[str, Any], run_dir: str) -> Any:
    make = loaded[planned.function]
    return make(run_dir) if planned.paths else make()


def _imports_keras(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import) and node.names[0].name == "keras"


def _place(statement: ast.stmt, module: GeneratedModule) -> None:
    """Give every node the position of the rule, or of its part, that it came from."""
    places: dict[Span, tuple[int, int, int, int]] = {}
    for node in ast.walk(statement):
        if not isinstance(node, ast.stmt | ast.expr | ast.excepthandler | ast.arg | ast.keyword):
            continue
        span = module.places.get(node.lineno, Span(0, 0))
        if span not in places:
            places[span] = _lines_and_columns(module.source, span)
        node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = places[span]


def _lines_and_columns(source: SourceFile, span: Span) -> tuple[int, int, int, int]:
    """First and last line, and where it begins and ends in them, as syntax trees have it."""
    first, last = source.position(span).line, source.position(Span(span.end, span.end)).line
    lines = source.lines
    return first, last, lines.utf8_column(span.start), lines.utf8_column(span.end)


def _remember(source: SourceFile) -> dict[Part, str]:
    """The file names that tracebacks show, with their texts where Python looks for them."""
    return {part: _remember_part(source, part) for part in source.parts}


def _remember_part(source: SourceFile, part: Part) -> str:
    name, text = part.name, source.slice(part.span)
    if name.startswith("<"):
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        name = f"<{name.strip('<>')} {digest}>"
    # Lines as `LineIndex` has them; traceback counts on their ends.
    lines = [f"{line}\n" for line in text.split("\n")]
    # No time of change: what was compiled is what is shown, also when the file has changed since.
    linecache.cache[name] = (len(text), None, lines, name)
    return name
