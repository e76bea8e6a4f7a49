"""Pictures: the same bytes for the same song, systems below each other, all notes in their lanes."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from matplotlib.transforms import Bbox

from pianoroll_vae.listen.lanes import lanes_of
from pianoroll_vae.listen.page import LEFT, MAX_PAGE_HEIGHT, PAGE_WIDTH, SHEET_HEIGHT, Page
from pianoroll_vae.listen.picture import DOTS_PER_INCH, song_png, songs_figure, songs_png, songs_sheets
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import Chart, Section, parse_chart
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.listen.songs import band_song, silence


def page(song: Song) -> Page:
    return Page(song, lanes_of(song), song.beats)


def test_the_same_song_gives_the_same_bytes_without_a_date_in_them() -> None:
    drawn = song_png(band_song())
    assert song_png(band_song()) == drawn
    assert b"tIME" not in drawn
    assert b"Software" not in drawn


def test_the_picture_has_the_size_of_its_page_and_shows_every_instrument_in_its_colour() -> None:
    song = band_song()
    image = imread(io.BytesIO(song_png(song)))
    assert image.shape[1] == PAGE_WIDTH * DOTS_PER_INCH
    assert image.shape[0] == pytest.approx(page(song).height * DOTS_PER_INCH, abs=1)
    cells = (image[:, 200:, :3] * 255).round().astype(int).reshape(-1, 3)
    for lane in lanes_of(song):
        hue = 1 - np.array(to_rgb(lane.colour))
        loudest = song.notes.velocity[song.notes.instrument == lane.instrument].max() / 127
        shade = np.round((1 - (0.35 + 0.65 * loudest) * hue) * 255)
        assert (np.abs(cells - shade).max(axis=1) <= 1).sum() > 50, lane.name


def test_a_long_song_wraps_at_bars_and_a_beat_is_as_wide_everywhere() -> None:
    long = page(band_song(bars=40))
    assert [(system.start, system.stop) for system in long.systems] == [(0, 256), (256, 512), (512, 640)]
    assert long.x(long.systems[0], 64) - long.x(long.systems[0], 0) == pytest.approx(
        long.x(long.systems[2], 576) - long.x(long.systems[2], 512)
    )


CHANGING = parse_chart("[A]\n| Am | F | C G | G |\n[Long chorus name]\n| Csus4 D#sus4 | % | Am Am | F |\n[A]")[0]


def drawn_texts(song: Song, chart: Chart) -> list[tuple[str, Bbox]]:
    """Every text and its extent in pixels."""
    figure = songs_figure([song], [chart])
    figure.draw_without_rendering()
    return [(text.get_text(), text.get_window_extent()) for text in figure.axes[0].texts]


def test_sections_and_changes_of_chord_stand_above_the_lanes_where_they_begin() -> None:
    song = band_song(bars=12)
    texts = drawn_texts(song, CHANGING)
    chords = [(text, box.x0) for text, box in texts if text in {"Am", "F", "C", "G", "Csus4", "D#sus4"}]
    assert [text for text, _ in chords][:7] == ["Am", "F", "C", "G", "Csus4", "D#sus4", "Csus4"]
    layout = page(song)
    steps = [0, 16, 32, 40, 64, 72, 80]
    assert [x for _, x in chords[:7]] == pytest.approx(layout.x(layout.systems[0], steps) * DOTS_PER_INCH, abs=2)
    assert [text for text, _ in texts if text in {"A", "Long chorus name"}] == ["A", "Long chorus name", "A"]


@pytest.mark.parametrize("bars", [12, 100])
def test_no_text_of_the_chart_overlaps_another(bars: int) -> None:
    song = band_song(bars, tempo=tuple((4 * beat, 90.0 + 9 * (beat % 3)) for beat in range(4 * bars)))
    song = replace(song, meters=tuple((16 * bar, 4 - bar % 2, 4) for bar in range(0, bars, 3)))
    chords = np.arange(2 * bars).reshape(-1, 2) * 5 % 72
    sections = tuple(Section("Chorus", 4) for _ in range(bars // 4))
    left = LEFT * DOTS_PER_INCH
    texts = [(text, box) for text, box in drawn_texts(song, Chart(sections, chords)) if box.x0 >= left]
    assert len(texts) > 3 * bars
    x0, y0, x1, y1 = np.array([box.extents for _, box in texts]).T[:, :, None]
    overlap = (x0 <= x1.T) & (x1 >= x0.T) & (y0 <= y1.T) & (y1 >= y0.T)
    np.fill_diagonal(overlap, False)
    assert not overlap.any(), [texts[number][0] for number in np.flatnonzero(overlap.any(0))]


def test_the_header_counts_one_in_the_singular_and_rounds_the_length() -> None:
    note = Notes.tidy(*np.array([[1], [60], [0], [4], [90]]))
    song = Song(LPD5, note, 16, 4, tempo=((0, 140.0),))
    [header] = [text for text, _ in drawn_texts(song, read_chart(song)) if "BPM" in text]
    assert "   1 bar   " in header
    assert "   1 note   " in header
    assert "   0:02   " in header, "the song lasts 1.7 s"


def test_a_chart_is_read_from_the_song_where_none_is_given() -> None:
    song = band_song()
    assert song_png(song) == song_png(song, read_chart(song)) != song_png(song, CHANGING)


def test_a_page_has_a_maximum_height() -> None:
    assert page(band_song(bars=3000)).height <= MAX_PAGE_HEIGHT * 1.1


def test_the_pages_of_a_long_song_have_all_of_its_systems_and_none_is_higher_than_a_sheet() -> None:
    song = band_song(bars=200)
    whole = page(song)
    sheets = [replace(whole, sheet=number) for number in range(replace(whole, sheet=0).sheets)]
    assert len(sheets) > 1
    assert [(s.start, s.stop) for sheet in sheets for s in sheet.systems] == [(s.start, s.stop) for s in whole.systems]
    assert all(sheet.height <= SHEET_HEIGHT for sheet in sheets)
    assert all(sheet.systems[0].top == whole.systems[0].top for sheet in sheets)


def test_every_page_says_which_it_is_and_a_short_song_has_one() -> None:
    song = band_song(bars=100)
    count, sheets = songs_sheets([song])
    drawn = list(sheets)
    assert len(drawn) == count
    assert len(drawn) == replace(page(song), sheet=0).sheets > 1
    figure = songs_figure([song], [read_chart(song)], sheet=1)
    assert any(f"page 2 of {len(drawn)}" in text.get_text() for text in figure.axes[0].texts)
    assert list(songs_sheets([band_song()])[1]) == [song_png(band_song())]


def test_a_bar_longer_than_a_line_is_broken() -> None:
    assert len(page(band_song(bars=40, meters=((0, 255, 1),))).systems) == 3


def test_a_last_bar_that_is_silent_and_incomplete_is_not_shown() -> None:
    song = band_song(bars=4)
    spare = Song(song.band, song.notes, song.steps + 3, 4)
    assert len(page(spare).bars) == 4
    assert page(spare).systems[-1].stop == song.steps


@pytest.mark.parametrize(
    "song",
    [
        silence(),
        silence(0),
        band_song(bars=1),
        band_song(meters=((0, 7, 8), (21, 3, 4))),
        band_song(tempo=((0, 90.0), (1, 95.0), (40, 300.0))),
        band_song(name="$x^2$ 漢字 \\frac"),
    ],
    ids=["silence", "nothing", "one bar", "meters", "tempi", "odd name"],
)
def test_any_song_can_be_drawn(song: Song) -> None:
    assert song_png(song).startswith(b"\x89PNG")


def test_a_section_may_have_any_name() -> None:
    chart = parse_chart("[$x^2$ 漢字 \\frac]\n| Am |")[0]
    assert song_png(band_song(), chart).startswith(b"\x89PNG")


def test_two_songs_stand_side_by_side() -> None:
    image = imread(io.BytesIO(songs_png([band_song(), band_song(bars=30)])))
    assert image.shape[1] == 2 * PAGE_WIDTH * DOTS_PER_INCH


def test_bars_of_a_part_have_the_numbers_of_the_song() -> None:
    song = band_song(bars=8)
    assert songs_png([song], 57) != songs_png([song], 1) == songs_png([song])
