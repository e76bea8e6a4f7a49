"""Which phrases of several songs are mixed."""

from pianoroll_vae.desk.mixing import phrases_of
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song


def test_a_shorter_song_is_played_again_from_its_first_phrase_on() -> None:
    long, short, empty = (Song(LPD5, Notes.empty(), beats * 24, 24) for beats in (60, 20, 0))
    assert phrases_of([long, short, empty], 5).tolist() == [[0, 1, 2, 3, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0]]
