"""Reports on songs that are written side by side."""

import numpy as np

from pianoroll_vae.models.arranger.play.progress import after_bars
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import NOTE_COLUMNS, BarNotes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

SILENT: BarNotes = np.zeros((0, NOTE_COLUMNS), np.uint8)


def bars_of(count: int) -> list[list[BarNotes]]:
    """Bar n has a note of pitch n on its first step, played by the second of two instruments."""
    return [[SILENT, np.array([[0, bar, 0, 4]], np.uint8)] for bar in range(count)]


def test_phrases_are_those_of_all_songs_without_their_primers() -> None:
    phrases: list[int] = []
    on_bar = after_bars(phrases.append, [2, 0])
    for count in range(1, 7):
        on_bar(0, bars_of(count))
    for count in range(1, 5):
        on_bar(1, bars_of(count))
    assert phrases == [1, 1]


def test_beginnings_come_after_1_2_4_8_phrases_and_have_no_primer() -> None:
    found: list[tuple[int, Notes, int]] = []
    on_bar = after_bars(lambda count: None, [0, 2], lambda *beginning: found.append(beginning), [BarLines.even(40)] * 2)
    for count in range(1, 40):
        on_bar(1, bars_of(count))
    assert [(song, phrases) for song, _, phrases in found] == [(1, 1), (1, 2), (1, 4), (1, 8)]
    notes = found[1][1]
    assert notes.pitch.tolist() == list(range(2, 10)) and set(notes.instrument.tolist()) == {1}
    assert notes.start.tolist() == [bar * TWELFTHS_PER_BAR for bar in range(8)]
