"""Draws the figures of several models as a PNG: a panel for each figure, a bar for each model."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pianoroll_vae.console import printable
from pianoroll_vae.listen.plot_style import COLOURS, DOTS_PER_INCH, INK, figure_png, style_axes

PANELS = (
    ("f1", "F1 of reconstructed onsets", 1.0),
    ("overlap", "overlap with real songs, 1 is best", 1.0),
    ("auc", "AUC of the two-sample test, 0.5 is best", 1.0),
    ("drop_out", "drop-out of the worst instrument, 0 is best", 1.0),
    ("bars_per_second", "bars a second", None),
    ("size", "megabytes", None),
)
"""Figure, title, and where its axis ends; bounds are in the table alone, since their units differ."""


def models_png(models: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw the models, the first one on top."""
    figure = Figure((12, 1.6 + 0.7 * len(models)), DOTS_PER_INCH, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, title, end) in zip(figure.subplots(2, 3).flat, PANELS, strict=True):
        scale = 1e-6 if name == "size" else 1.0
        _bars(axes, [None if model[name] is None else model[name] * scale for model in models], title, end)
        axes.set_yticks(range(len(models)), [printable(model["name"]) for model in models])
    return figure_png(figure)


def _bars(axes: Axes, values: Sequence[float | None], title: str, end: float | None) -> None:
    for place, value in enumerate(values):
        axes.barh(place, value or 0, color=COLOURS[place % len(COLOURS)], height=0.6)
        text = "does not apply" if value is None else f"{value:.3g}"
        axes.annotate(text, (value or 0, place), (4, 0), textcoords="offset points", va="center", fontsize=8, color=INK)
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xlim(0, end or 1.25 * max([value or 0 for value in values], default=0) or 1)
    axes.margins(y=0.1)
    axes.invert_yaxis()
    style_axes(axes)
