"""`cbdsl` in this process, and a tiny data set for it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner

from cbdsl.cli.main import main


def tiny_set(folder: Path) -> Path:
    """A folder of IDX files: 32 images to train on and 8 to validate, of three classes."""
    folder.mkdir(parents=True)
    for part, count in (("train", 32), ("t10k", 8)):
        labels = np.arange(count) % 3
        pixels = np.broadcast_to(labels.reshape(-1, 1, 1) * 80, (count, 5, 4)).astype(np.uint8)
        head = struct.pack(">4I", 0x0803, *pixels.shape)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
        head = struct.pack(">2I", 0x0801, count)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + bytes(labels.tolist()))
    return folder


def cbdsl(*args: str | Path, **env: str) -> Any:
    """The result of a command; it must not have ended with a traceback."""
    done = CliRunner().invoke(main, list(map(str, args)), env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    assert "Traceback" not in done.stderr
    return done


MODEL = """\
import keras

def small(image_shape, classes):
    layers = [keras.Input(image_shape), keras.layers.Flatten(), keras.layers.Dense(classes)]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=["accuracy"])
    return model
"""
