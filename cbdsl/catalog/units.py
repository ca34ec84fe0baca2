"""Units of counts and of time, by their singular name."""

from __future__ import annotations

COUNTS = ("epoch", "batch")

SECONDS = {"second": 1, "minute": 60, "hour": 3600}
"""How many seconds a unit of time has."""

PLURAL = {"epoch": "epochs", "batch": "batches"} | {unit: f"{unit}s" for unit in SECONDS}
PLURAL["value"] = "values"
"""`values` are counted by `stalls` alone."""

DOCS = {
    "epoch": "one pass over the training data",
    "batch": "one step of training, counted over the whole training",
    "second": "a second of the time in training",
    "minute": "60 seconds",
    "hour": "60 minutes",
    "value": "an event at which the metric is there; counted by `stalls` alone",
}
"""What is counted."""

SINGULAR = {plural: singular for singular, plural in PLURAL.items()}
