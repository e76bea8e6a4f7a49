"""A song is the same after a way through pypianoroll, and any multitrack becomes a song."""

import sys
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import FileUnreadable, PackageMissing
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.multitrack import BINARY_VELOCITY, from_multitrack, to_multitrack
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.song import Song


def song() -> Song:
    rng = np.random.default_rng(0)
    rolls = (rng.integers(1, 128, (len(LPD5), 40, PITCHES)) * (rng.random((len(LPD5), 40, PITCHES)) < 0.02)).astype(
        np.uint8
    )
    notes = Song.from_rolls(LPD5, rolls, 4).notes
    return Song(LPD5, notes, 40, 4, ((0, 100.0), (16, 90.0)), ((0, 3, 4), (24, 4, 4)), "A song")


def test_a_song_keeps_its_rolls_tempo_and_name() -> None:
    multitrack = to_multitrack(song(), {"guitar": 30})
    multitrack.validate()
    assert [track.program for track in multitrack.tracks] == [0, 30, 32, 48, 0]
    assert np.flatnonzero(multitrack.downbeat).tolist() == [0, 12, 24]
    again = from_multitrack(multitrack, LPD5)
    assert np.array_equal(again.rolls(), song().rolls())
    assert (again.tempo, again.name, again.steps_per_beat) == (song().tempo, "A song", 4)
    assert again.meters == song().meters


def test_without_pypianoroll_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypianoroll", None)  # as if the package were not installed
    with pytest.raises(PackageMissing, match="needs the package pypianoroll") as error:
        to_multitrack(song(), {})
    assert "pip install 'pianoroll-vae[pypianoroll]'" in error.value.hint


def test_pypianoroll_reads_the_same_from_its_own_file(tmp_path: Path) -> None:
    import pypianoroll  # imports SciPy's statistics, which take a second, in each process that collects these tests

    path = tmp_path / "song.npz"
    pypianoroll.save(path, to_multitrack(song(), {}))
    assert np.array_equal(from_multitrack(pypianoroll.load(path), LPD5).rolls(), song().rolls())


def test_tracks_of_one_instrument_are_merged_and_binary_ones_have_a_velocity() -> None:
    import pypianoroll

    low, high = np.zeros((8, PITCHES), np.bool_), np.zeros((4, PITCHES), np.uint8)
    low[:4, 60], high[:, 64] = True, 100
    tracks = [pypianoroll.BinaryTrack(program=1, pianoroll=low), pypianoroll.StandardTrack(program=3, pianoroll=high)]
    piano = from_multitrack(pypianoroll.Multitrack(resolution=4, tracks=tracks), LPD5).rolls()[0]
    assert piano[:4, 60].tolist() == [BINARY_VELOCITY] * 4
    assert piano[:4, 64].tolist() == [100] * 4
    assert piano[4:].sum() == 0


def test_a_multitrack_without_tracks_is_refused() -> None:
    import pypianoroll

    with pytest.raises(FileUnreadable, match="no tracks") as caught:
        from_multitrack(pypianoroll.Multitrack(resolution=4, tracks=[]), LPD5)
    assert "a track or more" in caught.value.hint
