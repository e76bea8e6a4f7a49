"""Texts on one line never overlap; a text without room moves to the right a little or is left out."""

from itertools import pairwise

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pianoroll_vae.listen.canvas import Canvas, TextLine
from pianoroll_vae.listen.page import PAGE_WIDTH


@pytest.fixture
def axes() -> Axes:
    figure = Figure((PAGE_WIDTH, 1), 50)
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1), xlim=(0, PAGE_WIDTH), ylim=(1, 0))


def test_texts_stand_where_they_are_placed_shifted_by_the_offset_of_the_canvas(axes: Axes) -> None:
    TextLine(Canvas(axes, 2.0), 0.5).place(3.0, "Am", 8)
    [text] = axes.texts
    assert (text.get_text(), text.get_position()) == ("Am", (5.0, 0.5))


def test_a_text_without_room_is_left_out_or_moved_up_to_the_largest_shift(axes: Axes) -> None:
    line = TextLine(Canvas(axes, 0), 0.5)
    for text, max_shift in (("Gm7", 0.0), ("Cm7", 0.0), ("F7", 0.6)):
        line.place(3.0, text, 8, max_shift)
    assert [text.get_text() for text in axes.texts] == ["Gm7", "F7"]
    assert 3.0 < axes.texts[1].get_position()[0] <= 3.6
    assert all(end < start for (_, end), (start, _) in pairwise(sorted(line.taken)))


def test_nothing_is_drawn_beyond_the_page(axes: Axes) -> None:
    TextLine(Canvas(axes, 0), 0.5).place(PAGE_WIDTH - 0.05, "Chorus", 8, boxed=True)
    assert not axes.texts


def test_control_characters_are_escaped(axes: Axes) -> None:
    Canvas(axes, 0).text_at(1, 0.5, "a\x07b", 8)
    assert axes.texts[0].get_text() == r"a\x07b"
