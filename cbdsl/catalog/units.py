"""Units of counts and of time, by their singular name."""

from __future__ import annotations

COUNTS = ("epoch", "batch")

SECONDS = {"second": 1, "minute": 60, "hour": 3600}
"""How many seconds a unit of time has."""

PLURAL = {"epoch": "epochs", "batch": "batches"} | {unit: f"{unit}s" for unit in SECONDS}
PLURAL["value"] = "values"
"""`values` are counted by `stalls` alone."""

SINGULAR = {plural: singular for singular, plural in PLURAL.items()}
