"""Learning curves as one picture: a row for each kind of network, every instrument in its colour.

The same metrics give the same bytes. Knows nothing of files or of what was trained.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#333333", "#D55E00", "#56B4E9", "#B0A000")
DOTS_PER_INCH = 110
INK, FAINT = "#222222", "#9A9A96"

Records = Sequence[Mapping[str, Any]]


def curves_png(stages: Mapping[str, Mapping[str, Records]]) -> bytes:
    """A PNG of stage → instrument → its epochs' metrics: loss (training dashed, held-out solid), and F1 beside it."""
    with_f1 = [any("f1" in record for records in stage.values() for record in records) for stage in stages.values()]
    columns = 2 if any(with_f1) else 1
    figure = Figure((6.2 * columns, 3.4 * len(stages)), DOTS_PER_INCH, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(stages), columns, squeeze=False)
    for row, (stage, instruments), has_f1 in zip(grid, stages.items(), with_f1, strict=True):
        _draw(row[0], instruments, {"loss": "--", "valid_loss": "-"}, f"{stage}: loss, held out solid, training dashed")
        if has_f1:
            _draw(row[1], instruments, {"f1": "-"}, f"{stage}: F1 of held-out reconstructions")
        elif columns == 2:
            row[1].set_axis_off()
    image = io.BytesIO()
    figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


def _draw(axes: Axes, instruments: Mapping[str, Records], lines: Mapping[str, str], title: str) -> None:
    for chair, (name, records) in enumerate(instruments.items()):
        for figure, style in lines.items():
            points = [(record["epoch"], record[figure]) for record in records if figure in record]
            if points:
                solid = style == "-"
                axes.plot(
                    *zip(*points, strict=True),
                    style,
                    color=COLOURS[chair % len(COLOURS)],
                    linewidth=1.6 if solid else 0.9,
                    marker="." if len(points) == 1 else "",
                    label=name if solid else None,
                )
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xlabel("epoch", fontsize=8, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.tick_params(labelsize=8, colors=INK)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
