"""The style that pictures of figures share: colours, resolution, axes, and the PNG that a Matplotlib figure becomes."""

import io
import warnings

from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOTS_PER_INCH = 110
INK, FAINT = "#222222", "#9A9A96"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#333333", "#D55E00", "#56B4E9", "#B0A000")


def figure_png(figure: Figure) -> bytes:
    """The figure as a PNG; the same figure gives the same bytes."""
    image = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a character missing from the font is drawn as an empty box
        figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


def style_axes(axes: Axes) -> None:
    """Labels in ink, and a faint frame."""
    axes.tick_params(labelsize=8, colors=INK)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
