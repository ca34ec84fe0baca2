"""Writes goldens/shapes.json: 200 steps of 18 shapes, by Keras's and PyTorch's own schedules.

Run it by hand where TensorFlow, Keras and PyTorch are installed; the tests read what it wrote:

    python tests/schedules/make_goldens.py

Each shape has its text in the language in shapes/NAME.cbr. In the golden stand the training that
it is for (the rate at its begin, the planned epochs, the batches of one), what a step is, the rate
of each step, and where they are from.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import torch
from keras.optimizers import schedules as ks
from torch.optim import lr_scheduler as ts

STEPS = 200
GOLDEN = Path(__file__).parent / "goldens" / "shapes.json"

EPOCHS = {"epochs": STEPS, "batches": 5, "by": "epoch"}
BATCHES = {"epochs": 10, "batches": STEPS // 10, "by": "batch"}


RATE, END, FACTOR = np.float64(0.1), np.float64(0.001), np.float64(0.8)
"""Keras computes with the bits of the numbers it is given: with 64 what it means, unrounded."""


def by_keras(schedule: ks.LearningRateSchedule) -> list[float]:
    return [float(schedule(step)) for step in range(STEPS)]


def by_torch(start: float, make: Callable[[torch.optim.Optimizer], Any]) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=start)
    scheduler = make(optimizer)
    return [_next(optimizer, scheduler) for _ in range(STEPS)]


def by_formula(start: float, factor: Callable[[int], float]) -> list[float]:
    """Neither has the shape: LambdaLR of a published formula."""
    return by_torch(start, lambda optimizer: ts.LambdaLR(optimizer, factor))


def _next(optimizer: torch.optim.Optimizer, scheduler: Any, *metric: float) -> float:
    rate = float(optimizer.param_groups[0]["lr"])
    optimizer.step()
    scheduler.step(*metric)
    return rate


# ---------------------------------------------------------------- the shapes


def flat_then_cosine(optimizer: torch.optim.Optimizer) -> Any:
    """144 steps flat, then a cosine to 1e-5; Wright's Ranger and fastai's fit_flat_cos (2019)."""
    flat = ts.ConstantLR(optimizer, factor=1.0, total_iters=144)
    cosine = ts.CosineAnnealingLR(optimizer, T_max=56, eta_min=1e-5)
    return ts.SequentialLR(optimizer, [flat, cosine], milestones=[144])


def one_cycle(optimizer: torch.optim.Optimizer) -> Any:
    """Up to 0.1 at step 59, down to 0.1/25/1e4 at step 199."""
    return ts.OneCycleLR(optimizer, max_lr=0.1, total_steps=STEPS, pct_start=0.3)


def inverse_square_root(step: int) -> float:
    """Vaswani and others, Attention Is All You Need (2017): warm-up over 40, then 1/√step."""
    return min(step / 40, math.sqrt(40 / step)) if step else 0.0


def piecewise_linear(step: int) -> float:
    """Page, How to Train Your ResNet (2018)."""
    return float(np.interp(step, [0, 40, 160, 200], [0.0, 1.0, 0.1, 0.0]))


def tanh(step: int) -> float:
    """Hsueh, Li and Wu, SGD with Hyperbolic-Tangent Decay (2019): from L = -6 to U = 3."""
    return (1 - math.tanh(-6 + 9 * step / STEPS)) / 2


def warm_up_stable_decay(step: int) -> float:
    """Hu and others, MiniCPM (2024); the decay is the 1 - sqrt of Hägele and others (2024)."""
    if step < 10:
        return step / 10
    return 1.0 if step < 160 else 1 - math.sqrt((step - 160) / 40)


def losses() -> list[float]:
    """A loss that falls in three waves and lies still in between, with noise that is alike."""
    noise = np.random.default_rng(7).normal(0, 0.01, STEPS)
    trend = [1 / (1 + step / 10) + 0.3 * (step < 90) + 0.2 * (step < 150) for step in range(STEPS)]
    return [round(float(t + n), 4) for t, n in zip(trend, noise, strict=True)]


def plateau() -> dict[str, Any]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    # Reduced when more than 4 epochs were no better; the 3 epochs after that do not count.
    scheduler = ts.ReduceLROnPlateau(optimizer, factor=0.5, patience=4, cooldown=3, threshold=0.0)
    given = losses()
    return {"values": [_next(optimizer, scheduler, loss) for loss in given], "val_loss": given}


def shapes() -> dict[str, dict[str, Any]]:
    torch_lr, keras_lr, lambda_lr = (
        "torch.optim.lr_scheduler.",
        "keras.optimizers.schedules.",
        "torch.optim.lr_scheduler.LambdaLR: ",
    )
    return {
        "constant": {
            "source": torch_lr + "ConstantLR",
            "start": 0.01,
            **EPOCHS,
            "values": by_torch(0.01, lambda o: ts.ConstantLR(o, factor=1.0)),
        },
        "linear": {
            "source": torch_lr + "LinearLR",
            "start": 0.1,
            **EPOCHS,
            "values": by_torch(0.1, lambda o: ts.LinearLR(o, 1.0, 0.01, total_iters=150)),
        },
        "exponential": {
            "source": keras_lr + "ExponentialDecay",
            "start": 0.1,
            **BATCHES,
            "values": by_keras(ks.ExponentialDecay(RATE, 50, 0.5)),
        },
        "staircase": {
            "source": keras_lr + "ExponentialDecay(staircase=True)",
            "start": 0.1,
            **BATCHES,
            "values": by_keras(ks.ExponentialDecay(RATE, 30, 0.5, staircase=True)),
        },
        "inverse_time": {
            "source": keras_lr + "InverseTimeDecay",
            "start": 0.1,
            **EPOCHS,
            "values": by_keras(ks.InverseTimeDecay(RATE, 40, 0.5)),
        },
        "inverse_square_root": {
            "source": lambda_lr + "Vaswani and others, Attention Is All You Need (2017)",
            "start": 0.05,
            **BATCHES,
            "values": by_formula(0.05, inverse_square_root),
        },
        "polynomial": {
            "source": keras_lr + "PolynomialDecay",
            "start": 0.1,
            **EPOCHS,
            "values": by_keras(ks.PolynomialDecay(RATE, 150, END, power=2.0)),
        },
        "cosine": {
            "source": keras_lr + "CosineDecay",
            "start": 0.1,
            **EPOCHS,
            "values": by_keras(ks.CosineDecay(RATE, 120, alpha=0.01)),
        },
        "cosine_with_restarts": {
            "source": keras_lr + "CosineDecayRestarts",
            "start": 0.1,
            **EPOCHS,
            "values": by_keras(
                ks.CosineDecayRestarts(RATE, 20, t_mul=2.0, m_mul=FACTOR, alpha=RATE)
            ),
        },
        "step": {
            "source": torch_lr + "StepLR",
            "start": 0.1,
            **EPOCHS,
            "values": by_torch(0.1, lambda o: ts.StepLR(o, 40, gamma=0.3)),
        },
        "multi_step": {
            "source": torch_lr + "MultiStepLR",
            "start": 0.1,
            **EPOCHS,
            "values": by_torch(0.1, lambda o: ts.MultiStepLR(o, [50, 120, 170], gamma=0.1)),
        },
        "piecewise_linear": {
            "source": lambda_lr + "Page, How to Train Your ResNet (2018)",
            "start": 0.4,
            **BATCHES,
            "values": by_formula(0.4, piecewise_linear),
        },
        "one_cycle": {
            "source": torch_lr + "OneCycleLR",
            "start": 0.1,
            **BATCHES,
            "values": by_torch(0.1, one_cycle),
        },
        "triangular": {
            "source": torch_lr + "CyclicLR",
            "start": 0.001,
            **BATCHES,
            "values": by_torch(0.001, lambda o: ts.CyclicLR(o, 0.001, 0.006, step_size_up=20)),
        },
        "tanh": {
            "source": lambda_lr
            + "Hsueh, Li and Wu, Stochastic Gradient Descent with Hyperbolic-Tangent Decay (2019)",
            "start": 0.1,
            **EPOCHS,
            "values": by_formula(0.1, tanh),
        },
        "warm_up_stable_decay": {
            "source": lambda_lr + "Hu and others, MiniCPM (2024), with the decay of Hägele and "
            "others, Scaling Laws and Compute-Optimal Training Beyond Fixed Durations (2024)",
            "start": 0.01,
            **BATCHES,
            "values": by_formula(0.01, warm_up_stable_decay),
        },
        "flat_then_cosine": {
            "source": torch_lr + "SequentialLR of ConstantLR and CosineAnnealingLR",
            "start": 0.1,
            **EPOCHS,
            "values": by_torch(0.1, flat_then_cosine),
        },
        "plateau": {
            "source": torch_lr + "ReduceLROnPlateau",
            "start": 0.1,
            **EPOCHS,
            **plateau(),
        },
    }


def laid_out(golden: dict[str, dict[str, Any]]) -> str:
    """JSON with a line for each fact of a shape."""
    text = json.JSONEncoder(ensure_ascii=False).encode
    blocks = []
    for name, facts in golden.items():
        lines = [
            f"    {json.dumps(key)}: {json.dumps(fact, ensure_ascii=False)}"
            for key, fact in facts.items()
        ]
        blocks.append(f"  {text(name)}: {{\n" + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(laid_out(shapes()), "utf-8")
