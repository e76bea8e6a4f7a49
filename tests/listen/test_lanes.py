"""Which instruments have a lane, and which pitches it shows."""

import numpy as np

from pianoroll_vae.listen.lanes import MIN_RANGE, lanes_of, silent_instruments
from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.listen.songs import band_song, silence


def notes_of(*notes: tuple[int, int]) -> Song:
    """A song of one-step notes given as (instrument, pitch)."""
    columns = np.array([(instrument, pitch, 0, 1, 90) for instrument, pitch in notes]).T
    return Song(LPD5, Notes.tidy(*columns), 16, 4)


def test_only_instruments_that_play_have_a_lane() -> None:
    song = notes_of((1, 60), (4, 36))
    assert [lane.name for lane in lanes_of(song)] == ["guitar", "drums"]
    assert silent_instruments(song) == ("piano", "bass", "strings")
    assert lanes_of(silence()) == ()


def test_a_lane_shows_the_played_pitches_and_at_least_an_octave() -> None:
    (lane,) = lanes_of(notes_of((0, 60), (0, 61)))
    assert MIN_RANGE < lane.rows < MIN_RANGE + 4
    assert lane.row_of_pitch[60] == 60 - lane.lowest
    assert lane.row_of_pitch[20] == -1
    (wide,) = lanes_of(notes_of((0, 0), (0, 127)))
    assert (wide.lowest, wide.rows) == (0, 128)


def test_drums_have_named_rows_and_every_key_has_one() -> None:
    (lane,) = lanes_of(notes_of((4, 36), (4, 35), (4, 42), (4, 81), (4, 0)))
    assert [name for _, name in lane.labels] == ["kick", "hat", "other"]
    assert lane.row_of_pitch[[36, 35, 42, 81, 0]].tolist() == [0, 0, 1, 2, 2]


def test_several_songs_share_their_lanes() -> None:
    assert [lane.name for lane in lanes_of(notes_of((0, 60)), notes_of((2, 30)))] == ["piano", "bass"]


def test_an_instrument_has_the_same_colour_in_every_song() -> None:
    colours = {lane.name: lane.colour for lane in lanes_of(band_song())}
    assert len(set(colours.values())) == len(LPD5)
    (alone,) = lanes_of(notes_of((3, 60)))
    assert alone.colour == colours["strings"]
    assert len(lanes_of(Song(LPD17, band_song().notes, 64, 4))) == 5
