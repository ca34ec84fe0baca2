"""What rules do to a Keras model while it trains.

What Keras does not document is known here and, about the variables that it trains, in `snapshots`:
how a training step is traced again, where JAX keeps its state, how layers and optimizers hold their
variables. Nothing is imported: whatever Keras and backend made the model, it is asked by name.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from cbdsl.runtime.arithmetic import float32

LIVE = frozenset({"weight_decay", "beta_1", "beta_2"})
"""Settings that TensorFlow's step can read anew each time; the others are written into it."""

_FRACTIONS = frozenset({"beta_1", "beta_2", "rho", "momentum", "ema_momentum"})

_CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")
"""How gradients are clipped; Keras looks for them in this order and does the first."""

_TRAINERS = {"TensorFlowTrainer": "tensorflow", "JAXTrainer": "jax", "TorchTrainer": "torch"}


def backend(model: Any) -> str:
    """Which backend trains a model: `tensorflow`, `jax`, `torch`; empty for none of them."""
    names = {kind.__name__ for kind in type(model).__mro__}
    return next((known for trainer, known in _TRAINERS.items() if trainer in names), "")


def sync(model: Any) -> None:
    """Let variables say what they are, and let Keras take over what they are set to.

    JAX trains copies of them, which within an epoch they know nothing of.
    """
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def retrace(model: Any) -> None:
    """Have the training step traced again: what is no variable was written into it."""
    # `fit` asks the model for this function at every batch.
    model.make_train_function(force=True)


def scope(model: Any) -> Any:
    """Where variables are made for a model that TensorFlow trains on several devices."""
    strategy = getattr(model, "_distribute_strategy", None)
    return contextlib.nullcontext() if strategy is None else strategy.scope()


# ---------------------------------------------------------------------------------- the rate


def rate(model: Any) -> float:
    """The learning rate as it is."""
    sync(model)
    return float(model.optimizer.learning_rate)


def set_rate(model: Any, value: float) -> None:
    """Change the learning rate, from the next batch on."""
    # Else JAX goes on with the rate that is among its copies.
    sync(model)
    model.optimizer.learning_rate = value


def one_rate(model: Any) -> None:
    """Raise ValueError if rules cannot set the learning rate."""
    optimizer = _one_optimizer(model, "each with a learning rate of its own: rules set one")
    kept = getattr(optimizer, "_learning_rate", None)
    if kept is not None and not hasattr(kept, "assign"):
        kind = type(kept).__name__
        raise ValueError(
            f"the learning rate of the optimizer is a {kind}, which cannot be set: "
            "make the optimizer with a number, and write the rest as `schedule lr:`"
        )


def _inner(optimizer: Any) -> Any:
    """The optimizer itself, without what scales losses for mixed precision around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _one_optimizer(model: Any, why: str) -> Any:
    """The optimizer; raises ValueError if it is made of several."""
    optimizer = _inner(getattr(model, "optimizer", None))
    if optimizer is None:
        raise ValueError("the model was compiled without an optimizer")
    if hasattr(optimizer, "optimizers"):
        count = len(optimizer.optimizers)
        raise ValueError(f"the optimizer is a {type(optimizer).__name__} of {count}, {why}")
    return optimizer


# ---------------------------------------------------------------------------------- settings


def _operator(name: str) -> Callable[[Any, Any], Any]:
    plain = getattr(float, name)

    def operator(self: LiveNumber, other: Any) -> Any:
        value = plain(self, other)
        if value is NotImplemented or sys.modules["tensorflow"].executing_eagerly():
            return value
        term = other.__tf_tensor__("float64") if isinstance(other, LiveNumber) else other
        return LiveNumber(value, getattr(self.__tf_tensor__("float64"), name)(term))

    return operator


class LiveNumber(float):
    """A setting that is a number to whoever reads it, and a variable to a step being traced.

    So the step follows when the setting is changed, and Keras saves, copies and shows a number.
    With numbers it makes others of its kind, in double precision as Python would: a step computes
    the same by it as by the number, to the last bit.

    Args:
        value: the number.
        exact: where the step finds it: a 64-bit variable or tensor of TensorFlow.
        read: whether a step has asked for it.
    """

    # What Keras asks tensors for. A number of Python's type takes the type of what it is beside.
    dtype = float
    exact: Any
    read: bool

    def __new__(cls, value: float, exact: Any, read: bool = False) -> LiveNumber:
        self = super().__new__(cls, value)
        self.exact = exact
        self.read = read
        return self

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float(self),)

    def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
        """What TensorFlow asks of things that are to become tensors."""
        tf = sys.modules["tensorflow"]
        if tf.executing_eagerly():
            return tf.constant(float(self), dtype or "float32")
        self.read = True
        return tf.cast(self.exact, dtype or "float32")

    __add__ = _operator("__add__")
    __radd__ = _operator("__radd__")
    __sub__ = _operator("__sub__")
    __rsub__ = _operator("__rsub__")
    __mul__ = _operator("__mul__")
    __rmul__ = _operator("__rmul__")
    __truediv__ = _operator("__truediv__")
    __rtruediv__ = _operator("__rtruediv__")
    __pow__: Any = _operator("__pow__")
    __rpow__: Any = _operator("__rpow__")


def setting(model: Any, name: str) -> float | None:
    """A setting of the optimizer; None if it has none of that name, or it is off."""
    value = getattr(_inner(model.optimizer), name, None)
    return None if value is None else float(value)


def prepare_settings(model: Any, names: Iterable[str]) -> None:
    """Make settings ready to be changed; raises ValueError if one of them cannot be, and why."""
    for name in names:
        before = getattr(_changeable(model, name), name)
        if _can_hold(model, name) and before is not None and not isinstance(before, LiveNumber):
            _hold(model, name, before)
            # A step of an earlier fit may be there, with the number in it.
            retrace(model)


def set_setting(model: Any, name: str, value: float) -> None:
    """Change a setting of the optimizer, from the next batch on; it is rounded to 32 bits.

    Raises:
        ValueError: it cannot be changed, or not to this value; says why.
        RuntimeError: it is not what it was set to.
    """
    optimizer = _changeable(model, name)
    value = float32(value)
    _allow(name, value)
    before = getattr(optimizer, name)
    if before == value:
        return
    if _can_hold(model, name):
        # If no step has asked for it, there may be one that was traced with the number.
        if not _hold(model, name, value).read:
            retrace(model)
    else:
        setattr(optimizer, name, value)
        if name == "momentum" and bool(before) != bool(value):
            # Keras makes what sums up gradients only for a momentum that is not 0.
            build_anew(model)
        retrace(model)
    if setting(model, name) != value:
        raise RuntimeError(f"`optimizer.{name}` is {setting(model, name)} and not {value}")


def release_settings(model: Any, but: Collection[str] = ()) -> None:
    """Leave the optimizer with plain numbers, as it was found: those that were set last.

    Args:
        model: whose optimizer it is.
        but: the settings that go on being changed.
    """
    optimizer = _inner(model.optimizer)
    live = LIVE.difference(but)
    held = [name for name in live if isinstance(vars(optimizer).get(name), LiveNumber)]
    for name in held:
        setattr(optimizer, name, float(getattr(optimizer, name)))
    if held:
        # The step that was traced would still ask the variables.
        retrace(model)


def _can_hold(model: Any, name: str) -> bool:
    # Other people's optimizers may do more with a setting than arithmetic, such as `if`.
    kind = type(_inner(model.optimizer))
    of_keras = kind.__module__.startswith("keras.")
    return name in LIVE and of_keras and backend(model) == "tensorflow"


def _hold(model: Any, name: str, value: float) -> LiveNumber:
    optimizer = _inner(model.optimizer)
    before = getattr(optimizer, name)
    if isinstance(before, LiveNumber):
        before.exact.assign(value)
        held = LiveNumber(value, before.exact, before.read)
    else:
        with scope(model):
            variable = sys.modules["tensorflow"].Variable(value, trainable=False, dtype="float64")
        held = LiveNumber(value, variable)
    setattr(optimizer, name, held)
    return held


def _changeable(model: Any, name: str) -> Any:
    """The optimizer; raises ValueError if this setting of it cannot be changed."""
    optimizer = _one_optimizer(model, "each with settings of its own: rules set those of one")
    kind = type(optimizer).__name__
    value = getattr(optimizer, name, "")
    if value is not None and not isinstance(value, int | float):
        has = {n for n, v in vars(optimizer).items() if isinstance(v, float) and n[0] != "_"}
        has |= {"weight_decay", *_CLIPS}
        raise ValueError(f"{kind} has no setting `{name}`; it has {', '.join(sorted(has))}")
    if name == "initial_accumulator_value":
        raise ValueError(
            f"`optimizer.{name}` cannot be changed in training: "
            "it is where sums began when the optimizer was made"
        )
    if name == "ema_momentum" and not optimizer.use_ema:
        raise ValueError(f"{kind} keeps no moving average: make it with use_ema=True")
    if name == "beta_1" and kind == "ScheduleFreeAdamW":
        raise ValueError(f"{kind} has mixed its weights by `beta_1`, which cannot be changed")
    for other in _CLIPS if name in _CLIPS else ():
        if other != name and getattr(optimizer, other):
            raise ValueError(f"{kind} has a {other}, and Keras clips gradients in one way only")
    return optimizer


def _allow(name: str, value: float) -> None:
    """Raise ValueError for a value that Keras would refuse, or divide by zero with."""
    if name in _FRACTIONS:
        allowed, limits = 0 <= value < 1, "at least 0 and below 1"
    elif name == "learning_rate_power":
        allowed, limits = -math.inf < value <= 0, "0 or below"
    else:
        allowed, limits = 0 <= value < math.inf, "0 or above"
    if not allowed:
        raise ValueError(f"`optimizer.{name}` would be {value:g}: it must be {limits}")


# ----------------------------------------------------------------- the optimizer's variables


def build_anew(model: Any, keep: Collection[int] | None = None) -> None:
    """Give the optimizer the variables that it would have if it were made now.

    Keras makes them for each weight that is trained, and trains none that it has none for; JAX
    wants the list of those weights to be the model's; a file is read into what a new optimizer
    has. Those of weights that it goes on training stay.

    Args:
        keep: the `id` of those that stay, if not all.
    """
    sync(model)
    optimizer = _inner(model.optimizer)
    if not optimizer.built:
        return
    weights = list(model.trainable_variables)
    before = _slots(optimizer)
    alone = {name: v for name, v in vars(optimizer).items() if hasattr(v, "assign")}
    gone = {id(slot) for slot in before.values()}
    _fill(optimizer._variables, [v for v in optimizer._variables if id(v) not in gone])
    optimizer._trainable_variables_indices.clear()
    optimizer.built = False
    with scope(model):
        optimizer.build(weights)
    after = _slots(optimizer)
    stays: dict[int, Any] = {}
    """What takes the place of a variable that was made now, by its `id`."""
    for place, slot in after.items():
        if place in before and (keep is None or id(before[place]) in keep):
            stays[id(slot)] = before[place]
        elif place[0] == "_model_variables_moving_average":
            # An average of nothing is 0, and would be put in the place of the weight.
            slot.assign(next(w for w in weights if id(w) == place[1]).numpy())
    for name, variable in alone.items():
        made = getattr(optimizer, name)
        if made is not variable:
            stays[id(made)] = variable
            setattr(optimizer, name, variable)
            _fill(optimizer._variables, [v for v in optimizer._variables if v is not variable])
    for name in {name for name, _ in after}:
        setattr(optimizer, name, [stays.get(id(slot), slot) for slot in getattr(optimizer, name)])
    # In the order in which they are saved.
    _fill(optimizer._variables, [stays.get(id(v), v) for v in optimizer._variables])
    for name in ("_trainable_variables", "_trainable_variables_indices"):
        # Set as an attribute, the weights would become variables of the optimizer.
        vars(model.optimizer)[name] = vars(optimizer)[name]


def _fill(items: Any, variables: Sequence[Any]) -> None:
    """Have a list of Keras's hold these variables."""
    # TensorFlow wraps it, and to see who changes it compares variables, which cannot be compared.
    held = getattr(items, "_storage", items)
    held[:] = variables
    if held is not items:
        items._update_snapshot()


def _slots(optimizer: Any) -> dict[tuple[str, int], Any]:
    """The variables that an optimizer has for each weight, by what they are and its `id`."""
    weights = optimizer._trainable_variables
    others = {"_variables", "_trainable_variables"}
    return {
        (name, id(weight)): slot
        for name, slots in vars(optimizer).items()
        if isinstance(slots, list) and len(slots) == len(weights) and name not in others
        for weight, slot in zip(weights, slots, strict=True)
        if hasattr(slot, "assign")
    }


# ------------------------------------------------------------------------------------ layers


def layers(model: Any, pattern: str) -> list[Any]:
    """The layers whose name a pattern fits, those inside of others too.

    Raises:
        ValueError: there is none; names the nearest.
    """
    every = model._flatten_layers(include_self=False)
    found = [layer for layer in every if fnmatchcase(layer.name, pattern)]
    if not found:
        names = list(dict.fromkeys(layer.name for layer in every))
        near = get_close_matches(pattern, names, n=1)
        known = ", ".join([*names[:10], "…"][: len(names)])
        guess = f"did you mean {near[0]!r}?" if near else f"they are {known}"
        raise ValueError(f"no layer is called {pattern!r}; {guess}")
    return found


def prepare_layers(model: Any, frozen: Iterable[str], unfrozen: Iterable[str]) -> None:
    """Raise ValueError if a pattern fits no layer, or the model has several optimizers."""
    _one_optimizer(model, "each for weights of its own: rules cannot freeze layers under it")
    for pattern in (*frozen, *unfrozen):
        layers(model, pattern)


def freeze(model: Any, pattern: str) -> None:
    """Keep the weights of layers as they are from the next batch on."""
    prepare_layers(model, [pattern], ())
    sync(model)
    for layer in layers(model, pattern):
        _have_trained(layer, False)
    train_others(model)


def unfreeze(model: Any, pattern: str) -> None:
    """Train the weights of layers from the next batch on."""
    prepare_layers(model, (), [pattern])
    sync(model)
    if not model.trainable:
        # It hides all that is in it, and is about to show what is unfrozen of that.
        _have_trained(model, False)
    found = layers(model, pattern)
    for layer in found:
        _have_trained(layer, True)
    for outer in model._flatten_layers():
        if any(inner in found for inner in outer._flatten_layers(include_self=False)):
            # Not by its attribute, which would unfreeze all that is in it.
            outer._trainable = True
    train_others(model)


def _have_trained(layer: Any, trained: bool) -> None:
    for each in layer._flatten_layers():
        # TensorFlow leaves out what seems done, though what is in a layer may say otherwise.
        each._trainable = not trained
        each.trainable = trained


def train_others(model: Any) -> None:
    """Go on with the weights that are trained now."""
    flags = {layer: layer.trainable for layer in model._flatten_layers()}
    known = getattr(model, "_compiled_trainable_state", None)
    if known == flags:
        return
    if known is not None:
        # Keras would warn that it does not train what is unfrozen now; it will.
        known.clear()
        known.update(flags)
    build_anew(model)
    retrace(model)


# --------------------------------------------------------------------------------- variables

Copy = list[tuple[Any, Any]]
"""Variables, each with what it was."""


def copied(variables: Iterable[Any]) -> Copy:
    """Variables with what they are now, in the memory of this computer."""
    return [(variable, variable.numpy()) for variable in variables]


def put_back(copy: Copy) -> None:
    """Set variables to what they were."""
    for variable, value in copy:
        # Another copy: JAX may take an array as it is, and write the next step into it.
        variable.assign(value.copy())
