"""Draws rectangles, lines and text in inches on a page, for `picture`."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

from pianoroll_vae.console import printable
from pianoroll_vae.listen.page import PAGE_WIDTH

TEXT_COLOUR = "#222222"
BOX_PADDING = 0.03
"""Inches between a section's name and its box."""

BACKGROUND_ZORDER, LINES_ZORDER, NOTES_ZORDER = 0, 1, 2
"""Of Matplotlib: notes cover lines."""

Colours = NDArray[np.float64]
"""(rectangles, 3): red, green and blue, 0 to 1."""


class Canvas:
    """Draws in inches on `axes`, shifted by `offset` to the right."""

    def __init__(self, axes: Axes, offset: float) -> None:
        self.axes = axes
        self.offset = offset

    def rectangles(
        self, left: Any, top: Any, right: Any, bottom: Any, colours: Colours | str, zorder: float = BACKGROUND_ZORDER
    ) -> None:
        """Filled rectangles; each side is one number or one for each rectangle."""
        sides = np.broadcast_arrays(*(np.atleast_1d(side) for side in (left, top, right, bottom)))
        x0, y0, x1, y1 = (np.asarray(side, np.float64) for side in sides)
        corners = np.stack([np.stack([x0, x1, x1, x0], 1) + self.offset, np.stack([y0, y0, y1, y1], 1)], 2)
        self.axes.add_collection(
            PolyCollection(list(corners), facecolors=colours, linewidths=0, zorder=zorder), autolim=False
        )

    def vertical_lines(self, x: Any, top: float, bottom: float, colour: str, width: float) -> None:
        """Vertical lines at each x."""
        x = np.atleast_1d(x) + self.offset
        ends = np.stack([np.stack([x, np.full_like(x, y)], 1) for y in (top, bottom)], 1)
        self.axes.add_collection(
            LineCollection(list(ends), colors=colour, linewidths=width, zorder=LINES_ZORDER), autolim=False
        )

    def horizontal_line(self, y: float, left: float, right: float, colour: str, width: float) -> None:
        """A horizontal line from `left` to `right`."""
        ends = [[(left + self.offset, y), (right + self.offset, y)]]
        self.axes.add_collection(
            LineCollection(ends, colors=colour, linewidths=width, zorder=LINES_ZORDER), autolim=False
        )

    def text_at(self, x: float, y: float, text: str, size: float, colour: str = TEXT_COLOUR, **style: Any) -> None:
        style = {"va": "baseline", "fontfamily": "DejaVu Sans", "parse_math": False, **style}
        self.axes.text(x + self.offset, y, printable(text), fontsize=size, color=colour, **style)


class TextLine:
    """A line of text in which nothing overlaps."""

    def __init__(self, canvas: Canvas, y: float) -> None:
        self.canvas = canvas
        self.y = y
        self.taken: list[tuple[float, float]] = []

    def place(self, x: float, text: str, size: float, max_shift: float = 0, boxed: bool = False, **style: Any) -> None:
        """Draw the text at x, or up to `max_shift` inches to the right of it; leave it out where there is no room."""
        gap = size / 72 / 3
        if any(left <= x and right + gap - x > max_shift for left, right in self.taken):
            return  # measuring a text takes longer than this, and a song may have a mark on each beat
        width = _text_width(text, size, style.get("weight", "normal")) + 2 * BOX_PADDING * boxed
        at = x
        for left, right in sorted(self.taken):
            if at < right + gap and at + width + gap > left:
                at = right + gap
        if at - x > max_shift or at + width > PAGE_WIDTH:
            return
        self.taken.append((at, at + width))
        if boxed:
            style["bbox"] = {
                "boxstyle": f"square,pad={BOX_PADDING * 72 / size}",
                "fc": "none",
                "ec": TEXT_COLOUR,
                "lw": 0.7,
            }
        self.canvas.text_at(at + BOX_PADDING * boxed, self.y, text, size, **style)


def _text_width(text: str, size: float, weight: str) -> float:
    """Of one line, in inches."""
    font = FontProperties(family="DejaVu Sans", weight=weight, size=size)
    return float(text_to_path.get_text_width_height_descent(printable(text), font, ismath=False)[0]) / 72
