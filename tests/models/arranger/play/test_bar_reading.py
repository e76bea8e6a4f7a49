"""Songs on any grid and in any meter become bars of twelfths of a beat."""

from dataclasses import replace

import numpy as np

from pianoroll_vae.models.arranger.play.bar_reading import bars_of
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from tests.models.arranger.play.test_band import as_song, cells_of, waltz
from tests.small_arranger import loops


def test_a_song_in_three_four_is_read_in_its_own_bars() -> None:
    bars = bars_of(waltz(), LPD5)
    assert (len(bars), bars.lines.lengths.tolist()) == (8, [36] * 8)
    assert np.array_equal(bars.source[4::5], loops(8).source[4::5]), "drums have no lengths that others cut"


def test_songs_on_any_grid_become_bars_of_twelfths() -> None:
    song = as_song(loops(4, seed=1))
    assert cells_of(bars_of(song.regrid(24), LPD5)) == cells_of(bars_of(song, LPD5))
    assert cells_of(bars_of(song, LPD5), 2) == cells_of(loops(4, seed=1), 2)


def test_played_notes_beside_the_grid_become_bars_on_it() -> None:
    song = as_song(loops(4, seed=1)).regrid(24)
    start = song.notes.start + (song.notes.start % 24 == 0)
    instrument, pitch, _, length, velocity = song.notes.columns
    late = replace(song, notes=Notes.tidy(instrument, pitch, start, length, velocity))
    assert late.notes != song.notes
    assert cells_of(bars_of(late, LPD5), 2) == cells_of(bars_of(song, LPD5), 2)
