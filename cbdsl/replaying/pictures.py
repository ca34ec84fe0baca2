"""Pictures of replays, by matplotlib."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbdsl.files import write_whole
from cbdsl.replaying.decide import Decided
from cbdsl.replaying.history import Run
from cbdsl.replaying.sweep import Point

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")
"""What a picture's file may be called."""


def figure(width: float = 7.0, height: float = 4.0) -> Figure:
    """An empty figure that no window shows; sizes in inches. Raises ImportError."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def sweep_picture(points: list[Point]) -> Figure:
    """Epochs saved against metric lost, a point a combination, joined in their order."""
    drawing = figure()
    axes = drawing.add_subplot()
    saved = [100 * point.summary.saved_share for point in points]
    lost = [100 * point.summary.mean_lost for point in points]
    axes.plot(saved, lost, color="#9aa7b5", linewidth=1, zorder=1)
    axes.scatter(saved, lost, color="#2563a8", zorder=2)
    for point, x, y in zip(points, saved, lost, strict=True):
        label = ", ".join(f"{value:g}" for value in point.params.values())
        axes.annotate(
            label, (x, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8
        )
    axes.set_xlabel("epochs saved (%)")
    axes.set_ylabel("metric lost, mean over runs (%)")
    names = ", ".join(points[0].params)
    axes.set_title(f"{names}, over {points[0].summary.runs} runs", fontsize=10)
    _plain(axes)
    return drawing


def run_picture(run: Run, decided: Decided) -> Figure:
    """The watched metric of a run by epoch, and where the rules would have fired."""
    drawing = figure(height=3.2)
    axes = drawing.add_subplot()
    name = decided.watched.name if decided.watched else next(iter(run.series))
    epochs = range(run.first_epoch, run.first_epoch + run.epochs)
    values = [float("nan") if value is None else value for value in run.series[name]]
    axes.plot(epochs, values, color="#2563a8", label=name)
    shown = [fired for fired in decided.fired if fired.count]
    for row, fired in enumerate(shown):
        heights = [-0.12 - 0.07 * row] * len(fired.epochs)
        axes.plot(
            fired.epochs,
            heights,
            "|",
            color="black",
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )
        axes.text(
            1.01, heights[0] if heights else 0, fired.rule, fontsize=8, va="center",
            transform=axes.transAxes,
        )  # fmt: skip
    if decided.stopped is not None:
        axes.axvline(decided.stopped, color="#b3402a", linewidth=1, label="would have ended")
    axes.legend(fontsize=8, frameon=False)
    axes.set_ylabel(name)
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    axes.set_xlabel("epoch")
    _plain(axes)
    return drawing


def _plain(axes: Any) -> None:
    axes.grid(alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def as_svg(drawing: Figure) -> str:
    """A figure as SVG, without the lines that only a file needs."""
    text = io.StringIO()
    drawing.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def write(drawing: Figure, path: Path) -> None:
    """Write a figure to a file, whose ending says how; raises OSError."""
    data = io.BytesIO()
    form = path.suffix.removeprefix(".")
    # Without a date, so that the same sweep makes the same file.
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[form]
    drawing.savefig(data, format=form, dpi=150, metadata=dated)
    write_whole(path, data.getvalue())
