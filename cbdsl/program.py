"""The public functions: check, compile, format, load, callbacks."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbdsl.catalog.metrics import Better
from cbdsl.checks import CheckedProgram
from cbdsl.checks import check as check_source
from cbdsl.checks.leave import ANYTHING, NOTHING, Leave
from cbdsl.checks.params import Given
from cbdsl.codegen import GeneratedModule, generate, standalone
from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.formatter import format_source, statement
from cbdsl.plan import Plan, plan
from cbdsl.source import SourceFile
from cbdsl.syntax import MAX_BYTES, read_source, with_included
from cbdsl.syntax.nodes import Invoke, Test

if TYPE_CHECKING:
    import keras

    from cbdsl.replaying.replay import Replay

_TEXT = "<rules>"


class Program:
    """Compiled rules. Made by `cbdsl.compile` and `cbdsl.load`; it can be pickled and copied."""

    def __init__(
        self,
        source: SourceFile,
        *,
        params: Mapping[str, Given] | None = None,
        metrics: Collection[str] | None = None,
        epochs: int | None = None,
        leave: Leave = NOTHING,
    ) -> None:
        """Check and compile; raises `CbrError`. The arguments are those of `check`."""
        if isinstance(metrics, str):
            raise TypeError(f"metrics is a list of names, such as [{metrics!r}]")
        self.source = source
        self.leave = leave
        """What the caller lets rules do."""
        self.metrics = metrics
        self.epochs = epochs
        self._given = dict(params or {})
        """The parameters' values, and the caller's variables."""
        self._checked: CheckedProgram = check_source(
            source, params=self._given, metrics=metrics, epochs=epochs, leave=leave
        )

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What the rules are warned of, sorted by place."""
        return list(self._checked.warnings)

    @property
    def params(self) -> dict[str, float | bool | str]:
        """The parameters with the values that the rules are compiled with."""
        return {name: param.value for name, param in self._checked.context.params.items()}

    @property
    def directions(self) -> dict[str, Better]:
        """Which direction of a metric is better, where the rules say it."""
        return self._checked.context.directions

    @property
    def rules(self) -> list[str]:
        """What the rules are called, in the order of the file: a name, or a place."""
        return [named.label for named in self.plan.named]

    @cached_property
    def plan(self) -> Plan:
        """What is between the rules and the Python."""
        return plan(self._checked)

    @cached_property
    def module(self) -> GeneratedModule:
        """The generated module with its map back to the rules."""
        return generate(self.plan, self._checked.context)

    @cached_property
    def probed(self) -> GeneratedModule:
        """The same module, whose rules also tell what each part of a condition is."""
        return generate(self.plan, self._checked.context, probes=True)

    @cached_property
    def statements(self) -> list[str]:
        """The file's statements in canonical layout, without its tests."""
        file = self._checked.context.file
        return [statement(each) for each in file.statements if not isinstance(each, Test)]

    @cached_property
    def tests(self) -> tuple[Test, ...]:
        """The tests of the file."""
        return self._checked.context.file.tests

    @property
    def python(self) -> str:
        """The generated module, which imports `cbdsl.runtime`."""
        return self.module.text

    @property
    def standalone(self) -> str:
        """The generated module with the runtime it needs copied in; it imports keras alone."""
        return standalone(self.module)

    @property
    def outside(self) -> dict[str, Given]:
        """The caller's variables that were passed, by name."""
        names = self._checked.context.outside
        return {name: value for name, value in self._given.items() if name in names}

    def callbacks(
        self,
        *,
        run_dir: str | os.PathLike[str] = ".",
        journal: bool | str | os.PathLike[str] = False,
        watch: bool = False,
        strict: bool = False,
        allow: Collection[str] = (),
        notify: Sequence[str] = (),
    ) -> list[keras.callbacks.Callback]:
        """The rules as a list for `model.fit(callbacks=…)`.

        Args:
            run_dir: where rules save files.
            journal: whether to write down what happens and why, a line each: `True` for
                `journal.jsonl` in `run_dir`, or the path of the file.
            watch: whether an edit of the rules' file takes over as the next epoch begins.
            strict: an action or a rule that fails ends the training with its error, instead of
                being reported.
            allow: what rules may do beyond the training: `"call"` lets them call functions,
                `"network"` lets `RemoteMonitor` send to its server, `"path=DIR"` lets them write
                below a folder beside `run_dir`. The last two are needed in `compile` already.
            notify: the addresses that `notify` sends messages to, as URLs that apprise knows.

        Raises:
            CbrError: rules call functions, which is not allowed.
        """
        from cbdsl.attach import attach

        leave = Leave.of([*self.leave.words, *Leave.of(allow).words])
        if refused := self.refused(leave):
            raise CbrError(refused)
        return attach(
            self,
            run_dir=run_dir,
            journal=journal,
            watch=watch,
            strict=strict,
            allow=leave.words,
            notify=notify,
        )

    def refused(self, leave: Leave) -> list[Diagnostic]:
        """What the rules would do and may not: the functions that they call."""
        if leave.call:
            return []
        help = '`allow=["call"]` in Python, `--allow call` on the command line'
        return [
            Diagnostic(
                "CBR502",
                f"the rule calls `{action.function}`, which the caller must allow",
                self.source,
                action.span,
                why="a file of rules runs no code by itself",
                help=help,
            )
            for rule in self._checked.context.file.rules
            for action in rule.actions
            if isinstance(action, Invoke)
        ]

    def edited(self, source: SourceFile) -> Program:
        """Other rules with the values for parameters that these were given; raises `CbrError`."""
        return Program(
            source,
            params=self._given,
            metrics=self.metrics,
            epochs=self.epochs,
            leave=self.leave,
        )

    def changed(self, params: Mapping[str, Given]) -> Program:
        """The same rules with other values for some parameters."""
        return Program(self.source, params=self._given | dict(params), leave=self.leave)

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        # Nothing of it changes, and a copy of the caller's variables would be read by no model.
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy of a variable would be another one, which no model reads.
        given = {name: v for name, v in self._given.items() if name not in self.outside}
        return _compiled, (self.source, given, self.metrics, self.epochs, self.leave)

    def __repr__(self) -> str:
        return f"<cbdsl.Program {self.source.name}: {len(self.rules)} rules>"


def _compiled(
    source: SourceFile,
    params: Mapping[str, Given],
    metrics: Collection[str] | None,
    epochs: int | None,
    leave: Leave,
) -> Program:
    return Program(source, params=params, metrics=metrics, epochs=epochs, leave=leave)


def check(
    source: str,
    *,
    filename: str = _TEXT,
    metrics: Collection[str] | None = None,
    epochs: int | None = None,
    params: Mapping[str, Given] | None = None,
    allow: Collection[str] = (),
) -> list[Diagnostic]:
    """What is wrong with rules, and what is worth a warning, sorted by place.

    Args:
        source: the text of the rules.
        filename: what to call it in messages.
        metrics: all names that the logs will hold, `val_…` too, where they are known: a name that
            can never come is then an error.
        epochs: how many are planned, where that is known.
        params: values for parameters, by name.
        allow: what the caller will let rules do, as for `callbacks`.
    """
    leave = Leave.of(allow)
    try:
        text = read_source(source, filename)
        program = Program(text, params=params, metrics=metrics, epochs=epochs, leave=leave)
        return program.diagnostics
    except CbrError as e:
        return e.diagnostics


def compile(
    source: str,
    *,
    filename: str = _TEXT,
    params: Mapping[str, Given] | None = None,
    allow: Collection[str] = (),
) -> Program:
    """Compile the text of rules; raises `CbrError` with all its diagnostics.

    Args:
        source: the text of the rules.
        filename: what to call it in messages and tracebacks.
        params: values for parameters, by name. The type is that of the literal in the rules; for
            a span it is the number of its unit, for a time the seconds.
        allow: what the caller will let rules do, as for `callbacks`.
    """
    return Program(read_source(source, filename), params=params, leave=Leave.of(allow))


def format(source: str) -> str:
    """The text of rules in canonical layout; raises `CbrError` if it has syntax errors."""
    return format_source(read_source(source, _TEXT))


def load(
    path: str | os.PathLike[str],
    *,
    params: Mapping[str, Given] | None = None,
    allow: Collection[str] = (),
) -> Program:
    """Compile a rule file; raises `CbrError`, and `OSError` if it cannot be read."""
    return Program(read_file(path), params=params, leave=Leave.of(allow))


def callbacks(
    source_or_path: str | os.PathLike[str],
    *,
    params: Mapping[str, Given] | None = None,
    run_dir: str | os.PathLike[str] = ".",
    journal: bool | str | os.PathLike[str] = False,
    watch: bool = False,
    strict: bool = False,
    allow: Collection[str] = (),
    notify: Sequence[str] = (),
) -> list[keras.callbacks.Callback]:
    """Rules as a list for `model.fit(callbacks=…)`.

    Args:
        source_or_path: the text of rules, or an `os.PathLike` for a file of them.
        params: values for parameters, by name, and a `keras.Variable` for each `variable`.
        run_dir: where rules save files.
        journal: whether to write down what happens and why, a line each: `True` for
            `journal.jsonl` in `run_dir`, or the path of the file. `cbdsl why` reads it.
        watch: whether an edit of the file takes over as the next epoch begins. One with errors
            does not: they are shown, and the rules go on as they were.
        strict: an action or a rule that fails ends the training with its error, instead of being
            reported.
        allow: what rules may do beyond the training: `"call"` lets them call functions,
            `"network"` lets `RemoteMonitor` send to its server, `"path=DIR"` lets them write below
            a folder beside `run_dir`.
        notify: the addresses that `notify` sends messages to, as URLs that apprise knows.

    Raises:
        CbrError: the rules have errors.
        ValueError: a string is the name of a file; write `Path("rules.cbr")`. Or `watch` is asked
            for, and there is no file.
    """
    program = program_of(source_or_path, params=params, leave=Leave.of(allow))
    return program.callbacks(
        run_dir=run_dir, journal=journal, watch=watch, strict=strict, allow=allow, notify=notify
    )


def program_of(
    source_or_path: str | os.PathLike[str],
    *,
    params: Mapping[str, Given] | None,
    leave: Leave,
) -> Program:
    """The text of rules, or an `os.PathLike` for a file of them, compiled.

    Raises:
        CbrError: the rules have errors.
        ValueError: a string is the name of a file; write `Path("rules.cbr")`.
    """
    if not isinstance(source_or_path, str):
        return Program(read_file(source_or_path), params=params, leave=leave)
    if "\n" not in source_or_path and source_or_path.strip().endswith(".cbr"):
        path = source_or_path.strip()
        raise ValueError(f"a string is the text of rules; for the file write Path({path!r})")
    return Program(read_source(source_or_path, _TEXT), params=params, leave=leave)


def replay(
    source_or_path: str | os.PathLike[str],
    history: Mapping[str, Sequence[float | None]] | str | os.PathLike[str],
    *,
    params: Mapping[str, Given] | None = None,
) -> Replay:
    """What rules would have decided on a past run; its text, or a notebook, shows it.

    Args:
        source_or_path: the text of rules, or an `os.PathLike` for a file of them.
        history: a dict of lists, a value an epoch for each metric (`History.history`), None where
            one is missing; or the path of a file or folder that holds such: of CSVLogger, of
            TensorBoard, a History as JSON.
        params: values for parameters, by name.

    Raises:
        CbrError: the rules have errors.
        ValueError: a file gives no run, or a run lacks a metric that the rules ask for; or a
            string is the name of a rule file.
    """
    from cbdsl.replaying.replay import replay_of

    return replay_of(program_of(source_or_path, params=params, leave=ANYTHING), history)


def read_file(path: str | os.PathLike[str], name: str | None = None) -> SourceFile:
    """A rule file; raises `CbrError` if it is no text, and `OSError` if it cannot be read.

    Args:
        path: where it is.
        name: what to call it in messages, if not by its path.
    """
    source = with_others(read_source(_bytes(Path(path)), name or os.fspath(path)), path)
    # Absolute: a script may change the working directory.
    return replace(source, path=Path(path).absolute())


def with_others(source: SourceFile, path: str | os.PathLike[str]) -> SourceFile:
    """The text of a rule file with the files that it includes; raises `CbrError`."""
    folder = Path(path).parent.resolve()

    def read(name: str) -> bytes:
        """An included file, which a link may not take out of the folder."""
        try:
            target = (folder / name).resolve()
        except RuntimeError:
            # What Python says up to 3.12 of links that lead round in a circle.
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        if not target.is_relative_to(folder):
            raise PermissionError
        if target.exists() and not target.is_file():
            # A pipe would be waited for without end.
            raise OSError("it is no regular file")
        return _bytes(target)

    return with_included(source, read)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        # No more than what tells that it is too large.
        return file.read(MAX_BYTES + 1)
