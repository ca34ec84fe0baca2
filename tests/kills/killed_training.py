"""A training that is killed again and again, by the operating system and at any moment.

Keras is imported once; each process is a fork of this one, so that it begins at once. Run as a
script it prints what came of it as JSON; with `mutant` rules forget what they remembered:

    python tests/kills/killed_training.py FOLDER KILLS SEED [mutant]
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

EPOCHS, BATCHES, SIZE = 14, 6, 8

RULES = """
resume from "state"
param level = 12.0
let tries = 0
limit lr from 1e-5 to 0.05
metric gap = val_loss - ema(loss, 0.3)

schedule lr every batch:
    linear from 0.001 to 0.02 over 20 batches
    cosine to 0.001 over the rest

first: on epoch_end if loss < 100 then once print "once"
thrice: on epoch_end if loss > prev(loss) or epoch > 2 then at most 3 times print "{epoch}"
rests: on epoch_end if loss > 0 print "rests", wait 2 epochs
stuck: on epoch_end if val_loss stalls for 1 epoch by 3 lr *= 0.8
lasting: on epoch_end if loss > 0.01 for 3 epochs print "{mean(loss, 3):.6f}"
smooth: every 7 batches print "{ema(loss, 0.2):.9f}"
past: on batch_end if per_batch(loss) crosses above level print "{step}"
counted: on batch_end if count(per_batch(loss) falls) % 9 == 8 print "{step}"
tried: on epoch_end if loss falls tries += 1
told: on epoch_end if tries > 1 print "{tries} {std(loss, 3):.9f} {gap:.9f}"
lighter: every 3 epochs optimizer.weight_decay *= 0.9
frozen: at epoch 5 freeze "low"
thawed: at epoch 9 unfreeze "low"
kept: on epoch_end if val_loss improves save "best-{epoch}.weights.h5" keep 2
returned: on epoch_end if epoch == 11 restore best of val_loss
wide: on epoch_end if slope(loss, 4) < 0 record wide = quantile(loss, 0.5, 4)
"""

STATEFUL = (
    "first", "thrice", "rests", "stuck", "lasting", "smooth", "past", "counted", "tried", "told",
)  # fmt: skip
"""The rules that go by what they remember."""


def train(folder: Path, begun: int) -> None:
    """One process: it trains to the end, if nobody kills it; a byte says that it begins."""
    import keras
    import numpy as np

    import cbdsl

    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(BATCHES * SIZE, 4)).astype("float32")
    y = (x.sum(1) ** 2).astype("float32")
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, activation="relu", name="low"),
            keras.layers.Dropout(0.3),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.AdamW(0.01), "mse")
    callbacks = cbdsl.callbacks(RULES, run_dir=folder, journal=True)
    tells = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: os.write(begun, b"."))
    model.fit(
        x, y, batch_size=SIZE, epochs=EPOCHS, shuffle=False, verbose=0,
        validation_data=(x[:SIZE], y[:SIZE]), callbacks=[*callbacks, tells],
    )  # fmt: skip
    variables = [*model.variables, *model.optimizer.variables]
    np.savez(folder / "weights.npz", *[variable.numpy() for variable in variables])


def run(folder: Path, seconds: float | None) -> float | None:
    """Train in a process of its own, killed some seconds after it began to train.

    Returns:
        How long it trained, None where it was killed.
    """
    begins, begun = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(begins)
        status = 1
        try:
            with (
                open(folder / "said.txt", "a") as said,
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
            ):
                train(folder, begun)
            status = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)
    os.close(begun)
    os.read(begins, 1)
    os.close(begins)
    began = time.monotonic()
    if seconds is not None:
        time.sleep(seconds)
        # It may have ended by itself; its number is still its own, as nobody has waited for it.
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(f"a training failed in {folder}")
    return time.monotonic() - began if os.WIFEXITED(status) else None


def decisions(folder: Path) -> list[str]:
    """The journal without what depends on the clock, and on having been taken up."""
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["kind"] not in ("run", "resumed")]
    return [json.dumps({k: v for k, v in line.items() if k != "time"}) for line in kept]


def outcome(folder: Path) -> tuple[list[str], list[bytes], list[str]]:
    """What is to be the same: decisions, weights, and the files that rules saved."""
    import numpy as np

    with np.load(folder / "weights.npz") as weights:
        arrays = [weights[name].tobytes() for name in weights]
    return decisions(folder), arrays, sorted(path.name for path in folder.glob("best-*"))


def killed(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """Train once unbroken, then again and again with kills until there were enough.

    Returns:
        How many runs and kills there were, in which epochs, and the runs that differ.
    """
    order = random.Random(seed)
    whole = folder / "whole"
    whole.mkdir(parents=True)
    length = run(whole, None) or 0.0
    expected = outcome(whole)
    lines = [json.loads(line) for line in expected[0]]
    fired = [line["rule"] for line in lines if line["kind"] == "firing"]
    done, runs, different, at = 0, 0, [], []
    while done < kills:
        runs += 1
        broken = folder / f"run-{runs}"
        broken.mkdir()
        epochs = 0
        while True:
            # While TensorFlow traces its first step nothing happens that could be lost.
            rest = length * (0.2 + 0.8 * (EPOCHS - epochs) / EPOCHS)
            if run(broken, order.uniform(0, rest) if done < kills else None) is not None:
                break
            journal = broken / "journal.jsonl"
            epochs = journal.read_text().count('"kind": "epoch"') if journal.exists() else 0
            at.append(epochs)
            # One in the first epoch loses nothing but that; it is not among those asked for.
            done += epochs > 0
        if outcome(broken) != expected:
            different.append(broken.name)
    return {
        "runs": runs,
        "kills": len(at),
        "epochs": at,
        "firings": len(fired),
        "stateful": sum(rule in STATEFUL for rule in fired),
        "rules": sorted(set(fired) & set(STATEFUL)),
        "different": different,
    }


def main() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from cbdsl.train.quiet import quiet

    quiet()
    import keras  # noqa: F401 - before the forks

    if sys.argv[4:] == ["mutant"]:
        from cbdsl.loading import Members

        Members.take_up = lambda self, state, **more: None  # type: ignore[method-assign]
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps(killed(folder, kills, seed)))


if __name__ == "__main__":
    main()
