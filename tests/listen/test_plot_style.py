"""Figures become the same PNG each time, with the frame that all of them share."""

import io
import warnings

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image

from pianoroll_vae.listen.plot_style import FAINT, figure_png, style_axes


def figure_with(title: str) -> Figure:
    figure = Figure((2, 1), 50)
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    return figure


def test_the_same_figure_gives_the_same_bytes_of_its_size() -> None:
    image = figure_png(figure_with("Loss"))
    assert image == figure_png(figure_with("Loss"))
    assert image != figure_png(figure_with("F1"))
    assert Image.open(io.BytesIO(image)).size == (100, 50)


def test_a_character_that_the_font_lacks_is_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert figure_png(figure_with("\U0001f3b9"))


def test_frames_are_faint() -> None:
    axes = figure_with("Loss").add_subplot()
    style_axes(axes)
    assert {spine.get_edgecolor() for spine in axes.spines.values()} == {to_rgba(FAINT)}
