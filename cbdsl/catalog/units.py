"""Units of counts, by their singular name."""

from __future__ import annotations

PLURAL = {"epoch": "epochs", "batch": "batches"}

SINGULAR = {plural: singular for singular, plural in PLURAL.items()}
