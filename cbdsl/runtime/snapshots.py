"""The weights that rules go back to."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from cbdsl.runtime.keras_model import (
    Copy,
    backend,
    build_anew,
    copied,
    put_back,
    retrace,
    scope,
    sync,
)
from cbdsl.runtime.words import numbers

LAST_GOOD = "last good"


class WeightSnapshots:
    """Mixed in before `keras.callbacks.Callback`; it stands before the rules.

    The last good weights are taken at the beginning of an epoch: then rules and other callbacks
    have done what they do at the end of the one before, and those that roll back at that end
    still find the ones before it. Weights that are not finite are none to go back to, even after
    metrics that are: those of a batch are from before it.

    Attributes:
        best: the metrics whose best epoch is kept, each with the better direction.
        rolled_to: those of them of which the optimizer is kept too.
        good: whether the last good weights are kept.
        made: the metrics that the rules make themselves, which are nan until they have a value.
        good_epochs: how many epochs ended with finite metrics.
        values: the best values so far.

    Args:
        outside: the caller's variables, which stay as they are.
    """

    key: ClassVar[str] = "snapshots"
    best: ClassVar[Mapping[str, Literal["lower", "higher"]]] = {}
    rolled_to: ClassVar[frozenset[str]] = frozenset()
    good: ClassVar[bool] = False
    made: ClassVar[frozenset[str]] = frozenset()

    # Given by Keras:
    model: Any

    def __init__(self, outside: Any = None) -> None:
        super().__init__()
        self.outside = outside
        self.reset()

    # -------------------------------------------------------------------------------- memory

    def reset(self) -> None:
        """Keep nothing, as before training."""
        self.good_epochs = 0
        self.values: dict[str, float] = {}
        self._weights: dict[str, Copy] = {}
        """The weights by what they are kept for."""
        self._optimizer: dict[str, Copy] = {}
        self._due = True
        """Whether the next epoch begins with good weights."""
        self._taken_back = False
        """Whether a rule rolled back at this event."""
        self._counted = False
        """Whether this is the end of an epoch that counts as good."""

    def state(self) -> dict[str, Any]:
        """What is remembered as plain data: numbers, and no weights."""
        return {"good_epochs": self.good_epochs, "values": dict(self.values), "due": self._due}

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state()` gave."""
        self.good_epochs = state["good_epochs"]
        self.values = dict(state["values"])
        self._due = state["due"]

    def arrays(self) -> dict[str, Any]:
        """The weights that are kept, as arrays by name."""
        return {
            f"{kind}/{name}/{number}": value
            for kind, kept in (("weights", self._weights), ("optimizer", self._optimizer))
            for name, copy in kept.items()
            for number, value in _places(copy, self._variables(kind))
        }

    def take_up_arrays(self, arrays: Mapping[str, Any]) -> None:
        """Keep the weights that `arrays()` gave, of a model of the same kind.

        Those that these rules go back to, if they were kept with all that these rules put back.
        """
        self._weights, self._optimizer = {}, {}
        for key, value in arrays.items():
            kind, rest = key.split("/", 1)
            name, number = rest.rsplit("/", 1)
            kept = self._weights if kind == "weights" else self._optimizer
            kept.setdefault(name, []).append((self._variables(kind)[int(number)], value))
        for name in list(self._weights):
            self._optimizer.setdefault(name, [])
            is_whole = self._optimizer[name] or not self._keeps_optimizer(name)
            if not is_whole or (name not in self.best and name != LAST_GOOD):
                del self._weights[name], self._optimizer[name]
                self.values.pop(name, None)

    def _variables(self, kind: str) -> list[Any]:
        return self._own_weights() if kind == "weights" else optimizer_variables(self.model)

    def __getstate__(self) -> dict[str, Any]:
        # Weights belong to a model, which does not travel.
        return vars(self) | {"_weights": {}, "_optimizer": {}}

    # --------------------------------------------------------------------------------- hooks

    def on_train_begin(self, logs: Any = None) -> None:
        self.reset()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._taken_back = self._counted = False
        # The optimizer's variables, made by a first batch that is bad, would be so as well.
        if self.good and self._due and build(self.model):
            self._keep(LAST_GOOD)
        self._due = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._taken_back = False
        seen = numbers(logs)
        self._due = all(math.isfinite(v) for name, v in seen.items() if name not in self.made)
        self._counted = self._due
        self.good_epochs += self._counted
        for metric, better in self.best.items():
            if (
                metric in seen
                and self._is_better(metric, seen[metric], better)
                and self._keep(metric)
            ):
                self.values[metric] = seen[metric]

    # --------------------------------------------------------------------------- what rules do

    def left(self, logs: Any) -> dict[str, Any]:
        """The metrics of an epoch's end; none where a rule has taken them back."""
        return {} if self._taken_back else logs or {}

    def snapshot(self) -> None:
        """Keep weights and optimizer as the last good ones.

        Raises:
            ValueError: they are not finite.
        """
        if not self._keep(LAST_GOOD):
            raise ValueError("the weights are not finite")

    def restore_best(self, metric: str) -> None:
        """Put the weights back to those of the best epoch by a metric.

        Raises:
            ValueError: there is none.
        """
        self._put_back(metric, optimizer=False)

    def roll_back(self, to: str) -> None:
        """Put weights and optimizer back, and take the event out of the metrics.

        Raises:
            ValueError: there is nothing to go back to.
        """
        self._put_back(to, optimizer=True)
        self._taken_back = True
        # What is taken back was no good epoch.
        self.good_epochs -= self._counted
        self._counted = False

    # ----------------------------------------------------------------------------- details

    def _is_better(self, metric: str, value: float, better: str) -> bool:
        best = self.values.get(metric)
        if math.isnan(value) or best is None:
            return not math.isnan(value)
        return value < best if better == "lower" else value > best

    def _keep(self, name: str) -> bool:
        """Keep what is there now; not if it is not finite."""
        sync(self.model)
        weights = copied(self._own_weights())
        optimizer = copied(optimizer_variables(self.model)) if self._keeps_optimizer(name) else []
        if not finite([*weights, *optimizer]):
            return False
        self._weights[name] = weights
        self._optimizer[name] = optimizer
        return True

    def _keeps_optimizer(self, name: str) -> bool:
        return name == LAST_GOOD or name in self.rolled_to

    def _own_weights(self) -> list[Any]:
        """The weights of the model, without the caller's variables: what rules set stays."""
        variables = self.outside.variables.values() if self.outside is not None else ()
        theirs = {id(variable) for variable in variables}
        return [weight for weight in self.model.weights if id(weight) not in theirs]

    def _put_back(self, name: str, *, optimizer: bool) -> None:
        if name not in self._weights:
            raise ValueError(self._why_none(name))
        sync(self.model)
        put_back(self._weights[name])
        if optimizer:
            put_optimizer_back(self.model, self._optimizer[name])

    def _why_none(self, name: str) -> str:
        if name == LAST_GOOD:
            return (
                "there are no good weights yet: the model had none before its first batch "
                "(an Input as its first layer gives it some)"
            )
        if name in self.values:
            value = f"{self.values[name]:g}"
            return f"the weights of the best {name}, {value}, were in the process before this one"
        return f"there is no best {name} yet"


class BatchSnapshots(WeightSnapshots):
    """The same, where a rule rolls back within an epoch: it takes the batches out of the means."""

    def reset(self) -> None:
        super().reset()
        self._logs: dict[str, Any] = {}
        """The logs of the batch that has just ended."""
        self._begin()

    def _begin(self) -> None:
        self._among_batches = True
        """Whether the metrics are those of the training's batches."""
        self._before: Copy | None = None
        """The metrics before this batch, the last that were finite; None: as they begin."""
        self._after: Copy | None = None
        """Those after it, if they are finite, else those before it."""
        self._names: set[str] = set()
        """What the metrics are called."""
        self._emptied = False
        """Whether all batches so far were taken out."""

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_logs": {}, "_before": None, "_after": None}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self._begin()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._taken_back = self._emptied = False
        self._logs = {} if logs is None else logs
        self._names.update(self._logs)
        self._before = self._after
        if all(map(math.isfinite, numbers(logs).values())):
            self._after = metric_values(self.model)
            if self.good and LAST_GOOD not in self._weights:
                # A model that was made with the first batch.
                self._keep(LAST_GOOD)

    def on_test_begin(self, logs: Any = None) -> None:
        self._among_batches = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._among_batches = False
        self._logs = {}
        if logs and self._emptied:
            # Keras says 0 for a mean of nothing.
            logs.update(dict.fromkeys(self._names & set(logs), math.nan))
        super().on_epoch_end(epoch, logs)

    def roll_back(self, to: str) -> None:
        super().roll_back(to)
        # For the callbacks behind the rules as well: what it holds may not be finite.
        self._logs.clear()
        if self._among_batches:
            put_metrics_back(self.model, self._before)
            self._after = self._before
            self._emptied = self._before is None


# ------------------------------------------------------------------- what a model consists of


def _places(copy: Copy, variables: list[Any]) -> list[tuple[int, Any]]:
    """What is kept of variables, by their places among those that there are now."""
    places = {id(variable): place for place, variable in enumerate(variables)}
    return [(places[id(v)], value) for v, value in copy if id(v) in places]


def finite(copy: Copy) -> bool:
    """Whether all numbers in it are."""
    return all(
        math.isfinite(float(value.max())) and math.isfinite(float(value.min()))
        for _, value in copy
        if value.size
    )


def build(model: Any) -> bool:
    """Make the optimizer's variables now, and not with the first batch; whether all are there.

    On TensorFlow a model that does not know the shape of its input is made with that batch itself.
    """
    optimizer = model.optimizer
    if not optimizer.built and all(layer.built for layer in model._flatten_layers()):
        with scope(model):
            optimizer.build(model.trainable_variables)
    return bool(optimizer.built)


def optimizer_variables(model: Any) -> list[Any]:
    """What the optimizer remembers, without the rate."""
    outer = model.optimizer
    inner = getattr(outer, "inner_optimizer", outer)
    every = [outer, inner, *getattr(outer, "optimizers", ())]
    rates = {id(getattr(optimizer, "_learning_rate", None)) for optimizer in every}
    return [variable for variable in outer.variables if id(variable) not in rates]


def put_optimizer_back(model: Any, copy: Copy) -> None:
    """Set what the optimizer remembers to what it was; what it did not have begins anew."""
    known = {id(variable) for variable, _ in copy}
    if any(id(variable) not in known for variable in optimizer_variables(model)):
        build_anew(model, known)
        retrace(model)
    put_back(copy)


def metric_values(model: Any) -> Copy:
    """The variables of metrics with what they are now, as cheap as can be: it is every batch's."""
    variables = model.metrics_variables
    kind = backend(model)
    if kind == "jax" and not model._jax_state_synced:
        # Without `sync`, which takes apart and puts together all that is trained.
        values = model._jax_state["metrics_variables"]
        return [(v, value.__array__().copy()) for v, value in zip(variables, values, strict=True)]
    if kind == "tensorflow" and model._distribute_strategy is None:
        # Four times as fast as by the variables. TensorFlow overwrites nothing that is held.
        read = sys.modules["tensorflow"].raw_ops.ReadVariableOp
        return [(v, read(resource=v.value.handle, dtype=v.value.dtype)) for v in variables]
    return copied(variables)


def put_metrics_back(model: Any, copy: Copy | None) -> None:
    """Set metrics to what they were; None: to what they are when an epoch begins."""
    sync(model)
    if copy is None:
        for metric in model.metrics:
            metric.reset_state()
    else:
        for variable, value in copy:
            variable.assign(value)
