"""Draws learning curves as a PNG: a row for each kind of network, a colour for each instrument.

The same metrics give the same bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pianoroll_vae.listen.plot_style import COLOURS, DOTS_PER_INCH, INK, figure_png, style_axes

Records = Sequence[Mapping[str, Any]]


def curves_png(stages: Mapping[str, Mapping[str, Records]]) -> bytes:
    """Draw stage → instrument → its epochs' metrics: loss (training dashed, held-out solid), and F1 beside it."""
    with_f1 = [any("f1" in record for records in stage.values() for record in records) for stage in stages.values()]
    names = dict.fromkeys(name for stage in stages.values() for name in stage)
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    figure = Figure((12.4 if any(with_f1) else 6.2, 3.4 * len(stages)), DOTS_PER_INCH, facecolor="white")
    figure.set_layout_engine("constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(stages), 2)
    for row, ((stage, instruments), has_f1) in enumerate(zip(stages.items(), with_f1, strict=True)):
        loss = figure.add_subplot(grid[row, 0] if has_f1 else grid[row, :])
        title = f"{stage}: loss, held out solid, training dashed"
        _plot(loss, instruments, colours, {"loss": "--", "valid_loss": "-"}, title)
        if has_f1:
            f1 = figure.add_subplot(grid[row, 1])
            _plot(f1, instruments, colours, {"f1": "-"}, f"{stage}: F1 of held-out reconstructions")
    lines = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    figure.legend(handles=lines, loc="outside upper center", ncols=len(lines), frameon=False, fontsize=8)
    return figure_png(figure)


def _plot(
    axes: Axes,
    instruments: Mapping[str, Records],
    colours: Mapping[str, str],
    line_styles: Mapping[str, str],
    title: str,
) -> None:
    for name, records in instruments.items():
        for metric, style in line_styles.items():
            points = [(record["epoch"], record[metric]) for record in records if metric in record]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    style,
                    color=colours[name],
                    linewidth=1.6 if style == "-" else 0.9,
                    marker="." if len(points) == 1 else "",
                )
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xlabel("epoch", fontsize=8, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    style_axes(axes)
