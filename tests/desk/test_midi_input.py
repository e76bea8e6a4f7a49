"""MIDI files that a command names, sound or damaged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae import api as vae
from pianoroll_vae.desk.midi_input import open_song, open_source
from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.midi_score import load_score
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.progress import SilentWatch
from tests.midi_files import midi_file


def test_a_salvaged_file_is_noticed_and_can_be_written_whole(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "a.mid")
    path.write_bytes(path.read_bytes()[:-200])
    watch = SilentWatch()
    source_midi = open_source(path, salvage=True, watch=watch)
    [notice] = watch.notices
    assert notice.startswith(f"{path} breaks off in the middle, in track 6: ")
    nothing_new = replace(source_midi.song, notes=Notes.empty())
    path.write_bytes(Arrangement(nothing_new, source_midi, np.ones(len(source_midi.score), bool)).midi())
    assert sorted(load_score(path).pitch) == sorted(source_midi.score.pitch)


def test_bars_of_nine_eighths_are_noticed_where_they_are_read_as_bars_of_four_beats(tmp_path: Path) -> None:
    watch = SilentWatch()
    path = midi_file(tmp_path / "a.mid", meter=(9, 8))
    open_source(path, watch=watch)
    assert watch.notices == [f"{path}: bars of 9/8 are read as bars of four beats."]
    open_source(path, watch=watch, in_bars=False)
    for meter in ((3, 4), (5, 4)):
        open_source(midi_file(tmp_path / "b.mid", meter=meter), watch=watch)
    assert len(watch.notices) == 1


def test_a_song_that_was_written_as_npz_is_read_again(tmp_path: Path) -> None:
    midi, npz = midi_file(tmp_path / "a.mid"), tmp_path / "b.npz"
    before = open_source(midi)
    vae.write(before, npz)
    read = open_source(npz)
    steps = before.song.steps
    assert np.array_equal(read.song.rolls()[:, :steps], before.song.rolls()[:, : read.song.steps])
    assert open_song(npz, None, None).tempo == open_song(midi, None, None).tempo


@pytest.mark.parametrize("meter", [(3, 4), (6, 8), (5, 4), (7, 8), (2, 4), (2, 2)])
def test_the_bars_of_a_song_come_back_from_its_npz(tmp_path: Path, meter: tuple[int, int]) -> None:
    before, npz = open_source(midi_file(tmp_path / "a.mid", meter=meter)).song, tmp_path / "b.npz"
    vae.write(before, npz)
    read = open_source(npz).song
    assert read.meters == ((0, *meter),)
    assert np.array_equal(bar_starts(read), bar_starts(before)[: len(bar_starts(read))])


def test_pypianoroll_reads_a_song_with_its_meters_as_one_without_them(tmp_path: Path) -> None:
    import pypianoroll

    before, npz = open_source(midi_file(tmp_path / "a.mid", meter=(6, 8))).song, tmp_path / "b.npz"
    vae.write(before, npz)
    theirs = pypianoroll.load(npz)
    assert [track.name.lower() for track in theirs.tracks] == ["drums", "piano", "guitar", "bass", "strings"]
    assert np.flatnonzero(theirs.downbeat).tolist() == bar_starts(before).tolist()
    assert int(theirs.tracks[1].pianoroll.astype(bool).sum()) == int((before.rolls()[0] > 0).sum())


def test_a_damaged_npz_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK")
    with pytest.raises(FileUnreadable, match=r"a\.npz is not an npz file"):
        open_source(tmp_path / "a.npz")


def test_a_sound_file_is_opened_without_a_notice(tmp_path: Path) -> None:
    watch = SilentWatch()
    song = open_song(midi_file(tmp_path / "a.mid"), None, None, watch=watch)
    assert watch.notices == []
    assert len(song.notes)
