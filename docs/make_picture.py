"""Draws docs/run.svg: a training under examples/mnist.cbr, and when each rule fired.

    python docs/make_picture.py             # trains for half a minute, writes docs/run.svg
    python docs/make_picture.py --png DIR   # also DIR/light.png and DIR/dark.png, to look at

Needs the extras `train` and `dev`.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cbdsl.journal import read

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "examples" / "mnist.cbr"
TARGET = 0.956
COMMAND = ["train", str(RULES), "--epochs", "20", "--seed", "3", "--set", f"target={TARGET:.1%}"]

# Every colour is a role. In the SVG, those of the light theme give way to those of the dark one
# where the reader prefers that.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "soft": "#656d76",
    "line": "#d8dee4",
    "good_enough": "#cf222e",
    "slower": "#8250df",
    "keep_best": "#1a7f37",
    "plateau": "#bc4c00",
    "curve": "#0969da",
}
DARK = {
    "paper": "#0d1117",
    "ink": "#e6edf3",
    "soft": "#8d96a0",
    "line": "#30363d",
    "good_enough": "#ff7b72",
    "slower": "#d2a8ff",
    "keep_best": "#56d364",
    "plateau": "#f0883e",
    "curve": "#58a6ff",
}


@dataclass(frozen=True)
class Training:
    """What is drawn: a value an epoch, and the epochs in which each rule fired."""

    accuracy: list[float]
    loss: list[float]
    rates: list[float]
    fired: dict[str, list[int]]
    ending: str

    @property
    def epochs(self) -> range:
        return range(1, len(self.accuracy) + 1)


def trained() -> Training:
    """Run the command, and read what it leaves in the folder of the run."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "cbdsl", *COMMAND, "--run-dir", folder], check=True)
        history = _table(Path(folder, "history.csv"))
        firings = read(folder).firings
    fired: dict[str, list[int]] = {name: [] for name in texts()}
    for firing in firings:
        fired[firing.rule].append(firing.epoch)
    actions = [action for firing in firings for action in firing.actions]
    why = next((a.detail for a in actions if a.verb == "stop"), "all epochs are done")
    columns = ("val_accuracy", "val_loss", "learning_rate")
    values = ([float(epoch[name]) for epoch in history] for name in columns)
    return Training(*values, fired, why)


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def texts() -> dict[str, str]:
    """The rules of the file by their names: each with its first action, reasons left out."""
    text = RULES.read_text("utf-8")
    named = re.findall(r"^(\w+): (.*?)(?::\n +(.*))?$", text, re.MULTILINE)
    lines = {name: f"{head} {action}".strip() for name, head, action in named}
    return {name: re.sub(r'stop "[^"]*"', "stop", line) for name, line in lines.items()}


def draw(training: Training, colours: dict[str, str]) -> Figure:
    plt.rcParams.update(
        {
            "svg.hashsalt": "cbdsl",  # the same picture is the same file
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "text.color": colours["ink"],
            "axes.edgecolor": colours["line"],
            "axes.facecolor": "none",
            "xtick.color": colours["soft"],
            "ytick.color": colours["soft"],
        }
    )
    figure = plt.figure(figsize=(8.6, 6.6), layout="constrained", facecolor=colours["paper"])
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
    panels = figure.subplots(4, 1, sharex=True, height_ratios=(2.2, 1.7, 1.7, 3))
    for axes in panels:
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set_axisbelow(True)
        for name in ("plateau", "good_enough"):  # what changes the course of the training
            for epoch in training.fired[name]:
                axes.axvline(epoch, color=colours[name], linewidth=1, alpha=0.35, zorder=0)
    for axes in panels[:3]:
        axes.grid(axis="y", color=colours["line"], linewidth=0.7)
    _accuracy(panels[0], training, colours)
    _loss(panels[1], training, colours)
    _rate(panels[2], training, colours)
    _rules(panels[3], training, colours)
    return figure


def _title(axes: Axes, text: str, colours: dict[str, str]) -> None:
    axes.set_title(text, loc="left", fontsize=9, fontweight="bold", color=colours["ink"], pad=8)


def _accuracy(axes: Axes, training: Training, colours: dict[str, str]) -> None:
    _title(axes, "Accuracy on validation images", colours)
    axes.plot(training.epochs, training.accuracy, color=colours["curve"], linewidth=2)
    end, last = training.epochs[-1], training.accuracy[-1]
    colour = colours["good_enough"]
    axes.plot([0.5, end], [TARGET, TARGET], color=colour, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(0.6, TARGET - 0.002, f"target {TARGET:.1%}", color=colour, fontsize=8.5, va="top")
    axes.plot([end], [last], "o", color=colour, markersize=8)
    axes.text(end + 0.3, last, f"stopped:\n{training.ending}", va="center", fontsize=8.5)
    axes.set_ylim(min(training.accuracy) - 0.006, 0.967)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _loss(axes: Axes, training: Training, colours: dict[str, str]) -> None:
    _title(axes, "Loss on validation images", colours)
    axes.plot(training.epochs, training.loss, color=colours["curve"], linewidth=2)
    for name, size in (("keep_best", 6), ("plateau", 6)):
        values = [training.loss[epoch - 1] for epoch in training.fired[name]]
        axes.plot(training.fired[name], values, "o", color=colours[name], markersize=size)
    axes.set_ylim(min(training.loss) - 0.04, max(training.loss) + 0.02)


def _rate(axes: Axes, training: Training, colours: dict[str, str]) -> None:
    _title(axes, "Learning rate", colours)
    # An epoch's rate holds from its begin to its end, which is where its metrics are drawn.
    edges = [epoch - 1 for epoch in (*training.epochs, training.epochs[-1] + 1)]
    axes.stairs(training.rates, edges, baseline=None, color=colours["curve"], linewidth=2)
    axes.set_ylim(0, max(training.rates) * 1.15)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_yticks([0, 0.0005, 0.001])


def _rules(axes: Axes, training: Training, colours: dict[str, str]) -> None:
    _title(axes, "Rules, and the epochs in which they fired", colours)
    for row, (name, text) in enumerate(texts().items()):
        fired = training.fired[name]
        axes.axhline(row, color=colours["line"], linewidth=0.7, zorder=0)
        axes.plot(fired, [row] * len(fired), "o", color=colours[name], markersize=7)
        rule = f"{name}: {text}"
        axes.text(0.6, row - 0.32, rule, family="DejaVu Sans Mono", fontsize=8, color=colours[name])
    axes.set_ylim(len(texts()) - 0.5, -0.7)
    axes.set_yticks([])
    axes.set_xlim(0.4, training.epochs[-1] + 3.4)
    axes.set_xticks(training.epochs)
    axes.set_xlabel("epoch", color=colours["soft"])


def svg(figure: Figure) -> str:
    """The figure as SVG that follows the reader's theme."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.svg")
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        text = path.read_text("utf-8")
    rules = "".join(
        f'[style*="{kind}: {light}"] {{ {kind}: {DARK[role]} !important }} '
        for role, light in LIGHT.items()
        for kind in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark) {{ {rules}}}</style>"
    return text.replace("</defs>", f"</defs>\n {style}", 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--png", type=Path, metavar="DIR")
    folder = parser.parse_args().png
    training = trained()
    (ROOT / "docs" / "run.svg").write_text(svg(draw(training, LIGHT)), "utf-8")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for name, colours in (("light", LIGHT), ("dark", DARK)):
            draw(training, colours).savefig(folder / f"{name}.png", dpi=110)


if __name__ == "__main__":
    main()
