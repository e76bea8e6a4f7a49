"""Real songs to compare with: long enough, and from people."""

from pathlib import Path

import pytest

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.studio.real_songs import DROPPED, choose_real_song
from pianoroll_vae.studio.session import Draft, Session
from tests.midi_files import midi_file


def test_a_dropped_song_is_chosen_if_it_is_long_enough(tmp_path: Path) -> None:
    session = Session.open(tmp_path / "songs")
    for name, beats in (("short", 16), ("long", 80)):
        session.add([midi_file(tmp_path / "song.mid", beats=beats).read_bytes()], [Draft(f"{DROPPED}{name}.mid", "")])
    session.add([midi_file(tmp_path / "song.mid", beats=96).read_bytes()], [Draft("New song", "vaemusic generate")])
    song, origin = choose_real_song(None, session, LPD5)
    assert (round(song.beats), origin.title) == (80, "long.mid")


def test_without_a_real_song_there_is_a_hint(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="no real song") as error:
        choose_real_song(None, Session.open(tmp_path), LPD5)
    assert "Drop a MIDI file of 16 bars" in error.value.hint
