"""The time series as a picture: operations a second, and how long replies took."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from conformance.load.tally import Moment


class NoPlot(Exception):
    """The picture cannot be drawn; the message is one line for the user."""


def check(path: Path) -> None:
    """Refuse, before the run, what could not be drawn after it.

    Raises:
        NoPlot: the file has another ending, or matplotlib is not installed.
    """
    if path.suffix not in (".svg", ".png"):
        raise NoPlot(f"--plot {path}: name a file that ends in .svg or .png")
    if importlib.util.find_spec("matplotlib") is None:
        raise NoPlot("--plot needs matplotlib: pip install 'smtp-conformance[plot]'")


def draw(moments: list[Moment], path: Path) -> None:
    """Draw the time series into a file.

    Raises:
        OSError: it cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, sharex=True)
    seconds = [moment.at for moment in moments]
    above.plot(seconds, [moment.operations_per_second for moment in moments])
    above.set(ylabel="operations a second", ylim=(0, None))
    below.plot(seconds, [1000 * moment.median for moment in moments], label="median")
    below.plot(seconds, [1000 * moment.p99 for moment in moments], label="99 %")
    below.set(xlabel="seconds", ylabel="reply after, ms", ylim=(0, None))
    below.legend()
    figure.savefig(path)
